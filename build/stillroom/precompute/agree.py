"""Whether two results agree: the same in kind, and close in every number."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping
from typing import Any

from stillroom.recipe import Stored

LEVELS = 2  # of 255: how far two pixels may be apart, since rounding moves one by 1


def disagreements(
    old: Stored, new: Stored, metas: tuple[Mapping[str, Any], Mapping[str, Any]], tolerance: float
) -> Iterator[str]:
    """Yield what differs between two results by more than `tolerance`, in words.

    Args:
        old: a result.
        new: another.
        metas: of each, the kind and meta of its assets by name.
        tolerance: how far two numbers may be apart, relative to the larger, or absolute below 1.
    """
    pairs = [("fact", old.facts, new.facts), ("data", old.data, new.data)]
    pairs += [("table", old.tables, new.tables), ("asset", *metas)]
    for name, one, other in pairs:
        yield from _values(name, one, other, tolerance)
    if old.files.keys() != new.files.keys():
        yield f"files {sorted(old.files)} → {sorted(new.files)}"
        return
    for name, content in old.files.items():
        if content != new.files[name] and not _close_files(
            name, content, new.files[name], tolerance
        ):
            yield f"file {name} differs"


def _values(place: str, old: Any, new: Any, tolerance: float) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if old.keys() != new.keys():
            yield f"{place}: {sorted(old)} → {sorted(new)}"
            return
        for name in old:
            yield from _values(f"{place} {name}", old[name], new[name], tolerance)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _values(f"{place}[{index}]", one, other, tolerance)
    elif not _close(old, new, tolerance):
        yield f"{place}: {old!r} → {new!r}"


def _close(old: Any, new: Any, tolerance: float) -> bool:
    if type(old) is float and type(new) is float:
        return math.isclose(old, new, rel_tol=tolerance, abs_tol=tolerance)
    return type(old) is type(new) and bool(old == new)


def _close_files(name: str, old: bytes, new: bytes, tolerance: float) -> bool:
    """Decode what can be decoded: pictures and weights. Other files must be the same bytes."""
    import numpy as np

    if name.endswith((".png", ".webp")):
        from PIL import Image

        one, other = (
            np.asarray(Image.open(io.BytesIO(each)).convert("RGBA"), dtype=np.int16)
            for each in (old, new)
        )
        return one.shape == other.shape and bool(np.abs(one - other).max() <= LEVELS)
    if name.endswith(".safetensors"):
        from safetensors.numpy import load

        weights, others = load(old), load(new)
        return weights.keys() == others.keys() and all(
            weights[key].shape == others[key].shape
            and np.allclose(weights[key], others[key], rtol=tolerance, atol=tolerance)
            for key in weights
        )
    return False
