import base64
import csv
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from rendering import findings, make_result, small_site, write
from stillroom.check.claims import CheckedClaim
from stillroom.diagnostics import Diagnostics
from stillroom.render.output import Output
from stillroom.render.site import render_site
from stillroom.source.article import read_articles

ARTICLE = """Text.

:::{figure} waves
---
name: fig-waves
width: page
alt: Waves < 3.
view: plain
bind: {components: m}
claims: ["total < 9"]
---
A **caption**.
:::

With {slider}`m values=1|10 value=10`.
"""
PACKED = ("packed", {"main": ("field.bin", b"\x00\x01\x02")}, {"shape": [3], "low": 0, "step": 1})
PICTURE = ("image", {"main": ("pic.png", b"png")}, {"width": 4, "height": 3, "scale": 1})


class Site:
    """A site of one article with one figure, rendered at will."""

    def __init__(self, root):
        self.settings = small_site(
            root, article=ARTICLE, templates={"views/plain/view.html": "<p>static</p>"}
        )
        self.diagnostics = Diagnostics()

    def view(self, html, **files):
        write(self.settings.root / "templates/views/plain/view.html", html)
        for kind, content in files.items():
            write(self.settings.root / f"templates/views/plain/view.{kind}", content)

    def render(self, **result):
        self.diagnostics = Diagnostics()
        articles = read_articles(self.settings, self.diagnostics)
        [figure] = articles[0].figures
        results = {("waves", "fig-waves"): make_result(self.settings, figure, **result)}
        output = Output(self.settings.site)
        render_site(articles, results, self.settings, self.diagnostics, output=output)
        output.commit()
        page = self.settings.site / "articles/waves/index.html"
        return LexborHTMLParser(page.read_text()) if page.is_file() else None

    def payload(self, page):
        return json.loads(page.css_first("figure script.payload").text())

    def file(self, href):
        return (self.settings.site / "articles/waves" / href).resolve()

    @property
    def found(self):
        return findings(self.diagnostics)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_the_view_gets_what_the_contract_names(site):
    site.view(
        "{{ figure.name }} {{ figure.number }} {{ figure.alt }} {{ figure.width }}"
        " {{ figure.view }} {{ figure.bind.components }} {{ figure.recipe }}"
        " {{ figure.params.n }} {{ uid }}"
        " {{ result.facts.total }} {{ result.data.get('x') }} {{ result.tables.t.a[0] }}"
        " {{ result.draft }} {{ result.assets.film.kind }} {{ result.assets.film.meta.fps }}"
        " [{{ result.assets.film.href }} {{ result.assets.film.poster }}]"
        " {{ result.assets.note.text() }} {{ result.assets.film.poster.text() }}"
    )
    page = site.render(
        facts={"total": 4},
        data={"x": "<i>"},
        tables={"t": {"a": [7]}},
        params={"n": 5},
        assets={
            "film": (
                "video",
                {"main": ("film.mp4", b"m"), "poster": ("film.p.png", b"p")},
                {"fps": 9},
            ),
            "note": ("image", {"main": ("note.svg", b"drawn")}, {}),
        },
    )
    assert site.found == []
    text = page.css_first("figure .view").text().strip()
    head, films, tail = re.split(r"[\[\]]", text)
    assert head.strip() == (
        "fig-waves 1 Waves < 3. page plain m waves 5 fig-waves 4 <i> 7 False video 9"
    )
    assert tail.strip() == "drawn p"
    film, poster = films.split()
    assert site.file(film).read_bytes() == b"m"
    assert re.fullmatch(r"fig-waves-film\.p\.[0-9a-f]{10}\.png", poster)


