"""Threads, and articles as their pages show them: what `Threads` makes of articles with places."""

import datetime

import pytest

from sources import BIBTEX, make_site
from stillroom.diagnostics import Diagnostics
from stillroom.source.article import read_articles
from stillroom.source.model import Author, Heading
from stillroom.source.page import plain_text, walk
from stillroom.source.threads import Threads, kind_of, surname

FIGURE = """:::{{figure}} cat.png
---
name: {name}
alt: A cat.
---
Caption.
:::
"""


def write(site, slug, body="Text.", *, authors="[Ada Zon]", day=10, bib="", **front):
    folder = site.articles / slug
    folder.mkdir(exist_ok=True)
    fields = {"title": f"T {slug}", "summary": "S.", "authors": authors, **front}
    head = "\n".join(f"{name}: {value}" for name, value in fields.items() if value)
    (folder / "index.md").write_text(f"---\n{head}\ndate: 2026-01-{day}\n---\n{body}\n")
    (folder / "cat.png").write_bytes(b"")
    if bib:
        (folder / "references.bib").write_text(bib)


def read(site):
    diagnostics = Diagnostics()
    articles = {article.slug: article for article in read_articles(site, diagnostics)}
    assert diagnostics.errors == []
    return articles, Threads(articles.values())


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


CARDS = "".join(f":::{{cards}} {kind}\n:::\n" for kind in ("articles", "commentaries", "replies"))


def fill(site, order, **orders):
    """A thread with an article, three commentaries and a reply."""
    write(site, "hub", CARDS, authors="", hub=f"{{order: {order}}}")
    write(site, "main", thread="hub", day=20, order=orders.get("main"))
    write(site, "x", thread="hub", responds_to="main", day=13, order=orders.get("x"))
    authors = "[Émil Çelik, Bo Au]"
    write(
        site, "y", authors=authors, thread="hub", responds_to="main", day=12, order=orders.get("y")
    )
    write(
        site, "z", authors="[Ag Dee]", thread="hub", responds_to="x", day=11, order=orders.get("z")
    )
    blocks = "".join(f":::{{reply}} {slug}\n:summary: Yes.\nText.\n:::\n" for slug in "xyz")
    write(site, "re", blocks, thread="hub", day=10, order=orders.get("re"))


@pytest.mark.parametrize(
    ("order", "orders", "expected"),
    [
        ("date", {}, ["main", "z", "y", "x", "re"]),
        ("surname", {}, ["main", "y", "z", "x", "re"]),
        ("number", {"main": 9, "x": 1, "y": -2, "z": 4, "re": 3}, ["main", "y", "x", "z", "re"]),
    ],
)
def test_members_come_by_kind_and_then_in_the_order_of_the_hub(site, order, orders, expected):
    fill(site, order, **orders)
    articles, threads = read(site)
    thread = threads.of("x")
    assert thread is threads.of("hub")
    assert [member.slug for member in thread.members] == expected
    kinds = {member.slug: kind_of(member) for member in thread.members}
    assert (kinds["main"], kinds["x"], kinds["re"]) == ("articles", "commentaries", "replies")
    numbers = [thread.number(articles[slug]) for slug in expected]
    assert numbers == [0, 1, 2, 3, 0]
    assert threads.of("other") is None

    steps = {"hub": (None, expected[0])}
    for before, slug, after in zip(["", *expected], expected, [*expected[1:], ""], strict=False):
        steps[slug] = (before or None, after or None)
    for slug, wanted in steps.items():
        found = thread.neighbours(articles[slug])
        assert tuple(each.slug if each else None for each in found) == wanted


def test_who_responds_and_who_replies(site):
    fill(site, "surname")
    write(site, "late", responds_to="main", day=30)
    write(site, "early", responds_to="main", day=14)
    articles, threads = read(site)
    assert [each.slug for each in threads.responses(articles["main"])] == [
        "y",
        "x",
        "early",
        "late",
    ]
    assert [each.slug for each in threads.responses(articles["x"])] == ["z"]
    assert threads.responded(articles["z"]) is articles["x"]
    assert threads.responded(articles["main"]) is None
    other, reply = threads.reply(articles["y"])
    assert (other.slug, reply.to, reply.summary) == ("re", "y", "Yes.")
    assert threads.answered(reply) is articles["y"]
    assert threads.reply(articles["late"]) is None


def test_a_hub_without_authors_is_signed_by_all_of_them(site):
    fill(site, "date")
    articles, threads = read(site)
    people = threads.page_of(articles["hub"]).front.authors
    assert [each.name for each in people] == ["Bo Au", "Émil Çelik", "Ag Dee", "Ada Zon"]
    write(site, "hub", CARDS, authors="[The editors]", hub="{}")
    articles, threads = read(site)
    assert threads.page_of(articles["hub"]).front.authors == (Author("The editors"),)


