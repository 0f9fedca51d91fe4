"""A few digits under attack, the radius growing: how they look and what they are taken for."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Frames, Image
from stillroom.models.digits import CLASSES, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.norms import Norm, length
from stillroom.recipes.adversarial.relabelled import shifted
from stillroom.recipes.adversarial.shared import (
    ARMS,
    SCALE,
    at,
    columns,
    digit_scale,
    side_by_side,
    trained,
)
from stillroom.recipes.adversarial.training import predict

RADII = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.6, 2.0]


@recipe(
    view="scrubber",
    draft={"radii": [0.0, 0.6, 1.2], "steps": 10},
    packages=["torch", "scikit-learn"],
)
def adversarial_attack(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    count: Annotated[int, Field(ge=1, le=10)] = 6,
    radii: Annotated[list[float], Field(min_length=2)] = RADII,
    norm: Norm = "L2",
    targeted: bool = False,
    steps: Annotated[int, Field(ge=1)] = 40,
) -> Result:
    """Attack the same digits at every radius, against networks trained in several ways.

    The digits are the first test digits of as many classes that the first network of each arm
    reads. All radii are attacked at once, each digit once for every radius, without random start.

    Args:
        run: gives the device.
        nets: networks trained in several ways.
        count: digits, one a class.
        radii: ascending, in `norm`.
        norm: of the attack.
        targeted: go for the class after the digit's own, rather than for any other.
        steps: of projected gradient ascent.

    Returns:
        For each arm the frames ``<arm>``, the digits side by side for every radius, and
        ``original``. Table ``predictions``: ``network``, ``radius``, ``digit`` (its true class),
        ``predicted``, ``probability`` (of the true class) and ``distance``; table ``curve``: by
        ``radius`` the share of these digits that each arm still reads. Facts:
        ``<arm>_read_at_<radius>``, that share; ``digits``; ``median_norm``, ``median_other`` and
        ``min_other`` as in ``digit-nets``.

    Raises:
        ValueError: fewer digits than asked for are read by all networks.
    """
    training, test = digits()
    groups = {arm: group[0] for arm, group in trained(run, nets).items()}
    images, labels = test.images.to(run.device), test.labels.to(run.device)
    read = torch.stack([predict(net, images) == labels for net in groups.values()]).all(0)
    chosen = _one_a_class(labels, read)[:count]
    if len(chosen) < count:
        raise ValueError(f"only {len(chosen)} classes have a digit that all networks read")
    x, y = images[chosen], labels[chosen]
    wide = (len(radii), *x.shape)
    many, same = x.expand(wide).flatten(0, 1), y.repeat(len(radii))
    radius = torch.tensor(radii, dtype=torch.float64).repeat_interleave(count)
    attack = Pgd(norm=norm, steps=steps)
    aims = shifted(same, CLASSES) if targeted else same
    facts: dict[str, float | int] = {"digits": count, **digit_scale(test, training)}
    assets: dict[str, Frames | Image] = {"original": Image(side_by_side(x).cpu(), scale=SCALE)}
    rows, curve = [], {"radius": list(radii)}
    for arm in run.steps(list(ARMS), note="networks"):
        net = groups[arm]
        found = attack(net, many, aims, radius, targeted=targeted).images
        with torch.no_grad():
            sure = net(found).softmax(1)
        sheet = side_by_side(found.reshape(wide)).cpu()
        assets[arm] = Frames(sheet[..., None], columns=1, scale=SCALE)
        predicted = sure.argmax(1)
        away = length(found.double() - many.double(), norm)
        rows += [
            {
                "network": ARMS[arm],
                "radius": radii[index // count],
                "digit": int(same[index]),
                "predicted": int(predicted[index]),
                "probability": float(sure[index, same[index]]),
                "distance": float(away[index]),
            }
            for index in range(len(same))
        ]
        kept = (predicted == same).reshape(len(radii), count).double().mean(1).tolist()
        curve[arm] = kept
        facts |= {at(f"{arm}_read", r): share for r, share in zip(radii, kept, strict=True)}
    return Result(
        facts=facts,
        data={
            "axis": {"name": "radius", "label": "Radius", "values": radii, "unit": ""},
            "choices": [
                {
                    "name": arm,
                    "label": ARMS[arm].capitalize(),
                    "frames": arm,
                    "original": "original",
                }
                for arm in ARMS
            ],
            "start": {"axis": len(radii) // 2, "choice": 0},
            "curve": {
                "table": "curve",
                "x": "radius",
                "y": list(ARMS),
                "label": "Digits still read",
                "log": False,
            },
        },
        tables={"predictions": columns(rows), "curve": curve},
        assets=assets,
    )


def _one_a_class(labels: Tensor, read: Tensor) -> Tensor:
    """The first index of each class among those that are read."""
    places = [((labels == label) & read).nonzero()[:1, 0] for label in range(CLASSES)]
    return torch.cat(places)
