"""What else an attacker may want: to fool one network and no other, or to move a layer.

The first is P. Nakkiran's "Adversarial Examples are Just Bugs, Too" (Distill 2019,
doi:10.23915/distill.00019.5); the second measures the robustness of layers in the follow-up to
R. Nakano's "Adversarially Robust Neural Style Transfer" (Distill 2019,
doi:10.23915/distill.00019.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.recipes.adversarial.attack import Goal, Judged, Model, Pgd


def only(model: Model, others: Sequence[Model], labels: Tensor, targets: Tensor) -> Goal:
    """Have `model` see the targets while all others go on to see the labels, on average.

    The loss to be lowered is that of the model on the targets plus the mean of the others' on the
    labels. What it finds is particular to the model: a bug.

    Args:
        model: whom to fool.
        others: networks for the same task, at least one.
        labels: int64 ``[n]``, of the whole set.
        targets: int64 ``[n]``.
    """

    def judge(images: Tensor, part: Tensor) -> Judged:
        logits = model(images)
        predicted = logits.detach().argmax(-1)
        lost = functional.cross_entropy(logits, targets[part], reduction="none")
        for other in others:
            stays = functional.cross_entropy(other(images), labels[part], reduction="none")
            lost = lost + stays / len(others)
        return Judged(-lost, predicted, predicted == targets[part])

    return judge


def move(layer: Callable[[Tensor], Tensor], origin: Tensor) -> Goal:
    """Move what a layer says of each image as far as possible, in L2, from ``origin[n, ...]``.

    There is no success; the loss is the distance.
    """

    def judge(images: Tensor, part: Tensor) -> Judged:
        apart = (layer(images) - origin[part]).flatten(1)
        nothing = torch.zeros(len(images), dtype=torch.int64, device=images.device)
        # The root has no slope at 0, where a walk without random start begins.
        return Judged((apart.pow(2).sum(1) + 1e-12).sqrt(), nothing, nothing.bool())

    return judge


def layer_robustness(
    layer: Callable[[Tensor], Tensor],
    images: Tensor,
    radius: float,
    *,
    attack: Pgd,
    generator: torch.Generator,
) -> float:
    """Return R(f): how far an attack moves a layer, in units of how far images are apart in it.

    R(f) = E[max over x' of |f(x') - f(x)|] / E[|f(x) - f(z)|], with x' within `radius` of x, and z
    another image. Small is robust.

    Args:
        layer: images ``[b, ...]`` to what the layer holds ``[b, ...]``.
        images: ``[b, ...]``, at least two.
        radius: of the attack.
        attack: how to move.
        generator: draws where the walks start; from the image itself nothing would move.
    """
    with torch.no_grad():
        held = layer(images).flatten(1).double()
        origin = layer(images)
    moved = attack.reach(move(layer, origin), images, radius, generator=generator).loss
    count = len(images)
    apart = torch.cdist(held, held).sum() / (count * (count - 1))
    return float(moved.double().mean() / apart)
