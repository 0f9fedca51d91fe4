"""How fast and how well networks are fooled, beside torchattacks and foolbox.

`python benchmarks/attacks.py`, with an environment that has both, which nothing else here needs:

    python -m venv --system-site-packages /tmp/peers   # from the Python of .venv
    /tmp/peers/bin/pip install --no-deps torchattacks foolbox eagerpy GitPython gitdb smmap requests

(`--no-deps`, because torchattacks asks for torchvision and an old requests; foolbox imports
GitPython and requests when it is imported.)

One network that reads digits, one set of 500 test digits, projected gradient ascent of the
cross-entropy from a random start, with the same radius, step size, number of steps and batch for
all three. The network is frozen beforehand: foolbox would otherwise compute gradients of the
weights too. The result is the attacked digits and which of them are fooled: foolbox and we judge
them after the last step; those of torchattacks are judged by the benchmark. Measured are

- image-steps a second: digits times steps over the time of the processor, the median over seeds,
  the three in turn, in one thread;
- the share of digits fooled, the mean over seeds;
- the largest distance from the original, in double precision.

Ours runs twice: with every step for every digit, as the peers do, and leaving a digit alone as
soon as it is fooled, as an accuracy under attack is measured here. An image-step is counted for
each step allowed, taken or not.

The program ends with 1 if either of ours fools fewer digits than a peer, if the latter is slower
than a peer, or if a digit of ours is outside its ball. The former takes the same steps through the
same network, so that there is little to be faster in.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor, nn

from stillroom.models.digit_nets import digit_net
from stillroom.models.digits import digits
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.norms import Norm, length
from stillroom.recipes.adversarial.training import Training, predict, train

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # foolbox asks SciPy for a name of old
    import foolbox
    import torchattacks

STEPS = 20
STEP = 2.5 / STEPS  # in radii
BATCH = 125
SEEDS = 7
OURS, EVERY = "Stillroom", "Stillroom, every step"
CASES: list[tuple[Norm, float]] = [("L2", 0.8), ("Linf", 0.1)]

Attacker = Callable[[Tensor, Tensor, int], Tensor]  # digits, labels and a seed to attacked digits


@dataclass
class Measured:
    """What one way of attacking did, over seeds."""

    seconds: list[float]
    fooled: list[float]
    furthest: float = 0.0


def main() -> None:
    """Measure, print ratios, judge."""
    torch.set_num_threads(1)
    training, test = digits()
    net = train(
        digit_net("conv", torch.Generator().manual_seed(0)),
        training.images,
        training.labels,
        torch.Generator().manual_seed(1),
        training=Training(),
    )
    broken = []
    for norm, radius in CASES:
        attackers = {
            OURS: ours(net, norm, radius, stop=True),
            EVERY: ours(net, norm, radius, stop=False),
            "torchattacks": by_torchattacks(net, norm, radius),
            "foolbox": by_foolbox(net, norm, radius),
        }
        measured = measure(net, attackers, test.images, test.labels, norm)
        print(f"{norm} {radius:g}, {STEPS} steps")
        for name, each in measured.items():
            rate = len(test.labels) * STEPS / statistics.median(each.seconds)
            print(
                f"  {name:24} {rate:9,.0f} image-steps a second, "
                f"{statistics.mean(each.fooled):.1%} fooled, at most {each.furthest:.8f} away"
            )
        for own in (OURS, EVERY):
            for peer in ("torchattacks", "foolbox"):
                faster, better = ratios(measured[own], measured[peer])
                print(f"  {own} : {peer} {faster:.2f} in speed, {better:.3f} in digits fooled")
                if better < 1 or (own == OURS and faster < 1):
                    broken.append(f"{own} beside {peer} in {norm}")
            if measured[own].furthest > radius:
                broken.append(f"{own} is outside its ball of {norm}")
    if broken:
        sys.exit(f"Stillroom should be no slower and no worse, and inside the ball: {broken}")


def ratios(own: Measured, peer: Measured) -> tuple[float, float]:
    """How many times as fast, and how many times as many digits fooled."""
    return (
        statistics.median(peer.seconds) / statistics.median(own.seconds),
        statistics.mean(own.fooled) / statistics.mean(peer.fooled),
    )


def measure(
    net: nn.Module, attackers: dict[str, Attacker], images: Tensor, labels: Tensor, norm: Norm
) -> dict[str, Measured]:
    """Attack with each in turn, seed by seed, after a turn that does not count."""
    measured = {name: Measured([], []) for name in attackers}
    for seed in range(-1, SEEDS):
        for name, attack in attackers.items():
            begun = time.process_time()
            found = attack(images, labels, seed + 1)
            seconds = time.process_time() - begun
            if seed < 0:
                continue
            each = measured[name]
            each.seconds.append(seconds)
            each.fooled.append(float((predict(net, found) != labels).double().mean()))
            far = float(length(found.double() - images.double(), norm).max())
            each.furthest = max(each.furthest, far)
    return measured


def ours(net: nn.Module, norm: Norm, radius: float, *, stop: bool) -> Attacker:
    """Projected gradient ascent of Stillroom."""
    attack = Pgd(norm=norm, steps=STEPS, step_size=STEP, stop=stop, batch=BATCH)

    def run(images: Tensor, labels: Tensor, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        return attack(net, images, labels, radius, generator=generator).images

    return run


def by_torchattacks(net: nn.Module, norm: Norm, radius: float) -> Attacker:
    """The same of torchattacks, batch by batch, with a look at who is fooled."""
    kind = torchattacks.PGDL2 if norm == "L2" else torchattacks.PGD
    attack = kind(net, eps=radius, alpha=STEP * radius, steps=STEPS, random_start=True)

    def run(images: Tensor, labels: Tensor, seed: int) -> Tensor:
        torch.manual_seed(seed)
        found = []
        for part, own in zip(images.split(BATCH), labels.split(BATCH), strict=True):
            found.append(attack(part, own))
            predict(net, found[-1])
        return torch.cat(found)

    return run


def by_foolbox(net: nn.Module, norm: Norm, radius: float) -> Attacker:
    """The same of foolbox, batch by batch."""
    model = foolbox.PyTorchModel(net, bounds=(0, 1), device="cpu")
    kind = foolbox.attacks.L2PGD if norm == "L2" else foolbox.attacks.LinfPGD
    attack = kind(rel_stepsize=STEP, steps=STEPS, random_start=True)

    def run(images: Tensor, labels: Tensor, seed: int) -> Tensor:
        torch.manual_seed(seed)
        parts = zip(images.split(BATCH), labels.split(BATCH), strict=True)
        return torch.cat([attack(model, part, own, epsilons=radius)[1] for part, own in parts])

    return run


if __name__ == "__main__":
    main()
