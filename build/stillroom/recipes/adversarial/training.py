"""Training of small classifiers: plain, against an adversary, or with noise added."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillroom.recipes.adversarial.attack import Attack

# A network in training, images and labels, and the generator, to the images to learn from.
Change = Callable[[nn.Module, Tensor, Tensor, torch.Generator], Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How to train: `epochs` over the images, `batch` at a time, by Adam with rate `rate`.

    The rate falls to 0 along half a cosine.
    """

    epochs: int = 12
    batch: int = 64
    rate: float = 0.004


def train(
    net: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator,
    *,
    training: Training,
    change: Change | None = None,
) -> nn.Module:
    """Train `net` in place by cross-entropy, and return it ready for use.

    Args:
        net: the classifier.
        images: ``[n, ...]``.
        labels: int64 ``[n]``.
        generator: draws the order of each epoch, and what `change` draws.
        training: how long and how fast.
        change: what to do to the images of each batch before learning from them.

    Returns:
        The same net in eval mode, its weights without gradients.
    """
    for _ in passes(net, images, labels, generator, training=training, change=change):
        pass
    return net


def passes(
    net: nn.Module,
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator,
    *,
    training: Training,
    change: Change | None = None,
) -> Iterator[int]:
    """Train as `train` does, and yield the number of each epoch after it, the net ready for use."""
    optimiser = torch.optim.Adam(net.parameters(), lr=training.rate, foreach=True)
    parts = -(-len(images) // training.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, training.epochs * parts)
    for epoch in range(1, training.epochs + 1):
        net.train().requires_grad_(True)
        order = torch.randperm(len(images), generator=generator).to(images.device)
        for rows in order.tensor_split(parts):
            seen, wanted = images[rows], labels[rows]
            if change is not None:
                seen = change(net, seen, wanted, generator)
            optimiser.zero_grad()
            torch.autograd.backward(functional.cross_entropy(net(seen), wanted))
            optimiser.step()
            schedule.step()
        net.eval().requires_grad_(False)
        yield epoch


def against(attack: Attack, radius: float) -> Change:
    """Learn from the worst that an attack finds within `radius` (A. Madry and others, 2018)."""

    def change(
        net: nn.Module, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> Tensor:
        return attack(net, images, labels, radius, generator=generator).images

    return change


def with_noise(deviation: float) -> Change:
    """Learn from images with Gaussian noise of this standard deviation, clipped to [0, 1]."""

    def change(
        net: nn.Module,  # noqa: ARG001
        images: Tensor,
        labels: Tensor,  # noqa: ARG001
        generator: torch.Generator,
    ) -> Tensor:
        noise = torch.randn(images.shape, generator=generator).to(images.device)
        return (images + deviation * noise).clamp(0, 1)

    return change


def predict(net: Callable[[Tensor], Tensor], images: Tensor, batch: int = 256) -> Tensor:
    """Return the classes that a model predicts, int64 ``[b]``."""
    with torch.no_grad():
        return torch.cat([net(part).argmax(-1) for part in torch.split(images, batch)])


def accuracy(net: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> float:
    """Return the share of images that a model takes for their labels."""
    return float((predict(net, images) == labels).double().mean())
