"""Estimators of value against closed forms, against one another and against a textbook loop."""

import pytest
import torch

from stillroom.recipes.value import estimators, exact, paths
from stillroom.recipes.value.gridworld import MOVES, WorldError, steady, trajectory, world
from stillroom.recipes.value.mdp import EndlessError, Trajectory, record, sample

# A → X → +2 and B → X → -1, with different actions at X: the two walks that cross.
A, B, X, UP, DOWN = range(5)
CROSSING = [
    Trajectory((A, X, UP), (0, 0), (0.0, 2.0)),
    Trajectory((B, X, DOWN), (0, 1), (0.0, -1.0)),
]
ROOM = """
...G
.#..
S..C
"""


@pytest.fixture
def crossing():
    return record(CROSSING, size=5, choices=2)


@pytest.fixture
def walks():
    """Random walks in a room with a wall: every state is met by many, in circles too."""
    room = world(ROOM)
    generator = torch.Generator().manual_seed(3)
    policy = steady([0.25] * 4, room.states)
    return sample(room, policy, episodes=30, datasets=4, generator=generator)


def branches(weight):
    """The policy that turns up at X with this chance."""
    return torch.tensor([weight, 1 - weight], dtype=torch.float64)[:, None].expand(2, 5).clone()


class TestCrossing:
    def test_monte_carlo_keeps_the_walks_apart(self, crossing):
        V = estimators.monte_carlo(crossing, 1.0)[0]
        assert V[[A, B]].tolist() == [2, -1]

    def test_td_merges_them(self, crossing):
        V = estimators.td(crossing, 1.0)[0]
        torch.testing.assert_close(V[[A, B]], torch.full((2,), 0.5, dtype=torch.float64))

    def test_sarsa_does_not_merge_them(self, crossing):
        Q = estimators.sarsa(crossing, 1.0)[0]
        torch.testing.assert_close(Q[0, [A, B]], torch.tensor([2.0, -1.0]).double())

    @pytest.mark.parametrize(("weight", "value"), [(0.0, -1.0), (0.5, 0.5), (0.75, 1.25), (1.0, 2)])
    def test_any_policy_at_the_crossing_gives_3w_minus_1(self, crossing, weight, value):
        Q = estimators.off_policy(crossing, 1.0, branches(weight))[0]
        torch.testing.assert_close(Q[0, [A, B]], torch.full((2,), value, dtype=torch.float64))
        assert value == 3 * weight - 1

    def test_q_learning_takes_the_better_branch(self, crossing):
        assert estimators.q_learning(crossing, 1.0)[0, 0, [A, B]].tolist() == [2, 2]

    def test_double_q_agrees_when_both_halves_saw_both_walks(self, crossing):
        for Q in estimators.double_q(crossing, crossing, 1.0):
            assert Q[0, 0, [A, B]].tolist() == [2, 2]


class TestBatch:
    def test_td_is_the_average_over_spliced_paths(self):
        # Five walks without circles over three layers: 0, 1 → 2, 3 → 4, 5 → end 6.
        walks = [
            Trajectory((0, 2, 4, 6), (0, 0, 0), (0.0, 0.5, 1.0)),
            Trajectory((0, 3, 4, 6), (0, 0, 0), (0.0, 0.0, 1.0)),
            Trajectory((0, 2, 5, 6), (0, 0, 0), (0.0, 0.25, -1.0)),
            Trajectory((1, 2, 4, 6), (0, 0, 0), (1.0, 0.5, 1.0)),
            Trajectory((1, 3, 5, 6), (0, 0, 0), (0.0, 0.75, -1.0)),
        ]
        V = estimators.td(record(walks, size=7, choices=1), 0.9)[0]
        ways = paths.branches(walks)
        found = paths.enumerate_paths(0, ways, 0.9, walked=walks)
        assert [path.real for path in found] == [True, True, True, False]
        assert sum(path.weight for path in found) == pytest.approx(1)
        for state in ways:
            spliced = paths.average(paths.enumerate_paths(state, ways, 0.9))
            assert spliced == pytest.approx(float(V[state]), abs=1e-12)

    def test_td_is_the_linear_solve_where_walks_run_in_circles(self, walks):
        V = estimators.td(walks, 0.9)
        for number in range(walks.datasets):
            states, actions, rewards = (
                each[number] for each in (walks.states, walks.actions, walks.rewards)
            )
            recorded = [
                Trajectory(
                    tuple(states[k, : length + 1].tolist()),
                    tuple(actions[k, :length].tolist()),
                    tuple(rewards[k, :length].tolist()),
                )
                for k, length in enumerate(walks.lengths[number].tolist())
            ]
            ways = paths.branches(recorded)
            with pytest.raises(paths.CyclicError):
                paths.enumerate_paths(recorded[0].states[0], ways, 0.9)
            for state, value in paths.solve(ways, 0.9).items():
                assert value == pytest.approx(float(V[number, state]), abs=1e-9)

    def test_td_lambda_ends_at_td_and_at_monte_carlo(self, walks):
        torch.testing.assert_close(
            estimators.td_lambda(walks, 0.9, 0.0), estimators.td(walks, 0.9), equal_nan=True
        )
        torch.testing.assert_close(
            estimators.td_lambda(walks, 0.9, 1.0),
            estimators.monte_carlo(walks, 0.9),
            equal_nan=True,
        )

    def test_n_steps_end_at_td_and_at_monte_carlo(self, walks):
        longest = int(walks.lengths.max())
        torch.testing.assert_close(
            estimators.n_step(walks, 0.9, longest),
            estimators.monte_carlo(walks, 0.9),
            equal_nan=True,
        )
        assert not torch.allclose(
            estimators.n_step(walks, 0.9, 3), estimators.td(walks, 0.9), equal_nan=True
        )

    def test_monte_carlo_against_a_plain_loop(self, walks):
        for first in (False, True):
            V = estimators.monte_carlo(walks, 0.9, first=first)
            for number in range(walks.datasets):
                seen = {}
                for k, length in enumerate(walks.lengths[number].tolist()):
                    states = walks.states[number, k, :length].tolist()
                    rewards = walks.rewards[number, k, :length].tolist()
                    for t, state in enumerate(states):
                        if first and state in states[:t]:
                            continue
                        gain = sum(0.9**i * reward for i, reward in enumerate(rewards[t:]))
                        seen.setdefault(state, []).append(gain)
                for state in range(walks.size):
                    if state in seen:
                        mean = sum(seen[state]) / len(seen[state])
                        assert float(V[number, state]) == pytest.approx(mean)
                    else:
                        assert V[number, state].isnan()

    def test_importance_sampling_of_the_same_policy_is_monte_carlo(self, walks):
        policy = torch.full((4, walks.size), 0.25, dtype=torch.float64)
        for weighted in (False, True):
            V = estimators.importance_sampled(walks, 0.9, policy, policy, weighted=weighted)
            torch.testing.assert_close(V, estimators.monte_carlo(walks, 0.9), equal_nan=True)

    def test_everything_converges_to_the_exact_values(self):
        room = world(ROOM)
        policy = steady([0.25] * 4, room.states)
        truth = exact.evaluate(room, policy, 0.9)
        generator = torch.Generator().manual_seed(0)
        data = sample(room, policy, episodes=20_000, generator=generator)
        for V in (estimators.monte_carlo(data, 0.9)[0], estimators.td(data, 0.9)[0]):
            known = ~V.isnan()
            assert float((V - truth)[known].abs().max()) < 0.05
        best = exact.action_values(room, exact.value_iteration(room, 0.9), 0.9)
        Q = estimators.q_learning(data, 0.9)[0]
        known = ~Q.isnan()
        torch.testing.assert_close(Q[known], best[known])  # a world without chance: exact


