import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sources import BIBTEX, FRONT, make_site, read
from stillroom.diagnostics import Diagnostics, StillroomError
from stillroom.source.article import read_all, read_articles
from stillroom.source.model import Author, Control, FactUse, Heading, Label


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


def test_an_article_is_data_with_places(site):
    article, found = read(
        site,
        """Waves [@chung1997; @shuman2013].

## Part {#part}

:::{figure} waves
---
name: fig-a
width: wide
alt: Waves.
params: {sizes: [1, 2]}
draft: {sizes: [1]}
claims: ["error < 0.5"]
bind: {m: components}
view: chart
seed: 3
---
Caption.
:::

:::{figure} cat.png
:name: fig-cat
:alt: A cat.
Caption.
:::

$$ x $$ (eq-a)

{slider}`components values=1|10 value=10` gives {fact}`fig-a.t.error[components] .1%`.
""",
        bibtex=BIBTEX,
    )
    assert found == []
    assert article.front.authors == (Author("Ada"),)
    [figure] = article.figures
    assert (figure.recipe, figure.number, figure.width) == ("waves", 1, "wide")
    assert (figure.view, figure.seed, figure.bind) == ("chart", 3, {"m": "components"})
    assert (figure.params, figure.draft) == ({"sizes": [1, 2]}, {"sizes": [1]})
    assert str(figure.place("params.sizes.1")) == "articles/a/index.md:16:21"
    assert str(figure.place("params.colour")) == "articles/a/index.md:16:1"
    assert str(figure.place("width.other")) == "articles/a/index.md:14:1"
    assert str(figure.claims[0].location) == "articles/a/index.md:18:11"
    [picture] = article.pictures
    assert (picture.name, picture.number, picture.source.name) == ("fig-cat", 2, "cat.png")
    assert article.headings == (Heading(2, "Part", "part"),)
    kinds = {name: (label.kind, label.number) for name, label in article.labels.items()}
    assert kinds == {
        "fig-a": ("figure", "1"),
        "fig-cat": ("figure", "2"),
        "eq-a": ("equation", "1"),
        "part": ("section", ""),
    }
    assert isinstance(article.labels["part"], Label)
    [control] = article.controls
    assert control == Control("components", "slider", (1, 10), 10, "components", control.location)
    [use] = article.fact_uses
    assert use == FactUse(
        article="a",
        figure="fig-a",
        location=use.location,
        table="t",
        column="error",
        variable="components",
        format=".1%",
    )
    assert article.citations == ("chung1997", "shuman2013")
    assert article.references["chung1997"].csl["type"] == "book"
    assert article.words == 5


def test_all_errors_of_all_articles_are_reported_at_once(site):
    (site.articles / "other/index.md").write_text(FRONT + "[](#nothing)")
    article, found = read(site, "[](#nothing)\n\n{role}`x`", only=())
    assert article is None
    assert found == [
        "index.md:7:1: X001 nothing is named 'nothing'",
        "index.md:9:1: M006 unknown role 'role'",
        "articles/other/index.md:7:1: X001 nothing is named 'nothing'",
    ]


def test_articles_come_by_slug_and_those_with_errors_are_left_out(site):
    (site.articles / "a/index.md").write_text(FRONT)
    assert [article.slug for article in read_articles(site, Diagnostics())] == ["a", "other"]
    (site.articles / "a/index.md").write_text("no front matter")
    diagnostics = Diagnostics()
    assert [article.slug for article in read_articles(site, diagnostics)] == ["other"]
    assert [str(error) for error in diagnostics.errors] == [
        "articles/a/index.md:1:1: A001 the article should begin with front matter"
        " between two lines of ---"
    ]


def test_only_reads_what_is_asked_for(site):
    (site.articles / "a/index.md").write_text("broken")
    diagnostics = Diagnostics()
    assert [article.slug for article in read_articles(site, diagnostics, only=["other"])] == [
        "other"
    ]
    assert diagnostics.found == []
    with pytest.raises(StillroomError, match="no article 'othr'; did you mean 'other'"):
        read_articles(site, Diagnostics(), only=["othr"])


def test_a_folder_with_a_name_that_is_not_plain(site):
    (site.articles / "a").rename(site.articles / "My_Article")
    (site.articles / "My_Article/index.md").write_text(FRONT)
    diagnostics = Diagnostics()
    read_articles(site, diagnostics)
    assert [str(error) for error in diagnostics.errors] == [
        "articles/My_Article/index.md:1:1: A005 the name of the folder, 'My_Article', should be"
        " lower-case letters, digits and hyphens"
    ]


