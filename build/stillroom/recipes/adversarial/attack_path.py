"""One digit on its way to being taken for another: projected gradient ascent step by step."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field

from stillroom.media import palette
from stillroom.media.kinds import Frames, Image
from stillroom.models.digits import CLASSES, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Pgd, aim
from stillroom.recipes.adversarial.norms import Norm, length
from stillroom.recipes.adversarial.relabelled import shifted
from stillroom.recipes.adversarial.shared import ARMS, SCALE, columns, digit_scale, trained


@recipe(view="scrubber", draft={"steps": 6}, packages=["torch", "scikit-learn"])
def attack_path(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    digit: Annotated[int, Field(ge=0, le=499)] = 0,
    radius: Annotated[float, Field(gt=0)] = 1.2,
    norm: Norm = "L2",
    steps: Annotated[int, Field(ge=1, le=200)] = 20,
    shift: Annotated[int, Field(ge=1, le=9)] = 1,
) -> Result:
    """Follow an attack on one digit toward another class, against each way of training.

    Args:
        run: gives the device.
        nets: networks trained in several ways; the first of each arm is attacked.
        digit: which of the test digits.
        radius: of the ball.
        norm: of the ball.
        steps: of the walk, which starts from the digit itself.
        shift: how many classes after the digit's own the target is.

    Returns:
        For each arm the frames ``<arm>``, the digit after every step, and ``<arm>-change``, what
        has been done to it, orange for more ink and blue for less, at the largest change fully
        coloured. Table ``path``: ``network``, ``step``, ``loss`` (the cross-entropy of the target),
        ``predicted``, ``true_probability``, ``target_probability``, ``distance``. Facts:
        ``digit``, ``target``, ``<arm>_fooled_after`` (the first step at which the target is
        predicted, -1 for none), ``<arm>_loss_before`` and ``<arm>_loss_after``; ``median_norm``,
        ``median_other`` and ``min_other`` as in ``digit-nets``.
    """
    training, test = digits()
    groups = {arm: group[0] for arm, group in trained(run, nets).items()}
    x = test.images[digit : digit + 1].to(run.device)
    own = int(test.labels[digit])
    target = shifted(torch.tensor([own], device=run.device), CLASSES, shift)
    attack = Pgd(norm=norm, steps=steps)
    facts: dict[str, float | int] = {
        "digit": own,
        "target": int(target),
        **digit_scale(test, training),
    }
    assets: dict[str, Frames | Image] = {"original": Image(1 - x[0, 0].cpu(), scale=SCALE)}
    rows = []
    losses: dict[str, list[float]] = {"step": list(map(float, range(steps + 1)))}
    for arm in ARMS:
        net = groups[arm]
        path = attack.path(aim(net, target, targeted=True), x, radius)
        walked = path.images[:, 0]
        with torch.no_grad():
            sure = net(walked).softmax(1)
        change = (walked - x)[:, 0].cpu()
        limit = max(float(change.abs().max()), 1e-6)
        assets[arm] = Frames(1 - walked[:, 0, ..., None].cpu(), scale=SCALE)
        assets[f"{arm}-change"] = Frames(
            palette.apply(change, -limit, limit, "diverging"), scale=SCALE
        )
        away = length((walked - x).double(), norm)
        losses[arm] = (-path.loss[:, 0]).tolist()
        rows += [
            {
                "network": ARMS[arm],
                "step": step,
                "loss": losses[arm][step],
                "predicted": int(path.predicted[step]),
                "true_probability": float(sure[step, own]),
                "target_probability": float(sure[step, int(target)]),
                "distance": float(away[step]),
            }
            for step in range(steps + 1)
        ]
        won = path.success[:, 0]
        facts[f"{arm}_fooled_after"] = int(won.int().argmax()) if bool(won.any()) else -1
        facts[f"{arm}_loss_before"] = losses[arm][0]
        facts[f"{arm}_loss_after"] = losses[arm][-1]
    return Result(
        facts=facts,
        data={
            "axis": {
                "name": "step",
                "label": "Step",
                "values": list(range(steps + 1)),
                "unit": "",
            },
            "choices": [
                {
                    "name": arm,
                    "label": ARMS[arm].capitalize(),
                    "frames": arm,
                    "original": "original",
                }
                for arm in ARMS
            ],
            "start": {"axis": steps, "choice": 0},
            "curve": {
                "table": "losses",
                "x": "step",
                "y": list(ARMS),
                "label": "Loss of the target",
                "log": False,
            },
        },
        tables={"path": columns(rows), "losses": losses},
        assets=assets,
    )
