"""Sheets of pictures: read back from a stored result, and made ready to be shown."""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from stillroom.media.kinds import Frames
from stillroom.recipe import Stored

SIDE = 96  # pixels a side of a picture in a sheet


def unpack(stored: Stored, name: str, count: int) -> Tensor:
    """Read the pictures of a sheet back, ``[count, 3, s, s]`` in [0, 1].

    Args:
        stored: a result whose fact ``size`` is the side s of its square pictures.
        name: of the sheet.
        count: how many pictures it holds.
    """
    content = next(data for file, data in stored.files.items() if file.rpartition(".")[0] == name)
    with Image.open(io.BytesIO(content)) as opened:
        pixels = torch.from_numpy(np.asarray(opened.convert("RGB")).copy()).float() / 255
    size = int(stored.facts["size"])
    rows, columns = pixels.shape[0] // size, pixels.shape[1] // size
    cells = pixels.view(rows, size, columns, size, 3).permute(0, 2, 4, 1, 3)
    return cells.reshape(-1, 3, size, size)[:count]


def sheet(pictures: Tensor, side: int = SIDE) -> Frames:
    """Pictures ``[n, 3, h, w]`` in [0, 1] as frames of `side` pixels a side."""
    small = functional.interpolate(pictures, (side, side), mode="bicubic", antialias=True).clamp(
        0, 1
    )
    return Frames(small.permute(0, 2, 3, 1), lossless=False)
