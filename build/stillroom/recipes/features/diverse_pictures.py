"""Several pictures for one unit that must not look alike: the facets of what it answers to.

The term is the mean cosine between the pictures' Gram matrices, which compare textures wherever
they are (C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization", Distill 2017; facets: A.
Nguyen, J. Yosinski and J. Clune, "Multifaceted Feature Visualization", 2016).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.drawing import draw, share_of
from stillroom.recipes.features.loop import measure
from stillroom.recipes.features.objective import channel, diversity
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.sheets import sheet

TOGETHER = 4  # pictures of a unit
UNITS = [84, 336, 588]
WEIGHTS = [0.0, 1.0, 3.0, 10.0]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of `TOGETHER` pictures for each of u units, n pictures in all, under w weights.

    Attributes:
        image: ``[w, n, 3, size, size]`` in [0, 1].
        plain: the channel's mean over each picture, ``[w, n]``.
        moved: the same, averaged over random transforms, ``[w, n]``.
        alike: the mean cosine of a picture's Gram matrix with the others of its group, ``[w, n]``.
    """

    image: Tensor
    plain: Tensor
    moved: Tensor
    alike: Tensor


@recipe(
    view="picture-matrix",
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
        model: a network; the control is an untrained copy, from the same noise.
        layer: a layer.
        compared: the layer in which pictures are compared.
        units: channels of `layer`; the first is shown, numbers are of all.
        weights: of the term, ascending from 0.
        steps: of Adam.
        size: pixels a side.

    Returns:
        Frames ``pictures`` and ``control``: a row for each weight, a column for each of the four
        pictures; table ``pictures``: ``plain`` (the channel's mean), ``moved`` (averaged over
        random transforms), ``alike`` (the cosine to the other pictures), the same of the control
        with ``control_``, and ``kept``, the channel's mean as a share of the four's without the
        term. Facts, means over units: ``alike_<k>``, the cosine between pictures at weight k, with
        ``alike_<k>_low`` and ``_high``, the extremes over units; ``plain_<k>`` and ``moved_<k>``;
        all of these also with ``control_``; ``kept_<k>``, what a picture reaches as a share of what
        it does without the term, and ``kept_<k>_low``, the least of all pictures; ``units``,
        ``pictures``, ``last`` (the largest k), ``weight`` (the largest).
    """
    trained = load_model(model).to(run.device)
    untrained = load_model(model, pretrained=False, seed=run.seed).to(run.device)
    facts: dict[str, float | int | str] = {
        "units": len(units),
        "pictures": TOGETHER,
        "last": len(weights) - 1,
        "weight": weights[-1],
    }
    table: dict[str, list[float]] = {}
    sheets = {}
    for half, (prefix, net) in enumerate({"": trained, "control_": untrained}.items()):
        groups = draw_groups(
            run,
            net,
            layer,
            units,
            compared=compared,
            weights=weights,
            steps=steps,
            size=size,
            prefix=prefix,
            half=half,
        )
        for key in ("plain", "moved", "alike"):
            values = getattr(groups, key)
            table[f"{prefix}{key}"] = values[:, :TOGETHER].flatten().tolist()
            for number, mean in enumerate(values.mean(1).tolist()):
                facts[f"{prefix}{key}_{number}"] = mean
        for number, values in enumerate(groups.alike.view(len(weights), -1, TOGETHER).mean(2)):
            facts[f"{prefix}alike_{number}_low"] = float(values.min())
            facts[f"{prefix}alike_{number}_high"] = float(values.max())
        if net is trained:
            base = groups.plain[0].view(-1, TOGETHER).mean(1).repeat_interleave(TOGETHER)
            kept = groups.plain / base
            table["kept"] = kept[:, :TOGETHER].flatten().tolist()
            for number, values in enumerate(kept):
                facts[f"kept_{number}"] = float(values.mean())
                facts[f"kept_{number}_low"] = float(values.min())
        sheets["control" if prefix else "pictures"] = sheet(
            groups.image[:, :TOGETHER].flatten(0, 1)
        )
    return Result(
        facts=facts,
        data={
            "rows": {"name": "weight", "label": "Weight of diversity", "values": weights},
            "columns": {
                "name": "picture",
                "label": "Picture",
                "values": list(range(1, TOGETHER + 1)),
            },
            "numbers": [
                {"name": "plain", "label": "Activation, as it is", "control": "control_plain"},
                {"name": "moved", "label": "Activation, moved", "control": "control_moved"},
                {"name": "alike", "label": "Cosine to the others", "control": "control_alike"},
                {"name": "kept", "label": "Activation, of the mean without the term"},
            ],
            "frames": "pictures",
            "control": "control",
            "labels": ["Trained", "Untrained copy"],
            "table": "pictures",
            "start": {"row": len(weights) - 1, "column": 0},
        },
        tables={"pictures": table},
        assets=sheets,
    )


def draw_groups(
    run: Run,
    net: Vision,
    layer: str,
    units: list[int],
    *,
    compared: str,
    weights: list[float],
    steps: int,
    size: int,
    prefix: str,
    half: int,
) -> Groups:
    """Draw the pictures of all units for one network, from the same noise under every weight."""
    groups = [group for group in range(len(units)) for _ in range(TOGETHER)]
    wanted = channel(layer, [units[group] for group in groups])
    different = diversity(compared, groups)
    drawn = [
        draw(
            run,
            net,
            wanted + weight * different if weight else wanted,
            fourier(len(groups), size, run.generator("start")),
            name=f"{prefix}weight-{number}",
            steps=steps,
            measured=wanted,
            share=share_of(half * len(weights) + number, 2 * len(weights)),
        )
        for number, weight in enumerate(weights)
    ]
    return Groups(
        image=torch.stack([each.image for each in drawn]),
        plain=torch.stack([each.plain for each in drawn]),
        moved=torch.stack([each.moved for each in drawn]),
        alike=torch.stack([-measure(net, different, each.image) for each in drawn]),
    )
