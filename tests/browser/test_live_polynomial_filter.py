import re

import pytest
from playwright.sync_api import expect

from stillroom.recipe import Run
from stillroom.recipes.graphs.polynomial_filter import polynomial_filter

RESULT = polynomial_filter(Run())
START = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]


@pytest.fixture
def grid(view_page):
    return view_page("polynomial-filter", RESULT, width="wide")


def cells(page, part):
    shown = page.locator(f'[data-part="{part}"] .cell').all_inner_texts()
    return [float(text.replace("−", "-")) for text in shown]


def pixel(page, row, column):
    return page.get_by_role("button", name=f"row {row}, column {column}", exact=True)


def formula(page):
    return page.locator('p[data-part="formula"]').inner_text()


def test_browser_computes_what_torch_computed(grid):
    worst = grid.evaluate(
        """() => {
          const { data } = JSON.parse(document.querySelector(".payload").textContent);
          const { apply, kernel } = stillroom.math["polynomial-filter"];
          const apart = (mine, theirs) => Math.max(...mine.map((value, i) =>
            Math.abs(value - theirs[i]) / Math.max(1, Math.abs(theirs[i]))));
          return Math.max(...data.reference.map((each) => {
            const x = [...each.pixels].map(Number);
            return Math.max(apart(apply(data, each, each.times, x), each.output),
                            apart(kernel(data, each, each.times, each.pixel), each.kernel));
          }));
        }"""
    )
    assert worst < 1e-4
    kinds = {(each["scale"], each["basis"]) for each in RESULT.data["reference"]}
    assert len(kinds) == 4


def test_it_starts_with_a_sharpened_plus(grid):
    assert cells(grid, "input") == START
    assert cells(grid, "output") == pytest.approx(RESULT.data["output"], abs=0.051)
    assert cells(grid, "kernel")[12] == 1.8
    assert "1.00 I + 0.10 L + 0.00 L2" in formula(grid)


def test_static_form_shows_the_filter_without_script(view_page):
    page = view_page("polynomial-filter", RESULT, screen={"java_script_enabled": False})
    assert cells(page, "input") == START
    assert cells(page, "output") == pytest.approx(RESULT.data["output"], abs=0.051)
    assert page.locator("button:visible").count() == 0


def test_a_click_toggles_a_pixel(grid):
    pixel(grid, 1, 1).click()
    assert cells(grid, "input")[0] == 1
    assert pixel(grid, 1, 1).get_attribute("aria-pressed") == "true"
    assert cells(grid, "output")[0] == pytest.approx(1.3, abs=0.01)  # 1 + 0.1 · 3
    pixel(grid, 1, 1).click()
    assert cells(grid, "input") == START


def test_pointing_at_a_pixel_shows_its_row(grid):
    pixel(grid, 1, 1).hover()
    kernel = cells(grid, "kernel")
    assert kernel[0] == 1.3
    assert [kernel[i] for i in (1, 5, 6)] == [-0.1, -0.1, -0.1]
    assert kernel[12] == 0
    grid.locator('[data-part="output"] .cell').nth(24).hover()
    assert cells(grid, "kernel")[24] == 1.3


def test_keyboard_moves_with_arrows_and_toggles(grid):
    pixel(grid, 3, 3).focus()
    for key in ("ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowLeft"):
        grid.keyboard.press(key)
    assert grid.evaluate("document.activeElement.getAttribute('aria-label')") == "row 2, column 1"
    assert cells(grid, "kernel")[5] == 1.5
    grid.keyboard.press("Space")
    assert cells(grid, "input")[5] == 1
    grid.keyboard.press("Enter")
    assert cells(grid, "input")[5] == 0
    grid.keyboard.press("End")
    grid.keyboard.press("ArrowDown")
    assert grid.evaluate("document.activeElement.getAttribute('aria-label')") == "row 3, column 5"
    assert grid.locator('[data-part="input"] [tabindex="0"]').count() == 1


def test_the_second_weight_reaches_two_hops(grid):
    assert cells(grid, "kernel")[0] == 0
    slider = grid.get_by_role("slider", name="two hops")
    slider.focus()
    slider.press("ArrowRight")
    assert cells(grid, "kernel")[0] > 0
    assert "0.05 L2" in formula(grid)


def test_convolve_undo_and_reset(grid):
    grid.get_by_role("button", name="Convolve again").click()
    assert "applied twice" in formula(grid)
    assert cells(grid, "output")[12] != 1.4
    undo = grid.get_by_role("button", name="Undo")
    undo.click()
    undo.press("Enter")
    assert cells(grid, "output") == START
    assert undo.get_attribute("aria-disabled") == "true"
    undo.press("Enter")
    assert cells(grid, "output") == START
    grid.get_by_role("button", name="Random picture").click()
    assert "".join(str(int(x)) for x in cells(grid, "input")) == RESULT.data["random"][0]
    grid.get_by_role("button", name="Reset").click()
    assert cells(grid, "input") == START
    assert cells(grid, "output")[12] == 1.4


def test_matrix_and_basis_can_be_changed(grid):
    grid.get_by_text("L̃ = 2L/λmax − I").click()
    assert "L̃" in formula(grid)
    largest = RESULT.data["largest"]
    assert cells(grid, "kernel")[12] == pytest.approx(1 + 0.1 * (16 / largest - 1), abs=0.06)
    grid.get_by_role("radio", name="powers").focus()
    grid.keyboard.press("ArrowRight")
    assert "T2(L̃)" in formula(grid)


def test_a_link_brings_the_filter_back(grid, view_page):
    pixel(grid, 5, 5).click()
    grid.get_by_text("Chebyshev").click()
    expect(grid).to_have_url(re.compile("basis=chebyshev.*pixels="))
    fragment = grid.evaluate("location.hash")
    again = view_page("polynomial-filter", RESULT, fragment=fragment)
    assert cells(again, "input")[24] == 1
    assert "T1" in formula(again)


def test_it_is_accessible_and_fits_a_phone(view_page, axe):
    page = view_page(
        "polynomial-filter",
        RESULT,
        screen={"width": 390, "height": 844, "has_touch": True},
    )
    assert axe(page, ".view", dark=True) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert pixel(page, 1, 1).bounding_box()["width"] >= 44
