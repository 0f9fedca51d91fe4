"""Grid graphs, their Laplacians and eigenbases, in float64 on the CPU.

A picture of h rows and w columns is a signal on n = h w nodes in row-major order. Neighbours are
the 4 pixels beside one, or the 8 around it; there are none beyond the border.

Sources: F. Chung, "Spectral Graph Theory" (1997), chapter 1, for the Laplacian and the Rayleigh
quotient; G. Strang, "The Discrete Cosine Transform", SIAM Review 41 (1999), for the eigenvectors
of a path; M. Defferrard and others, "Convolutional Neural Networks on Graphs with Fast Localized
Spectral Filtering" (2016), for the scaled Laplacian.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor

Neighbours = Literal[4, 8]

# Eigenvalues this close, relative to the largest, are one: rounding separates them by about 1e-14.
TIE = 1e-9


def grid_edges(height: int, width: int, neighbours: Neighbours = 8) -> Tensor:
    """Return the edges of a grid, each once, the smaller node first: int64 ``[m, 2]``, sorted."""
    node = torch.arange(height * width).reshape(height, width)
    pairs = [(node[:, :-1], node[:, 1:]), (node[:-1], node[1:])]
    if neighbours == 8:
        pairs += [(node[:-1, :-1], node[1:, 1:]), (node[:-1, 1:], node[1:, :-1])]
    edges = torch.cat([torch.stack([a.flatten(), b.flatten()], dim=1) for a, b in pairs])
    return edges[(edges[:, 0] * height * width + edges[:, 1]).argsort()]


def adjacency(edges: Tensor, nodes: int) -> Tensor:
    """Return the symmetric 0/1 matrix A, float64 ``[n, n]``, of edges ``[m, 2]``."""
    A = torch.zeros(nodes, nodes, dtype=torch.float64)
    A[edges[:, 0], edges[:, 1]] = 1
    A[edges[:, 1], edges[:, 0]] = 1
    return A


def grid_adjacency(height: int, width: int, neighbours: Neighbours = 8) -> Tensor:
    """Return the adjacency matrix of a grid, float64 ``[h w, h w]``."""
    return adjacency(grid_edges(height, width, neighbours), height * width)


def laplacian(A: Tensor) -> Tensor:
    """Return L = D - A, where D holds the degrees: ``[..., n, n]`` to the same."""
    return torch.diag_embed(A.sum(-1)) - A


def scaled_laplacian(L: Tensor, largest: float | None = None) -> Tensor:
    """Return 2 L / largest - I, whose eigenvalues are in [-1, 1].

    Args:
        L: ``[n, n]``, not zero.
        largest: the largest eigenvalue of L, or a bound above it; computed when None.
    """
    if largest is None:
        largest = float(torch.linalg.eigvalsh(L)[-1])
    return 2 * L / largest - torch.eye(len(L), dtype=L.dtype)


def rayleigh_quotient(L: Tensor, x: Tensor) -> Tensor:
    """Return x^T L x / x^T x, how rough x is on the graph.

    It is the sum over edges of the squared step along the edge, divided by the sum of squares.

    Args:
        L: ``[n, n]``.
        x: ``[n]`` or, one signal a column, ``[n, k]``; not zero.

    Returns:
        A scalar or ``[k]``, between the smallest and the largest eigenvalue of L.
    """
    return (x * (L @ x)).sum(0) / (x * x).sum(0)


def cosine_basis(nodes: int) -> tuple[Tensor, Tensor]:
    """Return the eigenbasis of the Laplacian of a path: the DCT-II.

    Eigenvalue i is 4 sin²(pi i / 2n), its vector cos(pi i (v + 1/2) / n) at node v, normalised.

    Returns:
        Eigenvalues ``[n]``, ascending, and eigenvectors ``[n, n]``, one a column.
    """
    i = torch.arange(nodes, dtype=torch.float64)
    values = 4 * torch.sin(math.pi * i / (2 * nodes)) ** 2
    vectors = torch.cos(math.pi * (i[:, None] + 0.5) * i / nodes) * math.sqrt(2 / nodes)
    vectors[:, 0] = 1 / math.sqrt(nodes)
    return values, vectors


def grid_basis(height: int, width: int, neighbours: Neighbours = 8) -> tuple[Tensor, Tensor]:
    """Return the eigenbasis of a grid's Laplacian, smoothest first.

    With 4 neighbours the grid is a product of paths, so its eigenvectors are products of theirs
    and its eigenvalues sums: 4 sin²(pi i / 2h) + 4 sin²(pi j / 2w). With 8 there is no such form,
    and `torch.linalg.eigh` finds them. Within an eigenspace the 4-neighbour basis is ordered by
    (i, j), and the 8-neighbour basis is the one nearest to it; see `eigenbasis`.

    Returns:
        Eigenvalues ``[n]``, ascending, and orthonormal eigenvectors ``[n, n]``, one a column.
    """
    row_values, row_vectors = cosine_basis(height)
    column_values, column_vectors = cosine_basis(width)
    values = (row_values[:, None] + column_values).flatten()
    # Equal sums may differ by rounding; rounded, they keep the order (i, j).
    order = (values / (TIE * 8)).round().argsort(stable=True)
    vectors = torch.kron(row_vectors, column_vectors)[:, order]
    if neighbours == 4:
        return values[order], vectors
    return eigenbasis(laplacian(grid_adjacency(height, width, neighbours)), probes=vectors)


def eigenbasis(L: Tensor, probes: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return the eigenbasis of a symmetric matrix, made unique by convention.

    A solver may turn the vectors of an eigenspace into one another, and flips signs at will. So in
    each eigenspace of more than one dimension we project the probes into it, take the one with the
    longest projection (the first of equals), remove its direction, and go on. Then each vector's
    first entry that is not zero is made positive.

    Args:
        L: ``[n, n]``, float64, symmetric.
        probes: ``[n, p]``, p at least n; None takes the nodes themselves.

    Returns:
        Eigenvalues ``[n]``, ascending, and orthonormal eigenvectors ``[n, n]``, one a column.
    """
    values, vectors = torch.linalg.eigh(L)
    for start, stop in eigenspaces(values):
        if stop - start > 1:
            vectors[:, start:stop] = _canonical(vectors[:, start:stop], probes)
    return values, vectors * _signs(vectors)


