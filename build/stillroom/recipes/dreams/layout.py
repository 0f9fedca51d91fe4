"""Activations laid out in the plane, cut into cells, and how well neighbours go together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

PERPLEXITY = 30
EDGE = 0.01  # of the points lie beyond each border, and are moved onto it
SHUFFLES = 20


def plane(vectors: Tensor, seed: int) -> Tensor:
    """Lay directions out in the unit square so that near ones stay near, by t-SNE.

    L. van der Maaten and G. Hinton, "Visualizing Data using t-SNE" (JMLR 9, 2008), from the first
    two principal components, by scikit-learn.

    Args:
        vectors: ``[n, c]``, scaled to length 1 first.
        seed: of scikit-learn's random numbers.

    Returns:
        x and y in [0, 1], ``[n, 2]``.
    """
    from sklearn.manifold import TSNE

    unit = functional.normalize(vectors, dim=1).double().numpy()
    perplexity = min(PERPLEXITY, (len(unit) - 1) / 3)
    found = TSNE(perplexity=perplexity, init="pca", random_state=seed, n_jobs=1).fit_transform(unit)
    places = torch.tensor(found, dtype=torch.float64)
    low, high = places.quantile(EDGE, 0), places.quantile(1 - EDGE, 0)
    return ((places - low) / (high - low)).clamp(0, 1)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a grid that hold enough points, row by row.

    Attributes:
        x, y: column from the left and row from the top, ``[m]``.
        members: the points of each.
    """

    x: Tensor
    y: Tensor
    members: tuple[Tensor, ...]

    def mean(self, values: Tensor) -> Tensor:
        """The mean of each cell's points, ``[n, …]`` → ``[m, …]``."""
        return torch.stack([values[each].mean(0) for each in self.members])


def cells(places: Tensor, grid: int, least: int) -> Cells:
    """Sort points into a grid.

    Args:
        places: x and y in [0, 1], ``[n, 2]``.
        grid: cells a side.
        least: points that a cell must hold.
    """
    column, row = (places * grid).long().clamp(max=grid - 1).T
    number = row * grid + column
    kept = (torch.bincount(number, minlength=grid**2) >= least).nonzero()[:, 0]
    members = tuple((number == each).nonzero()[:, 0] for each in kept)
    return Cells(kept % grid, kept // grid, members)


def purity(places: Tensor, labels: Tensor, neighbours: int, apart: Tensor) -> float:
    """The mean share of a point's nearest neighbours that have its label.

    Args:
        places: ``[n, d]``.
        labels: ``[n]``.
        neighbours: how many.
        apart: whether two points may be neighbours, ``[n, n]``.
    """
    near = nearest(places, neighbours, apart)
    return float((labels[near] == labels[:, None]).double().mean())


def chance(
    places: Tensor, labels: Tensor, neighbours: int, apart: Tensor, generator: torch.Generator
) -> float:
    """`purity` when the labels are shuffled, the mean of several times."""
    near = nearest(places, neighbours, apart)
    total = 0.0
    for _ in range(SHUFFLES):
        mixed = labels[torch.randperm(len(labels), generator=generator)]
        total += float((mixed[near] == mixed[:, None]).double().mean())
    return total / SHUFFLES


def nearest(places: Tensor, neighbours: int, apart: Tensor) -> Tensor:
    """The nearest points of each that may be its neighbours, ``[n, neighbours]``."""
    distances = torch.cdist(places, places).masked_fill(~apart, torch.inf)
    return distances.topk(neighbours, largest=False).indices
