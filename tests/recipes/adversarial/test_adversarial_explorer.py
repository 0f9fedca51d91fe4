"""The attack explorer and the gallery of relabelled digits, against what they are made of."""

from pathlib import Path

import numpy as np
import pytest
import skimage
import torch

from stillroom.media.encode import encode
from stillroom.models.digits import digits
from stillroom.models.vision import load_model
from stillroom.recipe import ImageFile, Run, Stored
from stillroom.recipes.adversarial.digit_attack import digit_attack
from stillroom.recipes.adversarial.digit_nets import digit_nets
from stillroom.recipes.adversarial.norms import length
from stillroom.recipes.adversarial.photograph_attack import photograph_attack
from stillroom.recipes.adversarial.relabelled_digits import relabelled_digits
from stillroom.recipes.adversarial.relabelled_gallery import relabelled_gallery
from stillroom.recipes.adversarial.shared import trained
from stillroom.recipes.adversarial.training import predict


def stored(result, *assets):
    files = [file for name in assets for file in encode(name, result.assets[name]).files.values()]
    content = {file.name: file.content for file in files}
    return Stored(result.facts, result.data, result.tables, content)


@pytest.fixture(scope="module")
def nets():
    return stored(digit_nets(Run(), kind="narrow", seeds=2, epochs=4, steps=2), "nets")


@pytest.fixture(scope="module")
def photographs():
    content = (Path(skimage.__file__).parent / "data" / "camera.png").read_bytes()
    picture = ImageFile("skimage:camera", content)
    return photograph_attack(
        Run(), pictures=[picture], labels=["Photographer"], size=64, steps=2, draws=2
    ), torch.tensor(picture.pixels((64, 64))).permute(2, 0, 1)[None] / 255


def rebuilt(result, walk, images):
    """The images of a walk, from its frames as the page shows them."""
    steps = len(walk["loss"])
    frames = torch.as_tensor(result.assets[walk["frames"]].pixels)
    part = frames[walk["first"] : walk["first"] + steps].movedim(-1, 1)
    return images + (part - 0.5) * 2 * walk["span"]


def test_a_photograph_and_a_change_make_what_the_network_is_said_to_see(photographs):
    result, photograph = photographs
    model = load_model("efficientnet-lite0")
    for walk in (result.data["attacks"][0], result.data["attacks"][-1]):
        images = rebuilt(result, walk, photograph)
        assert images.min() >= -1e-6
        assert images.max() <= 1 + 1e-6
        limit = walk["radius"] / 255 if walk["norm"] == "Linf" else walk["radius"]
        assert length(images - photograph, walk["norm"]).max() <= limit + 1e-4
        said = [step[0][0] for step in walk["top"]]
        assert said == predict(model, images.float()).tolist()
    largest = next(
        walk
        for walk in reversed(result.data["attacks"])
        if (walk["target"], walk["norm"]) == ("target", "L2")
    )
    thumbnail = torch.as_tensor(result.assets["thumbnail"].pixels).movedim(-1, 0)
    change = torch.as_tensor(result.assets[largest["frames"]].pixels)[-1].movedim(-1, 0)
    assert torch.allclose(thumbnail, torch.cat([photograph[0], change], -1))
    facts = result.facts
    assert facts["before_1"] == model.classes[result.data["pictures"][0]["own"]]
    assert facts["random_draws"] == 2
    row = dict(
        zip(
            result.tables["errors"],
            next(zip(*result.tables["errors"].values(), strict=True)),
            strict=True,
        )
    )
    assert row["radius"] in {None, *result.data["norms"][0]["radii"]}


def test_a_digit_and_a_change_make_what_the_network_is_said_to_read(nets):
    result = digit_attack(Run(), nets=nets, classes=[1, 4], l2=[0.5, 1.5], linf=[0.2], steps=4)
    shown = 1 - torch.as_tensor(result.assets["digits"].pixels).movedim(-1, 1)
    group = {arm: each[0] for arm, each in trained(Run(), nets).items()}
    lost = 0
    for walk in result.data["attacks"]:
        n = [each["name"] for each in result.data["pictures"]].index(walk["picture"])
        # Ink is dark on the page, so that its frames are of the opposite sign.
        images = 1 - rebuilt(result, walk, 1 - shown[n : n + 1])
        said = [step[0][0] for step in walk["top"]]
        assert said == predict(group[walk["net"]], images.float()).tolist()
        assert said[0] == int(walk["picture"])
        key = (walk["net"], walk["target"], walk["norm"], walk["radius"])
        lost += key == ("standard", "away", "L2", 1.5) and said[-1] != said[0]
    assert lost == result.facts["standard_away_l2"]
    training, _ = digits()
    own, image = result.data["pictures"][1], shown[1]
    others = training.images[training.labels != own["own"]]
    apart = (others - image).flatten(1).norm(dim=1).min()
    assert own["length"] == pytest.approx(float(apart), rel=1e-5)


def test_the_gallery_shows_the_twins_that_the_students_learnt_from(nets):
    scores = relabelled_digits(Run(), nets=nets, radii=[0.6, 1.4], shown=1.4, steps=4, epochs=1)
    result = relabelled_gallery(Run(), nets=nets, scores=stored(scores), count=5, steps=4)
    twins = np.asarray(result.assets["det"].pixels)[5:]  # of the second radius
    learnt_from = np.asarray(scores.assets["determined_digits"].pixels)[:5]
    assert twins == pytest.approx(learnt_from, abs=1e-5)
    det, rand = result.data["sets"]
    assert det["labels"] == scores.data["labels"][:5]
    assert rand["labels"] == scores.data["drawn_labels"][:5]
    assert [int(each) for each in det["labels"]] == [
        (int(each) + 1) % 10 for each in result.data["own"]
    ]
    fooled = sum(says == label for says, label in zip(det["says"][1], det["labels"], strict=True))
    assert fooled == result.facts["fooled_det_at_1_4"]
    table = result.tables["scores"]
    row = [table[column][0] for column in ("set", "radius", "mean", "high")]
    assert row == [
        "D_det",
        0.6,
        scores.facts["det_true_at_0_6"],
        scores.facts["det_true_at_0_6_high"],
    ]
    with pytest.raises(ValueError, match="labels for 40"):
        relabelled_gallery(Run(), nets=nets, scores=stored(scores), count=41)
