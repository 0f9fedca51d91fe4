import re

import numpy as np
import pytest
from playwright.sync_api import expect

from screens import grey
from stillroom.media.kinds import Frames
from stillroom.recipe import Result

CLASSES = ["cat", "dog", "web"]
PHONE = {"width": 390, "height": 844, "has_touch": True}
GREY = [0.1, 0.3, 0.5, 0.7]


def level(size, grey):
    """A full map of one grey but for the last cell, which is empty; the first has most patches."""
    pixels = np.zeros((size * size, 4, 4, 4))
    pixels[:-1, ..., :3], pixels[:-1, ..., 3] = grey, 1
    cells = {"x": [], "y": [], "count": [], "classes": [], "values": [], "patches": []}
    for index in range(size * size - 1):
        cells["x"].append(index % size)
        cells["y"].append(index // size)
        cells["count"].append(1000 if index == 0 else 1 + index)
        cells["classes"].append([index % 2, 2])
        cells["values"].append([2.0 + index % 2, -0.5])
        cells["patches"].append([0, 1])
    return Frames(pixels, columns=size, scale=8), cells


def atlas(sizes=(3, 12)):
    layers, assets = [], {}
    for k, name in enumerate(["early", "late"]):
        levels = []
        for i, size in enumerate(sizes):
            frames, cells = level(size, GREY[2 * k + i])
            assets[f"{name}-{size}"] = frames
            levels.append({"frames": f"{name}-{size}", "cells": cells})
        assets[f"{name}-patches"] = Frames(np.full((2, 4, 4), 0.9), scale=8)
        layers.append(
            {"name": name, "label": name.title(), "patches": f"{name}-patches", "levels": levels}
        )
    return Result(data={"layers": layers, "classes": CLASSES}, assets=assets)


def shows(page, expected, x, y):
    for _ in range(40):
        if grey(page.locator(".map"), x, y) == pytest.approx(expected, abs=0.02):
            return
        page.wait_for_timeout(50)
    assert grey(page.locator(".map"), x, y) == pytest.approx(expected, abs=0.02)


def place(page, x, y):
    box = page.locator(".map").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def count(page):
    return page.locator("[data-part=count]").inner_text()


def view(page):
    """[x, y, zoom], from the address."""
    page.wait_for_timeout(500)  # a zoom takes a moment, and the address follows
    found = re.search(r"fig-1\.view=([\d.,]+)", page.url)
    return [float(part) for part in found[1].split(",")] if found else [0.5, 0.5, 1]


def middle(page, expected):
    """Where the window is on the map, to the precision of a gesture."""
    assert view(page) == pytest.approx(expected, abs=0.01)


def test_pointing_at_a_cell_shows_what_it_holds(view_page, axe):
    page = view_page("atlas", atlas(sizes=(12,)))
    shows(page, GREY[0], 1 / 24, 1 / 24)
    assert count(page) == "1,000 patches"  # the fullest
    page.mouse.move(*place(page, 3 / 24, 1 / 24))
    assert count(page) == "2 patches"
    bars = page.locator(".detail .bars li")
    assert bars.all_inner_texts() == ["dog\n3", "web\n−0.5"]
    assert page.locator(".detail .patches img").count() == 2
    page.mouse.move(*place(page, 23 / 24, 23 / 24))
    assert count(page) == "1,000 patches"  # an empty place
    page.mouse.click(*place(page, 3 / 24, 1 / 24))
    page.mouse.move(0, 0)
    assert count(page) == "2 patches"  # pinned
    expect(page).to_have_url(re.compile(r"#fig-1\.at=0\.125,0\.0417$"))
    assert axe(page, ".view") == []
    page.get_by_role("button", name="Reset").click()
    assert count(page) == "1,000 patches"


def test_wheel_drag_and_buttons_move_the_window(view_page):
    page = view_page("atlas", atlas(), screen={"reduced_motion": "reduce"})
    page.mouse.move(*place(page, 0, 0))
    page.mouse.move(*place(page, 0.25, 0.25))
    page.mouse.wheel(0, -100)
    middle(page, [0.5, 0.5, 1])  # the page's wheel, until the map has the focus
    page.locator(".map").scroll_into_view_if_needed()
    page.mouse.click(*place(page, 0.25, 0.25))
    page.mouse.wheel(0, -200)
    zoom = np.exp(0.4)
    moved = 0.25 * (1 - 1 / zoom)  # what is under the pointer stays there
    middle(page, [0.5 - moved, 0.5 - moved, zoom])
    page.mouse.wheel(0, 2000)
    middle(page, [0.5, 0.5, 1])
    expect(page.get_by_role("button", name="Zoom out")).to_be_disabled()

    page.get_by_role("button", name="Reset").click()
    for _ in range(2):
        page.get_by_role("button", name="Zoom in").click()
    middle(page, [0.5, 0.5, 2.56])
    page.mouse.move(*place(page, 0.5, 0.5))
    page.mouse.down()
    page.mouse.move(*place(page, 0.75, 0.5), steps=4)
    page.mouse.up()
    middle(page, [0.5 - 0.25 / 2.56, 0.5, 2.56])
    page.mouse.move(*place(page, 0.5, 0.5))
    page.mouse.down()
    page.mouse.move(*place(page, 0.5, 5), steps=2)
    page.mouse.up()
    middle(page, [0.5 - 0.25 / 2.56, 0.5 / 2.56, 2.56])  # not beyond the map
    assert "at=" not in page.url  # a drag pins nothing
    page.mouse.move(0, 0)
    assert count(page) == "29 patches"  # the cell in the middle of the window


def test_keys_go_from_cell_to_cell_and_finer_cells_come_near(view_page):
    page = view_page("atlas", atlas(), screen={"width": 390, "reduced_motion": "reduce"})
    shows(page, GREY[1], 1 / 24, 1 / 24)  # three cells in a row would be too wide
    page.locator(".map").focus()
    for key, held in [("ArrowRight", 2), ("ArrowDown", 14), ("ArrowLeft", 13), ("ArrowUp", 1000)]:
        page.keyboard.press(key)
        assert count(page) == f"{held:,} patches"
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    assert count(page) == "133 patches"
    page.keyboard.press("+")
    moved = (0.5 - 1 / 24) * (1 - 1 / 1.6)  # the cell stays where it is
    middle(page, [0.5 - moved, 0.5 + moved, 1.6])
    for _ in range(20):
        page.keyboard.press("ArrowUp")
    assert view(page)[1] < 0.5  # the window follows
    page.keyboard.press("-")
    page.keyboard.press("Home")
    middle(page, [0.5, 0.5, 1])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator(".map").blur()
    assert count(page) == "2 patches"
    page.locator(".map").focus()
    page.keyboard.press("Escape")
    assert count(page) == "1,000 patches"


def test_a_level_is_chosen_by_the_width_of_its_cells(view_page):
    page = view_page("atlas", atlas(sizes=(8, 16)), screen={"reduced_motion": "reduce"})
    shows(page, GREY[0], 1 / 16, 1 / 16)
    expect(page.locator("[data-part=note]")).to_contain_text("63 cells")
    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("[data-part=note]")).to_contain_text("255 cells")
    math = page.evaluate("""() => {
      const { zoomAbout, toMap, settle, beyond, levelFor } = stillroom.math.atlas;
      const view = [0.4, 0.6, 2];
      return {
        before: toMap(view, [0.3, 0.8]),
        after: toMap(zoomAbout(view, 1.7, [0.3, 0.8], 9), [0.3, 0.8]),
        settled: settle([0, 2, 4], 3),
        over: beyond({ x: [0, 3, 1], y: [0, 0, 2] }, 0, [1, 0]),
        none: beyond({ x: [0, 3, 1], y: [0, 0, 2] }, 1, [1, 0]),
        levels: [0.1, 1, 2, 9].map((zoom) => levelFor([4, 8, 16], zoom, 400, 100)),
      };
    }""")
    assert math["after"] == pytest.approx(math["before"])
    assert math["settled"] == pytest.approx([1 / 6, 5 / 6, 3])
    assert (math["over"], math["none"]) == (1, 1)
    assert math["levels"] == [0, 0, 1, 2]


