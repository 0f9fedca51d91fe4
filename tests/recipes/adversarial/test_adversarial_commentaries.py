"""What the commentaries show: pictures and numbers agree with each other."""

import numpy as np
import pytest
import torch

from stillroom.media import palette
from stillroom.models.digits import digits
from stillroom.recipe import Run
from stillroom.recipes.adversarial import plane
from stillroom.recipes.adversarial.attack import Found
from stillroom.recipes.adversarial.bug_attack import bug_attack
from stillroom.recipes.adversarial.bug_paths import bug_paths
from stillroom.recipes.adversarial.digit_nets import digit_nets
from stillroom.recipes.adversarial.distilled_points import distilled_points
from stillroom.recipes.adversarial.dots import dots
from stillroom.recipes.adversarial.learning_from_errors import learning_from_errors
from stillroom.recipes.adversarial.shared import trained
from stillroom.recipes.adversarial.texture_synthesis import texture_synthesis
from stillroom.testing import run_recipe, store_recipe


@pytest.fixture(scope="module")
def nets():
    return store_recipe(digit_nets, kind="narrow", seeds=2, epochs=4, steps=2)


def test_the_pictures_of_an_attack_carry_what_its_network_says_of_them(nets):
    result = run_recipe(bug_attack, nets=nets, radii=[1.2], seeds=1, ensemble=2, epochs=2, steps=5)
    pages = 1 - result.assets["examples"].pixels[..., 0].reshape(3, 10, 1, 8, 8)
    training, _ = digits()
    firsts = torch.tensor([training.labels.tolist().index(each) for each in range(10)])
    assert torch.allclose(pages[0], training.images[firsts], atol=1e-6)
    away = (pages[1:] - pages[0]).flatten(2).norm(dim=2)
    assert away.max() < 1.2 + 1e-4
    targets = (torch.arange(10) + 1) % 10
    sure = trained(Run(), nets)["standard"][0](pages.flatten(0, 1)).softmax(1)
    expected = sure[torch.arange(30), targets.repeat(3)]
    assert result.tables["cells"]["own"] == pytest.approx(expected.tolist(), abs=0.006)
    assert result.data["rows"]["values"] == ["digit", "ordinary attack, 1.2", "bug attack, 1.2"]
    assert result.tables["cells"]["digit"][:2] == ["0 → 1", "1 → 2"]
    assert result.facts["share_at_1_2"] == pytest.approx(1.2 / result.facts["median_other"])


def test_points_lie_in_the_square_in_the_colours_of_their_labels():
    seeds, count, radii = 2, 8, [0.05, 0.2]
    result = run_recipe(distilled_points, count=count, radii=radii, seeds=seeds, steps=300)
    generator = Run().generator("distilled-points")
    points = torch.rand(seeds, count, 2, generator=generator)[0]
    labels = torch.randint(2, (seeds, count), generator=generator)[0]
    columns, rows = (points * 288).long().unbind(1)
    colours = palette.apply(2.0 * labels - 1, -1, 1, "diverging")
    alone = torch.cdist(points, points).fill_diagonal_(1).amin(1) > 0.06
    assert alone.any()
    shown = result.assets["first"].pixels[0][287 - rows, columns].numpy()
    assert np.array_equal(shown[alone], colours[alone.numpy()])
    for index in range(len(radii)):
        asked = result.assets["asked"].pixels[index][287 - rows, columns]
        right = (asked[alone] != 255).any(1).double().mean()
        low, high = (result.tables["scores"][key][index] for key in ("low", "high"))
        if alone.all():
            assert float(right) in (low, high)
    assert result.facts["fitted"] > 0.9


def test_a_way_begins_at_its_point_and_ends_where_the_attack_left_it():
    """Two radii of the same points: marks stay where they are, lines end within the ball."""
    radii = [0.05, 0.15]
    result = run_recipe(distilled_points, count=6, radii=radii, seeds=2, steps=300)
    points = torch.rand(2, 6, 2, generator=Run().generator("distilled-points"))[0]
    columns, rows = (points * 288).long().unbind(1)
    bare = (result.assets["taught"].pixels != result.assets["asked"].pixels).any(-1)
    y, x = torch.meshgrid(287.5 - torch.arange(288), torch.arange(288) + 0.5, indexing="ij")
    for radius, taught, drawn in zip(radii, result.assets["taught"].pixels, bare, strict=True):
        begun = taught[287 - rows, columns]
        assert (begun == 255).all(1).any(), "an open mark that no point covers"
        away = (torch.stack([x, y], -1)[:, :, None] - 288 * points).abs().amax(-1).amin(-1)
        # A point at the end of its way has a radius of 8 pixels.
        assert away[drawn].max() <= 288 * radius + 9


def test_a_way_is_drawn_as_a_line_from_an_open_mark():
    walked = torch.tensor([[[0.25, 0.5]], [[0.5, 0.5]], [[0.5, 0.75]], [[0.5, 0.75]]])
    drawn = plane.ways(torch.full((288, 288, 3), 200, dtype=torch.uint8), walked)
    assert drawn[143, 71:73].eq(255).all(), "the mark is open"
    assert drawn[143, 69].lt(100).all(), "it has an edge"
    across, up = drawn[142:146, 76:144, 0], drawn[74:142, 142:146, 0]
    # A line 1.5 pixels wide between two rows of pixels covers each by three quarters.
    assert torch.equal(across[1], torch.full((68,), 65, dtype=torch.uint8))
    assert torch.equal(across[1:3], up[:, 1:3].T)
    assert drawn[100, 100].eq(200).all()
    still = plane.ways(
        torch.full((288, 288, 3), 200, dtype=torch.uint8), walked[:1].repeat(3, 1, 1)
    )
    assert drawn[:, :75].equal(still[:, :75])
    assert still[:, 80:].eq(200).all()


