"""From one unit to another: a weighted sum of both, and pictures that line up along the way.

C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization" (Distill 2017). Pictures that share
their coarse waves line up (A. Mordvintsev and others, "Differentiable Image Parameterizations",
Distill 2018).
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Frames
from stillroom.models.vision import WHEEL, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.drawing import draw, share_of
from stillroom.recipes.features.objective import channel, interpolation
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.reading import activations
from stillroom.recipes.features.sheets import sheet

PAIRS = [[84, 588], [336, 504], [168, 336]]
SHARED = 0.1  # cycles a pixel: waves of 10 pixels and longer have a part that all frames share


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
        model: a network.
        layer: a layer.
        pairs: two channels each, A and B.
        points: weights, evenly spaced.
        steps: of Adam.
        size: pixels a side.

    Returns:
        For each pair a `Frames` with one frame a weight. Table ``shares``: ``weight``, and for each
        pair what B reaches as a share of what it reaches at weight 1. Facts: ``jump``, the mean
        absolute difference of pixels between frames of neighbouring weights that share waves, and
        ``jump_alone``, of those that do not, means over pairs, with ``jump_ratio``,
        ``jump_ratio_low`` and ``_high``, the extremes over pairs of one by the other;
        ``middle_first`` and ``middle_second``, what A and B reach at weight 1/2 of their own best,
        means over pairs; ``pairs``.
    """
    net = load_model(model).to(run.device)
    weights = torch.linspace(0, 1, points)
    shares: dict[str, list[float]] = {"weight": weights.tolist()}
    choices, ratios, middles = [], [], []
    jumps: dict[str, list[float]] = {"shared": [], "alone": []}
    assets: dict[str, Frames] = {}
    for number, (first, second) in enumerate(pairs):
        objective = interpolation(channel(layer, first), channel(layer, second), weights)
        images: dict[str, Tensor] = {}
        for kind, (way, shared) in enumerate({"shared": SHARED, "alone": 0.0}.items()):
            images[way] = draw(
                run,
                net,
                objective,
                fourier(points, size, run.generator("start", number), shared=shared),
                name=f"{way}-{number}",
                steps=steps,
                looks=1,
                share=share_of(2 * number + kind, 2 * len(pairs)),
            ).image
            jumps[way].append(float(images[way].diff(dim=0).abs().mean()))
        ratios.append(jumps["shared"][-1] / jumps["alone"][-1])
        reached = activations(net, images["shared"], [layer])[layer][:, [first, second]]
        means = reached.mean((2, 3))  # [points, 2]
        best = torch.stack([means[0, 0], means[-1, 1]])
        middles.append((means[points // 2] / best).tolist())
        name = f"{first}-{second}"
        shares[name] = (means[:, 1] / best[1]).tolist()
        assets[name] = sheet(images["shared"], size)
        choices.append(
            {
                "name": name,
                "label": f"{first} to {second}",
                "frames": name,
                "original": None,
            }
        )
    count = len(pairs)
    return Result(
        facts={
            "pairs": count,
            "jump": sum(jumps["shared"]) / count,
            "jump_alone": sum(jumps["alone"]) / count,
            "jump_ratio": sum(ratios) / count,
            "jump_ratio_low": min(ratios),
            "jump_ratio_high": max(ratios),
            "middle_first": sum(first for first, _ in middles) / count,
            "middle_second": sum(second for _, second in middles) / count,
        },
        data={
            "axis": {
                "name": "weight",
                "label": "Weight of B",
                "values": weights.tolist(),
                "unit": "",
            },
            "choices": choices,
            "start": {"axis": points // 2, "choice": 0},
            "curve": {
                "table": "shares",
                "x": "weight",
                "y": [choice["name"] for choice in choices],
                "label": "What B reaches, of its best",
                "log": False,
            },
        },
        tables={"shares": shares},
        assets=assets,
    )
