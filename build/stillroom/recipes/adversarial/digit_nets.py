"""Small networks that read digits, trained in three ways: what the other figures attack."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Weights
from stillroom.models.digit_nets import Kind, load_net
from stillroom.models.digits import digits
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.shared import ARMS, columns, digit_scale, learn, spread
from stillroom.recipes.adversarial.training import Training, accuracy, against, with_noise


@recipe(
    view="table",
    draft={"kind": "mlp", "seeds": 2, "epochs": 8, "steps": 3},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def digit_nets(
    run: Run,
    *,
    kind: Kind = "conv",
    seeds: Annotated[int, Field(ge=2, le=100)] = 5,
    epochs: Annotated[int, Field(ge=1)] = 12,
    rate: Annotated[float, Field(gt=0)] = 0.004,
    radius: Annotated[float, Field(gt=0)] = 0.6,
    steps: Annotated[int, Field(ge=1)] = 5,
    noise: Annotated[float, Field(gt=0)] = 0.2,
) -> Result:
    """Train networks to read digits: as usual, on noisy digits, and on attacked ones.

    Of 1797 digits of 8 x 8 pixels, 1297 are to learn from and 500 to test on, always the same. A
    seed has its own initial weights and order of learning. The arms: ``standard``; ``gaussian``,
    with noise added to each digit whenever it is met; ``adversarial``, with each digit moved by
    projected gradient ascent of its loss, from a random start in an L2 ball (A. Madry and others,
    ICLR 2018).

    Weights are kept in half precision, and accuracies are those of what is kept.

    Args:
        run: gives the device and the random numbers.
        kind: the architecture, see `stillroom.models.digit_nets`.
        seeds: networks of each arm.
        epochs: passes over the digits.
        rate: of Adam, at the beginning; it falls to 0.
        radius: L2, of the attack in adversarial training.
        steps: of that attack.
        noise: standard deviation, in units of the range of a pixel.

    Returns:
        Weights ``nets``, named ``arm/seed/parameter``. Data: ``kind``, ``arms``, ``radius``,
        ``noise``. Table ``accuracy``: ``network``, ``seed``, ``training``, ``test``. Facts, means
        over seeds with ``_low`` and ``_high`` for their range: ``accuracy_<arm>`` and
        ``training_<arm>``; ``seeds``, ``trained_on``, ``tested``; ``median_norm`` of a digit,
        ``median_other`` and ``min_other``, the L2 distance of a test digit to the nearest
        training digit of another class, to read a radius by.
    """
    training, test = digits()
    settings = Training(epochs=epochs, rate=rate)
    changes = {
        "standard": None,
        "gaussian": with_noise(noise),
        "adversarial": against(Pgd(steps=steps), radius),
    }
    tensors: dict[str, Tensor] = {}
    rows: list[dict[str, Any]] = []
    jobs = [(arm, seed) for arm in ARMS for seed in range(seeds)]
    for arm, seed in run.steps(jobs, note="networks"):
        salt = ("digit-nets", arm, seed)
        images, labels, change = training.images, training.labels, changes[arm]
        net = learn(run, kind, images, labels, settings, *salt, change=change)
        kept = {name: tensor.cpu().half() for name, tensor in net.state_dict().items()}
        tensors |= {f"{arm}/{seed}/{name}": tensor for name, tensor in kept.items()}
        net = load_net(kind, kept)
        rows.append(
            {
                "network": ARMS[arm],
                "seed": seed,
                "training": accuracy(net, training.images, training.labels),
                "test": accuracy(net, test.images, test.labels),
            }
        )
    facts: dict[str, float | int] = {
        "seeds": seeds,
        "trained_on": len(training.labels),
        "tested": len(test.labels),
        **digit_scale(test, training),
    }
    for arm, label in ARMS.items():
        own = [row for row in rows if row["network"] == label]
        facts |= spread(f"accuracy_{arm}", [row["test"] for row in own])
        facts |= spread(f"training_{arm}", [row["training"] for row in own])
    return Result(
        facts=facts,
        data={
            "kind": kind,
            "arms": list(ARMS),
            "radius": radius,
            "noise": noise,
            "columns": [
                "network",
                "seed",
                {"name": "training", "label": "training digits read", "format": ".1%"},
                {"name": "test", "label": "test digits read", "format": ".1%"},
            ],
        },
        tables={"accuracy": columns(rows)},
        assets={"nets": Weights(tensors)},
    )
