"""What is wrong between articles: each case is a few articles and what is said of them."""

import itertools

import pytest

from sources import BIBTEX, make_site
from stillroom.diagnostics import Diagnostics
from stillroom.source.article import read_articles

FIGURE = """:::{figure} waves
---
name: NAME
alt: Waves.
claims: ["CLAIM"]
---
Caption.
:::
"""
REPLY = ":::{reply} TO\n:summary: Yes.\nTEXT\n:::\n"
NUMBERS = itertools.count()  # no two titles are the same
CARDS = ":::{cards} KIND\n:::\n"


def figure(name="fig-a", claim="x < 1"):
    return FIGURE.replace("NAME", name).replace("CLAIM", claim)


def reply(to, text="Text."):
    return REPLY.replace("TO", to).replace("TEXT", text)


def cards(*kinds):
    return "".join(CARDS.replace("KIND", kind) for kind in kinds)


def article(body="Text.", **front):
    fields = {"title": f"Title {next(NUMBERS)}", "summary": "S.", "authors": "[Ada]", **front}
    head = "\n".join(f"{name}: {value}" for name, value in fields.items())
    return f"---\ndate: 2026-01-10\n{head}\n---\n{body}\n"


@pytest.fixture
def found(tmp_path):
    """Read articles by slug, and return what is said of them."""

    def check(bibtex="", **texts):
        site = make_site(tmp_path / str(next(NUMBERS)))
        for slug, text in texts.items():
            folder = site.articles / slug
            folder.mkdir(exist_ok=True)
            (folder / "index.md").write_text(text)
            if "[@" in text:
                (folder / "references.bib").write_text(bibtex if slug == "c" else BIBTEX)
        diagnostics = Diagnostics()
        read_articles(site, diagnostics)
        lines = [str(each).replace("articles/", "") for each in sorted(diagnostics.found)]
        return [line for line in lines if "C004" not in line]

    return check


def test_a_thread_that_has_no_hub(found):
    assert found(
        b=article(thread="hbu"),
        c=article(thread="other"),
        hub=article(cards("articles"), hub="{}", draft="true"),
        d=article(thread="hub"),
        e=article(thread="hub", draft="true"),
    ) == [
        "b/index.md:6:1: A009 there is no article 'hbu'; did you mean 'hub'?",
        "c/index.md:6:1: A009 the article 'other' is no hub: it has no `hub` in front matter",
        "d/index.md:6:1: A009 the article 'hub' is a draft, and will not be on the site",
    ]


def test_a_hub_that_cannot_be_read_is_told_once(found):
    assert found(hub=article("[](#gone)", hub="{}"), b=article(thread="hub")) == [
        "hub/index.md:8:1: X001 nothing is named 'gone'"
    ]


def test_an_article_to_respond_to_that_is_not_there(found):
    assert found(
        b=article(responds_to="othre"), c=article(responds_to="d"), d=article(draft="true")
    ) == [
        "b/index.md:6:1: A006 there is no article 'othre' to respond to; did you mean 'other'?",
        "c/index.md:6:1: A006 the article 'd' is a draft, and will not be on the site",
    ]


def test_articles_that_respond_in_a_circle(found):
    assert found(
        b=article(responds_to="c"),
        c=article(responds_to="d"),
        d=article(responds_to="b"),
        e=article(responds_to="d"),
        f=article(responds_to="f"),
    ) == [
        "b/index.md:6:1: A010 articles respond to each other in a circle: b → c → d → b",
        "c/index.md:6:1: A010 articles respond to each other in a circle: c → d → b → c",
        "d/index.md:6:1: A010 articles respond to each other in a circle: d → b → c → d",
        "f/index.md:6:1: A010 articles respond to each other in a circle: f → f",
    ]


def test_orders_that_tell_nothing(found):
    assert found(
        dates=article(cards("articles"), hub="{order: date}"),
        b=article(thread="dates", order=1),
        numbers=article(cards("articles"), hub="{order: number}"),
        c=article(thread="numbers", order=1),
        d=article(thread="numbers", order=1),
        e=article(thread="numbers"),
        f=article(order=1),
    ) == [
        "b/index.md:7:1: A011 the hub 'dates' puts its thread in order by date",
        "d/index.md:7:1: A011 'c' has the number 1 in this thread too",
        "e/index.md:1:1: A011 the hub 'numbers' asks for a number: write `order: 1`",
        "f/index.md:6:1: A011 'order' is a place in a thread, and the article is in none",
    ]


