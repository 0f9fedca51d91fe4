import re

import numpy as np
import pytest
from playwright.sync_api import expect

from stillroom.media.kinds import Image
from stillroom.recipe import Result


def pair(**data):
    return Result(
        data={"images": ["before", "after"], "labels": ["Before", "After"], "start": 40} | data,
        assets={
            "before": Image(np.zeros((40, 60)), scale=8),
            "after": Image(np.ones((40, 60)), scale=8),
        },
    )


def split(page):
    """Where the line stands, as a part of the pictures' width."""
    line, box = page.locator(".wipe").bounding_box(), page.locator(".pair").bounding_box()
    return (line["x"] + line["width"] / 2 - box["x"]) / box["width"]


def test_wipe_is_dragged_on_the_pictures(view_page):
    page = view_page("compare", pair())
    assert split(page) == pytest.approx(0.4, abs=0.01)
    box = page.locator(".pair").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60, steps=4)
    page.mouse.up()
    assert split(page) == pytest.approx(0.8, abs=0.01)
    expect(page.get_by_role("slider", name="Before")).to_have_attribute("aria-valuetext", "80 %")
    page.mouse.move(box["x"] + 10, box["y"] + 60)
    assert split(page) == pytest.approx(0.8, abs=0.01)  # let go


def test_wipe_is_moved_by_keyboard_and_reset(view_page):
    page = view_page("compare", pair())
    page.get_by_role("slider", name="Before").focus()
    page.keyboard.press("ArrowRight")
    assert split(page) == pytest.approx(0.41, abs=0.005)
    page.keyboard.press("End")
    assert split(page) == pytest.approx(1, abs=0.01)
    expect(page).to_have_url(re.compile(r"#fig-1\.split=100$"))
    page.get_by_role("button", name="Reset").click()
    assert split(page) == pytest.approx(0.4, abs=0.01)


def test_each_side_shows_its_picture(view_page):
    page = view_page("compare", pair())
    sides = page.locator(".side")
    clip = sides.nth(0).evaluate("e => getComputedStyle(e).clipPath")
    assert clip == "inset(0px 60% 0px 0px)"
    assert sides.nth(0).bounding_box()["x"] == sides.nth(1).bounding_box()["x"]


def test_static_form_stands_side_by_side(view_page):
    page = view_page("compare", pair(), screen={"java_script_enabled": False})
    left, right = (
        page.get_by_role("img", name=name).bounding_box() for name in ("Before", "After")
    )
    assert left["x"] + left["width"] <= right["x"]
    assert left["y"] == right["y"]
    expect(page.locator(".wipe")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_is_accessible_and_fits(view_page, axe, width):
    page = view_page("compare", pair(), screen={"width": width})
    assert axe(page, ".view") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
