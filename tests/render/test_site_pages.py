import datetime
import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from rendering import findings, make_article, make_result, small_site, write
from stillroom.check import check_site
from stillroom.diagnostics import Diagnostics
from stillroom.render.output import Output
from stillroom.render.page import how_to_cite, minutes
from stillroom.render.site import render_site
from stillroom.render.templates import date
from stillroom.settings import Settings
from stillroom.source.article import read_articles
from stillroom.source.model import Author, FrontMatter

ARTICLE = """Waves [](#fig-waves), again in [the other article](../tides/index.md).

:::{figure} waves
---
name: fig-waves
alt: Waves.
view: image
---
A caption.
:::

## One section

```python
x = 1
```
"""
PIXELS = ("image", {"main": ("picture.png", b"png")}, {"width": 50, "height": 40, "scale": 8})


def tree(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def build(settings, *, draft=False, assets=None):
    diagnostics = Diagnostics()
    articles = read_articles(settings, diagnostics)
    results = {
        (article.slug, figure.name): make_result(
            settings,
            figure,
            slug=article.slug,
            view="image",
            assets=assets or {"picture": PIXELS},
            facts={"total": 3},
            tables={"curve": {"m": [1, 2]}},
        )
        for article in articles
        for figure in article.figures
    }
    output = Output(settings.site)
    render_site(articles, results, settings, diagnostics, draft=draft, output=output)
    output.commit()
    check_site(settings.site, settings, diagnostics)
    assert findings(diagnostics) == []
    return settings.site


TIDES = """---
title: Tides
summary: S.
authors: [{name: B. Bé}]
date: 2026-12-01
---

Text.
"""


def make_site(root):
    made = small_site(root, article=ARTICLE)
    write(made.articles / "tides/index.md", TIDES)
    return made


@pytest.fixture
def settings(tmp_path):
    return make_site(tmp_path)


def test_a_site_built_twice_is_the_same_to_the_byte(settings):
    first = tree(build(settings))
    for path in settings.site.rglob("*.html"):
        path.unlink()
    assert tree(build(settings)) == first


def test_a_site_does_not_depend_on_the_process_or_the_folder(settings, tmp_path):
    first = tree(build(settings))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    code = (
        "import sys, pathlib; sys.path[:0] = sys.argv[2:]; import test_site_pages as pages;"
        "pages.build(pages.make_site(pathlib.Path(sys.argv[1])))"
    )
    here = Path(__file__).parent
    subprocess.run(
        [sys.executable, "-c", code, elsewhere, here, here.parent],
        check=True,
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )
    assert tree(elsewhere / "site") == first


def test_no_address_is_absolute_and_pages_carry_the_policy(settings):
    site = build(settings)
    for page in site.rglob("*.html"):
        html = LexborHTMLParser(page.read_text())
        policy = html.css_first('meta[http-equiv="Content-Security-Policy"]').attributes["content"]
        assert policy.startswith("default-src 'none'; script-src 'self'")
        for node in html.css("[src], [href], [data-src], [poster]"):
            for name in ("src", "href", "data-src", "poster"):
                address = node.attributes.get(name) or ""
                assert not address.startswith(("/", "file:", "http"))
        for script in html.css("script:not([src])"):
            assert script.attributes["type"] == "application/json"
            assert "onclick" not in script.html


def test_links_between_articles_name_index_html(settings):
    page = LexborHTMLParser((build(settings) / "articles/waves/index.html").read_text())
    assert page.css_first('.prose a[href="../tides/index.html"]').text() == "the other article"


def test_the_index_lists_articles_newest_first_with_a_picture(settings):
    index = LexborHTMLParser((build(settings) / "index.html").read_text())
    links = [node.attributes["href"] for node in index.css("main h2 a")]
    assert links == ["articles/tides/index.html", "articles/waves/index.html"]
    [picture] = index.css("main img")
    assert re.fullmatch(r"articles/waves/fig-waves-picture\.\w{10}\.png", picture.attributes["src"])
    assert (picture.attributes["width"], picture.attributes["height"]) == ("400", "320")


def test_a_result_may_have_a_picture_for_the_index_alone(settings):
    small = ("image", {"main": ("thumbnail.png", b"small")}, {"width": 8, "height": 5, "scale": 1})
    site = build(settings, assets={"picture": PIXELS, "thumbnail": small})
    [picture] = LexborHTMLParser((site / "index.html").read_text()).css("main img")
    assert (site / picture.attributes["src"]).read_bytes() == b"small"
    assert (picture.attributes["width"], picture.attributes["height"]) == ("8", "5")
    assert "thumbnail" not in (site / "articles/waves/index.html").read_text()


def test_an_article_offers_its_source_and_its_data(settings):
    folder = build(settings) / "articles/waves"
    page = LexborHTMLParser((folder / "index.html").read_text())
    source, data = (node.attributes["href"] for node in page.css(".byline a[download]"))
    written = (settings.articles / "waves/index.md").read_bytes()
    assert (folder / source).read_bytes() == written
    packed = zipfile.ZipFile(io.BytesIO((folder / data).read_bytes()))
    assert packed.testzip() is None
    assert packed.namelist() == [
        "README.txt",
        "fig-waves/curve.csv",
        "fig-waves/fig-waves.json",
        "fig-waves/picture.png",
    ]
    assert packed.read("fig-waves/curve.csv") == b"m\n1\n2\n"
    assert packed.read("fig-waves/picture.png") == b"png"
    about = packed.read("README.txt").decode()
    assert about.startswith("Ada Lovelace, “Seeing in waves”, A journal, 2026.")
    assert "fig-waves\n  recipe: waves\n" in about
    assert about.endswith("  make it again: stillroom run waves/fig-waves")


def test_an_article_without_figures_has_no_data(settings):
    page = LexborHTMLParser((build(settings) / "articles/tides/index.html").read_text())
    [source] = page.css(".byline a[download]")
    assert source.text() == "Source"


def test_a_site_without_articles_has_an_index(tmp_path):
    site = build(small_site(tmp_path))
    assert "A journal" in (site / "index.html").read_text()


def test_a_figure_without_a_result_says_so(settings):
    diagnostics = Diagnostics()
    output = Output(settings.site)
    articles = read_articles(settings, diagnostics)
    render_site(articles, {}, settings, diagnostics, output=output)
    output.commit()
    page = LexborHTMLParser((settings.site / "articles/waves/index.html").read_text())
    assert "has not been computed" in page.css_first("figure#fig-waves").text()


def test_a_draft_says_so_on_every_page(settings):
    site = build(settings, draft=True)
    assert "Draft" in (site / "articles/waves/index.html").read_text()
    assert "Draft" not in (build(settings) / "articles/waves/index.html").read_text()


def test_tags_for_scholars_and_previews_name_the_published_address(tmp_path):
    settings = small_site(
        tmp_path,
        article=ARTICLE.replace("[the other article](../tides/index.md)", "x"),
        url="https://example.org/j/",
    )
    page = LexborHTMLParser((build(settings) / "articles/waves/index.html").read_text())
    tags = {
        node.attributes.get("name") or node.attributes.get("property"): node.attributes["content"]
        for node in page.css("meta[content]")
    }
    assert tags["citation_title"] == tags["og:title"] == "Seeing in waves"
    assert tags["citation_author"] == "Ada Lovelace"
    assert tags["citation_publication_date"] == "2026/11/21"
    assert tags["og:image"].startswith("https://example.org/j/articles/waves/fig-waves-picture.")
    canonical = page.css_first('link[rel="canonical"]').attributes["href"]
    assert canonical == tags["og:url"] == "https://example.org/j/articles/waves/index.html"


def test_rendering_needs_no_torch():
    code = "import sys, stillroom.render.site, stillroom.check; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout == "False\n"


def cited(settings, **front):
    values = {
        "title": "On 50 % of $x_1$ & {more}",
        "summary": "",
        "authors": (Author("Ada Lovelace"), Author("Émilie du Châtelet")),
        "date": datetime.date(2026, 3, 1),
        **front,
    }
    return how_to_cite(make_article(front=FrontMatter(**values)), settings)


def test_how_to_cite_is_made_of_the_front_matter(tmp_path):
    settings = Settings(root=tmp_path, title="A & B", url="https://example.org")
    citation = cited(settings, doi="10.1/x")
    assert citation.text == (
        "Ada Lovelace and Émilie du Châtelet, “On 50 % of $x_1$ & {more}”, A & B, 2026. "
        "https://doi.org/10.1/x"
    )
    assert citation.bibtex.splitlines() == [
        "@article{lovelace2026waves,",
        "  author = {Ada Lovelace and Émilie du Châtelet},",
        r"  title = {{On 50 \% of \$x\_1\$ \& \{more\}}},",
        r"  journal = {A \& B},",
        "  year = {2026},",
        "  month = mar,",
        "  doi = {10.1/x},",
        "  url = {https://example.org/articles/waves/index.html},",
        "}",
    ]


def test_what_we_offer_to_cite_is_bibtex_that_we_can_read(tmp_path):
    import bibtexparser

    library = bibtexparser.parse_string(cited(Settings(root=tmp_path)).bibtex)
    assert library.failed_blocks == []
    [entry] = library.entries
    assert entry.key == "lovelace2026waves"


def test_dates_and_minutes():
    assert date(datetime.date(2026, 11, 1)) == "1 November 2026"
    assert [minutes(n) for n in (0, 330, 3000)] == [1, 2, 14]
