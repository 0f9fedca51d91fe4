"""Transforms: a picture is shifted, scaled, turned and cropped at random before each look at it.

What survives them is a shape, not a pattern of pixels (C. Olah, A. Mordvintsev and L. Schubert,
"Feature Visualization", Distill 2017). All of them together are one affine resampling per step, and
every picture of a batch has its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Edge = Literal["grey", "reflect", "stretch"]


@dataclass(frozen=True, slots=True)
class Transform:
    """How far pictures may be moved; all zero leaves them exactly as they are.

    Attributes:
        jitter: shift along each side, uniform within so many pixels.
        scale: factor of size, log-uniform between its inverse and it.
        rotate: turn about the middle, uniform within so many degrees.
        crop: pixels a side of what is looked at, anywhere within the picture; None: all of it.
        pad: pixels added on every side of what is looked at.
        edge: what lies beyond the picture: grey, its mirror image, or its last pixels.
    """

    jitter: float = 0.0
    scale: float = 1.0
    rotate: float = 0.0
    crop: int | None = None
    pad: int = 0
    edge: Edge = "reflect"

    def sample(self, batch: int, size: tuple[int, int], generator: torch.Generator) -> Tensor:
        """Draw a transform for each picture.

        Args:
            batch: number of pictures.
            size: their height and width.
            generator: on the CPU.

        Returns:
            ``[b, 2, 3]``: maps a place in what is looked at to one in the picture, as (x, y, 1) in
            pixels from the middle of each.
        """
        x, y, grow, turn, left, top = (
            torch.rand(6, batch, generator=generator, dtype=torch.float64) * 2 - 1
        )
        room = [0.0, 0.0] if self.crop is None else [(side - self.crop) / 2 for side in size]
        shift = torch.stack(
            [x * self.jitter + left * max(room[1], 0), y * self.jitter + top * max(room[0], 0)], 1
        )
        scale = torch.tensor(self.scale, dtype=torch.float64) ** -grow
        angle = turn * (self.rotate * torch.pi / 180)
        turned = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1)
        matrix = turned.view(-1, 2, 2) * scale[:, None, None]
        return torch.cat([matrix, shift[:, :, None]], 2)

    def apply(self, image: Tensor, matrices: Tensor) -> Tensor:
        """Look at pictures.

        Args:
            image: ``[b, c, h, w]``.
            matrices: what `sample` drew, ``[b, 2, 3]``.

        Returns:
            ``[b, c, h + 2 pad, w + 2 pad]``, or crop instead of h and w; interpolated linearly.
        """
        h, w = image.shape[-2:]
        rows, columns = (
            side + 2 * self.pad for side in ((h, w) if self.crop is None else (self.crop,) * 2)
        )
        if (self.jitter, self.scale, self.rotate) == (0, 1, 0) and (rows, columns) == (h, w):
            return image
        # `affine_grid` counts from -1 to 1 across each side.
        to_pixels = matrices.new_tensor([columns / 2, rows / 2, 1])
        from_pixels = matrices.new_tensor([[2 / w], [2 / h]])
        theta = (matrices * to_pixels * from_pixels).to(image)
        grid = functional.affine_grid(
            theta, [len(image), image.shape[1], rows, columns], align_corners=False
        )
        if self.edge == "grey":
            return functional.grid_sample(image - 0.5, grid, align_corners=False) + 0.5
        mode = "reflection" if self.edge == "reflect" else "border"
        return functional.grid_sample(image, grid, padding_mode=mode, align_corners=False)


NONE = Transform()
# Of an ascent at 128 pixels; `loop` says what it was compared with.
STANDARD = Transform(jitter=8, scale=1.05, rotate=5)
