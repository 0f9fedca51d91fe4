"""Markov decision processes as tensors, and episodes sampled from them by the thousand.

Indices come in one order everywhere: actions, then states. A process is ``P[a, s, s']``, a policy
``policy[a, s]``, a table of action values ``Q[a, s]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

HORIZON = 100_000  # steps; an episode that is longer will not end


class EndlessError(ValueError):
    """Episodes do not end: the policy has no way to a terminal state."""


@dataclass(frozen=True)
class MDP:
    """A finite Markov decision process, float64 on the CPU.

    Attributes:
        P: ``[a, s, s']``, chances of going from s to s' by action a. The rows of terminal states
            and walls are zero: nothing follows them.
        R: ``[a, s, s']``, the mean reward of that step.
        terminal: bool ``[s]``, states in which an episode ends.
        start: ``[s]``, the chance of starting in each state.
    """

    P: Tensor
    R: Tensor
    terminal: Tensor
    start: Tensor

    @property
    def states(self) -> int:
        """How many states there are."""
        return self.P.shape[1]

    @property
    def actions(self) -> int:
        """How many actions there are."""
        return self.P.shape[0]

    @cached_property
    def live(self) -> Tensor:
        """Bool ``[s]``: states in which there is something to do."""
        return self.P.sum((0, 2)) > 0

    @cached_property
    def rewards(self) -> Tensor:
        """``[a, s]``: the mean reward of taking an action in a state."""
        return (self.P * self.R).sum(2)

    @cached_property
    def successors(self) -> tuple[Tensor, Tensor]:
        """Where each action may lead: states int64 ``[a, s, k]`` and cumulated chances.

        k is the largest number of successors of any action in any state, a handful in a gridworld:
        to look among them is much cheaper than among all states.
        """
        most = int((self.P > 0).sum(2).max())
        chance, state = self.P.sort(dim=2, descending=True, stable=True)
        cumulated = chance[..., :most].cumsum(2)
        # Rounding must not leave a gap below 1 into which a draw could fall.
        cumulated[..., -1] = 1
        return state[..., :most], cumulated


@dataclass(frozen=True)
class Episodes:
    """Recorded episodes in d data sets of n, padded to the longest, T steps.

    Attributes:
        states: int64 ``[d, n, T + 1]``; the last state of an episode is terminal, -1 follows.
        actions: int64 ``[d, n, T]``, -1 after the end.
        rewards: float64 ``[d, n, T]``, 0 after the end.
        size: how many states the process has.
        choices: how many actions it has.
    """

    states: Tensor
    actions: Tensor
    rewards: Tensor
    size: int
    choices: int

    @property
    def datasets(self) -> int:
        """How many data sets there are."""
        return self.states.shape[0]

    @cached_property
    def taken(self) -> Tensor:
        """Bool ``[d, n, T]``: where a step was taken."""
        return self.actions >= 0

    @cached_property
    def lengths(self) -> Tensor:
        """int64 ``[d, n]``: steps of each episode."""
        return self.taken.sum(2)

    @cached_property
    def steps(self) -> Steps:
        """All steps in one row."""
        d = torch.arange(self.datasets)[:, None, None].expand(self.actions.shape)
        return Steps(
            dataset=d[self.taken],
            state=self.states[..., :-1][self.taken],
            action=self.actions[self.taken],
            reward=self.rewards[self.taken],
            following=self.states[..., 1:][self.taken],
        )

    def relabelled(self, labels: Tensor) -> Episodes:
        """The same episodes as seen by one who cannot tell states of one label apart.

        Args:
            labels: int64 ``[s]``, numbers from 0. An end must not share its label with other
                states.
        """
        states = torch.where(self.states >= 0, labels[self.states], -1)
        return Episodes(states, self.actions, self.rewards, int(labels.max()) + 1, self.choices)

    def pairs(self) -> Episodes:
        """The same episodes as seen by Sarsa: a state is a state with the action taken there.

        The pair of action a and state s has the number ``a * size + s``; one more state, the last,
        is the end of every episode. What estimates V from episodes estimates Q from these.
        """
        end = self.size * self.choices
        pair = torch.where(self.taken, self.actions * self.size + self.states[..., :-1], -1)
        pair = torch.nn.functional.pad(pair, (0, 1), value=-1)
        pair.scatter_(2, self.lengths[..., None], end)
        return Episodes(pair, self.actions, self.rewards, end + 1, self.choices)


@dataclass(frozen=True)
class Steps:
    """The m steps of all episodes in one row each: ``[m]``."""

    dataset: Tensor
    state: Tensor
    action: Tensor
    reward: Tensor
    following: Tensor


def sample(
    mdp: MDP,
    policy: Tensor,
    *,
    episodes: int,
    generator: torch.Generator,
    datasets: int = 1,
    horizon: int = HORIZON,
) -> Episodes:
    """Sample episodes, all at once; each ends in a terminal state.

    Args:
        mdp: the process.
        policy: ``[a, s]``, the chance of each action in each state.
        episodes: how many, for each data set.
        generator: the source of chance; the same one gives the same episodes.
        datasets: how many independent data sets.
        horizon: steps after which an episode that has not ended is an error.

    Raises:
        EndlessError: an episode did not end within the horizon.
    """
    total = datasets * episodes
    state = torch.multinomial(mdp.start, total, replacement=True, generator=generator)
    successors, chances = mdp.successors
    choosing = policy.cumsum(0)
    choosing[-1] = 1
    running = torch.arange(total)
    blank = torch.full((total,), -1)
    states = [state]
    actions: list[Tensor] = []
    rewards: list[Tensor] = []
    while len(running):
        if len(actions) >= horizon:
            raise EndlessError(
                f"{len(running)} of {total} episodes have not ended after {horizon} steps: "
                "the policy may have no way to a terminal state"
            )
        draw = torch.rand(2, len(running), generator=generator, dtype=torch.float64)
        action = (draw[0] >= choosing[:, state]).sum(0)
        branch = (draw[1, :, None] >= chances[action, state]).sum(1)
        following = successors[action, state, branch]
        reward = mdp.R[action, state, following]
        states.append(blank.index_put((running,), following))
        actions.append(blank.index_put((running,), action))
        rewards.append(torch.zeros(total, dtype=torch.float64).index_put((running,), reward))
        going = ~mdp.terminal[following]
        running, state = running[going], following[going]
    # Steps of one time lie together, as they were made: to turn them round would cost the most.
    shape = (-1, datasets, episodes)
    return Episodes(
        torch.stack(states).reshape(shape).movedim(0, 2),
        torch.stack(actions).reshape(shape).movedim(0, 2),
        torch.stack(rewards).reshape(shape).movedim(0, 2),
        mdp.states,
        mdp.actions,
    )


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One episode: one state more than actions and rewards; the last one ends it."""

    states: tuple[int, ...]
    actions: tuple[int, ...]
    rewards: tuple[float, ...]


def record(trajectories: Sequence[Trajectory], size: int, choices: int) -> Episodes:
    """Return trajectories as one data set of episodes.

    Args:
        trajectories: at least one.
        size: how many states the process has.
        choices: how many actions.
    """
    longest = max(len(each.actions) for each in trajectories)
    states = torch.full((1, len(trajectories), longest + 1), -1)
    actions = torch.full((1, len(trajectories), longest), -1)
    rewards = torch.zeros((1, len(trajectories), longest), dtype=torch.float64)
    for row, each in enumerate(trajectories):
        length = len(each.actions)
        states[0, row, : length + 1] = torch.tensor(each.states)
        actions[0, row, :length] = torch.tensor(each.actions)
        rewards[0, row, :length] = torch.tensor(each.rewards, dtype=torch.float64)
    return Episodes(states, actions, rewards, size, choices)
