"""DeepDream: change a photograph so that a layer of a network gives more of what it gives already.

A. Mordvintsev, C. Olah and M. Tyka, "Inceptionism: Going Deeper into Neural Networks" (Google
Research Blog, 2015). As published with it, the photograph is dreamed on at several sizes, called
octaves, from small to large; what was added at one is enlarged and added to the next, and each step
follows the gradient divided by its mean magnitude. Here a shift may be by a part of a pixel, and
gradients come back through the interpolation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillroom.recipes.features.loop import Climber, device_of
from stillroom.recipes.features.objective import Objective
from stillroom.recipes.features.transform import NONE, Transform


@dataclass(frozen=True, slots=True)
class Dream:
    """Photographs on their way.

    Attributes:
        octave: from 0, the smallest.
        step: steps of this octave that were taken, from 0.
        image: ``[b, 3, h, w]`` in [0, 1], of the octave's size, on the CPU.
        full: the same at the photographs' own size: what was added so far, enlarged.
    """

    octave: int
    step: int
    image: Tensor
    full: Tensor


def sizes(height: int, width: int, octaves: int, ratio: float) -> list[tuple[int, int]]:
    """Heights and widths of octaves, the smallest first; each side grows by `ratio`."""
    factors = [ratio**-octave for octave in reversed(range(octaves))]
    return [(round(height * factor), round(width * factor)) for factor in factors]


def dream(
    model: nn.Module,
    objective: Objective,
    photos: Tensor,
    transform: Transform = NONE,
    *,
    octaves: int = 4,
    ratio: float = 1.4,
    steps: int = 10,
    rate: float = 0.01,
    generator: torch.Generator,
) -> Iterator[Dream]:
    """Dream on photographs, yielding the state before the first step of an octave and after each.

    Args:
        model: maps ``[b, 3, h, w]`` to anything; it decides on the device.
        objective: what to make large.
        photos: ``[b, 3, h, w]`` in [0, 1].
        transform: how to look at them before each step.
        octaves: how many sizes.
        ratio: from one size to the next.
        steps: of each octave.
        rate: mean change of a pixel in a step.
        generator: of the transforms, on the CPU.
    """
    climber = Climber(model, objective, transform)
    device = device_of(model)
    whole = (photos.shape[-2], photos.shape[-1])
    added = torch.zeros_like(photos)
    for octave, size in enumerate(sizes(*whole, octaves, ratio)):
        base = resized(photos, size)
        image = (base + resized(added, size)).clamp(0, 1)
        for step in range(steps + 1):
            if step:
                _, slope = climber.look(image.to(device), generator)
                if slope is None:
                    raise ValueError("expected a gradient")
                size_of_slope = slope.abs().mean((1, 2, 3), keepdim=True).clamp(min=1e-12)
                image = (image + rate * (slope / size_of_slope).cpu()).clamp(0, 1)
            full = (photos + resized(image - base, whole)).clamp(0, 1)
            yield Dream(octave, step, image, full)
        added = image - base


def resized(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures ``[b, c, h, w]`` at another size; what is too fine for it is left out."""
    if tuple(image.shape[-2:]) == size:
        return image
    return functional.interpolate(image, size, mode="bicubic", align_corners=False, antialias=True)
