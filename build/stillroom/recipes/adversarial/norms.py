"""What an attack may change: lengths of a change, and the ball and the box it must stay in.

A change has one row an image, ``[b, ...]``; a length or radius is one number a row, ``[b]``.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

Norm = Literal["L2", "Linf"]
Bounds = tuple[float, float]  # the smallest and the largest value of a pixel


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
        return torch.minimum(torch.maximum(change, -limit), limit)
    # A row inside the ball has a quotient above 1; one of length 0 has an infinite one, or NaN.
    shrink = (radius / length(change, norm)).nan_to_num(1.0).clamp_max(1.0)
    return change * rows(shrink, change)


def steepest(gradient: Tensor, norm: Norm) -> Tensor:
    """Return the change of length 1 along which a linear function of `gradient` rises most.

    It is the gradient made of length 1 (L2), or its signs (Linf). Where the gradient is 0 so is it.
    """
    if norm == "Linf":
        return gradient.sign()
    size = length(gradient, norm)
    return gradient * rows(torch.where(size > 0, 1 / size, 0.0), gradient)


def random_change(like: Tensor, radius: Tensor, norm: Norm, generator: torch.Generator) -> Tensor:
    """Draw changes of the shape of ``like[b, ...]`` uniformly from the balls of `radius` ``[b]``.

    They are drawn on the CPU and moved, so that all devices see the same ones.
    """
    if norm == "Linf":
        drawn = 2 * torch.rand(like.shape, generator=generator, dtype=like.dtype) - 1
        return drawn.to(like.device) * rows(radius, like)
    drawn = torch.randn(like.shape, generator=generator, dtype=like.dtype)
    # The share of the ball within u of its centre is u^n.
    share = torch.rand(len(like), generator=generator, dtype=torch.float64)
    share **= 1 / max(drawn.flatten(1).shape[1], 1)
    return steepest(drawn, norm).to(like.device) * rows(share.to(radius.device) * radius, like)


def within(origin: Tensor, moved: Tensor, radius: Tensor, norm: Norm, bounds: Bounds) -> Tensor:
    """Bring images back into the ball about `origin` and into the box of `bounds`.

    The change is projected on the ball first and the pixels clipped to the box last. The clipping
    does not lead out of the ball: a pixel of the origin is in the box, so that clipping leaves it
    where it is, and clipping brings no two numbers further apart. So no pixel's change grows, and
    neither norm does.

    Args:
        origin: ``[b, ...]``, inside `bounds`.
        moved: the same shape.
        radius: ``[b]``, as `inner` gives it.
        norm: of the ball.
        bounds: of the box.
    """
    return (origin + project(moved - origin, radius, norm)).clamp(*bounds)


def inner(radius: Tensor, like: Tensor, norm: Norm, bounds: Bounds) -> Tensor:
    """Return `radius` ``[b]`` less all that rounding could add to a change, float64 ``[b]``.

    A sum of origin and change is off by up to half a unit in the last place of the largest pixel;
    the scaling of a change by a few units of its own. With this room the exact distance of what
    `within` returns is never above `radius`. For float32 images in [0, 1] it takes 1e-7 off a
    radius of Linf, and 5e-5 of one of L2 in 224 x 224 x 3 pixels.
    """
    unit = torch.finfo(like.dtype).eps * max(map(abs, bounds))
    slack = unit * (math.sqrt(like.flatten(1).shape[1]) if norm == "L2" else 1.0)
    wide = radius.to(torch.float64)
    return (wide * (1 - 4 * torch.finfo(like.dtype).eps) - slack).clamp_min(0)
