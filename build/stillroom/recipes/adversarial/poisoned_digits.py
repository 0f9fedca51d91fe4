"""Digits changed a little and labelled right, which teach a network to read wrong.

After P. Nakkiran, "Adversarial Examples are Just Bugs, Too" (Distill 2019,
doi:10.23915/distill.00019.5).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stillroom.media.kinds import Chart
from stillroom.models.digits import CLASSES, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.norms import Norm
from stillroom.recipes.adversarial.relabelled import shifted
from stillroom.recipes.adversarial.shared import (
    at,
    columns,
    digit_scale,
    learn,
    lines,
    row,
    spread,
    trained,
)
from stillroom.recipes.adversarial.training import Training, accuracy

RADII = [0.8, 1.0, 1.2, 1.6]
LABELS = {"true": "says the true class", "before": "says the class before it"}


@recipe(
    view="chart",
    draft={"radii": [1.6], "epochs": 8, "steps": 10},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def poisoned_digits(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    radii: Annotated[list[float], Field(min_length=1)] = RADII,
    norm: Norm = "L2",
    steps: Annotated[int, Field(ge=1)] = 20,
    epochs: Annotated[int, Field(ge=1)] = 12,
) -> Result:
    """Train on digits driven toward the class after their own, and labelled with their own.

    Every label is right. What the attack adds of the next class now stands for this one, so that a
    clean digit, which holds what stands for its own class, is taken for the class before it.

    Args:
        run: gives the device and the random numbers.
        nets: each seed's standard network is the one attacked.
        radii: of the attack.
        norm: of the attack.
        steps: of the attack.
        epochs: of the students.

    Returns:
        Chart ``poison``, table ``poison``: ``radius``, ``student``, ``mean`` over seeds with their
        range. Facts, with ``_low`` and ``_high`` for the range: ``true_at_<radius>`` and
        ``before_at_<radius>``, how often clean test digits are taken for their class, and for the
        one before it; ``success_at_<radius>`` of the attack; ``seeds``; ``median_norm``,
        ``median_other`` and ``min_other`` as in ``digit-nets``.
    """
    training, test = digits()
    standard = trained(run, nets)["standard"]
    images, labels = training.images.to(run.device), training.labels.to(run.device)
    unseen, wanted = test.images.to(run.device), test.labels.to(run.device)
    targets, before = shifted(labels, CLASSES), shifted(wanted, CLASSES, -1)
    attack = Pgd(norm=norm, steps=steps)
    measured: dict[tuple[str, float], list[float]] = {}
    jobs = [(radius, seed) for radius in radii for seed in range(len(standard))]
    for radius, seed in run.steps(jobs, note="data sets"):
        found = attack(standard[seed], images, targets, radius, targeted=True)
        student = learn(
            run,
            nets.data["kind"],
            found.images,
            labels,
            Training(epochs=epochs),
            "poisoned-digits",
            f"{radius:g}",
            seed,
        )
        scores = {
            "success": float(found.success.double().mean()),
            "true": accuracy(student, unseen, wanted),
            "before": accuracy(student, unseen, before),
        }
        for name, score in scores.items():
            measured.setdefault((name, radius), []).append(score)
    facts: dict[str, float | int] = {"seeds": len(standard), **digit_scale(test, training)}
    for (name, radius), values in measured.items():
        facts |= spread(at(name, radius), values)
    rows = [
        row({"radius": radius, "student": label}, measured[name, radius])
        for name, label in LABELS.items()
        for radius in radii
    ]
    chart = lines(
        rows,
        x="radius",
        x_title=f"Radius of the attack ({'L2' if norm == 'L2' else 'L∞'})",
        y_title="Clean test digits",
        series="student",
    )
    return Result(facts=facts, tables={"poison": columns(rows)}, assets={"poison": Chart(chart)})
