"""What the figures of three commentaries show, computed again with numpy."""

import numpy as np
import pytest
import torch

from stillroom.models.digits import SIDE, digits
from stillroom.recipe import Run, Stored
from stillroom.recipes.adversarial.digit_nets import digit_nets
from stillroom.recipes.adversarial.fourier_sensitivity import ACROSS, SHOWN, fourier_sensitivity
from stillroom.recipes.adversarial.leakage_bound import leakage_bound
from stillroom.recipes.adversarial.linear_digit_features import linear_digit_features
from stillroom.testing import store_recipe

torch.set_num_threads(1)


def pair_of_digits():
    training, _ = digits()
    chosen = (training.labels == 3) | (training.labels == 8)
    x = training.images[chosen].double().flatten(1).numpy()
    y = np.where(training.labels[chosen] == 3, 1.0, -1.0)
    return x - x.mean(0), (y - y.mean()) / y.std()


def test_ensembles_and_containments_are_what_numpy_makes_of_the_features():
    result = linear_digit_features(Run(), frontier_points=16, mixtures=5, show="ensembles")
    x, y = pair_of_digits()
    a = np.asarray(result.assets["weights"].array, dtype=float)
    members = len(a) // 2
    part = x @ a[-members:].T
    # The best weighted sum of the members is the regression on them.
    coefficients, *_ = np.linalg.lstsq(part, y, rcond=None)
    best = np.corrcoef(part @ coefficients, y)[0, 1]
    assert result.facts["ensemble_optimum"] == pytest.approx(best, abs=1e-4)
    use = [np.corrcoef(x @ each, y)[0, 1] for each in a]
    ahead = sum(
        np.corrcoef((x @ a[-count:].T) @ np.sign(use[-count:]), y)[0, 1] > max(use[-count:])
        for count in range(2, len(a) + 1)
    )
    assert result.facts["ensembles_ahead"] == ahead
    path = result.data["path"]
    assert len(path["parts"]) == len(result.tables["ensembles"]["members"])
    assert path["parts"][path["start"]] == list(range(len(a) - members, len(a)))
    assert len(result.assets["ensembles"].pixels) == len(path["parts"])
    for third in result.data["telling"]:
        assert use[third["useful"]] > use[third["useless"]]


def test_the_moved_digits_are_digits_and_waves():
    nets = store_recipe(digit_nets, kind="mlp", seeds=2, epochs=2, steps=1)
    result = fourier_sensitivity(Run(), nets=nets, tested=40, size=1.0)
    _, test = digits()
    moved = np.asarray(result.assets["moved"].pixels, dtype=float)[..., 0]
    # Frequency 0, at which the wave is the same everywhere.
    middle = (SIDE // 2) * SIDE + SIDE // 2
    expected = 1 - np.clip(test.images[0, 0].numpy() + 1 / SIDE, 0, 1)
    assert moved[middle, :SIDE, :SIDE] == pytest.approx(expected, abs=1e-6)
    assert moved[middle, SIDE] == pytest.approx(1)  # a white line between two rows
    second = 1 - np.clip(test.images[ACROSS + 1, 0].numpy() + 1 / SIDE, 0, 1)
    assert moved[middle, SIDE + 1 :, SIDE + 1 : 2 * SIDE + 1] == pytest.approx(second, abs=1e-6)
    errors = np.asarray(result.assets["errors"].array)
    for network, own in zip(result.data["networks"], errors, strict=True):
        assert network["errors"] == pytest.approx(own.flatten().tolist(), abs=1e-6)
        assert {len(each) for each in network["says"]} == {SHOWN}
    assert result.data["own"] == "".join(map(str, test.labels[:SHOWN].tolist()))


def test_a_bound_is_told_beside_each_score():
    facts = {"seeds": 2, "median_norm": 3.0, "median_other": 2.0, "min_other": 1.0}
    for radius, text in ((0.8, "0_8"), (1.2, "1_2")):
        facts[f"success_at_{text}"] = radius / 2
        for number, name in enumerate(("rand_true", "rand_leak", "det_true", "det_leak"), 1):
            facts |= {
                f"{name}_at_{text}{ending}": (number + shift) * radius / 10
                for ending, shift in (("", 0.0), ("_low", -0.5), ("_high", 0.5))
            }
    scores = Stored(facts, {}, {"determined": {"radius": [0.8, 1.2, 0.8, 1.2]}}, {})
    result = leakage_bound(Run(), scores=scores)
    assert result.facts["rand_share_at_1_2"] == pytest.approx(2.0)
    assert result.facts["det_share_at_0_8"] == pytest.approx(4 / 3)
    table = result.tables["scores"]
    assert len(table["who"]) == 8
    at = table["who"].index("D_det, robust cues")
    assert [table[key][at] for key in ("radius", "mean", "low", "high")] == pytest.approx(
        [0.8, 0.32, 0.28, 0.36]
    )