def test_the_payload_carries_the_same(site):
    page = site.render(
        facts={"total": 4},
        data={"x": "</script><!--"},
        tables={"t": {"a": [7]}},
        assets={"field": PACKED, "pic": PICTURE, "net": ("weights", {"main": ("w.bin", b"w")}, {})},
    )
    payload = site.payload(page)
    href = payload["assets"]["pic"].pop("href")
    assert site.file(href).read_bytes() == b"png"
    assert site.file(payload["assets"]["field"].pop("href")).is_file()
    assert payload == {
        "name": "fig-waves",
        "uid": "fig-waves",
        "alt": "Waves < 3.",
        "facts": {"total": 4},
        "data": {"x": "</script><!--"},
        "tables": {"t": {"a": [7]}},
        "assets": {
            "field": {
                "kind": "packed",
                "meta": {"shape": [3], "low": 0, "step": 1},
                "base64": base64.b64encode(b"\x00\x01\x02").decode(),
            },
            "pic": {"kind": "image", "meta": {"width": 4, "height": 3, "scale": 1}},
        },
        "bind": {"components": "m"},
    }
    assert not list(site.settings.site.rglob("*w.*.bin"))


@hypothesis_settings(max_examples=50)
@given(st.recursive(st.text() | st.integers() | st.booleans(), st.lists))
def test_any_data_survives_the_way_through_html(tmp_path_factory, value):
    from stillroom.render.figure import payload_text

    html = (
        f'<script type="application/json" class="payload">{payload_text({"x": value})}</script><b>'
    )
    tree = LexborHTMLParser(html)
    assert len(tree.css("script")) == len(tree.css("b")) == 1
    assert json.loads(tree.css_first("script").text()) == {"x": value}


def test_a_heavy_payload_is_a_script_of_its_own(site):
    data = {"x": "ab</script>" * 6000}
    page = site.render(data=data)
    holder = page.css_first("figure template.payload")
    text = site.file(holder.attributes["data-src"]).read_text()
    found = re.fullmatch(r'stillroom\.payload\("fig-waves", (.*)\);\n', text)
    assert json.loads(found[1])["data"] == data
    assert page.css_first("script.payload") is None


def test_pixels_that_a_script_reads_travel_as_data_urls(site):
    site.view('{% set inline = ["pic"] %}<img src="{{ result.assets.pic.href }}" alt="">')
    payload = site.payload(site.render(assets={"pic": PICTURE}))
    expected = "data:image/png;base64," + base64.b64encode(b"png").decode()
    assert payload["assets"]["pic"]["dataurl"] == expected


def test_a_chart_brings_its_specification_and_the_libraries(site):
    scratch = site.settings.scratch
    spec = {"mark": "point"}
    files = {"main": ("c.json", json.dumps(spec).encode()), "svg": ("c.svg", b"<svg/>")}
    page = site.render(assets={"c": ("chart", files, {})})
    payload = site.payload(page)
    assert payload["assets"]["c"]["spec"] == spec
    bundle = site.file(payload["files"]["vega"])
    assert bundle.parent == site.settings.site / "static"
    [kept] = scratch.glob("vega-*.js")
    assert bundle.read_bytes() == kept.read_bytes()
    assert page.css_first('script[src*="vega"]') is None


def test_pages_without_charts_do_not_make_the_libraries(site):
    site.render()
    assert not list(site.settings.site.glob("static/vega*"))
    assert not list(site.settings.scratch.glob("vega*"))


def test_the_footer_offers_data_and_what_is_in_the_ingredients_only(site):
    page = site.render(
        facts={"total": 4}, tables={"t": {"a": [7, 8], "b": ["x,y", None]}}, params={"n": [1, 10]}
    )
    footer = page.css_first(".figure-footer")
    links = {a.attributes["href"].split(".")[0]: a.attributes["href"] for a in footer.css("a")}
    assert list(csv.reader(io.StringIO(site.file(links["fig-waves-t"]).read_text()))) == [
        ["a", "b"],
        ["7", "x,y"],
        ["8", ""],
    ]
    assert json.loads(site.file(links["fig-waves"]).read_text())["facts"] == {"total": 4}
    text = footer.text()
    assert "stillroom run waves/fig-waves" in text
    assert "1, 10" in text
    assert "Seed" in text
    assert "2.9.1" in text
    assert "total < 9" in text
    html = page.html
    for secret in ("cuda:7", "SecretOS", "2026-01-02", "12.3", str(site.settings.root)):
        assert secret not in html


