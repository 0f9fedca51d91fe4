"""Batch estimators against hand calculation, slow loops, paths, and one another's variance."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.recipes.value import estimators, exact, paths
from stillroom.recipes.value.gridworld import steady, world
from stillroom.recipes.value.mdp import MDP, Trajectory, record, sample

torch.set_num_threads(1)

# Five walks, A or B → C or D → F (+1 on leaving) or G (0), end.
A, B, C, D, F, G, END = range(7)
WALKS = [
    Trajectory((A, C, F, END), (0, 0, 0), (0.0, 0.0, 1.0)),
    Trajectory((A, C, G, END), (0, 0, 0), (0.0, 0.0, 0.0)),
    Trajectory((A, D, F, END), (1, 0, 0), (0.0, 0.0, 1.0)),
    Trajectory((B, D, G, END), (1, 0, 0), (0.0, 0.0, 0.0)),
    Trajectory((B, C, F, END), (0, 0, 0), (0.0, 0.0, 1.0)),
]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_five_walks_by_hand():
    data = record(WALKS, 7, 2)
    nine = Fraction(9, 10)
    c, d = nine * Fraction(2, 3), nine * Fraction(1, 2)
    a, b = nine * (2 * c + d) / 3, nine * (c + d) / 2
    assert (float(a), float(b)) == pytest.approx((0.495, 0.4725))
    V = estimators.td(data, 0.9)[0]
    assert V[:6].tolist() == pytest.approx([float(v) for v in (a, b, c, d, 1, 0)], abs=1e-12)
    assert V[END].isnan()
    G_ = estimators.monte_carlo(data, 0.9)[0]
    assert G_[[A, B]].tolist() == pytest.approx([2 * 0.81 / 3, 0.81 / 2], abs=1e-12)
    # Three walks came from A; four paths lead from it.
    found = paths.enumerate_paths(A, paths.branches(WALKS), 0.9, walked=WALKS)
    assert len(found) == 4
    assert sum(each.states[0] == A for each in WALKS) == sum(path.real for path in found) == 3
    assert paths.average(found) == pytest.approx(float(a), abs=1e-12)


# A → C → +2 and B → C → -1, with different actions at C: the two walks that cross.
CROSSING = [
    Trajectory((A, C, F), (0, 0), (0.0, 2.0)),
    Trajectory((B, C, G), (0, 1), (0.0, -1.0)),
]


def test_two_walks_that_cross():
    data = record(CROSSING, 7, 2)
    assert estimators.monte_carlo(data, 1.0)[0, [A, B]].tolist() == [2, -1]
    assert estimators.td(data, 1.0)[0, [A, B]].tolist() == [0.5, 0.5]
    assert estimators.sarsa(data, 1.0)[0, 0, [A, B]].tolist() == [2, -1]
    for weight in (0.0, 0.5, 0.75, 1.0):
        Q = estimators.off_policy(data, 1.0, steady_two(weight, 7))[0]
        assert Q[0, [A, B]].tolist() == [3 * weight - 1] * 2
    for Q in (estimators.q_learning(data, 1.0), *estimators.double_q(data, data, 1.0)):
        assert Q[0, 0, [A, B]].tolist() == [2, 2]


def test_a_path_is_real_only_with_its_rewards():
    # Twice the same way, first paid at its start, then at its end.
    walks = [Trajectory((A, C, F), (0, 0), rewards) for rewards in [(1.0, 0.0), (0.0, 1.0)]]
    found = paths.enumerate_paths(A, paths.branches(walks), 1.0, walked=walks)
    assert [(path.real, path.gain) for path in found] == [
        (True, 1),
        (True, 1),
        (False, 2),
        (False, 0),
    ]


STEPS = st.tuples(st.integers(0, 1), st.integers(1, 3), st.sampled_from([-1.0, 0.0, 0.5, 2.0]))


@st.composite
def acyclic(draw):
    """Walks that only ever go to higher states of nine, the last of which is the end."""
    walks = []
    for _ in range(draw(st.integers(1, 6))):
        state = draw(st.integers(0, 4))
        states, actions, rewards = [state], [], []
        while state < 8:
            action, stride, reward = draw(STEPS)
            state = min(8, state + stride)
            states.append(state)
            actions.append(action)
            rewards.append(reward)
        walks.append(Trajectory(tuple(states), tuple(actions), tuple(rewards)))
    return walks


def averages(ways, weights=paths.observed):
    return {
        state: paths.average(paths.enumerate_paths(state, ways, 0.9, weights=weights))
        for state in ways
    }


@settings(deadline=None)
@given(acyclic())
def test_every_method_is_an_average_over_paths(walks):
    data = record(walks, 9, 2)
    ways = paths.branches(walks)
    # TD: paths meet in states, and turn as often as was observed.
    V = estimators.td(data, 0.9)[0]
    for state, value in averages(ways).items():
        assert float(V[state]) == pytest.approx(value, abs=1e-9)
    for state, value in paths.solve(ways, 0.9).items():
        assert float(V[state]) == pytest.approx(value, abs=1e-9)
    # Off-policy: they turn as the policy says.
    policy = steady_two(0.3, 9)
    Q = estimators.off_policy(data, 0.9, policy)
    V = estimators.state_values(Q, policy)[0]
    weights = paths.following(lambda state, action: float(policy[action, state]))
    for state, value in averages(ways, weights).items():
        assert float(V[state]) == pytest.approx(value, abs=1e-9)
    # Q-learning: they take the best turn.
    Q = estimators.q_learning(data, 0.9)[0]
    best = Q.nan_to_num(-torch.inf).argmax(0)
    V = Q.nan_to_num(-torch.inf).amax(0)
    weights = paths.following(lambda state, action: float(best[state] == action))
    for state, value in averages(ways, weights).items():
        assert float(V[state]) == pytest.approx(value, abs=1e-9)
    # Sarsa: they meet only in a state with the same action.
    Q = estimators.sarsa(data, 0.9)[0]
    pairs = [
        Trajectory(
            (*(a * 9 + s for a, s in zip(each.actions, each.states, strict=False)), 18),
            each.actions,
            each.rewards,
        )
        for each in walks
    ]
    for pair, value in averages(paths.branches(pairs)).items():
        assert float(Q.flatten()[pair]) == pytest.approx(value, abs=1e-9)


def steady_two(chance, states):
    return torch.tensor([chance, 1 - chance], dtype=torch.float64)[:, None].expand(2, states)


@settings(deadline=None)
@given(acyclic())
def test_weights_of_paths_from_a_state_sum_to_one(walks):
    ways = paths.branches(walks)
    for state in ways:
        found = paths.enumerate_paths(state, ways, 0.9, walked=walks)
        assert sum(path.weight for path in found) == pytest.approx(1)
        real = {(path.states, path.actions) for path in found if path.real}
        for each in walks:
            if state in each.states:
                start = each.states.index(state)
                assert (each.states[start:], each.actions[start:]) in real


def test_a_circle_is_named_and_solved():
    circle = [
        Trajectory((0, 1, 0, 2), (0, 0, 0), (1.0, 1.0, 0.0)),
        Trajectory((1, 2), (0,), (4.0,)),
    ]
    ways = paths.branches(circle)
    with pytest.raises(paths.CyclicError, match="0 → 1 → 0") as error:
        paths.enumerate_paths(0, ways, 1.0)
    assert error.value.cycle == (0, 1)
    # V0 = (1 + V1) / 2, V1 = (1 + V0) / 2 + 4 / 2
    values = paths.solve(ways, 1.0)
    assert values == pytest.approx({0: 7 / 3, 1: 11 / 3})
    V = estimators.td(record(circle, 3, 1), 1.0)[0]
    assert V[:2].tolist() == pytest.approx([7 / 3, 11 / 3])


def test_a_circle_that_is_never_left_has_no_average():
    forever = {0: (paths.Branch(0, 1.0, 1, 1),), 1: (paths.Branch(0, 1.0, 0, 1),)}
    with pytest.raises(ValueError, match="a circle is never left"):
        paths.solve(forever, 1.0)


def test_too_many_paths_are_not_listed():
    two = {state: tuple(paths.Branch(a, 0.0, state + 1, 1) for a in (0, 1)) for state in range(14)}
    with pytest.raises(ValueError, match="more than 10000 paths from state 0"):
        paths.enumerate_paths(0, two, 1.0)


def test_meetings():
    assert paths.meetings(WALKS) == [A, B, C, D, F, G]
    assert paths.meetings(WALKS[:1] + WALKS[3:4]) == []
    # To go twice through a state is not to meet.
    assert paths.meetings([Trajectory((0, 1, 0, 2), (0, 0, 0), (0.0, 0.0, 0.0))]) == []


@pytest.fixture(scope="module")
def walks():
    room = world("S..\n.#G\n..C", slip=0.2)
    return sample(room, steady([0.25] * 4, 9), episodes=12, datasets=3, generator=seeded(4))


def trajectories(data, number):
    """A data set as plain lists of (state, reward)."""
    for k, length in enumerate(data.lengths[number].tolist()):
        yield (
            data.states[number, k, : length + 1].tolist(),
            data.rewards[number, k, :length].tolist(),
        )


@pytest.mark.parametrize("first", [False, True])
def test_monte_carlo_is_the_mean_of_returns(walks, first):
    found = {}
    for states, rewards in trajectories(walks, 0):
        for t in range(len(rewards)):
            if not (first and states[t] in states[:t]):
                G_ = sum(0.9**k * reward for k, reward in enumerate(rewards[t:]))
                found.setdefault(states[t], []).append(G_)
    expected = [sum(found[s]) / len(found[s]) if s in found else torch.nan for s in range(9)]
    V = estimators.monte_carlo(walks, 0.9, first=first)[0]
    assert V.tolist() == pytest.approx(expected, nan_ok=True)


def test_td_is_the_average_over_paths_that_run_in_circles(walks):
    V = estimators.td(walks, 0.9)
    for number in range(walks.datasets):
        recorded = [
            Trajectory(tuple(states), (0,) * len(rewards), tuple(rewards))
            for states, rewards in trajectories(walks, number)
        ]
        ways = paths.branches(recorded)
        with pytest.raises(paths.CyclicError):
            paths.enumerate_paths(0, ways, 0.9)
        for state, value in paths.solve(ways, 0.9).items():
            assert value == pytest.approx(float(V[number, state]), abs=1e-9)


def test_td_lambda_and_n_steps_go_from_td_to_monte_carlo(walks):
    td, mc = estimators.td(walks, 0.9), estimators.monte_carlo(walks, 0.9)
    longest = int(walks.lengths.max())
    for values, expected in (
        (estimators.td_lambda(walks, 0.9, 0.0), td),
        (estimators.td_lambda(walks, 0.9, 1.0), mc),
        (estimators.n_step(walks, 0.9, longest), mc),
    ):
        torch.testing.assert_close(values, expected, equal_nan=True)
    assert not torch.allclose(estimators.n_step(walks, 0.9, 3), td, equal_nan=True)


def test_estimates_converge_to_the_exact_values():
    room = world("S..\n.#G\n..C")
    policy = steady([0.25] * 4, room.states)
    truth = exact.evaluate(room, policy, 0.9)
    data = sample(room, policy, episodes=20_000, generator=seeded())
    for V in (estimators.monte_carlo(data, 0.9)[0], estimators.td(data, 0.9)[0]):
        known = ~V.isnan()
        assert float((V - truth)[known].abs().max()) < 0.05
    best = exact.action_values(room, exact.value_iteration(room, 0.9), 0.9)
    Q = estimators.q_learning(data, 0.9)[0]
    known = ~Q.isnan()
    torch.testing.assert_close(Q[known], best[known])  # a world without chance: exact


@pytest.mark.parametrize("lam", [0.0, 0.3, 0.9, 1.0])
def test_td_lambda_is_the_fixed_point_of_lambda_returns(walks, lam):
    """Sweep V ← mean λ-return by the recursion of the λ-return, in plain loops."""
    V = [0.0] * 9
    for _ in range(300):
        found = {}
        for states, rewards in trajectories(walks, 1):
            G_ = 0.0
            for t in reversed(range(len(rewards))):
                last = t + 1 == len(rewards)
                bootstrap = 0.0 if last else (1 - lam) * V[states[t + 1]] + lam * G_
                G_ = rewards[t] + 0.9 * bootstrap
                found.setdefault(states[t], []).append(G_)
        V = [sum(found[s]) / len(found[s]) if s in found else 0.0 for s in range(9)]
    expected = estimators.td_lambda(walks, 0.9, lam)[1]
    assert expected.nan_to_num().tolist() == pytest.approx(V, abs=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5, 10_000])
def test_n_step_td_is_the_fixed_point_of_n_step_returns(walks, n):
    V = [0.0] * 9
    for _ in range(300):
        found = {}
        for states, rewards in trajectories(walks, 2):
            for t in range(len(rewards)):
                G_ = sum(0.9**k * r for k, r in enumerate(rewards[t : t + n]))
                if t + n < len(rewards):
                    G_ += 0.9**n * V[states[t + n]]
                found.setdefault(states[t], []).append(G_)
        V = [sum(found[s]) / len(found[s]) if s in found else 0.0 for s in range(9)]
    expected = estimators.n_step(walks, 0.9, n)[2]
    assert expected.nan_to_num().tolist() == pytest.approx(V, abs=1e-9)


def test_estimators_leave_the_data_as_they_are():
    room = world("S..\n.#G\n..C")
    policy = steady([0.25] * 4, 9)
    one, two = (sample(room, policy, episodes=8, datasets=2, generator=seeded()) for _ in range(2))
    for estimate in (
        estimators.monte_carlo,
        estimators.td,
        estimators.sarsa,
        estimators.q_learning,
        lambda data, gamma: estimators.td_lambda(data, gamma, 0.5),
        lambda data, gamma: estimators.off_policy(data, gamma, policy),
        lambda data, gamma: estimators.importance_sampled(data, gamma, policy, policy),
    ):
        estimate(one, 0.9)
        assert torch.equal(one.states, two.states)
        assert torch.equal(one.actions, two.actions)
        assert torch.equal(one.rewards, two.rewards)


def test_importance_sampling_by_a_slow_loop(walks):
    behaviour, target = steady([0.25] * 4, 9), steady([0.1, 0.4, 0.3, 0.2], 9)
    total, weight, count = [0.0] * 9, [0.0] * 9, [0] * 9
    for k, length in enumerate(walks.lengths[0].tolist()):
        for t in range(length):
            state = int(walks.states[0, k, t])
            G_ = sum(0.9 ** (i - t) * float(walks.rewards[0, k, i]) for i in range(t, length))
            rho = 1.0
            for i in range(t, length):
                action = int(walks.actions[0, k, i])
                rho *= float(target[action, 0] / behaviour[action, 0])
            total[state] += rho * G_
            weight[state] += rho
            count[state] += 1
    met = [s for s in range(9) if count[s]]
    for weighted, by in ((True, weight), (False, count)):
        V = estimators.importance_sampled(walks, 0.9, target, behaviour, weighted=weighted)[0]
        expected = [total[s] / by[s] for s in met]
        assert V[met].tolist() == pytest.approx(expected)


def test_actions_nobody_tried_are_left_out():
    data = record([Trajectory((0, 1, 2), (0, 1), (0.0, -1.0))], 3, 2)
    Q = estimators.off_policy(data, 1.0, steady_two(0.5, 3))[0]
    assert Q[:, 0].tolist()[0] == -1
    assert bool(Q[1, 0].isnan())
    assert estimators.q_learning(data, 1.0)[0, 0, 0] == -1, "not the 0 of an action never tried"
    never = estimators.off_policy(data, 1.0, steady_two(1.0, 3))[0]
    assert never[0, 0] == -1, "what was done stands in for what nobody did"
    V = estimators.state_values(Q[None], steady_two(0.5, 3))[0]
    assert V[:2].tolist() == [-1, -1]
    assert V[2].isnan()


def test_double_q_asks_the_other_half():
    # At 1, the first half was lucky with action 0, the second with action 1.
    def half(lucky):
        return record(
            [
                Trajectory((0, 1, 2), (0, 0), (0.0, 3.0 if lucky == 0 else -1.0)),
                Trajectory((0, 1, 2), (0, 1), (0.0, 3.0 if lucky == 1 else -1.0)),
            ],
            3,
            2,
        )

    one, other = estimators.double_q(half(0), half(1), 1.0)
    assert one[0, 0, 0] == other[0, 0, 0] == -1
    assert estimators.q_learning(half(0), 1.0)[0, 0, 0] == 3


def test_double_q_with_nothing_in_common_is_q_learning():
    one = record([Trajectory((0, 2), (0,), (1.0,))], 3, 2)
    other = record([Trajectory((1, 2), (1,), (5.0,))], 3, 2)
    Q, _ = estimators.double_q(one, other, 1.0)
    torch.testing.assert_close(Q, estimators.q_learning(one, 1.0), equal_nan=True)


def test_values_without_bound_are_an_error():
    forever = record([Trajectory((0, 0, 1), (0, 1), (1.0, 0.0))], 2, 2)
    with pytest.raises(estimators.UnsettledError, match="has not settled"):
        estimators.q_learning(forever, 1.0)


# Bias and variance


def layered(noise=1.0):
    """Two layers of two states, two actions, an end that pays +noise or -noise by a coin."""
    P = torch.zeros(2, 6, 6, dtype=torch.float64)
    for action, straight in ((0, 0.8), (1, 0.3)):
        for s in (0, 1):
            P[action, s, 2 + s] = straight
            P[action, s, 3 - s] = 1 - straight
        for s in (2, 3):
            P[action, s, 4] = straight if s == 2 else 1 - straight
            P[action, s, 5] = 1 - P[action, s, 4]
    R = torch.zeros_like(P)
    R[:, :, 4], R[:, :, 5] = noise, -noise
    ends = torch.tensor([False] * 4 + [True] * 2)
    return MDP(P, R, ends, torch.tensor([0.5, 0.5, 0, 0, 0, 0], dtype=torch.float64))


def test_importance_sampling_is_unbiased_and_varies_more_than_off_policy_learning():
    mdp = layered()
    behaviour, target = steady_two(0.5, 6), steady_two(0.9, 6)
    truth = float(exact.evaluate(mdp, target, 1.0)[0])
    data = sample(mdp, behaviour, episodes=40, datasets=2000, generator=seeded())
    weighed = estimators.importance_sampled(data, 1.0, target, behaviour, weighted=False)[:, 0]
    assert float(weighed.mean()) == pytest.approx(truth, abs=4 * float(weighed.std()) / 2000**0.5)
    merged = estimators.state_values(estimators.off_policy(data, 1.0, target), target)[:, 0]
    assert float(merged.var()) < 0.5 * float(weighed.var())


def test_variance_falls_with_the_number_of_merged_paths():
    """Over 1500 data sets: Var(Expected Sarsa) < Var(Sarsa) < Var(Monte Carlo), none biased."""
    mdp = layered()
    policy = torch.full((2, 6), 0.5, dtype=torch.float64)
    truth = exact.action_values(mdp, exact.evaluate(mdp, policy, 1.0), 1.0)[:, :2]
    data = sample(mdp, policy, episodes=200, datasets=1500, generator=seeded(1))
    tables = {
        "mc": estimators.monte_carlo_q(data, 1.0),
        "sarsa": estimators.sarsa(data, 1.0),
        "expected": estimators.off_policy(data, 1.0, policy),
    }
    spread = {}
    for name, Q in tables.items():
        errors = Q[:, :, :2] - truth  # [1500, 2, 2]
        centre, around = errors.mean(0), errors.std(0) / 1500**0.5
        assert bool((centre.abs() < 4 * around).all()), f"{name} is biased"
        spread[name] = errors.pow(2).mean((1, 2))  # a data set's mean squared error
    for less, more in (("expected", "sarsa"), ("sarsa", "mc")):
        difference = spread[more] - spread[less]
        low = difference.mean() - 3 * difference.std() / 1500**0.5
        assert float(low) > 0, f"{less} should vary less than {more}"


def test_td_varies_less_than_monte_carlo_and_neither_is_biased():
    mdp = layered()
    policy = torch.full((2, 6), 0.5, dtype=torch.float64)
    truth = exact.evaluate(mdp, policy, 1.0)[:2]
    data = sample(mdp, policy, episodes=60, datasets=800, generator=seeded(2))
    errors = {
        "mc": estimators.monte_carlo(data, 1.0)[:, :2] - truth,
        "td": estimators.td(data, 1.0)[:, :2] - truth,
    }
    for name, error in errors.items():
        assert bool((error.mean(0).abs() < 4 * error.std(0) / 800**0.5).all()), f"{name} is biased"
    difference = (errors["mc"] ** 2 - errors["td"] ** 2).mean(1)
    assert float(difference.mean() - 3 * difference.std() / 800**0.5) > 0
