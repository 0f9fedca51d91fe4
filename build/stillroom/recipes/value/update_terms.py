"""One update, five methods: which paths stand behind each term of the equation.

After S. Greydanus and C. Olah, "The Paths Perspective on Value Learning" (Distill 2019,
doi:10.23915/distill.00020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import torch
from pydantic import Field

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.value import estimators, paths
from stillroom.recipes.value.gridworld import ACTIONS, World, trajectory, world
from stillroom.recipes.value.mdp import Episodes, Trajectory, record
from stillroom.recipes.value.paths import Path

# The first falls off the cliff. On its way it meets the second, and then, beyond, the third.
MAP = """
S.......
........
.......G
S.......
SCCCCCCC
"""
WALKED = ["5,1 UURRRDD", "1,1 RRRDDRRRR", "4,2 RRRRRUR"]
States = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A term of an equation: the paths it stands for, and what it comes to."""

    id: str
    label: str
    says: str
    states: list[States]
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """An update about to be made: `trajectory` has just taken its step number `step`, from 0."""

    place: World
    walked: list[Trajectory]
    episodes: Episodes
    trajectory: Trajectory
    step: int
    gamma: float

    @property
    def before(self) -> int:
        """The state that is updated."""
        return self.trajectory.states[self.step]

    @property
    def after(self) -> int:
        """The state the step led to."""
        return self.trajectory.states[self.step + 1]

    @property
    def reward(self) -> float:
        """What the step brought."""
        return self.trajectory.rewards[self.step]


@recipe(view="value-terms", packages=["torch"])
def update_terms(
    run: Run,  # noqa: ARG001
    *,
    map: str = MAP,  # noqa: A002
    trajectories: Annotated[list[str], Field(min_length=1, max_length=8)] = WALKED,
    step: Annotated[int, Field(ge=1)] = 5,
    gamma: Annotated[float, Field(gt=0, le=1)] = 0.9,
) -> Result:
    """Take one step's update apart: Monte Carlo, TD, Sarsa, Expected Sarsa, Q-learning.

    All look at the same step of the first trajectory and at the same recorded trajectories; what
    stands behind the next value is worked out from these alone, at the batch solution.

    Args:
        run: unused; there is no chance in it.
        map: the world: S start, G goal (+2), C cliff (-1), # wall, . floor.
        trajectories: row, column and moves (U, R, D, L) of each; the first one is updated. Spliced
            together they must not lead in a circle.
        step: which of its steps, from 1; not the last.
        gamma: the discount γ.

    Returns:
        Data: ``world``, ``gamma``, ``trajectories``, and ``updates``: ``name``, ``label``,
        ``lines`` of tokens ``{text, terms}``, ``terms`` ``{id, label, says, states, value}`` and
        ``target``, what the update moves towards. Table ``targets``. Facts: ``target_<method>``;
        ``path_difference``, how far the mean over the paths shown is from the estimator at most.

    Raises:
        ValueError: a map, trajectory or step that cannot be, or a circle.
    """
    place = world(map)
    walked = [trajectory(place, text) for text in trajectories]
    if step >= len(walked[0].actions):
        raise ValueError(
            f"step is {step}; the first trajectory has {len(walked[0].actions)} steps and the last "
            "one leads to nothing"
        )
    episodes = record(walked, place.states, place.actions)
    scene = Scene(place, walked, episodes, walked[0], step - 1, gamma)
    updates, differences = zip(
        *(update(scene) for update in (_monte_carlo, _td, _sarsa, _expected_sarsa, _q_learning)),
        strict=True,
    )
    return Result(
        facts={
            "gamma": gamma,
            **{f"target_{each['name'].replace('-', '_')}": each["target"] for each in updates},
            "path_difference": max(differences),
        },
        data={
            "world": place.describe(),
            "gamma": gamma,
            "trajectories": [
                {"name": chr(ord("A") + number), "states": each.states}
                for number, each in enumerate(walked)
            ],
            "updates": updates,
        },
        tables={
            "targets": {
                "method": [each["label"] for each in updates],
                "target": [each["target"] for each in updates],
            }
        },
    )


