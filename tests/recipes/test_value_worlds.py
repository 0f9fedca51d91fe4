"""Gridworlds, sampling and exact values, against gymnasium and against slow loops."""

import re

import gymnasium
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.recipes.value.estimators import model
from stillroom.recipes.value.exact import (
    action_values,
    evaluate,
    exploring,
    greedy,
    value_iteration,
)
from stillroom.recipes.value.gridworld import (
    REWARDS,
    WorldError,
    distances,
    steady,
    trajectory,
    world,
)
from stillroom.recipes.value.mdp import MDP, EndlessError, sample

ROOM = """
    S..
    .#G
    ..C
"""
# gymnasium's actions in the order up, right, down, left
FROM_GYM = (3, 2, 1, 0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


# Maps


def test_a_map_becomes_a_process():
    place = world(ROOM)
    assert (place.rows, place.cols, place.states, place.actions) == (3, 3, 9, 4)
    assert place.describe() == {"rows": 3, "cols": 3, "cells": ["S..", ".#G", "..C"]}
    assert place.find("S") == [0]
    assert place.start.tolist() == [1.0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert place.terminal.nonzero().flatten().tolist() == [5, 8]
    assert place.walls.nonzero().flatten().tolist() == [4]
    assert place.live.nonzero().flatten().tolist() == [0, 1, 2, 3, 6, 7]
    up, right, down, left = place.P
    assert up[0, 0] == 1, "the edge holds"
    assert down[1, 1] == 1, "the wall holds"
    assert right[0, 1] == left[1, 0] == down[2, 5] == 1
    assert place.R[2, 2, 5] == REWARDS["G"]
    assert place.R[1, 7, 8] == REWARDS["C"]
    assert place.R[1, 0, 1] == 0


def test_rows_of_the_process_are_chances():
    place = world(ROOM, slip=0.3, wind=[0.1, 0.2, 0.3], towards="left", cost=0.01)
    totals = place.P.sum(2)
    assert torch.allclose(totals[:, place.live], torch.ones(4, 6, dtype=torch.float64))
    assert bool((totals[:, ~place.live] == 0).all())


def test_slip_goes_to_both_sides():
    place = world("...\n.S.\n..G", slip=0.4)
    assert place.P[0, 4].tolist() == pytest.approx([0, 0.6, 0, 0.2, 0, 0.2, 0, 0, 0])


def test_wind_blows_one_cell_further_but_not_out_of_an_end():
    place = world("S..\n...\nC.G", wind=[0.5, 0.25, 0], towards="down")
    assert place.P[3, 1].tolist() == pytest.approx([0.5, 0, 0, 0.5, 0, 0, 0, 0, 0])
    assert place.P[2, 3].tolist() == pytest.approx([0, 0, 0, 0, 0, 0, 1, 0, 0])
    assert place.P[2, 1].tolist() == pytest.approx([0, 0, 0, 0, 0.75, 0, 0, 0.25, 0])


def test_every_step_may_cost():
    place = world(ROOM, cost=0.1)
    assert place.rewards[0, 0] == pytest.approx(-0.1)
    assert place.rewards[2, 2] == pytest.approx(1.9)


@pytest.mark.parametrize(
    ("text", "row", "column", "message"),
    [
        ("", 1, 1, "the map is empty"),
        ("S.G\n..\n...", 2, 3, "this row has 2 cells, the first has 3"),
        ("S.G\n....", 2, 4, "this row has 4 cells, the first has 3"),
        ("S.G\n.x.", 2, 2, "unknown symbol 'x'; expected S (start), G (goal), C (cliff)"),
        ("S.G\n. .", 2, 2, "unknown symbol ' '"),
        ("..G", 1, 1, "the map has no start (S)"),
        ("S..", 1, 1, "the map has no goal (G)"),
        ("S.#G", 1, 4, "this goal cannot be reached from any start"),
        ("SG#.", 1, 4, "this floor cannot be reached from any start"),
        ("SG.", 1, 3, "this floor cannot be reached from any start"),
        ("SG#S.C", 1, 4, "no goal can be reached from this start"),
    ],
)
def test_a_map_that_cannot_be_says_where(text, row, column, message):
    with pytest.raises(WorldError) as error:
        world(text)
    assert str(error.value).startswith(f"row {row}, column {column}: {message}")
    assert (error.value.row, error.value.column) == (row, column)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"slip": 1.0}, "slip is 1.0"),
        ({"wind": -0.1}, "wind is -0.1"),
        ({"wind": [0.1]}, "wind has 1 numbers for 3 columns"),
        ({"wind": 0.1, "towards": "north"}, "the wind blows 'north'; expected one of up, right"),
    ],
)
def test_weather_that_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        world(ROOM, **options)


