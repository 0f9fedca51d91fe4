import re

import pytest
from playwright.sync_api import expect

from stillroom.recipe import Run
from stillroom.recipes.graphs.node_order import node_order

RESULT = node_order(Run())
GRAPH = RESULT.data["graph"]
NAMES = GRAPH["names"]
START = [NAMES[v] for v in RESULT.data["order"]]


@pytest.fixture
def orders(view_page):
    return view_page("node-order", RESULT, width="wide")


def order(page):
    return page.locator('[data-part="other"] .rows .chip[data-node]').all_inner_texts()


def columns(page):
    """The letters above the matrix as they stand, from left to right."""
    return page.evaluate(
        """() => [...document.querySelectorAll('[data-part="other"] .columns > *')]
          .sort((a, b) => a.getBoundingClientRect().left - b.getBoundingClientRect().left)
          .map((chip) => chip.textContent)"""
    )


def chip(page, name):
    return page.get_by_role("button", name=re.compile(f"^{name}, position"))


def text(page, part):
    return page.locator(f'[data-part="{part}"]').inner_text()


def test_browser_computes_what_torch_computed(orders):
    worst = orders.evaluate(
        """() => {
          const { data } = JSON.parse(document.querySelector(".payload").textContent);
          const { reorder } = stillroom.math["node-order"];
          return Math.max(...data.reference.map((each) => {
            const mine = reorder(data.graph, data.dense, each.order);
            return Math.max(
              ...mine.outputs.map((value, i) => Math.abs(value - each.outputs[i])),
              Math.abs(mine.sum - each.sum), Math.abs(mine.dense - each.dense), mine.difference,
            );
          }));
        }"""
    )
    assert worst < 1e-4


def test_it_starts_in_two_orders_with_and_without_script(orders, view_page):
    static = view_page("node-order", RESULT, screen={"java_script_enabled": False})
    for page in (orders, static):
        assert order(page) == columns(page) == START
        assert float(text(page, "difference").replace("−", "-")) < 1e-9
        assert text(page, "sum-change") == "0"
        assert text(page, "dense-change") != "0"


def test_the_matrix_follows_the_order(orders):
    chip(orders, "A").focus()
    orders.keyboard.press("Home")
    orders.wait_for_timeout(300)
    shown = orders.evaluate(
        """() => {
          const found = document.querySelectorAll('[data-part="other"] .square');
          const squares = [...found].map((square) => {
            const box = square.getBoundingClientRect();
            return [Math.round(box.top), Math.round(box.left), square.textContent.trim()];
          });
          squares.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
          return squares.map((square) => square[2]).join("");
        }"""
    )
    now = [NAMES.index(name) for name in order(orders)]
    joined = {frozenset(edge) for edge in GRAPH["edges"]}
    assert shown == "".join(str(int(frozenset((u, v)) in joined)) for u in now for v in now)


def test_a_letter_moves_with_the_arrow_keys(orders):
    first, second, *rest = START
    chip(orders, first).focus()
    orders.keyboard.press("ArrowRight")
    assert order(orders) == columns(orders) == [second, first, *rest]
    assert orders.evaluate("document.activeElement.textContent") == first
    orders.keyboard.press("End")
    assert order(orders) == [second, *rest, first]
    orders.keyboard.press("ArrowRight")
    assert order(orders) == [second, *rest, first]


def test_a_letter_is_dragged(orders):
    source = chip(orders, START[0]).bounding_box()
    target = chip(orders, START[3]).bounding_box()
    orders.mouse.move(source["x"] + 5, source["y"] + 10)
    orders.mouse.down()
    orders.mouse.move(target["x"] + target["width"] / 2, target["y"] + 10, steps=6)
    orders.mouse.up()
    expected = [START[1], START[2], START[3], START[0], *START[4:]]
    assert order(orders) == columns(orders) == expected
    orders.get_by_role("button", name="Undo").click()
    assert order(orders) == START


def test_shuffle_sort_undo_and_reset(orders):
    orders.get_by_role("button", name="Shuffle").click()
    first = order(orders)
    assert sorted(first) == NAMES
    assert columns(orders) == first
    assert len({chip(orders, name).bounding_box()["y"] for name in NAMES}) == 1
    assert first != START
    orders.get_by_role("button", name="Shuffle").press("Enter")
    assert order(orders) != first
    assert text(orders, "sum") == f"{RESULT.facts['sum']:g}"
    orders.get_by_role("button", name="Sort A to Z").click()
    assert order(orders) == NAMES
    assert text(orders, "dense-change") == "0"
    undo = orders.get_by_role("button", name="Undo")
    undo.click()
    undo.click()
    assert order(orders) == first
    orders.get_by_role("button", name="Reset").click()
    assert order(orders) == START
    assert undo.get_attribute("aria-disabled") == "true"


def test_a_node_lights_up_wherever_it_is(orders):
    orders.locator('.graph .node[data-node="0"]').hover()
    assert orders.locator('[data-node="0"].lit').count() == 5
    assert orders.locator(".square.lit").count() == 2 * (2 * len(NAMES) - 1)
    orders.locator('[data-part="other"] .square[data-u="0"][data-v="2"]').hover()
    assert orders.locator(".graph .node.lit").count() == 2


def test_a_link_brings_the_order_back_and_a_wrong_one_is_ignored(orders, view_page):
    orders.get_by_role("button", name="Sort A to Z").click()
    expect(orders).to_have_url(re.compile("order=0,1,2,3,4,5"))
    expect(orders.locator("[aria-live=polite]")).to_contain_text("Order A, B, C, D, E, F.")
    again = view_page("node-order", RESULT, fragment=orders.evaluate("location.hash"))
    assert order(again) == NAMES
    wrong = view_page("node-order", RESULT, fragment="#fig-1&fig-1.order=0,0,0,0,0,0")
    assert order(wrong) == START


def test_it_is_accessible_and_fits_a_phone(view_page, axe):
    page = view_page(
        "node-order",
        RESULT,
        screen={"width": 390, "height": 844, "has_touch": True},
    )
    assert axe(page, ".view", dark=True) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
