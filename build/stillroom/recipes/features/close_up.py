"""Where to look closely: the place at which two pictures differ most in how fine they are."""

from __future__ import annotations

import torch
from torch import Tensor

from stillroom.recipes.features.spectrum import fine_share


def most_apart(one: Tensor, other: Tensor, side: int) -> tuple[list[float], float, float]:
    """Find the square in which the shares of energy in fine waves differ most.

    Squares are a quarter of their side apart, and each is measured for itself by
    `spectrum.fine_share`.

    Args:
        one: ``[c, h, w]``.
        other: of the same shape.
        side: of a square in pixels, at most h and w.

    Returns:
        The middle of the square, [x, y] in parts of the picture from 0 at the left and at the top
        to 1, and the shares of the two pictures in it.
    """
    step = max(1, side // 4)
    squares = torch.stack([one, other]).unfold(2, side, step).unfold(3, side, step)
    down, across = squares.shape[2:4]
    each = squares.permute(0, 2, 3, 1, 4, 5).flatten(0, 2)  # [2 squares, c, side, side]
    first, second = fine_share(each).reshape(2, down * across)
    best = int((first - second).abs().argmax())
    top, left = (step * index for index in divmod(best, across))
    h, w = one.shape[1:]
    return [(left + side / 2) / w, (top + side / 2) / h], float(first[best]), float(second[best])
