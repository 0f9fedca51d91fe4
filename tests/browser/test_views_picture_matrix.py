import re

import numpy as np
import pytest
from playwright.sync_api import expect

from screens import grey
from stillroom.media.kinds import Frames
from stillroom.recipe import Result

ROWS = {"name": "regulariser", "label": "Regulariser", "values": ["none", "blur"]}
COLUMNS = {"name": "strength", "label": "Strength", "values": [0, 0.1, 1]}
PHONE = {"width": 390, "height": 844, "has_touch": True}


def matrix(**data):
    """Cell i is grey i / 10, its control is white."""
    greys = np.arange(6)[:, None, None] / 10 * np.ones((6, 5, 5))
    numbers = [
        {"name": "logit", "label": "Logit", "control": "untrained"},
        {"name": "share", "label": "Share"},
    ]
    return Result(
        data={
            "rows": ROWS,
            "columns": COLUMNS,
            "frames": "grid",
            "control": "control",
            "labels": ["Trained", "Untrained"],
            "numbers": numbers,
            "start": {"row": 1, "column": 0},
        }
        | data,
        tables={
            "cells": {
                "logit": [0.5, 1.25, 2, 3, 4, 5],
                "untrained": [0, 0, 0, 0.125, 0, -1],
                "share": [0.1, 0.2, 0.3, 0.4, 0.5, None],
            }
        },
        assets={"grid": Frames(greys, scale=8), "control": Frames(np.ones((6, 5, 5)), scale=8)},
    )


def numbers(page):
    return page.locator(".numbers tbody td").all_inner_texts()


def where(page):
    return page.locator(".where b").all_inner_texts()


def test_a_cell_is_pointed_at_and_chosen(view_page):
    page = view_page("picture-matrix", matrix())
    cells = page.get_by_role("gridcell")
    assert where(page) == ["blur", "0"]
    assert numbers(page) == ["3", "0.125", "0.4", ""]
    cells.nth(5).hover()
    assert where(page) == ["blur", "1"]
    assert numbers(page) == ["5", "−1", "–", ""]
    assert grey(page.locator("[data-part=picture] .frame")) == pytest.approx(0.5, abs=0.01)
    assert grey(page.locator("[data-part=control] .frame")) == pytest.approx(1, abs=0.01)
    page.mouse.move(0, 0)
    assert where(page) == ["blur", "0"]
    cells.nth(1).click()
    page.mouse.move(0, 0)
    assert where(page) == ["none", "0.1"]
    expect(page).to_have_url(re.compile(r"#fig-1\.regulariser=none&fig-1\.strength=0\.1$"))
    page.get_by_role("button", name="Reset").click()
    assert where(page) == ["blur", "0"]


def test_keys_go_in_two_directions(view_page):
    page = view_page("picture-matrix", matrix())
    cells = page.get_by_role("gridcell")
    assert page.locator(".cell[tabindex='0']").count() == 1
    page.locator(".cell[tabindex='0']").focus()
    for key, index in [("ArrowRight", 4), ("ArrowUp", 1), ("ArrowLeft", 0), ("End", 5)]:
        page.keyboard.press(key)
        expect(cells.nth(index)).to_be_focused()
    page.keyboard.press("Enter")
    expect(cells.nth(5)).to_have_attribute("aria-selected", "true")
    label = "Regulariser blur, Strength 1: Logit 5, Share –"
    expect(cells.nth(5)).to_have_attribute("aria-label", label)


def test_page_variables_choose_row_and_column(view_page):
    page = view_page(
        "picture-matrix",
        matrix(),
        bind={"regulariser": "how", "strength": "much"},
        variables={"how": {"initial": "none"}, "much": {"initial": 0.6, "values": [0, 0.6, 1]}},
    )
    assert where(page) == ["none", "1"]  # the nearest strength


def test_fits_a_phone_in_the_dark(view_page, axe):
    page = view_page("picture-matrix", matrix(), screen=PHONE | {"color_scheme": "dark"})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator(".cell").first.bounding_box()["width"] >= 44
    page.locator(".cell").nth(2).tap()
    assert where(page) == ["none", "1"]
    assert axe(page, ".view") == []


def test_one_axis_needs_neither_control_nor_numbers(view_page, axe):
    result = matrix(rows=None, control=None, numbers=[], start={"column": 2})
    result.data["columns"] = {"name": "objective", "label": "Objective", "values": list("abcdef")}
    page = view_page("picture-matrix", result)
    assert where(page) == ["c"]
    page.get_by_role("gridcell", name="Objective e").click()
    assert where(page) == ["e"]
    assert grey(page.locator("[data-part=picture] .frame")) == pytest.approx(0.4, abs=0.01)
    assert axe(page, ".view") == []


def test_static_form_is_the_whole_matrix(view_page):
    page = view_page("picture-matrix", matrix(), screen={"java_script_enabled": False})
    expect(page.get_by_role("img", name="Regulariser none, Strength 0.1")).to_be_visible()
    assert page.locator(".cell-number").all_inner_texts() == ["0.5", "1.25", "2", "3", "4", "5"]
    assert where(page) == ["blur", "0"]
    assert numbers(page) == ["3", "0.125", "0.4", ""]
    expect(page.locator(".controls")).to_be_hidden()
