"""Learning one step at a time, by walkers who share a table and draw chance from a hash.

The playground does the same in the browser (``templates/views/playground/learner.js``), operation
by operation, so that both give the same numbers: change one and change the other.

Chance is a function of four whole numbers below 2^32 and of nothing else::

    mix(x):  x ^= x >> 16;  x *= 0x7feb352d;  x ^= x >> 15;  x *= 0x846ca68b;  x ^= x >> 16
    key = mix(mix(seed + 0x9e3779b9) ^ walker)
    chance = mix(mix(key ^ time) ^ purpose) / 2^32

all modulo 2^32. `mix` is C. Wellons' *lowbias32* (2018), a permutation of the 32-bit numbers.

Updates are those of R. Sutton and A. Barto, *Reinforcement Learning* (2nd ed., 2018), with a
constant step size: Monte Carlo of every visit (section 5.4), Sarsa (6.4), Q-learning (6.5),
Expected Sarsa (6.6), Double Q-learning (6.7) and Sarsa(λ) (12.7), here with replacing traces
(S. Singh and R. Sutton, *Reinforcement Learning with Replacing Eligibility Traces*, 1996).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Tensor

from stillroom.recipes.value.gridworld import World

Algorithm = Literal[
    "monte-carlo", "sarsa-lambda", "sarsa", "expected-sarsa", "q-learning", "double-q"
]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
GREEDY = ("q-learning", "double-q")  # what they learn about takes the best action
LIMIT = 1_000  # steps; an episode that is longer is given up
FULL = 0xFFFFFFFF
EXPLORE, ACTION, START, TABLE = range(4)  # what a draw is for


def mix(x: int) -> int:
    """Permute the 32-bit numbers."""
    x ^= x >> 16
    x = x * 0x7FEB352D & FULL
    x ^= x >> 15
    x = x * 0x846CA68B & FULL
    return x ^ x >> 16


def stream(seed: int, walker: int) -> int:
    """The key of a walker's own chance."""
    return mix(mix(seed + 0x9E3779B9 & FULL) ^ walker)


def chance(key: int, time: int, purpose: int) -> float:
    """A number in [0, 1) that depends on seed, walker, time and purpose alone."""
    return mix(mix(key ^ time) ^ purpose) / 2**32


@dataclass(frozen=True)
class Rule:
    """How to learn.

    Attributes:
        algorithm: one of `ALGORITHMS`.
        epsilon: the chance of an action drawn from all alike.
        alpha: the step size.
        gamma: the discount.
        lam: λ of Sarsa(λ); the others do not use it.
    """

    algorithm: Algorithm
    epsilon: float
    alpha: float
    gamma: float
    lam: float


@dataclass
class Walker:
    """One of those who walk the world.

    Attributes:
        key: of its chance.
        state: where it is.
        action: what it has already chosen to do there, or -1.
        time, length: steps so far, and steps of this episode.
        gained, discount: discounted return of this episode, and what the next reward counts.
        episode: pairs and rewards, for Monte Carlo.
        traces: of every pair, for Sarsa(λ).
    """

    key: int
    state: int = 0
    action: int = -1
    time: int = 0
    length: int = 0
    gained: float = 0.0
    discount: float = 1.0
    episode: list[tuple[int, float]] = field(default_factory=list)
    traces: list[float] = field(default_factory=list)


