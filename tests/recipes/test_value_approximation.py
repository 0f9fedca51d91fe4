"""Averager, tile coding and small networks, against plain loops, scipy and the tabular case."""

from itertools import islice

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from stillroom.recipes.value import approximation, estimators, network
from stillroom.recipes.value.gridworld import steady, world
from stillroom.recipes.value.mdp import sample

torch.set_num_threads(1)
ROOM = world("S..\n.#G\n..C")
GAMMA = 0.9


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def walks():
    return sample(ROOM, steady([0.25] * 4, 9), episodes=30, datasets=3, generator=seeded())


def test_the_kernel_falls_with_distance():
    places = torch.tensor([[0.0, 0.0], [0.0, 1.0], [3.0, 4.0]], dtype=torch.float64)
    shares = approximation.kernel(places, 2.0, torch.tensor([True, True, True]))
    near, far = torch.tensor([-1 / 8, -25 / 8], dtype=torch.float64).exp().tolist()
    total = 1 + near + far
    assert shares[0].tolist() == pytest.approx([1 / total, near / total, far / total])
    assert shares.sum(1).tolist() == pytest.approx([1, 1, 1])
    known = approximation.kernel(places, 2.0, torch.tensor([True, False, True]))
    assert known[1, 1] == 0, "it does not listen to itself, who knows nothing"


def test_a_narrow_averager_is_tabular(walks):
    for averaged, tabular in (
        (approximation.averaged_monte_carlo, estimators.monte_carlo),
        (approximation.averaged_td, estimators.td),
    ):
        expected = tabular(walks, GAMMA)
        known = ~expected.isnan()
        V = averaged(walks, GAMMA, ROOM.places, 0.05)
        assert torch.allclose(V[known], expected[known], atol=1e-9)


def test_a_very_wide_averager_gives_one_value_to_all(walks):
    V = approximation.averaged_monte_carlo(walks, GAMMA, ROOM.places, 1e4)
    mean = estimators.monte_carlo(walks, GAMMA).nanmean(1)
    assert torch.allclose(V, mean[:, None].expand_as(V), atol=1e-6)


def test_the_averager_settles_on_blended_targets(walks):
    """Plain sweeps: each target is r + γ V(s'), each value the blend of its neighbours' means."""
    V = torch.zeros(9, dtype=torch.float64)
    known = ~estimators.td(walks, GAMMA)[1].isnan()
    shares = approximation.kernel(ROOM.places, 1.0, known)
    steps = walks.steps
    mine = steps.dataset == 1
    for _ in range(300):
        target = torch.zeros(9, dtype=torch.float64)
        for s in known.nonzero().flatten().tolist():
            here = mine & (steps.state == s)
            following = steps.following[here]
            worth = torch.where(ROOM.terminal[following], 0.0, V[following])
            target[s] = (steps.reward[here] + GAMMA * worth).mean()
        V = shares @ target
    found = approximation.averaged_td(walks, GAMMA, ROOM.places, 1.0)[1]
    assert torch.allclose(found, V, atol=1e-9)


def test_tiles_are_squares_that_overlap():
    places = torch.tensor([[i, j] for i in range(6) for j in range(6)], dtype=torch.float64)
    features = approximation.tiles(places, 3, 3)
    assert bool((features.sum(1) == 3).all())
    # In every tiling a tile holds at most 3 × 3 cells, and every cell has one.
    assert float(features.sum(0).max()) == 9
    assert float(features.sum()) == 3 * 36
    alike = features @ features.T
    assert alike[0, 0] == 3
    assert alike[0, 1] > alike[0, 3]
    assert alike[0, 35] == 0


def test_linear_estimates_with_a_feature_a_state_are_tabular(walks):
    one_hot = torch.eye(9, dtype=torch.float64)
    for linear, tabular in (
        (approximation.linear_monte_carlo, estimators.monte_carlo),
        (approximation.linear_td, estimators.td),
    ):
        expected = tabular(walks, GAMMA)
        known = ~expected.isnan()
        assert torch.allclose(linear(walks, GAMMA, one_hot)[known], expected[known], atol=1e-8)


