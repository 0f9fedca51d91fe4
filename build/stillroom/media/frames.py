"""Pictures of one size as a sprite sheet: frame i is in column i mod columns, row i div columns."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from stillroom.media.arrays import to_pixels
from stillroom.media.files import EncodedAsset, EncodeError
from stillroom.media.image import WEBP_SIDE, check_scale, picture
from stillroom.media.kinds import Frames


def encode(name: str, asset: Frames) -> EncodedAsset:
    """Encode a sprite sheet.

    `meta` holds frames, columns, the width and height of one frame in array pixels, and scale.
    """
    pixels = to_pixels(asset.pixels, "frames height width channels")
    check_scale(asset.scale)
    count, height, width = pixels.shape[:3]
    columns = asset.columns or square_columns(count, height, width)
    if not 1 <= columns <= count:
        raise EncodeError(f"columns is {columns}; expected 1 to {count}, the number of frames")
    sheet = lay_out(pixels, columns)
    if max(sheet.shape[:2]) > WEBP_SIDE:
        raise EncodeError(
            f"{count} frames of {width} × {height} in {columns} columns make a sheet of "
            f"{sheet.shape[1]} × {sheet.shape[0]} pixels; browsers show up to {WEBP_SIDE} a side. "
            "Use fewer or smaller frames, or a Video"
        )
    file = picture(name, sheet, lossless=asset.lossless)
    meta = {
        "frames": count,
        "columns": columns,
        "width": width,
        "height": height,
        "scale": asset.scale,
    }
    return EncodedAsset("frames", {"main": file}, meta)


def square_columns(count: int, height: int, width: int) -> int:
    """Return the number of columns that makes the sheet's longer side shortest."""
    return min(
        range(1, count + 1),
        key=lambda columns: (max(columns * width, math.ceil(count / columns) * height), columns),
    )


def lay_out(pixels: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Tile ``[n, h, w, c]`` to ``[rows h, columns w, c]``; cells without a frame are zero."""
    count, height, width, channels = pixels.shape
    rows = math.ceil(count / columns)
    cells = np.zeros((rows * columns, height, width, channels), np.uint8)
    cells[:count] = pixels
    grid = cells.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width, channels)
