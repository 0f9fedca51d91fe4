"""The manifest: everything a stored result is made of, as `manifest.json` beside its files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stillroom.recipe import Fact
from stillroom.source.model import Figure


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a result; `digest` is SHA-256 in hex, `size` in bytes."""

    name: str
    digest: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class StoredAsset:
    """One asset: role "main" in `files`, and perhaps others (a film's "poster", a chart's "svg").

    `meta` is what a view needs to show it: width, height, scale; frames, columns (sprite sheets);
    shape, low, step, error (packed arrays); fps, seconds (films).
    """

    kind: str  # "image", "frames", "video", "packed", "chart", "weights"
    files: Mapping[str, StoredFile]
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ingredients:
    """Everything a key is made of, and nothing else: equal ingredients, equal key.

    `params` are after defaults, canonical JSON values; `inputs` maps a file's name as written to
    the SHA-256 of its content; `needs` maps a parameter to the output digest of its upstream
    result; `source` maps a module to the digest of its normalised text.
    """

    format_version: int
    media_version: int
    recipe: str
    params: Mapping[str, Any]
    seed: int
    draft: bool
    source: Mapping[str, str]
    packages: Mapping[str, str]
    inputs: Mapping[str, str]
    needs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a result came to be. None of this is in the key, and none of it is on a page.

    `seconds` of work: of the clock, but on a CPU without the time spent waiting for it.
    """

    seconds: float
    device: str
    peak_memory: int  # bytes, of the worker
    versions: Mapping[str, str]  # python, torch, numpy, stillroom, platform
    date: str  # ISO 8601, UTC
    accepted: tuple[Mapping[str, Any], ...] = ()  # earlier keys this result was accepted for


@dataclass(frozen=True, slots=True)
class Manifest:
    """A stored result. `data` and `tables` are in `result.json`, loaded with it."""

    key: str
    ingredients: Ingredients
    facts: Mapping[str, Fact]
    data: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Sequence[Any]]]
    assets: Mapping[str, StoredAsset]
    output: str  # SHA-256 over facts, data, tables and the digests of files
    provenance: Provenance
    folder: str  # POSIX, relative to the assets folder
    frozen: bool


@dataclass(frozen=True, slots=True)
class FigureResult:
    """What render needs to show one figure: the view to use and the result to show."""

    slug: str
    figure: Figure
    view: str
    manifest: Manifest


def to_json(manifest: Manifest) -> dict[str, Any]:
    """Return what ``manifest.json`` holds: all but data, tables and where the file itself is."""
    value = dataclasses.asdict(manifest)
    for elsewhere in ("data", "tables", "folder", "frozen"):
        del value[elsewhere]
    return value


def from_json(
    value: Mapping[str, Any], result: Mapping[str, Any], *, folder: str, frozen: bool
) -> Manifest:
    """Return the manifest that `to_json` wrote.

    Args:
        value: the content of ``manifest.json``.
        result: the content of ``result.json``: ``data`` and ``tables``.
        folder: where they are, relative to the assets folder.
        frozen: whether that is a place for good.

    Raises:
        KeyError, TypeError: it is not a manifest.
    """
    assets = {
        name: StoredAsset(
            asset["kind"],
            {role: StoredFile(**file) for role, file in asset["files"].items()},
            asset["meta"],
        )
        for name, asset in value["assets"].items()
    }
    provenance = dict(value["provenance"])
    provenance["accepted"] = tuple(provenance["accepted"])
    return Manifest(
        key=value["key"],
        ingredients=Ingredients(**value["ingredients"]),
        facts=value["facts"],
        data=result["data"],
        tables=result["tables"],
        assets=assets,
        output=value["output"],
        provenance=Provenance(**provenance),
        folder=folder,
        frozen=frozen,
    )
