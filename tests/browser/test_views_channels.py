import re

import numpy as np
import pytest
from playwright.sync_api import expect

from screens import grey
from stillroom.media.kinds import Frames
from stillroom.recipe import Result

NUMBERS = [{"name": "plain", "label": "Plain"}, {"name": "patch", "label": "Best patch"}]
PHONE = {"width": 390, "height": 844, "has_touch": True}


def layers(counts=(6, 4), patches=2):
    """Layers whose channels are greys that differ, numbered 10, 20, … ; patches are darker."""
    assets, tables, described = {}, {}, []
    for k, count in enumerate(counts):
        name = f"block{k}"
        greys = np.linspace(0.5, 1 - 0.1 * k, count)
        assets[name] = Frames(greys[:, None, None] * np.ones((count, 6, 6)), scale=8)
        assets[f"{name}-patches"] = Frames(np.full((patches * count, 4, 4), 0.2), scale=8)
        tables[name] = {
            "channel": [10 * (i + 1) for i in range(count)],
            "plain": [float(4 + i) for i in range(count)],
            "patch": [-1.0] + [2.0] * (count - 1),
        }
        described.append(
            {"name": name, "label": f"Block {k}", "frames": name, "patches": f"{name}-patches"}
            | {"table": name, "telling": [20, 30]}
        )
    return Result(data={"layers": described, "numbers": NUMBERS}, tables=tables, assets=assets)


def shown(page):
    return page.locator("[data-text=channel]").inner_text()


def test_pointing_keys_and_the_field_show_a_channel(view_page):
    page = view_page("channels", layers())
    cells = page.get_by_role("option")
    assert shown(page) == "Channel 20"  # the first telling one
    cells.nth(3).hover()
    assert shown(page) == "Channel 40"
    assert page.locator(".bars b").all_inner_texts() == ["7", "2"]
    assert grey(page.locator(".large")) == pytest.approx(0.8, abs=0.01)
    assert page.locator(".patches .frame").count() == 2
    assert grey(page.locator(".patches .frame").first) == pytest.approx(0.2, abs=0.01)
    page.mouse.move(0, 0)
    assert shown(page) == "Channel 20"

    cells.first.focus()
    for key, channel in [("ArrowRight", 20), ("End", 60), ("Home", 10), ("ArrowDown", 10)]:
        page.keyboard.press(key)
        assert shown(page) == f"Channel {channel}"
    expect(cells.first).to_have_attribute("aria-label", "Channel 10: Plain 4, Best patch −1")
    expect(page.locator(".bars li").nth(1)).to_have_class("negative")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    cells.nth(1).evaluate("cell => cell.blur()")
    assert shown(page) == "Channel 10"  # pinned
    expect(page).to_have_url(re.compile(r"#fig-1\.channel=10$"))

    field = page.get_by_role("spinbutton", name="Channel")
    assert field.input_value() == "10"
    field.fill("50")
    assert shown(page) == "Channel 50"
    field.fill("55")
    assert field.evaluate("e => e.validationMessage") == "There is no 55"
    page.get_by_role("button", name="Reset").click()
    assert shown(page) == "Channel 20"
    assert field.input_value() == ""


def test_only_the_chosen_layer_is_loaded(write_page, new_page):
    path = write_page([("channels", layers(), {})])
    page = new_page()
    loaded = []
    page.on("request", lambda request: loaded.append(re.search(r"block\d", request.url)))
    page.goto(f"{path.as_uri()}#fig-1.channel=30")
    page.locator("figure.live").wait_for()
    assert shown(page) == "Channel 30"
    page.get_by_role("option").nth(5).hover()
    assert {match[0] for match in loaded if match} == {"block0"}
    page.get_by_text("Block 1", exact=True).first.click()
    expect(page.get_by_role("option")).to_have_count(4)
    expect(page.locator(".cells img")).to_have_count(4)
    assert {match[0] for match in loaded if match} == {"block0", "block1"}
    assert shown(page) == "Channel 20"
    expect(page).to_have_url(re.compile(r"#fig-1\.layer=block1$"))
    page.get_by_role("option").last.hover()
    assert grey(page.locator(".large")) == pytest.approx(0.9, abs=0.01)


def test_fits_a_phone_where_a_tap_pins(view_page, axe):
    page = view_page("channels", layers((40,)), screen=PHONE)
    page.get_by_role("option").nth(30).tap()
    assert shown(page) == "Channel 310"
    box = page.locator(".detail").bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] < 844 / 2  # it stays in sight
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert axe(page, ".view", dark=True) == []
    page.get_by_role("option").nth(30).tap()
    assert shown(page) == "Channel 20"


def test_static_form_shows_telling_channels_of_every_layer(view_page):
    page = view_page("channels", layers(), screen={"java_script_enabled": False})
    rows = page.locator(".selection tr")
    assert rows.get_by_role("img").count() == 4
    expect(rows.nth(1).get_by_role("img", name="Block 1, channel 30")).to_be_visible()
    expect(page.locator(".browser")).to_be_hidden()
