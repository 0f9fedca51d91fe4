import re

import numpy as np
import pytest
from playwright.sync_api import expect

from screens import grey
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


SQUARES = np.arange(96).reshape(8, 12).repeat(5, 0).repeat(5, 1) / 95  # 40 × 60, each 5 × 5


def closer(**data):
    """The focus is the middle of the square in the third row, in the eighth column."""
    return Result(
        data={"images": ["before", "after"], "focus": [7.5 / 12, 2.5 / 8]} | data,
        assets={"before": Image(SQUARES, scale=8), "after": Image(1 - SQUARES, scale=8)},
    )


def shown(page):
    """Which square is in the middle of each close-up: its row and column, of each picture."""
    each = [grey(page.locator(".detail").nth(n)) for n in (0, 1)]
    return [divmod(round(95 * value), 12) for value in (each[0], 1 - each[1])]


def at(page, row, column):
    """Where the middle of a square is on the screen."""
    box = page.locator(".pair").bounding_box()
    return box["x"] + box["width"] * (column + 0.5) / 12, box["y"] + box["height"] * (row + 0.5) / 8


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


def test_close_ups_rest_at_the_focus_and_follow_the_pointer(view_page):
    page = view_page("compare", closer())
    assert shown(page) == [(2, 7)] * 2
    expect(page.locator(".place")).to_contain_text("63 % across, 31 % down")
    page.mouse.move(*at(page, 5, 3))
    assert shown(page) == [(5, 3)] * 2
    page.mouse.move(*at(page, 6, 9))
    assert shown(page) == [(6, 9)] * 2
    page.mouse.move(1, 1)
    assert shown(page) == [(2, 7)] * 2


def test_reticle_frames_what_the_close_ups_show(view_page):
    page = view_page("compare", closer())
    detail, picture = (
        page.locator(path).first.bounding_box() for path in (".detail", ".detail img")
    )
    frame, pair = (page.locator(path).bounding_box() for path in ("[role=slider]", ".pair"))
    for side, start in (("width", "x"), ("height", "y")):
        assert frame[side] / pair[side] == pytest.approx(detail[side] / picture[side], abs=0.01)
        offset = (detail[start] - picture[start]) / picture[side]
        assert (frame[start] - pair[start]) / pair[side] == pytest.approx(offset, abs=0.01)


def test_a_click_leaves_the_close_ups_there_and_a_drag_wipes(view_page, until):
    page = view_page("compare", closer())
    page.mouse.click(*at(page, 5, 3))
    page.mouse.move(1, 1)
    assert shown(page) == [(5, 3)] * 2
    assert split(page) == pytest.approx(0.5, abs=0.01)
    until(page, "location.hash === '#fig-1.focus=0.292,0.688'")
    page.mouse.move(*at(page, 2, 2))
    page.mouse.down()
    page.mouse.move(*at(page, 2, 8), steps=4)
    page.mouse.up()
    assert split(page) == pytest.approx(8.5 / 12, abs=0.01)
    page.mouse.move(1, 1)
    assert shown(page) == [(5, 3)] * 2
    page.get_by_role("button", name="Reset").click()
    assert shown(page) == [(2, 7)] * 2
    assert split(page) == pytest.approx(0.5, abs=0.01)


def test_a_tap_moves_the_close_ups(view_page):
    page = view_page("compare", closer(), screen={"width": 390, "has_touch": True})
    page.touchscreen.tap(*at(page, 5, 3))
    assert shown(page) == [(5, 3)] * 2
    assert split(page) == pytest.approx(0.5, abs=0.01)


def test_reticle_is_moved_by_keyboard(view_page):
    page = view_page("compare", closer(focus=[0.5, 0.5]))
    reticle = page.get_by_role("slider", name="Close-ups")
    reticle.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    expect(reticle).to_have_attribute("aria-valuetext", "52 % across, 40 % down")
    assert shown(page) == [(3, 6)] * 2
    for _ in range(12):
        page.keyboard.press("Shift+ArrowLeft")
    # At the edge it is wholly inside: a ninth of the width, half of that from the left.
    expect(reticle).to_have_attribute("aria-valuetext", "6 % across, 40 % down")
    page.keyboard.press("Home")
    expect(reticle).to_have_attribute("aria-valuetext", "50 % across, 50 % down")


@pytest.mark.parametrize("linked", ["0.1", "0.1,0.2,0.3"])
def test_a_link_with_another_number_of_numbers_shows_the_focus(view_page, linked):
    page = view_page("compare", closer(), fragment=f"#fig-1.focus={linked}")
    assert shown(page) == [(2, 7)] * 2


def test_close_ups_stand_below_the_pictures_without_script(view_page):
    page = view_page("compare", closer(), screen={"java_script_enabled": False})
    assert shown(page) == [(2, 7)] * 2
    for n, name in enumerate(("before", "after")):
        picture = page.get_by_role("img", name=name, exact=True).bounding_box()
        detail = page.locator(".detail").nth(n).bounding_box()
        assert detail["x"] == picture["x"]
        assert detail["y"] > picture["y"] + picture["height"]
    expect(page.locator(".side .reticle")).to_have_count(2)
    expect(page.locator(".place")).to_be_hidden()


def test_without_a_focus_there_are_no_close_ups(view_page):
    page = view_page("compare", pair())
    expect(page.locator(":is(.close-ups, .reticle, .place)")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 1280])
def test_close_ups_are_accessible_and_fit(view_page, axe, width):
    page = view_page("compare", closer(), screen={"width": width})
    assert axe(page, ".view", dark=True) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
