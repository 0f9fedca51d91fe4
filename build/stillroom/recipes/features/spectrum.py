"""How the energy of pictures and gradients is spread over fine and coarse waves.

The strides of a network leave a checkerboard in its gradient, and pictures that fool it without
showing a thing are mostly fine waves (C. Olah, A. Mordvintsev and L. Schubert, "Feature
Visualization", Distill 2017; A. Odena, V. Dumoulin and C. Olah, "Deconvolution and Checkerboard
Artifacts", Distill 2016).
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from stillroom.recipes.features.colour import MEASURED, Matrix
from stillroom.recipes.features.patches import cut, squares

FINE = 0.25  # cycles a pixel


def power(image: Tensor) -> tuple[Tensor, Tensor]:
    """The energy of each wave, the sum over colours, without the mean.

    Args:
        image: ``[b, c, h, w]``, a picture or a gradient.

    Returns:
        Energies ``[b, h, w]``, and their frequencies ``[h, w]`` in cycles a pixel.
    """
    centred = image - image.mean((2, 3), keepdim=True)
    energies = torch.fft.fft2(centred, norm="ortho").abs().pow(2).sum(1)
    h, w = image.shape[-2:]
    f = torch.hypot(torch.fft.fftfreq(h)[:, None], torch.fft.fftfreq(w)).to(image)
    return energies, f


def fine_share(image: Tensor, above: float = FINE) -> Tensor:
    """The share of energy in waves of more than `above` cycles a pixel, ``[b]``; 0 without any."""
    energies, f = power(image)
    fine = (energies * (f > above)).sum((1, 2))
    return fine / energies.sum((1, 2)).clamp(min=torch.finfo(image.dtype).tiny)


def radial(image: Tensor, bins: int = 32) -> tuple[Tensor, Tensor]:
    """The mean energy of a wave by frequency, whatever its direction.

    Args:
        image: ``[b, c, h, w]``.
        bins: equal bands of frequency between 0 and 1/2; corners beyond that are left out.

    Returns:
        Means ``[b, bins]`` (0 where no wave falls), and the middles of the bands ``[bins]``.
    """
    energies, f = power(image)
    band = (f * 2 * bins).long().flatten()
    inside = (band < bins) & (f.flatten() > 0)
    summed = energies.new_zeros(len(image), bins)
    summed.index_add_(1, band[inside], energies.flatten(1)[:, inside])
    count = torch.bincount(band[inside], minlength=bins)
    return summed / count.clamp(min=1), (torch.arange(bins) + 0.5) / (2 * bins)


def checkerboard(image: Tensor) -> Tensor:
    """The share of energy in the waves of period 2: across, down, and both, ``[b]``.

    Of white noise it is about 3 / (h w). Height and width must be even.
    """
    energies, _ = power(image)
    h, w = (side // 2 for side in image.shape[-2:])
    nyquist = energies[:, h, 0] + energies[:, 0, w] + energies[:, h, w]
    return nyquist / energies.sum((1, 2)).clamp(min=torch.finfo(image.dtype).tiny)


def magnitude(pictures: Mapping[str, Tensor], size: int, colour: Matrix = MEASURED) -> Tensor:
    """The mean magnitude of each wave in photographs: what `parameterization.phases` keeps.

    The mean is over squares of the pictures, whose edges are faded out, or the jump from one edge
    to the other would count as waves across and down. Their mean colour is left out.

    Args:
        pictures: by name, ``[3, h, w]`` in [0, 1], of any size.
        size: pixels a side of the picture to draw.
        colour: its decorrelated colours.

    Returns:
        ``[3, size, size // 2 + 1]``, of a transform that keeps energy.
    """
    window = torch.hann_window(size, periodic=False)
    window = torch.outer(window, window)
    window /= window.pow(2).mean().sqrt()
    # Around grey the sigmoid of `colour.shown` has the slope 1/4.
    inverse = 4 * torch.linalg.inv(torch.tensor(colour))
    found = []
    for square in squares(pictures):
        pixels = cut(pictures, square, size)
        centred = pixels - pixels.mean((1, 2), keepdim=True)
        latent = torch.einsum("ij,jhw->ihw", inverse, centred)
        found.append(torch.fft.rfft2(latent * window, norm="ortho").abs())
    mean = torch.stack(found).mean(0)
    mean[:, 0, 0] = 0
    return mean
