"""Ten robust features, on the digits that the recipe fits them to."""

import re

import pytest
from playwright.sync_api import expect

from stillroom.recipe import Run
from stillroom.recipes.adversarial.robust_feature_leakage import robust_feature_leakage


@pytest.fixture(scope="module")
def result():
    return robust_feature_leakage(Run())


def part(page, name):
    return page.locator(f'[data-part="{name}"]')


def test_the_browser_computes_what_torch_computed(view_page, result):
    page = view_page("robust-features", result)
    worst = page.evaluate(
        """() => {
          const payload = JSON.parse(document.querySelector(".payload").textContent);
          const { tables, assets, data } = payload;
          const { usefulness } = stillroom.math["robust-features"];
          const weights = stillroom.unpack(assets.weights);
          const size = weights.shape[1];
          const { gain, deviation } = tables.terms;
          return Math.max(...tables.usefulness.radius.flatMap((radius, at) => gain.map((_, i) => {
            const row = weights.subarray(i * size, (i + 1) * size);
            const mine = usefulness(row, gain[i], deviation[i], radius, data.norm);
            return Math.abs(mine - tables.usefulness[String(i)][at]);
          })));
        }"""
    )
    assert worst < 1e-4


def test_a_reader_slides_the_radius_and_points_at_features(view_page, result):
    page = view_page("robust-features", result)
    cells = page.locator(".cell")
    gammas = [result.facts[f"gamma_{number}"] for number in range(10)]
    assert [float(text) for text in page.locator(".gamma").all_inner_texts()] == pytest.approx(
        gammas, abs=0.006
    )
    expect(part(page, "count")).to_have_text("10")
    cells.nth(8).hover()
    expect(part(page, "label")).to_have_text("8")
    assert float(part(page, "gamma").inner_text()) == pytest.approx(gammas[8], abs=0.006)
    cells.nth(8).click()
    expect(page).to_have_url(re.compile("feature=8"))
    page.keyboard.press("ArrowLeft")
    expect(part(page, "label")).to_have_text("7")
    page.locator('[data-name="radius"] input').focus()
    page.keyboard.press("End")
    told = [result.tables["usefulness"][str(number)][-1] for number in range(10)]
    expect(part(page, "radius")).to_have_text("1.00")
    expect(part(page, "count")).to_have_text(str(sum(each > 0 for each in told)))
    shown = [float(text.replace("−", "-")) for text in page.locator(".gamma").all_inner_texts()]
    assert shown == pytest.approx(told, abs=0.006)
    page.locator('[data-action="reset"]').click()
    expect(part(page, "radius")).to_have_text("0.25")
    expect(part(page, "label")).to_have_text("0")


def test_without_script_and_in_the_dark_it_is_readable(view_page, result, axe):
    page = view_page(
        "robust-features", result, screen={"color_scheme": "dark", "width": 390, "has_touch": True}
    )
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert min(cell.bounding_box()["width"] for cell in page.locator(".cell").all()) >= 44
    plain = view_page("robust-features", result, screen={"java_script_enabled": False})
    expect(plain.locator(".cell")).to_have_count(10)
    least = min(float(text) for text in plain.locator(".gamma").all_inner_texts())
    assert least == pytest.approx(result.facts["least_gamma"], abs=0.006)
