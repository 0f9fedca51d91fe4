"""Many small pieces of a few photographs: the data of an activation atlas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

LEAST = 0.2  # of a photograph's shorter side


@dataclass(frozen=True, slots=True)
class Crops:
    """Pieces of photographs.

    Attributes:
        pixels: ``[n, 3, s, s]`` in [0, 1].
        source: the number of the photograph, ``[n]``.
        boxes: top, left, bottom and right in it, in pixels, ``[n, 4]``.
    """

    pixels: Tensor
    source: Tensor
    boxes: Tensor


def sample(photos: Sequence[Tensor], count: int, size: int, generator: torch.Generator) -> Crops:
    """Cut squares at random places, equally many of each photograph.

    Sides are log-uniform between a fifth of the photograph's shorter side and all of it.

    Args:
        photos: ``[3, h, w]`` in [0, 1].
        count: of all squares; rounded down to a multiple of the number of photographs.
        size: pixels a side to which they are resized.
        generator: draws places and sides.
    """
    pixels, source, boxes = [], [], []
    for number, photo in enumerate(photos):
        height, width = photo.shape[1:]
        for _ in range(count // len(photos)):
            grow, down, across = torch.rand(3, generator=generator).tolist()
            side = round(min(height, width) * LEAST ** (1 - grow))
            top, left = round(down * (height - side)), round(across * (width - side))
            cut = photo[None, :, top : top + side, left : left + side]
            small = functional.interpolate(cut, (size, size), mode="bilinear", antialias=True)
            pixels.append(small[0].clamp(0, 1))
            source.append(number)
            boxes.append([top, left, top + side, left + side])
    return Crops(torch.stack(pixels), torch.tensor(source), torch.tensor(boxes))


def overlapping(crops: Crops) -> Tensor:
    """Whether two crops share a pixel, ``[n, n]``; each does with itself."""
    top, left, bottom, right = crops.boxes.T
    down = torch.minimum(bottom[:, None], bottom) > torch.maximum(top[:, None], top)
    across = torch.minimum(right[:, None], right) > torch.maximum(left[:, None], left)
    return down & across & (crops.source[:, None] == crops.source)
