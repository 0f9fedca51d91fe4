"""The classic updates, step by step, for many independent runs at once.

A `Learner` holds action values ``Q[r, a, s]`` of r runs and improves them with each `Moment`.
`stillroom.recipes.value.acting` lets it choose its own steps (`act`) or shows it recorded episodes
(`replay`). A learner with one action learns V: Sarsa is then TD(0), Sarsa with traces TD(λ).

Sections are those of R. Sutton and A. Barto, *Reinforcement Learning* (2nd ed., 2018).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.recipes.value.exact import exploring, greedy


@dataclass(frozen=True, slots=True)
class Moment:
    """One step in each of m of the runs, all ``[m]``.

    Attributes:
        run: which run.
        state, action, reward, following: the step.
        upcoming: the action after it; of no meaning when `ended`.
        ended: bool, whether the step ended the episode.
        coin: a uniform number in [0, 1), for learners that need chance.
    """

    run: Tensor
    state: Tensor
    action: Tensor
    reward: Tensor
    following: Tensor
    upcoming: Tensor
    ended: Tensor
    coin: Tensor


@dataclass(frozen=True, slots=True)
class Setting:
    """How learners learn.

    Attributes:
        runs: independent runs, r.
        choices: actions.
        size: states.
        gamma: the discount.
        alpha: the step size; None takes 1 / (number of updates of that value), a running average.
        lam: λ of those that use traces; they accumulate and fade by γλ a step (section 12.7).
        start: what everything is worth at first.
    """

    runs: int
    choices: int
    size: int
    gamma: float
    alpha: float | None
    lam: float = 0.0
    start: float = 0.0


class Learner(ABC):
    """Action values of independent runs.

    Attributes:
        Q: ``[r, a, s]``.
        count: ``[r, a, s]``, updates of each value.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        shape = (setting.runs, setting.choices, setting.size)
        self.Q = torch.full(shape, setting.start, dtype=torch.float64)
        self.count = torch.zeros_like(self.Q)

    @property
    def samples_upcoming(self) -> bool:
        """Whether the next action is chosen before the update, for the update to know it."""
        return False

    @abstractmethod
    def step(self, moment: Moment) -> None:
        """Learn from one step of some runs."""

    @abstractmethod
    def stop(self, run: Tensor) -> None:
        """Give up the episode under way in some runs."""

    def preferences(self, run: Tensor, state: Tensor) -> Tensor:
        """Return ``[m, a]``: the values by which a run chooses its action."""
        return self.Q[run, :, state]

    def rate(self, run: Tensor, action: Tensor, state: Tensor) -> Tensor:
        """Count an update and return its step size, ``[m]``."""
        self.count[run, action, state] += 1
        if self.setting.alpha is None:
            return 1 / self.count[run, action, state]
        return torch.full(run.shape, self.setting.alpha, dtype=torch.float64)


class _TemporalDifference(Learner):
    """Q(s, a) ← Q(s, a) + α (r + γ [what follows is worth] - Q(s, a)), along traces if λ > 0."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.trace = torch.zeros_like(self.Q) if setting.lam else None

    def stop(self, run: Tensor) -> None:
        """Traces end here."""
        if self.trace is not None:
            self.trace[run] = 0

    @abstractmethod
    def worth(self, moment: Moment) -> Tensor:
        """Return what the following state is worth, ``[m]``."""

    def cut(self, moment: Moment) -> Tensor:
        """Return bool ``[m]``: where traces must not reach beyond this step."""
        return moment.ended

    def step(self, moment: Moment) -> None:
        """Move the value of the step, and with λ of those before it, towards the target."""
        run, action, state = moment.run, moment.action, moment.state
        worth = torch.where(moment.ended, 0.0, self.worth(moment))
        error = moment.reward + self.setting.gamma * worth - self.Q[run, action, state]
        cut = self.cut(moment)
        change = self.rate(run, action, state) * error
        if self.trace is None:
            self.Q[run, action, state] += change
            return
        self.trace[run] *= self.setting.gamma * self.setting.lam
        self.trace[run, action, state] += 1
        self.Q[run] += change[:, None, None] * self.trace[run]
        self.trace[run[cut]] = 0


class Sarsa(_TemporalDifference):
    """Target r + γ Q(s', a') (section 6.4); with one action, TD(0) and TD(λ)."""

    @property
    def samples_upcoming(self) -> bool:
        """It learns from the very action that is taken next."""
        return True

    def worth(self, moment: Moment) -> Tensor:
        """Q of the action that is taken next."""
        return self.Q[moment.run, moment.upcoming, moment.following]


class ExpectedSarsa(_TemporalDifference):
    """Target r + γ Σ_a π(a|s') Q(s', a), π being ε-greedy (section 6.6).

    Args:
        epsilon: ε of the policy that is valued; 1 is the uniform one.
        target: instead, a fixed policy ``[a, s]`` to value: off-policy learning.
    """

    def __init__(
        self, setting: Setting, *, epsilon: float = 0.0, target: Tensor | None = None
    ) -> None:
        super().__init__(setting)
        self.epsilon = epsilon
        self.target = target

    def worth(self, moment: Moment) -> Tensor:
        """The mean of Q over the policy's actions."""
        Q = self.Q[moment.run, :, moment.following]  # [m, a]
        if self.target is not None:
            return (Q * self.target[:, moment.following].T).sum(1)
        policy = exploring(greedy(Q[..., None], 0.0), self.epsilon)[..., 0]
        return (Q * policy).sum(1)


