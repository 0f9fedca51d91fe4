"""Random labels of points in a square, passed on by adversarial examples alone.

After Figure 2 of E. Wallace, "Learning from Incorrectly Labeled Data" (Distill 2019,
doi:10.23915/distill.00019.6).
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Frames
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial import plane
from stillroom.recipes.adversarial.attack import Pgd, aim
from stillroom.recipes.adversarial.plane_nets import Weights, fit, logit, model, some
from stillroom.recipes.adversarial.shared import at, columns, row, spread
from stillroom.recipes.value.network import initial

RADII = [0.04, 0.08, 0.12, 0.16, 0.2]
HIDDEN = 64
FAINT = 150  # the grey of an attack that failed
PANELS = {
    "first": "First network, its points",
    "taught": "Second network, what it is taught",
    "asked": "Second network, the first points",
}


@recipe(
    view="scrubber",
    draft={"seeds": 6, "radii": [0.08, 0.12], "steps": 500},
    packages=["torch"],
)
def distilled_points(
    run: Run,
    *,
    count: Annotated[int, Field(ge=4, le=200)] = 32,
    radii: Annotated[list[float], Field(min_length=1)] = RADII,
    seeds: Annotated[int, Field(ge=2, le=200)] = 20,
    steps: Annotated[int, Field(ge=1)] = 1500,
    rate: Annotated[float, Field(gt=0)] = 0.01,
    walk: Annotated[int, Field(ge=1)] = 40,
) -> Result:
    """Fit random labels, attack, and teach another network only the points that were flipped.

    A seed has `count` points drawn in the unit square and as many labels drawn by a coin. A network
    of two layers of 64 rectified units learns them. An attack (Linf, from the point itself) moves
    each point to where the network says the other label; the points on which it succeeds are
    relabelled so, and all others are dropped. A new network learns these alone: every label it
    sees is wrong for the point it came from. Then it is asked for the labels of the first points.

    Args:
        run: gives the device and the random numbers.
        count: points.
        radii: of the attack.
        seeds: independent repetitions.
        steps: of Adam, on all points at once.
        rate: of Adam.
        walk: steps of the attack.

    Returns:
        For the first seed the Frames ``first``, ``taught`` and ``asked`` over `radii`: what the
        networks say in the square, blue for 0 and orange for 1, with the points that they were
        taught or are asked for, in the colours of their labels. ``first`` has a frame of the radius
        around each point; ``taught`` the points that were flipped, where the attack left them, with
        the way of each from an open mark where it began, and fainter the ways that flipped nothing;
        ``asked`` a white mark in each point that gets the other label. Table ``scores``:
        ``radius``, ``mean`` over seeds, ``low``, ``high``, the share of first labels that the
        student gives. Facts, with ``_low`` and ``_high`` for the range over seeds: ``fitted``, the
        share of labels the first network learns; ``flipped_at_<radius>`` and
        ``score_at_<radius>``, shares of points; ``above_chance_at_<radius>``, the number of seeds
        with a score above 0.5; ``seeds``, ``points``.
    """
    generator = run.generator("distilled-points")
    points = torch.rand(seeds, count, 2, generator=generator).to(run.device)
    labels = torch.randint(2, (seeds, count), generator=generator).to(run.device)
    starts = [
        {name: each.to(run.device) for name, each in initial(seeds, HIDDEN, generator).items()}
        for _ in range(2)
    ]
    adam = partial(torch.optim.Adam, lr=rate)
    teachers = fit(starts[0], points, labels, adam, steps=steps)
    right = (logit(teachers, points) > 0) == (labels == 1)
    facts: dict[str, float | int] = {"seeds": seeds, "points": count}
    facts |= spread("fitted", right.double().mean(1).tolist())
    attack = Pgd(norm="Linf", steps=walk)
    rows: list[dict[str, Any]] = []
    shown: dict[str, list[Tensor]] = {panel: [] for panel in PANELS}
    own, given = points[0], labels[0]
    for radius in run.steps(radii, note="radii"):
        found = [
            attack(model(teachers, seed), points[seed], 1 - labels[seed], radius, targeted=True)
            for seed in range(seeds)
        ]
        flipped = torch.stack([each.success for each in found])
        places = torch.stack([each.images for each in found])
        students = fit(starts[1], places, 1 - labels, adam, steps=steps, counted=flipped)
        score = ((logit(students, points) > 0) == (labels == 1)).double().mean(1)
        facts |= spread(at("score", radius), score.tolist())
        facts |= spread(at("flipped", radius), flipped.double().mean(1).tolist())
        facts[at("above_chance", radius)] = int((score > 0.5).sum())
        rows.append(row({"radius": radius}, score.tolist()))
        said, won = (logit(students, points) > 0)[0] == (given == 1), flipped[0]
        goal = aim(model(teachers, 0), 1 - given, targeted=True)
        walked = plane.until_best(attack.path(goal, own, radius))
        first, regions = _map(teachers), _map(students)
        taught = plane.ways(plane.ways(regions, walked[:, ~won], ink=FAINT), walked[:, won])
        shown["first"].append(plane.points(plane.frames(first, own, radius), own, given))
        shown["taught"].append(plane.points(taught, places[0][won], 1 - given[won]))
        shown["asked"].append(plane.points(regions, own, given, marked=~said))
    return Result(
        facts=facts,
        data={
            "axis": {"name": "radius", "label": "Radius (L∞)", "values": radii, "unit": ""},
            "choices": [
                {"name": panel, "label": label, "frames": panel, "original": None}
                for panel, label in PANELS.items()
            ],
            "start": {"axis": len(radii) // 2, "choice": 0},
            "together": True,
            "curve": {
                "table": "scores",
                "x": "radius",
                "y": ["mean"],
                "label": "First labels given, mean over repetitions",
                "log": False,
            },
        },
        tables={"scores": columns(rows)},
        assets={panel: Frames(torch.stack(each).cpu()) for panel, each in shown.items()},
    )


def _map(weights: Weights) -> Tensor:
    """What the first network says in the square, coloured ``[SIDE, SIDE, 3]``."""
    places = plane.grid().to(weights["W1"].device)
    return plane.tint(logit(some(weights, slice(1)), places).sigmoid())
