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
    data = estimators.model(episodes)
    P = torch.einsum("das,dast->dst", data.habits, data.P)
    P = P * data.visited[:, None, :]
    r = (data.habits * data.r).sum(1)
    shares = kernel(places, width, data.visited)
    return estimators.solve(shares @ P, (shares @ r[..., None])[..., 0], gamma)
