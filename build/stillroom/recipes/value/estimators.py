"""Estimating values from a fixed set of episodes, many data sets at once.

Each function returns what its incremental form (`stillroom.recipes.value.online`) settles on when
it is shown the same episodes for ever with ever smaller steps: the *batch* estimate (R. Sutton and
A. Barto, *Reinforcement Learning*, 2nd ed. 2018, section 6.3). Values are NaN where nothing was
recorded, terminal states included. Where a method needs the value of an action that was never tried
in a state, that action is left out: a path that nobody walked does not exist.

What estimates V from episodes estimates Q from `Episodes.pairs()`; `action_table` gives the result
its shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.recipes.value.mdp import Episodes

SWEEPS = 10_000
TOLERANCE = 1e-12


class UnsettledError(ValueError):
    """An iteration found no fixed point."""


def returns(episodes: Episodes, gamma: float) -> Tensor:
    """Return what each step of each episode was followed by, ``[d, n, T]``: Σ γ^k r_{t+k}."""
    gathered = episodes.rewards.movedim(2, 0).clone()
    for t in reversed(range(len(gathered) - 1)):
        gathered[t] += gamma * gathered[t + 1]
    return gathered.movedim(0, 2)


def first_visits(episodes: Episodes) -> Tensor:
    """Bool ``[d, n, T]``: steps from a state that the episode had not been in before."""
    d, n, longest = episodes.actions.shape
    episode = torch.arange(d * n).reshape(d, n, 1)
    visit = (episode * episodes.size + episodes.states[..., :-1])[episodes.taken]
    time = torch.arange(longest).expand(d, n, longest)[episodes.taken]
    earliest = torch.full((d * n * episodes.size,), longest).scatter_reduce_(0, visit, time, "amin")
    first = torch.zeros_like(episodes.taken)
    first[episodes.taken] = earliest[visit] == time
    return first


def monte_carlo(episodes: Episodes, gamma: float, *, first: bool = False) -> Tensor:
    """Return the mean return from each state, ``[d, s]`` (section 5.1).

    Args:
        episodes: the data.
        gamma: the discount.
        first: count only an episode's first visit to a state; unbiased, where counting every visit
            is biased in small data sets and has less variance.
    """
    which = first_visits(episodes) if first else episodes.taken
    return mean_by_state(episodes, returns(episodes, gamma), which.double())


def importance_sampled(
    episodes: Episodes, gamma: float, target: Tensor, behaviour: Tensor, *, weighted: bool = True
) -> Tensor:
    """Return V of one policy from the episodes of another, ``[d, s]`` (section 5.5).

    A return counts by ρ = Π π(a|s) / b(a|s) over the rest of its episode.

    Args:
        episodes: the data, gathered by `behaviour`.
        gamma: the discount.
        target: ``[a, s]``, the policy to value.
        behaviour: ``[a, s]``, positive where an action was recorded.
        weighted: divide by the sum of ρ, which is biased but of bounded variance, rather than by
            the number of visits.
    """
    here = episodes.states[..., :-1].clamp(min=0)
    chosen = episodes.actions.clamp(min=0)
    ratio = torch.where(episodes.taken, target[chosen, here] / behaviour[chosen, here], 1.0)
    rho = ratio.flip(2).cumprod(2).flip(2)
    which = episodes.taken.double()
    if weighted:
        return mean_by_state(episodes, returns(episodes, gamma), rho * which)
    return mean_by_state(episodes, rho * returns(episodes, gamma), which)


def mean_by_state(episodes: Episodes, targets: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean of ``targets[d, n, t]`` over each state's steps, ``[d, s]``."""
    steps = episodes.steps
    weight = weights[episodes.taken]
    cells = steps.dataset * episodes.size + steps.state
    blank = torch.zeros(episodes.datasets * episodes.size, dtype=torch.float64)
    total = blank.index_add(0, cells, weight * targets[episodes.taken])
    count = blank.index_add(0, cells, weight)
    return (total / count).reshape(episodes.datasets, episodes.size)  # 0 / 0 is NaN: no visit


def solve(P: Tensor, r: Tensor, gamma: float) -> Tensor:
    """Return V = r + γ P V for each data set: ``[d, s, s']`` and ``[d, s]`` give ``[d, s]``."""
    identity = torch.eye(P.shape[-1], dtype=P.dtype)
    V: Tensor = torch.linalg.solve(identity - gamma * P, r)
    return V


def n_step(episodes: Episodes, gamma: float, n: int) -> Tensor:
    """Return the fixed point of n-step TD, ``[d, s]`` (section 7.1).

    V(s) is the mean of n rewards and the discounted value of where they lead; n as long as the
    longest episode is Monte Carlo over every visit.
    """
    taken, d, size = episodes.taken, episodes.datasets, episodes.size
    longest = taken.shape[2]
    targets = torch.zeros_like(episodes.rewards)
    for k in range(min(n, longest)):
        targets[..., : longest - k] += gamma**k * episodes.rewards[..., k:]
    here = episodes.states[..., : max(longest - n, 0)]
    there = episodes.states[..., n:longest]
    going = taken[..., n:]  # n steps on, the episode is not over
    number = torch.arange(d)[:, None, None].expand(going.shape)
    link = (number * size + here) * size + there
    links = torch.zeros(d * size * size, dtype=torch.float64)
    links.index_add_(0, link[going], torch.ones(int(going.sum()), dtype=torch.float64))
    steps = episodes.steps
    visits = torch.bincount(steps.dataset * size + steps.state, minlength=d * size)
    P = links.reshape(d, size, size) / visits.reshape(d, size, 1).clamp(min=1)
    mean = mean_by_state(episodes, targets, taken.double())
    V = solve(P, mean.nan_to_num(), gamma**n)
    return torch.where(mean.isnan(), torch.nan, V)


