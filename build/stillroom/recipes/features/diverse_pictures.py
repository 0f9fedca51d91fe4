"""Several pictures for one unit that must not look alike: the facets of what it answers to.

The term is the mean cosine between the pictures' Gram matrices, which compare textures wherever
they are (C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization", Distill 2017; facets: A.
Nguyen, J. Yosinski and J. Clune, "Multifaceted Feature Visualization", 2016).
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
from stillroom.recipes.features.loop import measure
from stillroom.recipes.features.objective import channel, diversity
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.sheets import sheet

TOGETHER = 4  # pictures of a unit
UNITS = [84, 336, 588]
WEIGHTS = [0.0, 1.0, 3.0, 10.0]


@recipe(
    view="scrubber",
    draft={"units": UNITS[:1], "steps": 6, "size": 64},
    cost="minutes",
    packages=["torch", WHEEL],
)
def diverse_pictures(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    layer: str = "block9.expand.linear",
    compared: str = "block5",
    units: Annotated[list[int], Field(min_length=1)] = UNITS,
    weights: Annotated[list[float], Field(min_length=2)] = WEIGHTS,
    steps: Annotated[int, Field(ge=1)] = 96,
    size: Annotated[int, Field(ge=32)] = 96,
) -> Result:
    """Draw four pictures of each unit at once, with more and more weight on their being different.

    Args:
        run: gives the random numbers.
        model: a network.
        layer: a layer.
        compared: the layer in which pictures are compared.
        units: channels of `layer`; the first is shown, numbers are of all.
        weights: of the term, ascending from 0.
        steps: of Adam.
        size: pixels a side.

    Returns:
        For each of the four pictures a `Frames` with one frame a weight; table ``pictures``:
        ``weight``, and for each picture the channel's mean as a share of its best without the term.
        Facts, means over units: ``alike_<k>``, the cosine between pictures at weight k, with
        ``alike_<k>_low`` and ``_high``, the extremes over units; ``kept_<k>``, what a picture
        reaches as a share of what it does without the term, and ``kept_<k>_low``, the least of all
        pictures; ``units``, ``pictures``.
    """
    net = load_model(model).to(run.device)
    groups = [unit for unit in range(len(units)) for _ in range(TOGETHER)]
    wanted = channel(layer, [units[group] for group in groups])
    different = diversity(compared, groups)
    alike: list[Tensor] = []
    plain: list[Tensor] = []
    shown: list[Tensor] = []
    for number, weight in enumerate(weights):
        drawn = draw(
            run,
            net,
            wanted + weight * different if weight else wanted,
            fourier(len(groups), size, run.generator("start")),
            name=f"weight-{number}",
            steps=steps,
            measured=wanted,
            looks=1,
            share=share_of(number, len(weights)),
        )
        alike.append(-measure(net, different, drawn.image).view(-1, TOGETHER).mean(1))
        plain.append(drawn.plain)
        shown.append(drawn.image[:TOGETHER])
    base = plain[0].view(-1, TOGETHER).mean(1).repeat_interleave(TOGETHER)
    facts: dict[str, float | int | str] = {
        "units": len(units),
        "pictures": TOGETHER,
        "last": len(weights) - 1,
        "weight": weights[-1],
    }
    for number in range(len(weights)):
        kept = plain[number] / base
        facts |= {
            f"alike_{number}": float(alike[number].mean()),
            f"alike_{number}_low": float(alike[number].min()),
            f"alike_{number}_high": float(alike[number].max()),
            f"kept_{number}": float(kept.mean()),
            f"kept_{number}_low": float(kept.min()),
        }
    names = [f"picture-{index + 1}" for index in range(TOGETHER)]
    assets: dict[str, Frames] = {
        name: sheet(torch.stack([images[index] for images in shown]))
        for index, name in enumerate(names)
    }
    return Result(
        facts=facts,
        data={
            "axis": {"name": "weight", "label": "Diversity", "values": weights, "unit": ""},
            "choices": [
                {
                    "name": name,
                    "label": f"Picture {index + 1}",
                    "frames": name,
                    "original": None,
                }
                for index, name in enumerate(names)
            ],
            "together": True,
            "start": {"axis": len(weights) - 1, "choice": 0},
            "curve": {
                "table": "pictures",
                "x": "weight",
                "y": names,
                "label": "Activation, of the mean without the term",
                "log": False,
            },
        },
        tables={
            "pictures": {
                "weight": weights,
                **{
                    name: [float(values[index] / base[index]) for values in plain]
                    for index, name in enumerate(names)
                },
            }
        },
        assets=assets,
    )
