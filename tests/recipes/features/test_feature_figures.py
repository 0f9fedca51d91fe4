"""The recipes of the article on feature visualization, each at a tiny size."""

import math

import pytest
import torch
from scipy.stats import binomtest
from torch import nn

from stillroom.models.vision import load_model
from stillroom.recipe import Run, Stored
from stillroom.recipes.features import gradient_grid as grid
from stillroom.recipes.features.ascent_over_steps import ascent_over_steps
from stillroom.recipes.features.channel_pictures import channel_pictures, spread
from stillroom.recipes.features.channels import above, best, channels, gain
from stillroom.recipes.features.class_pictures import class_pictures, verdict
from stillroom.recipes.features.diverse_pictures import diverse_pictures
from stillroom.recipes.features.drawing import draw
from stillroom.recipes.features.extremes import extremes
from stillroom.recipes.features.gradient_metrics import METRICS, direction, gradient_metrics
from stillroom.recipes.features.gradient_spectra import gradient_spectra, spectrum_of
from stillroom.recipes.features.joint_matrix import joint_matrix
from stillroom.recipes.features.judged_regularisers import judged_regularisers
from stillroom.recipes.features.logit_or_probability import (
    by_class,
    logit_or_probability,
    matched,
    sign_test,
)
from stillroom.recipes.features.loop import measure
from stillroom.recipes.features.neuron_interpolation import neuron_interpolation
from stillroom.recipes.features.objective import channel, gram
from stillroom.recipes.features.objective_menu import LABELS, objective_menu, objectives
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.reading import activations
from stillroom.recipes.features.regulariser_matrix import FAMILIES, STRENGTHS, regulariser_matrix
from stillroom.recipes.features.sheets import sheet, unpack
from stillroom.recipes.features.spectrum import fine_share
from stillroom.testing import run_recipe, store_recipe

torch.set_num_threads(1)
LAYER = "block1.expand.linear"
IMAGES = ["skimage:chelsea", "skimage:coffee"]


@pytest.fixture(scope="module")
def net():
    return load_model("efficientnet-lite0")


@pytest.fixture(scope="module")
def drawn():
    return store_recipe(channel_pictures, layers=[LAYER], channels=3, steps=2, size=32, looks=2)


@pytest.fixture(scope="module")
def classes():
    return store_recipe(class_pictures, classes=3, steps=2, frames=2, seeds=1, size=32)


def pictures(frames):
    return torch.as_tensor(frames.pixels).permute(0, 3, 1, 2)


def means(net, image, layer, units):
    a = activations(net, image, [layer])[layer]
    return a[range(len(units)), units].mean((1, 2))


def test_what_is_measured_is_what_the_network_gives(net):
    start = fourier(2, 32, torch.Generator().manual_seed(0))
    found = draw(Run(), net, channel(LAYER, [3, 7]), start, name="a", steps=3, looks=2)
    torch.testing.assert_close(found.plain, means(net, found.image, LAYER, [3, 7]))
    assert (found.plain > found.start).all()
    assert not torch.equal(found.moved, found.plain)


def test_channels_are_spread_and_their_numbers_are_those_of_the_pictures(net):
    result = run_recipe(channel_pictures, layers=[LAYER], channels=3, steps=2, size=32, looks=2)
    table = result.tables["block1-expand-linear"]
    assert table["channel"] == spread(net, LAYER, 3) == [0, 32, 64]
    image = pictures(result.assets["block1-expand-linear"])
    a = activations(net, image, [LAYER])[LAYER][range(3), [0, 32, 64]]
    torch.testing.assert_close(torch.tensor(table["plain"]), a.mean((1, 2)))
    torch.testing.assert_close(torch.tensor(table["peak"]), a.amax((1, 2)))
    with pytest.raises(ValueError, match="96 channels, fewer than 97"):
        spread(net, LAYER, 97)


def test_a_sheet_is_read_back(drawn):
    expected = run_recipe(
        channel_pictures, layers=[LAYER], channels=3, steps=2, size=32, looks=2
    ).assets["block1-expand-linear"]
    found = unpack(drawn, "block1-expand-linear", 3)
    assert found.shape == (3, 3, 32, 32)
    assert (found - pictures(expected)).abs().mean() < 0.05  # a lossy file
    assert sheet(found, 16).pixels.shape == (3, 16, 16, 3)


