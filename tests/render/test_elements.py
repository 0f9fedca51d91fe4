"""Golden fragments: elements.md holds title, Markdown and HTML, each ended by a line of one dot."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from rendering import findings, make_result, small_site
from stillroom.diagnostics import Diagnostics
from stillroom.render.output import Output
from stillroom.render.site import render_site
from stillroom.source.article import read_articles

CASES = Path(__file__).with_name("elements.md")
BIB = """
@book{chung1997, author={Chung, Fan}, title={Spectral Graph Theory}, publisher={AMS}, year={1997}}
@article{shuman2013, author={Shuman, David and Narang, Sunil and Frossard, Pascal},
  title={Signals on Graphs}, journal={IEEE SPM}, year={2013}}
"""
# Every page of the cases ends with what they refer to.
REST = """

## A section

$$ y $$ (eq-y)

:::{figure} waves
---
name: fig-waves
alt: Waves.
---
A caption.
:::

{slider}`m values=1|10|100 value=10 label="waves"` {picker}`pet values=cat|dog value=cat`
"""


def picture(width=6, height=4):
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("elements")
    return small_site(
        root,
        files={"references.bib": BIB, "dot.png": picture(), "data.csv": "a,b\n", "a b.svg": SVG},
        templates={"views/plain/view.html": "<p>{{ result.facts.total }}</p>"},
    )


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 20"><circle r="1"/></svg>'


def render(site, markdown):
    """The HTML of an article, and its folder in the output."""
    small_site(site.root, article=markdown + REST)
    path = site.articles / "waves" / "index.md"
    path.write_text(path.read_text().replace("date:", "bibliography: references.bib\ndate:", 1))
    diagnostics = Diagnostics()
    articles = read_articles(site, diagnostics)
    assert diagnostics.errors == [], findings(diagnostics)
    facts = {"total": 1234.5, "error": 1.5e-7, "name": "a<b"}
    tables = {"curve": {"m": [1, 10, 100], "pet": ["cat", "dog", "cow"], "error": [0.5, 0.25, 0.1]}}
    results = {
        ("waves", figure.name): make_result(site, figure, facts=facts, tables=tables)
        for figure in articles[0].figures
    }
    output = Output(site.site)
    render_site(articles, results, site, diagnostics, output=output)
    assert diagnostics.errors == [], findings(diagnostics)
    output.commit()
    return (site.site / "articles/waves/index.html").read_text()


def body(html):
    """What lies between the masthead and the part that every case ends with."""
    start = html.index('<div class="prose grid">') + len('<div class="prose grid">')
    return html[start : html.index('<h2 id="a-section"', start)].strip()


def cases():
    lines = CASES.read_text(encoding="utf-8").split("\n.\n")
    return [
        pytest.param(lines[i + 1], lines[i + 2], id=lines[i].strip().splitlines()[-1])
        for i in range(0, len(lines) - 2, 3)
    ]


def squeeze(html):
    return "\n".join(line.strip() for line in html.splitlines() if line.strip())


@pytest.mark.parametrize(("markdown", "expected"), cases())
def test_element(site, markdown, expected):
    assert squeeze(body(render(site, markdown))) == squeeze(expected)


def test_notes_and_references_point_back(site):
    html = LexborHTMLParser(
        render(site, "One[^a] [@chung1997]. Two[^a]^[Inline *note* @chung1997.].\n\n[^a]: A note.")
    )
    notes = html.css(".notes li")
    assert [note.attributes["id"] for note in notes] == ["fn-1", "fn-2"]
    assert [a.attributes["href"] for a in notes[0].css(".backlink")] == ["#fn-1-1", "#fn-1-2"]
    assert notes[1].css_first(".note-text em").text() == "note"
    [reference] = html.css(".references li")
    assert reference.attributes["id"] == "ref-chung1997"
    assert "Spectral Graph Theory" in reference.text()
    for link in html.css(".backlink, .citation a, .footnote a"):
        assert html.css_first(f'[id="{link.attributes["href"][1:]}"]') is not None


def test_an_appendix_leaves_the_text(site):
    html = render(site, "Text.\n\n:::{appendix} Methods\nDetails *here*.\n:::")
    assert "Details" not in body(html)
    appendix = LexborHTMLParser(html).css_first(".appendix").html
    assert "<h2>Methods</h2>" in appendix
    assert "Details <em>here</em>" in appendix


def test_files_of_the_article_are_copied_once_under_their_content(site):
    html = LexborHTMLParser(render(site, "![One](dot.png) ![Two](dot.png) [data](data.csv)"))
    first, second = html.css(".prose img")
    assert first.attributes["src"] == second.attributes["src"]
    folder = site.site / "articles/waves"
    assert (folder / first.attributes["src"]).read_bytes() == picture()
    assert (
        folder / html.css_first(".prose a[href*=data]").attributes["href"]
    ).read_text() == "a,b\n"


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)
HOSTILE = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "</p><img src=x onerror=alert(1)>",
        '"><b>',
        "{{ 7 * 7 }}",
        "&lt;",
    ]
)


@hypothesis_settings(max_examples=8, deadline=None)
@given(HOSTILE, TEXT)
def test_text_of_articles_is_escaped_everywhere(site, hostile, text):
    """Whatever an author writes in any place, no element or template code comes of it."""
    safe = text.translate(
        {ord(c): " " for c in "\\`[]()*_#~$:|<>-+=!^@{}.\"'&\n\r\u2028\u2029\x85"}
    )
    word = hostile + safe
    quoted = word.replace("\\", "").replace("`", "")
    marked = (
        f"A `{quoted}` word.\n\n```html\n{quoted}\n```\n\n"
        f":::{{note}} {quoted}\nText.\n:::\n\n:::{{details}} {quoted}\nText.\n:::\n\n"
        f"::::{{tabs}}\n:::{{tab}} {quoted}\nText.\n:::\n::::"
    )
    page = LexborHTMLParser(render(site, marked)).css_first(".prose")
    assert page.css("script:not(.payload), img, b, [onerror]") == []
    assert quoted.strip() in page.css_first("p code").text()
    assert page.css_first("summary").text() == quoted.strip()
    assert page.css_first(".admonition-title").text() == quoted.strip()
    assert "49" not in page.text() or "49" in safe