def test_surnames_are_compared_without_accents_and_case():
    names = ["Ada Öz", "B. de la Cruz", "Plato", "C. Oak"]
    assert [surname(Author(name)) for name in names] == ["oz", "cruz", "plato", "oak"]


OWN = """[@chung1997] and ^[A note.] and [](#fig-cat).

$$ x $$ (eq-own)

## Limits

Text.

""" + FIGURE.format(name="fig-cat")
BLOCK = (
    """:::{reply} b
:summary: Yes.
[@shuman2013; @chung1997]^[A note on [](#eq-new), with @shuman2013.] See [](#eq-new), [](#fig-new),
[](#tab-new), [](#limits), [](#outside), [here](#outside) and [](#fig-out). With
{slider}`m values=1|2`: {value}`m`.[^shared]

$$ y $$ (eq-new)

### Limits

Text.

"""
    + FIGURE.format(name="fig-new")
    + """
:::{table} Sizes
:name: tab-new
| a | b |
|---|---|
| 1 | 2 |
:::
:::

## Outside {#outside}

^[Another.] Text.[^shared]

$$ z $$ (eq-out)

"""
    + FIGURE.format(name="fig-out")
    + "\n[^shared]: Shared.\n"
)


@pytest.fixture
def page(site):
    """The article `b` as its page shows it, with the reply of the article `c`."""
    before = FIGURE.format(name="fig-before") + "\n$$ w $$ (eq-before)\n\n^[First.]\n\n"
    write(site, "b", OWN, bib=BIBTEX, responds_to="other")
    write(site, "c", before + BLOCK, bib=BIBTEX)
    articles, threads = read(site)
    return articles["b"], articles["c"], threads.page_of(articles["b"])


def tokens_of(page, kind):
    return [token for token in walk(page.tokens) if token.type == kind]


def test_a_reply_counts_on_from_the_article(page):
    own, _, shown = page
    assert shown.citations == ("chung1997", "shuman2013")
    assert shown.references.keys() == {"chung1997", "shuman2013"}
    assert {name: label.number for name, label in shown.labels.items()} == {
        "fig-cat": "1",
        "fig-new": "2",
        "eq-own": "1",
        "eq-new": "2",
        "tab-new": "1",
        "limits": "",
        "limits-2": "",
    }
    assert [(each.name, each.number) for each in shown.pictures] == [("fig-cat", 1), ("fig-new", 2)]
    assert [control.name for control in shown.controls] == ["m"]
    assert shown.headings == (*own.headings, Heading(2, "Reply", "reply"))
    notes = [token.meta["id"] for token in tokens_of(shown, "footnote_open")]
    assert notes == [0, 1, 2]  # the article's own, and two of the four of the other
    references = [token.meta["id"] for token in tokens_of(shown, "footnote_ref")]
    assert references == [0, 1, 2]
    assert shown.words > own.words + 10


def test_links_within_a_reply_stay_and_others_lead_to_its_article(page):
    _, _, shown = page
    [close] = [
        i for i, token in enumerate(shown.tokens) if token.info == "reply" and token.nesting == 1
    ]
    links = {}
    for token in shown.tokens[close:]:
        children = token.children or []
        for index, child in enumerate(children):
            if child.type == "link_open":
                end = next(i for i in range(index, len(children)) if children[i].nesting == -1)
                where = child.meta.get("xref") or (child.meta["article"], child.meta["fragment"])
                links.setdefault(where, []).append(plain_text(children[index + 1 : end]))
    assert links == {
        "eq-new": ["", ""],
        "fig-new": [""],
        "tab-new": [""],
        "limits-2": [""],
        ("c", "outside"): ["Outside", "here"],
        ("c", "fig-out"): ["Figure\u00a03"],
    }
    ids = [token.attrs["id"] for token in tokens_of(shown, "heading_open")]
    assert ids == ["limits", "limits-2"]


def test_the_article_of_the_reply_is_not_touched(page):
    _, other, shown = page
    notes = [token.meta["id"] for token in tokens_of(other, "footnote_open")]
    assert notes == [0, 1, 2, 3]
    assert [token.attrs["id"] for token in tokens_of(other, "heading_open")] == [
        "limits",
        "outside",
    ]
    assert other.labels["fig-new"].number == "2"
    assert shown.slug == "b"


def test_dates_of_updates_are_read(site):
    write(site, "b", ":::{update} 2026-01-11\nText.\n:::", updated="2026-01-12")
    articles, _ = read(site)
    [update] = [token for token in articles["b"].tokens if token.type == "directive_open"]
    assert update.meta["date"] == datetime.date(2026, 1, 11)
