"""An attack that fools one network and no other, and what is learnt from it: shifted labels.

After P. Nakkiran, "Adversarial Examples are Just Bugs, Too" (Distill 2019,
doi:10.23915/distill.00019.5).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from stillroom.media.kinds import Chart, Frames
from stillroom.models.digits import CLASSES, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Found, Pgd
from stillroom.recipes.adversarial.dots import dots
from stillroom.recipes.adversarial.goals import only
from stillroom.recipes.adversarial.norms import Norm
from stillroom.recipes.adversarial.relabelled import shifted
from stillroom.recipes.adversarial.shared import (
    SCALE,
    at,
    columns,
    digit_scale,
    learn,
    row,
    spread,
    trained,
)
from stillroom.recipes.adversarial.training import Training, accuracy, predict

RADII = [1.2, 1.6]
METHODS = {"pgd": "ordinary attack", "bug": "bug attack"}
MEASURES = {
    "attack": "Attack succeeds",
    "transfer": "Transfers, of all",
    "carried": "… of successes",
    "matched": "… of common ones",
    "true": "Student: true class",
    "shifted": "Student: next class",
    "before": "Poison: class before",
}
NEW = 3  # networks that no attack has seen


@recipe(
    view="chart",
    draft={"radii": [1.2], "seeds": 1, "epochs": 6, "steps": 10},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def bug_attack(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    radii: Annotated[list[float], Field(min_length=1)] = RADII,
    norm: Norm = "L2",
    seeds: Annotated[int, Field(ge=1)] = 5,
    ensemble: Annotated[int, Field(ge=1)] = 6,
    steps: Annotated[int, Field(ge=1)] = 20,
    epochs: Annotated[int, Field(ge=1)] = 12,
) -> Result:
    """Drive digits toward the next class for one network, while an ensemble goes on reading them.

    Plain PGD and the bug attack go from the same training digits for the same targets, with the
    same radius and number of steps. Three new networks tell whether an attack transfers: to the
    very target. A student learns from the attacked digits with the target as label, and another
    with the true label; both are tested on clean digits.

    The bug attack fools its own network less often. So rates are also given relative to its
    successes, and on those digits only on which both attacks succeed.

    Args:
        run: gives the device and the random numbers.
        nets: the standard network of each seed is attacked.
        radii: of both attacks.
        norm: of both attacks.
        seeds: networks to attack; no more than `nets` holds.
        ensemble: networks that should not be fooled, trained on the same digits.
        steps: of both attacks.
        epochs: of training.

    Returns:
        Chart ``measures`` at the first radius; table ``rates``: ``radius``, ``attack``,
        ``measure``, ``mean`` over seeds with their range ``low`` and ``high``. For the view
        ``picture-matrix`` the Frames ``examples``, the first digits of the first seed, as they are
        and after each attack, and in the table ``cells`` what probability the target has for the
        attacked network, ``own``, and for the new ones on average, ``new``. Facts
        ``<method>_<measure>_at_<radius>`` with methods ``pgd`` and ``bug``, with ``_low`` and
        ``_high`` for the range over seeds. Measures: ``attack``, the share of successes;
        ``transfer``, how often a new network says the target; ``carried``, this among the
        successes; ``matched``, this among digits on which both attacks succeed; ``true`` and
        ``shifted``, how often the student of the targets says the true class of a clean digit and
        the one after it; ``before``, how often the student of the true labels says the class
        before. ``share_at_<radius>``, a radius in L2 over the median distance to the nearest digit
        of another class; ``seeds``, ``ensemble``; ``median_norm``, ``median_other`` and
        ``min_other`` as in ``digit-nets``.

    Raises:
        ValueError: more seeds than `nets` holds.
    """
    training, test = digits()
    standard = trained(run, nets)["standard"]
    if seeds > len(standard):
        raise ValueError(f"seeds is {seeds}, and nets holds {len(standard)} of each arm")
    kind, settings = nets.data["kind"], Training(epochs=epochs)
    images, labels = training.images.to(run.device), training.labels.to(run.device)

    def new(name: str, number: int) -> nn.Module:
        salt = ("bug-attack", name, number)
        return learn(run, kind, images, labels, settings, *salt)

    others = [new("ensemble", number) for number in range(ensemble)]
    fresh = [new("new", number) for number in range(NEW)]
    targets, attack = shifted(labels, CLASSES), Pgd(norm=norm, steps=steps)
    measured: dict[tuple[str, str, float], list[float]] = {}
    few = torch.stack([(labels == each).nonzero()[0, 0] for each in range(CLASSES)])
    aims = targets[few]
    pages, cells = [images[few]], [_surenesses(standard[0], fresh, images[few], aims)]
    jobs = [(radius, seed) for radius in radii for seed in range(seeds)]
    for radius, seed in run.steps(jobs, note="attacks"):
        model = standard[seed]
        found = {
            "pgd": attack(model, images, targets, radius, targeted=True),
            "bug": attack.reach(only(model, others, labels, targets), images, radius),
        }
        if not seed:
            for each in found.values():
                pages.append(each.images[few])
                cells.append(_surenesses(model, fresh, each.images[few], aims))
        both = found["pgd"].success & found["bug"].success
        for method, each in found.items():
            scores = _transfer(fresh, each, targets, both)
            for use, given in (("targets", targets), ("labels", labels)):
                salt = ("bug-attack", method, use, f"{radius:g}", seed)
                student = learn(run, kind, each.images, given, settings, *salt).cpu()
                shifts = {"true": 0, "shifted": 1} if use == "targets" else {"before": -1}
                scores |= {
                    name: accuracy(student, test.images, shifted(test.labels, CLASSES, by))
                    for name, by in shifts.items()
                }
            for name, score in scores.items():
                measured.setdefault((method, name, radius), []).append(score)
    facts: dict[str, float | int] = {
        "seeds": seeds,
        "ensemble": ensemble,
        **digit_scale(test, training),
    }
    facts |= {at("share", radius): radius / facts["median_other"] for radius in radii}
    for (method, name, radius), values in measured.items():
        facts |= spread(at(f"{method}_{name}", radius), values)
    rows = [
        row({"radius": radius, "attack": label, "measure": measure}, measured[method, name, radius])
        for radius in radii
        for name, measure in MEASURES.items()
        for method, label in METHODS.items()
    ]
    shown = ["digit", *(f"{label}, {r:g}" for r in radii for label in METHODS.values())]
    moves = [f"{label} → {aim}" for label, aim in zip(range(CLASSES), aims.tolist(), strict=True)]
    sure = torch.stack(cells)  # [1 + attacks, 2, classes]
    says = [[round(each, 2) for each in part.flatten().tolist()] for part in sure.unbind(1)]
    chart = dots(
        [each for each in rows if each["radius"] == radii[0]],
        y="measure",
        series="attack",
        x_title="Share of digits",
    )
    return Result(
        facts=facts,
        data={
            "rows": {"name": "attack", "label": "Attack", "values": shown},
            "columns": {
                "name": "digit",
                "label": "Digit",
                "values": moves,
            },
            "numbers": [
                {"name": "own", "label": "Target, says the attacked network"},
                {"name": "new", "label": "Target, say new networks"},
            ],
            # Where the bug attack fools its own network most, and new ones least.
            "start": {"row": 2, "column": int((sure[2, 0] - sure[2, 1]).argmax())},
        },
        tables={
            "cells": {
                "attack": [each for each in shown for _ in moves],
                "digit": moves * len(shown),
                "own": says[0],
                "new": says[1],
            },
            "rates": columns(rows),
        },
        assets={
            "examples": Frames(1 - torch.cat(pages).cpu()[:, 0, ..., None], scale=SCALE),
            "measures": Chart(chart),
        },
    )


def _transfer(
    fresh: Sequence[nn.Module], found: Found, targets: Tensor, both: Tensor
) -> dict[str, float]:
    """How often new networks say the target: on all digits, on successes, on common successes."""
    said = torch.stack([predict(net, found.images) == targets for net in fresh]).double()
    return {
        "attack": float(found.success.double().mean()),
        "transfer": float(said.mean()),
        "carried": float(said[:, found.success].mean()),
        "matched": float(said[:, both].mean()),
    }


def _surenesses(
    own: nn.Module, fresh: Sequence[nn.Module], images: Tensor, targets: Tensor
) -> Tensor:
    """The target's probability for the attacked network and for new ones, ``[2, n]``."""
    with torch.no_grad():
        says = torch.stack([net(images).softmax(1) for net in (own, *fresh)])
    sure = says[:, torch.arange(len(images)), targets].cpu()
    return torch.stack([sure[0], sure[1:].mean(0)])
