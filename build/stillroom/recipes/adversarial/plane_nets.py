"""Small networks on places in a unit square or cube, trained many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.recipes.adversarial.attack import Model
from stillroom.recipes.value.network import value

Weights = Mapping[str, Tensor]  # as of `network.initial`, [networks, in, out]


def logit(weights: Weights, points: Tensor) -> Tensor:
    """Logits of label 1 of a batch of networks, ``[n, s, d]`` or ``[s, d]`` to ``[n, s]``."""
    return value(weights, 2 * points - 1)


def some(weights: Weights, part: slice) -> dict[str, Tensor]:
    """Return some networks of the batch."""
    return {name: each[part] for name, each in weights.items()}


def model(weights: Weights, number: int) -> Model:
    """One network of the batch, from points ``[s, d]`` to logits ``[s, 2]``."""
    own = some(weights, slice(number, number + 1))

    def say(points: Tensor) -> Tensor:
        given = logit(own, points)[0]
        return torch.stack([-given, given], 1) / 2

    return say


def fit(
    start: Weights,
    points: Tensor,
    labels: Tensor,
    optimiser: Callable[[Iterable[Tensor]], torch.optim.Optimizer],
    *,
    steps: int,
    counted: Tensor | None = None,
) -> dict[str, Tensor]:
    """Train a batch of networks on all points at once.

    Args:
        start: initial weights.
        points: ``[n, s, d]`` in [0, 1].
        labels: int64 ``[n, s]``, 0 or 1.
        optimiser: of all weights.
        steps: of it.
        counted: bool ``[n, s]``, which points a network learns; by default all.

    Returns:
        The weights after the last step.
    """
    weights = {name: each.clone().requires_grad_() for name, each in start.items()}
    steps_of = optimiser(weights.values())
    if counted is None:
        counted = torch.ones_like(labels, dtype=torch.bool)
    share = counted / counted.sum(1, keepdim=True).clamp_min(1)
    for _ in range(steps):
        steps_of.zero_grad()
        lost = functional.binary_cross_entropy_with_logits(
            logit(weights, points), labels.float(), reduction="none"
        )
        torch.autograd.backward((lost * share).sum())
        steps_of.step()
    return {name: each.detach() for name, each in weights.items()}