def _monte_carlo(scene: Scene) -> tuple[dict[str, Any], float]:
    rewards = scene.trajectory.rewards[scene.step + 1 :]
    later = sum(scene.gamma**k * reward for k, reward in enumerate(rewards))
    rest = Term(
        "rest",
        "the rest of this walk",
        "What this very trajectory went on to earn, and no other.",
        [scene.trajectory.states[scene.step + 1 :]],
        later,
    )
    lines = [
        [*_value(), _token("γ r_{t+2} + γ² r_{t+3} + …", "rest")],
    ]
    truth = float(estimators.returns(scene.episodes, scene.gamma)[0, 0, scene.step + 1])
    return _update(
        scene, "mc", "Monte Carlo", lines=lines, terms=[_state(scene), rest], value=later
    ), abs(later - truth)


def _td(scene: Scene) -> tuple[dict[str, Any], float]:
    every = _from_here(scene, paths.observed)
    value = float(estimators.td(scene.episodes, scene.gamma)[0, scene.after])
    crossing = [path for path in every if path.real]
    terms = [
        _state(scene),
        Term(
            "crossing",
            "paths that cross this one",
            "Whatever came through the next state goes on from there: this walk and all others.",
            [path.states for path in crossing],
        ),
    ]
    beyond = _departures(every, crossing)
    if beyond:
        terms.append(
            Term(
                "beyond",
                "paths that cross those",
                "Those were met on their way too. Nobody walked such a path from here to its end.",
                beyond,
            )
        )
    both = " ".join(term.id for term in terms[1:])
    lines = [
        [*_value(), _token("γ V(s_{t+1})", both)],
        [
            _token("V(s_{t+1}) =", both),
            _token("E[ r_{t+2} + γ", "crossing"),
            _token("E[ r_{t+3} + … ]", "beyond" if beyond else ""),
            _token("]", "crossing"),
        ],
    ]
    difference = abs(paths.average(every) - value)
    return _update(scene, "td", "TD", lines=lines, terms=terms, value=value), difference


def _sarsa(scene: Scene) -> tuple[dict[str, Any], float]:
    size, choices = scene.place.states, scene.place.actions
    action = scene.trajectory.actions[scene.step + 1]
    pairs = [
        Trajectory(
            (
                *(a * size + s for a, s in zip(each.actions, each.states, strict=False)),
                choices * size + each.states[-1],
            ),
            each.actions,
            each.rewards,
        )
        for each in scene.walked
    ]
    found = paths.enumerate_paths(action * size + scene.after, paths.branches(pairs), scene.gamma)
    same = [tuple(pair % size for pair in path.states) for path in found]
    value = float(estimators.sarsa(scene.episodes, scene.gamma)[0, action, scene.after])
    terms = [
        _pair(scene),
        Term(
            "same",
            "paths that did the same there",
            f"Only those that left the next state by the same action, {ACTIONS[action]}.",
            same,
        ),
    ]
    others = [
        path.states
        for path in _from_here(scene, paths.observed)
        if path.real and path.states not in same
    ]
    if others:
        terms.append(
            Term(
                "ignored",
                "paths that did something else",
                "They came through the same state and took another action: to Sarsa they never "
                "met.",
                others,
            )
        )
    lines = [[*_action_value(), _token("γ Q(s_{t+1}, a_{t+1})", "same")]]
    difference = abs(paths.average(found) - value)
    return _update(scene, "sarsa", "Sarsa", lines=lines, terms=terms, value=value), difference