def eigenspaces(values: Tensor) -> list[tuple[int, int]]:
    """Return the runs of equal eigenvalues in ``[n]``, ascending, as pairs (start, stop)."""
    scale = max(float(values.abs().max()), 1.0)
    apart = (values.diff() > TIE * scale).nonzero().flatten() + 1
    ends = [0, *apart.tolist(), len(values)]
    return list(pairwise(ends))


def _canonical(space: Tensor, probes: Tensor | None) -> Tensor:
    """Return a basis of the span of ``[n, k]`` that does not depend on the one given."""
    shadows = space.T if probes is None else space.T @ probes  # [k, p], in the basis given
    chosen: list[Tensor] = []
    for _ in range(space.shape[1]):
        lengths = shadows.norm(dim=0)
        first = int((lengths > lengths.max() * (1 - 1e-6)).nonzero()[0])
        direction = shadows[:, first] / lengths[first]
        chosen.append(direction)
        shadows = shadows - torch.outer(direction, direction @ shadows)
    # A second orthogonalisation takes away what rounding left.
    rotation, triangle = torch.linalg.qr(torch.stack(chosen, dim=1))
    basis: Tensor = space @ (rotation * triangle.diagonal().sign())
    return basis


def _signs(vectors: Tensor) -> Tensor:
    """Return ``[n]`` of +1 and -1: the sign of the first entry of each column that is not zero."""
    large = vectors.abs() > 1e-6 * vectors.abs().amax(0)
    first = large.to(torch.uint8).argmax(0)
    signs: Tensor = vectors.gather(0, first[None]).sign()[0]
    return signs
