"""One graph in any order of its nodes: a layer's outputs go along, a sum does not change."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.graphs.drawing import describe, hops, random_graph
from stillroom.recipes.graphs.layers import gcn


@recipe(view="node-order", packages=["torch"])
def node_order(
    run: Run,
    *,
    nodes: Annotated[int, Field(ge=4, le=8)] = 6,
    references: Annotated[int, Field(ge=1, le=100)] = 12,
) -> Result:
    """Renumber a graph and compare: matrix, outputs of a layer, and two ways to read them out.

    With a permutation matrix P the layer satisfies ``f(P A Pᵀ, P x) = P f(A, x)``. The layer is
    the mean form of GCN with W = B = 1 (`stillroom.recipes.graphs.layers.gcn`). A sum over nodes
    is the same in every order; a dense readout, which has a weight for each *position*, is not.

    Args:
        run: gives the seed of the graph, of the other order, and of the references.
        nodes: nodes of the graph, which is connected.
        references: random orders with outputs in float64, to check the browser by.

    Returns:
        Facts: ``difference``, the largest ``|f(P A Pᵀ, P x) - P f(A, x)|`` over the random
        orders; ``sum`` over the outputs; ``dense`` and ``dense_reordered``, the dense readout in
        the two orders shown first. Data: ``graph``, ``order`` (the other order shown first),
        ``dense`` (a weight for each position), ``outputs`` and ``reference``.
    """
    A, x = _connected(nodes, run.generator("graph"))
    dense = torch.linspace(1, 0, nodes, dtype=torch.float64)
    order = _other_order(nodes, run.generator("order"))
    outputs = layer(A, x)
    checks = [
        _reference(A, x, dense, torch.randperm(nodes, generator=run.generator("reference", i)))
        for i in range(references)
    ]
    return Result(
        facts={
            "difference": max(check["difference"] for check in checks),
            "sum": float(outputs.sum()),
            "dense": float(dense @ outputs),
            "dense_reordered": float(dense @ outputs[order]),
        },
        data={
            "graph": describe(A, x),
            "order": order.tolist(),
            "dense": dense.tolist(),
            "outputs": outputs.tolist(),
            "reference": checks,
        },
    )


def layer(A: Tensor, x: Tensor) -> Tensor:
    """The layer of the figure: GCN in its mean form with unit weights, scalar features ``[n]``."""
    one = torch.ones(1, 1, dtype=x.dtype)
    return gcn(A, x[:, None], one, one)[:, 0]


def _connected(nodes: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw until the graph hangs together and is neither a tree nor nearly complete."""
    while True:
        A = random_graph(nodes, 0.45, generator)
        count = int(A.sum()) // 2
        if bool(hops(A).isfinite().all()) and nodes <= count <= 2 * nodes - 3:
            return A, torch.randint(1, 10, (nodes,), generator=generator).double()


def _other_order(nodes: int, generator: torch.Generator) -> Tensor:
    """Draw an order in which no node stands where it stood."""
    while True:
        order = torch.randperm(nodes, generator=generator)
        if not bool((order == torch.arange(nodes)).any()):
            return order


def _reference(A: Tensor, x: Tensor, dense: Tensor, order: Tensor) -> dict[str, Any]:
    permuted = layer(A[order][:, order], x[order])
    return {
        "order": order.tolist(),
        "outputs": permuted.tolist(),
        "difference": float((permuted - layer(A, x)[order]).abs().max()),
        "sum": float(permuted.sum()),
        "dense": float(dense @ permuted),
    }
