from itertools import pairwise

import pytest

from stillroom.recipe import Run
from stillroom.recipes.value.update_terms import WALKED, update_terms
from stillroom.testing import run_recipe

RESULT = run_recipe(update_terms)
UPDATES = {each["name"]: each for each in RESULT.data["updates"]}


def terms(name):
    return {term["id"]: term for term in UPDATES[name]["terms"]}


def test_targets_are_what_the_paths_come_to():
    # From the crossing: 2 after four steps, -1 after two, and 2 after six by way of both meetings.
    right, cliff, around = 2 * 0.9**3, -(0.9**1), 2 * 0.9**5
    mixed = right / 2 + (cliff + around) / 4
    expected = {
        "mc": cliff,
        "td": mixed,
        "sarsa": cliff,
        "expected-sarsa": mixed,
        "q-learning": right,
    }
    assert {name: each["next"] for name, each in UPDATES.items()} == pytest.approx(expected)
    for name, value in expected.items():
        assert UPDATES[name]["target"] == pytest.approx(0.9 * value)
        assert RESULT.facts[f"target_{name.replace('-', '_')}"] == pytest.approx(0.9 * value)
    assert RESULT.facts["path_difference"] < 1e-12


def test_expected_sarsa_weights_by_the_policy_where_td_counts():
    often = update_terms(Run(), trajectories=[*WALKED, WALKED[1]]).facts
    assert often["target_expected_sarsa"] == pytest.approx(RESULT.facts["target_expected_sarsa"])
    assert often["target_td"] > RESULT.facts["target_td"] + 0.1
    assert often["path_difference"] < 1e-12


def test_terms_are_paths_that_can_be_walked():
    cols = RESULT.data["world"]["cols"]
    for update in UPDATES.values():
        for term in update["terms"]:
            for states in term["states"]:
                for here, following in pairwise(states):
                    rows = abs(here // cols - following // cols)
                    assert rows + abs(here % cols - following % cols) == 1


def test_each_token_names_terms_there_are_and_each_term_stands_in_the_equation():
    for update in UPDATES.values():
        named = {term for line in update["lines"] for token in line for term in token["terms"]}
        known = {term["id"] for term in update["terms"]}
        assert named <= known
        assert known - named <= {"ignored"}


def test_methods_differ_in_the_paths_they_count():
    walked = [tuple(each["states"]) for each in RESULT.data["trajectories"]]
    after = terms("mc")["step"]["states"][0][1]
    rest = [states[states.index(after) :] for states in walked if after in states]
    assert terms("mc")["rest"]["states"] == rest[:1]
    assert sorted(terms("td")["crossing"]["states"]) == sorted(rest)
    beyond = terms("td")["beyond"]["states"]
    assert all(states[-1] != rest[0][-1] and states[0] in rest[0] for states in beyond)
    assert terms("sarsa")["same"]["states"] == rest[:1]
    assert terms("sarsa")["ignored"]["states"] == rest[1:]
    assert terms("q-learning")["best"]["states"] == rest[1:]
    assert rest[0] in terms("q-learning")["ignored"]["states"]


def test_a_lonely_trajectory_is_its_own_future_for_every_method():
    alone = update_terms(Run(), trajectories=WALKED[:1])
    targets = {value for name, value in alone.facts.items() if name.startswith("target")}
    assert len({round(value, 12) for value in targets}) == 1
    td = next(each for each in alone.data["updates"] if each["name"] == "td")
    assert [term["id"] for term in td["terms"]] == ["state", "step", "crossing"]


@pytest.mark.parametrize("step", [7, 8, 100])
def test_the_last_step_has_nothing_after_it(step):
    with pytest.raises(ValueError, match=f"step is {step}; the first trajectory has 7 steps"):
        update_terms(Run(), step=step)


@pytest.mark.parametrize("step", range(1, 7))
@pytest.mark.parametrize("gamma", [0.5, 1])
def test_any_step_can_be_taken_apart(step, gamma):
    result = update_terms(Run(), step=step, gamma=gamma)
    assert result.facts["path_difference"] < 1e-12
