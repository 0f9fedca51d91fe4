"""Every article of this repository as readers get it: phone, desktop, light, dark, no script."""

from pathlib import Path

import pytest
from filelock import FileLock

from stillroom.check import check_claims, check_facts
from stillroom.diagnostics import Diagnostics
from stillroom.pipeline import Options, compute, plan, read
from stillroom.precompute.progress import Quiet
from stillroom.render.output import Output
from stillroom.render.site import render_site
from stillroom.settings import find_settings

SETTINGS = find_settings(Path(__file__).parent)
SLUGS = [article.slug for article in read(SETTINGS, Diagnostics(), (), draft=False)]


@pytest.fixture(scope="session")
def built(run_folder):
    """The whole site, made once for all workers; results come from the store, or are computed."""
    folder = run_folder / "articles"
    with FileLock(f"{folder}.lock"):
        if not (folder / "index.html").exists():
            diagnostics = Diagnostics()
            articles = read(SETTINGS, diagnostics, (), draft=False)
            made = plan(articles, SETTINGS, diagnostics)
            results = compute(made, SETTINGS, Options(), report=Quiet(), diagnostics=diagnostics)
            check_facts(articles, results, diagnostics)
            check_claims(articles, results, diagnostics, draft=False)
            output = Output(folder)
            render_site(articles, results, SETTINGS, diagnostics, draft=False, output=output)
            assert diagnostics.errors == []
            output.commit()
    return folder


@pytest.fixture
def address(built):
    return lambda slug: (built / f"articles/{slug}/index.html").as_uri()


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize(
    "screen", [{"width": 390, "has_touch": True}, {"width": 1280}], ids=["phone", "desktop"]
)
def test_an_article_lives_fits_and_is_accessible(slug, screen, address, new_page, axe):
    page = new_page(**screen, reduced_motion="reduce")
    page.goto(address(slug))
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    heights = "[...document.querySelectorAll('figure.figure')].map(f => f.offsetHeight)"
    before = page.evaluate(heights)
    for figure in page.locator("figure.figure:has(.view)").all():
        figure.scroll_into_view_if_needed()
        page.locator(f"#{figure.get_attribute('id')}:is(.live, .failed)").wait_for()
    assert page.locator("figure.failed").count() == 0
    assert page.evaluate(heights) == before  # a script needs no other room than the static form
    assert fits(page)
    assert axe(page, dark=True) == []


@pytest.mark.parametrize("slug", SLUGS)
def test_an_article_can_be_read_without_script(slug, address, new_page):
    page = new_page(width=390, java_script_enabled=False)
    page.goto(address(slug))
    assert fits(page)
    for figure in page.locator("figure.figure:has(.view)").all():
        assert figure.locator(".view").bounding_box()["height"] > 50
        assert figure.locator("button:visible, input:visible, select:visible").count() == 0


def test_the_index_leads_to_every_article(built, new_page, axe):
    page = new_page(width=390)
    page.goto((built / "index.html").as_uri())
    assert axe(page) == []
    links = page.locator(".cards h2 a, .card-members a")
    slugs = {link.get_attribute("href").split("/")[1] for link in links.all()}
    assert slugs == set(SLUGS)
    links.first.click()
    page.locator("article h1").wait_for()