@given(
    st.lists(st.text("SGC#.x ", min_size=0, max_size=5), min_size=0, max_size=5),
)
def test_any_text_is_a_world_or_says_why_not(lines):
    text = "\n".join(lines)
    try:
        place = world(text)
    except WorldError as error:
        message = re.match(r"row (\d+), column (\d+): \w", str(error))
        row, column = int(message[1]), int(message[2])
        assert row <= max(1, len(lines))
        assert column <= 6
    else:
        # Whatever a walker does, it can still come to an end.
        V = evaluate(place, steady([0.25] * 4, place.states), 1.0)
        assert bool(V.isfinite().all())


def test_distances_go_round_walls():
    place = world("S#G\n.#.\n...")
    steps = distances(place)
    assert steps[0, 2] == 6
    assert steps[0, 0] == 0
    assert steps[0, 1] == torch.inf
    assert torch.equal(steps, steps.T)


def test_a_trajectory_is_walked():
    walked = trajectory(world(ROOM), "1,1 RRD")
    assert walked.states == (0, 1, 2, 5)
    assert walked.actions == (1, 1, 2)
    assert walked.rewards == (0, 0, 2.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("RRD", "expected row, column and moves"),
        ("1,1 RXD", "expected row, column and moves"),
        ("2,2 R", "it starts outside the floor"),
        ("9,1 R", "it starts outside the floor"),
        ("1,1 U", "move 1 runs into a wall or the edge"),
        ("1,2 D", "move 1 runs into a wall or the edge"),
        ("1,1 RRDD", "it has ended before move 4"),
        ("1,1 RR", "it ends neither in a goal nor in a cliff"),
    ],
)
def test_a_trajectory_that_cannot_be_says_why(text, message):
    with pytest.raises(ValueError, match=message):
        trajectory(world(ROOM), text)


def test_a_steady_policy_is_checked():
    assert steady([0.1, 0.2, 0.3, 0.4], 5).shape == (4, 5)
    with pytest.raises(ValueError, match="four chances that sum to 1"):
        steady([0.5, 0.5, 0.5, 0.5], 5)


# Sampling


def test_episodes_follow_the_process():
    place = world(ROOM, slip=0.3)
    policy = steady([0.1, 0.4, 0.3, 0.2], place.states)
    data = sample(place, policy, episodes=4000, datasets=2, generator=seeded())
    steps = data.steps
    assert len(steps.state) == int(data.lengths.sum())
    assert bool((place.P[steps.action, steps.state, steps.following] > 0).all())
    assert torch.equal(steps.reward, place.R[steps.action, steps.state, steps.following])
    ends = data.states.gather(2, data.lengths[..., None])[..., 0]
    assert bool(place.terminal[ends].all())
    assert not bool(place.terminal[steps.state].any())
    # Frequencies of actions and of their outcomes, within five standard errors.
    shares = torch.bincount(steps.action, minlength=4) / len(steps.action)
    assert torch.allclose(shares, policy[:, 0].float(), atol=5 * 0.5 / len(steps.action) ** 0.5)
    here = (steps.state == 0) & (steps.action == 1)
    moved = (steps.following[here] == 1).double().mean()
    assert float(moved) == pytest.approx(0.7, abs=5 * 0.46 / int(here.sum()) ** 0.5)
    counted = model(data)
    often = (counted.count > 500)[..., None]
    assert bool(often.any())
    assert float(((counted.P - place.P) * often).abs().max()) < 5 * 0.5 / 500**0.5


