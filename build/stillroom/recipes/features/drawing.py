"""Draw pictures for an objective, and read beside each what it reached: how figures get theirs."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from stillroom.recipe import Run
from stillroom.recipes.features.loop import last, measure, optimise
from stillroom.recipes.features.objective import Objective
from stillroom.recipes.features.parameterization import Parameterization
from stillroom.recipes.features.transform import STANDARD, Transform

LOOKS = 32  # random transforms over which an activation is averaged


@dataclass(frozen=True, slots=True)
class Drawn:
    """Finished pictures.

    Attributes:
        image: ``[b, 3, h, w]`` in [0, 1].
        start: the objective for the noise they began as, ``[b]``, as it was seen.
        plain: what was measured for the pictures as they are, ``[b]``.
        moved: the same, averaged over random transforms, ``[b]``.
    """

    image: Tensor
    start: Tensor
    plain: Tensor
    moved: Tensor


def draw(
    run: Run,
    net: nn.Module,
    objective: Objective,
    parameterization: Parameterization,
    transform: Transform = STANDARD,
    *,
    name: str,
    steps: int,
    measured: Objective | None = None,
    looks: int | None = None,
    share: tuple[float, float] = (0.0, 1.0),
) -> Drawn:
    """Climb an objective from where a parameterization starts, and measure the end.

    Args:
        run: is told how far the work is, and gives the random numbers.
        net: the network.
        objective: what to make large.
        parameterization: what draws, and where to start.
        transform: how to look at pictures before each step.
        name: of this part of the recipe's work, for its checkpoint and its random numbers.
        steps: of Adam.
        measured: what to measure at the end, if not the objective.
        looks: random transforms (always `STANDARD`) over which to average; by default `LOOKS`, or
            2 in a draft.
        share: from where to where in the recipe's work this goes, see `optimise`.
    """
    states = optimise(
        net,
        objective,
        parameterization,
        transform,
        steps=steps,
        generator=run.generator("transforms", name),
        run=run,
        part=name,
        share=share,
    )
    start = next(states).values
    image = last(states).pictures
    wanted = objective if measured is None else measured
    if looks is None:
        looks = 2 if run.draft else LOOKS
    looking = run.generator("looks", name)
    return Drawn(
        image,
        start,
        measure(net, wanted, image),
        measure(net, wanted, image, STANDARD, samples=looks, generator=looking),
    )


def share_of(number: int, count: int) -> tuple[float, float]:
    """From where to where in a recipe's work, of 1, part `number` of `count` equal ones goes."""
    return number / count, (number + 1) / count
