import re

import numpy as np
import pytest
from playwright.sync_api import expect

from stillroom.media.kinds import Frames
from stillroom.recipe import Result

WEIGHTS = np.array([[0.25, -1.0, 0.0], [0.5, 0.04, -0.36]])
PHONE = {"width": 390, "height": 844, "has_touch": True}


def weights(**data):
    """Columns that are named by numbers, as inputs often are."""
    names = ["10", "2", "bias"]
    return Result(
        data={"rows": "Unit", "columns": "Input", "patterns": "patterns"} | data,
        tables={"w": {"unit": ["a", "b"]} | dict(zip(names, WEIGHTS.T.tolist(), strict=True))},
        assets={"patterns": Frames(np.zeros((2, 3, 3)), scale=8)},
    )


def read(page):
    parts = [page.locator(f"[data-part={part}]") for part in ("row", "column", "weight")]
    return [part.inner_text() for part in parts]


def middle(page, row, column):
    box = page.locator(".weights").bounding_box()
    return {"x": (column + 0.5) * box["width"] / 3, "y": (row + 0.5) * box["height"] / 2}


def test_the_area_of_a_square_is_its_weight(view_page):
    page = view_page("hinton", weights(), screen={"java_script_enabled": False})
    found = np.zeros((2, 3))
    for sign, name in [(1, "positive"), (-1, "negative")]:
        path = page.locator(f".weights .{name}").get_attribute("d")
        for x, y, side in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v", path):
            column, row = (int(float(at) + float(side) / 2) for at in (x, y))
            found[row, column] = sign * float(side) ** 2 / 0.94**2
    assert found == pytest.approx(WEIGHTS, abs=0.02)
    assert read(page) == ["a", "2", "−1"]  # the largest
    expect(page.get_by_role("img", name="Unit a: its weights as a picture")).to_be_visible()
    page.get_by_text("Data as a table").click()
    assert page.locator(".data-table th").all_inner_texts()[:4] == ["Unit", "10", "2", "Bias"]


def test_mouse_and_keys_read_a_weight(view_page, axe):
    page = view_page("hinton", weights())
    drawing = page.locator(".weights")
    drawing.hover(position=middle(page, 1, 2))
    assert read(page) == ["b", "bias", "−0.36"]
    assert page.locator(".names .there").all_inner_texts() == ["bias", "b"]
    page.mouse.move(0, 0)
    assert read(page) == ["a", "2", "−1"]
    drawing.focus()
    for key, expected in [
        ("ArrowRight", ["a", "bias", "0"]),
        ("ArrowDown", ["b", "bias", "−0.36"]),
        ("ArrowDown", ["b", "bias", "−0.36"]),
        ("Home", ["b", "10", "0.5"]),
    ]:
        page.keyboard.press(key)
        assert read(page) == expected
    page.keyboard.press("Enter")
    drawing.blur()
    assert read(page) == ["b", "10", "0.5"]
    expect(page).to_have_url(re.compile(r"#fig-1\.selected=1,0$"))
    assert axe(page, ".view") == []
    page.get_by_role("button", name="Reset").click()
    assert read(page) == ["a", "2", "−1"]


def test_a_wide_matrix_scrolls_in_its_box_on_a_phone(view_page, axe):
    table = {"unit": ["a"]} | {f"input {i}": [float(i)] for i in range(40)}
    result = Result(data={"rows": "Unit", "columns": "Input"}, tables={"w": table})
    page = view_page("hinton", result, screen=PHONE | {"color_scheme": "dark"})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".weights").tap(position={"x": 13 * 3.5, "y": 6})
    assert read(page) == ["a", "input 3", "3"]
    page.keyboard.press("End")
    assert read(page) == ["a", "input 39", "39"]
    assert page.locator(".cursor").bounding_box()["x"] < 390  # scrolled to
    assert axe(page, ".view") == []
