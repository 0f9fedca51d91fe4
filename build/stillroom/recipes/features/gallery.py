"""Galleries: a picture for each of many units, in batches, kept batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from stillroom.recipe import Run
from stillroom.recipes.features.loop import last, optimise
from stillroom.recipes.features.objective import Objective, channel
from stillroom.recipes.features.parameterization import Parameterization, fourier
from stillroom.recipes.features.transform import STANDARD, Transform

AT_ONCE = 8  # more are no faster on a CPU


def render(
    run: Run,
    model: nn.Module,
    units: Mapping[str, Sequence[int]],
    *,
    size: int = 128,
    steps: int = 128,
    rate: float = 0.05,
    transform: Transform = STANDARD,
    objective: Callable[[str, Sequence[int]], Objective] = channel,
    start: Callable[[int, int, torch.Generator], Parameterization] = fourier,
    batch: int = AT_ONCE,
    part: str = "gallery",
) -> dict[str, Tensor]:
    """Make a picture for each unit; a run that was killed goes on where it was.

    A picture depends on the seed of `run` and on which units share its batch.

    Args:
        run: gives the random numbers, is told how far the work is, and keeps checkpoints.
        model: the network; it decides on the device.
        units: by layer.
        size: pixels a side.
        steps: of each picture.
        rate: see `optimise`.
        transform: see `optimise`.
        objective: maps a layer and its units, one per picture, to what is made large.
        start: maps a number of pictures, a size and a generator to where they start.
        batch: pictures at once.
        part: see `optimise`; needed for a second gallery of one recipe.

    Returns:
        By layer ``[units, 3, size, size]`` in [0, 1], on the CPU.

    Raises:
        UnknownLayerError, UnknownUnitError: the model has no such layer or unit.
    """
    chunks = [
        (layer, list(chosen[first : first + batch]))
        for layer, chosen in units.items()
        for first in range(0, len(chosen), batch)
    ]
    pictures: dict[str, list[Tensor]] = {layer: [] for layer in units}
    for number, (layer, chunk) in enumerate(chunks):
        states = optimise(
            model,
            objective(layer, chunk),
            start(len(chunk), size, run.generator(part, "start", number)),
            transform,
            steps=steps,
            rate=rate,
            generator=run.generator(part, "transforms", number),
            run=run,
            part=f"{part} {number}",
            share=(number / len(chunks), (number + 1) / len(chunks)),
        )
        pictures[layer].append(last(states).pictures)
    return {layer: torch.cat(each) for layer, each in pictures.items() if each}
