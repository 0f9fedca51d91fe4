"""Measures of robustness, against closed forms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.evaluation import (
    certified,
    nearest,
    robust,
    surviving,
    transfer,
    wilson,
)
from stillroom.recipes.adversarial.norms import length

torch.set_num_threads(1)
FAR = (-100.0, 100.0)  # bounds that are never met


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def linear(seed, classes, inputs=6):
    drawn = generator(seed)
    W = torch.randn(classes, inputs, generator=drawn, dtype=torch.float64)
    b = torch.randn(classes, generator=drawn, dtype=torch.float64)
    x = torch.randn(10, inputs, generator=drawn, dtype=torch.float64)
    return W, b, x, (lambda images: images @ W.T + b)


@given(total=st.integers(1, 400), share=st.floats(0, 1))
def test_wilsons_interval_is_scipys(total, share):
    right = round(share * total)
    expected = binomtest(right, total).proportion_ci(method="wilson")
    assert wilson(right, total) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("norm", ["L2", "Linf"])
def test_two_classes_of_a_linear_model_are_as_far_as_the_closed_form_says(norm):
    W, b, x, model = linear(0, 2)
    labels = model(x).argmax(1)
    exact = certified(W, b, x, labels, norm)
    # Written out: the margin over the dual norm of the difference of weights.
    apart = (W[0] - W[1]).norm() if norm == "L2" else (W[0] - W[1]).abs().sum()
    logits = model(x)
    assert exact.tolist() == pytest.approx(((logits[:, 0] - logits[:, 1]).abs() / apart).tolist())
    attack = Pgd(norm=norm, steps=10, bounds=FAR)
    found, images = nearest(model, x, labels, attack=attack, limit=20.0, rounds=24)
    assert bool((found >= exact - 1e-9).all())
    assert found.tolist() == pytest.approx(exact.tolist(), rel=1e-4)
    assert not bool((model(images).argmax(1) == labels).any())
    assert length(images - x, norm).tolist() == pytest.approx(found.tolist())


@given(seed=st.integers(0, 1000), norm=st.sampled_from(["L2", "Linf"]))
@settings(max_examples=25, deadline=None)
def test_no_attack_succeeds_within_a_certificate_and_one_does_just_outside(seed, norm):
    W, b, x, model = linear(seed, 4)
    labels = model(x).argmax(1)
    radius = certified(W, b, x, labels, norm)
    attack = Pgd(norm=norm, steps=8, bounds=FAR, loss="margin", restarts=2)
    inside = attack(model, x, labels, radius * (1 - 1e-6), generator=generator(seed))
    assert not bool(inside.success.any())
    targets = ((labels[:, None] + torch.arange(1, 4)) % 4).flatten()
    outside = Pgd(norm=norm, steps=8, step_size=1.0, bounds=FAR, loss="margin")(
        model,
        x.repeat_interleave(3, 0),
        targets,
        (radius * 1.001 + 1e-9).repeat_interleave(3),
        targeted=True,
    )
    assert bool(outside.success.reshape(10, 3).any(1).all())


def test_distances_of_what_is_wrong_already_and_of_what_is_too_far():
    def model(x):
        return torch.stack([x[:, 0], 0.5 - x[:, 0]], 1)

    x = torch.tensor([[0.1, 0.5], [0.45, 0.5], [0.95, 0.5]])
    labels = torch.tensor([0, 0, 0])
    distance, images = nearest(model, x, labels, attack=Pgd(), limit=0.3, rounds=12)
    assert distance[0] == 0
    assert distance[1] == pytest.approx(0.2, abs=1e-3)
    assert distance[2] == math.inf
    assert torch.equal(images[[0, 2]], x[[0, 2]])
    assert surviving(distance, [0.0, 0.1, 0.25]).tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    kept = robust(model, x, labels, [0.0, 0.1, 0.25], attack=Pgd(stop=True))
    assert kept.tolist() == [[False, True, True], [False, True, True], [False, False, True]]
    with pytest.raises(ValueError, match="ascending"):
        robust(model, x, labels, [0.1, 0.0], attack=Pgd())


def test_transfer_counts_the_successes_of_the_source():
    def left(x):
        return torch.stack([x[:, 0], 0.5 - x[:, 0]], 1)

    def right(x):  # looks at the other pixel
        return torch.stack([x[:, 1], 0.5 - x[:, 1]], 1)

    x = torch.tensor([[0.3, 0.9], [0.9, 0.3], [0.3, 0.3]])
    labels = torch.tensor([0, 0, 0])
    models = {"left": left, "right": right}
    found = {name: Pgd()(model, x, labels, 0.2) for name, model in models.items()}
    assert found["left"].success.tolist() == [True, False, True]
    rates = transfer(models, found, labels)
    assert rates.tolist() == [[1, 0], [0, 1]]
    targets = 1 - labels
    aimed = {name: Pgd()(model, x, targets, 0.2, targeted=True) for name, model in models.items()}
    assert transfer(models, aimed, targets, targeted=True).tolist() == [[1, 0], [0, 1]]
