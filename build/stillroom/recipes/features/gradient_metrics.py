"""One gradient, read in four metrics: what steepest ascent is depends on how a step is measured.

The direction in which a function rises fastest is the gradient only where a step's length is the
root of the sum of squares of pixels. If its length is the largest change of a pixel, it is the sign
of the gradient; if lengths are measured in the coefficients of waves, it is the gradient with its
fine waves turned down (C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization", Distill
2017).
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.channel_pictures import spread
from stillroom.recipes.features.colour import MEASURED, PLAIN, Matrix
from stillroom.recipes.features.loop import Climber, measure
from stillroom.recipes.features.objective import Objective, channel
from stillroom.recipes.features.parameterization import fourier, noise
from stillroom.recipes.features.sheets import sheet
from stillroom.recipes.features.spectrum import fine_share

METRICS = {
    "square": "sum of squares",
    "largest": "largest change",
    "waves": "waves",
    "decorrelated": "waves, colours",
}
LENGTH = 1.5  # of a step: root of the sum of squares of all pixels' changes, for 128 pixels a side
CONTRAST = 0.15  # standard deviation of a direction as it is shown


@recipe(
    view="picture-matrix",
    draft={"units": 2, "marks": [1, 3], "size": 64},
    cost="minutes",
    packages=["torch", WHEEL],
)
def gradient_metrics(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    layer: str = "block9.expand.linear",
    units: Annotated[int, Field(ge=1)] = 6,
    marks: Annotated[list[int], Field(min_length=1)] = [1, 8, 48],  # noqa: B006 - never changed
    size: Annotated[int, Field(ge=32)] = 96,
) -> Result:
    """Follow one gradient from one faint noise by steps that are equally long in pixels.

    Args:
        run: gives the random numbers.
        model: a network.
        layer: a layer.
        units: how many of its channels, evenly spread; the second is shown.
        marks: after how many steps to look.
        size: pixels a side.

    Returns:
        Frames ``pictures``: the first direction about grey, then the picture after each mark, for
        each of `METRICS`; table ``pictures`` with ``plain`` (the channel's mean, of a direction
        what the first step adds) and ``fine`` of what is shown. Facts, means over units:
        ``<metric>_fine`` (of the first direction), ``<metric>_gain`` (what the first step adds),
        ``<metric>_end`` (the channel's mean after all steps), ``<metric>_end_fine``; ``units``,
        ``steps``.
    """
    net = load_model(model).to(run.device)
    chosen = spread(net, layer, units)
    wanted = channel(layer, chosen)
    start = 0.5 + 0.1 * (noise(units, size, run.generator("start")) - 0.5)
    before = measure(net, wanted, start)
    length = LENGTH * size / 128
    shown = min(1, units - 1)
    facts: dict[str, float | int] = {"units": units, "steps": max(marks)}
    pictures: dict[tuple[int, str], Tensor] = {}
    plain: dict[tuple[int, str], float] = {}
    fine: dict[tuple[int, str], float] = {}
    for number, metric in enumerate(METRICS):
        image = start
        for step in range(1, max(marks) + 1):
            way = direction(metric, gradient_of(net, wanted, image), image)
            image = (image + length * unit_length(way)).clamp(0, 1)
            if step == 1:
                gained = measure(net, wanted, image) - before
                facts[f"{metric}_fine"] = float(fine_share(way).mean())
                facts[f"{metric}_gain"] = float(gained.mean())
                visible = 0.5 + CONTRAST * way / way.std((1, 2, 3), keepdim=True)
                pictures[0, metric] = visible[shown].clamp(0, 1)
                plain[0, metric] = float(gained[shown])
                fine[0, metric] = float(fine_share(way)[shown])
            if step in marks:
                place = 1 + marks.index(step), metric
                value = measure(net, wanted, image)
                pictures[place] = image[shown]
                plain[place] = float(value[shown])
                fine[place] = float(fine_share(image)[shown])
                facts |= {
                    f"{metric}_end": float(value.mean()),
                    f"{metric}_end_fine": float(fine_share(image).mean()),
                }
            run.progress(number + step / max(marks), len(METRICS), "metrics")
    order = [(row, metric) for row in range(len(marks) + 1) for metric in METRICS]
    return Result(
        facts=facts,
        data={
            "rows": {
                "name": "steps",
                "label": "After",
                "values": ["the direction", *(_steps(mark) for mark in marks)],
            },
            "columns": {
                "name": "metric",
                "label": "A step is measured by",
                "values": list(METRICS.values()),
            },
            "numbers": [
                {"name": "fine", "label": "Share of fine waves"},
                {"name": "plain", "label": "Activation (of the direction: gained by one step)"},
            ],
            "frames": "pictures",
            "table": "pictures",
            "start": {"row": 0, "column": 0},
        },
        tables={
            "pictures": {
                "plain": [plain[each] for each in order],
                "fine": [fine[each] for each in order],
            }
        },
        assets={"pictures": sheet(torch.stack([pictures[each] for each in order]), size)},
    )


def gradient_of(net: Vision, objective: Objective, image: Tensor) -> Tensor:
    """The gradient of each picture's objective to its pixels, ``[b, 3, h, w]``."""
    _, slope = Climber(net, objective).look(image.to(net.mean.device), torch.Generator())
    if slope is None:
        raise ValueError("expected a gradient")
    return slope.cpu()


def direction(metric: str, gradient: Tensor, image: Tensor) -> Tensor:
    """The direction of steepest ascent in a metric of `METRICS`, of any length.

    With coordinates z of the picture x = draw(z), a step of dx = J dz that is shortest in z for
    what it gains goes along J Jᵀ g, where J is the Jacobian of draw and g the gradient.
    """
    if metric == "square":
        return gradient
    if metric == "largest":
        return gradient.sign()
    colour: Matrix = MEASURED if metric == "decorrelated" else PLAIN
    drawn = fourier(len(image), image.shape[-1], torch.Generator(), colour=colour, start=image)
    waves = drawn.tensors["waves"].requires_grad_()
    x = drawn.draw({"waves": waves})
    probe = torch.zeros_like(x).requires_grad_()
    # Jᵀ probe is linear in the probe, so its derivative along v is J v.
    (pulled,) = torch.autograd.grad(x, waves, probe, create_graph=True)
    (along,) = torch.autograd.grad(x, waves, gradient, retain_graph=True)
    (way,) = torch.autograd.grad(pulled, probe, along)
    return way


def unit_length(way: Tensor) -> Tensor:
    """Scaled so that the sum of squares of each picture is 1."""
    scaled: Tensor = way / way.flatten(1).norm(dim=1)[:, None, None, None].clamp(min=1e-12)
    return scaled


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"
