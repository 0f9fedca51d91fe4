"""Linear features, certificates, waves, goals and made data: against closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp
from torch import nn

from stillroom.models.digit_nets import digit_net, features
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.fourier import (
    basis,
    distances,
    high_pass,
    low_pass,
    sensitivity,
)
from stillroom.recipes.adversarial.goals import layer_robustness, only
from stillroom.recipes.adversarial.leakage import (
    Linear,
    bound,
    class_usefulness,
    fit,
    steady_share,
)
from stillroom.recipes.adversarial.linear_features import (
    containment,
    ensemble,
    frontier,
    principal,
    robust_usefulness,
    robustness,
    standardise,
    usefulness,
)
from stillroom.recipes.adversarial.relabelled import (
    determined,
    drawn,
    matching,
    others,
    shifted,
)
from stillroom.recipes.adversarial.squares import square_net, squares
from stillroom.recipes.adversarial.training import (
    Training,
    accuracy,
    passes,
    predict,
    train,
    with_noise,
)

torch.set_num_threads(1)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def two_classes(seed, count=60, size=5):
    drawn_ = generator(seed)
    positive = torch.rand(count, generator=drawn_) < 0.4
    positive[:2] = torch.tensor([True, False])
    scales = torch.logspace(0, -2, size)
    x = torch.randn(count, size, generator=drawn_) * scales
    return standardise(x + 0.3 * positive[:, None] * scales, positive), positive


# Linear features


@given(seed=st.integers(0, 500), norm=st.sampled_from(["L2", "Linf"]), radius=st.floats(0, 2))
@settings(max_examples=30, deadline=None)
def test_robust_usefulness_is_what_the_worst_changes_leave(seed, norm, radius):
    data, _ = two_classes(seed)
    a = torch.randn(3, 5, generator=generator(seed + 1), dtype=torch.float64)
    for number, direction in enumerate(a.numpy()):
        worst = direction / np.linalg.norm(direction) if norm == "L2" else np.sign(direction)
        x, y = data.x.numpy(), data.y.numpy()
        moved = x - np.sign(y)[:, None] * radius * worst
        expected = np.mean(y * (moved @ direction)) / np.std(x @ direction)
        found = float(robust_usefulness(data, a, radius, norm)[number])
        assert found == pytest.approx(expected, abs=1e-10)
    assert torch.equal(robust_usefulness(data, a, 0.0), usefulness(data, a))
    assert usefulness(data, 3 * a).tolist() == pytest.approx(usefulness(data, a).tolist())


def test_labels_are_centred_so_that_priors_are_no_feature():
    data, positive = two_classes(0)
    assert float(data.y.mean()) == pytest.approx(0, abs=1e-12)
    assert float(data.y.pow(2).mean()) == pytest.approx(1)
    assert not bool(positive.double().mean() == 0.5)
    with pytest.raises(ValueError, match="two classes"):
        standardise(torch.rand(4, 2), torch.ones(4, dtype=torch.bool))


@given(seed=st.integers(0, 500))
@settings(max_examples=20, deadline=None)
def test_nothing_as_robust_is_more_useful_than_the_frontier(seed):
    data, _ = two_classes(seed)
    edge = frontier(data, 200)
    x, y = robustness(data, edge).numpy(), usefulness(data, edge).numpy()
    assert (np.diff(x) >= 0).all()
    tried = torch.randn(2000, 5, generator=generator(seed), dtype=torch.float64)
    tried = tried * torch.logspace(0, 2, 5, dtype=torch.float64)
    size, use = robustness(data, tried).numpy(), usefulness(data, tried).abs().numpy()
    inside = (size > x[0]) & (size < x[-1])
    # Between two points of the frontier we know it only to within its slope.
    assert (use[inside] <= np.interp(size[inside], x, y) + 0.01).all()


def test_principal_directions_and_what_is_made_of_them():
    data, _ = two_classes(3)
    a = principal(data)
    assert (a @ a.T).numpy() == pytest.approx(np.eye(len(a)), abs=1e-9)
    values = np.linalg.eigvalsh(np.cov(data.x.numpy().T, bias=True))[::-1]
    assert robustness(data, a).pow(2).numpy() == pytest.approx(values)
    assert bool((usefulness(data, a) >= 0).all())
    # Uncorrelated members: c.s over |s| for deviations s and usefulness c, term by term.
    s, c = robustness(data, a).numpy(), usefulness(data, a).numpy()
    together = ensemble(data, a)
    assert float(usefulness(data, together)) == pytest.approx((c * s).sum() / np.linalg.norm(s))
    ends = containment(a[0], a[-1], torch.tensor([0.0, 1.0], dtype=torch.float64))
    assert torch.equal(ends, torch.stack([a[-1], a[0]]))


# Leakage


@pytest.mark.parametrize("radius", [0.0, 0.2])
def test_a_linear_fit_is_the_minimum_that_scipy_finds(radius):
    drawn_ = generator(1)
    x = torch.randn(120, 4, generator=drawn_, dtype=torch.float64)
    labels = (x[:, 0] + 0.5 * torch.randn(120, generator=drawn_, dtype=torch.float64) > 0).long()
    labels += (x[:, 1] > 0.5).long()
    ours = fit(x, labels, classes=3, radius=radius, decay=0.01)
    X, y = x.numpy(), labels.numpy()

    def loss(flat):
        W, bias = flat[:12].reshape(3, 4), flat[12:]
        z = X @ W.T + bias + radius * np.linalg.norm(W[y][:, None] - W, axis=-1)
        return np.mean(logsumexp(z, axis=1) - z[np.arange(120), y]) + 0.005 * (W**2).sum()

    found = np.concatenate([ours.weights.numpy().ravel(), ours.bias.numpy()])
    best = minimize(loss, np.random.default_rng(0).normal(size=15), options={"gtol": 1e-7})
    assert loss(found) == pytest.approx(best.fun, abs=1e-6)
    assert ours.weights.numpy() == pytest.approx(best.x[:12].reshape(3, 4), abs=1e-2)


@pytest.mark.parametrize("norm", ["L2", "Linf"])
def test_a_fit_for_the_worst_case_keeps_more_predictions_steady(norm):
    drawn_ = generator(2)
    labels = torch.randint(2, (200,), generator=drawn_)
    # One number tells a lot and is large; nine are faint and each tell a little.
    x = 0.05 * torch.randn(200, 10, generator=drawn_, dtype=torch.float64)
    x += 0.05 * (2.0 * labels - 1)[:, None]
    x[:, 0] += (2.0 * labels - 1) + 0.5 * torch.randn(200, generator=drawn_, dtype=torch.float64)
    plain, robust = (fit(x, labels, classes=2, radius=r, norm=norm) for r in (0.0, 0.3))
    shares = [steady_share(model, x, 0.3, norm) for model in (plain, robust)]
    assert shares[1] > shares[0]


def test_class_usefulness_by_hand():
    # Class 1 at 3 and the rest at 1: centred 1 and -1, so that usefulness is 1 less the radius.
    x = torch.tensor([[3.0], [3.0], [1.0], [1.0], [1.0]])
    labels = torch.tensor([1, 1, 0, 0, 0])
    w = torch.tensor([[-1.0], [1.0]])
    for radius in (0.0, 0.25):
        assert class_usefulness(w, x, labels, radius).tolist() == pytest.approx([1 - radius] * 2)
    # Doubling the weights changes nothing.
    assert class_usefulness(2 * w, x, labels, 0.25).tolist() == pytest.approx([0.75] * 2)


def test_the_bound_sees_robust_features_only():
    drawn_ = generator(3)
    labels = torch.randint(2, (300,), generator=drawn_)
    noise = torch.randn(300, 2, generator=drawn_, dtype=torch.float64)
    x = noise.clone()
    x[:, 1] += 4 * (2.0 * labels - 1)  # all that tells is in the second number
    blind = Linear(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]).double(), torch.zeros(2).double())
    seeing = Linear(torch.tensor([[0.0, -1.0], [0.0, 1.0]]).double(), torch.zeros(2).double())
    assert bound(seeing, x, labels, x, labels) > 0.99
    assert bound(blind, x, labels, x, labels) < 0.65
    # Labels that are all wrong teach the opposite.
    assert bound(seeing, x, 1 - labels, x, labels) < 0.01


# Waves


@pytest.mark.parametrize("side", [7, 8])
def test_waves_are_an_orthonormal_basis_of_single_frequencies(side):
    waves = basis(side)
    flat = waves.reshape(side**2, side**2).numpy()
    assert flat @ flat.T == pytest.approx(np.eye(side**2), abs=1e-12)
    for u in range(side):
        for v in range(side):
            power = np.abs(np.fft.fftshift(np.fft.fft2(waves[u, v].numpy()))) ** 2
            own = {(u, v), ((2 * (side // 2) - u) % side, (2 * (side // 2) - v) % side)}
            kept = sum(power[place] for place in own)
            assert kept == pytest.approx(power.sum())
    assert float(distances(side)[side // 2, side // 2]) == 0


@given(seed=st.integers(0, 100), radius=st.floats(0, 6))
@settings(max_examples=30, deadline=None)
def test_filters_share_out_a_picture(seed, radius):
    x = torch.rand(3, 1, 8, 8, generator=generator(seed), dtype=torch.float64)
    low, high = low_pass(x, radius), high_pass(x, radius)
    assert torch.allclose(low + high, x)
    assert torch.allclose(low_pass(low, radius), low), "a filter twice is a filter once"
    energy = low.pow(2).sum() + high.pow(2).sum()
    assert float(energy) == pytest.approx(float(x.pow(2).sum())), "and they are orthogonal"
    assert torch.allclose(low_pass(x, 0.5), x.mean((2, 3), keepdim=True).expand_as(x))


def test_a_model_minds_the_frequencies_that_it_looks_at():
    waves = basis(8).float()
    watched = waves[4, 6]

    def model(x):
        said = (x[:, 0] * watched).sum((1, 2))
        return torch.stack([said + 0.5, -said - 0.5], 1)

    x, labels = torch.zeros(2, 1, 8, 8), torch.tensor([0, 0])
    errors = sensitivity(model, x, labels, 1.0)
    assert float(errors[4, 6]) == 0.5, "one sign of the wave fools it, the other does not"
    errors[4, 6] = 0
    assert float(errors.abs().max()) == 0


# Goals


def test_a_bug_fools_its_own_network_only():
    def linear(w):
        return lambda x: torch.stack([x @ torch.tensor(w), -(x @ torch.tensor(w))], 1)

    # Both look at the first number, each at another one besides.
    model, other = linear([1.0, 1.0, 0.0]), linear([1.0, 0.0, 1.0])
    x = torch.tensor([[0.5, 0.5, 0.5]]).repeat(4, 1) * torch.tensor([0.8, 0.9, 1.0, 1.1])[:, None]
    labels, targets = torch.zeros(4, dtype=torch.int64), torch.ones(4, dtype=torch.int64)
    attack = Pgd(steps=50, bounds=(-5.0, 5.0))
    plain = attack(model, x, targets, 1.6, targeted=True)
    bug = attack.reach(only(model, [other], labels, targets), x, 1.6)
    assert bool(plain.success.all())
    assert bool(bug.success.all())
    assert bool((predict(other, bug.images) == labels).all())
    reading = other(plain.images)[:, 0]
    assert bool((other(bug.images)[:, 0] > reading).all())


@pytest.mark.parametrize("norm", ["L2", "Linf"])
def test_a_linear_layer_moves_as_far_as_its_norm_says(norm):
    # One number out: the largest move is the radius times the dual norm of the weights.
    w = torch.tensor([3.0, -4.0])
    x = torch.rand(40, 2, generator=generator())
    measured = layer_robustness(
        lambda images: (images @ w)[:, None],
        x,
        0.2,
        attack=Pgd(norm=norm, steps=30, step_size=0.5, bounds=(-9.0, 9.0)),
        generator=generator(1),
    )
    held = (x @ w).numpy()
    apart = np.abs(held[:, None] - held).sum() / (40 * 39)
    furthest = 0.2 * (5 if norm == "L2" else 7)
    assert measured == pytest.approx(furthest / apart, rel=1e-3)


# Data made on purpose


def test_targets_of_relabelled_sets():
    def model(x):
        return x[:, :3]

    x = torch.rand(300, 3, generator=generator())
    labels = x.argmax(1)
    attack = Pgd(steps=5)
    found, targets = determined(model, x, labels, 2.0, attack=attack, classes=3)
    assert torch.equal(targets, (labels + 1) % 3)
    assert bool(found.success.all())
    assert not bool((targets == labels).any())
    _, random = drawn(model, x, 0.1, attack=attack, classes=3, generator=generator(1))
    assert random.bincount(minlength=3).min() > 70
    assert shifted(torch.tensor([0, 2]), 3, -1).tolist() == [2, 1]


@given(seed=st.integers(0, 100), count=st.integers(2, 30))
@settings(deadline=None)
def test_no_image_starts_from_itself(seed, count):
    chosen = others(torch.zeros(count), generator(seed))
    assert bool((chosen != torch.arange(count)).all())
    assert 0 <= int(chosen.min()) <= int(chosen.max()) < count


def test_matching_lowers_the_distance_of_features_it_reports():
    net = digit_net("mlp", generator()).eval().requires_grad_(False)
    images, starts = torch.rand(2, 6, 1, 8, 8, generator=generator(1))
    made, misses = matching(net, images, starts, steps=30, batch=4)
    assert 0 <= float(made.min()) <= float(made.max()) <= 1
    before = (features(net, starts) - features(net, images)).norm(dim=1)
    after = (features(net, made) - features(net, images)).norm(dim=1)
    assert misses.tolist() == pytest.approx((after / before).tolist(), rel=1e-4)
    assert float(misses.max()) < 0.5


def test_squares_are_noisy_as_asked():
    x, labels = squares(4000, (1, 2, 2), pixel_noise=0.1, label_noise=0.2, generator=generator())
    colour = x.mean((1, 2, 3)).sign()
    wrong = (colour != 2 * labels - 1).double().mean()
    assert float(wrong) == pytest.approx(0.2, abs=4 * math.sqrt(0.2 * 0.8 / 4000))
    noise = (x.abs() - 1).flatten()
    assert float(noise.abs().max()) <= 0.1
    assert float(noise.std()) == pytest.approx(0.1 / math.sqrt(3), rel=0.02)
    assert square_net((1, 8, 8), generator())(x.repeat(1, 1, 4, 4)[:3]).shape == (3, 2)


# Training


def test_training_repeats_and_ends_ready_for_use():
    x, labels = torch.rand(40, 1, 8, 8, generator=generator()), torch.arange(40) % 10
    settings_ = Training(epochs=3, batch=16)
    nets = [
        train(digit_net("mlp", generator()), x, labels, generator(1), training=settings_)
        for _ in range(2)
    ]
    for one, same in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert torch.equal(one, same)
        assert not one.requires_grad
    assert not nets[0].training
    net = digit_net("mlp", generator())
    seen = [
        (epoch, net.training) for epoch in passes(net, x, labels, generator(1), training=settings_)
    ]
    assert seen == [(1, False), (2, False), (3, False)]
    assert accuracy(net, x, predict(net, x)) == 1


def test_noise_has_the_deviation_asked_for_and_stays_in_bounds():
    grey = torch.full((200, 1, 8, 8), 0.5)
    noisy = with_noise(0.1)(nn.Identity(), grey, torch.zeros(200), generator())
    assert float((noisy - 0.5).std()) == pytest.approx(0.1, rel=0.03)
    dark = with_noise(0.5)(nn.Identity(), 0 * grey, torch.zeros(200), generator())
    assert float(dark.min()) == 0
    assert float(dark.max()) <= 1
