"""Small networks that value places on a map, trained in batches, and what they hold to be near."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

Weights = Mapping[str, Tensor]


def initial(
    networks: int, hidden: int, generator: torch.Generator, *, inputs: int = 2
) -> dict[str, Tensor]:
    """Draw weights of networks inputs → hidden → hidden → 1, float32 ``[networks, in, out]``.

    Uniform within ± sqrt(6 / (fan in + fan out)) (X. Glorot and Y. Bengio, AISTATS 2010).
    """
    weights = {}
    shapes = [(inputs, hidden), (hidden, hidden), (hidden, 1)]
    for layer, (rows, columns) in enumerate(shapes, 1):
        limit = math.sqrt(6 / (rows + columns))
        drawn = torch.rand(networks, rows, columns, generator=generator)
        weights[f"W{layer}"] = (2 * drawn - 1) * limit
        weights[f"b{layer}"] = torch.zeros(networks, 1, columns)
    return weights


def latent(weights: Weights, inputs: Tensor) -> Tensor:
    """Return the last hidden layer ``[n, s, hidden]`` at ``inputs[s, 2]``."""
    first = (inputs @ weights["W1"] + weights["b1"]).relu()
    return (first @ weights["W2"] + weights["b2"]).relu()


def value(weights: Weights, inputs: Tensor) -> Tensor:
    """Return the values ``[n, s]`` at ``inputs[s, 2]``."""
    return (latent(weights, inputs) @ weights["W3"] + weights["b3"])[..., 0]


def train_td(
    start: Weights,
    inputs: Tensor,
    P: Tensor,
    r: Tensor,
    visits: Tensor,
    *,
    gamma: float,
    rate: float,
) -> Iterator[dict[str, Tensor]]:
    """Yield the weights before any update and after each, by semi-gradient TD(0) and Adam.

    All recorded steps count in every update: the target of a state is the mean of r + γ V(s') over
    the steps from it, taken as it stands (R. Sutton and A. Barto, *Reinforcement Learning*, 2nd ed.
    2018, section 9.3).

    Args:
        start: initial weights.
        inputs: ``[s, 2]``.
        P: ``[n, s, s']``, shares of where steps led, ends left out.
        r: ``[n, s]``, mean rewards.
        visits: ``[n, s]``, how often each state counts.
        gamma: the discount.
        rate: learning rate.
    """
    weights = {name: tensor.clone().requires_grad_() for name, tensor in start.items()}
    share = visits / visits.sum(1, keepdim=True)
    optimiser = torch.optim.Adam(weights.values(), lr=rate)
    while True:
        yield {name: tensor.detach().clone() for name, tensor in weights.items()}
        V = value(weights, inputs)
        with torch.no_grad():
            target = r + gamma * (P @ V[..., None])[..., 0]
        optimiser.zero_grad()
        torch.autograd.backward(((V - target) ** 2 * share).sum())
        optimiser.step()


def ranks(values: Tensor) -> Tensor:
    """Return the ranks of ``[m]`` numbers, from 0; equal ones share the mean of theirs."""
    _, place, count = torch.unique(values, return_inverse=True, return_counts=True)
    last: Tensor = count.cumsum(0).double() - (count + 1) / 2
    return last[place]


def rank_correlation(one: Tensor, other: Tensor) -> Tensor:
    """Return Spearman's rank correlation of ``one[n, m]`` with ``other[m]``, ``[n]``."""
    a = torch.stack([ranks(row) for row in one])
    b = ranks(other)
    a, b = a - a.mean(1, keepdim=True), b - b.mean()
    product: Tensor = (a * b).sum(1) / (a.norm(dim=1) * b.norm())
    return product
