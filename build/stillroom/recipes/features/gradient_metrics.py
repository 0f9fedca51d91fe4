"""One gradient, read in four metrics: what steepest ascent is depends on how a step is measured.

The direction in which a function rises fastest is the gradient only where a step's length is the
root of the sum of squares of pixels. If its length is the largest change of a pixel, it is the sign
of the gradient; if lengths are measured in the coefficients of waves, it is the gradient with its
fine waves turned down (C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization", Distill
2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.channel_pictures import spread
from stillroom.recipes.features.colour import MEASURED, PLAIN, Matrix
from stillroom.recipes.features.drawing import LOOKS
from stillroom.recipes.features.loop import measure
from stillroom.recipes.features.objective import Objective, channel
from stillroom.recipes.features.parameterization import fourier, noise
from stillroom.recipes.features.reading import gradient
from stillroom.recipes.features.sheets import sheet
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.transform import STANDARD

METRICS = {
    "square": "sum of squares",
    "largest": "largest change",
    "waves": "waves",
    "decorrelated": "waves, colours",
}
LENGTH = 1.5  # of a step: root of the sum of squares of all pixels' changes, for 128 pixels a side
CONTRAST = 0.15  # standard deviation of a direction as it is shown


@dataclass(frozen=True, slots=True)
class Look:
    """A direction, or the pictures after some steps along it.

    Attributes:
        image: ``[b, 3, h, w]`` in [0, 1]; a direction is shown about grey.
        plain: the channel's mean over each picture; of a direction what one step gains, ``[b]``.
        moved: the same, averaged over random transforms, ``[b]``.
        fine: the share of energy above 1/4 cycle a pixel, ``[b]``.
    """

    image: Tensor
    plain: Tensor
    moved: Tensor
    fine: Tensor


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
        model: a network; the control is an untrained copy, from the same noise.
        layer: a layer.
        units: how many of its channels, evenly spread; the second is shown.
        marks: after how many steps to look.
        size: pixels a side.

    Returns:
        Frames ``pictures`` and ``control``: the first direction about grey, then the picture after
        each mark, for each of `METRICS`; table ``pictures`` with ``plain`` (the channel's mean, of
        a direction what the first step adds), ``moved`` (the same over random transforms) and
        ``fine`` of what is shown, and the same of the control with ``control_``. Facts, means over
        units: ``<metric>_fine`` (of the first direction), ``<metric>_gain`` (what the first step
        adds), ``<metric>_end`` (the channel's mean after all steps), ``<metric>_end_moved``,
        ``<metric>_end_fine``, and the same with ``control_``; ``units``, ``steps``.
    """
    trained = load_model(model).to(run.device)
    untrained = load_model(model, pretrained=False, seed=run.seed).to(run.device)
    chosen = spread(trained, layer, units)
    start = 0.5 + 0.1 * (noise(units, size, run.generator("start")) - 0.5)
    facts: dict[str, float | int] = {"units": units, "steps": max(marks)}
    table: dict[str, list[float]] = {}
    sheets = {}
    for half, (prefix, net) in enumerate({"": trained, "control_": untrained}.items()):
        rows: list[list[Look]] = [[] for _ in range(len(marks) + 1)]
        for number, metric in enumerate(METRICS):
            looks = follow(run, net, channel(layer, chosen), start, metric=metric, marks=marks)
            for row, look in zip(rows, looks, strict=True):
                row.append(look)
            first, end = looks[0], looks[-1]
            facts |= {
                f"{prefix}{metric}_fine": float(first.fine.mean()),
                f"{prefix}{metric}_gain": float(first.plain.mean()),
                f"{prefix}{metric}_end": float(end.plain.mean()),
                f"{prefix}{metric}_end_moved": float(end.moved.mean()),
                f"{prefix}{metric}_end_fine": float(end.fine.mean()),
            }
            run.progress(half * len(METRICS) + number + 1, 2 * len(METRICS), "metrics")
        shown = min(1, units - 1)
        cells = [look for row in rows for look in row]
        for key in ("plain", "moved", "fine"):
            table[f"{prefix}{key}"] = [float(getattr(look, key)[shown]) for look in cells]
        images = torch.stack([look.image[shown] for look in cells])
        sheets["control" if prefix else "pictures"] = sheet(images, size)
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
                {"name": "fine", "label": "Share of fine waves", "control": "control_fine"},
                {
                    "name": "plain",
                    "label": "Activation (of the direction: gained by one step)",
                    "control": "control_plain",
                },
                {"name": "moved", "label": "The same, moved", "control": "control_moved"},
            ],
            "frames": "pictures",
            "control": "control",
            "labels": ["Trained", "Untrained copy"],
            "table": "pictures",
            "start": {"row": 0, "column": 0},
        },
        tables={"pictures": table},
        assets=sheets,
    )


def follow(
    run: Run, net: Vision, wanted: Objective, start: Tensor, *, metric: str, marks: list[int]
) -> list[Look]:
    """Take steps from `start`: the first direction, then the pictures after each of `marks`."""

    def both(image: Tensor) -> tuple[Tensor, Tensor]:
        looking = run.generator("looks")
        moved = measure(net, wanted, image, STANDARD, samples=LOOKS, generator=looking)
        return measure(net, wanted, image), moved

    image, looks = start, []
    length = LENGTH * start.shape[-1] / 128
    for step in range(1, max(marks) + 1):
        way = direction(metric, gradient(net, wanted, image), image)
        image = (image + length * unit_length(way)).clamp(0, 1)
        if step == 1:
            gained, gained_moved = (
                now - before for now, before in zip(both(image), both(start), strict=True)
            )
            visible = 0.5 + CONTRAST * way / way.std((1, 2, 3), keepdim=True)
            looks.append(Look(visible.clamp(0, 1), gained, gained_moved, fine_share(way)))
        if step in marks:
            looks.append(Look(image, *both(image), fine_share(image)))
    return looks


def direction(metric: str, slope: Tensor, image: Tensor) -> Tensor:
    """The direction of steepest ascent in a metric of `METRICS`, of any length.

    With coordinates z of the picture x = draw(z), a step of dx = J dz that is shortest in z for
    what it gains goes along J Jᵀ g, where J is the Jacobian of draw and g the gradient `slope`.
    """
    if metric == "square":
        return slope
    if metric == "largest":
        return slope.sign()
    colour: Matrix = MEASURED if metric == "decorrelated" else PLAIN
    drawn = fourier(len(image), image.shape[-1], torch.Generator(), colour=colour, start=image)
    waves = drawn.tensors["waves"].requires_grad_()
    x = drawn.draw({"waves": waves})
    probe = torch.zeros_like(x).requires_grad_()
    # Jᵀ probe is linear in the probe, so its derivative along v is J v.
    (pulled,) = torch.autograd.grad(x, waves, probe, create_graph=True)
    (along,) = torch.autograd.grad(x, waves, slope, retain_graph=True)
    (way,) = torch.autograd.grad(pulled, probe, along)
    return way


def unit_length(way: Tensor) -> Tensor:
    """Scaled so that the sum of squares of each picture is 1."""
    scaled: Tensor = way / way.flatten(1).norm(dim=1)[:, None, None, None].clamp(min=1e-12)
    return scaled


def _steps(count: int) -> str:
    return f"{count} step" if count == 1 else f"{count} steps"
