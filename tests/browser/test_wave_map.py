"""Maps of frequencies, on made-up errors."""

import re

import pytest
import torch
from playwright.sync_api import expect

from stillroom.media.kinds import Frames, Packed
from stillroom.recipe import Result

SIDE = 4
CELLS = SIDE * SIDE


@pytest.fixture(scope="module")
def result():
    shades = torch.linspace(0, 1, CELLS)[:, None, None, None]
    networks = [
        {
            "name": name,
            "label": name.capitalize(),
            "errors": [cell * step / CELLS for cell in range(CELLS)],
            "says": [f"12{cell % 10}4" for cell in range(CELLS)],
        }
        for name, step in (("standard", 1.0), ("gaussian", 0.5), ("adversarial", 0.25))
    ]
    return Result(
        data={
            "frequencies": [-2, -1, 0, 1],
            "networks": networks,
            "own": "1234",
            "start": {"wave": [0, 1], "network": "standard"},
        },
        assets={
            "maps": Frames(shades.reshape(1, SIDE, SIDE, 1).expand(3, -1, -1, -1), scale=16),
            "waves": Frames(shades.expand(-1, 8, 8, 1), scale=8),
            "moved": Frames(shades.expand(-1, 8, 16, 1), scale=8),
            "errors": Packed(torch.zeros(3, SIDE, SIDE)),
        },
    )


def row(page, name):
    return page.locator(f'[data-row="{name}"]')


def frame_of(page, name):
    return page.locator(f'[data-part="{name}"] .frame').evaluate(
        "each => ['--row', '--column', '--columns']"
        ".map((name) => Number(each.style.getPropertyValue(name)))"
    )


def test_pointing_at_a_cell_shows_its_wave_and_all_networks(view_page, result):
    page = view_page("wave-map", result)
    expect(row(page, "standard").locator(".error")).to_have_text("69%")  # cell 11 of 16
    expect(row(page, "standard").locator("em")).to_have_text(["1"])  # "1214" for "1234"
    cells = page.locator('[data-network="gaussian"] .cell')
    cells.nth(13).hover()  # one map is pointed at, all are linked
    expect(page.locator(".cell.shown")).to_have_count(3)
    expect(row(page, "standard").locator(".error")).to_have_text("81%")
    expect(row(page, "adversarial").locator(".error")).to_have_text("20%")
    expect(row(page, "standard").locator("em")).to_have_count(0)
    at, across, columns = frame_of(page, "moved")
    assert at * columns + across == 13
    cells.nth(13).click()
    expect(page).to_have_url(re.compile("wave=1,-1|wave=1%2C-1"))
    page.keyboard.press("ArrowUp")
    expect(row(page, "standard").locator(".error")).to_have_text("56%")  # a row above
    assert page.locator('[data-part="u"]').inner_text() == "0"
    assert page.locator('[data-part="v"]').inner_text() == "−1"
    page.locator('[data-action="reset"]').click()
    page.mouse.move(0, 0)
    expect(row(page, "standard").locator(".error")).to_have_text("69%")


def test_a_phone_shows_one_map_at_a_time(view_page, result, axe):
    page = view_page(
        "wave-map", result, screen={"color_scheme": "dark", "width": 390, "has_touch": True}
    )
    maps = page.locator(".map")
    expect(maps.nth(0)).to_be_visible()
    expect(maps.nth(1)).to_be_hidden()
    page.locator(".picker").get_by_text("Adversarial", exact=True).click()
    expect(maps.nth(2)).to_be_visible()
    expect(maps.nth(0)).to_be_hidden()
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    plain = view_page("wave-map", result, screen={"java_script_enabled": False, "width": 390})
    expect(plain.locator(".map").nth(1)).to_be_visible()
    expect(row(plain, "standard").locator(".error")).to_have_text("69%")
