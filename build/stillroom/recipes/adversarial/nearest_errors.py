"""How far the nearest errors are: distances found by bisection, and certified where they can be."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field

from stillroom.media.kinds import Chart
from stillroom.models.digits import CLASSES, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Model, Pgd
from stillroom.recipes.adversarial.evaluation import certified, nearest, surviving
from stillroom.recipes.adversarial.leakage import Linear, fit
from stillroom.recipes.adversarial.norms import Norm
from stillroom.recipes.adversarial.shared import (
    ARMS,
    columns,
    digit_scale,
    lines,
    row,
    spread,
    trained,
)

LINEAR = {"linear": "linear", "robust_linear": "linear, robust"}
POINTS = 41  # of the curves


@recipe(
    view="chart",
    draft={"tested": 60, "steps": 8, "rounds": 4},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def nearest_errors(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    norm: Norm = "L2",
    limit: Annotated[float, Field(gt=0)] = 3.0,
    steps: Annotated[int, Field(ge=1)] = 20,
    rounds: Annotated[int, Field(ge=1, le=30)] = 8,
    linear_radius: Annotated[float, Field(gt=0)] = 0.3,
    tested: Annotated[int, Field(ge=2, le=500)] = 500,
) -> Result:
    """Find for each digit the smallest change that makes a network err.

    Distances found by attacks are upper bounds. For the linear classifiers, one fitted as usual
    and one for the worst case, the distance of the nearest error is known: the margin over the dual
    norm of the difference of weights. It is a lower bound where pixels have bounds.

    Args:
        run: gives the device.
        nets: networks trained in several ways.
        norm: of the change.
        limit: the largest distance.
        steps: of each attack.
        rounds: of bisection.
        linear_radius: in `norm`, for which the robust linear classifier is fitted.
        tested: test digits.

    Returns:
        Chart ``curve``, table ``curve``: ``network``, ``radius``, and the share of digits whose
        nearest error is further, ``mean`` over seeds with their range. Table ``linear``: for each
        linear classifier and digit ``certified`` and ``found``. Facts, with ``_low`` and ``_high``
        for the range over seeds: ``median_<arm>``. Facts of linear classifiers, ``linear`` and
        ``robust_linear``: ``median_<name>``, ``median_certified_<name>``, and
        ``least_slack_<name>``, by how much what was found exceeds what is certified, at least.
        ``median_norm``, ``median_other`` and ``min_other`` as in ``digit-nets``.
    """
    training, test = digits()
    images, labels = test.images[:tested].to(run.device), test.labels[:tested].to(run.device)
    attack = Pgd(norm=norm, steps=steps, stop=True, loss="margin")
    radii = torch.linspace(0, limit, POINTS).tolist()

    def measure(model: Model) -> torch.Tensor:
        found, _ = nearest(model, images, labels, attack=attack, limit=limit, rounds=rounds)
        return found.cpu()

    groups = trained(run, nets)
    facts: dict[str, float | int] = {"tested": tested, **digit_scale(test, training)}
    curves: dict[str, list[list[float]]] = {}
    jobs = [(arm, seed) for arm in ARMS for seed in range(len(groups[arm]))]
    medians: dict[str, list[float]] = {arm: [] for arm in ARMS}
    for arm, seed in run.steps(jobs, note="networks"):
        found = measure(groups[arm][seed])
        curves.setdefault(ARMS[arm], []).append(surviving(found, radii).tolist())
        medians[arm].append(float(found.median()))
    for arm, values in medians.items():
        facts |= spread(f"median_{arm}", values)
    cases = []
    for name, radius in {"linear": 0.0, "robust_linear": linear_radius}.items():
        model = fit(training.images, training.labels, classes=CLASSES, radius=radius, norm=norm)
        found = measure(_moved(model, run.device))
        sure = certified(model.weights, model.bias, test.images, test.labels, norm)[:tested]
        right = sure > 0
        curves[LINEAR[name]] = [surviving(found, radii).tolist()]
        facts[f"median_{name}"] = float(found.median())
        facts[f"median_certified_{name}"] = float(sure.clamp_min(0).median())
        facts[f"least_slack_{name}"] = float((found - sure)[right].min())
        cases += [
            {"classifier": LINEAR[name], "certified": low, "found": min(high, limit)}
            for low, high in zip(sure[right].tolist(), found[right].tolist(), strict=True)
        ]
    rows = [
        row({"network": name, "radius": radius}, [curve[index] for curve in group])
        for name, group in curves.items()
        for index, radius in enumerate(radii)
    ]
    chart = lines(
        rows,
        x="radius",
        x_title=f"Distance ({'L2' if norm == 'L2' else 'L∞'})",
        y_title="Digits with no error found so near",
        series="network",
        guess=False,
    )
    return Result(
        facts=facts,
        tables={"curve": columns(rows), "linear": columns(cases)},
        assets={"curve": Chart(chart)},
    )


def _moved(model: Linear, device: torch.device) -> Linear:
    return Linear(model.weights.to(device), model.bias.to(device))
