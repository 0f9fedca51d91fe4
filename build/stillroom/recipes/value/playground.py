"""Worlds to draw in, and learning that runs in the browser."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.value.exact import value_iteration
from stillroom.recipes.value.gridworld import World, world
from stillroom.recipes.value.shared import by_action, by_cell, summary
from stillroom.recipes.value.stepwise import (
    ALGORITHMS,
    LIMIT,
    Algorithm,
    Learner,
    Rule,
)

Chance = Annotated[float, Field(ge=0, le=1)]

LABELS = {
    "monte-carlo": "Monte Carlo",
    "sarsa-lambda": "Sarsa(λ)",
    "sarsa": "Sarsa",
    "expected-sarsa": "Expected Sarsa",
    "q-learning": "Q-learning",
    "double-q": "Double Q-learning",
}

# name: (label, what to look for, map)
WORLDS = {
    "cliff": (
        "Cliff edge",
        "Q-learning walks along the edge and sometimes falls; Sarsa, which knows that it "
        "stumbles, learns to keep away.",
        """
        S.......S
        .........
        .........
        ....S....
        .........
        SCCCCCCCG
        """,
    ),
    "crossing": (
        "Crossing",
        "Two ways meet in the middle and part again. What is learned on one of them serves the "
        "other, unless the method is Monte Carlo.",
        """
        S..##..G
        .#.##.#.
        ...##...
        #......#
        ...##...
        .#.##.#.
        S..##..C
        """,
    ),
    "wall": (
        "Long wall",
        "Start and goal are near as the crow flies and far on foot. Open a gap in the wall while "
        "it runs.",
        """
        ....#....
        .S..#....
        ....#....
        ....#...G
        ....#....
        S...#....
        .......S.
        """,
    ),
    "bridge": (
        "Bridge",
        "The bridge is short, and every step on it may be the last. Who crosses, and from which "
        "ε on does the detour pay?",
        """
        ....S.......
        ............
        .CCCCCCCCCC.
        S..........G
        .CCCCCCCCCC.
        ............
        ....S.......
        """,
    ),
    "rooms": (
        "Four rooms",
        "Values seep through doorways. Traces carry them through in a single episode.",
        """
        S....#....S
        .....#.....
        ...........
        .....#.....
        .....#.....
        #.####.....
        .....###.##
        .....#.....
        .....#.....
        ...........
        S....#....G
        """,
    ),
    "maze": (
        "Maze",
        "One long way, many dead ends. Watch the visits: most of the work is finding the goal "
        "for the first time.",
        """
        S.#...#....
        ..#.#.#.##.
        #...#....#.
        .####.##.#.
        ......#..#.
        .####.#.##.
        .#....#..#.
        .#.####.##.
        ...#......G
        .###.#####.
        S..........
        """,
    ),
    "field": (
        "Open field",
        "400 cells to draw in. Add agents: what one of them finds, all of them know.",
        """
        G.................C.
        ....................
        .......C............
        ....................
        ...........####.....
        ..C...........#.....
        ..............#...G.
        ....................
        .....######.........
        ..........#.........
        ..........#S........
        ....................
        ...C...........C....
        ....................
        .......#............
        .......#......CC....
        .......####.........
        ....................
        .G..............#...
        ....C...........#..G
        """,
    ),
}


@recipe(view="playground", draft={"runs": 4, "long": 3_000}, packages=["torch"])
def playground(
    run: Run,
    *,
    maps: dict[str, str] | None = None,
    algorithm: Algorithm = "q-learning",
    epsilon: Chance = 0.2,
    alpha: Annotated[float, Field(gt=0, le=1)] = 0.3,
    gamma: Chance = 0.95,
    lam: Chance = 0.8,
    head_start: Annotated[int, Field(ge=0, le=500)] = 50,
    long: Annotated[int, Field(ge=100)] = 10_000,
    runs: Annotated[int, Field(ge=2)] = 10,
) -> Result:
    """Let the reader draw a world and watch agents learn its values.

    The view learns by itself, with the algorithms and the source of chance of
    `stillroom.recipes.value.stepwise`. What it shows first is computed here too, as are runs that a
    test compares with it.

    Args:
        run: device, seed and progress.
        maps: worlds of the author's, by name, offered before the others; the first of them is
            shown first. A goal is worth 2, a cliff -1.
        algorithm: chosen first.
        epsilon: ε, the chance of a random step, at first.
        alpha: α, the step size, at first.
        gamma: γ, the discount, at first.
        lam: λ of Sarsa(λ), at first.
        head_start: steps for every cell of a world before it is shown.
        long: steps after which Sarsa and Q-learning are compared, and of each run of the table.
        runs: independent runs of every algorithm in the table.

    Returns:
        facts: ``best``, the best value of the start of the first world; for every algorithm
            ``return_<name>`` and ``return_<name>_low``, ``_high``: the mean discounted return of
            the second half of the episodes of a run, over `runs` runs, and its 95 % interval.
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
    learner = Learner(first, rule, seed=run.seed).run(head_start * first.states)
    compared: tuple[Algorithm, ...] = ("sarsa", "q-learning")
    earned = {
        each: summary(
            f"return_{each.replace('-', '_')}",
            _returns(run, first, replace(rule, algorithm=each), long, runs),
            run.generator("interval", each),
        )
        for each in run.steps(ALGORITHMS, note="algorithms")
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
            "algorithms": [{"name": each, "label": LABELS[each]} for each in ALGORITHMS],
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
            "limit": LIMIT,
            "long": long,
            "runs": runs,
            "shown": _shown(first, learner, LABELS[algorithm]),
            "compared": [
                _shown(
                    first,
                    Learner(first, replace(rule, algorithm=each), seed=run.seed).run(long),
                    LABELS[each],
                )
                for each in compared
            ],
            "reference": [
                reference(
                    each,
                    worlds[each],
                    replace(rule, algorithm=method),
                    seed=run.seed + 7,
                    walkers=walkers,
                )
                for each, walkers in (("crossing", 1), ("bridge", 3))
                if each in worlds
                for method in ALGORITHMS
            ],
        },
    )


