"""Values of a known process, without sampling: what every estimator is measured against.

R. Sutton and A. Barto, *Reinforcement Learning* (2nd ed., 2018), sections 3.5, 4.1, 4.4 and, for
the best policy among those that explore, 5.4.
"""

from __future__ import annotations

import torch
from torch import Tensor

from stillroom.recipes.value.mdp import MDP, EndlessError

SWEEPS = 1_000_000


def evaluate(mdp: MDP, policy: Tensor, gamma: float) -> Tensor:
    """Return V of a policy, by solving Bellman's linear equations V = r + γ P V.

    Args:
        mdp: the process.
        policy: ``[a, s]``.
        gamma: the discount, from 0 to 1.

    Returns:
        ``[s]``; 0 at terminal states and walls.

    Raises:
        EndlessError: γ is 1 and the policy may walk for ever.
    """
    P = torch.einsum("as,ast->st", policy, mdp.P)
    r = (policy * mdp.rewards).sum(0)
    identity = torch.eye(mdp.states, dtype=P.dtype)
    if gamma == 1:
        _require_end(P)
    V: Tensor = torch.linalg.solve(identity - gamma * P, r)
    return V


def _require_end(P: Tensor) -> None:
    """Check that from every state an end can be reached; rows of ended states are zero."""
    ended = P.sum(1) < 1 - 1e-9
    linked = (P > 0).double()
    for _ in range(len(P)):
        wider = ended | (linked @ ended.double() > 0)
        if bool((wider == ended).all()):
            break
        ended = wider
    if not bool(ended.all()):
        stuck = int((~ended).nonzero()[0])
        raise EndlessError(f"without discount state {stuck} has no value: its episodes never end")


def action_values(mdp: MDP, V: Tensor, gamma: float) -> Tensor:
    """Return ``Q[a, s]``: take a in s, then gather V."""
    return mdp.rewards + gamma * mdp.P @ V


def value_iteration(
    mdp: MDP, gamma: float, *, epsilon: float = 0.0, tolerance: float = 1e-13
) -> Tensor:
    """Return V of the best policy, or of the best one that explores with chance ε.

    Sweeps V ← (1 - ε) max_a Q + ε mean_a Q until no value moves by more than the tolerance.

    Args:
        mdp: the process.
        gamma: the discount, from 0 to 1.
        epsilon: the chance with which a step is drawn from all actions alike.
        tolerance: of the last sweep.

    Returns:
        ``[s]``.

    Raises:
        EndlessError: the values did not settle.
    """
    V = torch.zeros(mdp.states, dtype=torch.float64)
    for _ in range(SWEEPS):
        Q = action_values(mdp, V, gamma)
        better = (1 - epsilon) * Q.amax(0) + epsilon * Q.mean(0)
        if float((better - V).abs().max()) <= tolerance:
            return better
        V = better
    raise EndlessError(f"values have not settled after {SWEEPS} sweeps")


def greedy(Q: Tensor, tolerance: float = 1e-9) -> Tensor:
    """Return the policy ``[..., a, s]`` that takes the best action, or the best ones alike."""
    best = Q.amax(-2, keepdim=True) - Q <= tolerance
    return best.double() / best.sum(-2, keepdim=True)


def exploring(policy: Tensor, epsilon: float) -> Tensor:
    """Return `policy` ``[..., a, s]`` made to explore: ε of it spread over all actions alike."""
    return (1 - epsilon) * policy + epsilon / policy.shape[-2]