def _expected_sarsa(scene: Scene) -> tuple[dict[str, Any], float]:
    policy = torch.full((scene.place.actions, scene.place.states), 1 / scene.place.actions).double()
    Q = estimators.off_policy(scene.episodes, scene.gamma, policy)[0]
    every = _from_here(scene, paths.following(lambda state, action: float(policy[action, state])))
    tried = dict.fromkeys(path.actions[0] for path in every)
    terms = [_pair(scene)]
    value = 0.0
    for action in tried:
        worth = float(Q[action, scene.after])
        value += worth / len(tried)
        terms.append(
            Term(
                f"action-{ACTIONS[action]}",
                f"paths that go {ACTIONS[action]}",
                f"They weigh what the policy gives {ACTIONS[action]}, however often it was taken: "
                f"here 1 in {len(tried)}.",
                _unique([path.states for path in every if path.actions[0] == action]),
                worth,
            )
        )
    lines = [
        [
            *_action_value(),
            _token("γ Σ_a π(a|s_{t+1}) Q(s_{t+1}, a)", " ".join(term.id for term in terms[1:])),
        ],
        [
            _token("Σ ="),
            *(
                _token(f"{'' if n == 0 else '+ '}π({name}) Q({name})", f"action-{name}")
                for n, name in enumerate(ACTIONS[action] for action in tried)
            ),
        ],
    ]
    difference = abs(paths.average(every) - value)
    return _update(
        scene, "expected-sarsa", "Expected Sarsa", lines=lines, terms=terms, value=value
    ), difference


def _q_learning(scene: Scene) -> tuple[dict[str, Any], float]:
    Q = estimators.q_learning(scene.episodes, scene.gamma)[0]
    best = Q.nan_to_num(-torch.inf).argmax(0)
    chosen = _from_here(scene, paths.following(lambda state, action: float(best[state] == action)))
    value = float(Q[best[scene.after], scene.after])
    terms = [
        _pair(scene),
        Term(
            "best",
            "the best path",
            "Of all ways on it counts the best, at every turn, and gives it all the weight.",
            _unique([path.states for path in chosen]),
        ),
    ]
    pruned = _departures(_from_here(scene, paths.observed), chosen)
    if pruned:
        terms.append(
            Term("ignored", "paths cut off", "At every turn max leaves out all but one.", pruned)
        )
    lines = [[*_action_value(), _token("γ max_a Q(s_{t+1}, a)", "best")]]
    difference = abs(paths.average(chosen) - value)
    return _update(
        scene, "q-learning", "Q-learning", lines=lines, terms=terms, value=value
    ), difference


def _update(
    scene: Scene,
    name: str,
    label: str,
    *,
    lines: Sequence[Sequence[dict[str, Any]]],
    terms: Sequence[Term],
    value: float,
) -> dict[str, Any]:
    step = Term(
        "step",
        "the step just taken",
        "What really happened: every method uses it.",
        [(scene.before, scene.after)],
        scene.reward,
    )
    return {
        "name": name,
        "label": label,
        "lines": lines,
        "terms": [asdict(term) for term in (terms[0], step, *terms[1:])],
        "next": value,
        "target": scene.reward + scene.gamma * value,
    }


def _token(text: str, terms: str = "") -> dict[str, Any]:
    return {"text": text, "terms": terms.split()}


def _value() -> list[dict[str, Any]]:
    return [_token("V(s_t)", "state"), _token("←"), _token("r_{t+1}", "step"), _token("+")]


def _action_value() -> list[dict[str, Any]]:
    return [_token("Q(s_t, a_t)", "state"), _token("←"), _token("r_{t+1}", "step"), _token("+")]


def _state(scene: Scene) -> Term:
    return Term(
        "state", "the state", "Its value moves towards the right-hand side.", [(scene.before,)]
    )


def _pair(scene: Scene) -> Term:
    action = ACTIONS[scene.trajectory.actions[scene.step]]
    return Term(
        "state",
        "the state and its action",
        f"The value of going {action} there moves towards the right-hand side.",
        [(scene.before,)],
    )


def _from_here(scene: Scene, weights: paths.Weights) -> list[Path]:
    return paths.enumerate_paths(
        scene.after,
        paths.branches(scene.walked),
        scene.gamma,
        weights=weights,
        walked=scene.walked,
    )


def _departures(every: Sequence[Path], known: Sequence[Path]) -> list[States]:
    """The parts of paths that no known path has, each from the state where it turns off."""
    found = []
    for path in every:
        shared = max(_shared(path.states, other.states) for other in known)
        if shared < len(path.states):
            found.append(path.states[shared - 1 :])
    return _unique(found)


def _shared(one: States, other: States) -> int:
    """How many states two paths have in common from their start."""
    same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        same += 1
    return same


def _unique(found: Sequence[States]) -> list[States]:
    return list(dict.fromkeys(found))
