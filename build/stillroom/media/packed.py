"""Float arrays for scripts: whole numbers in a flat little-endian file, in C order."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal

import numpy as np

from stillroom.media.arrays import to_numpy
from stillroom.media.files import EncodedAsset, EncodedFile, EncodeError
from stillroom.media.kinds import Packed

TYPES = {8: "<u1", 16: "<u2", 32: "<f4"}
DIGITS = 7  # what the JSON of a result keeps, and what a float32 can tell apart


def encode(name: str, asset: Packed) -> EncodedAsset:
    """Quantise an array.

    A value is read as ``low + code * step`` and kept as float32, as a script does. `low` is
    rounded down and `step` up to 7 significant digits, so that they pass through JSON unchanged.

    `meta` holds shape, bits, low, step, and error: the largest absolute difference between what
    is read and what was given, measured.
    """
    array = to_numpy(asset.array)
    if asset.bits not in TYPES:
        raise EncodeError(f"bits is {asset.bits!r}; expected 8, 16 or 32")
    if array.dtype.kind not in "fiub" or array.size == 0:
        raise EncodeError(
            f"expected real numbers, at least one; not {array.dtype} of shape {list(array.shape)}"
        )
    wide = array.astype(np.float64)
    with np.errstate(over="ignore"):
        fits = np.isfinite(wide.astype(np.float32))
    if not fits.all():
        raise EncodeError(f"{int((~fits).sum())} of {wide.size} values are no finite float32")
    low, step = 0.0, 1.0
    codes = wide
    if asset.bits != 32:
        levels = 2**asset.bits - 1
        low = _round(float(wide.min()), math.floor)
        step = _round((float(wide.max()) - low) / levels, math.ceil)
        codes = np.clip(np.rint((wide - low) / (step or 1.0)), 0, levels)
    stored = codes.astype(TYPES[asset.bits])
    read = (low + stored * step if asset.bits != 32 else stored).astype(np.float32)
    meta = {
        "shape": list(array.shape),
        "bits": asset.bits,
        "low": low,
        "step": step,
        "error": float(np.abs(read.astype(np.float64) - wide).max()),
    }
    file = EncodedFile(f"{name}.bin", stored.tobytes(), "application/octet-stream")
    return EncodedAsset("packed", {"main": file}, meta)


def _round(value: float, direction: Callable[[Decimal], int]) -> float:
    """Round to `DIGITS` significant digits, down or up."""
    if value == 0:
        return 0.0
    places = DIGITS - 1 - math.floor(math.log10(abs(value)))
    return float(Decimal(direction(Decimal(value).scaleb(places))).scaleb(-places))