def test_claims_are_shown_with_their_outcome(site):
    page = site.render(facts={"total": 10})
    assert page.css_first(".claims .fails code").text() == "total < 9"
    assert CheckedClaim("total < 9", False, {"total": 10})


def test_f020_an_unknown_view(site):
    write(
        site.settings.articles / "waves/index.md",
        (site.settings.articles / "waves/index.md").read_text().replace("plain", "plian"),
    )
    assert site.render(view="plian") is None
    assert site.found == [
        "articles/waves/index.md:15:1: F020 unknown view 'plian'; did you mean 'plain'?"
    ]


def test_f025_a_view_that_cannot_show_the_result(site):
    site.view("{{ fail('plain: data.steps is missing') }}")
    assert site.render() is None
    assert site.found == ["articles/waves/index.md:15:1: F025 plain: data.steps is missing"]


def test_f025_an_undefined_name_in_a_view(site):
    site.view("<p>\n{{ result.data.steps }}</p>")
    assert site.render() is None
    assert site.found == [
        "articles/waves/index.md:15:1: F025 'dict object' has no attribute 'steps' "
        "(templates/views/plain/view.html, line 2)"
    ]


def test_s006_a_template_with_a_mistake_in_it(site):
    site.view("<p>\n{% if %}")
    assert site.render() is None
    [found] = site.found
    assert found.startswith("templates/views/plain/view.html:2:1: S006 Expected an expression")


def test_s006_an_error_while_a_page_template_runs(site):
    write(site.settings.root / "templates/figure.html", "<figure>\n\n{{ 1 / 0 }}")
    assert site.render() is None
    assert site.found == ["templates/figure.html:3:1: S006 ZeroDivisionError: division by zero"]


def test_s006_a_template_that_is_missing(site):
    write(site.settings.root / "templates/figure.html", "\n{% include 'gone.html' %}")
    assert site.render() is None
    assert site.found == ["templates/figure.html:2:1: S006 template 'gone.html' is missing"]


def test_s006_a_stylesheet_that_names_a_file_that_is_not_there(site):
    site.view("", css=".a {}\n.b { background: url('gone.png') }")
    site.render()
    assert site.found == [
        "templates/views/plain/view.css:2:1: S006 'gone.png' is not a file beside it"
    ]


def test_styles_and_scripts_of_used_views_are_loaded(site):
    site.view("<p></p>", css=".b { background: url(dot.png#x) }", js="1;")
    write(site.settings.root / "templates/views/plain/dot.png", b"dot")
    page = site.render()
    assert site.found == []
    [style] = page.css('link[href*="view-plain"]')
    text = site.file(style.attributes["href"]).read_text()
    [name] = re.findall(r'url\("(dot\.[0-9a-f]{10}\.png)"\)', text)
    assert (site.settings.site / "static" / name).read_bytes() == b"dot"
    scripts = [node.attributes["src"] for node in page.css("script[src]")]
    assert "view-plain" in scripts[-1]
    assert [s for s in scripts if "/stillroom." in s]
    assert all(s.startswith("../../static/") for s in scripts)
    assert not any("view-image" in s for s in scripts)


def test_other_scripts_of_a_view_come_before_its_own(site):
    site.view("<p></p>", js="view;")
    for name in ("zeta", "alpha"):
        write(site.settings.root / f"templates/views/plain/{name}.js", f"{name};")
    page = site.render()
    scripts = [node.attributes["src"] for node in page.css("script[src]")][-3:]
    assert [site.file(script).read_text() for script in scripts] == ["alpha;", "zeta;", "view;"]
    assert "view-plain-alpha" in scripts[0]


def test_a_view_beside_the_article_comes_first(site):
    write(site.settings.articles / "waves/views/plain/view.html", "<p>the article's own</p>")
    write(site.settings.articles / "waves/views/plain/view.js", "own;")
    site.view("<p>the site's</p>", js="site;")
    page = site.render()
    assert page.css_first("figure .view").text().strip() == "the article's own"
    script = page.css("script[src]")[-1].attributes["src"]
    assert site.file(script).read_text() == "own;"