def test_a_class_and_a_layer_are_chosen(view_page):
    page = view_page("atlas", atlas(sizes=(12,)))
    page.get_by_label("Highlight a class").select_option("dog")
    note = page.locator("[data-part=note]")
    expect(note).to_have_text("dog is among the strongest classes of 71 of 143 cells.")
    shows(page, GREY[0], 3 / 24, 1 / 24)  # dog
    assert grey(page.locator(".map"), 1 / 24, 1 / 24) > 0.7  # cat: pale
    page.get_by_label("Highlight a class").select_option("none")
    shows(page, GREY[0], 1 / 24, 1 / 24)
    page.get_by_text("Late", exact=True).click()
    shows(page, GREY[2], 1 / 24, 1 / 24)
    expect(page).to_have_url(re.compile(r"#fig-1\.layer=late$"))


def test_two_fingers_zoom_and_a_tap_pins(view_page, axe):
    page = view_page("atlas", atlas(), screen=PHONE | {"color_scheme": "dark"})
    touch = page.context.new_cdp_session(page)
    page.locator(".map").scroll_into_view_if_needed()
    page.locator(".map").tap(position={"x": 350 * 3 / 24, "y": 350 / 24})
    assert count(page) == "2 patches"

    def fingers(kind, *places):
        points = [dict(zip("xy", place(page, *each), strict=True)) for each in places]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (0.4, 0.5))
    fingers("touchStart", (0.4, 0.5), (0.6, 0.5))
    for apart in (0.15, 0.2):
        fingers("touchMove", (0.5 - apart, 0.5), (0.5 + apart, 0.5))
    fingers("touchEnd")
    middle(page, [0.5, 0.5, 2])
    fingers("touchStart", (0.5, 0.5))
    fingers("touchMove", (0.4, 0.4))
    fingers("touchMove", (0.3, 0.3))
    fingers("touchEnd")
    middle(page, [0.6, 0.6, 2])
    assert count(page) == "2 patches"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert axe(page, ".view") == []


def test_static_form_is_a_map_and_cells_that_tell_of_it(view_page):
    page = view_page("atlas", atlas(), screen={"java_script_enabled": False})
    picture = page.get_by_role("img", name="What the figure shows.")
    expect(picture).to_be_visible()
    assert picture.evaluate("e => [e.naturalWidth, e.naturalHeight]") == [12, 12]
    expect(page.locator(".note")).to_have_text("8 cells of 1,035 patches.", use_inner_text=True)
    first = page.locator(".selection > li").first
    assert first.inner_text().split("\n")[:3] == ["1,000 patches", "", "cat"]
    expect(page.locator(".detail")).to_be_hidden()
    expect(page.locator(".zoom")).to_be_hidden()
