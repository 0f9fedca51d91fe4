"""Digits made of what a robust network sees, or a standard one, and who learns from them.

After section 3.1 of A. Ilyas and others, "Adversarial Examples Are Not Bugs, They Are Features"
(NeurIPS 2019).
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Chart, Frames, Image
from stillroom.models.digit_nets import features
from stillroom.models.digits import digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Model, Pgd
from stillroom.recipes.adversarial.evaluation import robust
from stillroom.recipes.adversarial.relabelled import matching, others
from stillroom.recipes.adversarial.shared import (
    SCALE,
    at,
    columns,
    digit_scale,
    learn,
    lines,
    row,
    side_by_side,
    spread,
    trained,
)
from stillroom.recipes.adversarial.training import Training

LABELS = {
    "robust": "learnt D_R",
    "nonrobust": "learnt D_NR",
    "plain": "learnt the digits",
    "adversarial": "trained on attacks",
}
RADII = [0.0, 0.2, 0.4, 0.6, 0.8]
SHOWN = 10


@recipe(
    view="chart",
    draft={"radii": [0.0, 0.6], "matched": 700, "epochs": 8, "steps": 10},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def robust_digits(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    radii: Annotated[list[float], Field(min_length=2)] = RADII,
    descent: Annotated[int, Field(ge=1)] = 40,
    matched: Annotated[int, Field(ge=10, le=1297)] = 1297,
    epochs: Annotated[int, Field(ge=1)] = 12,
    steps: Annotated[int, Field(ge=1)] = 20,
) -> Result:
    """Train as usual on digits that hold only what one network's last hidden layer tells of them.

    Each training digit is made again from another digit, until the last hidden layer of a network
    cannot tell it from the first. With an adversarially trained network this gives ``D_R``, with a
    standard one ``D_NR``; labels are those of the digits matched. Beside their students stand the
    two networks themselves: trained as usual on the digits, and on attacks.

    These networks have more units in that layer than a digit has pixels. Were features matched to
    the last digit, nothing but the first digit would be left; so the descent is short.

    Args:
        run: gives the device and the random numbers.
        nets: networks trained in several ways.
        radii: L2, ascending, of the attacks on the students.
        descent: steps of Adam that match features, few enough to leave something of the start.
        matched: training digits made again.
        epochs: of the students.
        steps: of the attacks.

    Returns:
        Chart ``accuracy``, table ``accuracy``: ``network``, ``radius``, ``mean`` over seeds with
        their range. Frames ``examples`` and image ``rows``: for the first ten digits, in rows, what
        was to be matched, the start, D_R and D_NR. Facts, with ``_low`` and ``_high`` for the
        range: ``<network>_at_<radius>`` with networks ``robust``, ``nonrobust``, ``plain`` and
        ``adversarial``; ``gain_at_<radius>`` and ``gain_over_plain_at_<radius>``, by how much
        ``robust`` is above ``nonrobust`` and ``plain`` in the same seed; ``<set>_miss``, the mean
        distance of features that is left, relative to that at the start; ``<set>_apart``, the mean
        L2 distance of what was made from the digit to be matched, and ``start_apart``, that of the
        start; ``units`` of the layer; ``seeds``; ``median_norm``, ``median_other`` and
        ``min_other`` as in ``digit-nets``.

    Raises:
        ValueError: radii that do not ascend.
    """
    training, test = digits()
    groups = trained(run, nets)
    teachers = {"robust": "adversarial", "nonrobust": "standard"}
    images = training.images[:matched].to(run.device)
    labels = training.labels[:matched].to(run.device)
    unseen, wanted = test.images.to(run.device), test.labels.to(run.device)
    attack = Pgd(steps=steps, stop=True, loss="margin")
    seeds = range(len(groups["standard"]))
    curves: dict[str, list[list[float]]] = {name: [] for name in LABELS}
    misses: dict[str, list[float]] = {name: [] for name in teachers}
    apart: dict[str, list[float]] = {name: [] for name in (*teachers, "start")}
    pages = []
    for seed in run.steps(seeds, note="seeds"):
        starts = images[others(labels, run.generator("robust-digits", seed, "starts"))]
        students: dict[str, Model] = {
            "plain": groups["standard"][seed],
            "adversarial": groups["adversarial"][seed],
        }
        apart["start"].append(_apart(starts, images))
        made = {}
        for name, arm in teachers.items():
            made[name], left = matching(groups[arm][seed], images, starts, steps=descent)
            misses[name].append(float(left.double().mean()))
            apart[name].append(_apart(made[name], images))
            students[name] = learn(
                run,
                nets.data["kind"],
                made[name],
                labels,
                Training(epochs=epochs),
                "robust-digits",
                seed,
                name,
            )
        for name, student in students.items():
            held = robust(student, unseen, wanted, radii, attack=attack)
            curves[name].append(held.double().mean(1).tolist())
        if not seed:
            pages = [side_by_side(part[:SHOWN]) for part in (images, starts, *made.values())]
    units = features(groups["standard"][0], images[:1]).shape[1]
    facts: dict[str, float | int] = {
        "seeds": len(seeds),
        "units": units,
        **digit_scale(test, training),
    }
    for name, values in misses.items():
        facts |= spread(f"{name}_miss", values)
    for name, values in apart.items():
        facts |= spread(f"{name}_apart", values)
    for index, radius in enumerate(radii):
        for name, base in (("gain", "nonrobust"), ("gain_over_plain", "plain")):
            pairs = zip(curves["robust"], curves[base], strict=True)
            facts |= spread(at(name, radius), [one[index] - two[index] for one, two in pairs])
    rows = []
    for name, label in LABELS.items():
        for index, radius in enumerate(radii):
            values = [curve[index] for curve in curves[name]]
            facts |= spread(at(name, radius), values)
            rows.append(row({"network": label, "radius": radius}, values))
    chart = lines(
        rows,
        x="radius",
        x_title="Radius of the attack (L2)",
        y_title="Digits still read",
        series="network",
    )
    # With a white line below each row but the last.
    below = torch.nn.functional.pad(torch.stack(pages), (0, 0, 0, 1), value=1.0)
    stacked = below.flatten(0, 1)[:-1].cpu()
    return Result(
        facts=facts,
        data={
            "chart": "accuracy",
            "frames": "examples",
            "image": "rows",
            "labels": ["to be matched", "started from", "D_R", "D_NR"],
        },
        tables={"accuracy": columns(rows)},
        assets={
            "accuracy": Chart(chart),
            "examples": Frames(torch.stack(pages).cpu()[..., None], columns=1, scale=SCALE // 2),
            "rows": Image(stacked, scale=SCALE // 2),
        },
    )


def _apart(images: Tensor, from_: Tensor) -> float:
    """Return the mean L2 distance of images from others, row by row."""
    return float((images - from_).flatten(1).norm(dim=1).double().mean())
