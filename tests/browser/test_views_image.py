import re

import numpy as np
import pytest
from playwright.sync_api import expect

from stillroom.media.kinds import Image
from stillroom.recipe import Result


def picture(scale=8):
    return Result(
        assets={"picture": Image(np.random.default_rng(0).random((40, 60, 3)), scale=scale)}
    )


def lens(page):
    """Where the middle of the lens is, as parts of the picture's box."""
    box, stage = page.locator(".lens").bounding_box(), page.locator(".stage").bounding_box()
    return (
        (box["x"] + box["width"] / 2 - stage["x"]) / stage["width"],
        (box["y"] + box["height"] / 2 - stage["y"]) / stage["height"],
    )


def test_magnifier_follows_the_pointer(view_page):
    page = view_page("image", picture())
    expect(page.locator(".lens")).to_be_hidden()
    page.get_by_role("switch", name="Magnifier").click()
    stage = page.locator(".stage").bounding_box()
    page.mouse.move(stage["x"] + stage["width"] * 0.25, stage["y"] + stage["height"] * 0.75)
    assert lens(page) == pytest.approx((0.25, 0.75), abs=0.01)
    detail = page.locator(".lens img").bounding_box()
    assert detail["width"] == pytest.approx(3 * stage["width"], rel=0.01)
    # What is under the middle of the lens is what is under the pointer.
    middle = stage["x"] + stage["width"] * 0.25
    assert (middle - detail["x"]) / detail["width"] == pytest.approx(0.25, abs=0.01)


def test_magnifier_is_moved_and_closed_by_keyboard(view_page):
    page = view_page("image", picture())
    page.locator(".pan").focus()
    page.keyboard.press("m")
    assert lens(page) == pytest.approx((0.5, 0.5), abs=0.01)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    assert lens(page) == pytest.approx((0.52, 0.4), abs=0.01)
    page.keyboard.press("Escape")
    expect(page.locator(".lens")).to_be_hidden()
    expect(page.get_by_role("switch", name="Magnifier")).not_to_be_checked()


def test_zoom_keeps_the_middle_and_is_in_the_address(view_page):
    page = view_page("image", picture())
    stage = page.locator(".stage").bounding_box()
    page.get_by_role("radio", name="4×").check(force=True)
    assert page.locator(".stage").bounding_box() == stage
    shown = page.locator(".pan img").bounding_box()
    assert shown["width"] == pytest.approx(4 * stage["width"], rel=0.01)
    assert shown["x"] + shown["width"] / 2 == pytest.approx(stage["x"] + stage["width"] / 2, abs=2)
    expect(page).to_have_url(re.compile(r"#fig-1\.zoom=4$"))
    page.get_by_role("button", name="Reset").click()
    assert page.locator(".pan img").bounding_box()["width"] == pytest.approx(
        stage["width"], rel=0.01
    )


def test_zoomed_picture_is_moved_by_keyboard_and_by_dragging(view_page):
    page = view_page("image", picture(), fragment="#fig-1.zoom=2")
    pan = page.locator(".pan")
    pan.focus()
    before = pan.evaluate("e => e.scrollLeft")
    page.keyboard.press("ArrowRight")
    after = pan.evaluate("e => e.scrollLeft")
    assert after > before
    box = pan.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 130, box["y"] + 120)
    page.mouse.up()
    assert pan.evaluate("e => e.scrollLeft") == after - 30
    page.keyboard.press("-")
    expect(page.get_by_role("radio", name="1×")).to_be_checked()


@pytest.mark.parametrize(("scale", "rendering"), [(8, "pixelated"), (1, "auto")])
def test_pixels_are_crisp_when_scaled(view_page, scale, rendering):
    page = view_page("image", picture(scale))
    image = page.locator(".pan img")
    assert image.evaluate("e => getComputedStyle(e).imageRendering") == rendering
    assert image.bounding_box()["width"] == 60 * scale


def test_static_form_is_the_picture(view_page):
    page = view_page("image", picture(), alt="Noise.", screen={"java_script_enabled": False})
    expect(page.get_by_role("img", name="Noise.")).to_be_visible()
    expect(page.locator(".controls")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_is_accessible_and_fits(view_page, axe, width):
    page = view_page("image", picture(), screen={"width": width})
    page.get_by_role("switch", name="Magnifier").click()
    assert axe(page, ".view") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
