"""Attacks: what holds for every input, and closed forms of linear models."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest
from torch import nn

from stillroom.recipes.adversarial.attack import Pgd, aim, fgsm, margin
from stillroom.recipes.adversarial.norms import (
    Region,
    dual_length,
    length,
    project,
    random_change,
    steepest,
)

torch.set_num_threads(1)
NORMS = st.sampled_from(["L2", "Linf"])
SEEDS = st.integers(0, 10_000)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def small_net(seed, inputs=12, classes=3, hidden=8):
    """A perceptron of two layers, large enough in its weights to bend."""
    drawn = generator(seed)
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, classes)
    )
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=drawn)
    return net


def images(seed, count=4, bounds=(0.0, 1.0)):
    low, high = bounds
    drawn = torch.rand(count, 1, 3, 4, generator=generator(seed))
    # Some pixels at the very ends, where clipping matters.
    return (low + (high - low) * (1.5 * drawn - 0.25).clamp(0, 1)).clamp(low, high)


@given(
    seed=SEEDS,
    norm=NORMS,
    lengths=st.tuples(st.lists(st.floats(0, 5), min_size=4, max_size=4), st.floats(0.01, 3)),
    choices=st.tuples(st.booleans(), st.booleans()),
    bounds=st.sampled_from([(0.0, 1.0), (-1.0, 1.0), (-3.0, 0.5), (0.0, 255.0)]),
)
@settings(max_examples=80, deadline=None)
def test_no_attack_leaves_the_ball_or_the_box(seed, norm, lengths, choices, bounds):
    radii, step_size = lengths
    targeted, stop = choices
    x = images(seed, bounds=bounds)
    labels = torch.randint(3, (4,), generator=generator(seed))
    attack = Pgd(norm=norm, steps=4, step_size=step_size, restarts=2, stop=stop, bounds=bounds)
    radius = torch.tensor(radii, dtype=torch.float64)
    found = attack(small_net(seed), x, labels, radius, targeted=targeted, generator=generator(seed))
    low, high = bounds
    assert bool(((found.images >= low) & (found.images <= high)).all())
    # Exactly, not to within rounding.
    assert bool((length(found.images.double() - x.double(), norm) <= radius).all())
    assert torch.equal(found.images[radius == 0], x[radius == 0])
    # What is said of the images is so.
    net = small_net(seed)
    assert torch.equal(found.predicted, net(found.images).argmax(1))
    assert torch.equal(found.success, (found.predicted == labels) == targeted)


@given(seed=SEEDS, norm=NORMS, radius=st.floats(0.01, 3))
def test_a_projection_is_the_nearest_point_of_the_ball(seed, norm, radius):
    change = torch.randn(5, 7, generator=generator(seed), dtype=torch.float64)
    radii = torch.full((5,), radius, dtype=torch.float64)
    inside = project(change, radii, norm)
    assert bool((length(inside, norm) <= radii + 1e-12).all())
    away = (change - inside).norm(dim=1)
    others = random_change(
        change.expand(200, 5, 7).flatten(0, 1), radii.repeat(200), norm, generator(seed)
    )
    apart = (change.expand(200, 5, 7).flatten(0, 1) - others).norm(dim=1).reshape(200, 5)
    assert bool((apart >= away - 1e-12).all())
    small = change * rows_within(change, radii, norm)
    assert torch.equal(project(small, radii, norm), small)


def rows_within(change, radii, norm):
    return (0.99 * radii / length(change, norm)).clamp_max(1)[:, None]


@given(seed=SEEDS, norm=NORMS)
def test_the_steepest_change_reaches_the_dual_norm(seed, norm):
    gradient = torch.randn(5, 7, generator=generator(seed), dtype=torch.float64)
    size = torch.linspace(0, 2, 5, dtype=torch.float64)
    step = steepest(gradient, size, norm)
    assert length(step, norm).tolist() == pytest.approx(size.tolist())
    risen = size * dual_length(gradient, norm)
    assert (gradient * step).sum(1).tolist() == pytest.approx(risen.tolist())
    assert not bool(steepest(torch.zeros(2, 7), torch.ones(2), norm).any())


def test_random_changes_are_as_even_as_they_say():
    count = 20_000
    like = torch.zeros(count, 3, dtype=torch.float64)
    radius = torch.full((count,), 2.0, dtype=torch.float64)
    flat = random_change(like, radius, "Linf", generator())
    round_ = random_change(like, radius, "L2", generator())
    assert float(flat.abs().max()) <= 2
    assert float(length(round_, "L2").max()) <= 2
    # Pixels in Linf, and lengths in L2, are uniform; directions in L2 have no preference.
    for drawn, ends in ((flat.flatten(), (-2.0, 2.0)), (length(round_, "L2"), (0.0, 2.0))):
        assert kstest(drawn.numpy(), "uniform", (ends[0], ends[1] - ends[0])).pvalue > 0.01
    unit = round_ / length(round_, "L2")[:, None]
    assert (unit.T @ unit / count).numpy() == pytest.approx(np.eye(3) / 3, abs=0.01)
    assert float(unit.mean(0).abs().max()) < 0.02


def test_a_step_is_not_spent_on_pixels_that_cannot_move():
    origin = torch.tensor([[0.0, 1.0, 0.5, 0.5]])
    region = Region.about(origin, torch.tensor([0.3]).double(), "L2", (0.0, 1.0))
    gradient = torch.tensor([[-3.0, 3.0, 3e-20, 4e-20]])
    moved = region.climb(origin, gradient, torch.tensor([0.1]).double())
    assert (moved - origin).tolist()[0] == pytest.approx([0, 0, 0.06, 0.08], abs=1e-6)
    back = region.climb(origin, -gradient, torch.tensor([0.1]).double())
    assert (back - origin).tolist()[0] == pytest.approx([0.1 / 2**0.5, -0.1 / 2**0.5, 0, 0])


@given(seed=SEEDS, norm=NORMS, targeted=st.booleans())
@settings(max_examples=30, deadline=None)
def test_stopping_early_changes_no_success(seed, norm, targeted):
    net, x = small_net(seed), images(seed, 9)
    labels = torch.randint(3, (9,), generator=generator(seed))
    radius = torch.linspace(0, 0.6, 9)
    whole, stopped, parts = (
        Pgd(norm=norm, steps=6, stop=stop, batch=batch)(
            net, x, labels, radius, targeted=targeted, generator=generator(seed)
        )
        for stop, batch in ((False, 128), (True, 128), (False, 2))
    )
    assert torch.equal(whole.success, stopped.success)
    assert torch.equal(whole.success, parts.success)
    assert torch.allclose(whole.images, parts.images, atol=1e-5)
    assert bool((whole.loss >= stopped.loss - 1e-5).all())


@given(seed=SEEDS, norm=NORMS)
@settings(max_examples=30, deadline=None)
def test_more_restarts_find_no_less(seed, norm):
    net, x = small_net(seed), images(seed, 6)
    labels = net(x).argmax(1)
    one, three = (
        Pgd(norm=norm, steps=3, restarts=restarts)(net, x, labels, 0.3, generator=generator(seed))
        for restarts in (1, 3)
    )
    assert bool((three.success | ~one.success).all())
    same = three.success == one.success
    assert bool((three.loss[same] >= one.loss[same]).all())


@pytest.mark.parametrize("targeted", [False, True])
def test_a_path_ends_in_what_the_attack_finds(targeted):
    net, x = small_net(3), images(3)
    labels = torch.tensor([0, 1, 2, 0])
    attack = Pgd(steps=5, stop=True)
    goal = aim(net, labels, targeted=targeted)
    path = attack.path(goal, x, 0.7)
    assert path.images.shape == (6, *x.shape)
    assert path.loss.shape == path.success.shape == path.predicted.shape == (6, 4)
    assert torch.equal(path.images[0], x)
    steps = length((path.images[1:] - path.images[:-1]).flatten(0, 1), "L2")
    assert float(steps.max()) <= 0.7 * 2.5 / 5 + 1e-6
    found = Pgd(steps=5).reach(goal, x, 0.7)
    assert torch.equal(found.success, path.success.any(0))
    successes = torch.where(path.success, path.loss, -math.inf)
    assert torch.equal(found.loss[found.success], successes.amax(0)[found.success])


def test_the_same_seed_gives_the_same_images_and_the_global_generator_is_left_alone():
    net, x = small_net(1), images(1)
    labels = net(x).argmax(1)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    one, same, other = (
        Pgd(steps=2, restarts=2)(net, x, labels, 0.5, generator=generator(seed)).images
        for seed in (0, 0, 1)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not x.requires_grad


def test_the_fast_gradient_sign_method_written_out():
    net, x = small_net(2), images(2)
    labels = net(x).argmax(1)
    variable = x.clone().requires_grad_()
    nn.functional.cross_entropy(net(variable), labels).backward()
    expected = (x + 0.1 * variable.grad.sign()).clamp(0, 1)
    path = fgsm().path(aim(net, labels), x, 0.1)
    assert torch.allclose(path.images[-1], expected, atol=1e-6)


def test_an_attack_in_high_resolution_is_exact_too():
    """The norm of 100,000 numbers is where float32 would lose count."""
    x = 0.25 + torch.rand(2, 3, 183, 183, generator=generator()) / 2
    weights = torch.randn(2, 3 * 183 * 183, generator=generator())

    def model(pictures):
        return pictures.flatten(1) @ weights.T

    labels = model(x).argmax(1)
    found = Pgd(steps=4, loss="margin")(model, x, labels, 0.5, generator=generator())
    far = length(found.images.double() - x.double(), "L2")
    assert bool((far <= 0.5).all())
    assert float(far.min()) > 0.4999


def test_logits_that_saturate_stop_the_cross_entropy_and_not_the_margin():
    def sure(x):
        return 1e4 * torch.stack([x[:, 0] - 0.3, 0.3 - x[:, 0]], 1)

    x = torch.full((1, 2), 0.9)
    labels = torch.tensor([0])
    assert not bool(Pgd(steps=10)(sure, x, labels, 0.7).success)
    assert bool(Pgd(steps=10, loss="margin")(sure, x, labels, 0.7).success)
    logits = torch.tensor([[3.0, 1.0, 2.0], [0.0, 4.0, 1.0]])
    assert margin(logits, torch.tensor([0, 2])).tolist() == [1, -3]


def test_what_cannot_be_attacked_is_refused():
    net, x = small_net(0), images(0)
    labels = torch.zeros(4, dtype=torch.int64)
    attack = Pgd(steps=1)
    high = x.clone()
    high[2, 0, 0, 0] = 1.5
    with pytest.raises(ValueError, match=r"image 2 goes from 0 to 1\.5; the bounds are 0 to 1"):
        attack(net, high, labels, 0.1)
    high[2, 0, 0, 0] = math.nan
    with pytest.raises(ValueError, match="image 2 goes from nan"):
        attack.reach(aim(net, labels), high, 0.1)
    with pytest.raises(ValueError, match="images should be floats"):
        attack(net, (255 * x).to(torch.uint8), labels, 0.1)
    with pytest.raises(ValueError, match=r"labels should be int64 \[4\]"):
        attack(net, x, labels[:3], 0.1)
    with pytest.raises(ValueError, match=r"radius has shape \[3\]"):
        attack(net, x, labels, torch.ones(3))
    with pytest.raises(ValueError, match="negative"):
        attack(net, x, labels, -0.1)
    with pytest.raises(ValueError, match="restarts need a generator"):
        Pgd(restarts=2)(net, x, labels, 0.1)
    with pytest.raises(ValueError, match="1 or more"):
        Pgd(steps=0)
    with pytest.raises(ValueError, match="not finite"):
        attack(lambda x: net(x) * math.nan, x, labels, 0.1)


@pytest.mark.parametrize("norm", ["L2", "Linf"])
def test_no_images_no_trouble(norm):
    none = torch.zeros(0, 1, 3, 4)
    found = Pgd(norm=norm)(
        small_net(0), none, torch.zeros(0, dtype=torch.int64), 0.1, generator=generator()
    )
    assert found.images.shape == (0, 1, 3, 4)