def _returns(run: Run, place: World, rule: Rule, steps: int, runs: int) -> Tensor:
    """The mean return of the second half of the episodes of each run, ``[runs]``."""
    means = []
    for number in range(1, runs + 1):
        returns = Learner(place, rule, seed=run.seed + number).run(steps).returns
        later = returns[len(returns) // 2 :]
        means.append(sum(later) / max(len(later), 1))
    return torch.tensor(means, dtype=torch.float64)


def _shown(place: World, learner: Learner, label: str) -> dict[str, Any]:
    """What the static form draws: V of every cell, NaN unless visited, and its best actions."""
    visited = torch.tensor(learner.visits).reshape(learner.actions, -1).sum(0) > 0
    Q = learner.Q
    best = Q.amax(0) == Q
    return {
        "label": label,
        "steps": learner.steps,
        "episodes": len(learner.returns),
        "V": by_cell(learner.V.where(visited, torch.nan)),
        "best": [
            best[:, state].nonzero()[:, 0].tolist() if bool(visited[state]) else []
            for state in range(place.states)
        ],
    }


def reference(
    name: str, place: World, rule: Rule, *, seed: int, walkers: int, steps: int = 1_000
) -> dict[str, Any]:
    """A run that the browser has to repeat: what went in and what came out.

    Args:
        name: of the world.
        place: the world.
        rule: how to learn.
        seed: of all chance, below 2^32.
        walkers: how many learn together.
        steps: of every walker.
    """
    learner = Learner(place, rule, seed=seed, walkers=walkers).run(steps)
    return {
        "world": name,
        "algorithm": rule.algorithm,
        "epsilon": rule.epsilon,
        "alpha": rule.alpha,
        "gamma": rule.gamma,
        "lambda": rule.lam,
        "seed": seed,
        "walkers": walkers,
        "steps": steps,
        "episodes": len(learner.returns),
        "digest": learner.digest,
        "Q": by_action(learner.Q),
        "V": learner.V.tolist(),
        "best": value_iteration(place, rule.gamma).tolist(),
    }
