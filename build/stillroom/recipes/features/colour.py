"""Colours that vary independently, as those of photographs do not.

The red, green and blue of a photograph rise and fall together. A picture is therefore optimised in
decorrelated colours z and shown as ``sigmoid(matrix z)`` (C. Olah, A. Mordvintsev and L. Schubert,
"Feature Visualization", Distill 2017).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

Matrix = tuple[tuple[float, float, float], ...]

# `measure` of the colour photographs that come with scikit-image (`pictures.PHOTOGRAPHS`).
MEASURED: Matrix = (
    (0.7380, 0.0, 0.0),
    (0.4819, 0.3459, 0.0),
    (0.2836, 0.4649, 0.1843),
)
# Of ImageNet's training pictures, as published with the code of the article above (lucid,
# Apache 2.0), scaled in the same way.
IMAGENET: Matrix = (
    (0.5628, 0.1948, 0.0433),
    (0.5845, 0.0, -0.1082),
    (0.5845, -0.1948, 0.0649),
)
# Red, green and blue as they are.
PLAIN: Matrix = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def covariance(pictures: Iterable[Tensor]) -> Tensor:
    """The covariance ``[3, 3]`` of red, green and blue, every picture with the same weight.

    Args:
        pictures: of any size, ``[3, h, w]``.
    """
    moments = []
    for picture in pictures:
        flat = picture.double().flatten(1)
        homogeneous = torch.cat([flat, torch.ones_like(flat[:1])])
        moments.append(homogeneous @ homogeneous.T / flat.shape[1])
    moment = torch.stack(moments).mean(0)
    mean = moment[:3, 3]
    return moment[:3, :3] - torch.outer(mean, mean)


def measure(pictures: Iterable[Tensor]) -> Tensor:
    """A matrix that turns independent numbers into the colours of `pictures`.

    It is the Cholesky factor of their covariance, scaled to a largest singular value of 1; its
    inverse turns their colours into numbers whose covariance is a multiple of the identity.

    Args:
        pictures: of any size, ``[3, h, w]``.

    Returns:
        ``[3, 3]``, float64.
    """
    factor: Tensor = torch.linalg.cholesky(covariance(pictures))
    return factor / torch.linalg.matrix_norm(factor, 2)


def shown(latent: Tensor, matrix: Matrix) -> Tensor:
    """Decorrelated colours ``[b, 3 or 4, h, w]`` of any size → colours in (0, 1); alpha is alone."""
    mixed = torch.einsum("ij,bjhw->bihw", latent.new_tensor(matrix), latent[:, :3])
    return torch.cat([mixed, latent[:, 3:]], 1).sigmoid()


def hidden(image: Tensor, matrix: Matrix) -> Tensor:
    """The inverse of `shown`; colours are kept 0.001 away from 0 and 1."""
    mixed = image.clamp(1e-3, 1 - 1e-3).logit()
    inverse = torch.linalg.inv(torch.tensor(matrix).double()).to(image)
    return torch.cat([torch.einsum("ij,bjhw->bihw", inverse, mixed[:, :3]), mixed[:, 3:]], 1)
