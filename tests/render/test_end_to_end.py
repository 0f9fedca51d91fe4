"""A small site with a recipe of its own, from Markdown through plan, run and store to pages."""

import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from rendering import findings, small_site
from stillroom.check import check_claims, check_facts, check_site
from stillroom.diagnostics import Diagnostics
from stillroom.precompute.catalogue import Catalogue
from stillroom.precompute.plan import make_plan
from stillroom.precompute.progress import Quiet
from stillroom.precompute.run import run_plan
from stillroom.precompute.store import Store
from stillroom.render.output import Output
from stillroom.render.site import render_site
from stillroom.source.article import read_articles
from stillroom.testing import InlineSlot

RECIPES = '''
"""Ripples."""

import numpy as np

from stillroom import Chart, Image, Packed, Result, Run, recipe


@recipe(view="image", draft={"rings": 1})
def ripple(run: Run, *, rings: int = 3, size: int = 16) -> Result:
    """A ripple.

    Args:
        rings: how many.
        size: of the picture in pixels.
    """
    radius = np.hypot(*np.meshgrid(*[np.linspace(-1, 1, size)] * 2))
    height = (1 + np.cos(np.pi * rings * radius)) / 2
    return Result(
        facts={"mean": float(height.mean()), "rings": rings},
        tables={"profile": {"k": list(range(size)), "height": height[size // 2].tolist()}},
        assets={"picture": Image(height, scale=4)},
    )


@recipe(view="chart")
def spectrum(run: Run) -> Result:
    """A chart and an array."""
    rows = [{"k": k, "power": 1 / (k + 1)} for k in range(4)]
    chart = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": rows},
        "mark": "bar",
        "encoding": {
            "x": {"field": "k", "type": "ordinal"},
            "y": {"field": "power", "type": "quantitative"},
        },
    }
    return Result(
        facts={"total": sum(row["power"] for row in rows)},
        tables={"power": {"k": [0, 1, 2, 3], "power": [row["power"] for row in rows]}},
        assets={"chart": Chart(chart), "field": Packed(np.arange(6.0).reshape(2, 3))},
    )
'''
ARTICLE = """With {slider}`k values=0|5|10|15 value=5` the height is
{fact}`fig-ripple.profile.height[k] .2f`, and {fact}`fig-ripple.mean .3f`
on average; compare [](#fig-power).

:::{figure} ripple
---
name: fig-ripple
width: wide
alt: Rings <around> a centre.
params: {rings: 2}
claims: ["0 < mean < 1", "rings == 2", "fig-power.total > mean"]
---
A *ripple*.
:::

:::{figure} spectrum
---
name: fig-power
alt: Four bars.
---
Power.
:::
"""


def build(settings, *, draft=False, slots=None):
    """Everything, as a build does it; returns the figures that were computed anew."""
    diagnostics = Diagnostics()
    articles = read_articles(settings, diagnostics)
    store = Store(settings)
    plan = make_plan(
        articles, settings, diagnostics, catalogue=Catalogue(settings), store=store, draft=draft
    )
    assert findings(diagnostics) == []
    outcome = run_plan(
        plan, settings, store=store, jobs=1, device="cpu", report=Quiet(), slots=slots
    )
    assert not outcome.failures
    check_facts(articles, outcome.results, diagnostics)
    check_claims(articles, outcome.results, diagnostics, draft=draft)
    output = Output(settings.site)
    render_site(articles, outcome.results, settings, diagnostics, draft=draft, output=output)
    output.commit()
    check_site(settings.site, settings, diagnostics)
    return sorted(step.recipe for step in plan.stale), diagnostics


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}


@pytest.fixture(scope="module")
def settings(tmp_path_factory, lend_vega):
    """The site, computed in a process of its own; later builds compute in this one."""
    root = tmp_path_factory.mktemp("journal")
    lend_vega(root)
    made = small_site(root, article=ARTICLE, files={"recipes.py": RECIPES})
    computed, diagnostics = build(made)
    assert computed == ["ripple", "spectrum"]
    assert findings(diagnostics) == []
    return made


@pytest.fixture
def page(settings):
    return LexborHTMLParser((settings.site / "articles/waves/index.html").read_text())


def expected_height(rings=2, size=16):
    radius = np.hypot(*np.meshgrid(*[np.linspace(-1, 1, size)] * 2))
    return (1 + np.cos(np.pi * rings * radius)) / 2


def test_prose_quotes_what_the_recipe_computed(page):
    height = expected_height()
    fact = page.css_first('.prose p a.fact[href="#fig-ripple"] data')
    assert fact.text() == f"{height.mean():.3f}"
    lookup = page.css_first("output[data-lookup]")
    assert lookup.text() == f"{height[8][5]:.2f}"
    rows = json.loads(lookup.attributes["data-rows"])
    assert rows == [[k, f"{height[8][k]:.2f}"] for k in range(16)]


def test_the_picture_on_the_page_has_the_pixels_of_the_recipe(settings, page):
    image = page.css_first("#fig-ripple img")
    assert image.attributes["alt"] == "Rings <around> a centre."
    content = (settings.site / "articles/waves" / image.attributes["src"]).read_bytes()
    pixels = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    assert np.abs(pixels / 255 - expected_height()).max() <= 0.5 / 255 + 1e-6


def test_the_chart_is_drawn_in_the_page_and_described_in_the_payload(page):
    assert page.css_first("#fig-power svg") is not None
    payload = json.loads(page.css_first("#fig-power script.payload").text())
    assert payload["assets"]["chart"]["spec"]["mark"] == "bar"
    assert payload["files"]["vega"].startswith("../../static/vega.")
    assert payload["assets"]["field"]["meta"]["shape"] == [2, 3]
    assert payload["assets"]["field"]["base64"]


def test_the_footer_shows_parameters_claims_and_the_command(page):
    footer = page.css_first("#fig-ripple .figure-footer").text()
    assert len(page.css("#fig-ripple .claims .holds")) == 3
    assert "stillroom run waves/fig-ripple" in footer
    assert "rings" in footer


def test_nothing_is_computed_again_and_nothing_changes(settings):
    before = tree(settings.site)
    computed, _ = build(settings)
    assert computed == []
    assert tree(settings.site) == before


def test_without_stored_results_the_same_site_comes_out(settings):
    before = tree(settings.site)
    shutil.rmtree(settings.assets)
    shutil.rmtree(settings.site)
    build(settings, slots=[InlineSlot(settings.root)])
    assert tree(settings.site) == before


def test_a_draft_is_cheaper_says_so_and_only_warns(settings, tmp_path):
    shutil.copytree(settings.root, tmp_path / "draft")
    draft = small_site(tmp_path / "draft")
    _, diagnostics = build(draft, draft=True, slots=[InlineSlot(draft.root)])
    assert diagnostics.errors == []
    assert [warning.code for warning in diagnostics.warnings] == ["F022"]
    page = LexborHTMLParser((draft.site / "articles/waves/index.html").read_text())
    assert page.css_first(".draft-banner") is not None
    payload = json.loads(page.css_first("#fig-ripple script.payload").text())
    assert payload["facts"]["rings"] == 1
    assert page.css_first("#fig-ripple .claims .fails code").text() == "rings == 2"