def td(episodes: Episodes, gamma: float) -> Tensor:
    """Return the fixed point of TD(0), ``[d, s]``: V(s) is the mean of r + γ V(s').

    It is the exact value of the process and the policy that the data suggest (section 6.3): the
    solution of (I - γ P̂) V = r̂.
    """
    return n_step(episodes, gamma, 1)


def td_lambda(episodes: Episodes, gamma: float, lam: float) -> Tensor:
    """Return the fixed point of TD(λ), ``[d, s]``: V(s) is the mean of λ-returns.

    Solves Σ z_t (r + γ V(s') - V(s)) = 0, where the trace z fades by γλ a step (section 12.2;
    J. Boyan, "Least-squares temporal difference learning", ICML 1999). λ = 0 is TD(0); λ = 1 is
    Monte Carlo over every visit.

    Args:
        episodes: the data.
        gamma: the discount.
        lam: λ, from 0 to 1.
    """
    d, n, longest = episodes.actions.shape
    size = episodes.size
    # The longest first: the episodes under way at any time are the first so many, without a copy.
    lengths, order = episodes.lengths.flatten().sort(descending=True, stable=True)
    under_way = (lengths[:, None] > torch.arange(longest)).sum(0).tolist()
    states = episodes.states.flatten(0, 1).T[:, order]  # [T + 1, d * n]
    rewards = episodes.rewards.flatten(0, 1).T[:, order]
    numbers, rows = order // n, torch.arange(d * n)
    traces = torch.zeros(d * n, size, dtype=torch.float64)
    A = torch.zeros(d * size, size, dtype=torch.float64)  # transposed: [d, column, row]
    b = torch.zeros(d, size, dtype=torch.float64)
    for t, m in enumerate(under_way):
        here, following, trace, dataset = states[t, :m], states[t + 1, :m], traces[:m], numbers[:m]
        trace *= gamma * lam
        trace[rows[:m], here] += 1
        A.index_add_(0, dataset * size + here, trace)
        A.index_add_(0, dataset * size + following, trace, alpha=-gamma)
        b.index_add_(0, dataset, trace * rewards[t, :m, None])
    steps = episodes.steps
    visited = torch.zeros(d * size, dtype=torch.bool)
    visited[steps.dataset * size + steps.state] = True
    visited = visited.reshape(d, size)
    # What an episode ends in is worth nothing, and states not met have no equation.
    A = A.reshape(d, size, size) * visited[..., None] + torch.diag_embed((~visited).double())
    V = torch.linalg.solve(A.mT, b)
    return torch.where(visited, V, torch.nan)


def action_table(values: Tensor, choices: int) -> Tensor:
    """Return values of `Episodes.pairs()`, ``[d, a * s + 1]``, as ``Q[d, a, s]``."""
    return values[:, :-1].reshape(len(values), choices, -1)


def monte_carlo_q(episodes: Episodes, gamma: float, *, first: bool = False) -> Tensor:
    """Return the mean return after each action in each state, ``Q[d, a, s]``."""
    return action_table(monte_carlo(episodes.pairs(), gamma, first=first), episodes.choices)


def sarsa(episodes: Episodes, gamma: float) -> Tensor:
    """Return the fixed point of Sarsa, ``Q[d, a, s]``: the mean of r + γ Q(s', a') (section 6.4).

    Two episodes meet only where they take the same action in the same state.
    """
    return action_table(td(episodes.pairs(), gamma), episodes.choices)


@dataclass(frozen=True)
class Model:
    """What the data say of the process: the process whose exact values batch TD computes.

    Attributes:
        P: ``[d, a, s, s']``, the share of each outcome of an action; 0 where it was never tried.
        r: ``[d, a, s]``, its mean reward; 0 where never tried.
        count: ``[d, a, s]``, how often it was tried.
    """

    P: Tensor
    r: Tensor
    count: Tensor

    @property
    def tried(self) -> Tensor:
        """Bool ``[d, a, s]``."""
        return self.count > 0

    @property
    def visited(self) -> Tensor:
        """Bool ``[d, s]``."""
        return self.tried.any(1)

    @property
    def habits(self) -> Tensor:
        """``[d, a, s]``: the share of each action among those recorded in a state."""
        return self.count / self.count.sum(1, keepdim=True).clamp(min=1)


