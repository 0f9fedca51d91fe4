"""Learning while acting, and learning from episodes that others acted out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.recipes.value.mdp import MDP, Episodes
from stillroom.recipes.value.online import Learner, Moment

Uniforms = Callable[[int], Tensor]
HORIZON = 300  # steps; a learner that walks in a circle is stuck, and has to start again


@dataclass(frozen=True, slots=True)
class Log:
    """What happened in each episode of each run.

    Attributes:
        returns: float64 ``[r, e]``, sums of rewards without discount.
        lengths: int64 ``[r, e]``, steps.
        stopped: bool ``[r, e]``, whether it was given up before it ended.
    """

    returns: Tensor
    lengths: Tensor
    stopped: Tensor


def chance(generator: torch.Generator, runs: int) -> Uniforms:
    """Return a source of numbers for `act`: each call draws ``[count, runs]`` in [0, 1)."""
    return lambda count: torch.rand(count, runs, generator=generator, dtype=torch.float64)


def act(
    mdp: MDP,
    learner: Learner,
    *,
    episodes: int,
    epsilon: float,
    uniforms: Uniforms,
    horizon: int = HORIZON,
) -> Log:
    """Let a learner act ε-greedily and learn from it; ties between best actions are drawn.

    All runs step together. Every step takes five numbers for each run, whether it has finished or
    not, so that a run's chance does not depend on the others: which successor, which start, whether
    to explore, which action, and the learner's coin.

    Args:
        mdp: the process.
        learner: what learns, changed in place.
        episodes: how many each run completes.
        epsilon: the chance of an action drawn from all alike.
        uniforms: gives ``[count, r]`` numbers in [0, 1).
        horizon: steps after which an episode that has not ended is given up (`Learner.stop`), and
            the run starts again.
    """
    runs = len(learner.Q)
    successors, chances = mdp.successors
    starting = mdp.start.cumsum(0)
    starting[-1] = 1
    log = Log(
        torch.zeros(runs, episodes, dtype=torch.float64),
        torch.zeros(runs, episodes, dtype=torch.long),
        torch.zeros(runs, episodes, dtype=torch.bool),
    )
    run = torch.arange(runs)
    done = torch.zeros(runs, dtype=torch.long)
    draw = uniforms(5)
    state = torch.searchsorted(starting, draw[1], right=True)
    action = choose(learner.preferences(run, state), epsilon, draw[2], draw[3])
    while len(run):
        draw = uniforms(5)[:, run]
        branch = (draw[0, :, None] >= chances[action, state]).sum(1)
        following = successors[action, state, branch]
        reward, ended = mdp.R[action, state, following], mdp.terminal[following]
        log.returns[run, done[run]] += reward
        log.lengths[run, done[run]] += 1
        upcoming = action
        if learner.samples_upcoming:
            upcoming = choose(learner.preferences(run, following), epsilon, draw[2], draw[3])
        learner.step(Moment(run, state, action, reward, following, upcoming, ended, draw[4]))
        stopped = ~ended & (log.lengths[run, done[run]] >= horizon)
        over = ended | stopped
        state = following
        if bool(over.any()):
            log.stopped[run, done[run]] = stopped
            learner.stop(run[stopped])
            state = torch.where(over, torch.searchsorted(starting, draw[1], right=True), following)
        action = upcoming
        if not learner.samples_upcoming or bool(over.any()):
            chosen = choose(learner.preferences(run, state), epsilon, draw[2], draw[3])
            action = torch.where(over, chosen, upcoming) if learner.samples_upcoming else chosen
        done[run] += over.long()
        going = done[run] < episodes
        if not bool(going.all()):
            run, state, action = run[going], state[going], action[going]
    return log


def choose(Q: Tensor, epsilon: float, explore: Tensor, which: Tensor) -> Tensor:
    """Return ε-greedy actions ``[m]``: the one or, of equals, one of the best; or any.

    Args:
        Q: ``[m, a]``.
        epsilon: the chance of any action.
        explore: ``[m]`` numbers in [0, 1): explore where below ε.
        which: ``[m]`` numbers in [0, 1) that pick among the candidates.
    """
    candidates = (Q.amax(1, keepdim=True) == Q) | (explore < epsilon)[:, None]
    rank = (which * candidates.sum(1)).long()
    return (candidates.cumsum(1) == rank[:, None] + 1).long().argmax(1)


def replay(
    episodes: Episodes, learner: Learner, *, generator: torch.Generator | None = None
) -> None:
    """Show a learner recorded episodes, in order; run r of the learner sees data set r.

    Args:
        episodes: the data.
        learner: what learns, changed in place.
        generator: tosses coins, for Double Q-learning.
    """
    runs = torch.arange(episodes.datasets)
    generator = generator or torch.Generator().manual_seed(0)
    for number in range(episodes.actions.shape[1]):
        lengths: Tensor = episodes.lengths[:, number]
        for t in range(int(lengths.max())):
            run = runs[t < lengths]
            ended = lengths[run] == t + 1
            later = min(t + 1, episodes.actions.shape[2] - 1)
            learner.step(
                Moment(
                    run=run,
                    state=episodes.states[run, number, t],
                    action=episodes.actions[run, number, t],
                    reward=episodes.rewards[run, number, t],
                    following=episodes.states[run, number, t + 1],
                    upcoming=torch.where(ended, 0, episodes.actions[run, number, later]),
                    ended=ended,
                    coin=torch.rand(len(run), generator=generator, dtype=torch.float64),
                )
            )


def blind(episodes: Episodes) -> Episodes:
    """The same episodes with a single action: what learns Q from them learns V."""
    actions = torch.where(episodes.taken, 0, -1)
    return Episodes(episodes.states, actions, episodes.rewards, episodes.size, 1)
