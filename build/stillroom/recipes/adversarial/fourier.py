"""Pictures by frequency: low- and high-pass filters, and which frequencies a model minds.

After D. Yin and others, "A Fourier Perspective on Model Robustness in Computer Vision" (NeurIPS
2019). Frequencies are in cycles an image, along rows and columns.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from stillroom.recipes.adversarial.attack import Model
from stillroom.recipes.adversarial.training import predict


def frequencies(side: int) -> Tensor:
    """Return the signed whole frequencies of `side` pixels, ascending: of 8, from -4 to 3."""
    return torch.arange(side) - side // 2


def distances(side: int) -> Tensor:
    """Return the distance of each pair of frequencies from 0, ``[side, side]``, 0 at the centre."""
    each = frequencies(side).double()
    return torch.hypot(each[:, None], each)


def low_pass(images: Tensor, radius: float) -> Tensor:
    """Keep the frequencies within `radius` of 0, of square images ``[..., side, side]``.

    What is left may leave the bounds of the images. The rest, ``images - low_pass(images, r)``, is
    the high-pass.
    """
    keep = torch.fft.ifftshift(distances(images.shape[-1]) <= radius)
    kept: Tensor = torch.fft.ifft2(torch.fft.fft2(images) * keep).real
    return kept


def high_pass(images: Tensor, radius: float) -> Tensor:
    """Keep the frequencies further than `radius` from 0, of square images ``[..., side, side]``."""
    return images - low_pass(images, radius)


def basis(side: int) -> Tensor:
    """Return an orthonormal basis of real waves, ``[side, side, side, side]``: frequencies, pixels.

    The wave of frequencies (u, v) is cos t + sin t, with t = 2 pi (u y + v x) / side, over `side`
    (R. Hartley, 1942). It holds no other frequency than (u, v) and (-u, -v); the wave of the
    latter is the same with another phase.
    """
    at = torch.arange(side).double()
    turns = frequencies(side).double()[:, None] * at / side  # [u, y]
    angle = 2 * math.pi * (turns[:, None, :, None] + turns[None, :, None, :])
    return (angle.cos() + angle.sin()) / side


def sensitivity(model: Model, images: Tensor, labels: Tensor, size: float) -> Tensor:
    """Return the share of errors under each wave, ``[side, side]``, 0 frequency at the centre.

    A wave of L2 length `size` is added to and taken from every image, and pixels are not clipped,
    so that all waves are as long.

    Args:
        model: the classifier.
        images: ``[b, c, side, side]``; every channel is changed alike.
        labels: int64 ``[b]``.
        size: length of the change of a channel.
    """
    side = images.shape[-1]
    waves = basis(side).to(images)
    errors = torch.zeros(side, side, dtype=torch.float64)
    for u in range(side):
        for v in range(side):
            change = size * waves[u, v]
            for moved in (images + change, images - change):
                errors[u, v] += (predict(model, moved) != labels).double().mean() / 2
    return errors


def sheet(images: Tensor, across: int) -> Tensor:
    """Lay ``[..., b, h, w]`` out in rows of `across`, ink dark, a white line between two.

    Ink is 1; what is out of [0, 1] is clipped. The result is ``[..., rows, columns]`` of pixels.
    """
    pages = torch.nn.functional.pad((1 - images).clamp(0, 1), (0, 1, 0, 1), value=1.0)
    shape = (*pages.shape[:-3], -1, across, *pages.shape[-2:])
    rows = pages.reshape(shape).transpose(-3, -2)  # [..., down, h, across, w]
    laid: Tensor = rows.flatten(-2).flatten(-3, -2)[..., :-1, :-1]
    return laid
