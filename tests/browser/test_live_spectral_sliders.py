import re

import pytest
from playwright.sync_api import expect

from stillroom.recipe import Run
from stillroom.recipes.graphs.spectral_sliders import GOLDEN, spectral_sliders

RESULT = spectral_sliders(Run())


@pytest.fixture
def sliders(view_page):
    return view_page("spectral-sliders", RESULT)


def quotient(page):
    return page.locator('[data-part="quotient"]').inner_text()


def weights(page):
    shown = page.locator(".wave output").all_inner_texts()
    return [float(text.replace("−", "-")) for text in shown]


def test_browser_computes_what_torch_computed(sliders):
    worst = sliders.evaluate(
        """() => {
          const { data } = JSON.parse(document.querySelector(".payload").textContent);
          const { mixture, rayleigh } = stillroom.math["spectral-sliders"];
          return Math.max(...data.reference.map(({ coefficients, picture, rayleigh: R }) => {
            const mine = mixture(data.waves, coefficients);
            const apart = mine.map((x, i) => Math.abs(x - picture[i]));
            return Math.max(...apart, Math.abs(rayleigh(data.edges, mine) - R));
          }));
        }"""
    )
    assert worst < 1e-4


def test_it_starts_with_the_golden_mixture(sliders):
    assert quotient(sliders) == "1.766"
    assert weights(sliders) == list(GOLDEN)


def test_static_form_shows_the_golden_mixture_without_script(view_page):
    page = view_page("spectral-sliders", RESULT, screen={"java_script_enabled": False})
    assert quotient(page) == "1.766"
    assert page.locator(".picture rect").count() == 64
    assert page.locator("input").first.is_hidden()
    assert page.locator(".wave .no-js-only").first.is_visible()


def test_one_wave_alone_has_its_eigenvalue_by_mouse_and_keyboard(sliders):
    for wave, eigenvalue in enumerate(RESULT.data["eigenvalues"]):
        sliders.get_by_role("button", name=f"Wave {wave + 1} alone").click()
        assert float(quotient(sliders)) == pytest.approx(eigenvalue, abs=5e-4)
    sliders.get_by_role("button", name="Wave 3 alone").focus()
    sliders.keyboard.press("Enter")
    assert weights(sliders) == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]


def test_a_slider_moves_with_the_arrow_keys(sliders):
    sliders.locator(".wave input").nth(3).focus()
    sliders.keyboard.press("ArrowRight")
    assert weights(sliders)[3] == 0.7
    sliders.keyboard.press("Home")
    assert weights(sliders)[3] == -1
    assert quotient(sliders) != "1.766"


def test_a_slider_moves_with_the_mouse(sliders):
    slider = sliders.locator(".wave input").nth(0)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    sliders.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert weights(sliders)[0] == 1


def test_presets_and_reset(sliders):
    step = sliders.get_by_role("button", name="One wave at a time")
    step.click()
    assert quotient(sliders) == "0.000"
    step.press("Enter")
    assert quotient(sliders) == "0.416"
    sliders.get_by_role("button", name="Random mixture").click()
    assert weights(sliders) == pytest.approx(RESULT.data["random"][0])
    sliders.get_by_role("button", name="All zero").click()
    assert quotient(sliders) == "0 / 0"
    assert sliders.locator('[data-part="balance"]').is_hidden()
    sliders.get_by_role("button", name="Reset").press("Space")
    assert quotient(sliders) == "1.766"


def test_a_link_brings_the_mixture_back(sliders, view_page):
    sliders.get_by_role("button", name="Wave 6 alone").click()
    expect(sliders).to_have_url(re.compile("coefficients="))
    fragment = sliders.evaluate("location.hash")
    again = view_page("spectral-sliders", RESULT, fragment=fragment)
    assert quotient(again) == "1.604"


def test_the_change_is_announced(sliders):
    sliders.get_by_role("button", name="Wave 2 alone").click()
    expect(sliders.locator("[aria-live=polite]")).to_contain_text("Roughness 0.416")


def test_it_is_accessible_and_fits_a_phone(view_page, axe):
    page = view_page(
        "spectral-sliders",
        RESULT,
        screen={"width": 390, "height": 844, "has_touch": True},
    )
    assert axe(page, ".view", dark=True) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert min(box.bounding_box()["height"] for box in page.locator(".thumb").all()) >= 44
