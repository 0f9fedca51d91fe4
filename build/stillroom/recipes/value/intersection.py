"""One crossing, five ways to weight the ways on from it.

After S. Greydanus and C. Olah, "The Paths Perspective on Value Learning" (Distill 2019,
doi:10.23915/distill.00020).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.value import estimators
from stillroom.recipes.value.mdp import Episodes, Trajectory, record

# States: two ways in, the crossing, two ends. Actions: on, up, down.
A, B, CROSSING, TOP, BOTTOM = range(5)
ON, UP, DOWN = range(3)
SIZE, CHOICES = 5, 3


@dataclass(frozen=True, slots=True)
class Method:
    """A method, and in words what it does at the crossing."""

    name: str
    label: str
    says: str
    values: Callable[[Episodes], Tensor]


@recipe(view="intersection", packages=["torch"])
def intersection(
    run: Run,  # noqa: ARG001
    *,
    up: float = 2.0,
    down: float = -1.0,
    points: Annotated[int, Field(ge=2, le=1001)] = 101,
) -> Result:
    """Value two trajectories that cross: A came and went up, B came and went down.

    Every method sees the same two episodes (each twice, so that both tables of Double Q-learning
    have seen both), without discount. What A and B are worth is what the crossing is worth to
    those who come through them: w · up + (1 - w) · down. The methods differ in w alone.

    Args:
        run: unused; there is no chance in it.
        up: the reward of the upper branch.
        down: the reward of the lower branch.
        points: how many weights to tabulate for off-policy learning.

    Returns:
        Data: ``branches``; ``methods``, each with the ``values`` of A and B and the ``weights`` of
        the two branches for each; ``reference``, pairs of a weight w and the value of both ways in.
        Table ``methods``. Facts: ``<method>_a``, ``<method>_b``; ``difference``, how far the
        reference is from w · up + (1 - w) · down at most.

    Raises:
        ValueError: the upper branch is not worth more than the lower.
    """
    if up <= down:
        raise ValueError(f"up is {up} and down {down}; expected the upper branch to be worth more")
    episodes = _episodes(up, down)
    rows = [(method, method.values(episodes)[:, [A, B]][ON].tolist()) for method in METHODS]
    shares = torch.linspace(0, 1, points, dtype=torch.float64).tolist()
    reference = [(w, *_off_policy(episodes, w)[ON, [A, B]].tolist()) for w in shares]
    spread = up - down
    return Result(
        facts={
            **{
                f"{method.name.replace('-', '_')}_{key}": value
                for method, pair in rows
                for key, value in zip("ab", pair, strict=True)
            },
            "difference": max(
                abs(value - (w * up + (1 - w) * down)) for w, *pair in reference for value in pair
            ),
        },
        data={
            "branches": [up, down],
            "methods": [_describe(method, pair, down, spread) for method, pair in rows],
            "reference": [[w, value] for w, value, _ in reference],
        },
        tables={
            "methods": {
                "method": [method.label for method, _ in rows],
                "A": [pair[0] for _, pair in rows],
                "B": [pair[1] for _, pair in rows],
            }
        },
    )


def _describe(method: Method, pair: list[float], down: float, spread: float) -> dict[str, Any]:
    up = [(value - down) / spread for value in pair]
    return {
        "name": method.name,
        "label": method.label,
        "weights": {name: [w, 1 - w] for name, w in zip("AB", up, strict=True)},
        "values": dict(zip("AB", pair, strict=True)),
        "says": method.says,
    }


def _episodes(up: float, down: float) -> Episodes:
    first = Trajectory((A, CROSSING, TOP), (ON, UP), (0.0, up))
    second = Trajectory((B, CROSSING, BOTTOM), (ON, DOWN), (0.0, down))
    return record([first, second, first, second], SIZE, CHOICES)


def _turning(w: float) -> Tensor:
    policy = torch.zeros(CHOICES, SIZE, dtype=torch.float64)
    policy[ON], policy[UP, CROSSING], policy[DOWN, CROSSING] = 1.0, w, 1 - w
    policy[ON, CROSSING] = 0.0
    return policy


def _off_policy(episodes: Episodes, w: float) -> Tensor:
    return estimators.off_policy(episodes, 1.0, _turning(w))[0]


def _double(episodes: Episodes) -> Tensor:
    halves = [
        Episodes(
            episodes.states[:, part], episodes.actions[:, part], episodes.rewards[:, part], SIZE,
            CHOICES,
        )
        for part in (slice(0, 2), slice(2, 4))
    ]  # fmt: skip
    return torch.stack(estimators.double_q(halves[0], halves[1], 1.0)).mean(0)[0]


METHODS = (
    Method(
        "sarsa",
        "Sarsa",
        "Sarsa looks at the action that was taken. The two trajectories took different ones, so "
        "for Sarsa they never meet.",
        lambda episodes: estimators.sarsa(episodes, 1.0)[0],
    ),
    Method(
        "expected-sarsa",
        "Expected Sarsa",
        "Expected Sarsa looks at the state and weights the actions as the policy does: here, half "
        "and half.",
        lambda episodes: _off_policy(episodes, 0.5),
    ),
    Method(
        "off-policy",
        "Off-policy",
        "Off-policy learning weights the actions as some other policy would: here, up three times "
        "in four.",
        lambda episodes: _off_policy(episodes, 0.75),
    ),
    Method(
        "q-learning",
        "Q-learning",
        "Q-learning puts all weight on the best action and prunes the rest.",
        lambda episodes: estimators.q_learning(episodes, 1.0)[0],
    ),
    Method(
        "double-q",
        "Double Q-learning",
        "Double Q-learning lets one table pick the action and another say what it is worth, so "
        "that luck cannot count twice.",
        _double,
    ),
)
