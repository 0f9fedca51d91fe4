"""What an algorithm knows, three ways: its policy, its state values, its action values."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.value import exact
from stillroom.recipes.value.acting import act, chance
from stillroom.recipes.value.gridworld import World, world
from stillroom.recipes.value.online import (
    ExpectedSarsa,
    Learner,
    MonteCarlo,
    QLearning,
    Sarsa,
    Setting,
)
from stillroom.recipes.value.shared import by_action, by_cell, rmse, summary

# The short way leads along the edge of the cliff; a step astray there ends the episode.
MAP = """
........
........
........
S......G
CCCCCCCC
"""
LABELS = {
    "mc": "Monte Carlo",
    "sarsa": "Sarsa",
    "expected-sarsa": "Expected Sarsa",
    "q-learning": "Q-learning",
    "exact": "Exact, greedy",
    "exact-exploring": "Exact, exploring",
}


@recipe(view="value-triptych", draft={"seeds": 4, "episodes": 100}, packages=["torch"])
def value_triptych(
    run: Run,
    *,
    map: str = MAP,  # noqa: A002
    seeds: Annotated[int, Field(ge=2, le=1000)] = 20,
    episodes: Annotated[int, Field(ge=1)] = 1000,
    epsilon: Annotated[float, Field(gt=0, lt=1)] = 0.1,
    alpha: Annotated[float, Field(gt=0, le=1)] = 0.2,
    gamma: Annotated[float, Field(gt=0, lt=1)] = 0.95,
) -> Result:
    """Let four algorithms learn to act in one world, and set what they know beside what is true.

    Each acts ε-greedily and learns from what it meets, with constant step size. Monte Carlo, Sarsa
    and Expected Sarsa learn what their exploring policy is worth; Q-learning what the greedy one
    would be. So there are two truths: the best policy (value iteration), and the best of those that
    explore with chance ε. V is the mean of Q over the policy in question; errors are of V against
    the truth in question, over all cells in which a run acted. Episodes start in any cell alike, so
    that all of them are learnt.

    Args:
        run: gives the random numbers.
        map: the world.
        seeds: independent runs; the first one is shown.
        episodes: of each run.
        epsilon: ε.
        alpha: the step size.
        gamma: the discount γ.

    Returns:
        Data: ``world``; ``algorithms``, each with ``V`` by cell, ``Q`` and ``policy`` (the greedy
        one, equals alike) by action and cell, ``rmse`` and ``against``, the truth it aims at.
        Facts, with ``_low`` and ``_high`` (95 % bootstrap over runs): ``rmse_<algorithm>`` and
        ``return_<algorithm>``, the mean return of the last tenth of the episodes. Also
        ``given_up_<algorithm>``, the share of episodes given up after 300 steps;
        ``start_exact``, ``start_exact_exploring``, values of the first start. Table ``errors``.

    Raises:
        ValueError: a map that cannot be.
    """
    place = world(map)
    place = replace(place, start=place.live.double() / place.live.sum())
    greedy_V = exact.value_iteration(place, gamma)
    exploring_V = exact.value_iteration(place, gamma, epsilon=epsilon)
    truths = {"exact": greedy_V, "exact-exploring": exploring_V}
    setting = Setting(seeds, place.actions, place.states, gamma, alpha)
    learners: dict[str, Learner] = {
        "mc": MonteCarlo(setting),
        "sarsa": Sarsa(setting),
        "expected-sarsa": ExpectedSarsa(setting, epsilon=epsilon),
        "q-learning": QLearning(setting),
    }
    start = place.find("S")[0]
    facts: dict[str, float | int] = {
        "seeds": seeds,
        "episodes": episodes,
        "epsilon": epsilon,
        "alpha": alpha,
        "gamma": gamma,
        "start_exact": float(greedy_V[start]),
        "start_exact_exploring": float(exploring_V[start]),
    }
    algorithms, rows = [], []
    for name, learner in run.steps(list(learners.items()), note="algorithms"):
        log = act(
            place,
            learner,
            episodes=episodes,
            epsilon=epsilon,
            uniforms=chance(run.generator("triptych", name), seeds),
        )
        against = "exact" if name == "q-learning" else "exact-exploring"
        policy = exact.greedy(learner.Q, 0.0)
        weights = policy if against == "exact" else exact.exploring(policy, epsilon)
        V = (weights * learner.Q).sum(1).where(learner.count.sum(1) > 0, float("nan"))
        errors = rmse(V, truths[against])
        key = name.replace("-", "_")
        late = log.returns[:, -max(1, episodes // 10) :].mean(1)
        facts |= summary(f"rmse_{key}", errors, run.generator("bootstrap", name))
        facts |= summary(f"return_{key}", late, run.generator("bootstrap-return", name))
        facts[f"given_up_{key}"] = float(log.stopped.double().mean())
        rows.append([LABELS[name], facts[f"rmse_{key}"], facts[f"return_{key}"]])
        algorithms.append(_describe(name, place, V[0], learner.Q[0], policy[0]))
        algorithms[-1] |= {"rmse": float(errors[0]), "against": against}
    for name, V in truths.items():
        Q = exact.action_values(place, V, gamma)
        shown = V.where(place.live, float("nan"))
        algorithms.append(_describe(name, place, shown, Q, exact.greedy(Q)))
        algorithms[-1] |= {"rmse": 0.0, "against": name}
    return Result(
        facts=facts,
        data={"world": place.describe(), "algorithms": algorithms},
        tables={
            "errors": {
                column: [row[number] for row in rows]
                for number, column in enumerate(("algorithm", "rmse", "late return"))
            }
        },
    )


def _describe(name: str, place: World, V: Tensor, Q: Tensor, policy: Tensor) -> dict[str, Any]:
    acted = place.live & ~V.isnan()
    return {
        "name": name,
        "label": LABELS[name],
        "V": by_cell(V),
        "Q": by_action(Q.where(acted, float("nan"))),
        "policy": by_action(policy.where(acted, float("nan"))),
    }
