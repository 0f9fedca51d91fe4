"""The gallery of relabelled digits, on made-up twins."""

import re

import pytest
import torch
from playwright.sync_api import expect

from stillroom.media.kinds import Frames
from stillroom.recipe import Result

RADII = [0.5, 1.0]
COUNT = 6


@pytest.fixture(scope="module")
def result():
    originals = torch.linspace(0, 1, COUNT)[:, None, None, None].expand(-1, 4, 4, 1)
    own = [str(each) for each in range(COUNT)]
    sets = [
        {
            "name": name,
            "label": f"D_{name}",
            "note": f"made for {name}",
            "frames": name,
            "labels": [str((each + shift) % 10) for each in range(COUNT)],
            "says": [own, [str((each + shift) % 10) for each in range(COUNT)]],
        }
        for name, shift in (("det", 1), ("rand", 7))
    ]
    rows = [
        (f"D_{name}", radius, measure, mean)
        for name, base in (("det", 0.2), ("rand", 0.6))
        for radius in RADII
        for measure, mean in (("reads right", base + radius / 10), ("robust cues", base / 2))
    ]
    return Result(
        data={
            "radii": RADII,
            "originals": "originals",
            "own": own,
            "sets": sets,
            "guess": 0.1,
            "start": {"set": "det", "radius": 1.0},
        },
        tables={
            "scores": {
                "set": [row[0] for row in rows],
                "radius": [row[1] for row in rows],
                "measure": [row[2] for row in rows],
                "mean": [row[3] for row in rows],
                "low": [row[3] - 0.05 for row in rows],
                "high": [row[3] + 0.05 for row in rows],
            }
        },
        assets={
            "originals": Frames(originals, scale=8),
            "det": Frames(originals.repeat(2, 1, 1, 1) / 2, columns=4, scale=8),
            "rand": Frames(originals.repeat(2, 1, 1, 1) / 3, columns=4, scale=8),
        },
    )


def text(page, name):
    return page.locator(f'[data-text="{name}"]')


def test_a_reader_picks_a_set_slides_and_points_at_pairs(view_page, result):
    page = view_page("dataset-gallery", result)
    figure = page.locator(".view")
    scores = figure.locator("[data-scores] li")
    expect(scores.first).to_contain_text("30%")
    expect(text(page, "says")).to_have_text("1")
    slider = figure.locator('[data-name="radius"] input')
    slider.focus()
    page.keyboard.press("Home")
    expect(scores.first).to_contain_text("25%")
    expect(text(page, "says")).to_have_text("0")  # the weak attack did not fool anybody
    figure.get_by_text("D_rand", exact=True).click()
    expect(text(page, "label")).to_have_text("7")
    expect(scores).to_have_count(2)
    expect(scores.first).to_contain_text("65%")
    expect(text(page, "note")).to_contain_text("made for rand")
    cells = figure.locator(".cell")
    cells.nth(2).click()
    expect(page).to_have_url(re.compile("pair=2"))
    expect(text(page, "own")).to_have_text("2")
    page.keyboard.press("ArrowRight")
    expect(cells.nth(3)).to_have_attribute("aria-selected", "true")
    expect(text(page, "label")).to_have_text("0")
    page.keyboard.press("Escape")
    expect(text(page, "own")).to_have_text("0")
    page.locator('[data-action="reset"]').click()
    expect(text(page, "set")).to_have_text("D_det")
    # The frame of a twin is that of its radius.
    second = cells.nth(1).locator(".frame").nth(1)
    place = "each => ['--row', '--column'].map((name) => Number(each.style.getPropertyValue(name)))"
    assert second.evaluate(place) == [(COUNT + 1) // 4, (COUNT + 1) % 4]


def test_without_script_and_in_the_dark_it_is_readable(view_page, result, axe):
    page = view_page(
        "dataset-gallery", result, screen={"color_scheme": "dark", "width": 390, "has_touch": True}
    )
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    plain = view_page("dataset-gallery", result, screen={"java_script_enabled": False})
    expect(plain.locator("[data-scores] li").first).to_contain_text("30%")
    expect(plain.locator(".cell")).to_have_count(COUNT)
