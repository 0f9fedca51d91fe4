"""Who learns most from a network's adversarial examples is fooled most by them.

After the figure of learnability and transferability in the authors' reply and in R. Nakano,
"Adversarially Robust Neural Style Transfer" (Distill 2019, doi:10.23915/distill.00019.4 and .7).
"""

from __future__ import annotations

from typing import Annotated, Any

import altair as alt
import torch
from pydantic import Field
from torch import nn

from stillroom.media.kinds import Chart
from stillroom.models.digit_nets import Kind
from stillroom.models.digits import CLASSES, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.goals import only
from stillroom.recipes.adversarial.norms import Norm
from stillroom.recipes.adversarial.relabelled import shifted
from stillroom.recipes.adversarial.shared import columns, digit_scale, learn, spread, trained
from stillroom.recipes.adversarial.training import Training, accuracy, predict

KINDS: list[Kind] = ["conv", "narrow", "deep", "mlp", "linear"]
BUG = "bug attack"


@recipe(
    view="chart",
    draft={"kinds": ["narrow", "mlp", "linear"], "ensemble": 2, "epochs": 6, "steps": 10},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def learnability_transferability(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    kinds: Annotated[list[Kind], Field(min_length=2)] = KINDS,
    radius: Annotated[float, Field(gt=0)] = 1.2,
    norm: Norm = "L2",
    ensemble: Annotated[int, Field(ge=1)] = 6,
    steps: Annotated[int, Field(ge=1)] = 20,
    epochs: Annotated[int, Field(ge=1)] = 12,
) -> Result:
    """Set what architectures learn from D_det against how often its attack fools them.

    For each seed the standard network makes D_det (see ``relabelled-digits``). *Learnability* is
    the accuracy on true test digits of a network trained on it; *transferability* is how often the
    same architecture, trained on the digits themselves, says the target of an attacked training
    digit on which the attack succeeded. One more point has the data of an attack that spares an
    ensemble (see ``bug-attack``), for the first of the architectures.

    Args:
        run: gives the device and the random numbers.
        nets: the standard network of each seed is the source.
        kinds: architectures of students.
        radius: of the attack.
        norm: of the attack.
        ensemble: networks that the last attack spares.
        steps: of the attacks.
        epochs: of the students.

    Returns:
        Chart ``scatter``, table ``scatter``: ``data`` (an architecture, or the bug attack),
        ``seed``, ``learnability``, ``transferability``. Facts, with ``_low`` and ``_high`` for the
        range over seeds: ``learnability_<kind>`` and ``transferability_<kind>``, likewise for
        ``bug``; ``correlation`` over architectures of their means, the bug attack left out (-1 to
        1); ``seeds``; ``median_norm``, ``median_other`` and ``min_other`` as in ``digit-nets``.
    """
    training, test = digits()
    standard = trained(run, nets)["standard"]
    images, labels = training.images.to(run.device), training.labels.to(run.device)
    targets, settings = shifted(labels, CLASSES), Training(epochs=epochs)
    attack = Pgd(norm=norm, steps=steps)

    def net(kind: Kind, seen: torch.Tensor, given: torch.Tensor, *salt: str | int) -> nn.Module:
        return learn(run, kind, seen, given, settings, "learnability", kind, *salt)

    spared = [net(kinds[0], images, labels, "spared", number) for number in range(ensemble)]
    rows: list[dict[str, Any]] = []
    for seed in run.steps(range(len(standard)), note="seeds"):
        det = attack(standard[seed], images, targets, radius, targeted=True)
        bug = attack.reach(only(standard[seed], spared, labels, targets), images, radius)
        cases = [(str(kind), kind, det) for kind in kinds] + [(BUG, kinds[0], bug)]
        for name, kind, found in cases:
            student = net(kind, found.images, targets, name, "student", seed)
            other = net(kind, images, labels, name, "other", seed)
            said = predict(other, found.images[found.success]) == targets[found.success]
            rows.append(
                {
                    "data": name,
                    "seed": seed,
                    "learnability": accuracy(student.cpu(), test.images, test.labels),
                    "transferability": float(said.double().mean()),
                }
            )
    facts: dict[str, float | int] = {"seeds": len(standard), **digit_scale(test, training)}
    means: dict[str, list[float]] = {"learnability": [], "transferability": []}
    for name in [*kinds, BUG]:
        own = [each for each in rows if each["data"] == name]
        for measure, values in means.items():
            key = f"{measure}_{'bug' if name == BUG else name}"
            facts |= spread(key, [each[measure] for each in own])
            if name != BUG:
                values.append(float(facts[key]))
    facts["correlation"] = float(torch.corrcoef(torch.tensor(list(means.values())))[0, 1])
    return Result(
        facts=facts,
        tables={"scatter": columns(rows)},
        assets={"scatter": Chart(_chart(rows, [*kinds, BUG]))},
    )


def _chart(rows: list[dict[str, Any]], names: list[str]) -> alt.Chart:
    """Draw a dot a seed, in a colour for each group."""
    share = alt.Scale(domain=[0, 1])
    chart: alt.Chart = (
        alt.Chart({"values": rows})
        .mark_circle(size=60, opacity=0.8)
        .encode(
            x=alt.X(
                "learnability:Q", title="Learnt: true digits read by its students", scale=share
            ).axis(format="%", tickCount=5),
            y=alt.Y(
                "transferability:Q", title="Fooled: successful attacks that transfer", scale=share
            ).axis(format="%"),
            color=alt.Color("data:N", title=None, sort=names).legend(orient="top", columns=3),
            tooltip=[
                "data:N",
                alt.Tooltip("learnability:Q", format=".1%"),
                alt.Tooltip("transferability:Q", format=".1%"),
            ],
        )
        .properties(width="container", height=320)
    )
    return chart
