"""Parameterizations: what is optimised in place of pixels, and the picture it draws.

All draw colours in (0, 1) through decorrelated ones (`colour`). What an ascent finds depends on
them: equal steps in the coefficients of waves, scaled by 1/f, are large for coarse waves and small
for fine ones, as photographs are (C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization",
Distill 2017). Starting noise is drawn on the CPU from the generator that is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.recipes.features.colour import MEASURED, Matrix, hidden, shown

Size = int | tuple[int, int]
GAIN = 0.25  # of waves, as in lucid: keeps an ascent by steps of 0.05 away from the ends of colour


@dataclass(frozen=True, slots=True)
class Parameterization:
    """Numbers to optimise, and what they draw.

    Attributes:
        tensors: by name, where an ascent starts.
        draw: maps tensors of the same names and shapes to pictures ``[b, 3 or 4, h, w]`` in (0, 1);
            a fourth channel is alpha.
    """

    tensors: Mapping[str, Tensor]
    draw: Callable[[Mapping[str, Tensor]], Tensor]


def pixels(
    batch: int,
    size: Size,
    generator: torch.Generator,
    *,
    colour: Matrix = MEASURED,
    alpha: bool = False,
    deviation: float = 0.01,
    start: Tensor | None = None,
) -> Parameterization:
    """Pixels themselves.

    Args:
        batch: number of pictures.
        size: pixels a side, or height and width.
        generator: of the noise to start from.
        colour: see `colour`.
        alpha: whether there is an alpha channel.
        deviation: standard deviation of the noise.
        start: pictures to start from instead, ``[b, 3 or 4, h, w]``.
    """
    if start is None:
        shape = (batch, 3 + alpha, *_pair(size))
        latent = torch.randn(shape, generator=generator) * deviation
    else:
        latent = hidden(start, colour)
    return Parameterization({"pixels": latent}, lambda t: shown(t["pixels"], colour))


def fourier(
    batch: int,
    size: Size,
    generator: torch.Generator,
    *,
    colour: Matrix = MEASURED,
    alpha: bool = False,
    deviation: float = 0.01,
    shared: float = 0.0,
    start: Tensor | None = None,
) -> Parameterization:
    """Coefficients of waves, each scaled by ``1 / max(f, 1 / size)`` with f in cycles a pixel.

    Args:
        batch: see `pixels`.
        size: see `pixels`.
        generator: see `pixels`.
        colour: see `pixels`.
        alpha: see `pixels`.
        deviation: standard deviation of the coefficients to start from.
        shared: waves below this frequency are the sum of one part for each picture and one for
            all, so that the pictures of a batch line up (A. Mordvintsev and others,
            "Differentiable Image Parameterizations", Distill 2018).
        start: see `pixels`.
    """
    height, width = _pair(size) if start is None else start.shape[-2:]
    f = frequencies(height, width)
    scale = GAIN / f.clamp(min=1 / max(height, width))
    common = f < shared
    if start is None:
        shape = (batch, 3 + alpha, *f.shape, 2)
        own = torch.randn(shape, generator=generator) * deviation
    else:
        waves = torch.fft.rfft2(hidden(start, colour), norm="ortho")
        own = torch.view_as_real(waves / scale.to(waves))
    tensors = {"waves": own}
    if shared:
        tensors["shared"] = torch.zeros_like(own[:1])

    def draw(t: Mapping[str, Tensor]) -> Tensor:
        waves = t["waves"]
        if shared:
            waves = waves + t["shared"] * common[..., None].to(waves)
        waves = torch.view_as_complex(waves) * scale.to(waves)
        return shown(torch.fft.irfft2(waves, s=(height, width), norm="ortho"), colour)

    return Parameterization(tensors, draw)


def phases(
    batch: int,
    size: int,
    generator: torch.Generator,
    *,
    magnitude: Tensor,
    colour: Matrix = MEASURED,
) -> Parameterization:
    """Phases of waves whose magnitudes are fixed to those of photographs.

    No wave can grow at the cost of others, whatever the objective (T. Fel and others, "Unlocking
    Feature Visualization for Deeper Networks with MAgnitude Constrained Optimization", NeurIPS
    2023). A phase is an angle: it takes a rate of 0.2, not the 0.05 of the other parameterizations.

    Args:
        batch: see `pixels`.
        size: pixels a side.
        generator: of the phases to start from.
        magnitude: `spectrum.magnitude` of photographs for this size and these colours.
        colour: see `pixels`.
    """
    angles = torch.rand(batch, *magnitude.shape, generator=generator) * 2 * math.pi

    def draw(t: Mapping[str, Tensor]) -> Tensor:
        waves = torch.polar(magnitude.to(t["phases"]).expand_as(t["phases"]), t["phases"])
        return shown(torch.fft.irfft2(waves, s=(size, size), norm="ortho"), colour)

    return Parameterization({"phases": angles}, draw)


def noise(batch: int, size: Size, generator: torch.Generator) -> Tensor:
    """Random backgrounds with the spectrum and colours of photographs, ``[b, 3, h, w]``."""
    drawn = fourier(batch, size, generator, deviation=1.0)
    return drawn.draw(drawn.tensors)


def frequencies(height: int, width: int) -> Tensor:
    """Cycles a pixel of each wave of a real transform, ``[height, width // 2 + 1]``."""
    return torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width))


def _pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size
