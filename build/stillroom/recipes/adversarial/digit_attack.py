"""Attacks on single digits, walk by walk, against a network trained as usual and a robust one.

The attack is that of A. Madry and others, "Towards Deep Learning Models Resistant to Adversarial
Attacks" (ICLR 2018), from the digit itself.
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field

from stillroom.media.kinds import Frames
from stillroom.models.digits import CLASSES, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Pgd, aim
from stillroom.recipes.adversarial.explorer import NAMES, NORMS, walks
from stillroom.recipes.adversarial.relabelled import shifted
from stillroom.recipes.adversarial.shared import ARMS, SCALE, digit_scale, trained
from stillroom.recipes.adversarial.training import predict

SHOWN = ["standard", "adversarial"]
AIMS = {"away": "Any other class", "target": "The next class"}
LOSSES = {"away": "Loss of its own class", "target": "Loss of the next class"}


@recipe(
    view="attack-explorer",
    draft={"classes": [4], "steps": 4},
    packages=["torch", "scikit-learn"],
)
def digit_attack(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    classes: Annotated[list[int], Field(min_length=1)] = [1, 3, 4, 7, 8],  # noqa: B006
    l2: Annotated[list[float], Field(min_length=1)] = [0.3, 0.6, 0.9, 1.2],  # noqa: B006
    linf: Annotated[list[float], Field(min_length=1)] = [0.05, 0.1, 0.15, 0.25],  # noqa: B006
    steps: Annotated[int, Field(ge=2)] = 8,
) -> Result:
    """Attack a digit of each of some classes by projected gradient, and keep every step.

    The digits are the first test digits of their classes that the first network of every arm reads.
    Each is driven away from its class, and toward the class after it, within balls of several
    radii. A walk starts from the digit and takes `steps` steps of 2.5 radii in all. Lengths are to
    be read by the distance in L2 of the nearest training digit of another class.

    Args:
        run: gives the device.
        nets: networks trained in several ways; the first standard and the first adversarially
            trained one are attacked.
        classes: of the digits, each once.
        l2: radii in L2, of pixels from 0 to 1.
        linf: radii in Linf.
        steps: of a walk.

    Returns:
        Frames ``digits`` and ``changes``. Data as the view ``attack-explorer`` reads it. Table
        ``errors``: for each network, norm, aim and radius how many of the digits were lost. Facts:
        ``digits``; ``<arm>_<aim>_<norm>``, how many were lost at the largest radius;
        ``share_at_largest``, the largest L2 radius as a share of the median distance of a test
        digit to the nearest training digit of another class; and ``median_norm``,
        ``median_other`` and ``min_other`` as in ``digit-nets``.
    """
    training, test = digits()
    groups = {arm: group[0] for arm, group in trained(run, nets).items()}
    images, labels = test.images.to(run.device), test.labels.to(run.device)
    read = torch.stack([predict(net, images) == labels for net in groups.values()]).all(0)
    chosen = torch.stack([((labels == each) & read).nonzero()[0, 0] for each in classes])
    x, y = images[chosen], labels[chosen]
    other = training.labels != y.cpu()[:, None]
    apart = torch.cdist(x.cpu().flatten(1), training.images.flatten(1))
    nearest = apart.masked_fill(~other, torch.inf).amin(1)
    radii = {"L2": l2, "Linf": linf}
    facts: dict[str, float | int] = {"digits": len(classes), **digit_scale(test, training)}
    facts["share_at_largest"] = l2[-1] / facts["median_other"]
    attacks: list[dict[str, Any]] = []
    sheets: list[torch.Tensor] = []
    errors: list[dict[str, Any]] = []
    for arm in run.steps(SHOWN, note="networks"):
        for aiming, aim_label in AIMS.items():
            wanted = shifted(y, CLASSES) if aiming == "target" else y
            for norm in NORMS:
                count = len(radii[norm])
                many = x.repeat_interleave(count, 0)
                goal = aim(
                    groups[arm], wanted.repeat_interleave(count), targeted=aiming == "target"
                )
                reach = radii[norm] * len(classes)
                path = Pgd(norm=norm, steps=steps).path(goal, many, torch.tensor(reach))
                described, frames = walks(
                    groups[arm], many, path, norm=norm, radii=reach, target=aiming == "target"
                )
                for row, (walk, each) in enumerate(zip(described, frames, strict=True)):
                    first = len(sheets) * (steps + 1)
                    sheets.append(1 - each[:, 0].cpu())
                    key = {"picture": str(classes[row // count]), "net": arm, "target": aiming}
                    attacks.append(key | {"frames": "changes", "first": first} | walk)
                lost = path.success[-1].reshape(-1, count).sum(0).tolist()
                facts[f"{arm}_{aiming}_{norm.lower()}"] = lost[-1]
                for radius, number in zip(radii[norm], lost, strict=True):
                    errors.append(
                        {
                            "network": ARMS[arm],
                            "aim": aim_label.lower(),
                            "norm": NAMES[norm],
                            "radius": radius,
                            "digits_lost": number,
                        }
                    )
    return Result(
        facts=facts,
        data={
            "pictures": [
                {
                    "name": str(each),
                    "label": f"A {each}",
                    "frame": index,
                    "own": each,
                    "length": float(nearest[index]),
                }
                for index, each in enumerate(classes)
            ],
            "originals": "digits",
            "ruler": "of the way to the nearest digit of another class",
            "nets": [{"name": arm, "label": ARMS[arm].capitalize()} for arm in SHOWN],
            "targets": [
                {"name": name, "label": label, "loss": LOSSES[name]} for name, label in AIMS.items()
            ],
            "norms": [
                {"name": norm, "label": NAMES[norm], "radii": radii[norm], "unit": ""}
                for norm in NORMS
            ],
            "classes": {str(each): str(each) for each in range(CLASSES)},
            "attacks": attacks,
            "start": {
                "picture": str(classes[0]),
                "net": "standard",
                "target": "away",
                "norm": "L2",
                "radius": len(l2) - 1,
            },
        },
        tables={"errors": {column: [row[column] for row in errors] for column in errors[0]}},
        assets={
            "digits": Frames(1 - x[:, 0, ..., None].cpu(), scale=SCALE),
            "changes": Frames(torch.cat(sheets)[..., None], scale=SCALE),
        },
    )
