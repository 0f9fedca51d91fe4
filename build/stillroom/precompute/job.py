"""What goes to a worker and what comes back: names and bytes only, never code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stillroom.precompute.manifest import StoredAsset
from stillroom.recipe import Fact, Stored


@dataclass(frozen=True, slots=True)
class Job:
    """One step to compute.

    A worker compares `source` and `packages` with what it has itself, and refuses to compute
    something else under this key.
    """

    key: str
    recipe: str
    module: str
    function: str
    params: Mapping[str, Any]
    seed: int
    draft: bool
    source: Mapping[str, str]
    packages: Mapping[str, str]
    versions: tuple[int, int]  # of the format and of the media format
    inputs: Mapping[str, bytes] = field(repr=False)
    stored: Mapping[str, Stored] = field(repr=False)
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Done:
    """A result, encoded: the content of every file, and what the manifest says of it."""

    facts: Mapping[str, Fact]
    result_json: bytes = field(repr=False)
    assets: Mapping[str, StoredAsset]
    files: Mapping[str, bytes] = field(repr=False)
    seconds: float
    device: str
    peak_memory: int
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a step gave no result: a sentence, and the recipe's own frames if it raised."""

    error: str
    trace: str = ""


Answer = Done | Failed


def checkpoint_path(root: Path, key: str) -> Path:
    """Return where a step keeps its checkpoint until its result is stored."""
    return root / ".stillroom" / "checkpoints" / f"{key}.safetensors"
