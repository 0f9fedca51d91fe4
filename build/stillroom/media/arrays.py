"""Arrays from anywhere: numpy, torch on any device, or nested lists, without importing torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.media.files import EncodeError

CHANNELS = (1, 3, 4)
_BEYOND = 100  # an optimised picture may overshoot [0, 1]; this far, it is in other units


def to_numpy(value: Any) -> NDArray[Any]:
    """Return `value` as a numpy array; a tensor is detached and copied to the CPU."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        # numpy has no such type, and every bfloat16 is exactly a float32.
        value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    try:
        return np.asarray(value)
    except ValueError as error:
        raise EncodeError(f"expected an array: {error}") from None


def to_pixels(value: Any, axes: str) -> NDArray[np.uint8]:
    """Return pixels as uint8.

    Args:
        value: floats (clipped to [0, 1], then 1.0 becomes 255), booleans, or uint8.
        axes: the expected axes by name, the last being ``channels``, which may be missing from
            the array when there is one channel: ``height width channels``.

    Returns:
        uint8 array with exactly these axes.

    Raises:
        EncodeError: NaN, floats far from [0, 1], an empty axis, or other axes, channels or numbers.
    """
    array = to_numpy(value)
    names = axes.split()
    if array.ndim == len(names) - 1:
        array = array[..., np.newaxis]
    if array.ndim != len(names) or array.shape[-1] not in CHANNELS or 0 in array.shape:
        raise EncodeError(
            f"expected [{', '.join(names)}] with 1, 3 or 4 channels last, not shape "
            f"{list(to_numpy(value).shape)}"
        )
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if not np.issubdtype(array.dtype, np.floating):
        raise EncodeError(f"expected floats in [0, 1], booleans or uint8, not {array.dtype}")
    if np.isnan(array).any():
        raise EncodeError(f"{int(np.isnan(array).sum())} of {array.size} values are NaN")
    if (reach := float(np.abs(array).max())) > _BEYOND:
        raise EncodeError(f"floats should be in [0, 1], but reach {reach:g}; scale or clamp them")
    return np.rint(np.clip(array.astype(np.float64), 0, 1) * 255).astype(np.uint8)
