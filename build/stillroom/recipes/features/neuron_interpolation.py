"""From one unit to another: a weighted sum of both, and pictures that line up along the way.

C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization" (Distill 2017). Pictures that share
their coarse waves line up (A. Mordvintsev and others, "Differentiable Image Parameterizations",
Distill 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.drawing import LOOKS, draw, share_of
from stillroom.recipes.features.loop import measure
from stillroom.recipes.features.objective import channel, interpolation
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.sheets import sheet
from stillroom.recipes.features.transform import STANDARD

PAIRS = [[84, 588], [336, 504], [168, 336]]
SHARED = 0.1  # cycles a pixel: waves of 10 pixels and longer have a part that all frames share


@dataclass(frozen=True, slots=True)
class Way:
    """Pictures from channel A to channel B at p weights.

    Attributes:
        image: those that share waves, ``[p, 3, size, size]`` in [0, 1].
        plain: the means of A and B over each, ``[p, 2]``.
        moved: the same, averaged over random transforms, ``[p, 2]``.
        jump: the mean absolute difference of pixels between neighbours.
        jump_alone: the same of pictures that share nothing.
    """

    image: Tensor
    plain: Tensor
    moved: Tensor
    jump: float
    jump_alone: float

    @property
    def best(self) -> Tensor:
        """What A reaches at the first weight and B at the last, ``[2]``."""
        return torch.stack([self.plain[0, 0], self.plain[-1, 1]])

    @property
    def best_moved(self) -> Tensor:
        """The same when moved, ``[2]``."""
        return torch.stack([self.moved[0, 0], self.moved[-1, 1]])


@recipe(
    view="scrubber",
    draft={"pairs": [[84, 588]], "points": 3, "steps": 6, "size": 64},
    cost="minutes",
    packages=["torch", WHEEL],
)
def neuron_interpolation(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    layer: str = "block9.expand.linear",
    pairs: Annotated[list[list[int]], Field(min_length=1)] = PAIRS,
    points: Annotated[int, Field(ge=3)] = 9,
    steps: Annotated[int, Field(ge=1)] = 96,
    size: Annotated[int, Field(ge=32)] = 96,
) -> Result:
    """Draw pictures for ``(1 - w) A + w B`` at weights w from 0 to 1, all of a pair at once.

    A and B are means of channels. The pictures of a pair are drawn twice: sharing a part of their
    coarse waves, which is shown, and each by itself, to compare.

    Args:
        run: gives the random numbers.
        model: a network; the control is an untrained copy, for the first pair.
        layer: a layer.
        pairs: two channels each, A and B.
        points: weights, evenly spaced.
        steps: of Adam.
        size: pixels a side.

    Returns:
        For each pair, and for ``control``, a `Frames` with one frame a weight. Table ``second``:
        ``weight``, and for each of them the mean of B over the picture as it is, and with
        ``-moved`` the same over random transforms. Facts: ``jump``, the mean absolute difference of
        pixels between frames of neighbouring weights that share waves, and ``jump_alone``, of those
        that do not, means over pairs, with ``jump_ratio``, ``jump_ratio_low`` and ``_high``, the
        extremes over pairs of one by the other; ``middle_first`` and ``middle_second``, what A and
        B reach at weight 1/2 of their own best, means over pairs; ``best``, ``best_moved``,
        ``control_best`` and ``control_best_moved``, what the A and B of the first pair reach at
        their own ends, on average; ``control_jump_ratio``; ``pairs``.
    """
    trained = load_model(model).to(run.device)
    untrained = load_model(model, pretrained=False, seed=run.seed).to(run.device)
    jobs = [(f"{first}-{second}", trained, [first, second]) for first, second in pairs]
    jobs.append(("control", untrained, pairs[0]))
    weights = torch.linspace(0, 1, points)
    table: dict[str, list[float]] = {"weight": weights.tolist()}
    ways: dict[str, Way] = {}
    for number, (name, net, pair) in enumerate(jobs):
        ways[name] = way = draw_way(
            run,
            net,
            layer,
            pair,
            weights,
            steps=steps,
            size=size,
            # The control begins as the first pair does.
            start=number % len(pairs),
            number=number,
            count=len(jobs),
        )
        table[name] = way.plain[:, 1].tolist()
        table[f"{name}-moved"] = way.moved[:, 1].tolist()
    mine = list(ways.values())[: len(pairs)]
    middles = [(way.plain[points // 2] / way.best).tolist() for way in mine]
    ratios = [way.jump / way.jump_alone for way in mine]
    choices = {
        **{f"{first}-{second}": f"{first} to {second}" for first, second in pairs},
        "control": f"{pairs[0][0]} to {pairs[0][1]}, untrained copy",
    }
    count = len(pairs)
    control = ways["control"]
    return Result(
        facts={
            "pairs": count,
            "jump": sum(way.jump for way in mine) / count,
            "jump_alone": sum(way.jump_alone for way in mine) / count,
            "jump_ratio": sum(ratios) / count,
            "jump_ratio_low": min(ratios),
            "jump_ratio_high": max(ratios),
            "middle_first": sum(first for first, _ in middles) / count,
            "middle_second": sum(second for _, second in middles) / count,
            "best": float(mine[0].best.mean()),
            "best_moved": float(mine[0].best_moved.mean()),
            "control_best": float(control.best.mean()),
            "control_best_moved": float(control.best_moved.mean()),
            "control_jump_ratio": control.jump / control.jump_alone,
        },
        data={
            "axis": {
                "name": "weight",
                "label": "Weight of B",
                "values": weights.tolist(),
                "unit": "",
            },
            "choices": [
                {"name": name, "label": label, "frames": name, "original": None}
                for name, label in choices.items()
            ],
            "start": {"axis": points // 2, "choice": 0},
            "curve": {
                "table": "second",
                "x": "weight",
                "y": list(choices),
                "label": "Mean of channel B",
                "log": False,
                "beside": {"label": "moved", "y": [f"{name}-moved" for name in choices]},
            },
        },
        tables={"second": table},
        assets={name: sheet(way.image, size) for name, way in ways.items()},
    )


def draw_way(
    run: Run,
    net: Vision,
    layer: str,
    pair: list[int],
    weights: Tensor,
    *,
    steps: int,
    size: int,
    start: int,
    number: int,
    count: int,
) -> Way:
    """Draw the way between two channels, part `number` of `count`, from the noise of `start`."""
    first, second = ends = [channel(layer, unit) for unit in pair]
    images: dict[str, Tensor] = {}
    for kind, (name, shared) in enumerate({"shared": SHARED, "alone": 0.0}.items()):
        images[name] = draw(
            run,
            net,
            interpolation(first, second, weights),
            fourier(len(weights), size, run.generator("start", start), shared=shared),
            name=f"{name}-{number}",
            steps=steps,
            looks=1,
            share=share_of(2 * number + kind, 2 * count),
        ).image
    jumps = {name: float(image.diff(dim=0).abs().mean()) for name, image in images.items()}
    image = images["shared"]
    looking = run.generator("looks", number)
    moved = [measure(net, end, image, STANDARD, samples=LOOKS, generator=looking) for end in ends]
    return Way(
        image=image,
        plain=torch.stack([measure(net, end, image) for end in ends], 1),
        moved=torch.stack(moved, 1),
        jump=jumps["shared"],
        jump_alone=jumps["alone"],
    )
