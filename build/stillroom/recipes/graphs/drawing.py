"""Small graphs as a page draws them: named nodes, edges, and a place for each node."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


def hops(A: Tensor) -> Tensor:
    """Count the edges on the shortest path between every two nodes.

    Args:
        A: 0/1 adjacency ``[n, n]``.

    Returns:
        float64 ``[n, n]``; infinity where no path leads.
    """
    n = len(A)
    distance = torch.full((n, n), math.inf, dtype=torch.float64)
    reached = torch.eye(n, dtype=torch.float64)
    for length in range(n):
        distance = torch.where((reached > 0) & distance.isinf(), float(length), distance)
        reached = ((reached + reached @ A.double()) > 0).double()
    return distance


def layout(A: Tensor, steps: int = 300) -> Tensor:
    """Place nodes so that distances on the page follow distances in the graph.

    Minimises the stress ``Σ (|p_i - p_j| - d_ij)² / d_ij²`` by majorisation from a circle (Gansner,
    Koren & North, Graph Drawing 2004). Parts that are not connected keep the greatest distance + 1.

    Args:
        A: 0/1 adjacency ``[n, n]``.
        steps: rounds of majorisation.

    Returns:
        float64 ``[n, 2]`` in [0, 1], each axis filled from side to side, longer axis across.
    """
    n = len(A)
    d = hops(A)
    far = d[d.isfinite()].max() + 1
    d = torch.where(d.isinf(), far, d)
    weight = torch.where(d > 0, d.clamp(min=1) ** -2, 0.0)
    inverse = torch.linalg.pinv(torch.diag(weight.sum(1)) - weight)
    # Slightly off a circle: symmetric starts can sit on a saddle of the stress.
    angle = torch.arange(n, dtype=torch.float64) * (2 * math.pi / n)
    place = torch.stack([angle.cos(), angle.sin() + 0.1 * angle.cos() ** 2], 1)
    for _ in range(steps):
        apart = torch.cdist(place, place)
        ratio = torch.where(apart > 1e-9, weight * d / apart.clamp(min=1e-9), 0.0)
        place = inverse @ ((torch.diag(ratio.sum(1)) - ratio) @ place)
    place = place - place.mean(0)
    _, axes = torch.linalg.eigh(place.T @ place)
    place = place @ axes.flip(1)
    # An axis has no sign of its own: the first node that is off centre goes left and up.
    for axis in range(2):
        column = place[:, axis]
        if column[column.abs() > 1e-6][:1].sum() > 0:
            place[:, axis] = -column
    low, high = place.min(0).values, place.max(0).values
    span = high - low
    return torch.where(span > 1e-6, (place - low) / span.clamp(min=1e-6), 0.5)


def edges(A: Tensor) -> list[list[int]]:
    """List the edges as pairs ``[u, v]`` with u < v, in order."""
    return [[int(u), int(v)] for u, v in torch.triu(A, 1).nonzero().tolist()]


def neighbours(A: Tensor) -> list[list[int]]:
    """List the neighbours of each node, in order."""
    return [row.nonzero()[:, 0].tolist() for row in A]


def random_graph(n: int, probability: float, generator: torch.Generator) -> Tensor:
    """Draw a graph of `n` nodes in which each pair is joined with `probability`.

    Erdős & Rényi's G(n, p); float64 ``[n, n]``, symmetric, no loops.
    """
    upper = torch.triu(torch.rand(n, n, generator=generator) < probability, 1).double()
    return upper + upper.T


def describe(A: Tensor, features: Tensor) -> dict[str, Any]:
    """Say all that a page needs to draw a graph.

    Args:
        A: 0/1 adjacency ``[n, n]``, n at most 26.
        features: one number a node ``[n]``.

    Returns:
        ``names`` (A, B, …), ``edges``, ``neighbours``, ``features`` and ``places`` in [0, 1].
    """
    return {
        "names": [chr(ord("A") + node) for node in range(len(A))],
        "edges": edges(A),
        "neighbours": neighbours(A),
        "features": features.tolist(),
        "places": layout(A).tolist(),
    }