def test_redundant_features_change_nothing(walks):
    features = approximation.tiles(ROOM.places, 2, 2)
    doubled = torch.cat([features, features], 1)
    for linear in (approximation.linear_monte_carlo, approximation.linear_td):
        assert torch.allclose(
            linear(walks, GAMMA, features), linear(walks, GAMMA, doubled), atol=1e-8
        )


def test_linear_monte_carlo_is_least_squares(walks):
    """No other weights are nearer to all returns."""
    features = approximation.tiles(ROOM.places, 2, 2)
    V = approximation.linear_monte_carlo(walks, GAMMA, features)[0]
    G = estimators.returns(walks, GAMMA)[0][walks.taken[0]]
    states = walks.states[0, :, :-1][walks.taken[0]]
    least = ((V[states] - G) ** 2).sum()
    for seed in range(20):
        other = V + 0.01 * features @ torch.randn(
            features.shape[1], generator=seeded(seed), dtype=torch.float64
        )
        assert ((other[states] - G) ** 2).sum() >= least - 1e-9


# Networks


def test_a_network_by_hand():
    weights = network.initial(1, 4, seeded())
    x = torch.tensor([[0.5, -1.0]])
    first = [
        max(0.0, sum(float(x[0, i] * weights["W1"][0, i, h]) for i in range(2))) for h in range(4)
    ]
    second = [
        max(0.0, sum(first[h] * float(weights["W2"][0, h, k]) for h in range(4))) for k in range(4)
    ]
    assert network.latent(weights, x)[0, 0].tolist() == pytest.approx(second, abs=1e-6)
    out = sum(second[k] * float(weights["W3"][0, k, 0]) for k in range(4))
    assert float(network.value(weights, x)) == pytest.approx(out, abs=1e-6)


def test_training_settles_on_tabular_td():
    """With an input that tells the cells of a corridor apart, TD learns what the table says."""
    room = world("S...G\nC....")
    data = sample(room, steady([0.25] * 4, 10), episodes=60, datasets=2, generator=seeded())
    P, r, visits = (each.float() for each in approximation.chain(data))
    inputs = (room.places / 2).float()
    start = network.initial(2, 32, seeded(1))
    training = network.train_td(start, inputs, P, r, visits, gamma=GAMMA, rate=0.02)
    first, last = list(islice(training, 0, 501, 500))
    expected = estimators.td(data, GAMMA)
    known = ~expected.isnan()
    error = (network.value(last, inputs) - expected)[known].abs()
    assert float(error.max()) < 0.1
    assert float((network.value(first, inputs) - expected)[known].abs().max()) > 0.3
    assert torch.equal(first["W1"], start["W1"]), "what is yielded first is the start"


def test_networks_of_a_batch_do_not_see_one_another():
    data = sample(ROOM, steady([0.25] * 4, 9), episodes=20, datasets=2, generator=seeded())
    P, r, visits = (each.float() for each in approximation.chain(data))
    inputs = ROOM.places.float()
    both = network.initial(2, 8, seeded())

    def after(part):
        start = {name: tensor[part] for name, tensor in both.items()}
        training = network.train_td(
            start, inputs, P[part], r[part], visits[part], gamma=GAMMA, rate=0.01
        )
        return network.value(next(islice(training, 50, None)), inputs)

    assert torch.allclose(after(slice(0, 2))[1:], after(slice(1, 2)), atol=1e-5)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=20).filter(
        lambda pairs: len({a for a, _ in pairs}) > 1 and len({b for _, b in pairs}) > 1
    )
)
def test_rank_correlation_is_spearmans(pairs):
    one, other = (torch.tensor(each, dtype=torch.float64) for each in zip(*pairs, strict=True))
    expected = spearmanr(one, other).statistic
    assert float(network.rank_correlation(one[None], other)) == pytest.approx(expected, abs=1e-12)