class Learner:
    """A table of action values, and walkers who learn it.

    The pair of action a and state s has the index ``a * states + s``.

    Args:
        world: without slip and wind.
        rule: how to learn.
        seed: of all chance.
        walkers: how many walk, in turn.

    Attributes:
        visits: how often each pair was taken.
        returns: the discounted return of each episode, in the order in which they ended.
        digest: a hash of all pairs taken, in order.

    Raises:
        ValueError: a step of the world may lead to more than one state.
    """

    def __init__(self, world: World, rule: Rule, *, seed: int = 0, walkers: int = 1) -> None:
        if bool(((world.P > 0) & (world.P < 1)).any()):
            raise ValueError("expected a world without slip and wind")
        self.rule = rule
        self.states = world.states
        self.actions = world.actions
        self.starts = [int(s) for s in world.start.nonzero()[:, 0]]
        self.terminal: list[bool] = world.terminal.tolist()
        self.following: list[int] = world.P.argmax(2).flatten().tolist()
        self.rewards: list[float] = world.rewards.flatten().tolist()
        size = self.states * self.actions
        self.tables = [[0.0] * size, [0.0] * size]  # Double Q-learning alone uses the second
        self.visits = [0] * size
        self.returns: list[float] = []
        self.steps = 0
        self.digest = 0
        self.walkers = [Walker(stream(seed, number)) for number in range(walkers)]
        for walker in self.walkers:
            self._start(walker)

    def run(self, steps: int) -> Learner:
        """Let every walker take `steps` steps."""
        for _ in range(steps):
            for walker in self.walkers:
                self._step(walker)
        return self

    @property
    def Q(self) -> Tensor:  # noqa: N802
        """The action values so far, float64 ``[a, s]``."""
        one, other = torch.tensor(self.tables, dtype=torch.float64)
        Q = (one + other) / 2 if self.rule.algorithm == "double-q" else one
        return Q.reshape(self.actions, self.states)

    @property
    def V(self) -> Tensor:  # noqa: N802
        """The values of the policy that is learnt about, ``[s]``."""
        if self.rule.algorithm in GREEDY:
            return self.Q.amax(0)
        table = self.Q.flatten().tolist()
        values = [self._expected(table, state) for state in range(self.states)]
        return torch.tensor(values, dtype=torch.float64)

    def _start(self, walker: Walker) -> None:
        draw = chance(walker.key, walker.time, START)
        walker.state = self.starts[math.floor(draw * len(self.starts))]
        walker.action = -1
        walker.length = 0
        walker.gained = 0.0
        walker.discount = 1.0
        walker.episode = []
        walker.traces = [0.0] * len(self.visits)

    def _step(self, walker: Walker) -> None:
        rule = self.rule
        action = self._choose(walker) if walker.action < 0 else walker.action
        pair = action * self.states + walker.state
        reward = self.rewards[pair]
        walker.state = self.following[pair]
        walker.action = -1
        walker.time += 1
        walker.length += 1
        walker.gained += walker.discount * reward
        walker.discount *= rule.gamma
        self.steps += 1
        self.visits[pair] += 1
        self.digest = mix(self.digest ^ pair)
        ended = self.terminal[walker.state]
        over = ended or walker.length >= LIMIT
        if rule.algorithm == "monte-carlo":
            walker.episode.append((pair, reward))
            if over:
                self._look_back(walker)
        elif rule.algorithm == "double-q":
            self._learn_twice(walker, pair, reward, ended)
        else:
            target = reward if ended else reward + rule.gamma * self._bootstrap(walker)
            self._learn(walker, pair, target)
        if over:
            self.returns.append(walker.gained)
            self._start(walker)

    def _choose(self, walker: Walker) -> int:
        """ε-greedy; among equally good actions all are as likely."""
        draw = chance(walker.key, walker.time, ACTION)
        if chance(walker.key, walker.time, EXPLORE) < self.rule.epsilon:
            return math.floor(draw * self.actions)
        table = self.tables[0]
        if self.rule.algorithm == "double-q":
            table = [one + other for one, other in zip(*self.tables, strict=True)]
        best = self._best(table, walker.state)
        return best[math.floor(draw * len(best))]

    def _best(self, table: list[float], state: int) -> list[int]:
        values = table[state :: self.states]
        most = max(values)
        return [action for action, value in enumerate(values) if value == most]

    def _expected(self, table: list[float], state: int) -> float:
        """The mean of a state's action values under the ε-greedy policy."""
        best = self._best(table, state)
        total = 0.0
        for action in range(self.actions):
            share = self.rule.epsilon / self.actions
            if action in best:
                share += (1 - self.rule.epsilon) / len(best)
            total += share * table[action * self.states + state]
        return total

    def _bootstrap(self, walker: Walker) -> float:
        """What the state that was reached is worth; Sarsa asks what comes next."""
        table = self.tables[0]
        if self.rule.algorithm == "expected-sarsa":
            return self._expected(table, walker.state)
        if self.rule.algorithm == "q-learning":
            return max(table[walker.state :: self.states])
        walker.action = self._choose(walker)
        return table[walker.action * self.states + walker.state]

    def _learn(self, walker: Walker, pair: int, target: float) -> None:
        table, rule = self.tables[0], self.rule
        amount = rule.alpha * (target - table[pair])
        if rule.algorithm != "sarsa-lambda":
            table[pair] += amount
            return
        walker.traces[pair] = 1.0
        fade = rule.gamma * rule.lam
        for each, trace in enumerate(walker.traces):
            if trace:
                table[each] += amount * trace
                walker.traces[each] = trace * fade

    def _learn_twice(self, walker: Walker, pair: int, reward: float, ended: bool) -> None:
        """Learn one table, by lot; the other says what its favourite is worth."""
        heads = chance(walker.key, walker.time, TABLE) < 0.5
        table, other = self.tables if heads else self.tables[::-1]
        target = reward
        if not ended:
            favourite = self._best(table, walker.state)[0]
            target = reward + self.rule.gamma * other[favourite * self.states + walker.state]
        table[pair] += self.rule.alpha * (target - table[pair])

    def _look_back(self, walker: Walker) -> None:
        """Learn from the return after every step of the episode, the last step first."""
        table, gathered = self.tables[0], 0.0
        for pair, reward in reversed(walker.episode):
            gathered = reward + self.rule.gamma * gathered
            table[pair] += self.rule.alpha * (gathered - table[pair])
