"""How many digits a network still reads when they are attacked, by radius and way of training."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stillroom.media.kinds import Chart
from stillroom.models.digits import digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Loss, Pgd
from stillroom.recipes.adversarial.evaluation import robust, wilson
from stillroom.recipes.adversarial.norms import Norm
from stillroom.recipes.adversarial.shared import (
    ARMS,
    at,
    columns,
    digit_scale,
    lines,
    row,
    spread,
    trained,
)

RADII = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2]


@recipe(
    view="chart",
    draft={"radii": [0.0, 0.6, 1.2], "tested": 200, "steps": 10, "restarts": 1},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def robust_accuracy(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    radii: Annotated[list[float], Field(min_length=2)] = RADII,
    norm: Norm = "L2",
    steps: Annotated[int, Field(ge=1)] = 20,
    restarts: Annotated[int, Field(ge=1)] = 3,
    loss: Loss = "margin",
    tested: Annotated[int, Field(ge=1, le=500)] = 500,
) -> Result:
    """Measure accuracy under attack by projected gradient ascent.

    An attack is only an attack: the accuracy under the best one there is is at most what we find.
    A digit that is lost at one radius is lost at all larger ones.

    Args:
        run: gives the device and the random numbers.
        nets: networks trained in several ways.
        radii: ascending, in `norm`.
        norm: of the attack.
        steps: of each walk, whose step is 2.5 radii over their number.
        restarts: walks from random places of the ball.
        loss: what the attack raises.
        tested: test digits.

    Returns:
        Chart ``accuracy``, table ``accuracy``: ``network``, ``radius``, ``mean`` over seeds with
        their range ``low`` and ``high``, and ``wilson_low`` and ``wilson_high``, the 95 % interval
        of the mean for the draw of the test digits. Facts: ``<arm>_at_<radius>`` (a point is
        written ``_``: ``standard_at_0_6``) with ``_low`` and ``_high``, the range; ``seeds``,
        ``tested``; ``median_norm``, ``median_other`` and ``min_other`` as in ``digit-nets``.

    Raises:
        ValueError: radii that do not ascend.
    """
    training, test = digits()
    images, labels = test.images[:tested].to(run.device), test.labels[:tested].to(run.device)
    attack = Pgd(norm=norm, steps=steps, restarts=restarts, loss=loss, stop=True)
    groups = trained(run, nets)
    kept: dict[str, list[list[float]]] = {arm: [] for arm in ARMS}
    jobs = [(arm, seed) for arm in ARMS for seed in range(len(groups[arm]))]
    for arm, seed in run.steps(jobs, note="networks"):
        generator = run.generator("robust-accuracy", arm, seed)
        held = robust(groups[arm][seed], images, labels, radii, attack=attack, generator=generator)
        kept[arm].append(held.double().mean(1).tolist())
    facts: dict[str, float | int] = {
        "seeds": len(groups["standard"]),
        "tested": tested,
        **digit_scale(test, training),
    }
    rows = []
    for arm, curves in kept.items():
        for index, radius in enumerate(radii):
            one = row({"network": ARMS[arm], "radius": radius}, [each[index] for each in curves])
            low, high = wilson(round(one["mean"] * tested), tested)
            rows.append(one | {"wilson_low": low, "wilson_high": high})
            facts |= spread(at(arm, radius), [each[index] for each in curves])
    chart = lines(
        rows,
        x="radius",
        x_title=f"Radius of the attack ({'L2' if norm == 'L2' else 'L∞'})",
        y_title="Digits still read",
        series="network",
    )
    return Result(
        facts=facts,
        tables={"accuracy": columns(rows)},
        assets={"accuracy": Chart(chart)},
    )
