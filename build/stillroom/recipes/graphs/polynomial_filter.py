"""A polynomial of the Laplacian as a convolution, on a grid small enough to click."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.graphs.drawing import neighbours as neighbours_of
from stillroom.recipes.graphs.laplacian import (
    Neighbours,
    grid_adjacency,
    laplacian,
    scaled_laplacian,
)

Basis = Literal["powers", "chebyshev"]


def polynomial(L: Tensor, weights: Sequence[float], basis: Basis = "powers") -> Tensor:
    """Evaluate a filter as a matrix.

    ``p_w(L) = Σ w_i L^i``, or ``Σ w_i T_i(L)`` with the Chebyshev polynomials ``T_0 = I``,
    ``T_1 = L``, ``T_i = 2 L T_{i-1} - T_{i-2}`` of ChebNet (Defferrard et al., NeurIPS 2016),
    which stay within [-1, 1] on a spectrum within [-1, 1]. ``(L^i)_vu = 0`` beyond i hops.

    Args:
        L: a Laplacian, plain or scaled ``[n, n]``.
        weights: w_0, w_1, …, at least one.
        basis: which polynomials the weights multiply.
    """
    identity = torch.eye(len(L), dtype=L.dtype, device=L.device)
    terms = [identity, L]
    for _ in weights[2:]:
        terms.append(2 * L @ terms[-1] - terms[-2] if basis == "chebyshev" else L @ terms[-1])
    total = torch.zeros_like(L)
    for weight, term in zip(weights, terms, strict=False):
        total = total + weight * term
    return total


@recipe(view="polynomial-filter", packages=["torch"])
def polynomial_filter(
    run: Run,
    *,
    side: Annotated[int, Field(ge=3, le=7)] = 5,
    neighbours: Neighbours = 8,
    weights: Annotated[list[float], Field(min_length=3, max_length=3)] = [1, 0.1, 0],  # noqa: B006
    pixels: str = "",
    scale: bool = False,
    basis: Basis = "powers",
    references: Annotated[int, Field(ge=1, le=200)] = 24,
) -> Result:
    """Filter a clickable picture of zeros and ones with ``w_0 I + w_1 L + w_2 L²``.

    Args:
        run: gives the seed of the random pictures and references.
        side: height and width of the grid, in pixels.
        neighbours: whether pixels that touch at a corner are joined (8) or not (4).
        weights: the three weights the reader starts with, from -1 to 1.
        pixels: the first picture, row by row, a 0 or 1 each; empty draws a plus in the middle.
        scale: start with ``L̃ = 2L/λmax - I`` in place of L.
        basis: start with powers or with Chebyshev polynomials.
        references: random filters with their outputs in float64, to check the browser by.

    Returns:
        Facts: ``largest_eigenvalue``; ``corner_degree``, ``edge_degree`` and ``centre_degree``
        in neighbours; ``reach`` of the filter in hops. Data: ``side``, ``neighbours`` of each
        pixel, ``largest``, ``initial`` (what the reader starts with), ``output`` and ``kernel``
        (of the middle pixel) in that state, ``random`` (pictures) and ``reference``.

    Raises:
        ValueError: `pixels` is not side² zeros and ones.
    """
    n = side * side
    pixels = pixels.replace(" ", "") or _plus(side)
    if len(pixels) != n or set(pixels) - {"0", "1"}:
        raise ValueError(f"pixels: expected {n} zeros and ones, found {pixels!r}")
    A = grid_adjacency(side, side, neighbours)
    L = laplacian(A)
    largest = float(torch.linalg.eigvalsh(L)[-1])
    tilde = scaled_laplacian(L, largest)
    start = polynomial(tilde if scale else L, weights, basis)
    x = torch.tensor([float(bit) for bit in pixels], dtype=torch.float64)
    generator = run.generator("pictures")
    degree = A.sum(1).long().tolist()
    return Result(
        facts={
            "largest_eigenvalue": largest,
            "corner_degree": degree[0],
            "edge_degree": degree[side // 2],
            "centre_degree": degree[n // 2],
            "reach": max((i for i, w in enumerate(weights) if w), default=0),
        },
        data={
            "side": side,
            "neighbours": neighbours_of(A),
            "largest": largest,
            "initial": {"pixels": pixels, "weights": weights, "scale": scale, "basis": basis},
            "output": (start @ x).tolist(),
            "kernel": start[n // 2].tolist(),
            "random": [
                "".join(map(str, torch.randint(2, (n,), generator=generator).tolist()))
                for _ in range(16)
            ],
            "reference": [
                _reference(i, L, tilde, run.generator("reference", i)) for i in range(references)
            ],
        },
    )


def _plus(side: int) -> str:
    """A plus in the middle of the grid: a shape whose corners, edges and inside all differ."""
    middle = side // 2
    reach = max(1, side // 4)
    return "".join(
        str(
            int(
                (row == middle and abs(column - middle) <= reach)
                or (column == middle and abs(row - middle) <= reach)
            )
        )
        for row in range(side)
        for column in range(side)
    )


def _reference(index: int, L: Tensor, tilde: Tensor, generator: torch.Generator) -> dict[str, Any]:
    """A random filter, applied one to three times to a random picture."""
    scale = index % 2 == 1
    basis: Basis = "chebyshev" if index % 4 >= 2 else "powers"
    drawn = torch.rand(3, generator=generator, dtype=torch.float64) * 2 - 1
    weights = [round(w, 2) for w in drawn.tolist()]
    pixels = torch.randint(2, (len(L),), generator=generator)
    times = int(torch.randint(1, 4, (), generator=generator))
    pixel = int(torch.randint(len(L), (), generator=generator))
    filtered = polynomial(tilde if scale else L, weights, basis)
    return {
        "scale": scale,
        "basis": basis,
        "weights": weights,
        "pixels": "".join(map(str, pixels.tolist())),
        "times": times,
        "pixel": pixel,
        "output": (torch.linalg.matrix_power(filtered, times) @ pixels.double()).tolist(),
        "kernel": torch.linalg.matrix_power(filtered, times)[pixel].tolist(),
    }