def model(episodes: Episodes) -> Model:
    """Count what happened."""
    steps, d, a, s = episodes.steps, episodes.datasets, episodes.choices, episodes.size
    pair = (steps.dataset * a + steps.action) * s + steps.state
    blank = torch.zeros(d * a * s, dtype=torch.float64)
    count = blank.index_add(0, pair, torch.ones_like(steps.reward)).reshape(d, a, s)
    gained = blank.index_add(0, pair, steps.reward).reshape(d, a, s)
    outcomes = torch.zeros(d * a * s * s, dtype=torch.float64)
    outcomes.index_add_(0, pair * s + steps.following, torch.ones_like(steps.reward))
    often = count.clamp(min=1)
    return Model(outcomes.reshape(d, a, s, s) / often[..., None], gained / often, count)


def off_policy(episodes: Episodes, gamma: float, policy: Tensor) -> Tensor:
    """Return the fixed point of r + γ Σ_a π(a|s') Q(s', a), ``Q[d, a, s]``.

    Expected Sarsa when `policy` is the one that gathered the data (H. van Seijen and others, "A
    theoretical and empirical analysis of Expected Sarsa", ADPRL 2009; Sutton and Barto, section
    6.6); else the value of another policy, with no importance weights.

    Args:
        episodes: the data.
        gamma: the discount.
        policy: ``[a, s]`` or ``[d, a, s]``; shared out among the actions that were tried.
    """
    data = model(episodes)
    weights = policy * data.tried
    total = weights.sum(1, keepdim=True)
    # A policy that would only do what nobody tried leaves no branch: what was done stands in.
    weights = torch.where(total > 0, weights / total, data.habits)
    P = torch.einsum("das,dast->dst", weights, data.P)
    V = solve(P, (weights * data.r).sum(1), gamma)
    return _backup(data, V, gamma)


def q_learning(episodes: Episodes, gamma: float) -> Tensor:
    """Return the fixed point of r + γ max_a Q(s', a), ``Q[d, a, s]`` (section 6.5).

    Raises:
        UnsettledError: the values grow without end (γ = 1 and a cycle that pays).
    """
    data = model(episodes)
    V = torch.zeros_like(data.r[:, 0])
    for _ in range(SWEEPS):
        Q = _backup(data, V, gamma)
        best = _expected(Q, _best(Q, data.tried))
        if float((best - V).abs().max()) <= TOLERANCE:
            return Q
        V = best
    raise UnsettledError(f"Q-learning has not settled after {SWEEPS} sweeps over the data")


def double_q(one: Episodes, other: Episodes, gamma: float) -> tuple[Tensor, Tensor]:
    """Return the fixed points of Double Q-learning, a table ``Q[d, a, s]`` for each half.

    Each table's target lets the table itself choose the action, among those that both halves have
    tried, and asks the other for its value (H. van Hasselt, "Double Q-learning", NeurIPS 2010;
    Sutton and Barto, section 6.7). Where the halves have no action in common it asks itself.

    Args:
        one: the episodes of the first table.
        other: as many data sets, for the second.
        gamma: the discount.

    Raises:
        UnsettledError: the two tables go on changing each other's choice.
    """
    halves = (model(one), model(other))
    both = halves[0].tried & halves[1].tried
    shared = both.any(1)
    Q = tuple(_backup(half, torch.zeros_like(half.r[:, 0]), gamma) for half in halves)
    for _ in range(SWEEPS):
        targets = [
            torch.where(
                shared,
                _expected(Q[1 - k], _best(Q[k], both)),
                _expected(Q[k], _best(Q[k], halves[k].tried)),
            )
            for k in (0, 1)
        ]
        better = tuple(_backup(half, V, gamma) for half, V in zip(halves, targets, strict=True))
        moved = max(float((b - q).nan_to_num().abs().max()) for b, q in zip(better, Q, strict=True))
        Q = better
        if moved <= TOLERANCE:
            return Q[0], Q[1]
    raise UnsettledError(f"Double Q-learning has not settled after {SWEEPS} sweeps over the data")


def _backup(data: Model, V: Tensor, gamma: float) -> Tensor:
    """Return r + γ P V, ``[d, a, s]``; NaN where the action was never tried."""
    Q = data.r + gamma * torch.einsum("dast,dt->das", data.P, V)
    return torch.where(data.tried, Q, torch.nan)


def _best(Q: Tensor, allowed: Tensor) -> Tensor:
    """The policy ``[d, a, s]`` that takes the first best of the allowed actions."""
    choice = torch.where(allowed, Q, -torch.inf).argmax(1, keepdim=True)
    return torch.zeros_like(Q).scatter_(1, choice, 1.0)


def _expected(Q: Tensor, policy: Tensor) -> Tensor:
    """Σ_a π(a|s) Q(s, a) over the actions that have a value, ``[d, s]``."""
    return (policy * Q.nan_to_num()).sum(1)


def state_values(Q: Tensor, policy: Tensor) -> Tensor:
    """Return V ``[d, s]`` of ``Q[d, a, s]`` under a policy ``[a, s]`` or ``[d, a, s]``.

    The policy is shared out among the actions that have a value; NaN where none has.
    """
    weights = policy * ~Q.isnan()
    return _expected(Q, weights) / weights.sum(1)
