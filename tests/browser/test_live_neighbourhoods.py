import re

import pytest
from playwright.sync_api import expect

from stillroom.recipe import Run
from stillroom.recipes.graphs.neighbourhoods import neighbourhoods

RESULT = neighbourhoods(Run())
START = RESULT.data["start"]


@pytest.fixture
def pair(view_page):
    return view_page("neighbourhoods", RESULT, width="wide")


def pixel(page, index):
    return page.locator('[data-part="pixels"] .pixel').nth(index)


def node(page, index):
    return page.locator('[data-part="graph"] .node').nth(index)


def lit(page, part, name):
    return page.evaluate(
        """([part, name]) =>
          [...document.querySelectorAll(`[data-part="${part}"] :is(.pixel, .node)`)].flatMap(
            (element, i) => (element.classList.contains(name) ? [i] : []),
          )""",
        [part, name],
    )


def test_browser_finds_what_torch_found(pair):
    found = pair.evaluate(
        """() => {
          const { data } = JSON.parse(document.querySelector(".payload").textContent);
          const { rings } = stillroom.math.neighbourhoods;
          return data.neighbours.map((_, v) => rings(data.neighbours, v, 2));
        }"""
    )
    assert found == RESULT.data["reference"]


def test_windows_are_in_order_and_end_at_the_edge(pair):
    places = "([pixel, reach]) => stillroom.math.neighbourhoods.places(6, pixel, reach)"
    assert pair.evaluate(places, [7, 1]) == [0, 1, 2, 6, 7, 8, 12, 13, 14]
    assert pair.evaluate(places, [0, 1]) == [None, None, None, None, 0, 1, None, 6, 7]
    assert len(pair.evaluate(places, [14, 2])) == 25


def test_static_form_shows_both_without_script(view_page):
    page = view_page("neighbourhoods", RESULT, screen={"java_script_enabled": False})
    assert lit_static(page, "pixels") == 8
    assert lit_static(page, "graph") == len(RESULT.data["neighbours"][START])
    assert "9 weights" in page.locator('[data-part="window-verdict"]').inner_text()


def lit_static(page, part):
    return page.locator(f'[data-part="{part}"] .near:is(.pixel, .node)').count()


def test_live_form_starts_like_the_static_one(pair, view_page):
    static = view_page("neighbourhoods", RESULT, screen={"java_script_enabled": False})
    for part in ("window", "members", "window-verdict", "members-verdict"):
        texts = [
            re.sub(r"\s+", "", page.locator(f'[data-part="{part}"]').inner_text())
            for page in (pair, static)
        ]
        assert texts[0] == texts[1]


@pytest.mark.parametrize("index", [0, 10, 35])
def test_pointing_at_one_lights_the_other(pair, index):
    pixel(pair, index).hover()
    assert lit(pair, "graph", "chosen") == [index]
    assert lit(pair, "graph", "near") == RESULT.data["neighbours"][index]
    pair.mouse.move(2, 2)
    assert lit(pair, "graph", "chosen") == [START]
    node(pair, index).hover()
    assert lit(pair, "pixels", "chosen") == [index]


def test_the_edge_of_the_picture_is_told(pair):
    pixel(pair, 0).click()
    assert "5 of them over the edge" in pair.locator('[data-part="window-verdict"]').inner_text()
    assert lit(pair, "pixels", "near") == [1, 6, 7]
    pair.mouse.move(2, 2)
    assert lit(pair, "pixels", "chosen") == [0]


def test_two_hops(pair):
    pair.get_by_text("2 hops").click()
    near, far = RESULT.data["reference"][START]
    assert lit(pair, "graph", "near") == near
    assert lit(pair, "graph", "far") == far
    assert len(lit(pair, "pixels", "near")) == 24
    assert "25 weights" in pair.locator('[data-part="window-verdict"]').inner_text()


def test_keyboard_walks_on_both_sides(pair):
    pixel(pair, START).focus()
    pair.keyboard.press("ArrowDown")
    pair.keyboard.press("ArrowRight")
    assert lit(pair, "graph", "chosen") == [START + 7]
    assert (
        pair.evaluate("document.activeElement.getAttribute('aria-label')") == f"Pixel {START + 8}"
    )
    pixel(pair, 35).click()
    pair.keyboard.press("ArrowRight")
    assert lit(pair, "pixels", "chosen") == [35]
    node(pair, START).click()
    pair.keyboard.press("ArrowLeft")
    (chosen,) = lit(pair, "graph", "chosen")
    assert RESULT.data["drawings"][0][chosen][0] < RESULT.data["drawings"][0][START][0]
    assert pair.locator('[data-part="graph"] [tabindex="0"]').count() == 1


def test_another_drawing_has_the_same_neighbours(pair):
    before = node(pair, START).bounding_box()
    toggle = pair.get_by_role("switch", name="Draw the graph another way")
    toggle.focus()
    toggle.press("Space")
    pair.wait_for_timeout(350)
    after = node(pair, START).bounding_box()
    assert abs(before["x"] - after["x"]) + abs(before["y"] - after["y"]) > 60
    assert lit(pair, "graph", "near") == RESULT.data["neighbours"][START]
    pair.get_by_role("button", name="Reset").click()
    assert not toggle.is_checked()


def test_a_link_brings_the_choice_back(pair, view_page):
    node(pair, 5).click()
    expect(pair).to_have_url(re.compile("node=5"))
    expect(pair.locator("[aria-live=polite]")).to_contain_text("Node 6 has the neighbours")
    again = view_page("neighbourhoods", RESULT, fragment=pair.evaluate("location.hash"))
    assert lit(again, "pixels", "chosen") == [5]


def test_it_is_accessible_and_fits_a_phone(view_page, axe):
    page = view_page(
        "neighbourhoods",
        RESULT,
        screen={"width": 390, "height": 844, "has_touch": True},
    )
    assert axe(page, ".view", dark=True) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert pixel(page, 0).bounding_box()["width"] >= 44
    node(page, 20).tap()
    assert lit(page, "pixels", "chosen") == [20]
