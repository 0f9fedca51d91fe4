"""The attack explorer, on a small linear classifier whose attacks are known."""

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from stillroom.media.kinds import Frames
from stillroom.recipe import Result
from stillroom.recipes.adversarial.attack import Pgd, aim
from stillroom.recipes.adversarial.explorer import NORMS, walks

STEPS = 3
RADII = {"L2": [0.2, 0.6], "Linf": [0.05, 0.2]}
SIDE = 4


@pytest.fixture(scope="module")
def result():
    """Two pictures, two classes: which half is lighter."""
    images = torch.full((2, 1, SIDE, SIDE), 0.4)
    images[0, :, :2] = images[1, :, 2:] = 0.6
    half = torch.cat([torch.ones(8), -torch.ones(8)])

    def model(x):
        return 4 * x.flatten(1) @ torch.stack([half, -half, 0 * half, 0.1 * half, -half]).T

    attacks, sheets = [], []
    for n, target in ((n, t) for n in range(2) for t in ("away", "target")):
        for norm in NORMS:
            radii = RADII[norm]
            many = images[n : n + 1].repeat(len(radii), 1, 1, 1)
            wanted = torch.full((len(radii),), n if target == "away" else 1 - n)
            goal = aim(model, wanted, targeted=target == "target")
            path = Pgd(norm=norm, steps=STEPS).path(goal, many, torch.tensor(radii))
            described, frames = walks(
                model, many, path, norm=norm, radii=radii, target=target == "target"
            )
            for walk, each in zip(described, frames, strict=True):
                key = {"picture": str(n), "target": target, "frames": "changes"}
                attacks.append(key | {"first": len(sheets) * (STEPS + 1)} | walk)
                sheets.append(each[:, 0, ..., None])
    return Result(
        data={
            "pictures": [
                {"name": str(n), "label": f"Half {n}", "frame": n, "own": n, "length": 2.0}
                for n in range(2)
            ],
            "originals": "originals",
            "ruler": "of two",
            "targets": [
                {"name": "away", "label": "Away", "loss": "Own loss"},
                {"name": "target", "label": "Other", "loss": "Its loss"},
            ],
            "norms": [
                {"name": norm, "label": norm, "radii": RADII[norm], "unit": ""} for norm in NORMS
            ],
            "classes": dict(zip("01234", ["top", "bottom", "c", "d", "e"], strict=True)),
            "attacks": attacks,
            "start": {"picture": "0", "target": "away", "norm": "L2", "radius": 1},
        },
        assets={
            "originals": Frames(images[:, 0, ..., None], scale=8),
            "changes": Frames(torch.cat(sheets), scale=8),
        },
    )


def walk(result, picture="0", target="away", norm="L2", radius=0.6):
    key = {"picture": picture, "target": target, "norm": norm, "radius": radius}
    (found,) = [each for each in result.data["attacks"] if key.items() <= each.items()]
    return found


def text(page, name):
    return page.locator(f'[data-text="{name}"]')


def test_walks_tell_the_lengths_losses_and_scale_of_what_they_are_made_of(result):
    told = walk(result)
    assert told["l2"][0] == 0
    assert told["l2"][-1] == pytest.approx(0.6, abs=1e-4)
    assert told["span"] == pytest.approx(0.6 / SIDE, abs=1e-4)  # the same change in every pixel
    assert told["loss"] == sorted(told["loss"])  # away: the loss of its own class rises
    falling = walk(result, target="target")["loss"]
    assert falling == sorted(falling, reverse=True)
    assert told["won"] == [each[0][0] != 0 for each in told["top"]]
    frames = result.assets["changes"].pixels[told["first"] : told["first"] + STEPS + 1]
    assert torch.allclose(frames[0], torch.tensor(0.5))
    assert float(frames[-1].max()) == pytest.approx(1, abs=1e-4)


def test_a_reader_picks_slides_and_steps(view_page, result):
    page = view_page("attack-explorer", result)
    figure = page.locator(".view")
    told = walk(result)
    expect(text(page, "verdict")).to_have_text("bottom")
    expect(text(page, "fraction")).to_have_text("30.0%")
    expect(text(page, "loss-label")).to_have_text("Own loss")
    step = figure.locator('[data-name="step"] input')
    step.focus()
    page.keyboard.press("Home")
    expect(text(page, "verdict")).to_have_text("top")
    expect(text(page, "l2")).to_have_text("0")
    expect(page).to_have_url(re.compile("step=0"))
    page.keyboard.press("Space")  # plays to the end
    expect(text(page, "verdict")).to_have_text("bottom", timeout=5_000)
    expect(text(page, "loss")).to_have_text(f"{told['loss'][-1]:.3g}")
    hidden = figure.locator('[data-name="radius-Linf"]')
    expect(hidden).to_be_hidden()
    figure.get_by_text("Linf", exact=True).click()
    expect(hidden).to_be_visible()
    expect(figure.locator('[data-name="radius-L2"]')).to_be_hidden()
    figure.get_by_text("Other", exact=True).click()
    figure.get_by_text("Half 1", exact=True).click()
    expect(text(page, "loss-label")).to_have_text("Its loss")
    expect(figure.locator('[data-bars="before"] li').first).to_contain_text("bottom")
    expect(figure.locator('[data-bars="before"] li').first).to_have_class(re.compile("own"))
    last = walk(result, "1", "target", "Linf", 0.2)
    expect(text(page, "largest")).to_have_text(f"{last['largest'][-1]:.3g}")
    page.locator('[data-action="reset"]').click()
    expect(text(page, "fraction")).to_have_text("30.0%")


def test_the_picture_shown_is_the_sum_of_picture_and_change(view_page, result):
    page = view_page("attack-explorer", result)
    told = walk(result)
    originals, changes = (result.assets[name].pixels for name in ("originals", "changes"))
    frame = changes[told["first"] + STEPS, ..., 0]
    wanted = originals[0, ..., 0] + (frame - 0.5) * 2 * told["span"]
    box = page.locator('[data-screen="sum"]')
    box.scroll_into_view_if_needed()
    expect(text(page, "verdict")).to_have_text("bottom")
    shot = np.asarray(Image.open(io.BytesIO(box.screenshot())).convert("L")) / 255
    side = shot.shape[0] / SIDE
    middle = [int((each + 0.5) * side) for each in range(SIDE)]
    seen = torch.tensor(shot[np.ix_(middle, middle)])
    assert float((seen - wanted).abs().max()) < 0.012


def test_without_script_in_the_dark_it_is_readable(new_page, view_page, result, axe):
    page = view_page("attack-explorer", result, screen={"color_scheme": "dark", "width": 390})
    assert axe(page) == []
    plain = view_page("attack-explorer", result, screen={"java_script_enabled": False})
    expect(plain.locator('[data-bars="after"] li').first).to_contain_text("bottom")
    expect(plain.locator(".controls").first).to_be_hidden()
