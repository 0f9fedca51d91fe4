"""Features of a linear model: how useful, and how useful to someone attacked, in closed form.

A feature is f(x) = a.x / |a|_S with S = E[x x^T] and E[x] = 0, so that its variance is 1. With
labels y of mean 0 and variance 1 its *usefulness* is E[y f(x)], at most 1, and its *robust
usefulness* within a radius r is E[min over |d| <= r of y f(x + d)], which is the usefulness less
E[|y|] r |a|_* / |a|_S, with |.|_* the dual norm. So a feature's *robustness* is |a|_S / |a|_*. For
labels of -1 and 1 in equal parts E[|y|] is 1.

The names are those of A. Ilyas and others (NeurIPS 2019); the plane of usefulness and robustness,
and both constructions of useful and non-robust features, are from G. Goh, "Two Examples of Useful,
Non-Robust Features" (Distill 2019, doi:10.23915/distill.00019.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.recipes.adversarial.norms import Norm, dual_length


@dataclass(frozen=True, slots=True)
class Standardised:
    """Two classes: ``x[n, d]`` of mean 0 and ``y[n]`` of mean 0 and variance 1, float64."""

    x: Tensor
    y: Tensor


def standardise(images: Tensor, positive: Tensor) -> Standardised:
    """Centre images ``[n, ...]`` and labels, bool ``[n]``.

    Centred labels keep the share of a class from passing for a useful feature.

    Raises:
        ValueError: only one class.
    """
    y = 2 * positive.double() - 1
    if float(y.var(correction=0)) == 0:
        raise ValueError("expected two classes")
    x = images.double().flatten(1)
    return Standardised(x - x.mean(0), (y - y.mean()) / y.std(correction=0))


def spread(data: Standardised, a: Tensor) -> Tensor:
    """Return |a|_S, the standard deviation of a.x, for directions ``[m, d]``: ``[m]``."""
    deviations: Tensor = (data.x @ a.T).pow(2).mean(0).sqrt()
    return deviations


def usefulness(data: Standardised, a: Tensor) -> Tensor:
    """Return E[y f(x)] for directions ``[m, d]``: ``[m]``, each from -1 to 1."""
    return (data.y @ data.x) @ a.T / len(data.y) / spread(data, a)


def robustness(data: Standardised, a: Tensor, norm: Norm = "L2") -> Tensor:
    """Return |a|_S / |a|_* for directions ``[m, d]``: ``[m]``."""
    return spread(data, a) / dual_length(a, norm)


def robust_usefulness(data: Standardised, a: Tensor, radius: float, norm: Norm = "L2") -> Tensor:
    """Return E[min over |d| <= radius of y f(x + d)] for directions ``[m, d]``: ``[m]``."""
    lost = data.y.abs().mean() * radius / robustness(data, a, norm)
    return usefulness(data, a) - lost


def principal(data: Standardised, tolerance: float = 1e-9) -> Tensor:
    """Return the principal directions ``[m, d]``, of length 1, the most robust first.

    Along each, the robustness (L2) is the standard deviation. Directions in which the images do not
    vary, to within `tolerance` of the largest deviation, are no features. Signs are such that no
    usefulness is negative.
    """
    _, deviations, V = torch.linalg.svd(data.x, full_matrices=False)
    a = V[deviations > tolerance * deviations[0]]
    signed: Tensor = a * torch.where(usefulness(data, a) < 0, -1.0, 1.0)[:, None]
    return signed


def frontier(data: Standardised, count: int = 128) -> Tensor:
    """Return directions ``[count, d]`` than which none as robust is more useful (L2).

    Where usefulness is stationary at a given robustness, (S + m) a = c for some number m, with
    c = E[y x]. As m falls from infinity to just above the least eigenvalue's opposite, robustness
    falls from that of c; below minus the largest eigenvalue it rises from there to that of the
    first principal direction.
    """
    a = principal(data)
    deviations = spread(data, a)
    c = usefulness(data, a) * deviations  # in the basis of a
    least, most = deviations.min() ** 2, deviations.max() ** 2
    half = count // 2
    # Numbers m that are evenly spread over orders of magnitude on both branches.
    far = torch.logspace(-6, 6, half, dtype=torch.float64)
    below = torch.logspace(-6, 6, count - half, dtype=torch.float64)
    m = torch.cat([-most * (1 + far), least * (below - 1)])
    mixed = c / (deviations**2 + m[:, None])
    mixed = mixed * torch.where(mixed @ c < 0, -1.0, 1.0)[:, None]
    directions: Tensor = (mixed / mixed.norm(dim=1, keepdim=True)) @ a
    return directions[robustness(data, directions).argsort()]


def ensemble(data: Standardised, members: Tensor) -> Tensor:
    """Return the sum of directions ``[m, d]`` of length 1, each signed to be useful: ``[1, d]``."""
    signs = usefulness(data, members).sign()
    return (signs[:, None] * members).sum(0, keepdim=True)


def containment(robust: Tensor, fragile: Tensor, shares: Tensor) -> Tensor:
    """Mix two directions ``[d]`` with each of ``shares[s]`` of the robust one: ``[s, d]``."""
    return (1 - shares)[:, None] * fragile + shares[:, None] * robust
