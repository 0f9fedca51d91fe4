"""The window of a convolution on pixels beside the neighbourhood of a node in a graph."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.graphs.drawing import edges, hops, layout, neighbours


@recipe(view="neighbourhoods", packages=["torch"])
def neighbourhoods(run: Run, *, side: Annotated[int, Field(ge=4, le=7)] = 6) -> Result:
    """Let a reader point at pixels and nodes and compare what each can see.

    The graph has as many nodes as there are pixels. Its nodes are the pixels' places, moved at
    random; two are joined when the disc between them is empty (Gabriel & Sokal, Systematic
    Zoology 1969), which gives a connected planar graph whose nodes differ in degree. A second
    drawing of the same graph, turned and laid out anew, shows that their places mean nothing.

    Args:
        run: gives the seed of the graph.
        side: height and width of the grid, in pixels; the graph has side² nodes.

    Returns:
        Facts: ``nodes``, ``edges``, ``least_neighbours``, ``most_neighbours`` of a node of the
        graph, ``window`` and ``window_2_hops`` (pixels in a 3 × 3 and a 5 × 5 window, the middle
        one not counted). Data: ``side``, ``edges``, ``drawings`` (two lists of places in [0, 1]),
        ``start`` (the pixel and node that a page shows first) and ``reference``: for each node
        those at 1 and at 2 hops, from powers of the adjacency.
    """
    place = _places(side, run.generator("places"))
    first = _fill(place)
    A = gabriel(place)
    degree = A.sum(1).long()
    distance = hops(A)
    return Result(
        facts={
            "nodes": side * side,
            "edges": int(degree.sum()) // 2,
            "least_neighbours": int(degree.min()),
            "most_neighbours": int(degree.max()),
            "window": 8,
            "window_2_hops": 24,
        },
        data={
            "side": side,
            "edges": edges(A),
            "neighbours": neighbours(A),
            "drawings": [first.tolist(), _elsewhere(A, first).tolist()],
            "start": side * (side // 2 - 1) + side // 2,
            "reference": [
                [(row == length).nonzero()[:, 0].tolist() for length in (1, 2)] for row in distance
            ],
        },
    )


def gabriel(place: Tensor) -> Tensor:
    """Join two points when no third lies in the disc that has them as ends of a diameter.

    Args:
        place: points ``[n, 2]``.

    Returns:
        0/1 adjacency float64 ``[n, n]``.
    """
    squared = torch.cdist(place, place) ** 2
    # k lies in the disc over (i, j) exactly when |ik|² + |jk|² < |ij|².
    inside = squared[:, None, :] + squared[None, :, :] < squared[:, :, None] - 1e-12
    A = (~inside.any(2)).double()
    return A.fill_diagonal_(0)


def _places(side: int, generator: torch.Generator) -> Tensor:
    """The middles of the pixels, moved by up to 0.35 of a pixel; x and y, float64."""
    steps = torch.arange(side, dtype=torch.float64)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    moved = torch.rand(side * side, 2, generator=generator, dtype=torch.float64) - 0.5
    return torch.stack([x.flatten(), y.flatten()], 1) + 0.7 * moved


def _elsewhere(A: Tensor, first: Tensor) -> Tensor:
    """Lay the graph out anew, turned and mirrored so that nodes end far from where they were."""
    place = layout(A) - 0.5
    turned = [
        torch.stack([x * axes[:, 0], y * axes[:, 1]], 1) + 0.5
        for axes in (place, place.flip(1))
        for x in (1, -1)
        for y in (1, -1)
    ]
    return max(turned, key=lambda each: float((each - first).norm(dim=1).mean()))


def _fill(place: Tensor) -> Tensor:
    low, high = place.min(0).values, place.max(0).values
    return (place - low) / (high - low)
