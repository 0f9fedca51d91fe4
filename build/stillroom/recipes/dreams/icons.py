"""Pictures of directions: what makes a layer give what it gave for a piece of a photograph."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.models.vision import Vision
from stillroom.recipe import Run
from stillroom.recipes.features.loop import last, optimise
from stillroom.recipes.features.objective import direction
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.reading import activations
from stillroom.recipes.features.transform import Transform

AT_ONCE = 16
MOVES = Transform(jitter=6, scale=1.05, rotate=5)
COSINE_POWER = 2.0


def icons(
    run: Run,
    model: Vision,
    layer: str,
    vectors: Tensor,
    *,
    size: int,
    steps: int,
    part: str,
    share: tuple[float, float],
) -> Tensor:
    """Optimise a picture for each direction, everywhere in it.

    Args:
        run: gives noise and transforms, and keeps checkpoints.
        model: the network.
        layer: one of its layers, with c channels.
        vectors: ``[n, c]``; only their directions count.
        size: pixels a side.
        steps: of the ascent.
        part: a name for these pictures that no others of the recipe have.
        share: from where to where in the recipe's work, of 1, this goes.

    Returns:
        ``[n, 3, size, size]`` in [0, 1].
    """
    found = []
    batches = torch.split(vectors, AT_ONCE)
    for number, batch in enumerate(batches):
        begin, end = (
            share[0] + (share[1] - share[0]) * edge / len(batches) for edge in (number, number + 1)
        )
        states = optimise(
            model,
            direction(layer, batch, cosine_power=COSINE_POWER),
            fourier(len(batch), size, run.generator("noise", part, number)),
            MOVES,
            steps=steps,
            generator=run.generator("moves", part, number),
            run=run,
            part=f"{part}-{number}",
            share=(begin, end),
        )
        found.append(last(states).pictures)
    return torch.cat(found)


def likeness(model: Vision, layer: str, pictures: Tensor, vectors: Tensor) -> Tensor:
    """Cosines between what pictures give on average and directions.

    Args:
        model: the network.
        layer: one of its layers, with c channels.
        pictures: ``[n, 3, h, w]``.
        vectors: ``[m, c]``.

    Returns:
        ``[n, m]``.
    """
    mean = activations(model, pictures, [layer])[layer].mean((2, 3))
    return functional.normalize(mean, dim=1) @ functional.normalize(vectors, dim=1).T


def recovered(cosines: Tensor) -> float:
    """The share of pictures whose own direction, of all, is the most like: ``[n, n]``, diagonal."""
    return float((cosines.argmax(1) == torch.arange(len(cosines))).double().mean())