def test_articles_of_a_thread_with_one_title(found):
    hub = article(cards("articles"), hub="{}", title="A thread")
    assert found(
        hub=hub,
        b=article(thread="hub", title="One"),
        c=article(thread="hub", title="one"),
        d=article(thread="hub", title="a thread"),
        e=article(title="One"),
    ) == [
        "c/index.md:3:1: A012 the article 'b' of this thread has the same title",
        "d/index.md:3:1: A012 the article 'hub' of this thread has the same title",
    ]


def test_cards_that_do_not_fit(found):
    assert found(
        hub=article(cards("articles", "comentaries", "replies"), hub="{}"),
        b=article(thread="hub"),
        c=article(thread="hub", responds_to="b"),
        d=article(reply("c"), thread="hub", draft="true"),
        e=article(cards("articles")),
    ) == [
        "e/index.md:7:1: A013 cards stand in the hub of a thread",
        "hub/index.md:6:1: A013 the hub does not show its commentaries:"
        " add :::{cards} commentaries",
        "hub/index.md:10:1: A013 cards are of articles, commentaries, replies; not 'comentaries';"
        " did you mean 'commentaries'?",
        "hub/index.md:12:1: A013 the thread has no replies to show",
    ]


def test_replies_that_reach_nobody(found):
    assert found(
        b=article(responds_to="other"),
        c=article(reply("b") + reply("zz") + reply("c") + reply("b")),
        d=article(reply("b") + reply("e")),
        e=article(draft="true"),
    ) == [
        "c/index.md:11:1: X009 there is no article 'zz'",
        "c/index.md:15:1: X009 an article cannot reply to itself",
        "c/index.md:19:1: X009 'c' replies to 'b' already",
        "d/index.md:7:1: X009 'c' replies to 'b' already",
        "d/index.md:11:1: X009 the article 'e' is a draft, and will not be on the site",
    ]


def test_a_commentary_without_a_reply_is_told(found):
    texts = {
        "hub": article(cards("commentaries", "replies"), hub="{}"),
        "b": article(thread="hub", responds_to="hub"),
        "c": article(thread="hub", responds_to="hub"),
        "d": article(reply("c"), thread="hub"),
    }
    assert found(**texts) == [
        "b/index.md:1:1: X010 warning: the thread has replies, but none to this commentary"
    ]
    texts["d"] = article(reply("c") + reply("b"), thread="hub")
    assert found(**texts) == []


def test_names_that_a_reply_has_in_common_with_the_article(found):
    controls = "{slider}`m values=1|2`\n\n$$ x $$ (eq-a)\n\n"
    assert found(
        b=article("## Reply\n\nText.\n\n" + figure() + controls),
        c=article(reply("b", controls + figure())),
        d=article("## Limits\n\nText.\n\n" + figure("fig-b")),
        e=article(reply("d", "### Limits\n\nText.\n\n" + figure("fig-c")) + figure("fig-b")),
    ) == [
        "c/index.md:7:1: X011 'eq-a' is a name in the article 'b' too: rename one",
        "c/index.md:7:1: X011 'fig-a' is a name in the article 'b' too: rename one",
        "c/index.md:7:1: X011 'm' is a name in the article 'b' too: rename one",
        "c/index.md:7:1: X011 the heading 'reply' of the article 'b' needs another name:"
        " that of the reply is the same",
    ]


def test_a_key_is_the_same_work_in_an_article_and_its_reply(found):
    texts = {"b": article("[@chung1997]"), "c": article(reply("b", "[@chung1997; @shuman2013]"))}
    assert found(BIBTEX, **texts) == []
    assert found(BIBTEX.replace("Spectral", "Special"), **texts) == [
        "c/index.md:7:1: C006 'chung1997' is another work in the article 'b': rename one"
    ]


def test_figures_of_other_articles_that_are_quoted(found):
    wrong = "{fact}`b/fig-b.x`, {fact}`zz/fig-a.x`, {verdict}`d/fig-a.x > b/fig-a.x`, "
    assert found(
        b=article(figure()),
        c=article(wrong + "{fact}`b/fig-a.x`\n\n" + figure(claim="x < b/fig-c.x + a/fig-a.x")),
        d=article(figure(), draft="true"),
        e=article("{fact}`f/fig-any.x`"),
        f=article("{unknown}`x`"),
    ) == [
        "c/index.md:7:1: X003 the article 'b' has no figure with a recipe named 'fig-b';"
        " did you mean 'fig-a'?",
        "c/index.md:7:20: X003 there is no article 'zz'",
        "c/index.md:7:40: X003 the article 'd' is a draft, and will not be on the site",
        "c/index.md:13:11: F023 the article 'b' has no figure with a recipe named 'fig-c';"
        " did you mean 'fig-a'?",
        "c/index.md:13:11: F023 there is no article 'a'",
        "f/index.md:7:1: M006 unknown role 'unknown'",
    ]