class TestWorlds:
    @pytest.mark.parametrize(
        ("text", "where", "words"),
        [
            ("S.G\n..", (2, 3), "this row has 2 cells, the first has 3"),
            ("S.X\n..G", (1, 3), "unknown symbol 'X'"),
            ("...\n..G", (1, 1), "no start"),
            ("S..\n...", (1, 1), "no goal"),
            ("S#G\n.#.", (1, 3), "goal cannot be reached"),
            ("SG#.", (1, 4), "floor cannot be reached"),
            ("", (1, 1), "empty"),
        ],
    )
    def test_a_bad_map_says_where_and_why(self, text, where, words):
        with pytest.raises(WorldError, match=words) as caught:
            world(text)
        assert (caught.value.row, caught.value.column) == where

    @pytest.mark.parametrize("options", [{}, {"slip": 0.3}, {"wind": [0.0, 0.5, 0.2, 0.0]}])
    def test_chances_sum_to_one_where_there_is_something_to_do(self, options):
        room = world(ROOM, **options)
        total = room.P.sum(2)
        torch.testing.assert_close(total[:, room.live], torch.ones_like(total[:, room.live]))
        assert float(total[:, ~room.live].abs().max()) == 0

    def test_moves_lead_where_their_names_say(self):
        room = world("...\n.S.\n..G")
        for action, (down, right) in enumerate(MOVES):
            assert int(room.P[action, 4].argmax()) == (1 + down) * 3 + 1 + right

    def test_value_of_a_corridor_is_the_discounted_goal(self):
        corridor = world("S...G")
        V = exact.value_iteration(corridor, 0.5)
        torch.testing.assert_close(V[:4], torch.tensor([0.25, 0.5, 1.0, 2.0]).double())

    def test_evaluation_of_a_greedy_policy_is_value_iteration(self):
        room = world(ROOM, slip=0.2)
        V = exact.value_iteration(room, 0.9)
        policy = exact.greedy(exact.action_values(room, V, 0.9))
        torch.testing.assert_close(exact.evaluate(room, policy, 0.9), V)

    def test_a_policy_that_never_ends_has_no_undiscounted_value(self):
        room = world("SG")
        with pytest.raises(EndlessError):
            exact.evaluate(room, steady([0, 0, 0, 1], room.states), 1.0)

    def test_sampled_steps_have_the_chances_of_the_world(self):
        room = world(ROOM, slip=0.4)
        policy = steady([0.1, 0.4, 0.3, 0.2], room.states)
        generator = torch.Generator().manual_seed(1)
        counted = estimators.model(sample(room, policy, episodes=4000, generator=generator))
        often = counted.count[0] > 500
        error = (counted.P[0] - room.P)[often].abs().max()
        assert bool(often.any())
        assert float(error) < 0.08  # about four standard errors of a share of 500

    def test_the_same_generator_gives_the_same_episodes(self):
        room = world(ROOM)
        policy = steady([0.25] * 4, room.states)
        first, second = (
            sample(room, policy, episodes=9, generator=torch.Generator().manual_seed(5))
            for _ in range(2)
        )
        assert torch.equal(first.states, second.states)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("3,1 X", "expected row, column and moves"),
            ("1,4 L", "starts outside the floor"),
            ("3,1 L", "runs into a wall"),
            ("3,1 RR U", "expected row"),
            ("3,1 R", "ends neither"),
        ],
    )
    def test_a_bad_trajectory_says_why(self, text, words):
        with pytest.raises(ValueError, match=words):
            trajectory(world(ROOM), text)