def test_a_text_that_is_not_called_index_is_told(site):
    (site.articles / "a/a.md").write_text(FRONT)
    (site.articles / "shared").mkdir()
    diagnostics = Diagnostics()
    assert [article.slug for article in read_articles(site, diagnostics)] == ["other"]
    assert [str(found) for found in diagnostics.found] == [
        "articles/a/a.md:1:1: A008 warning: this is not read: the text of an article is called"
        " index.md"
    ]


def test_articles_with_errors_are_read_as_far_as_possible(site):
    figure = ":::{figure} waves\n---\nname: fig-a\nalt: A.\n---\nCaption.\n:::\n"
    (site.articles / "a/index.md").write_text(f"---\ntitl: T\n---\n{figure}[](#nothing)\n")
    reading = read_all(site, Diagnostics())
    assert [article.slug for article in reading.articles] == ["other"]
    assert [article.figures[0].recipe for article in reading.broken] == ["waves"]


def test_files_that_are_not_utf8(site):
    (site.articles / "a/index.md").write_bytes(FRONT.encode() + b"caf\xe9")
    (site.articles / "other/index.md").write_text(FRONT)
    (site.articles / "other/references.bib").write_bytes(b"\xff")
    diagnostics = Diagnostics()
    assert read_articles(site, diagnostics) == ()
    assert [str(error) for error in diagnostics.errors] == [
        "articles/a/index.md:7:1: A007 the file is not UTF-8 text",
        "articles/other/index.md:1:1: A007 'references.bib' is not UTF-8 text",
    ]


def test_links_to_a_section_of_another_article(site):
    article, found = read(site, "[x](../other/index.md#secc)\n", only=())
    assert article is None
    assert found == [
        "index.md:7:1: X001 nothing is named 'secc' in the article 'other'; did you mean 'sec'?"
    ]


def test_text_nested_too_deeply(site):
    article, found = read(site, "> " * 57 + "x")
    assert article is not None
    article, found = read(site, "> " * 80 + "x")
    assert article is None
    assert found == ["index.md:7:1: M014 the text is nested too deeply to be read"]


def test_line_ends_and_a_byte_order_mark_change_nothing(site):
    text = FRONT + "A *b* [](#nothing).\n\n:::{note}\n[](#gone)\n:::\n"
    _, expected = read(site, text)
    for variant in (text.replace("\n", "\r\n"), text.replace("\n", "\r"), "\ufeff" + text):
        (site.articles / "a/index.md").write_text(variant, encoding="utf-8", newline="")
        diagnostics = Diagnostics()
        read_articles(site, diagnostics, only=["a"])
        assert [str(d).replace("articles/a/", "") for d in sorted(diagnostics.found)] == expected


# What Markdown and its extensions are made of.
# fmt: off
PIECES = st.sampled_from([
    ":::{figure} a", ":::{note}", ":::", "::::", ":::{tabs}", "---", ":name: x", "alt: ", "{a: [",
    "```", "$$", "$", "(eq)", "^[", "[^a]", "[^a]:", "[@a; @b, p. 3]", "@a", "[", "]", "(", ")",
    "](", "{fact}`", "{slider}`a values=", "`", "|", "{#x}", "## ", "<b>", "<!--", "-->", "> ",
    "- ", "1. ", "\t", "| a | b |\n|---|", "*", "**", "~~", "\\", "!", "![", "](#", "](../x/",
    "\x00", "\u2028", "\x85", ": ", "=", "é", "🎨", "\n", "\n\n", "\n    ", "title: ", "&amp;",
    " ",
])
# fmt: on


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.one_of(st.text(), st.lists(PIECES).map("".join)), front=st.booleans())
def test_no_text_makes_reading_raise(site, body, front):
    article, found = read(site, FRONT + body if front else body or "-")
    assert (article is None) == any(": " in line and "warning" not in line for line in found)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(), st.lists(PIECES).map("".join)))
def test_no_front_matter_makes_reading_raise(site, text):
    read(site, f"---\n{text}\n---\n")
    read(site, f":::{{figure}} a\n---\n{text}\n---\n:::\n")
    read(site, f"$${text}$$ {{slider}}`{text}` {{fact}}`{text}`")


def test_hostile_texts_are_read_in_little_time(site):
    for text in (
        ":::{note}\n" * 2000,
        "[" * 5000,
        "[@a;" * 3000,
        "{fact}`" * 3000,
        "$" * 5000,
        "> " * 500 + "x",
        "*a _b " * 2000,
        "^[" * 2000,
        "|a" * 3000,
        "<" * 3000,
        "- " * 1000,
        "![" * 1000 + "x" + "](a)" * 1000,
        "^[" * 400 + "x" + "]" * 400,
        "[^a]\n\n" + "[^a]: " * 1000,
    ):
        before = os.times().user
        read(site, text)
        assert os.times().user - before < 5, text[:20]
