"""The plane of features, on the digits that the recipe computes it from."""

import re

import pytest
from playwright.sync_api import expect

from stillroom.recipe import Run
from stillroom.recipes.adversarial.linear_digit_features import linear_digit_features


def plane(show):
    return linear_digit_features(Run(), show=show, frontier_points=16, mixtures=13)


@pytest.fixture(scope="module")
def features():
    return plane("features")


def part(page, name):
    return page.locator(f'[data-part="{name}"]')


def usefulness(page):
    return float(page.locator('[data-number="usefulness"]').inner_text())


def column_of(frame):
    return frame.evaluate("each => Number(each.style.getPropertyValue('--column'))")


def test_a_reader_points_at_a_dot_and_sees_its_feature(view_page, features):
    page = view_page("feature-plane", features)
    told = features.tables["features"]["usefulness"]
    assert usefulness(page) == pytest.approx(max(told), abs=1e-3)
    dots = page.locator(".dot")
    expect(dots).to_have_count(features.facts["features"])
    box = dots.nth(1).bounding_box()
    page.mouse.move(box["x"] + 6, box["y"] + 6)  # near it is enough
    expect(part(page, "title")).to_have_text("Feature 2")
    assert usefulness(page) == pytest.approx(told[1], abs=1e-3)
    assert column_of(part(page, "large").locator(".frame")) == 1
    page.mouse.click(box["x"] + 6, box["y"] + 6)
    expect(page).to_have_url(re.compile("feature=2"))
    plot = part(page, "plot")
    plot.focus()
    page.keyboard.press("ArrowLeft")  # the next less robust one
    expect(part(page, "title")).to_have_text("Feature 3")
    expect(page.locator("[aria-live=polite]")).to_contain_text("Feature 3, usefulness 0.1")
    page.keyboard.press("Home")
    expect(part(page, "title")).to_have_text(f"Feature {features.facts['features']}")
    page.keyboard.press("Escape")
    page.mouse.move(0, 0)
    expect(part(page, "title")).to_have_text("Feature 1")


def test_the_slider_mixes_features(view_page):
    result = plane("containments")
    page = view_page("feature-plane", result)
    slider = page.locator('[data-name="share"] input')
    slider.focus()
    page.keyboard.press("Home")
    table = result.tables["containments"]
    assert usefulness(page) == pytest.approx(table["usefulness"][0], rel=1e-2)
    low = part(page, "made").evaluate("each => parseFloat(each.style.top)")
    page.keyboard.press("End")
    assert usefulness(page) == pytest.approx(table["usefulness"][-1], abs=1e-3)
    assert part(page, "made").evaluate("each => parseFloat(each.style.top)") < low - 50
    expect(page.locator(".dot.part")).to_have_count(2)
    page.locator('[data-action="reset"]').click()
    nearest = min(table["share"], key=lambda share: abs(share - 0.02))
    assert usefulness(page) == pytest.approx(
        table["usefulness"][table["share"].index(nearest)], abs=1e-3
    )


def test_the_threshold_adds_features_and_the_page_fits(view_page, axe):
    result = plane("ensembles")
    page = view_page(
        "feature-plane", result, screen={"color_scheme": "dark", "width": 390, "has_touch": True}
    )
    table = result.tables["ensembles"]
    count = page.locator(".dot.part")
    expect(count).to_have_count(result.facts["features"] // 2)
    page.locator('[data-name="threshold"] input').focus()
    page.keyboard.press("ArrowRight")
    expect(count).to_have_count(result.facts["features"] // 2 + 1)
    expect(part(page, "count")).to_have_text(str(result.facts["features"] // 2 + 1))
    at = table["members"].index(result.facts["features"] // 2 + 1)
    assert usefulness(page) == pytest.approx(table["usefulness"][at], abs=1e-3)
    assert float(part(page, "best").inner_text()) == pytest.approx(
        table["best_member"][at], abs=1e-3
    )
    page.keyboard.press("Home")
    expect(part(page, "parts").locator(".frame")).to_have_count(2)
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_script_it_shows_the_map_and_telling_features(view_page, features):
    page = view_page("feature-plane", features, screen={"java_script_enabled": False})
    expect(page.locator(".telling .frame")).to_have_count(6)
    assert usefulness(page) == pytest.approx(features.facts["best_usefulness"], abs=1e-3)
    assert page.locator(".frontier").get_attribute("points").count(",") == 16
