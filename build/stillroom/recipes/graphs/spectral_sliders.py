"""Mixing the first ten waves of a small grid of pixels, and how smooth the mixture is."""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.graphs.laplacian import (
    Neighbours,
    grid_adjacency,
    grid_basis,
    grid_edges,
    laplacian,
    rayleigh_quotient,
)

WAVES = 10
GOLDEN = (0.0, -0.3, -0.3, 0.6, -0.7, 0.4, 0.4, 0.4, 0.4, 0.7)


@recipe(view="spectral-sliders", packages=["torch"])
def spectral_sliders(
    run: Run,
    *,
    side: Annotated[int, Field(ge=4, le=12)] = 8,
    neighbours: Neighbours = 8,
    references: Annotated[int, Field(ge=1, le=200)] = 12,
) -> Result:
    """Mix the ten smoothest eigenvectors of a square grid and measure the mixture.

    The eigenvectors u_i of the unnormalised Laplacian minimise the Rayleigh quotient one after
    another, with λ_i as its value; for ``x = Σ c_i u_i`` it is ``Σ c_i² λ_i / Σ c_i²``, the mean of
    the λ_i weighted by the energy of each wave. It depends on the λ_i alone, so the golden values
    hold whichever basis is chosen inside an eigenspace of several dimensions; the picture does
    depend on it, and `grid_basis` fixes the choice.

    Args:
        run: gives the seed of the random mixtures.
        side: height and width of the grid, in pixels.
        neighbours: whether pixels that touch at a corner are joined (8) or not (4).
        references: random mixtures with picture and quotient in float64, to check the browser by.

    Returns:
        Facts: ``golden_rayleigh`` of the mixture (0, -.3, -.3, .6, -.7, .4, .4, .4, .4, .7) on this
        grid, the same on either kind of grid as ``golden_rayleigh_4`` and ``golden_rayleigh_8``
        (0.716 and 1.766 for side 8), and ``eigenvalue_1`` … ``eigenvalue_10``. Table
        ``eigenvalues``. Data: ``side``, ``edges``, ``eigenvalues`` [10], ``waves`` [10, side²],
        ``start`` (the mixture above),
        ``random`` (mixtures to try) and ``reference``.
    """
    values, waves, L = _basis(side, neighbours)
    golden = torch.tensor(GOLDEN, dtype=torch.float64)
    random = [_random(run.generator("mixture", i)) for i in range(8)]
    return Result(
        facts={
            "golden_rayleigh": float(rayleigh_quotient(L, waves @ golden)),
            **{f"golden_rayleigh_{n}": _golden(side, n) for n in (4, 8)},
            **{f"eigenvalue_{i}": value for i, value in enumerate(values.tolist(), start=1)},
        },
        tables={"eigenvalues": {"wave": list(range(1, WAVES + 1)), "eigenvalue": values.tolist()}},
        data={
            "side": side,
            "neighbours": neighbours,
            "edges": grid_edges(side, side, neighbours).tolist(),
            "eigenvalues": values.tolist(),
            "waves": waves.T.tolist(),
            "start": _reference(L, waves, golden),
            "random": [mix.tolist() for mix in random],
            "reference": [
                _reference(L, waves, _random(run.generator("reference", i)))
                for i in range(references)
            ],
        },
    )


def _basis(side: int, neighbours: Neighbours) -> tuple[Tensor, Tensor, Tensor]:
    """The ten smallest eigenvalues, their eigenvectors in columns, and the Laplacian."""
    L = laplacian(grid_adjacency(side, side, neighbours))
    values, waves = grid_basis(side, side, neighbours)
    values[0] = 0  # of the constant, exactly; a solver leaves rounding
    return values[:WAVES], waves[:, :WAVES], L


def _golden(side: int, neighbours: Neighbours) -> float:
    _, waves, L = _basis(side, neighbours)
    return float(rayleigh_quotient(L, waves @ torch.tensor(GOLDEN, dtype=torch.float64)))


def _random(generator: torch.Generator) -> Tensor:
    """Ten coefficients from -1 to 1, in steps of a slider."""
    return torch.randint(-10, 11, (WAVES,), generator=generator).double() / 10


def _reference(L: Tensor, waves: Tensor, mix: Tensor) -> dict[str, Any]:
    picture = waves @ mix
    return {
        "coefficients": mix.tolist(),
        "picture": picture.tolist(),
        "rayleigh": float(rayleigh_quotient(L, picture)),
    }
