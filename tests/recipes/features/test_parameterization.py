from itertools import pairwise
from pathlib import Path

import pytest
import torch

from stillroom.precompute.inputs import read_input
from stillroom.recipe import ImageFile
from stillroom.recipes.features import colour
from stillroom.recipes.features.parameterization import (
    fourier,
    frequencies,
    noise,
    phases,
    pixels,
)
from stillroom.recipes.features.reading import picture
from stillroom.recipes.features.spectrum import fine_share, magnitude

torch.set_num_threads(1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def photographs():
    names = ("astronaut", "chelsea", "coffee", "rocket")
    return [
        picture(ImageFile(name, read_input(f"skimage:{name}", Path("skimage")))) for name in names
    ]


def drawn(parameterization):
    return parameterization.draw(parameterization.tensors)


@pytest.mark.parametrize("size", [(16, 16), (15, 22), (12, 9)])
@pytest.mark.parametrize("matrix", [colour.MEASURED, colour.IMAGENET, colour.PLAIN])
@pytest.mark.parametrize("make", [pixels, fourier])
def test_a_picture_becomes_numbers_and_the_same_picture_again(make, matrix, size):
    x = torch.rand(2, 3, *size, generator=seeded()) * 0.98 + 0.01
    again = make(2, size, seeded(), colour=matrix, start=x)
    torch.testing.assert_close(drawn(again), x, rtol=0, atol=1e-5)


@pytest.mark.parametrize("make", [pixels, fourier])
def test_starting_noise_is_that_of_its_generator(make):
    one, same, other = (make(2, 16, seeded(seed)).tensors for seed in (1, 1, 2))
    for name, tensor in one.items():
        assert torch.equal(tensor, same[name])
        assert not torch.equal(tensor, other[name])
        assert float(tensor.std()) == pytest.approx(0.01, rel=0.1)


def test_a_step_in_a_coarse_wave_is_larger_than_in_a_fine_one():
    size = 16
    start = fourier(1, size, seeded(), deviation=0.0, colour=colour.PLAIN)
    f = frequencies(size, size)
    for row, column in ((0, 1), (0, 2), (3, 4), (5, 7)):
        waves = start.tensors["waves"].clone()
        waves[0, 0, row, column, 0] = 0.01
        amplitude = (start.draw({"waves": waves}) - 0.5).abs().max()
        # A pair of waves of amplitude 2 / size, a quarter of them, through the sigmoid's slope.
        expected = 0.01 / float(f[row, column]) * 0.25 * 2 / size * 0.25
        assert float(amplitude) == pytest.approx(expected, rel=1e-3)


def test_shared_waves_move_all_pictures_and_only_the_coarse_part():
    start = fourier(3, 16, seeded(), deviation=0.0, shared=0.2, colour=colour.PLAIN)
    tensors = dict(start.tensors)
    tensors["shared"] = torch.randn(tensors["shared"].shape, generator=seeded()) * 0.01
    pictures = start.draw(tensors)
    assert torch.equal(pictures[0], pictures[1])
    energies = torch.fft.rfft2(pictures.logit()).abs()[0, 0]
    f = frequencies(16, 16)
    assert energies[f >= 0.2].max() < 1e-4
    assert energies[(f < 0.2) & (f > 0)].min() > 1e-4


def test_alpha_is_a_fourth_channel_of_its_own():
    for make in (pixels, fourier):
        assert drawn(make(2, (8, 12), seeded(), alpha=True)).shape == (2, 4, 8, 12)
    x = torch.rand(1, 4, 8, 8, generator=seeded()) * 0.9 + 0.05
    torch.testing.assert_close(drawn(fourier(1, 8, seeded(), alpha=True, start=x)), x)


@pytest.mark.parametrize("size", [15, 16])
def test_phases_keep_the_magnitude_of_photographs(size, photographs):
    found = magnitude(dict(enumerate(photographs)), size)
    start = phases(2, size, seeded(), magnitude=found)
    latent = colour.hidden(drawn(start), colour.MEASURED)
    kept = torch.fft.rfft2(latent, norm="ortho").abs()
    # A wave that is its own mirror image is real: its phase can only turn it over.
    columns = slice(1, (size + 1) // 2)
    expected = found[:, :, columns].expand(2, -1, -1, -1)
    torch.testing.assert_close(kept[..., columns], expected, rtol=1e-3, atol=1e-3)
    assert float(latent.mean((2, 3)).abs().max()) < 1e-4


def test_a_drawn_picture_has_the_contrast_and_the_fall_of_photographs(photographs):
    start = phases(8, 64, seeded(), magnitude=magnitude(dict(enumerate(photographs)), 64))
    spread = drawn(start).std((2, 3)).mean(0)
    usual = torch.stack([each.std((1, 2)) for each in photographs]).mean(0)
    assert ((0.4 * usual < spread) & (spread < 1.2 * usual)).all()
    assert float(fine_share(drawn(start)).mean()) < 0.1


def test_the_measured_colours_are_those_of_the_photographs(photographs):
    measured = colour.measure(photographs)
    torch.testing.assert_close(measured, torch.tensor(colour.MEASURED).double(), rtol=0, atol=1e-4)


@pytest.mark.parametrize("cholesky", [False, True])
def test_measured_colours_are_independent(cholesky, photographs):
    root = colour.measure(photographs, cholesky=cholesky)
    assert float(torch.linalg.matrix_norm(root, 2)) == pytest.approx(1)
    if cholesky:
        assert torch.equal(root.tril(), root)
    inverse = torch.linalg.inv(root)
    each = []
    for photograph in photographs:
        z = inverse @ photograph.double().flatten(1)
        each.append((z - z.mean(1, keepdim=True)) @ (z - z.mean(1, keepdim=True)).T / z.shape[1])
    found = torch.stack(each).mean(0)
    torch.testing.assert_close(found / found[0, 0], torch.eye(3).double(), rtol=0, atol=1e-9)


def test_the_published_colours_have_the_same_scale():
    for matrix in (colour.MEASURED, colour.IMAGENET, colour.PLAIN):
        assert float(torch.linalg.matrix_norm(torch.tensor(matrix), 2)) == pytest.approx(
            1, abs=1e-3
        )


def test_backgrounds_fall_off_like_photographs():
    backgrounds = noise(8, 64, seeded())
    assert backgrounds.shape == (8, 3, 64, 64)
    energy = torch.fft.rfft2(backgrounds.logit()).abs().pow(2).mean((0, 1))
    f = frequencies(64, 64)
    bands = [energy[(f > low) & (f <= 2 * low)].mean() for low in (1 / 32, 1 / 16, 1 / 8)]
    for coarse, fine in pairwise(bands):
        assert float(coarse / fine) == pytest.approx(4, rel=0.25)
