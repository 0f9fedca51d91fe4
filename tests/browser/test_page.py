"""A whole page as a reader meets it: reading, keyboard, touch, paper, light and dark, no script."""

import re
import shutil
from pathlib import Path

import pytest

from stillroom.diagnostics import Diagnostics
from stillroom.media import palette
from stillroom.render.output import Output
from stillroom.render.site import render_site
from stillroom.settings import builtin_templates, find_settings
from stillroom.source.article import read_articles

TEMPLATES = builtin_templates()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The sample article in tests/browser/site, rendered as any article is."""
    root = tmp_path_factory.mktemp("site") / "site"
    shutil.copytree(Path(__file__).parent / "site", root)
    settings, diagnostics = find_settings(root), Diagnostics()
    articles = read_articles(settings, diagnostics)
    output = Output(settings.site)
    render_site(articles, {}, settings, diagnostics, draft=True, output=output)
    output.commit()
    assert diagnostics.found == []
    return settings.site


@pytest.fixture
def article(site):
    return site / "articles/sample/index.html"


def overflow(page):
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(new_page, article, axe, width, until):
    page = new_page(width=width)
    page.goto(article.as_uri())
    until(page, "document.fonts.status === 'loaded'")
    page.locator(".prose summary").first.click()
    assert axe(page, dark=True) == []


def test_axe_finds_nothing_on_the_index(page, site, axe):
    page.goto((site / "index.html").as_uri())
    assert axe(page, dark=True) == []
    page.get_by_role("link", name="Every element, once").click()
    assert page.locator("h1").inner_text() == "Every element, once"


@pytest.mark.parametrize("width", [320, 390, 820, 1180, 1280, 1920])
def test_nothing_is_wider_than_the_screen(new_page, site, article, width):
    page = new_page(width=width)
    for path in (article, site / "index.html"):
        page.goto(path.as_uri())
        assert overflow(page) == 0
    page.goto(article.as_uri())
    if width < 400:
        wide = page.locator(".equation").nth(1)
        assert wide.evaluate(
            "e => [e, ...e.querySelectorAll('*')].some(x => x.scrollWidth > x.clientWidth + 20"
            " && getComputedStyle(x).overflowX === 'auto')"
        )


@pytest.mark.parametrize(("width", "beside"), [(1179, False), (1180, True)])
def test_margin_notes_stand_beside_the_text_or_in_it(new_page, article, width, beside):
    page = new_page(width=width)
    page.goto(article.as_uri())
    note = page.locator("aside.margin").bounding_box()
    text = page.locator(".prose > p").first.bounding_box()
    assert (note["x"] >= text["x"] + text["width"]) is beside
    assert note["x"] + note["width"] <= width


def test_elements_of_the_text_do_not_overlap(new_page, article):
    for width in (390, 1280):
        page = new_page(width=width)
        page.goto(article.as_uri())
        boxes = page.locator(".prose > *").evaluate_all(
            "all => all.map(e => { const r = e.getBoundingClientRect();"
            " return [r.left, r.top, r.right, r.bottom, e.tagName]; })"
        )
        for i, a in enumerate(boxes):
            for b in boxes[i + 1 :]:
                apart = a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1
                assert apart, (width, a, b)


def test_policy_is_in_the_page_and_holds(open_page, article, problems):
    page = open_page(article)
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy.startswith("default-src 'none'")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'window.broken = true'}))"
    )
    assert page.evaluate("window.broken") is None
    assert len(problems) == 1
    assert "Content Security Policy" in problems.pop()


def test_the_typefaces_are_the_site_s_own(open_page, article, until):
    page = open_page(article)
    until(page, "document.fonts.status === 'loaded'")
    loaded = page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded')"
        ".map(f => f.family.replaceAll('\"', ''))"
    )
    assert {"Stillroom Serif", "Stillroom Display", "Inter", "STIX Two Math"} <= set(loaded)
    assert sum(path.stat().st_size for path in (TEMPLATES / "fonts").glob("*.woff2")) < 220_000


def test_nothing_moves_while_it_loads_and_scrolls(open_page, article):
    page = open_page(article)
    page.evaluate(
        "window.shift = 0; new PerformanceObserver(list => { for (const e of list.getEntries())"
        " window.shift += e.value; }).observe({type: 'layout-shift', buffered: true})"
    )
    height = page.evaluate("document.documentElement.scrollHeight")
    for y in range(0, height, 600):
        page.evaluate(f"scrollTo(0, {y})")
        page.wait_for_timeout(30)
    # When the typefaces arrive a word may change its line; no line changes its place.
    assert page.evaluate("window.shift") < 0.05


def test_the_colours_of_data_are_those_of_python():
    tokens = (TEMPLATES / "css/10-tokens.css").read_text(encoding="utf-8")
    for name in ("sequential", "diverging"):
        found = re.search(rf"--{name}: ([^;]+);", tokens)[1].replace("\n", " ")
        assert re.split(r",\s*", found) == list(palette.stops(name))
    stops = palette.stops("diverging")
    for part, stop in zip(("low", "mid", "high"), (stops[0], stops[8], stops[16]), strict=True):
        assert f"--diverging-{part}: {stop};" in tokens


def test_it_can_be_printed_from_its_head(open_page, article):
    page = open_page(article)
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="Print").click()
    assert page.evaluate("window.printed") is True


# Previews


def test_a_preview_opens_and_closes_by_keyboard(open_page, article):
    page = open_page(article)
    link = page.locator("a.preview[href='#fn-1']")
    page.locator(".prose a").first.focus()
    for _ in range(10):
        page.keyboard.press("Tab")
        if link.evaluate("e => e === document.activeElement"):
            break
    card = page.get_by_role("tooltip")
    assert "A road has two directions" in card.inner_text()
    assert link.get_attribute("aria-describedby") == card.get_attribute("id")
    page.keyboard.press("Escape")
    assert card.count() == 0
    assert link.get_attribute("aria-describedby") is None
    assert link.evaluate("e => e === document.activeElement")


def test_a_preview_shows_what_a_link_points_at(open_page, article, axe):
    page = open_page(article)
    card = page.get_by_role("tooltip")
    for href, text in [("#ref-", "Signal Processing Magazine"), ("#eq-", "∑"), ("#fig-", "A wave")]:
        page.mouse.move(1, 1)
        card.wait_for(state="detached")
        page.locator(f"a.preview[href^='{href}']").first.hover()
        card.wait_for()
        assert text in card.inner_text()
        box = card.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1280
    assert page.evaluate(
        "document.querySelectorAll('[id]').length"
        " === new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
    )
    assert axe(page) == []


def test_a_first_touch_shows_the_preview_and_a_second_follows(new_page, article):
    page = new_page(width=390, has_touch=True, is_mobile=True)
    page.goto(article.as_uri())
    link = page.locator("a.preview[href='#fn-1']")
    link.tap()
    card = page.get_by_role("tooltip")
    card.wait_for()
    assert "#fn-1" not in page.url
    box = card.bounding_box()
    assert box["x"] + box["width"] <= 390
    link.tap()
    card.wait_for(state="detached")
    assert page.url.endswith("#fn-1")


# Furniture


def test_the_skip_link_is_first_and_leads_to_the_text(open_page, article):
    page = open_page(article)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the text"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_focus_can_be_seen(open_page, article):
    page = open_page(article)
    for _ in range(12):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement);"
            " return [s.outlineStyle, parseFloat(s.outlineWidth),"
            " document.activeElement.type]; })()"
        )
        assert style[2] == "range" or (style[0] != "none" and style[1] >= 2), style


def test_the_theme_is_kept_and_the_system_s_is_followed(new_page, article, until):
    page = new_page(color_scheme="light")
    page.goto(article.as_uri())
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Switch to dark colours").click()
    dark = page.evaluate(paper)
    assert dark != light
    page.reload(wait_until="commit")
    until(page, "document.body !== null")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="Switch to light colours").click()
    assert page.evaluate("localStorage.length") == 0
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) == dark


def test_the_contents_follow_the_reader(open_page, article, until):
    page = open_page(article)
    contents = page.get_by_role("navigation", name="Contents")
    assert contents.get_by_role("link").all_inner_texts() == [
        "Formulas",
        "Widths",
        "What did not work",
    ]
    contents.get_by_role("link", name="Widths").click()
    until(page, "document.querySelector('.contents [aria-current]')?.textContent === 'Widths'")


def test_tabs_by_keyboard(open_page, article):
    page = open_page(article)
    page.get_by_role("tab", name="Python").focus()
    assert page.get_by_text("The second panel.").is_hidden()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="Shell").get_attribute("aria-selected") == "true"
    assert page.get_by_role("tabpanel", name="Shell").is_visible()
    assert page.get_by_text("The first panel.").is_hidden()


def test_touch_targets_are_large_enough(new_page, article):
    page = new_page(width=390, has_touch=True, is_mobile=True)
    page.goto(article.as_uri())
    for selector in (".theme-toggle", ".prose-slider input", ".tab-list button", "summary"):
        for box in [each.bounding_box() for each in page.locator(selector).all()]:
            assert min(box["height"], box["width"]) >= 44, selector


def test_motion_is_reduced_on_request(new_page, article):
    page = new_page(reduced_motion="reduce")
    page.goto(article.as_uri())
    assert page.locator(".prose a").first.evaluate(
        "e => getComputedStyle(e).transitionDuration"
    ) in {
        "0s",
        "0s, 0s",
    }


# Without script, and on paper


def test_the_page_reads_well_without_script(new_page, article):
    page = new_page(java_script_enabled=False)
    page.goto(article.as_uri())
    assert page.locator("input:visible, select:visible, button:visible").count() == 0
    text = " ".join(page.locator(".prose > p").nth(1).inner_text().split())
    assert text == "With 100 waves of the cat: 100 waves of the cat."
    assert page.get_by_text("The first panel.").is_visible()
    assert page.get_by_text("The second panel.").is_visible()
    page.locator("a.preview").first.click()
    assert page.url.rpartition("#")[2].startswith("ref-")


def test_paper_has_no_controls_and_shows_all(new_page, article):
    page = new_page(width=720, color_scheme="dark")
    page.goto(article.as_uri())
    page.emulate_media(media="print")
    assert page.locator("input:visible, select:visible, button:visible").count() == 0
    assert page.locator(".site-header, .contents").first.is_hidden()
    assert page.get_by_text("The second panel.").is_visible()
    assert page.get_by_text("Its answer.").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    after = page.locator(".prose a[href^=https]").first.evaluate(
        "e => getComputedStyle(e, '::after').content"
    )
    assert "https://example.org/" in after
    assert page.pdf(format="A4")[:5] == b"%PDF-"


def test_a_draft_says_so(open_page, article):
    assert "Draft." in open_page(article).locator(".draft-banner").inner_text()
