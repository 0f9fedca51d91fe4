import math

import numpy as np
import pytest
import scipy.ndimage
import torch

from stillroom.recipes.features.transform import NONE, STANDARD, Transform

torch.set_num_threads(1)
MANY, SIZE = 4000, (20, 30)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def smooth(*size):
    noise = np.random.default_rng(0).normal(size=size)
    blurred = scipy.ndimage.gaussian_filter(noise, 2, axes=(-2, -1))
    return torch.tensor(blurred / blurred.std(), dtype=torch.float64)


def test_nothing_to_do_leaves_the_very_picture():
    x = torch.rand(2, 3, *SIZE)
    assert NONE.apply(x, NONE.sample(2, SIZE, seeded())) is x
    matrices = NONE.sample(3, SIZE, seeded())
    assert torch.equal(matrices, torch.eye(2, 3).double().expand(3, -1, -1))


@pytest.mark.parametrize("edge", ["grey", "reflect", "stretch"])
def test_resampling_in_place_changes_nothing(edge):
    x = torch.rand(2, 3, *SIZE)
    still = torch.eye(2, 3).expand(2, -1, -1).double()
    torch.testing.assert_close(Transform(jitter=1, edge=edge).apply(x, still), x)


def test_jitter_is_uniform_and_reaches_its_ends():
    shift = Transform(jitter=8).sample(MANY, SIZE, seeded())[:, :, 2]
    assert shift.abs().max() <= 8
    assert shift.abs().max() > 7.9
    for axis in shift.T:
        assert abs(float(axis.mean())) < 4 * 8 / math.sqrt(3 * MANY)
        assert float(axis.std()) == pytest.approx(8 / math.sqrt(3), rel=0.03)
    assert abs(float(torch.corrcoef(shift.T)[0, 1])) < 4 / math.sqrt(MANY)


def test_scale_is_even_between_smaller_and_larger():
    matrices = Transform(scale=1.25).sample(MANY, SIZE, seeded())
    factor = torch.linalg.det(matrices[:, :, :2]).sqrt()
    assert 0.8 <= factor.min() < 0.803
    assert 1.246 < factor.max() <= 1.25
    assert abs(float(factor.log().mean())) < 4 * math.log(1.25) / math.sqrt(3 * MANY)
    assert matrices[:, :, 2].abs().max() == 0


def test_rotation_is_uniform_and_keeps_sizes():
    matrices = Transform(rotate=10).sample(MANY, SIZE, seeded())[:, :, :2]
    torch.testing.assert_close(matrices @ matrices.mT, torch.eye(2).double().expand(MANY, -1, -1))
    angle = torch.atan2(matrices[:, 1, 0], matrices[:, 0, 0]).rad2deg()
    assert 9.9 < angle.abs().max() <= 10
    assert abs(float(angle.mean())) < 4 * 10 / math.sqrt(3 * MANY)
    assert float(angle.std()) == pytest.approx(10 / math.sqrt(3), rel=0.03)


def test_a_crop_lies_anywhere_within_the_picture():
    shift = Transform(crop=12).sample(MANY, SIZE, seeded())[:, :, 2]
    assert shift[:, 0].abs().max() <= 9
    assert shift[:, 1].abs().max() <= 4
    assert shift[:, 0].abs().max() > 8.9
    x = torch.rand(4, 3, *SIZE)
    transform = Transform(crop=12, edge="grey")
    seen = transform.apply(x, transform.sample(4, SIZE, seeded()))
    assert seen.shape == (4, 3, 12, 12)
    assert seen.min() >= 0


def test_a_shift_by_whole_pixels_is_a_shift():
    x = smooth(1, 1, 12, 16)
    matrix = torch.tensor([[[1.0, 0, 3], [0, 1, -2]]]).double()
    seen = Transform(jitter=3, edge="grey").apply(x, matrix)
    expected = torch.full_like(x, 0.5)
    expected[..., 2:, :-3] = x[..., :-2, 3:]
    torch.testing.assert_close(seen, expected)


def test_pad_adds_on_every_side():
    x = smooth(1, 2, 6, 8)
    still = torch.eye(2, 3)[None].double()
    for edge, mode in (("grey", "constant"), ("reflect", "symmetric"), ("stretch", "edge")):
        options = {"constant_values": 0.5} if mode == "constant" else {}
        wide = ((0, 0), (0, 0), (3, 3), (3, 3))
        expected = torch.tensor(np.pad(x.numpy(), wide, mode=mode, **options))
        torch.testing.assert_close(Transform(pad=3, edge=edge).apply(x, still), expected)


def test_the_whole_is_one_affine_resampling_about_the_middle():
    x = smooth(40, 50)
    transform = Transform(jitter=3, scale=1.2, rotate=20, edge="grey")
    matrices = transform.sample(5, (40, 50), seeded(3))
    seen = transform.apply(x.expand(5, 1, -1, -1), matrices)[:, 0]
    middle = np.array([19.5, 24.5])
    for found, matrix in zip(seen, matrices.numpy(), strict=True):
        turn = matrix[::-1, 1::-1]  # scipy counts rows first
        offset = middle + matrix[::-1, 2] - turn @ middle
        expected = scipy.ndimage.affine_transform(
            x.numpy(), turn, offset, order=1, mode="constant", cval=0.5
        )
        inner = (slice(12, -12), slice(14, -14))
        np.testing.assert_allclose(found.numpy()[inner], expected[inner], atol=1e-9)


def test_every_picture_has_its_own_and_a_seed_repeats_them():
    one, same, other = (STANDARD.sample(4, SIZE, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert len(one.flatten(1).unique(dim=0)) == 4
