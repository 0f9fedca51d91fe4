"""Keys: the SHA-256 of everything that shapes a result, and of nothing else.

The text that is hashed is JSON with sorted keys. JSON tells 1, 1.0, true and "1" apart, -0.0 from
0.0 and [1, 2] from [12], and Python writes the shortest text that reads back as the same float on
every platform. What JSON would have to guess at is an error here, never `str()`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from stillroom.precompute.manifest import Ingredients, StoredAsset

FORMAT_VERSION = 1
"""Raised when the engine gives other results for the same ingredients."""


class UnknownValueError(ValueError):
    """A value that has no canonical form; `path` says where it is, e.g. ``rates.0``."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def canonical(value: Any) -> str:
    """Return the canonical JSON of `value`: equal texts if and only if equal typed values.

    A tuple equals the list of its items; the order of a mapping's keys does not count.

    Raises:
        UnknownValueError: a part is not None, a boolean, a number, a text, a list or tuple, or a
            mapping with texts as keys; or it is NaN or infinite.
    """
    return json.dumps(_plain(value, ""), sort_keys=True, separators=(",", ":"))


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of `value`, in hex."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content`, in hex."""
    return hashlib.sha256(content).hexdigest()


def key_of(ingredients: Ingredients) -> str:
    """Return the key of the result that `ingredients` make."""
    return digest({f.name: getattr(ingredients, f.name) for f in dataclasses.fields(Ingredients)})


def output_of(
    facts: Mapping[str, Any], result_json: bytes, assets: Mapping[str, StoredAsset]
) -> str:
    """Return the digest of what a recipe gave: equal for equal results, whenever they were made.

    Args:
        facts: the facts.
        result_json: the content of ``result.json``, which holds data and tables.
        assets: the assets, whose files count by their digests.
    """
    return digest(
        {
            "facts": dict(facts),
            "result": sha256(result_json),
            "assets": {name: dataclasses.asdict(asset) for name, asset in assets.items()},
        }
    )


def _plain(value: Any, path: str) -> Any:
    # Exact types: a subclass such as numpy.float64 or an IntEnum may print as anything.
    if value is None or type(value) in {bool, int, str}:
        return value
    if type(value) is float:
        if not math.isfinite(value):
            raise UnknownValueError(path, f"a finite number, not {value}")
        return value
    if isinstance(value, Mapping):
        for name in value:
            if type(name) is not str:
                raise UnknownValueError(path, f"names that are text, not {name!r}")
        return {name: _plain(each, _join(path, name)) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, _join(path, index)) for index, each in enumerate(value)]
    raise UnknownValueError(
        path, f"a number, text, list or mapping, not a value of type {type(value).__name__}"
    )


def _join(path: str, name: str | int) -> str:
    return f"{path}.{name}" if path else str(name)