def test_the_same_generator_gives_the_same_episodes():
    place = world(ROOM)
    policy = steady([0.25] * 4, place.states)
    one, two, other = (
        sample(place, policy, episodes=50, generator=seeded(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one.states, two.states)
    assert torch.equal(one.actions, two.actions)
    assert not torch.equal(one.states[..., :5], other.states[..., :5])


def test_starts_are_drawn_alike():
    place = world("S.S\n.G.\nS.S")
    data = sample(place, steady([0.25] * 4, place.states), episodes=8000, generator=seeded())
    shares = torch.bincount(data.states[0, :, 0], minlength=9) / 8000
    assert shares[[0, 2, 6, 8]].tolist() == pytest.approx([0.25] * 4, abs=0.025)


def test_episodes_without_end_are_an_error():
    place = world(ROOM)
    with pytest.raises(EndlessError, match="3 of 3 episodes have not ended after 50 steps"):
        sample(place, steady([1, 0, 0, 0], 9), episodes=3, generator=seeded(), horizon=50)


def test_pairs_are_states_with_their_actions():
    place = world(ROOM)
    data = sample(place, steady([0.25] * 4, 9), episodes=20, datasets=3, generator=seeded())
    pairs = data.pairs()
    assert pairs.size == 4 * 9 + 1
    assert torch.equal(pairs.lengths, data.lengths)
    assert torch.equal(pairs.steps.state % 9, data.steps.state)
    assert torch.equal(pairs.steps.state // 9, data.steps.action)
    ends = pairs.states.gather(2, pairs.lengths[..., None])
    assert bool((ends == 36).all())


# Exact values


def test_values_of_a_policy_by_slow_sweeps():
    place = world(ROOM, slip=0.2)
    policy = steady([0.4, 0.3, 0.2, 0.1], 9)
    V = [0.0] * 9
    for _ in range(200):
        V = [
            sum(
                float(policy[a, s] * place.P[a, s, t]) * (float(place.R[a, s, t]) + 0.9 * V[t])
                for a in range(4)
                for t in place.P[a, s].nonzero().flatten().tolist()
            )
            for s in range(9)
        ]
    assert evaluate(place, policy, 0.9).tolist() == pytest.approx(V, abs=1e-6)


def test_without_discount_a_policy_must_end():
    place = world(ROOM)
    with pytest.raises(EndlessError, match="state 0 has no value"):
        evaluate(place, steady([1, 0, 0, 0], 9), 1.0)
    assert evaluate(place, steady([1, 0, 0, 0], 9), 0.9)[0] == 0


def test_a_corridor_is_worth_its_discounted_goal():
    V = value_iteration(world("S...G"), 0.5)
    assert V[:4].tolist() == [0.25, 0.5, 1.0, 2.0]


def test_no_policy_is_better_than_the_best():
    place = world(ROOM, slip=0.2)
    best = value_iteration(place, 0.9)
    policy = greedy(action_values(place, best, 0.9))
    assert torch.allclose(evaluate(place, policy, 0.9), best, atol=1e-10)
    for seed in range(20):
        drawn = torch.rand(4, 9, generator=seeded(seed), dtype=torch.float64)
        other = evaluate(place, drawn / drawn.sum(0), 0.9)
        assert bool((other <= best + 1e-12).all())


def test_the_best_exploring_policy_is_worth_what_it_says():
    place = world("....\nS..G\nCCCC")
    best = value_iteration(place, 0.95, epsilon=0.2)
    policy = exploring(greedy(action_values(place, best, 0.95)), 0.2)
    assert torch.allclose(evaluate(place, policy, 0.95), best, atol=1e-10)
    assert bool((best <= value_iteration(place, 0.95) + 1e-12).all())
    # Who stumbles keeps away from the edge; who does not takes the short way.
    assert policy[0, 4] > 0.5
    assert greedy(action_values(place, value_iteration(place, 0.95), 0.95))[1, 4] == 1


def test_equal_actions_share():
    Q = torch.tensor([[1.0, 2.0], [1.0, 0.0], [0.0, 0.0]])
    assert greedy(Q).tolist() == [[0.5, 1.0], [0.5, 0.0], [0.0, 0.0]]


# gymnasium


def process(name, **options):
    """The transition table of a toy-text environment as an MDP."""
    table = gymnasium.make(name, **options).unwrapped
    size, choices = table.observation_space.n, table.action_space.n
    P = torch.zeros(choices, size, size, dtype=torch.float64)
    R = torch.zeros_like(P)
    terminal = torch.zeros(size, dtype=torch.bool)
    for s, actions in table.P.items():
        for a, outcomes in actions.items():
            for chance, following, reward, ended in outcomes:
                P[a, s, following] += chance
                R[a, s, following] += (
                    chance * reward
                )  # there are two ways to 36 on the slippery cliff
                terminal[following] |= bool(ended)
    R = torch.where(P > 0, R / P, 0.0)
    P[:, terminal] = 0
    start = torch.tensor(table.initial_state_distrib, dtype=torch.float64)
    return table.P, MDP(P, R, terminal, start)


def slow_optimum(table, gamma, sweeps):
    """Value iteration over gymnasium's own table, in plain Python."""
    V = dict.fromkeys(table, 0.0)
    for _ in range(sweeps):
        V = {
            s: max(
                sum(p * (r + gamma * V[t] * (not ended)) for p, t, r, ended in outcomes)
                for outcomes in actions.values()
            )
            for s, actions in table.items()
        }
    return V


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("FrozenLake-v1", {"is_slippery": True}),
        ("FrozenLake-v1", {"is_slippery": False}),
        ("FrozenLake-v1", {"map_name": "8x8"}),
        ("CliffWalking-v1", {}),
        ("CliffWalking-v1", {"is_slippery": True}),
    ],
)
def test_value_iteration_agrees_with_the_tables_of_gymnasium(name, options):
    table, mdp = process(name, **options)
    V = value_iteration(mdp, 0.9)
    slow = slow_optimum(table, 0.9, 300)
    live = mdp.live.nonzero().flatten().tolist()
    assert [float(V[s]) for s in live] == pytest.approx([slow[s] for s in live], abs=1e-8)


def test_known_optima_without_discount():
    _, lake = process("FrozenLake-v1", is_slippery=True)
    assert float(value_iteration(lake, 1.0)[0]) == pytest.approx(14 / 17, abs=1e-9)
    _, cliff = process("CliffWalking-v1")
    assert float(value_iteration(cliff, 1.0)[36]) == pytest.approx(-13)


@pytest.mark.parametrize("slippery", [True, False])
def test_a_drawn_lake_is_that_of_gymnasium(slippery):
    lake = world(
        """
        S...
        .C.C
        ...C
        C..G
        """,
        slip=2 / 3 if slippery else 0,
    )
    _, other = process("FrozenLake-v1", is_slippery=slippery)
    assert torch.allclose(lake.P, other.P[list(FROM_GYM)], atol=1e-12)
    assert torch.equal(lake.terminal, other.terminal)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**31))
def test_a_policy_is_worth_what_gymnasium_pays(seed):
    """Walk gymnasium's lake itself and compare with the linear solve, within five errors."""
    environment = gymnasium.make("FrozenLake-v1", is_slippery=True)
    _, mdp = process("FrozenLake-v1", is_slippery=True)
    environment.reset(seed=seed)
    generator = seeded(seed)
    wins = 0
    for _ in range(300):
        environment.reset()
        ended = truncated = False
        while not (ended or truncated):
            action = int(torch.randint(4, (), generator=generator))
            _, reward, ended, truncated, _ = environment.step(action)
        wins += reward
    expected = float(evaluate(mdp, steady([0.25] * 4, 16), 1.0)[0])
    assert wins / 300 == pytest.approx(expected, abs=5 * (expected / 300) ** 0.5)
