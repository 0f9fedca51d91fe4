"""Worlds to draw in, and learning that runs in the browser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.value.acting import act
from stillroom.recipes.value.chance import HashedChance, mix
from stillroom.recipes.value.exact import exploring, greedy, value_iteration
from stillroom.recipes.value.gridworld import World, world
from stillroom.recipes.value.online import (
    DoubleQ,
    ExpectedSarsa,
    Learner,
    Moment,
    MonteCarlo,
    QLearning,
    Sarsa,
    Setting,
)
from stillroom.recipes.value.playground_worlds import WORLDS
from stillroom.recipes.value.shared import by_action, by_cell, summary

Algorithm = Literal[
    "monte-carlo", "sarsa-lambda", "sarsa", "expected-sarsa", "q-learning", "double-q"
]
Chance = Annotated[float, Field(ge=0, le=1)]

HORIZON = 200  # steps; an episode that is longer is given up
REFERENCE_WORLDS = ("S..G\n.#.C\n....", "S.#..\n..C.S\n.....\n#..G.")
COMPARED: tuple[Algorithm, ...] = ("sarsa", "q-learning")
GREEDY = ("q-learning", "double-q")  # what they learn about takes the best action
LABELS: dict[Algorithm, str] = {
    "monte-carlo": "Monte Carlo",
    "sarsa-lambda": "Sarsa(λ)",
    "sarsa": "Sarsa",
    "expected-sarsa": "Expected Sarsa",
    "q-learning": "Q-learning",
    "double-q": "Double Q-learning",
}


@recipe(view="playground", draft={"runs": 4, "episodes": 20}, cost="minutes", packages=["torch"])
def playground(
    run: Run,
    *,
    maps: dict[str, str] | None = None,
    algorithm: Algorithm = "q-learning",
    epsilon: Chance = 0.2,
    alpha: Annotated[float, Field(gt=0, le=1)] = 0.3,
    gamma: Chance = 0.95,
    lam: Chance = 0.8,
    head_start: Annotated[int, Field(ge=1, le=1_000)] = 100,
    episodes: Annotated[int, Field(ge=20)] = 300,
    runs: Annotated[int, Field(ge=2)] = 40,
) -> Result:
    """Let the reader draw a world and watch agents learn its values.

    The view learns by itself, with the updates of `stillroom.recipes.value.online`, the walk of
    `stillroom.recipes.value.acting` and the chance of `stillroom.recipes.value.chance`. What it
    shows first is computed here too, as are runs that a test compares with it.

    Args:
        run: device, seed and progress.
        maps: worlds of the author's, by name, offered before the others; the first of them is
            shown first. A goal is worth 2, a cliff -1.
        algorithm: chosen first.
        epsilon: ε, the chance of a random step, at first.
        alpha: α, the step size, at first.
        gamma: γ, the discount, at first.
        lam: λ of Sarsa(λ), at first.
        head_start: episodes before a world is shown.
        episodes: of each run of the table, and before Sarsa and Q-learning are compared.
        runs: independent runs of every algorithm in the table.

    Returns:
        facts: ``best``, what the best policy earns in the first world; for every algorithm
            ``return_<name>``, ``_low`` and ``_high``: the mean discounted return of the second
            half of the episodes, over the runs, and its 95 % interval.
        tables: ``returns``, the same.
        data: worlds, first settings, what the static form shows, and reference runs.

    Raises:
        WorldError: a map that cannot be a world.
    """
    given = {
        name: (name.replace("-", " ").capitalize(), "", text) for name, text in (maps or {}).items()
    }
    offered = {**given, **{name: each for name, each in WORLDS.items() if name not in given}}
    worlds = {name: world(text) for name, (_, _, text) in offered.items()}
    name, first = next(iter(worlds.items()))
    rule = Rule(algorithm, epsilon, alpha, gamma, lam)
    earned = {
        each: summary(
            f"return_{each.replace('-', '_')}",
            _late_returns(first, replace(rule, algorithm=each), run.seed + 1, episodes, runs),
            run.generator("interval", each),
        )
        for each in run.steps(LABELS, note="algorithms")
    }
    columns = zip(*(facts.values() for facts in earned.values()), strict=True)
    return Result(
        facts={
            "best": float(first.start @ value_iteration(first, gamma)),
            **{fact: value for facts in earned.values() for fact, value in facts.items()},
        },
        tables={
            "returns": {
                "algorithm": [LABELS[each] for each in earned],
                **dict(zip(("return", "low", "high"), map(list, columns), strict=True)),
            }
        },
        data={
            "worlds": [
                {"name": each, "label": label, "says": says, **worlds[each].describe()}
                for each, (label, says, _) in offered.items()
            ],
            "algorithms": [{"name": each, "label": label} for each, label in LABELS.items()],
            "initial": {
                "world": name,
                "algorithm": algorithm,
                "epsilon": epsilon,
                "alpha": alpha,
                "gamma": gamma,
                "lambda": lam,
                "seed": run.seed,
            },
            "head_start": head_start,
            "horizon": HORIZON,
            "episodes": episodes,
            "runs": runs,
            "shown": _shown(first, rule, run.seed, head_start),
            "compared": [
                _shown(first, replace(rule, algorithm=each), run.seed, episodes)
                for each in COMPARED
            ],
            "reference": [
                reference(text, replace(rule, algorithm=method), seed=run.seed + 7)
                for text in REFERENCE_WORLDS
                for method in LABELS
            ],
        },
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """How to learn: the algorithm, ε, α, γ, and λ of Sarsa(λ)."""

    algorithm: Algorithm
    epsilon: float
    alpha: float
    gamma: float
    lam: float


class ReplacingSarsa(Sarsa):
    """Sarsa(λ) whose traces are set to 1 and do not add up.

    S. Singh and R. Sutton, "Reinforcement learning with replacing eligibility traces" (1996). A
    walker who runs against a wall again and again would let the others grow without bound.
    """

    def step(self, moment: Moment) -> None:
        """What is left of the trace goes before the new one comes."""
        if self.trace is not None:
            self.trace[moment.run, moment.action, moment.state] = 0
        super().step(moment)


class Watched(Learner):
    """A learner whose first run is watched.

    Attributes:
        visits: ``[a, s]``, how often each action was taken.
        digest: a hash of all steps, in order.
    """

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.setting = learner.setting
        self.Q = learner.Q
        self.visits = torch.zeros(learner.Q.shape[1:], dtype=torch.long)
        self.digest = 0

    @property
    def samples_upcoming(self) -> bool:
        """As the learner."""
        return self.learner.samples_upcoming

    def stop(self, run: Tensor) -> None:
        """As the learner."""
        self.learner.stop(run)

    def step(self, moment: Moment) -> None:
        """Note the step, and learn from it."""
        action, state = int(moment.action[0]), int(moment.state[0])
        self.visits[action, state] += 1
        self.digest = mix(self.digest ^ action * self.visits.shape[1] + state)
        self.learner.step(moment)


def make_learner(place: World, rule: Rule, runs: int = 1) -> Learner:
    """What learns by a rule in a world."""
    lam = rule.lam if rule.algorithm == "sarsa-lambda" else 0.0
    setting = Setting(runs, place.actions, place.states, rule.gamma, rule.alpha, lam)
    if rule.algorithm == "expected-sarsa":
        return ExpectedSarsa(setting, epsilon=rule.epsilon)
    kinds: dict[Algorithm, type[MonteCarlo | Sarsa | QLearning | DoubleQ]] = {
        "monte-carlo": MonteCarlo,
        "sarsa-lambda": ReplacingSarsa,
        "sarsa": Sarsa,
        "q-learning": QLearning,
        "double-q": DoubleQ,
    }
    return kinds[rule.algorithm](setting)


def state_values(Q: Tensor, rule: Rule) -> Tensor:
    """Return V ``[s]`` of the policy that is learnt about, from ``Q[a, s]``."""
    if rule.algorithm in GREEDY:
        return Q.amax(0)
    return (exploring(greedy(Q, 0.0), rule.epsilon) * Q).sum(0)


def watch(
    place: World, rule: Rule, seed: int, episodes: int, horizon: int = HORIZON
) -> tuple[Watched, int]:
    """Let one walker learn; returns what it learnt and how many steps it took."""
    learner = Watched(make_learner(place, rule))
    log = act(
        place,
        learner,
        episodes=episodes,
        epsilon=rule.epsilon,
        uniforms=HashedChance(seed),
        horizon=horizon,
    )
    return learner, int(log.lengths.sum())


def _late_returns(place: World, rule: Rule, seed: int, episodes: int, runs: int) -> Tensor:
    """The mean discounted return of the second half of the episodes of each run, ``[runs]``."""
    log = act(
        place,
        make_learner(place, rule, runs),
        episodes=episodes,
        epsilon=rule.epsilon,
        uniforms=HashedChance(seed, runs),
        horizon=HORIZON,
    )
    # Only the last step of an episode is rewarded.
    returns = log.returns * rule.gamma ** (log.lengths - 1)
    return returns[:, episodes // 2 :].mean(1)


def _shown(place: World, rule: Rule, seed: int, episodes: int) -> dict[str, Any]:
    """What the static form draws: V of every visited cell, and its best actions."""
    learner, steps = watch(place, rule, seed, episodes)
    visited = learner.visits.sum(0) > 0
    Q = learner.Q[0]
    best = (Q.amax(0) == Q) & visited
    return {
        "label": LABELS[rule.algorithm],
        "steps": steps,
        "episodes": episodes,
        "V": by_cell(state_values(Q, rule).where(visited, torch.nan)),
        "best": [best[:, state].nonzero()[:, 0].tolist() for state in range(place.states)],
    }


def reference(
    text: str, rule: Rule, *, seed: int, episodes: int = 25, horizon: int = 50
) -> dict[str, Any]:
    """A run that the browser has to repeat: what went in and what came out.

    Args:
        text: the map of the world.
        rule: how to learn.
        seed: of all chance, below 2^32.
        episodes: how many.
        horizon: steps after which an episode is given up; few, so that some are.
    """
    place = world(text)
    learner, steps = watch(place, rule, seed, episodes, horizon)
    return {
        "cells": list(place.cells),
        "algorithm": rule.algorithm,
        "epsilon": rule.epsilon,
        "alpha": rule.alpha,
        "gamma": rule.gamma,
        "lambda": rule.lam,
        "seed": seed,
        "episodes": episodes,
        "horizon": horizon,
        "steps": steps,
        "digest": learner.digest,
        "Q": by_action(learner.Q[0]),
        "V": by_cell(state_values(learner.Q[0], rule)),
        "best": by_cell(value_iteration(place, rule.gamma)),
    }