def test_a_border_is_drawn_where_a_logit_is_0():
    x, y = plane.grid().unbind(1)
    white = torch.full((288, 288, 3), 255, dtype=torch.uint8)
    drawn = plane.borders(white, torch.stack([x - 0.25, 40 * (y - x)]), ink=0)
    dark = drawn[..., 0] < 128
    assert dark[:, 71:73].all(), "x = 1/4 lies between two columns of pixels"
    assert dark.flip(0).diagonal().all()
    assert dark.sum() == 2 * 288 + 288 - 2


def test_a_way_stays_at_its_best_place():
    """Success comes before none, then the highest loss."""
    images = torch.arange(4.0)[:, None, None].expand(4, 3, 2)
    loss = torch.tensor([[0.0, 0, 0], [1, 3, 1], [2, 1, 3], [0, 2, 2]])
    success = torch.tensor([[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0]]).bool()
    path = Found(images=images, success=success, predicted=success.long(), loss=loss)
    assert plane.until_best(path)[:, :, 0].T.tolist() == [[0, 1, 2, 2], [0, 1, 2, 3], [0, 1, 2, 2]]


@pytest.fixture(scope="module")
def paths():
    return run_recipe(bug_paths, draft=True)


def test_the_ordinary_attack_goes_along_the_feature_and_the_bug_attack_off_it(paths):
    facts = paths.facts
    assert facts["right_at_2"] == 1
    assert facts["pgd_along_at_2_low"] > facts["pgd_off_at_2_high"]
    assert facts["bug_off_at_2_low"] > facts["bug_along_at_2_high"]
    assert facts["bug_success_at_2_low"] > 0.8
    assert facts["pgd_carried_at_2_low"] > 0.5
    assert facts["bug_carried_at_2_high"] < facts["pgd_carried_at_2_low"] / 2
    for name in ("pgd", "bug"):
        # The mean of a length is at least the length of the mean.
        assert np.hypot(facts[f"{name}_along_at_2"], facts[f"{name}_off_at_2"]) < 0.25 + 1e-6
        assert facts[f"{name}_shown_at_2_high"] <= 1


def test_the_ways_of_a_bug_begin_at_the_points_and_fool_nobody(paths):
    table = paths.tables["carried"]
    assert table["step"] == paths.data["axis"]["values"] == [0, 5, 10, 15, 20]
    assert table["pgd"][0] == table["bug"][0] == 0
    assert table["pgd"][-1] > table["bug"][-1]
    frames = [paths.assets[name].pixels for name in ("pgd", "bug")]
    assert torch.equal(frames[0][0], frames[1][0])
    generator = Run().generator("bug-paths")
    torch.randn(2, 16, 21, generator=generator)
    wide = 0.05 * torch.randn(2, 16, generator=generator)
    column = int(288 * (0.5 + (0.15 + wide[0, 7]) / 0.64))  # the last that is drawn
    orange = palette.apply(torch.tensor(1.0), -1, 1, "diverging")
    assert (frames[0][0][:, column].numpy() == orange).all(1).any()


def test_only_wrong_labels_teach_more_than_the_same_labels_dealt_anew():
    result = run_recipe(learning_from_errors, kind="narrow", seeds=2, epochs=20, weak_epochs=6)
    facts = result.facts
    assert facts["right_labels"] == 0
    assert facts["student_low"] > 2 * facts["guess"] > facts["control_high"]
    assert len(result.data["labels"]) == len(result.assets["mistakes"].pixels)


def test_textures_start_as_noise_and_end_near_the_original(nets):
    result = run_recipe(
        texture_synthesis,
        nets=nets,
        textures=["skimage:brick"],
        names=["bricks"],
        seeds=1,
        steps=25,
    )
    pages = result.assets["textures"].pixels.reshape(2, 5, 48, 48)
    _, test = digits()
    assert torch.allclose(pages[0, 0, 8:16, 16:24], 1 - test.images[8, 0])
    left = torch.tensor(result.tables["cells"]["left"]).reshape(2, 5)
    assert left[:, 0].tolist() == [0, 0]
    assert result.facts["left_standard"] == pytest.approx(float(left[:, 2].mean()))
    assert result.facts["left_standard"] < 1
    with pytest.raises(ValueError, match="1 textures have 2 names"):
        run_recipe(
            texture_synthesis, nets=nets, textures=["skimage:brick"], names=["bricks", "more"]
        )


def test_dots_stand_on_lines_over_the_range_in_the_order_of_the_rows():
    rows = [
        {"who": name, "mean": 0.5, "low": 0.4, "high": 0.7} for name in ("student", "control", "ah")
    ]
    chart = dots(rows, y="who", x_title="Read", guess=0.1).to_dict()
    line, spans, means = chart["layer"]
    assert spans["encoding"]["y"]["sort"] == ["student", "control", "ah"]
    assert (spans["encoding"]["x"]["field"], spans["encoding"]["x2"]["field"]) == ("low", "high")
    assert means["encoding"]["x"]["field"] == "mean"
    assert line["encoding"]["x"]["field"] == "guess"
