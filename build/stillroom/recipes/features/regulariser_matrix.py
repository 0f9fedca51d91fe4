"""Families of regularisers from weak to strong, on pictures whose pixels are optimised.

Penalties on fine detail (A. Mahendran and A. Vedaldi, "Understanding Deep Image Representations by
Inverting Them", CVPR 2015; J. Yosinski and others, "Understanding Neural Networks Through Deep
Visualization", 2015) and random moves (A. Mordvintsev, C. Olah and M. Tyka, "Inceptionism", 2015).
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.colour import PLAIN
from stillroom.recipes.features.drawing import draw
from stillroom.recipes.features.objective import Objective, blur, channel, total_variation
from stillroom.recipes.features.parameterization import Parameterization, pixels
from stillroom.recipes.features.sheets import sheet
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.transform import NONE, Transform

FAMILIES = {
    "variation": "total variation",
    "blur": "blur",
    "jitter": "shift",
    "turn": "turn and scale",
}
# From weak to strong: weights of penalties; pixels; degrees, and factors of size that go with them.
WEIGHTS = {"variation": (3.0, 10.0, 30.0, 100.0), "blur": (30.0, 100.0, 300.0, 1000.0)}
JITTER = (1, 2, 4, 8)
TURN = ((2, 1.02), (5, 1.05), (10, 1.1), (20, 1.2))
STRENGTHS = len(JITTER) + 1  # with none
KEYS = ("plain", "moved", "fine")

Measured = dict[str, Tensor]


@recipe(
    view="picture-matrix",
    draft={"units": [84, 336], "seeds": 1, "steps": 6, "size": 64},
    cost="minutes",
    packages=["torch", WHEEL],
)
def regulariser_matrix(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    layer: str = "block9.expand.linear",
    units: Annotated[list[int], Field(min_length=1)] = [84, 336, 504],  # noqa: B006 - never changed
    seeds: Annotated[int, Field(ge=1)] = 3,
    steps: Annotated[int, Field(ge=1)] = 64,
    size: Annotated[int, Field(ge=32)] = 96,
) -> Result:
    """Draw units under each regulariser in four strengths, and under none.

    Args:
        run: gives the random numbers.
        model: a network; the control is an untrained copy.
        layer: a layer.
        units: its channels; pictures are shown of the first.
        seeds: pictures of each channel, whose numbers are averaged with those of the others.
        steps: of Adam.
        size: pixels a side.

    Returns:
        Frames ``pictures`` and ``control``, a row for each of `FAMILIES`, a column for each
        strength from none; table ``pictures`` with ``plain``, ``moved`` and ``fine`` (share of
        energy above 1/4 cycle a pixel) of what is shown, the same with ``mean_`` over all channels
        and seeds, and with ``control_`` of the untrained copy. Facts: the means,
        ``<family>_<number>_<strength>`` and ``none_<number>``; ``control_none_fine``; ``units``,
        ``seeds``.
    """
    trained = load_model(model).to(run.device)
    untrained = load_model(model, pretrained=False, seed=run.seed).to(run.device)
    sizes = {"steps": steps, "size": size}
    many = [unit for unit in units for _ in range(seeds)]
    numbers = cells(run, trained, layer, many, name="trained", part=(0.0, 0.85), **sizes)
    control = cells(run, untrained, layer, units[:1], name="untrained", part=(0.85, 1.0), **sizes)
    facts: dict[str, float | int] = {"units": len(units), "seeds": seeds}
    order = [(family, strength) for family in FAMILIES for strength in range(STRENGTHS)]
    means = {key: [float(numbers[cell][key].mean()) for cell in order] for key in KEYS}
    for row, (family, strength) in enumerate(order):
        name = f"{family}_{{}}_{strength}" if strength else "none_{}"
        facts |= {name.format(key): values[row] for key, values in means.items()}
    facts["control_none_fine"] = float(control[order[0]]["fine"][0])
    shown = {key: [float(numbers[cell][key][0]) for cell in order] for key in KEYS}
    others = {f"control_{key}": [float(control[cell][key][0]) for cell in order] for key in shown}
    return Result(
        facts=facts,
        data={
            "rows": {"name": "family", "label": "Regulariser", "values": list(FAMILIES.values())},
            "columns": {
                "name": "strength",
                "label": "Strength",
                "values": list(range(STRENGTHS)),
            },
            "numbers": [
                {"name": "fine", "label": "Share of fine waves", "control": "control_fine"},
                {"name": "plain", "label": "Activation, as it is", "control": "control_plain"},
                {"name": "moved", "label": "Activation, moved", "control": "control_moved"},
                {"name": "mean_fine", "label": "Fine waves, mean over all"},
                {"name": "mean_plain", "label": "Activation, mean over all"},
                {"name": "mean_moved", "label": "Activation, moved, mean over all"},
            ],
            "frames": "pictures",
            "control": "control",
            "labels": ["Trained", "Untrained copy"],
            "table": "pictures",
            "start": {"row": 2, "column": STRENGTHS - 1},
        },
        tables={
            "pictures": {
                **shown,
                **{f"mean_{key}": values for key, values in means.items()},
                **others,
            }
        },
        assets={
            "pictures": sheet(torch.stack([numbers[cell]["image"][0] for cell in order])),
            "control": sheet(torch.stack([control[cell]["image"][0] for cell in order])),
        },
    )


def cells(
    run: Run,
    net: Vision,
    layer: str,
    units: list[int],
    *,
    steps: int,
    size: int,
    name: str,
    part: tuple[float, float],
) -> dict[tuple[str, int], Measured]:
    """Draw `units` in each cell: by family and strength image, plain, moved and fine."""
    penalties = [("variation", 0), *((each, k) for each in WEIGHTS for k in range(1, STRENGTHS))]
    moves: list[tuple[str, int, Transform]] = [
        *(("jitter", k, Transform(jitter=shift)) for k, shift in enumerate(JITTER, 1)),
        *(
            ("turn", k, Transform(rotate=angle, scale=grow))
            for k, (angle, grow) in enumerate(TURN, 1)
        ),
    ]
    jobs: list[tuple[list[tuple[str, int]], Objective | None, Transform]] = [
        (penalties, _penalty(penalties, len(units)), NONE),
        *(([(family, strength)], None, move) for family, strength, move in moves),
    ]
    total = sum(len(places) for places, _, _ in jobs)
    found: dict[tuple[str, int], Measured] = {}
    for places, penalty, move in jobs:
        wanted = channel(layer, units * len(places))
        start = part[0] + (part[1] - part[0]) * len(found) / total
        end = part[0] + (part[1] - part[0]) * (len(found) + len(places)) / total
        # The same starts in every cell.
        same = pixels(len(units), size, run.generator("start", name), colour=PLAIN)
        latent = same.tensors["pixels"].repeat(len(places), 1, 1, 1)
        drawn = draw(
            run,
            net,
            wanted if penalty is None else wanted - penalty,
            Parameterization({"pixels": latent}, same.draw),
            move,
            name=f"{name}-{places[-1][0]}-{places[-1][1]}",
            steps=steps,
            measured=wanted,
            share=(start, end),
        )
        fine = fine_share(drawn.image)
        for index, place in enumerate(places):
            rows = slice(index * len(units), (index + 1) * len(units))
            found[place] = {
                "image": drawn.image[rows],
                "plain": drawn.plain[rows],
                "moved": drawn.moved[rows],
                "fine": fine[rows],
            }
    return found | {(family, 0): found["variation", 0] for family in FAMILIES}


def _penalty(places: list[tuple[str, int]], repeats: int) -> Objective:
    """Penalties with the weight of each place, one place after another."""
    weights = {
        each: torch.tensor(
            [
                WEIGHTS[each][strength - 1] if family == each and strength else 0.0
                for family, strength in places
                for _ in range(repeats)
            ]
        )
        for each in WEIGHTS
    }
    return total_variation() * weights["variation"] + blur() * weights["blur"]
