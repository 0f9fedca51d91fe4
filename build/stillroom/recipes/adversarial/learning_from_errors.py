"""What a network learns from nothing but the mistakes of another one.

After E. Wallace, "Learning from Incorrectly Labeled Data" (Distill 2019,
doi:10.23915/distill.00019.6).
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field

from stillroom.media.kinds import Chart, Frames
from stillroom.models.digit_nets import Kind
from stillroom.models.digits import CLASSES, digits
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial.dots import dots
from stillroom.recipes.adversarial.shared import SCALE, columns, learn, row, spread
from stillroom.recipes.adversarial.training import Training, accuracy, predict

SHOWN = 40
LABELS = {
    "weak": "weak network",
    "student": "its student",
    "control": "labels dealt anew",
}


@recipe(
    view="chart",
    draft={"kind": "mlp", "seeds": 2, "epochs": 20, "weak_rate": 0.0002},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def learning_from_errors(
    run: Run,
    *,
    kind: Kind = "conv",
    seeds: Annotated[int, Field(ge=2)] = 5,
    weak_epochs: Annotated[int, Field(ge=1)] = 2,
    weak_rate: Annotated[float, Field(gt=0)] = 0.0005,
    epochs: Annotated[int, Field(ge=1)] = 50,
) -> Result:
    """Train a network a little, and teach another one its mistakes on the training digits only.

    Every label in the student's training set is wrong: it is what the weak network took the digit
    for. In the control the same wrong labels are dealt to the digits anew, at random, so that they
    may even be right.

    Args:
        run: gives the device and the random numbers.
        kind: the architecture of all networks.
        seeds: weak networks, each with a student of its own.
        weak_epochs: passes over the digits of the weak network.
        weak_rate: its learning rate, small enough that it stays weak.
        epochs: passes over the mistakes of the student and the control.

    Returns:
        Chart ``accuracies``; table ``runs``: ``seed``, ``weak`` (accuracy on test digits),
        ``mistakes`` (how many it makes on the training digits), ``student`` and ``control``. Frames
        ``mistakes``: the first training digits of the first student, with ``labels`` (as taught)
        and ``notes``. Facts, with ``_low`` and ``_high`` for the range over seeds: ``weak``,
        ``mistakes``, ``student``, ``control``; ``right_labels``, how many of all students' labels
        are right; ``guess``, what guessing gives.

    Raises:
        ValueError: a weak network makes too few mistakes to teach: fewer than one a class.
    """
    training, test = digits()
    rows: list[dict[str, Any]] = []
    right = 0
    shown: dict[str, Any] = {}
    for seed in run.steps(range(seeds), note="seeds"):

        def taught(name: str, images: torch.Tensor, labels: torch.Tensor, how: Training) -> float:
            salt = ("learning-from-errors", name, seed)  # noqa: B023
            net = learn(run, kind, images, labels, how, *salt).cpu()
            return accuracy(net, test.images, test.labels)

        salt = ("learning-from-errors", "weak", seed)
        little = Training(epochs=weak_epochs, rate=weak_rate)
        weak = learn(run, kind, training.images, training.labels, little, *salt).cpu()
        said = predict(weak, training.images)
        wrong = said != training.labels
        images, labels = training.images[wrong], said[wrong]
        if len(labels) < CLASSES:
            raise ValueError(f"the weak network makes {len(labels)} mistakes; train it less")
        right += int((labels == training.labels[wrong]).sum())
        order = torch.randperm(len(labels), generator=run.generator(*salt, "deal"))
        much = Training(epochs=epochs)
        rows.append(
            {
                "seed": seed,
                "weak": accuracy(weak, test.images, test.labels),
                "mistakes": len(labels),
                "student": taught("student", images, labels, much),
                "control": taught("control", images, labels[order], much),
            }
        )
        if not seed:
            shown = {
                "pictures": 1 - images[:SHOWN, 0, ..., None],
                "labels": [str(label) for label in labels[:SHOWN].tolist()],
                "notes": [
                    f"written as {label}" for label in training.labels[wrong][:SHOWN].tolist()
                ],
            }
    facts: dict[str, float | int] = {"right_labels": right, "guess": 1 / CLASSES, "seeds": seeds}
    for name in ("weak", "mistakes", "student", "control"):
        facts |= spread(name, [each[name] for each in rows])
    shares = [
        row({"network": label}, [each[name] for each in rows]) for name, label in LABELS.items()
    ]
    chart = dots(shares, y="network", x_title="Test digits read", guess=1 / CLASSES)
    return Result(
        facts=facts,
        data={"frames": "mistakes", "labels": shown["labels"], "notes": shown["notes"]},
        tables={"runs": columns(rows)},
        assets={
            "accuracies": Chart(chart),
            "mistakes": Frames(shown["pictures"], scale=SCALE // 2),
        },
    )
