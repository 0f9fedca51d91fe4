"""A thread as a reader meets it: the hub, a response with its reply, the article of the reply."""

import shutil
from pathlib import Path

import pytest

from rendering import findings, make_result
from stillroom.check import check_site
from stillroom.diagnostics import Diagnostics
from stillroom.render.output import Output
from stillroom.render.site import render_site
from stillroom.settings import find_settings
from stillroom.source.article import read_articles

PAGES = ["discussion", "heavy-tails", "answers"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site in tests/sites/thread, with numbers made up; every link in it leads somewhere."""
    root = tmp_path_factory.mktemp("thread") / "site"
    shutil.copytree(Path(__file__).parents[1] / "sites" / "thread", root)
    settings, diagnostics = find_settings(root), Diagnostics()
    articles = read_articles(settings, diagnostics)
    results = {
        (article.slug, figure.name): make_result(
            settings,
            figure,
            slug=article.slug,
            view="table",
            facts={"at_10": 0.2, "at_1000": 0.02 if figure.name == "fig-coins" else 1.04},
            tables={"distance": {"numbers": [10, 100, 1000], "distance": [0.2, 0.06, 0.02]}},
        )
        for article in articles
        for figure in article.figures
    }
    output = Output(settings.site)
    render_site(articles, results, settings, diagnostics, output=output)
    output.commit()
    check_site(settings.site, settings, diagnostics)
    assert findings(diagnostics) == []
    return settings.site


@pytest.fixture
def address(site):
    return lambda slug: (site / f"articles/{slug}/index.html").as_uri()


@pytest.fixture
def follow(until):
    """Follow a link, once what the page loads is there, and say where one arrives."""

    def go(page, link, **options):
        until(page, "document.fonts.status === 'loaded'")
        link.click(**options)
        return page.locator("h1").inner_text()

    return go


def left(page, selector):
    return page.locator(selector).first.bounding_box()["x"]


@pytest.mark.parametrize(
    "screen",
    [{"width": 390, "has_touch": True}, {"width": 1280, "color_scheme": "dark"}],
    ids=["phone", "desktop in the dark"],
)
def test_a_thread_fits_and_is_accessible(new_page, site, address, axe, screen):
    page = new_page(**screen, reduced_motion="reduce")
    links = [address(slug) for slug in PAGES]
    if "has_touch" in screen:
        links += [address("settling"), (site / "index.html").as_uri()]
    for link in links:
        page.goto(link)
        assert page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
        assert axe(page) == []
        if "has_touch" in screen:
            small = page.locator(".thread-box li a, .thread-steps a, .card-members a").evaluate_all(
                "all => all.filter(a => a.getBoundingClientRect().height < 44).length"
            )
            assert small == 0


def test_from_the_hub_to_a_reply_and_on(new_page, address, follow):
    page = new_page()
    page.goto(address("discussion"))
    verdicts = page.locator(".verdict")
    assert verdicts.all_inner_texts() == ["yes", "no"]
    colours = verdicts.evaluate_all("all => all.map(e => getComputedStyle(e).color)")
    assert colours[0] != colours[1]
    card = page.locator(".thread-card", has_text="Response 2")
    link = card.get_by_role("link", name="Reply")
    assert follow(page, link) == "Some averages never settle"
    reply = page.locator("#reply")
    assert page.evaluate("document.querySelector(':target') === document.getElementById('reply')")
    # The reply stands in the columns of the text, and its wide figure in those of wide figures.
    assert left(page, "#reply > p") == left(page, ".prose > p") == left(page, ".prose > .cite-note")
    assert left(page, "#reply > .width-wide") < left(page, "#reply > p")
    assert page.locator(".cite-note").bounding_box()["y"] < reply.bounding_box()["y"]
    assert reply.bounding_box()["y"] < page.locator(".thread-steps").bounding_box()["y"]
    # What it cites is shown from the list of this page.
    reply.locator(".citation a").first.hover()
    assert "Feller" in page.locator(".preview-card").inner_text()
    page.keyboard.press("Escape")
    way = [
        (".thread-steps .next", "What the article did not say"),
        ("#reply-to-medians .reply-of a", "Medians settle where averages do not"),
        (".article-header .thread a", "A discussion of averages"),
        (".thread-card h3 a", "Averages settle"),
        (".responses a", "Medians settle where averages do not"),
    ]
    assert [follow(page, page.locator(link).first) for link, _ in way] == [to for _, to in way]


def test_the_card_of_a_thread_leads_to_its_hub_and_its_members(new_page, site, follow):
    page = new_page()
    page.goto((site / "index.html").as_uri())
    place = {"x": 20, "y": 60}  # the picture: all of the card leads there
    assert follow(page, page.locator(".card"), position=place) == "A discussion of averages"
    page.goto((site / "index.html").as_uri())
    member = page.locator(".card-members a").nth(1)
    assert follow(page, member) == "Medians settle where averages do not"