def test_channels_are_compared_with_the_best_square(net, drawn):
    result = run_recipe(
        channels, pictures=drawn, control=drawn, images=IMAGES[:1], labels=["a"], patches=2
    )
    table = result.tables["block1-expand-linear"]
    higher = [a > b for a, b in zip(table["plain"], table["best"], strict=True)]
    assert result.facts["above"] == sum(higher) / 3
    assert result.assets["block1-expand-linear-patches"].pixels.shape[0] == 6
    assert result.tables["control"]["best"] != table["best"]  # of the untrained copy
    down = unpack(drawn, "block1-expand-linear", 3).permute(0, 2, 3, 1).flatten(0, 1)
    assert torch.equal(result.assets["thumbnail"].pixels, down)  # a column, of one layer


def test_the_best_square_of_one_grey_picture_is_the_picture(net):
    grey = {"grey": torch.full((3, 40, 40), 0.5)}
    found = best(net, {LAYER: [3, 7]}, grey, 32)[LAYER]
    expected = means(net, torch.full((2, 3, 32, 32), 0.5), LAYER, [3, 7])
    torch.testing.assert_close(found.mean, expected)
    torch.testing.assert_close(found.typical, expected)


def test_shares_and_gains_are_over_all_rows():
    tables = [
        {"plain": [3.0, 1.0], "best": [2.0, 2.0], "typical": [1.0, 0.0]},
        {"plain": [9.0], "best": [3.0], "typical": [0.0]},
    ]
    assert above(tables, "plain", "best") == 2 / 3
    assert gain(tables) == 2.0  # of 2, 0.5 and 3


