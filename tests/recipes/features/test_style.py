"""Styles as objectives, and pictures painted with them."""

import pytest
import torch

from stillroom.recipes.features.close_up import most_apart
from stillroom.recipes.features.loop import measure
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.style import style_of
from stillroom.recipes.features.style_transfer import style_transfer
from stillroom.testing import run_recipe


def net():
    """Two layers on a torus without biases: nothing is said of a black picture."""
    generator = torch.Generator().manual_seed(0)
    convolutions = [
        torch.nn.Conv2d(i, o, 3, padding=1, padding_mode="circular", bias=False)
        for i, o in ((3, 4), (4, 5))
    ]
    for each in convolutions:
        torch.nn.init.normal_(each.weight, generator=generator)
    return torch.nn.Sequential(convolutions[0], torch.nn.ReLU(), convolutions[1]).eval()


def pictures(seed):
    return torch.rand(2, 3, 8, 10, generator=torch.Generator().manual_seed(seed))


def test_a_style_is_at_distance_0_from_itself_wherever_it_is_and_1_from_a_blank_layer():
    model, wanted = net(), pictures(1)
    objective = style_of(model, wanted, ["0", "2"])
    moved = wanted.roll((3, 4), (2, 3))
    assert torch.allclose(measure(model, objective, moved), torch.zeros(2), atol=1e-10)
    black = measure(model, objective, torch.zeros_like(wanted))
    assert torch.allclose(black, -torch.ones(2), atol=1e-6)


def test_a_distance_is_that_of_gram_matrices_relative_to_their_mean_square():
    model, wanted, other = net(), pictures(1), pictures(2)
    objective = style_of(model, wanted, ["0", "2"])

    def gram(held):
        flat = held.detach().double().flatten(1)
        return torch.stack([(a * b).mean() for a in flat for b in flat])

    expected = torch.zeros(2).double()
    for depth in (1, 3):
        for n in range(2):
            own = gram(model[:depth](wanted[n : n + 1])[0])
            its = gram(model[:depth](other[n : n + 1])[0])
            expected[n] -= ((own - its) ** 2).mean() / (own**2).mean() / 2
    assert torch.allclose(measure(model, objective, other).double(), expected, rtol=1e-4)


@pytest.fixture(scope="module")
def painted():
    return {
        steps: run_recipe(
            style_transfer,
            contents=["skimage:chelsea"],
            styles=["skimage:brick", "skimage:coffee"],
            names=["cat", "bricks", "coffee"],
            size=48,
            steps=steps,
        )
        for steps in (1, 30)
    }


def test_painting_comes_nearer_to_the_style_and_the_content(painted):
    short, long = (painted[steps].facts for steps in (1, 30))
    for way in ("waves", "pixels"):
        for what in ("style", "unseen", "content"):
            assert long[f"{what}_{way}"] < 0.9 * short[f"{what}_{way}"]


def test_waves_are_coarser_than_pixels(painted):
    facts = painted[30].facts
    assert facts["fine_waves_high"] < facts["fine_pixels_low"]


def with_checkerboard(top, left):
    """A coarse wave with a checkerboard of 8 × 8 pixels on it."""
    picture = torch.sin(torch.arange(64) / 5).expand(1, 48, 64).clone()
    board = 1 - 2.0 * (torch.arange(8)[:, None] + torch.arange(8)).remainder(2)
    picture[:, top : top + 8, left : left + 8] += board
    return picture


@pytest.mark.parametrize("swapped", [False, True])
def test_two_pictures_are_most_apart_where_one_has_a_checkerboard(swapped):
    pair = [torch.sin(torch.arange(64) / 5).expand(1, 48, 64), with_checkerboard(20, 40)]
    x, y = (40 + 4) / 64, (20 + 4) / 48
    focus, *shares = most_apart(*(reversed(pair) if swapped else pair), 8)
    assert focus == [pytest.approx(x, abs=4 / 64), pytest.approx(y, abs=4 / 48)]
    left, top = round(focus[0] * 64 - 4), round(focus[1] * 48 - 4)
    there = fine_share(torch.stack(pair)[:, :, top : top + 8, left : left + 8]).tolist()
    assert (shares[::-1] if swapped else shares) == pytest.approx(there)
    assert there[0] < 0.2
    assert there[1] > 0.6


def test_the_focus_is_inside_and_pixels_are_finer_there(painted):
    result = painted[30]
    assert all(4 / 48 <= part <= 44 / 48 for part in result.data["focus"])
    assert result.facts["close_pixels"] > result.facts["close_waves"]


def test_pictures_and_names_agree(painted):
    result = painted[30]
    waves = result.assets["waves"].pixels
    assert waves.shape == (2, 48, 48, 3)
    assert torch.equal(result.assets["first_waves"].pixels, waves[0])
    assert result.data["rows"]["values"] == ["cat"]
    assert result.data["columns"]["values"] == ["bricks", "coffee"]
    assert {len(column) for column in result.tables["cells"].values()} == {2}


def test_each_picture_needs_a_name():
    with pytest.raises(ValueError, match="1 contents and 1 styles, 3 names"):
        run_recipe(
            style_transfer,
            contents=["skimage:chelsea"],
            styles=["skimage:brick"],
            names=["cat", "bricks", "gravel"],
        )
