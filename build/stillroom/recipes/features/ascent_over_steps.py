"""One ascent, step by step, in three parameterizations.

The basis in which one optimises is a choice of metric: the same objective, the same starts of the
same size, other pictures (C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization", Distill
2017).
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field

from stillroom.models.vision import WHEEL, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.colour import PLAIN
from stillroom.recipes.features.drawing import LOOKS, share_of
from stillroom.recipes.features.loop import measure, optimise
from stillroom.recipes.features.objective import channel
from stillroom.recipes.features.parameterization import Parameterization, fourier, pixels
from stillroom.recipes.features.sheets import sheet
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.transform import STANDARD

WAYS = {
    "pixels": "Pixels",
    "waves": "Waves",
    "decorrelated": "Waves, decorrelated colours",
    "control": "The same, untrained copy",
}
MARKS = [0, 4, 8, 16, 32, 64, 128, 256]


@recipe(
    view="scrubber",
    draft={"marks": [0, 4, 8], "seeds": 1, "size": 64},
    cost="minutes",
    packages=["torch", WHEEL],
)
def ascent_over_steps(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    layer: str = "block14.expand.linear",
    unit: Annotated[int, Field(ge=0)] = 288,
    marks: Annotated[list[int], Field(min_length=2)] = MARKS,
    seeds: Annotated[int, Field(ge=1)] = 3,
    size: Annotated[int, Field(ge=32)] = 128,
) -> Result:
    """Climb one channel from several starts, and keep the picture after some of the steps.

    Args:
        run: gives the random numbers.
        model: a network; the control is an untrained copy.
        layer: a layer.
        unit: its channel.
        marks: the steps to keep, ascending, from 0.
        seeds: starts; the first is shown, the curves are means.
        size: pixels a side.

    Returns:
        For each of `WAYS` a `Frames` with one frame a mark; table ``curve``: ``step``, and for each
        way the channel's mean over the picture as it is, over seeds, and ``<way>-moved``, the same
        over random transforms; table ``fine``: the same for the share of energy above 1/4 cycle a
        pixel. Facts: ``<way>_plain`` with its ``<way>_plain_low`` and ``_high``, the extremes over
        seeds, ``<way>_moved``, ``<way>_fine``, all at the last mark; ``<way>_late``, what the
        second half of the steps added, as a share of the end; ``steps``, ``seeds``.
    """
    trained = load_model(model).to(run.device)
    untrained = load_model(model, pretrained=False, seed=run.seed).to(run.device)
    wanted = channel(layer, unit)
    curve: dict[str, list[float]] = {"step": [float(mark) for mark in marks]}
    fine: dict[str, list[float]] = {"step": [float(mark) for mark in marks]}
    facts: dict[str, float | int] = {"steps": marks[-1], "seeds": seeds}
    assets = {}
    for number, way in enumerate(WAYS):
        net = untrained if way == "control" else trained
        states = optimise(
            net,
            wanted,
            _start(run, way, seeds, size),
            STANDARD,
            steps=marks[-1],
            generator=run.generator("transforms"),
            frames=marks,
            run=run,
            part=way,
            share=share_of(number, len(WAYS)),
        )
        images = [state.image for state in states if state.image is not None]
        plain = torch.stack([measure(net, wanted, image) for image in images])  # [marks, seeds]
        looking = run.generator("looks")
        moved = [
            measure(net, wanted, image, STANDARD, samples=LOOKS, generator=looking)
            for image in images
        ]
        curve[way] = plain.mean(1).tolist()
        curve[f"{way}-moved"] = torch.stack(moved).mean(1).tolist()
        fine[way] = [float(fine_share(image).mean()) for image in images]
        half = min(range(len(marks)), key=lambda index: abs(marks[index] - marks[-1] / 2))
        facts |= {
            f"{way}_plain": curve[way][-1],
            f"{way}_plain_low": float(plain[-1].min()),
            f"{way}_plain_high": float(plain[-1].max()),
            f"{way}_moved": curve[f"{way}-moved"][-1],
            f"{way}_fine": fine[way][-1],
            f"{way}_late": 1 - curve[way][half] / curve[way][-1],
        }
        assets[way] = sheet(torch.cat([image[:1] for image in images]), size)
    return Result(
        facts=facts,
        data={
            "axis": {"name": "step", "label": "Steps", "values": marks, "unit": ""},
            "choices": [
                {"name": way, "label": label, "frames": way, "original": None}
                for way, label in WAYS.items()
            ],
            "together": True,
            "start": {"axis": len(marks) - 1, "choice": 0},
            "curve": {
                "table": "curve",
                "x": "step",
                "y": list(WAYS),
                "label": "Mean of the channel",
                "log": False,
                "beside": {"label": "moved", "y": [f"{way}-moved" for way in WAYS]},
            },
        },
        tables={"curve": curve, "fine": fine},
        assets=assets,
    )


def _start(run: Run, way: str, count: int, size: int) -> Parameterization:
    generator = run.generator("start")
    if way == "pixels":
        return pixels(count, size, generator, colour=PLAIN)
    if way == "waves":
        return fourier(count, size, generator, colour=PLAIN)
    return fourier(count, size, generator)
