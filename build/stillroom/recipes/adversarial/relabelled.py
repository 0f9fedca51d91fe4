"""Data sets made to show what networks learn from: relabelled, stripped or mislabelled on purpose.

They are those of A. Ilyas and others, "Adversarial Examples Are Not Bugs, They Are Features"
(NeurIPS 2019), sections 3.1 and 3.2; the poisoned one is that of P. Nakkiran's comment (Distill
2019, doi:10.23915/distill.00019.5).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillroom.models.digit_nets import features
from stillroom.recipes.adversarial.attack import Attack, Found, Model


def shifted(labels: Tensor, classes: int, by: int = 1) -> Tensor:
    """Return the class `by` after each label; after the last comes the first."""
    return (labels + by) % classes


def determined(
    model: Model,
    images: Tensor,
    labels: Tensor,
    radius: float,
    *,
    attack: Attack,
    classes: int,
    generator: torch.Generator | None = None,
) -> tuple[Found, Tensor]:
    """Make D_det: each image driven toward the class after its own, and labelled with that.

    Every label is wrong to a person. Robust features point to the class before the label.

    Args:
        model: whom the attack is to fool.
        images: ``[b, ...]``.
        labels: int64 ``[b]``, what they are.
        radius: of the attack.
        attack: how to attack.
        classes: how many there are.
        generator: for the attack.

    Returns:
        The attacked images, the unsuccessful ones too, and their labels ``[b]``.
    """
    targets = shifted(labels, classes)
    return attack(model, images, targets, radius, targeted=True, generator=generator), targets


def drawn(
    model: Model,
    images: Tensor,
    radius: float,
    *,
    attack: Attack,
    classes: int,
    generator: torch.Generator,
) -> tuple[Found, Tensor]:
    """Make D_rand: each image driven toward a class drawn uniformly, and labelled with that.

    A tenth of ten classes are drawn right. Robust features say nothing of the label, but for what
    the attack itself changes in them.
    """
    targets = torch.randint(classes, (len(images),), generator=generator).to(images.device)
    return attack(model, images, targets, radius, targeted=True, generator=generator), targets


def matching(
    net: nn.Sequential,
    images: Tensor,
    starts: Tensor,
    *,
    steps: int,
    rate: float = 0.02,
    batch: int = 512,
) -> tuple[Tensor, Tensor]:
    """Make images in [0, 1] that the last hidden layer of `net` cannot tell from the given ones.

    Adam lowers the squared distance of features, from other images to begin with. Of a robust
    network this makes D_R, of a standard one D_NR, each with the labels of `images`.

    Args:
        net: whose features count.
        images: ``[b, ...]``, what the features should be those of.
        starts: the same shape.
        steps: of Adam.
        rate: of Adam.
        batch: images at a time.

    Returns:
        The images, and by how much their features miss, relative to the distance at the start
        ``[b]``.
    """
    made, misses = [], []
    for image, start in zip(torch.split(images, batch), torch.split(starts, batch), strict=True):
        with torch.no_grad():
            wanted = features(net, image)
            begun = (features(net, start) - wanted).norm(dim=1)
        at = start.clone().requires_grad_()
        optimiser = torch.optim.Adam([at], lr=rate)
        for _ in range(steps):
            optimiser.zero_grad()
            # In units of the start, so that a network with large features is not hurried.
            apart = (features(net, at) - wanted).pow(2).sum(1) / begun.pow(2)
            torch.autograd.backward(apart.sum(), inputs=[at])
            optimiser.step()
            with torch.no_grad():
                at.clamp_(0, 1)
        with torch.no_grad():
            misses.append((features(net, at) - wanted).norm(dim=1) / begun)
        made.append(at.detach())
    return torch.cat(made), torch.cat(misses)


def others(labels: Tensor, generator: torch.Generator) -> Tensor:
    """Return for each of ``[b]`` labels the index of a random image, never of itself."""
    count = len(labels)
    return (torch.arange(count) + torch.randint(1, count, (count,), generator=generator)) % count