def test_a_verdict_is_the_networks_softmax(net):
    images = torch.rand(2, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    found = verdict(net, images, [5, 9])
    logits = net(images)
    expected = logits.softmax(1)[[0, 1], [5, 9]]
    torch.testing.assert_close(found.probability, expected, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(found.logit, logits[[0, 1], [5, 9]])
    others = logits[0, [k for k in range(1000) if k != 5]]
    assert float(found.rivals[0]) == pytest.approx(math.log(float(others.exp().sum())), rel=1e-5)
    assert verdict(net, images[:1], [int(logits[0].argmax())]).first.all()


def test_the_judge_is_asked_after_each_frame(classes):
    table = classes.tables["runs"]
    assert table["step"] == [1, 1, 1, 2, 2, 2]
    assert classes.facts["judged"] == pytest.approx(sum(table["judged"][3:]) / 3)
    assert table["logit"][3:] != table["logit"][:3]


def runs(**columns):
    count = len(columns["name"])
    return {"seed": [0] * count, "first": [0] * count, "fine": [0] * count, **columns}


def test_the_matched_picture_is_the_first_whose_odds_suffice():
    table = runs(
        name=["a", "b"] * 3,
        step=[1, 1, 2, 2, 3, 3],
        logit=[1, 1, 5, 2, 9, 3],
        rivals=[0.0] * 6,
        judged=[0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    )
    goal = runs(name=["a", "b"], step=[3, 3], logit=[4, 50], rivals=[1, 0], judged=[0.0, 0.0])
    found = matched(table, goal)
    assert found["step"] == [2, 3]
    assert found["judged"] == [0.3, 0.6]
    assert by_class([1, 2, 3, 4], ["a", "b", "a", "b"], ["b", "a"]).tolist() == [3, 2]


@pytest.mark.parametrize(("wins", "losses"), [(21, 3), (12, 12), (0, 5)])
def test_the_sign_test_is_that_of_scipy(wins, losses):
    expected = binomtest(wins, wins + losses).pvalue
    assert sign_test(wins, losses) == pytest.approx(expected)


def test_objectives_are_compared_class_by_class(classes):
    names = [f"class {index}" for index in range(6)]
    columns = {"name": names, "step": [2] * 6, "logit": [5] * 6, "rivals": [0] * 6}
    stored = {
        arm: Stored({}, {}, {"runs": runs(**columns, judged=judged)}, {})
        for arm, judged in {
            "logit": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
            "probability": [0.1, 0.2, 0.3, 0.4, 0.45, 0.5],
            "log_probability": [0.0] * 6,
        }.items()
    }
    facts = run_recipe(logit_or_probability, **stored).facts
    assert facts["probability_wins"] == 5
    assert facts["probability_lead"] == pytest.approx((3.9 - 1.95) / 6)
    assert facts["log_probability_p"] == 2 / 2**6
    assert facts["matched_judged"] == facts["logit_judged"]  # one step: nowhere else to stop
    other = {**stored, "probability": classes}
    with pytest.raises(ValueError, match="same classes"):
        run_recipe(logit_or_probability, **other)


def test_regularisers_are_shown_by_arm_and_class(classes):
    pixels = store_recipe(
        class_pictures, classes=3, steps=2, frames=2, seeds=1, size=32, waves=False, moving=False
    )
    arms = {"neither": pixels, "moves": pixels, "waves": classes, "both": classes}
    result = run_recipe(judged_regularisers, **arms, shown=2)
    facts = result.facts
    assert result.assets["pictures"].pixels.shape[0] == 8
    shown = result.tables["pictures"]["judged"][6:]
    assert shown == pytest.approx(classes.tables["runs"]["judged"][3:5], abs=1e-4)
    assert facts["waves_fine"] == pytest.approx(classes.facts["fine"])
    removed = pixels.facts["fine"] - classes.facts["fine"]
    assert facts["waves_removed"] == facts["both_removed"] == pytest.approx(removed)
    assert facts["moves_removed"] == facts["waves_lead"] == 0  # the same pictures
    lead = classes.facts["judged"] - pixels.facts["judged"]
    assert facts["moves_lead"] == pytest.approx(lead)
    table = result.tables["pictures"]
    assert result.assets["control"].pixels.shape[0] == 8
    assert facts["control_waves_logit"] == pytest.approx(
        sum(table["control_logit"][4:6]) / 2, abs=1e-4
    )
    assert table["control_logit"] != table["logit"]  # of the untrained copy
    other = store_recipe(class_pictures, classes=2, steps=2, frames=2, seeds=1, size=32)
    with pytest.raises(ValueError, match="same classes"):
        run_recipe(judged_regularisers, **{**arms, "moves": other})


def test_each_regulariser_starts_from_the_same_and_takes_out_fine_waves():
    result = run_recipe(regulariser_matrix, draft=True, layer=LAYER, units=[3], steps=3, size=96)
    fine = result.tables["pictures"]["fine"]
    rows = [fine[row * STRENGTHS : (row + 1) * STRENGTHS] for row in range(len(FAMILIES))]
    assert len({row[0] for row in rows}) == 1  # none is none
    assert rows[1][-1] < rows[1][0]
    shown = fine_share(pictures(result.assets["pictures"]))
    torch.testing.assert_close(torch.tensor(fine), shown, rtol=1e-3, atol=1e-4)
    assert result.facts["blur_fine_4"] == pytest.approx(rows[1][-1])


class Strided(nn.Module):
    def __init__(self, stride):
        super().__init__()
        self.only = nn.Conv2d(3, 4, 3, stride, padding=1)
        nn.init.normal_(self.only.weight, generator=torch.Generator().manual_seed(1))

    def forward(self, x):
        return self.only(x)


def test_a_stride_leaves_a_grid_and_its_absence_or_a_shift_does_not():
    inputs = torch.randn(16, 3, 128, 128, generator=torch.Generator().manual_seed(0))

    def unevenness(stride, moves):
        tile = grid.fold(grid.slopes_of(Strided(stride), "only", inputs, moves).abs().mean((0, 1)))
        return float(tile.std() / tile.mean())

    still, phases = [(0, 0)], [(down, right) for down in (0, 1) for right in (0, 1)]
    assert unevenness(2, still) > 5 * unevenness(1, still)
    assert unevenness(2, phases) < 2 * unevenness(1, still)
    assert grid.offsets(3, torch.Generator())[0] == (0, 0)


def test_folding_keeps_what_repeats():
    tile = torch.rand(32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(grid.fold(tile.repeat(4, 4)), tile)


def test_tiles_have_a_place_for_each_arm_and_layer():
    result = run_recipe(grid.gradient_grid, pictures=2, shifts=2, layers=["stem.linear"])
    assert result.assets["tiles"].pixels.shape == (3, 32, 32, 1)
    assert 0 < result.facts["trained_fine_0"] < 1


def test_spectra_of_noise_are_flat_and_those_of_photographs_fall():
    white = torch.randn(16, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    flat = spectrum_of(white)
    assert max(flat) < 1.5 * min(flat)
    result = run_recipe(gradient_spectra, pictures=2, layers=["stem.linear"])
    assert result.facts["fall_input"] > 10
    assert len(result.tables["spectra"]["share"]) == 2 * len(flat)


@pytest.mark.parametrize("metric", METRICS)
def test_a_direction_is_that_of_the_jacobian(metric):
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, 6, 6, generator=generator).double() * 0.5 + 0.25
    slope = torch.randn(1, 3, 6, 6, generator=generator).double()
    found = direction(metric, slope, image)
    if metric == "square":
        expected = slope
    elif metric == "largest":
        expected = slope.sign()
    else:
        colour = {"colour": ((1.0, 0, 0), (0, 1.0, 0), (0, 0, 1.0))} if metric == "waves" else {}
        drawn = fourier(1, 6, torch.Generator(), start=image, **colour)
        waves = drawn.tensors["waves"]
        jacobian = torch.autograd.functional.jacobian(lambda z: drawn.draw({"waves": z}), waves)
        J = jacobian.reshape(108, -1)
        expected = (J @ J.T @ slope.flatten()).view_as(slope)
    torch.testing.assert_close(found, expected)


def untrained():
    """The control of a recipe that runs with seed 0."""
    return load_model("efficientnet-lite0", pretrained=False, seed=0)


def test_steps_are_equally_long_and_climb(net):
    result = run_recipe(gradient_metrics, layer=LAYER, units=2, marks=[1, 2], size=32)
    facts, table = result.facts, result.tables["pictures"]
    assert all(facts[f"{prefix}{metric}_gain"] > 0 for prefix in ("", "control_")
               for metric in METRICS)  # fmt: skip
    assert facts["waves_fine"] < facts["square_fine"]
    for prefix, model in {"": net, "control_": untrained()}.items():
        sheet_name = "control" if prefix else "pictures"
        shown = pictures(result.assets[sheet_name])
        assert len(shown) == 3 * len(METRICS)
        reached = means(model, shown[4:], LAYER, [48] * 8)  # the second of two channels of 96
        torch.testing.assert_close(
            torch.tensor(table[f"{prefix}plain"][4:]), reached, rtol=1e-3, atol=1e-4
        )
        moved = torch.tensor(table[f"{prefix}moved"][4:])
        assert not torch.equal(moved, torch.tensor(table[f"{prefix}plain"][4:]))
        assert (moved - reached).abs().max() < reached.abs().max()


def test_extremes_are_ordered_and_so_are_those_of_the_control():
    result = run_recipe(
        extremes, draft=True, images=IMAGES, layer=LAYER, units=[3, 7], steps=4, size=48
    )
    facts, table = result.facts, result.tables["pictures"]
    for prefix in ("", "control_"):
        rows = torch.tensor(table[f"{prefix}value"]).view(2, 6)
        assert (rows[:, 1] <= rows[:, 2]).all()
        assert (rows[:, 3] <= rows[:, 4]).all()
        assert (rows[:, 0] < rows[:, 5]).all()
        assert facts[f"{prefix}above"] == int((rows[:, 5] > rows[:, 4]).sum())
        expected = float((-rows[:, 0] / rows[:, 5]).mean())
        assert facts[f"{prefix}negative"] == pytest.approx(expected)
        beyond = (rows[:, 5] - rows[:, 4]) / (rows[:, 4] - rows[:, 1])
        assert facts[f"{prefix}beyond"] == pytest.approx(float(beyond.mean()))
        plain = torch.tensor(table[f"{prefix}plain"]).view(2, 6)
        assert (plain[:, 0] > rows[:, 0]).all()  # a mean lies inside its extremes
        assert (plain[:, 5] < rows[:, 5]).all()
    assert table["value"] != table["control_value"]
    assert len(result.assets["control"].pixels) == len(result.assets["pictures"].pixels) == 12


def test_the_menu_is_that_of_the_formulas(net):
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    menu = objectives(net, LAYER, 3, "tabby", torch.Generator().manual_seed(0))
    a = activations(net, image, [LAYER])[LAYER]
    logits = net(image)[0]
    along = torch.randn(96, generator=torch.Generator().manual_seed(0))
    expected = {
        "neuron": a[0, 3, 16, 16],
        "channel": a[0, 3].mean(),
        "layer": a.pow(2).mean(),
        "direction": (a[0] * (along / along.norm())[:, None, None]).sum(0).mean(),
        "logit": logits[281],
        "probability": logits.softmax(0)[281],
    }
    for name, objective in menu.items():
        torch.testing.assert_close(measure(net, objective, image)[0], expected[name])


def test_the_menu_is_shown_by_start_and_objective():
    result = run_recipe(objective_menu, draft=True, layer=LAYER, unit=3, seeds=2, steps=1, size=32)
    plain = torch.tensor(result.tables["pictures"]["plain"]).view(2, len(LABELS))
    assert result.facts["channel_plain"] == pytest.approx(float(plain[:, 1].mean()))
    assert result.assets["control"].pixels.shape[0] == 2 * len(LABELS)


def test_pairs_are_weighed_by_what_each_reaches_alone():
    result = run_recipe(
        joint_matrix, draft=True, layer=LAYER, units=[3, 7], seeds=2, steps=3, size=32
    )
    table = {key: torch.tensor(column).view(2, 2) for key, column in
             result.tables["pictures"].items()}  # fmt: skip
    torch.testing.assert_close(table["row"].diagonal(), torch.ones(2))
    torch.testing.assert_close(table["row"], table["column"].T)
    torch.testing.assert_close(table["both"], table["row"] + table["column"])
    torch.testing.assert_close(table["control_moved"], table["control_moved"].T)
    assert not torch.equal(table["control_moved"], table["control_both"])
    assert result.facts["shared"] == pytest.approx(float(table["both"][0, 1]) / 2)


def test_an_interpolation_ends_at_its_units(net):
    result = run_recipe(
        neuron_interpolation, layer=LAYER, pairs=[[3, 7], [5, 9]], points=3, steps=3, size=32
    )
    facts, table = result.facts, result.tables["second"]
    frames = {name: pictures(sheet) for name, sheet in result.assets.items()}
    jumps = [float(frames[name].diff(dim=0).abs().mean()) for name in ("3-7", "5-9")]
    assert facts["jump"] == pytest.approx(sum(jumps) / 2, rel=1e-4)
    for name, model in {"3-7": net, "control": untrained()}.items():
        a = activations(model, frames[name], [LAYER])[LAYER][:, [3, 7]].mean((2, 3))
        torch.testing.assert_close(torch.tensor(table[name]), a[:, 1], rtol=1e-3, atol=1e-4)
        best = facts["control_best" if name == "control" else "best"]
        assert best == pytest.approx(float(a[0, 0] + a[2, 1]) / 2, rel=1e-3)
        assert table[f"{name}-moved"] != table[name]
    assert not torch.equal(frames["control"], frames["3-7"])


def test_diversity_makes_pictures_less_alike(net):
    result = run_recipe(
        diverse_pictures, layer=LAYER, compared="block0", units=[3], weights=[0.0, 10.0],
        steps=8, size=96,
    )  # fmt: skip
    facts, table = result.facts, result.tables["pictures"]
    assert facts["kept_0"] == pytest.approx(1)
    off = ~torch.eye(4, dtype=torch.bool)
    for prefix, model in {"": net, "control_": untrained()}.items():
        images = pictures(result.assets["control" if prefix else "pictures"])
        assert facts[f"{prefix}alike_1"] < facts[f"{prefix}alike_0"]
        a = activations(model, images[4:], ["block0", LAYER])
        flat = nn.functional.normalize(gram(a["block0"]).flatten(1))
        cosines = (flat @ flat.T)[off]
        assert facts[f"{prefix}alike_1"] == pytest.approx(float(cosines.mean()), rel=1e-3)
        plain = torch.tensor(table[f"{prefix}plain"][4:])
        torch.testing.assert_close(plain, a[LAYER][:, 3].mean((1, 2)), rtol=1e-3, atol=1e-4)
        assert facts[f"{prefix}plain_1"] == pytest.approx(float(plain.mean()))


def test_the_curve_is_that_of_the_frames(net):
    result = run_recipe(
        ascent_over_steps, draft=True, layer=LAYER, unit=3, marks=[0, 2, 4], seeds=1, size=32
    )
    facts, table = result.facts, result.tables["curve"]
    for way in ("pixels", "waves", "decorrelated", "control"):
        model = untrained() if way == "control" else net
        reached = means(model, pictures(result.assets[way]), LAYER, [3, 3, 3])
        torch.testing.assert_close(torch.tensor(table[way]), reached, rtol=1e-3, atol=1e-4)
        assert facts[f"{way}_plain"] == table[way][-1]
        assert facts[f"{way}_moved"] == table[f"{way}-moved"][-1] != table[way][-1]
    # The same noise to begin with.
    assert (
        pictures(result.assets["control"])[0] == pictures(result.assets["decorrelated"])[0]
    ).all()
