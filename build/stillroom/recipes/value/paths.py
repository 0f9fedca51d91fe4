"""The paths that recorded trajectories span when they are spliced where they meet.

S. Greydanus and C. Olah, "The Paths Perspective on Value Learning" (Distill 2019,
doi:10.23915/distill.00020): Monte Carlo averages over the trajectories that were walked, temporal
differences over all that can be put together from their pieces. Whether two trajectories meet is a
matter of method: in a state (TD, Expected Sarsa, Q-learning) or only in a state with the same
action (Sarsa). How often a spliced path turns which way at a meeting is its *weight* there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from stillroom.recipes.value.mdp import Trajectory

LIMIT = 10_000  # paths; more cannot be looked at, and a linear solve gives their average


class CyclicError(ValueError):
    """The splices lead in a circle: there are infinitely many paths; solve for their average.

    Attributes:
        cycle: states of the circle, in order.
    """

    def __init__(self, cycle: Sequence[int]) -> None:
        way = " → ".join(map(str, [*cycle, cycle[0]]))
        super().__init__(f"the trajectories, spliced, lead in a circle: {way}")
        self.cycle = tuple(cycle)


@dataclass(frozen=True, slots=True)
class Branch:
    """One way on from a state: `count` recorded steps with one action, reward and outcome."""

    action: int
    reward: float
    following: int
    count: int


Branches = Mapping[int, tuple[Branch, ...]]
Weights = Callable[[int, tuple[Branch, ...]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Path:
    """A way from a state to an end.

    Attributes:
        states: as in `Trajectory`.
        actions: likewise.
        weight: the product of the weights of its turns; those of all paths from a state sum to 1.
        gain: its discounted return.
        real: whether some trajectory, from its visit to the first state on, is this very path,
            rewards included.
    """

    states: tuple[int, ...]
    actions: tuple[int, ...]
    weight: float
    gain: float
    real: bool


def branches(trajectories: Sequence[Trajectory]) -> dict[int, tuple[Branch, ...]]:
    """Collect the ways on from each state, in the order in which they were first walked."""
    counts: dict[int, dict[tuple[int, float, int], int]] = {}
    for each in trajectories:
        for k, (action, reward) in enumerate(zip(each.actions, each.rewards, strict=True)):
            ways = counts.setdefault(each.states[k], {})
            way = (action, reward, each.states[k + 1])
            ways[way] = ways.get(way, 0) + 1
    return {
        state: tuple(Branch(*way, count) for way, count in ways.items())
        for state, ways in counts.items()
    }


def observed(state: int, ways: tuple[Branch, ...]) -> list[float]:  # noqa: ARG001
    """Weights of TD(0): how often each way was taken."""
    total = sum(way.count for way in ways)
    return [way.count / total for way in ways]


def following(policy: Callable[[int, int], float]) -> Weights:
    """Weights of Expected Sarsa and off-policy learning: the policy's, among actions tried.

    Args:
        policy: the chance of an action (second) in a state (first).
    """

    def weigh(state: int, ways: tuple[Branch, ...]) -> list[float]:
        tried = {way.action: 0 for way in ways}
        for way in ways:
            tried[way.action] += way.count
        total = sum(policy(state, action) for action in tried)
        return [policy(state, way.action) / total * way.count / tried[way.action] for way in ways]

    return weigh


def enumerate_paths(
    start: int,
    ways: Branches,
    gamma: float,
    *,
    weights: Weights = observed,
    walked: Sequence[Trajectory] = (),
) -> list[Path]:
    """List every path from a state to an end, those that were walked first.

    Args:
        start: the state.
        ways: from `branches`.
        gamma: the discount.
        weights: how much each way counts at a turn; a way that counts 0 is no path.
        walked: the trajectories, to tell real paths from spliced ones.

    Raises:
        CyclicError: there are infinitely many.
        ValueError: there are more than 10,000.
    """
    tails = {
        (each.states[k:], each.actions[k:], each.rewards[k:])
        for each in walked
        for k, state in enumerate(each.states)
        if state == start
    }
    found: list[Path] = []

    def walk(
        states: tuple[int, ...],
        actions: tuple[int, ...],
        rewards: tuple[float, ...],
        weight: float,
    ) -> None:
        here = states[-1]
        if here not in ways:
            gain = sum(gamma**k * reward for k, reward in enumerate(rewards))
            real = (states, actions, rewards) in tails
            found.append(Path(states, actions, weight, gain, real))
            if len(found) > LIMIT:
                raise ValueError(f"there are more than {LIMIT} paths from state {start}")
            return
        for way, share in zip(ways[here], weights(here, ways[here]), strict=True):
            if share == 0:
                continue
            if way.following in states:
                raise CyclicError(states[states.index(way.following) :])
            walk(
                (*states, way.following),
                (*actions, way.action),
                (*rewards, way.reward),
                weight * share,
            )

    walk((start,), (), (), 1.0)
    return sorted(found, key=lambda path: not path.real)


def average(paths: Sequence[Path]) -> float:
    """Return the weighted mean of what the paths gain: the value of their first state."""
    return sum(path.weight * path.gain for path in paths)


def solve(
    ways: Branches, gamma: float, *, weights: Weights = observed, tolerance: float = 1e-13
) -> dict[int, float]:
    """Return the average over all paths from every state, however many, circles included.

    Gauss-Seidel sweeps V(s) ← Σ w (r + γ V(s')): each adds the paths that are longer by a turn.

    Args:
        ways: from `branches`.
        gamma: the discount.
        weights: how much each way counts at a turn.
        tolerance: of the last sweep.

    Raises:
        ValueError: the averages do not settle: a circle that is never left.
    """
    values = dict.fromkeys(ways, 0.0)
    shares = {state: weights(state, ways[state]) for state in ways}
    backwards = list(reversed(list(ways)))  # ends come last in what was recorded
    for _ in range(100_000):
        moved = 0.0
        for state in backwards:
            value = sum(
                share * (way.reward + gamma * values.get(way.following, 0.0))
                for way, share in zip(ways[state], shares[state], strict=True)
            )
            moved = max(moved, abs(value - values[state]))
            values[state] = value
        if moved <= tolerance:
            return values
    raise ValueError("the averages over paths do not settle: a circle is never left")


def meetings(trajectories: Sequence[Trajectory]) -> list[int]:
    """States, not ends, that more than one trajectory went through, in ascending order."""
    met = [set(each.states[:-1]) for each in trajectories]
    return sorted(state for state in set().union(*met) if sum(state in each for each in met) > 1)
