import re

import numpy as np
import pytest
from playwright.sync_api import expect

from stillroom.media.kinds import Frames, Image
from stillroom.recipe import Result


def grid(count=12, **data):
    pixels = np.linspace(0, 1, count)[:, None, None] * np.ones((count, 6, 6))
    data = {"labels": [f"grey {i}" for i in range(count)], "columns": 4, "search": "Grey"} | data
    return Result(data=data, assets={"greys": Frames(pixels, scale=8)})


def enlarged(page):
    return page.locator(".enlarged")


def test_pointing_enlarges_within_the_figure(view_page):
    page = view_page("image-grid", grid(notes=[f"level {i}" for i in range(12)]))
    expect(enlarged(page)).to_be_hidden()
    cell = page.locator(".cell").nth(11)
    cell.hover()
    expect(enlarged(page)).to_contain_text("grey 11")
    expect(enlarged(page)).to_contain_text("level 11")
    page.wait_for_timeout(300)  # it grows into place
    small, large = cell.locator(".cell-picture").bounding_box(), enlarged(page).bounding_box()
    assert large["width"] > 1.5 * small["width"]
    box = page.locator(".grid-box").bounding_box()
    assert large["x"] >= box["x"] - 1
    assert large["x"] + large["width"] <= box["x"] + box["width"] + 1
    page.mouse.move(0, 0)
    expect(enlarged(page)).to_be_hidden()


def test_keyboard_moves_in_two_directions_and_pins(view_page):
    page = view_page("image-grid", grid())
    page.locator(".cell").first.focus()
    cells = page.get_by_role("option")
    for key, number in [
        ("ArrowRight", 1), ("ArrowDown", 5), ("ArrowLeft", 4), ("ArrowUp", 0), ("ArrowUp", 0),
        ("End", 11), ("ArrowRight", 11), ("Home", 0), ("ArrowDown", 4),
    ]:  # fmt: skip
        page.keyboard.press(key)
        expect(cells.nth(number)).to_be_focused()
    expect(enlarged(page)).to_contain_text("grey 4")
    page.keyboard.press("Enter")
    expect(cells.nth(4)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Tab")
    expect(enlarged(page)).to_contain_text("grey 4")  # pinned
    expect(page).to_have_url(re.compile(r"#fig-1\.selected=4$"))
    cells.nth(4).focus()
    page.keyboard.press("Escape")
    expect(enlarged(page)).to_be_hidden()


def test_only_one_cell_is_a_stop_for_tab(view_page):
    page = view_page("image-grid", grid())
    page.locator(".cell").nth(3).focus()
    assert page.locator(".cell[tabindex='0']").count() == 1
    assert page.locator(".cell").nth(3).get_attribute("tabindex") == "0"


def test_search_finds_a_picture_by_its_number(view_page):
    page = view_page("image-grid", grid(first=100, labels=[f"neuron {i}" for i in range(100, 112)]))
    field = page.get_by_role("spinbutton", name="Grey")
    field.fill("107")
    expect(enlarged(page)).to_contain_text("neuron 107")
    field.fill("112")
    expect(enlarged(page)).to_be_hidden()
    assert field.evaluate("e => e.validationMessage") == "There is no 112"
    field.fill("101")
    page.get_by_role("button", name="Reset").click()
    expect(enlarged(page)).to_be_hidden()
    assert field.input_value() == ""


def test_scrolling_under_a_resting_pointer_enlarges_nothing(view_page):
    page = view_page("image-grid", grid(), prose="<p>x</p>" * 40, screen={"height": 500})
    box = page.locator(".cells").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, 2)
    page.evaluate("document.querySelector('.cells').scrollIntoView({behavior: 'instant'})")
    page.wait_for_timeout(400)
    expect(enlarged(page)).to_be_hidden()


def test_touch_pins_and_lets_go(view_page):
    page = view_page("image-grid", grid(), screen={"width": 390, "has_touch": True})
    page.locator(".cell").nth(2).tap()
    expect(enlarged(page)).to_contain_text("grey 2")
    page.locator(".cell").nth(2).tap()
    expect(enlarged(page)).to_be_hidden()


def test_images_of_a_result_make_a_grid(view_page):
    result = Result(assets={name: Image(np.full((4, 4), 0.5), scale=8) for name in ("a", "b", "c")})
    page = view_page("image-grid", result)
    assert page.locator(".cell-label").all_inner_texts() == ["a", "b", "c"]


def test_static_form_shows_every_picture_with_its_label(view_page):
    page = view_page("image-grid", grid(), screen={"java_script_enabled": False})
    assert page.get_by_role("img").count() == 12
    expect(page.get_by_role("img", name="grey 7")).to_be_visible()
    expect(page.locator(".cell-label").nth(7)).to_have_text("grey 7")
    expect(page.locator(".controls")).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_is_accessible_and_fits(view_page, axe, width):
    page = view_page("image-grid", grid(), screen={"width": width})
    page.locator(".cell").first.focus()
    assert axe(page, ".view") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
