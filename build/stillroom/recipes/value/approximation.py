"""Value functions that share what they learn between states.

- the *averager* blends the targets of nearby states (G. Gordon, "Stable function approximation in
  dynamic programming", ICML 1995; D. Ormoneit and S. Sen, "Kernel-based reinforcement learning",
  Machine Learning 49, 2002);
- *tile coding* sums the weights of overlapping coarse grids (R. Sutton and A. Barto, *Reinforcement
  Learning*, 2nd ed. 2018, section 9.5.4), fitted by least squares (section 9.8).
"""

from __future__ import annotations

import torch
from torch import Tensor

from stillroom.recipes.value import estimators
from stillroom.recipes.value.mdp import Episodes


def kernel(places: Tensor, width: float, known: Tensor) -> Tensor:
    """Return how much each state listens to each other one, ``[..., s, s']``.

    Shares fall with straight distance as exp(-d² / 2 h²); rows sum to 1 over the known states.

    Args:
        places: ``[s, 2]``, row and column.
        width: h, in cells.
        known: bool ``[..., s]``, states that have a target.
    """
    apart = torch.cdist(places, places)
    share = torch.exp(-((apart / width) ** 2) / 2) * known[..., None, :]
    return share / share.sum(-1, keepdim=True)


def averaged_monte_carlo(episodes: Episodes, gamma: float, places: Tensor, width: float) -> Tensor:
    """Return V ``[d, s]`` of all states: nearby states' mean returns, blended.

    Args:
        episodes: the data.
        gamma: the discount.
        places: ``[s, 2]``.
        width: of the kernel, in cells.
    """
    targets = estimators.monte_carlo(episodes, gamma)
    shares = kernel(places, width, ~targets.isnan())
    return (shares @ targets.nan_to_num()[..., None])[..., 0]


def averaged_td(episodes: Episodes, gamma: float, places: Tensor, width: float) -> Tensor:
    """Return V ``[d, s]`` of all states: V = K (r̂ + γ P̂ V), where K blends nearby states.

    An end is worth nothing, however near: only states with a recorded step are blended.

    Args:
        episodes: the data.
        gamma: the discount.
        places: ``[s, 2]``.
        width: of the kernel, in cells.
    """
    P, r, visits = chain(episodes)
    shares = kernel(places, width, visits > 0)
    return estimators.solve(shares @ P, (shares @ r[..., None])[..., 0], gamma)


def chain(episodes: Episodes) -> tuple[Tensor, Tensor, Tensor]:
    """Return what the data say of the walk: P̂ ``[d, s, s']``, r̂ ``[d, s]``, visits ``[d, s]``.

    Ways into an end are left out of P̂, for what follows them is worth nothing.
    """
    data = estimators.model(episodes)
    P = torch.einsum("das,dast->dst", data.habits, data.P) * data.visited[:, None, :]
    return P, (data.habits * data.r).sum(1), data.count.sum(1)


def tiles(places: Tensor, side: int, tilings: int) -> Tensor:
    """Return the features of tile coding, 0 or 1, ``[s, f]``; each row has `tilings` ones.

    Each tiling covers the map with squares and is shifted against the one before by one cell down
    and three to the right, so that the tilings do not all break at the same places.

    Args:
        places: ``[s, 2]``, row and column.
        side: of a tile, in cells.
        tilings: how many, at most `side` of them different.
    """
    columns = []
    for shift in range(tilings):
        row = (places[:, 0].long() + shift % side) // side
        column = (places[:, 1].long() + 3 * shift % side) // side
        number = torch.unique(row * (column.max() + 1) + column, return_inverse=True)[1]
        columns.append(torch.nn.functional.one_hot(number))
    return torch.cat(columns, 1).double()


def linear_monte_carlo(episodes: Episodes, gamma: float, features: Tensor) -> Tensor:
    """Return V ``[d, s]`` = features · w of least squared distance to all returns.

    Args:
        episodes: the data.
        gamma: the discount.
        features: ``[s, f]``; they may depend on one another.
    """
    _, _, visits = chain(episodes)
    G = estimators.monte_carlo(episodes, gamma).nan_to_num()
    weighted = features.T * visits[:, None, :]  # [d, f, s]
    return _fit(weighted @ features, (weighted @ G[..., None])[..., 0], features)


def linear_td(episodes: Episodes, gamma: float, features: Tensor) -> Tensor:
    """Return V ``[d, s]`` = features · w at the fixed point of TD(0): least-squares TD.

    S. Bradtke and A. Barto, "Linear least-squares algorithms for temporal difference learning"
    (Machine Learning 22, 1996).

    Args:
        episodes: the data.
        gamma: the discount.
        features: ``[s, f]``; they may depend on one another.
    """
    P, r, visits = chain(episodes)
    weighted = features.T * visits[:, None, :]  # [d, f, s]
    step = features - gamma * P @ features
    return _fit(weighted @ step, (weighted @ r[..., None])[..., 0], features)


def _fit(A: Tensor, b: Tensor, features: Tensor) -> Tensor:
    """V of the smallest w with A w = b, where A may lack rank."""
    w = torch.linalg.lstsq(A, b[..., None], driver="gelsd").solution
    V: Tensor = (features @ w)[..., 0]
    return V
