"""Digits changed a little and labelled wrong: what a network learns from them, and from which cues.

After section 3.2 of A. Ilyas and others, "Adversarial Examples Are Not Bugs, They Are Features"
(NeurIPS 2019), with the bound of G. Goh, "Robust Feature Leakage" (Distill 2019,
doi:10.23915/distill.00019.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from stillroom.media.kinds import Chart, Frames
from stillroom.models.digit_nets import Kind
from stillroom.models.digits import CLASSES, Digits, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial import leakage, relabelled
from stillroom.recipes.adversarial.attack import Found, Pgd
from stillroom.recipes.adversarial.norms import Norm
from stillroom.recipes.adversarial.shared import (
    SCALE,
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
# What is drawn of each set: the measure, and what a reader calls it.
DETERMINED = {
    "det_true": "says the true class",
    "det_shifted": "says the next class",
    "det_leak": "true, by robust cues",
    "shuffled": "true, shuffled",
}
DRAWN = {"rand_true": "says the true class", "rand_leak": "true, by robust cues"}
SHOWN = 40  # pictures of each set


@recipe(
    view="chart",
    draft={"radii": [0.8, 1.4], "shown": 1.4, "epochs": 8, "steps": 10},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def relabelled_digits(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    radii: Annotated[list[float], Field(min_length=1)] = RADII,
    shown: float = 1.2,
    norm: Norm = "L2",
    steps: Annotated[int, Field(ge=1)] = 20,
    epochs: Annotated[int, Field(ge=1)] = 12,
    robust_radius: Annotated[float, Field(gt=0)] = 0.3,
    useful_radius: Annotated[float, Field(gt=0)] = 0.25,
) -> Result:
    """Train on digits driven toward a wrong class and labelled with it; test on true digits.

    ``D_det`` drives each training digit toward the class after its own and labels it so: not one
    label is right. ``D_rand`` drives it toward a class drawn uniformly. A fresh network learns from
    each, and reads the untouched test digits. The control has the digits of D_det with their labels
    shuffled.

    Beside each score stands what a linear classifier learns from the same set when it sees only ten
    features that are certainly robust: the logits of a linear classifier fitted for the worst
    change within `robust_radius`. At least so much of the score may come from robust cues.

    Args:
        run: gives the device and the random numbers.
        nets: each seed's standard network is the one attacked.
        radii: of the attack.
        shown: which of them the pictures are of.
        norm: of the attack.
        steps: of the attack, which starts from the digit itself for D_det and at a random point of
            the ball for D_rand.
        epochs: of the students.
        robust_radius: L2, of the worst change that the robust features are fitted for.
        useful_radius: L2, at which their usefulness under attack is told.

    Returns:
        Charts ``determined`` and ``drawn``, with tables of the same names: ``radius``, ``student``,
        ``mean`` over seeds with their range ``low`` and ``high``. Frames ``determined_digits`` and
        ``drawn_digits``: the first digits of both sets at `shown`, with ``labels`` and ``notes``
        for an image grid of the first, and ``drawn_labels``. Facts, with ``_low`` and ``_high``:
        ``success_at_<radius>`` of the attack of D_det; ``det_true_at_<radius>`` and
        ``det_shifted_at_<radius>``, how often the student of D_det says the true class and the one
        after it; ``det_leak_at_<radius>``, the bound; ``det_right_labels_at_<radius>``, the share
        of training labels that are right; the same of ``rand``; ``shuffled_at_<radius>``.
        ``robust_accuracy`` of the robust linear classifier, ``robust_steady``, the share of its
        predictions that certainly hold within `useful_radius`, and ``least_gamma``, the least
        usefulness of its features for their class under attack; ``seeds``; ``median_norm``,
        ``median_other`` and ``min_other`` as in ``digit-nets``.

    Raises:
        ValueError: `shown` is not among the radii.
    """
    if shown not in radii:
        raise ValueError(f"shown is {shown}, which is not among the radii {radii}")
    training, test = digits()
    standard = trained(run, nets)["standard"]
    robust = leakage.fit(training.images, training.labels, classes=CLASSES, radius=robust_radius)
    study = _Study(run, nets.data["kind"], Training(epochs=epochs), robust, training, test)
    attack = Pgd(norm=norm, steps=steps)
    images, labels = training.images.to(run.device), training.labels.to(run.device)
    measured: dict[tuple[str, float], list[float]] = {}
    grids: dict[str, Frames] = {}
    given: dict[str, list[int]] = {}
    jobs = [(radius, seed) for radius in radii for seed in range(len(standard))]
    for radius, seed in run.steps(jobs, note="data sets"):
        salt = f"{radius:g}/{seed}"
        det = relabelled.determined(
            standard[seed], images, labels, radius, attack=attack, classes=CLASSES
        )
        rand = relabelled.drawn(
            standard[seed],
            images,
            radius,
            attack=attack,
            classes=CLASSES,
            generator=run.generator("relabelled-digits", salt, "targets"),
        )
        scores = {"success": float(det[0].success.double().mean())}
        scores |= study.measure("det", *det, salt) | study.measure("rand", *rand, salt)
        scores["shuffled"] = study.shuffled(*det, salt)
        for name, score in scores.items():
            measured.setdefault((name, radius), []).append(score)
        if radius == shown and not seed:
            for name, (found, targets) in {"determined": det, "drawn": rand}.items():
                page = 1 - found.images[:SHOWN, 0, ..., None].cpu()
                grids[f"{name}_digits"] = Frames(page, scale=SCALE // 2)
                given[name] = targets[:SHOWN].tolist()
    facts: dict[str, float | int] = {
        "seeds": len(standard),
        "robust_accuracy": accuracy(robust, test.images, test.labels),
        "robust_steady": leakage.steady_share(robust, test.images, useful_radius),
        "least_gamma": float(
            leakage.class_usefulness(robust.weights, test.images, test.labels, useful_radius).min()
        ),
        **digit_scale(test, training),
    }
    for (name, radius), values in measured.items():
        facts |= spread(at(name, radius), values)
    tables, charts = {}, {}
    for name, measures in {"determined": DETERMINED, "drawn": DRAWN}.items():
        rows = [
            row({"radius": radius, "student": label}, measured[measure, radius])
            for measure, label in measures.items()
            for radius in radii
        ]
        tables[name] = columns(rows)
        charts[name] = Chart(
            lines(
                rows,
                x="radius",
                x_title=f"Radius of the attack ({'L2' if norm == 'L2' else 'L∞'})",
                y_title="Test digits",
                series="student",
            )
        )
    return Result(
        facts=facts,
        data={
            "chart": "determined",
            "frames": "determined_digits",
            "labels": [str(label) for label in given["determined"]],
            "notes": [f"written as {label}" for label in labels[:SHOWN].tolist()],
            "drawn_labels": [str(label) for label in given["drawn"]],
        },
        tables=tables,
        assets={**charts, **grids},
    )


@dataclass(frozen=True, slots=True)
class _Study:
    """What is the same for all students."""

    run: Run
    kind: Kind
    settings: Training
    robust: leakage.Linear
    training: Digits
    test: Digits

    def measure(self, name: str, found: Found, given: Tensor, salt: str) -> dict[str, float]:
        """Teach a student the set `name`, and return what it and the robust features say."""
        student = self._student(name, found, given, salt)
        images, labels = self.test.images, self.test.labels
        right = given.cpu() == self.training.labels
        return {
            f"{name}_true": accuracy(student, images, labels),
            f"{name}_shifted": accuracy(student, images, relabelled.shifted(labels, CLASSES)),
            f"{name}_leak": leakage.bound(
                self.robust, found.images.cpu(), given.cpu(), images, labels
            ),
            f"{name}_right_labels": float(right.double().mean()),
        }

    def shuffled(self, found: Found, given: Tensor, salt: str) -> float:
        """Teach a student the same with labels that mean nothing, and return its accuracy."""
        order = torch.randperm(
            len(given), generator=self.run.generator("relabelled-digits", salt, "shuffle")
        )
        student = self._student("shuffled", found, given[order.to(given.device)], salt)
        return accuracy(student, self.test.images, self.test.labels)

    def _student(self, name: str, found: Found, given: Tensor, salt: str) -> nn.Module:
        return learn(
            self.run,
            self.kind,
            found.images,
            given,
            self.settings,
            "relabelled-digits",
            name,
            salt,
        ).cpu()
