"""Random labels of points in a square, passed on by adversarial examples alone.

After Figure 2 of E. Wallace, "Learning from Incorrectly Labeled Data" (Distill 2019,
doi:10.23915/distill.00019.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import altair as alt
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from stillroom.media import theme
from stillroom.media.kinds import Chart, Packed
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial.attack import Model, Pgd, aim
from stillroom.recipes.adversarial.shared import at, columns, row, spread
from stillroom.recipes.value.network import initial, value

RADII = [0.04, 0.08, 0.12, 0.16, 0.2]
GRID = 48  # cells a side of a decision map
HIDDEN = 64


@recipe(view="chart", draft={"seeds": 6, "radii": [0.12], "steps": 500}, packages=["torch"])
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
        Chart ``scores``, table ``scores``: ``radius``, ``mean`` over seeds, ``low``, ``high``, the
        share of first labels that the student gives. Tables of the first seed: ``points`` (``x``,
        ``y``, ``label``) and ``moved`` (``radius``, ``point``, ``x``, ``y``, ``flipped``); `Packed`
        ``teacher[48, 48]`` and ``students[radii, 48, 48]``: logits of label 1, by row (y, from 0)
        and column (x). `Packed` ``paths[radii, walk + 1, points, 2]``. Facts, with ``_low`` and
        ``_high`` for the range over seeds: ``fitted``, the share of labels the first network
        learns; ``flipped_at_<radius>`` and ``score_at_<radius>``, shares of points;
        ``above_chance_at_<radius>``, the number of seeds with a score above 0.5; ``seeds``,
        ``points``.
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
    rows, moved, maps, paths = [], [], [], []
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
        moved += [
            {
                "radius": radius,
                "point": number,
                "x": float(places[0, number, 0]),
                "y": float(places[0, number, 1]),
                "flipped": bool(flipped[0, number]),
            }
            for number in range(count)
        ]
        maps.append(_map(students))
        goal = aim(_model(teachers, 0), 1 - labels[0], targeted=True)
        paths.append(attack.path(goal, points[0], radius).images)
    return Result(
        facts=facts,
        data={"radii": radii},
        tables={
            "scores": columns(rows),
            "points": {
                "x": points[0, :, 0].tolist(),
                "y": points[0, :, 1].tolist(),
                "label": labels[0].tolist(),
            },
            "moved": columns(moved),
        },
        assets={
            "scores": Chart(_chart(rows)),
            "teacher": Packed(_map(teachers).cpu()),
            "students": Packed(torch.stack(maps).cpu()),
            "paths": Packed(torch.stack(paths).cpu()),
        },
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


def _map(weights: Mapping[str, Tensor]) -> Tensor:
    """Logits of the first network in the middle of each cell of the square, ``[GRID, GRID]``."""
    own = {name: each[:1] for name, each in weights.items()}
    middle = (torch.arange(GRID, device=own["W1"].device) + 0.5) / GRID
    y, x = torch.meshgrid(middle, middle, indexing="ij")
    return _logit(own, torch.stack([x, y], -1).reshape(1, -1, 2)).reshape(GRID, GRID)


def _chart(rows: list[dict[str, Any]]) -> alt.LayerChart | alt.FacetChart:
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("radius:Q", title="Radius of the attack (L∞)")
    )
    y = alt.Y("low:Q", title="First labels given", scale=alt.Scale(domain=[0, 1])).axis(format="%")
    band = base.mark_area(opacity=0.2).encode(y=y, y2="high:Q")
    line = base.mark_line(point=True).encode(y="mean:Q")
    guess = (
        alt.Chart({"values": [{"guess": 0.5}]})
        .mark_rule(strokeDash=[5, 4], color=theme.MUTED)
        .encode(y="guess:Q")
    )
    return alt.layer(guess, band, line).properties(width="container", height=260)
