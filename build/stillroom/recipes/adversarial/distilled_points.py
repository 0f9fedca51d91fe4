"""Random labels of points in a square, passed on by adversarial examples alone.

After Figure 2 of E. Wallace, "Learning from Incorrectly Labeled Data" (Distill 2019,
doi:10.23915/distill.00019.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from stillroom.media.kinds import Frames
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial import plane
from stillroom.recipes.adversarial.attack import Model, Pgd, aim
from stillroom.recipes.adversarial.shared import at, columns, row, spread
from stillroom.recipes.value.network import initial, value

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
    everyone = torch.ones_like(labels, dtype=torch.bool)
    teachers = _fit(starts[0], points, labels, everyone, steps=steps, rate=rate)
    right = (_logit(teachers, points) > 0) == (labels == 1)
    facts: dict[str, float | int] = {"seeds": seeds, "points": count}
    facts |= spread("fitted", right.double().mean(1).tolist())
    attack = Pgd(norm="Linf", steps=walk)
    rows: list[dict[str, Any]] = []
    shown: dict[str, list[Tensor]] = {panel: [] for panel in PANELS}
    own, given = points[0], labels[0]
    for radius in run.steps(radii, note="radii"):
        found = [
            attack(_model(teachers, seed), points[seed], 1 - labels[seed], radius, targeted=True)
            for seed in range(seeds)
        ]
        flipped = torch.stack([each.success for each in found])
        places = torch.stack([each.images for each in found])
        students = _fit(starts[1], places, 1 - labels, flipped, steps=steps, rate=rate)
        score = ((_logit(students, points) > 0) == (labels == 1)).double().mean(1)
        facts |= spread(at("score", radius), score.tolist())
        facts |= spread(at("flipped", radius), flipped.double().mean(1).tolist())
        facts[at("above_chance", radius)] = int((score > 0.5).sum())
        rows.append(row({"radius": radius}, score.tolist()))
        said, won = (_logit(students, points) > 0)[0] == (given == 1), flipped[0]
        goal = aim(_model(teachers, 0), 1 - given, targeted=True)
        walked = _until(attack.path(goal, own, radius).images, places[0])
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


def _logit(weights: Mapping[str, Tensor], points: Tensor) -> Tensor:
    """Logits of label 1 of a batch of networks, ``[n, s, 2]`` to ``[n, s]``."""
    return value(weights, 2 * points - 1)


def _model(weights: Mapping[str, Tensor], seed: int) -> Model:
    """One network of the batch, from points ``[s, 2]`` to logits ``[s, 2]``."""
    own = {name: each[seed : seed + 1] for name, each in weights.items()}

    def say(points: Tensor) -> Tensor:
        logit = _logit(own, points)[0]
        return torch.stack([-logit, logit], 1) / 2

    return say


def _fit(
    start: Mapping[str, Tensor],
    points: Tensor,
    labels: Tensor,
    counted: Tensor,
    *,
    steps: int,
    rate: float,
) -> dict[str, Tensor]:
    """Train a batch of networks on the points that count, bool ``[n, s]``, all at once."""
    weights = {name: each.clone().requires_grad_() for name, each in start.items()}
    optimiser = torch.optim.Adam(weights.values(), lr=rate)
    share = counted / counted.sum(1, keepdim=True).clamp_min(1)
    for _ in range(steps):
        optimiser.zero_grad()
        lost = functional.binary_cross_entropy_with_logits(
            _logit(weights, points), labels.float(), reduction="none"
        )
        torch.autograd.backward((lost * share).sum())
        optimiser.step()
    return {name: each.detach() for name, each in weights.items()}


def _until(walked: Tensor, ends: Tensor) -> Tensor:
    """Ways ``[w + 1, s, 2]`` that stay at ``ends[s, 2]`` once they are there.

    An attack keeps the best place of its way, which need not be the last.
    """
    last = (walked - ends).abs().amax(-1).argmin(0)
    step = torch.arange(len(walked), device=walked.device)[:, None].minimum(last)
    return walked.gather(0, step[..., None].expand_as(walked))


def _map(weights: Mapping[str, Tensor]) -> Tensor:
    """What the first network says in the square, coloured ``[SIDE, SIDE, 3]``."""
    own = {name: each[:1] for name, each in weights.items()}
    return plane.tint(_logit(own, plane.grid().to(own["W1"].device)).sigmoid())
