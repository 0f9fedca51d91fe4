"""Two worlds, one network, one attack: in one world it flips bugs, in the other features.

A thought experiment of the authors' reply in "A Discussion of 'Adversarial Examples Are Not Bugs,
They Are Features'" (Distill 2019, doi:10.23915/distill.00019.7), worked out with two numbers in
place of an image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import altair as alt
import torch
from pydantic import Field
from torch import Tensor

from stillroom.media import theme
from stillroom.media.kinds import Chart
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.leakage import Linear, fit
from stillroom.recipes.adversarial.shared import columns, row, spread
from stillroom.recipes.adversarial.training import accuracy

WORLDS = {"bugs": "1: bugs", "features": "2: features"}
ROLES = {"teacher": "network attacked", "student": "student of its attacks"}
FAR = (-1e3, 1e3)  # numbers have no bounds here
SHOWN = 150


@recipe(view="chart", draft={"seeds": 4, "points": 400}, packages=["torch"])
def two_worlds(
    run: Run,
    *,
    seeds: Annotated[int, Field(ge=2)] = 20,
    points: Annotated[int, Field(ge=20)] = 2000,
    weight: Annotated[float, Field(gt=0)] = 10.0,
    spread_wide: Annotated[float, Field(gt=0)] = 1.0,
    faint: Annotated[float, Field(gt=0)] = 0.1,
    spread_faint: Annotated[float, Field(gt=0)] = 0.03,
    radius: Annotated[float, Field(gt=0)] = 0.4,
) -> Result:
    """Attack one classifier in two worlds, and teach students of its attacks.

    A case has a label y of -1 or 1 and two numbers. The wide one is y plus noise of deviation
    `spread_wide`, in both worlds. The faint one is `faint` y plus noise in World 2; in World 1 it
    is such noise about 0 and tells nothing. The classifier is the same in both: it adds the wide
    number and `weight` times the faint one. An attack drives each case toward a label drawn at
    random, and a student, by logistic regression, learns these labels. It is tested on cases that
    nobody touched.

    In World 1 the faint number is a bug: the classifier minds it for nothing. In World 2 it is a
    useful feature that is not robust.

    Args:
        run: gives the random numbers.
        seeds: independent repetitions.
        points: cases of a training set, and as many of a test set.
        weight: of the faint number.
        spread_wide: deviation of the wide number.
        faint: mean of the faint number, of World 2, given the label 1.
        spread_faint: deviation of the faint number.
        radius: L2, of the attack.

    Returns:
        Chart ``scores``, table ``scores``: ``world``, ``network``, ``mean`` over seeds, ``low``,
        ``high``. Table ``points`` of the first seed: ``world``, ``wide``, ``faint``, ``label``,
        ``moved_wide``, ``moved_faint``, ``target``. Facts, with ``_low`` and ``_high`` for the
        range over seeds: ``teacher_<world>`` and ``student_<world>``, accuracies on test cases;
        ``success_<world>`` of the attack; ``leak``, what the attack adds to the mean of the label
        times the wide number, a robust feature, which is 0 before; ``seeds``.
    """
    teacher = Linear(
        torch.tensor([[-1.0, -weight], [1.0, weight]], dtype=torch.float64),
        torch.zeros(2, dtype=torch.float64),
    )
    attack = Pgd(steps=5, bounds=FAR)
    measured: dict[str, list[float]] = {}
    shown: list[dict[str, Any]] = []
    for seed in run.steps(range(seeds), note="seeds"):
        for world, label in WORLDS.items():
            generator = run.generator("two-worlds", world, seed)
            mean = faint if world == "features" else 0.0
            seen, unseen = (
                _cases(points, mean, (spread_wide, spread_faint), generator) for _ in range(2)
            )
            targets = torch.randint(2, (points,), generator=generator)
            found = attack(teacher, seen.x, targets, radius, targeted=True)
            student = fit(found.images, targets, classes=2)
            sign = 2.0 * targets - 1
            scores = {
                f"teacher_{world}": accuracy(teacher, unseen.x, unseen.labels),
                f"student_{world}": accuracy(student, unseen.x, unseen.labels),
                f"success_{world}": float(found.success.double().mean()),
                "leak": float((sign * (found.images - seen.x)[:, 0]).mean()),
            }
            for name, score in scores.items():
                measured.setdefault(name, []).append(score)
            if not seed:
                shown += [
                    {
                        "world": label,
                        "wide": before[0],
                        "faint": before[1],
                        "label": own,
                        "moved_wide": after[0],
                        "moved_faint": after[1],
                        "target": target,
                    }
                    for before, own, after, target in zip(
                        seen.x[:SHOWN].tolist(),
                        seen.labels[:SHOWN].tolist(),
                        found.images[:SHOWN].tolist(),
                        targets[:SHOWN].tolist(),
                        strict=True,
                    )
                ]
    facts: dict[str, float | int] = {"seeds": seeds}
    for name, values in measured.items():
        facts |= spread(name, values)
    rows = [
        row({"world": WORLDS[world], "network": ROLES[role]}, measured[f"{role}_{world}"])
        for world in WORLDS
        for role in ROLES
    ]
    return Result(
        facts=facts,
        tables={"scores": columns(rows), "points": columns(shown)},
        assets={"scores": Chart(_chart(rows))},
    )


@dataclass(frozen=True, slots=True)
class _Cases:
    """``x[n, 2]``, the wide number and the faint one, and ``labels[n]``, 0 or 1."""

    x: Tensor
    labels: Tensor


def _cases(
    count: int, faint: float, deviations: tuple[float, float], generator: torch.Generator
) -> _Cases:
    labels = torch.randint(2, (count,), generator=generator)
    noise = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    means = (2.0 * labels.double() - 1)[:, None] * torch.tensor([1.0, faint], dtype=torch.float64)
    return _Cases(means + noise * torch.tensor(deviations, dtype=torch.float64), labels)


def _chart(rows: list[dict[str, Any]]) -> alt.LayerChart | alt.FacetChart:
    """Draw a dot for each mean, with a rule for the range over seeds."""
    base = alt.Chart({"values": rows}).encode(
        y=alt.Y("world:N", title=None, sort=list(WORLDS.values())),
        yOffset=alt.YOffset("network:N", sort=list(ROLES.values())),
        color=alt.Color(
            "network:N", title=None, sort=list(ROLES.values()), legend=alt.Legend(orient="top")
        ),
    )
    share = alt.Scale(domain=[0, 1])
    x = alt.X("mean:Q", title="Untouched cases told right", scale=share).axis(
        format="%", tickCount=5
    )
    tips = [alt.Tooltip(f"{key}:Q", format=".1%") for key in ("mean", "low", "high")]
    dots = base.mark_point(size=110, opacity=1).encode(x=x, tooltip=["world:N", "network:N", *tips])
    spans = base.mark_rule(strokeWidth=3).encode(x=alt.X("low:Q", scale=share), x2="high:Q")
    guess = (
        alt.Chart({"values": [{"guess": 0.5}]})
        .mark_rule(strokeDash=[5, 4], color=theme.MUTED)
        .encode(x="guess:Q")
    )
    return alt.layer(guess, spans, dots).properties(width="container", height=180)