class QLearning(_TemporalDifference):
    """Target r + γ max_a Q(s', a) (section 6.5).

    With λ, Watkins's Q(λ): a step that is not greedy cuts the traces (section 12.10).
    """

    @property
    def samples_upcoming(self) -> bool:
        """Traces need to know whether the next action is greedy."""
        return self.trace is not None

    def worth(self, moment: Moment) -> Tensor:
        """Q of the best action."""
        return self.Q[moment.run, :, moment.following].amax(1)

    def cut(self, moment: Moment) -> Tensor:
        """After an end, and before a step that explores."""
        explores = self.Q[moment.run, moment.upcoming, moment.following] < self.worth(moment)
        return moment.ended | explores


class DoubleQ(Learner):
    """Two tables; a coin says which one learns r + γ Q_other(s', argmax_a Q_own(s', a)).

    H. van Hasselt, "Double Q-learning" (NeurIPS 2010); section 6.7. `Q` is the mean of both.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.tables = torch.stack([self.Q, self.Q])
        self.counts = torch.zeros_like(self.tables)

    def stop(self, run: Tensor) -> None:
        """Nothing is under way."""

    def step(self, moment: Moment) -> None:
        """Toss the coin, move one table."""
        run, action, state = moment.run, moment.action, moment.state
        own = (moment.coin >= 0.5).long()
        best = self.tables[own, run, :, moment.following].argmax(1)
        worth = torch.where(moment.ended, 0.0, self.tables[1 - own, run, best, moment.following])
        error = moment.reward + self.setting.gamma * worth - self.tables[own, run, action, state]
        self.count[run, action, state] += 1
        self.counts[own, run, action, state] += 1
        rate = (
            1 / self.counts[own, run, action, state]
            if self.setting.alpha is None
            else self.setting.alpha
        )
        self.tables[own, run, action, state] += rate * error
        self.Q[run, action, state] = self.tables[:, run, action, state].mean(0)


class _Recording(Learner):
    """Keeps the steps of the episode under way, for learners that look back."""

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        runs = setting.runs
        self.length = torch.zeros(runs, dtype=torch.long)
        self.states = torch.zeros(runs, 64, dtype=torch.long)
        self.actions = torch.zeros(runs, 64, dtype=torch.long)
        self.rewards = torch.zeros(runs, 64, dtype=torch.float64)

    def stop(self, run: Tensor) -> None:
        """The record is void."""
        self.length[run] = 0

    def keep(self, moment: Moment) -> None:
        """Append a step."""
        run, at = moment.run, self.length[moment.run]
        if int(at.max()) == self.states.shape[1]:
            self.states = torch.cat([self.states, torch.zeros_like(self.states)], 1)
            self.actions = torch.cat([self.actions, torch.zeros_like(self.actions)], 1)
            self.rewards = torch.cat([self.rewards, torch.zeros_like(self.rewards)], 1)
        self.states[run, at], self.actions[run, at] = moment.state, moment.action
        self.rewards[run, at] = moment.reward
        self.length[run] += 1

    def towards(self, run: Tensor, at: Tensor, target: Tensor, weight: Tensor | float = 1) -> None:
        """Move the value of the step that each run took at time `at` towards a target."""
        state, action = self.states[run, at], self.actions[run, at]
        change = weight * (target - self.Q[run, action, state])
        self.Q[run, action, state] += self.rate(run, action, state) * change


class MonteCarlo(_Recording):
    """At the end of an episode, moves each value towards the return that followed (section 5.3).

    Args:
        first: only the first visit of an episode counts.
    """

    def __init__(self, setting: Setting, *, first: bool = False) -> None:
        super().__init__(setting)
        self.first = first

    def step(self, moment: Moment) -> None:
        """Record the step; learn if it was the last."""
        self.keep(moment)
        self.stop(moment.run[moment.ended])

    def stop(self, run: Tensor) -> None:
        """Learn from what was gathered, as at an end: after many steps, discount leaves no more."""
        gamma, alpha, size = self.setting.gamma, self.setting.alpha, self.setting.size
        # Episodes seldom end together, and a value may be met many times in one: plain loops over
        # one episode are much faster here than tensors over few.
        for number in run.tolist():
            length = int(self.length[number])
            states = self.states[number, :length].tolist()
            actions = self.actions[number, :length].tolist()
            rewards = self.rewards[number, :length].tolist()
            values, counts = self.Q[number].view(-1).numpy(), self.count[number].view(-1).numpy()
            pairs = [action * size + s for action, s in zip(actions, states, strict=True)]
            first = {pair: t for t, pair in reversed(list(enumerate(pairs)))}
            G = 0.0
            for t in range(length - 1, -1, -1):
                pair = pairs[t]
                G = rewards[t] + gamma * G
                if self.first and first[pair] != t:
                    continue
                counts[pair] += 1
                values[pair] += (alpha or 1 / counts[pair]) * (G - values[pair])
        self.length[run] = 0


class NStepSarsa(_Recording):
    """Target Σ_{k<n} γ^k r_k + γ^n Q(s_n, a_n) (section 7.2); with one action, n-step TD.

    Args:
        n: how many rewards before the bootstrap.
    """

    def __init__(self, setting: Setting, *, n: int) -> None:
        super().__init__(setting)
        self.n = n

    @property
    def samples_upcoming(self) -> bool:
        """It learns from the action that is taken after n steps."""
        return True

    def step(self, moment: Moment) -> None:
        """Record the step; the value of n steps ago learns, and at an end all that still wait."""
        self.keep(moment)
        worth = self.Q[moment.run, moment.upcoming, moment.following]
        worth = torch.where(moment.ended, 0.0, worth)
        for back in range(self.n, 0, -1):
            at = self.length[moment.run] - back
            now = (at >= 0) & (moment.ended | (back == self.n))
            run, first, target = moment.run[now], at[now], worth[now]
            for k in reversed(range(back)):
                target = self.rewards[run, first + k] + self.setting.gamma * target
            self.towards(run, first, target)
        self.length[moment.run[moment.ended]] = 0


class ImportanceSampling(_Recording):
    """Weighted importance sampling of returns (section 5.6): V of one policy from another's steps.

    Its values are in ``Q[:, 0]``: its setting has one choice, but it is shown the actions taken.

    Args:
        target: ``[a, s]``, the policy to value.
        behaviour: ``[a, s]``, the policy that acted.
    """

    def __init__(self, setting: Setting, *, target: Tensor, behaviour: Tensor) -> None:
        super().__init__(setting)
        self.ratio = target / behaviour
        self.total = torch.zeros_like(self.Q[:, 0])

    def step(self, moment: Moment) -> None:
        """Record the step; learn if it was the last."""
        self.keep(moment)
        run = moment.run[moment.ended]
        length = self.length[run]
        G, rho = torch.zeros(2, len(run), dtype=torch.float64)
        rho = rho + 1
        for t in reversed(range(int(length.max()) if len(run) else 0)):
            now = t < length
            chosen, state, action = run[now], self.states[run[now], t], self.actions[run[now], t]
            G[now] = self.rewards[chosen, t] + self.setting.gamma * G[now]
            rho[now] = rho[now] * self.ratio[action, state]
            self.total[chosen, state] += rho[now]
            share = torch.where(rho[now] > 0, rho[now] / self.total[chosen, state], 0.0)
            self.Q[chosen, 0, state] += share * (G[now] - self.Q[chosen, 0, state])
            self.count[chosen, 0, state] += 1
        self.length[run] = 0
