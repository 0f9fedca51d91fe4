"""What an attack may change: lengths of a change, and the ball and the box it must stay in.

A change has one row an image, ``[b, ...]``; a length or radius is one number a row, ``[b]``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Norm = Literal["L2", "Linf"]
Bounds = tuple[float, float]  # the smallest and the largest value of a pixel
TINY = 1e-30  # in place of a length of 0
HUGE = 3e38


def length(change: Tensor, norm: Norm) -> Tensor:
    """Return the norm of each row of ``[b, ...]``, float64 ``[b]``."""
    return _norm(change, 2 if norm == "L2" else math.inf)


def dual_length(change: Tensor, norm: Norm) -> Tensor:
    """Return the dual norm of each row, float64 ``[b]``: of L2 it is L2, of Linf it is L1.

    A step of length r in `norm` raises a linear function of gradient w by up to r times this of w.
    """
    return _norm(change, 2 if norm == "L2" else 1)


def _norm(change: Tensor, order: float) -> Tensor:
    measured: Tensor = torch.linalg.vector_norm(change.flatten(1), order, 1, dtype=torch.float64)
    return measured


def rows(values: Tensor, like: Tensor) -> Tensor:
    """Return ``[b]`` in the type of ``like[b, ...]`` and with as many axes, to multiply it with."""
    return values.to(like.dtype).reshape(-1, *[1] * (like.dim() - 1))


def project(change: Tensor, radius: Tensor, norm: Norm) -> Tensor:
    """Return the nearest change of at most `radius` ``[b]`` to each row of ``[b, ...]``."""
    if norm == "Linf":
        limit = rows(radius, change)
        return change.clamp(-limit, limit)
    return change * rows((radius / length(change, norm).clamp_min(TINY)).clamp_max(1), change)


def steepest(gradient: Tensor, size: Tensor, norm: Norm) -> Tensor:
    """Return the change of length `size` ``[b]`` along which a linear function rises most.

    It lies along the gradient (L2), or has its signs (Linf). Where the gradient is 0 so is it.
    """
    if norm == "Linf":
        return gradient.sign() * rows(size, gradient)
    return gradient * rows(size / length(gradient, norm).clamp_min(TINY), gradient)


def random_change(like: Tensor, radius: Tensor, norm: Norm, generator: torch.Generator) -> Tensor:
    """Draw changes of the shape of ``like[b, ...]`` from the balls of `radius` ``[b]``.

    In Linf they are uniform. In L2 the direction is uniform and so is the length: a change that is
    uniform in a ball of many dimensions is nearly as long as the radius, and leaves an attack less
    to choose. They are drawn on the CPU and moved, so that all devices see the same ones.
    """
    if norm == "Linf":
        drawn = 2 * torch.rand(like.shape, generator=generator, dtype=like.dtype) - 1
        return drawn.to(like.device) * rows(radius, like)
    drawn = torch.randn(like.shape, generator=generator, dtype=like.dtype).to(like.device)
    share = torch.rand(len(like), generator=generator, dtype=torch.float64).to(like.device)
    return steepest(drawn, share * radius, norm)


@dataclass(frozen=True, slots=True)
class Region:
    """Where attacked images may be: balls about images, cut off by a box.

    Attributes:
        origin: ``[b, ...]``, inside the box.
        radius: float64 ``[b]``.
        norm: of the balls.
        bounds: of the box.
    """

    origin: Tensor
    radius: Tensor
    norm: Norm
    bounds: Bounds

    @classmethod
    def about(cls, origin: Tensor, radius: Tensor, norm: Norm, bounds: Bounds) -> Region:
        """Return the region whose images are at most `radius` ``[b]`` away, whatever is rounded.

        A sum of origin and change is off by up to half a unit in the last place of the largest
        pixel, the scaling of a change by a few units of its own. The balls are made smaller by
        that much: in float32 and [0, 1] a radius of Linf by 1e-7, and one of L2 in 224 x 224 x 3
        pixels by 5e-5.
        """
        unit = torch.finfo(origin.dtype).eps
        slack = unit * max(map(abs, bounds))
        if norm == "L2":
            slack *= math.sqrt(origin.flatten(1).shape[1])
        return cls(origin, (radius * (1 - 4 * unit) - slack).clamp_min(0), norm, bounds)

    def bring(self, moved: Tensor) -> Tensor:
        """Bring images ``[b, ...]`` back into their regions.

        The change is projected on the ball first and the pixels clipped to the box last. Clipping
        does not lead out of the ball: it leaves a pixel of the origin where it is, and brings no
        two numbers further apart. So no pixel's change grows, and neither norm does.
        """
        if self.norm == "Linf":
            limit = rows(self.radius, moved)
            return moved.clamp(self.origin - limit, self.origin + limit).clamp(*self.bounds)
        return (self.origin + project(moved - self.origin, self.radius, self.norm)).clamp(
            *self.bounds
        )

    def climb(self, images: Tensor, gradient: Tensor, size: Tensor) -> Tensor:
        """Take the steepest step of `size` ``[b]`` and come back into the region.

        In L2 pixels that are at a bound and would be moved beyond it do not count: clipping would
        take their part of the step away.
        """
        if self.norm == "L2":
            # However small the gradient, a pixel that is free would reach its bound.
            reached = torch.add(images, gradient, alpha=HUGE).clamp(*self.bounds)
            gradient = gradient * (reached != images)
        return self.bring(images + steepest(gradient, size, self.norm))

    def random(self, generator: torch.Generator) -> Tensor:
        """Draw an image from each region."""
        change = random_change(self.origin, self.radius, self.norm, generator)
        return self.bring(self.origin + change)

    def __getitem__(self, part: Tensor) -> Region:
        """Return the regions of some of the images."""
        return Region(self.origin[part], self.radius[part], self.norm, self.bounds)
