"""Waves on photographs."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from stillroom.models.pictures import PREFIX
from stillroom.precompute.inputs import read_input
from stillroom.recipe import ImageFile, Run
from stillroom.recipes.adversarial.photograph_sensitivity import photograph_sensitivity, wave

torch.set_num_threads(1)
IMAGES = [
    ImageFile(f"{PREFIX}{name}", read_input(f"{PREFIX}{name}", Path()))
    for name in ("chelsea", "coffee", "rocket")
]


@pytest.mark.parametrize("frequency", [0, 1, 3, 8, 16])
def test_a_wave_has_mean_square_one_and_its_own_frequency(frequency):
    side = 32
    drawn = wave(frequency, side, torch.Generator().manual_seed(frequency))
    assert float(drawn.square().mean()) == pytest.approx(1, abs=1e-5)
    power = np.abs(np.fft.fft2(drawn.numpy(), s=(8 * side, 8 * side))) ** 2
    down, across = np.unravel_index(power.argmax(), power.shape)
    found = math.hypot(*(min(each, 8 * side - each) / 8 for each in (down, across)))
    # A wave that does not close on the square leaks a little beside its frequency.
    assert found == pytest.approx(frequency, abs=0.5)


@pytest.fixture(scope="module")
def result():
    return photograph_sensitivity(
        Run(seed=1), images=IMAGES, frequencies=[0, 8, 32], squares=24, waves=1, size=64, sure=0.7
    )


def test_shares_are_of_the_squares_that_count(result):
    facts, table = result.facts, result.tables["changed"]
    assert 2 <= facts["photographs"] <= 3
    assert facts["photographs"] <= facts["counted"] < facts["squares"] == 24
    assert table["frequency"] == [0, 8, 32]
    for mean, low, high in zip(table["mean"], table["low"], table["high"], strict=True):
        assert 0 <= low <= mean <= high <= 1
    assert facts["low"] == pytest.approx(table["mean"][0])
    assert facts["middle"] == pytest.approx(table["mean"][1])
    assert facts["low"] < facts["middle"]


def test_the_pictures_carry_the_wave(result):
    axis = result.data["axis"]["values"]
    for number, panel in enumerate(result.data["panels"], 1):
        frames = np.asarray(result.assets[f"moved_{number}"].pixels, dtype=float)
        assert len(frames) == len(panel["top"]) == len(axis)
        # Brighter by the contrast at frequency 0 than the mean of what waves leave untouched.
        assert frames[0].mean() > frames[2].mean() + 0.05


@pytest.mark.parametrize("frequencies", [[8, 1], [0, 0], [-1, 8, 32], [0, 8, 40], [0, 8]])
def test_frequencies_that_a_square_cannot_hold_are_refused(frequencies):
    with pytest.raises(ValueError, match="expected ascending frequencies from 0 to 32"):
        photograph_sensitivity(Run(), images=IMAGES, frequencies=frequencies, size=64)
