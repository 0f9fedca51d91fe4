"""Message passing layers: GCN, GAT, GraphSAGE and GIN, in matrix form and for one node.

Every layer gathers from the neighbours of a node, combines with the node itself, and ends in a
ReLU. The matrix form takes features ``H [n, c]`` and a 0/1 adjacency ``A [n, n]`` without loops;
weights are ``[c', c]``. The form for one node is the same formula for scalar features in plain
Python, written down independently: it is what the reader sees spelled out, and a test holds the
two against each other. The neighbours of an isolated node average to 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

Weights = Mapping[str, float]

MODELS = ("gcn", "gat", "sage", "gin")
WEIGHTS: Mapping[str, tuple[str, ...]] = {
    "gcn": ("W", "B"),
    "gat": ("W", "A_W"),
    "sage": ("W", "B", "U_s", "U_h"),
    "gin": ("eps",),
}
UNIT_WEIGHTS: Mapping[str, float] = {"W": 1, "B": 1, "A_W": 1, "U_s": 1, "U_h": 1, "eps": 0}


def gcn(A: Tensor, H: Tensor, W: Tensor, B: Tensor) -> Tensor:
    """Mean of the neighbours, plus the node itself: ``relu(D⁻¹ A H Wᵀ + H Bᵀ)``.

    This is the row-normalised variant of Kipf & Welling (ICLR 2017), whose own weighting of an
    edge is ``1/√(deg u · deg v)`` and whose W and B are one matrix.
    """
    degree = A.sum(1, keepdim=True).clamp(min=1)
    return torch.relu((A / degree) @ H @ W.T + H @ B.T)


def gat(A: Tensor, H: Tensor, W: Tensor, a: Tensor) -> Tensor:
    """Attention over a node and its neighbours (Veličković et al., ICLR 2018), one head.

    The score of u for v is ``e_vu = relu(a · (W h_v + W h_u))`` and the weights are its softmax
    over ``N(v) ∪ {v}``. The paper lets ``a`` weigh the two halves apart and uses a leaky ReLU.

    Args:
        A: adjacency ``[n, n]``.
        H: features ``[n, c]``.
        W: weights ``[c', c]``.
        a: attention weights ``[c']``.
    """
    Z = H @ W.T
    score = Z @ a
    e = torch.relu(score[:, None] + score[None, :])
    reach = (A + torch.eye(len(A), dtype=A.dtype, device=A.device)) > 0
    return torch.relu(torch.softmax(e.masked_fill(~reach, -math.inf), 1) @ Z)


def sage(
    A: Tensor,
    H: Tensor,
    *,
    W: Tensor,
    B: Tensor,
    U_s: Tensor,
    U_h: Tensor,
    backwards: bool = False,
) -> Tensor:
    """GraphSAGE with a recurrent aggregator (Hamilton et al., NeurIPS 2017).

    ``s_t = relu(U_s s_{t-1} + U_h h_u)`` from ``s_0 = 0`` over the neighbours u, then
    ``relu(W s + B h_v)``: the product of one matrix with the two vectors stacked. The paper's
    recurrent network is an LSTM, trained on neighbours in random order; unlike a mean or a sum
    it depends on that order, so this layer is not equivariant.

    Args:
        A: adjacency ``[n, n]``.
        H: features ``[n, c]``.
        W: weights of the neighbours' state ``[c', k]``.
        B: weights of the node itself ``[c', c]``.
        U_s: weights of the state ``[k, k]``.
        U_h: weights of a neighbour ``[k, c]``.
        backwards: visit the neighbours from the last to the first, not from the first.
    """
    states = []
    for row in A:
        state = H.new_zeros(len(U_s))
        visited = row.nonzero()[:, 0]
        for u in visited.flip(0) if backwards else visited:
            state = torch.relu(U_s @ state + U_h @ H[u])
        states.append(state)
    return torch.relu(torch.stack(states) @ W.T + H @ B.T)


def gin(A: Tensor, H: Tensor, eps: float) -> Tensor:
    """Sum of the neighbours, plus (1 + ε) times the node: ``relu((A + (1 + ε) I) H)``.

    Xu et al. (ICLR 2019), with a ReLU where the paper has a network of two layers.
    """
    return torch.relu(A @ H + (1 + eps) * H)


def update(
    model: str, A: Tensor, h: Tensor, weights: Weights, *, backwards: bool = False
) -> Tensor:
    """Update all nodes at once with scalar features.

    Args:
        model: one of `MODELS`.
        A: adjacency ``[n, n]``.
        h: features ``[n]``.
        weights: a number for each name in ``WEIGHTS[model]``.
        backwards: for GraphSAGE, the order in which neighbours are visited.

    Returns:
        The new features ``[n]``.
    """
    named = {name: h.new_tensor([[weights[name]]]) for name in WEIGHTS[model]}
    H = h[:, None]
    layers: dict[str, Callable[[], Tensor]] = {
        "gcn": lambda: gcn(A, H, named["W"], named["B"]),
        "gat": lambda: gat(A, H, named["W"], named["A_W"][0]),
        "sage": lambda: sage(A, H, **named, backwards=backwards),
        "gin": lambda: gin(A, H, weights["eps"]),
    }
    return layers[model]()[:, 0]


def update_node(
    model: str, node: int, neighbours: Sequence[int], h: Sequence[float], weights: Weights
) -> float:
    """Update one node with scalar features: the formula a reader can follow by hand.

    Args:
        model: one of `MODELS`.
        node: the node v.
        neighbours: the nodes around it, in the order in which GraphSAGE visits them.
        h: the features of all nodes.
        weights: a number for each name in ``WEIGHTS[model]``.

    Returns:
        The new feature of the node, at least 0.
    """
    around = [h[u] for u in neighbours]
    if model == "gcn":
        mean = sum(around) / max(len(around), 1)
        return max(0.0, weights["W"] * mean + weights["B"] * h[node])
    if model == "gat":
        seen = [*around, h[node]]
        scores = [
            max(0.0, weights["A_W"] * (weights["W"] * h[node] + weights["W"] * x)) for x in seen
        ]
        largest = max(scores)
        shares = [math.exp(score - largest) for score in scores]
        mixed = sum(a * x for a, x in zip(shares, seen, strict=True)) / sum(shares)
        return max(0.0, weights["W"] * mixed)
    if model == "sage":
        state = 0.0
        for x in around:
            state = max(0.0, weights["U_s"] * state + weights["U_h"] * x)
        return max(0.0, weights["W"] * state + weights["B"] * h[node])
    return max(0.0, sum(around) + (1 + weights["eps"]) * h[node])
