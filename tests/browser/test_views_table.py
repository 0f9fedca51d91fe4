import re

import pytest
from playwright.sync_api import expect

from stillroom.recipe import Result


def layers(**data):
    return Result(
        data={"columns": ["layer", {"name": "accuracy", "unit": "%", "format": ".1f"}, "weights"]}
        | data,
        tables={
            "layers": {
                "layer": ["GCN", "GAT", "MLP"],
                "accuracy": [81.5, 83.04, 57.2],
                "weights": [1433, 92373, None],
            }
        },
    )


def column(page, number):
    return page.locator(f"tbody tr > :nth-child({number})").all_inner_texts()


def heading(page, name):
    return page.get_by_role("columnheader", name=name)


def test_a_heading_sorts_up_then_down_by_mouse(view_page):
    page = view_page("table", layers())
    assert column(page, 1) == ["GCN", "GAT", "MLP"]
    expect(heading(page, "Accuracy")).to_have_attribute("aria-sort", "none")
    page.get_by_role("button", name="Accuracy").click()
    assert column(page, 2) == ["57.2", "81.5", "83.0"]
    expect(heading(page, "Accuracy")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("button", name="Accuracy").click()
    assert column(page, 2) == ["83.0", "81.5", "57.2"]
    expect(heading(page, "Accuracy")).to_have_attribute("aria-sort", "descending")
    expect(page).to_have_url(re.compile(r"#fig-1\.sort=-accuracy$"))


def test_a_heading_sorts_by_keyboard_and_missing_values_come_last(view_page):
    page = view_page("table", layers())
    page.get_by_role("button", name="Weights").focus()
    page.keyboard.press("Enter")
    assert column(page, 3) == ["1433", "92373", "–"]
    page.keyboard.press("Space")
    assert column(page, 3) == ["92373", "1433", "–"]
    page.get_by_role("button", name="Layer").focus()
    page.keyboard.press("Enter")
    assert column(page, 1) == ["GAT", "GCN", "MLP"]


def test_an_initial_order_is_in_the_static_form_and_marked(view_page):
    result = layers(sort={"column": "accuracy", "descending": True})
    page = view_page("table", result)
    assert column(page, 1) == ["GAT", "GCN", "MLP"]
    expect(heading(page, "Accuracy")).to_have_attribute("aria-sort", "descending")


def test_the_row_nearest_to_a_page_variable_is_marked(view_page):
    page = view_page(
        "table",
        layers(key="accuracy"),
        bind={"row": "level"},
        variables={"level": {"initial": 80, "values": [57, 80, 83]}},
    )
    marked = page.locator("tr[aria-current=true]")
    expect(marked).to_contain_text("GCN")
    page.evaluate("stillroom.findCell('level').set(57)")
    expect(marked).to_contain_text("MLP")
    expect(marked).to_have_count(1)


def test_numbers_are_aligned(view_page):
    page = view_page("table", layers())
    cell = page.locator("tbody td.number").first
    style = cell.evaluate(
        "e => [getComputedStyle(e).textAlign, getComputedStyle(e).fontVariantNumeric]"
    )
    assert style[0] in {"end", "right"}
    assert "tabular-nums" in style[1]
    rights = page.locator("tbody tr > :nth-child(2)").evaluate_all(
        "cells => cells.map(c => { const r = document.createRange(); r.selectNodeContents(c);"
        " return r.getBoundingClientRect().right; })"
    )
    assert max(rights) - min(rights) < 0.5


def test_static_form_is_the_whole_table(view_page):
    page = view_page("table", layers(), screen={"java_script_enabled": False})
    assert page.get_by_role("row").count() == 4
    assert page.get_by_role("button").count() == 0
    expect(page.get_by_role("rowheader", name="GAT")).to_be_visible()


def test_nothing_moves_when_the_script_starts(view_page):
    boxes = [
        view_page("table", layers(), screen={"java_script_enabled": script})
        .locator("tbody td, thead th")
        .evaluate_all("cells => cells.map(c => c.getBoundingClientRect().toJSON())")
        for script in (False, True)
    ]
    assert boxes[0] == boxes[1]


@pytest.mark.parametrize("width", [390, 1280])
def test_is_accessible_and_fits(view_page, axe, width):
    page = view_page("table", layers(), screen={"width": width})
    assert axe(page, ".view") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
