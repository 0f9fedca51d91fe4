"""What to optimise: one neuron, one channel, a whole layer, a direction, a logit, a probability.

The menu is that of C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization" (Distill 2017);
logits and probabilities of classes go back to K. Simonyan, A. Vedaldi and A. Zisserman, "Deep
Inside Convolutional Networks" (2013), single units to D. Erhan and others, "Visualizing
Higher-Layer Features of a Deep Network" (2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.drawing import Drawn, draw, share_of
from stillroom.recipes.features.objective import (
    Objective,
    channel,
    direction,
    energy,
    logit,
    neuron,
    probability,
)
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.reading import activations
from stillroom.recipes.features.sheets import sheet
from stillroom.recipes.features.spectrum import fine_share

LABELS = {
    "neuron": "neuron",
    "channel": "channel",
    "layer": "layer",
    "direction": "random direction",
    "logit": "logit",
    "probability": "probability",
}


@recipe(
    view="picture-matrix",
    draft={"seeds": 1, "steps": 4, "size": 64},
    cost="minutes",
    packages=["torch", WHEEL],
)
def objective_menu(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    layer: str = "block9.expand.linear",
    unit: Annotated[int, Field(ge=0)] = 84,
    name: str = "tabby",
    seeds: Annotated[int, Field(ge=1)] = 3,
    steps: Annotated[int, Field(ge=1)] = 96,
    size: Annotated[int, Field(ge=32)] = 128,
) -> Result:
    """Draw one unit, its layer, a random direction of that layer, and a class, from several starts.

    Args:
        run: gives the random numbers.
        model: a network; the control is an untrained copy with the same random numbers.
        layer: a layer.
        unit: its channel; the neuron is the one in the middle.
        name: of a class.
        seeds: starts, one a row.
        steps: of Adam.
        size: pixels a side.

    Returns:
        Frames ``pictures`` and ``control``: a row for each seed, a column for each objective of
        `LABELS`; table ``pictures``: ``plain`` (the objective for the picture as it is), ``moved``
        (averaged over random transforms), ``fine`` (share of energy above 1/4 cycle a pixel), and
        the same of the control. Facts, means over seeds: ``<objective>_plain``,
        ``<objective>_moved``, ``<objective>_fine``; ``<objective>_kept``, moved over plain; for
        the control, ``control_<objective>_…``; ``seeds``.

    Raises:
        ModelError: no such network or class.
    """
    trained = load_model(model).to(run.device)
    untrained = load_model(model, pretrained=False, seed=run.seed).to(run.device)
    menu = objectives(trained, layer, unit, name, run.generator("direction"))
    facts: dict[str, float | int | str] = {"seeds": seeds, "unit": unit, "name": name}
    sheets: dict[str, Tensor] = {}
    table: dict[str, list[float]] = {}
    for half, (prefix, net) in enumerate({"": trained, "control_": untrained}.items()):
        drawn = _draw_all(
            run, net, menu, seeds=seeds, steps=steps, size=size, prefix=prefix, half=half
        )
        columns = {
            "plain": torch.stack([each.plain for each in drawn.values()], 1),
            "moved": torch.stack([each.moved for each in drawn.values()], 1),
            "fine": torch.stack([fine_share(each.image) for each in drawn.values()], 1),
        }
        for key, values in columns.items():
            table[f"{prefix}{key}"] = values.flatten().tolist()
            for objective, mean in zip(menu, values.mean(0).tolist(), strict=True):
                facts[f"{prefix}{objective}_{key}"] = mean
        for objective in menu:
            plain = float(facts[f"{prefix}{objective}_plain"])
            facts[f"{prefix}{objective}_kept"] = (
                float(facts[f"{prefix}{objective}_moved"]) / plain if plain else 0.0
            )
        images = torch.stack([each.image for each in drawn.values()], 1)  # [seeds, objectives, …]
        sheets["control" if prefix else "pictures"] = images.flatten(0, 1)
    return Result(
        facts=facts,
        data={
            "rows": {"name": "start", "label": "Start", "values": list(range(1, seeds + 1))},
            "columns": {
                "name": "objective",
                "label": "Objective",
                "values": list(LABELS.values()),
            },
            "numbers": [
                {"name": "plain", "label": "Objective, as it is", "control": "control_plain"},
                {"name": "moved", "label": "Objective, moved", "control": "control_moved"},
                {"name": "fine", "label": "Share of fine waves", "control": "control_fine"},
            ],
            "frames": "pictures",
            "control": "control",
            "labels": ["Trained", "Untrained copy"],
            "table": "pictures",
            "start": {"row": 0, "column": 1},
        },
        tables={"pictures": table},
        assets={key: sheet(images) for key, images in sheets.items()},
    )


def objectives(
    net: Vision, layer: str, unit: int, name: str, generator: torch.Generator
) -> Mapping[str, Objective]:
    """The objectives of `LABELS`; `generator` draws the direction."""
    width = activations(net, torch.zeros(1, 3, 64, 64), [layer])[layer].shape[1]
    index = net.class_index(name)
    return {
        "neuron": neuron(layer, unit),
        "channel": channel(layer, unit),
        "layer": energy(layer),
        "direction": direction(layer, torch.randn(width, generator=generator)),
        "logit": logit(index),
        "probability": probability(index),
    }


def _draw_all(
    run: Run,
    net: Vision,
    menu: Mapping[str, Objective],
    *,
    seeds: int,
    steps: int,
    size: int,
    prefix: str,
    half: int,
) -> dict[str, Drawn]:
    """Draw each objective from the same starts."""
    return {
        name: draw(
            run,
            net,
            objective,
            fourier(seeds, size, run.generator("start")),
            name=f"{prefix}{name}",
            steps=steps,
            share=share_of(half * len(menu) + number, 2 * len(menu)),
        )
        for number, (name, objective) in enumerate(menu.items())
    }
