"""The site in tests/sites/thread, built as any site: a hub, an article, two responses, a reply."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from selectolax.lexbor import LexborHTMLParser

from stillroom.diagnostics import Diagnostics
from stillroom.pipeline import Options, build
from stillroom.precompute import run
from stillroom.precompute.progress import Quiet
from stillroom.settings import find_settings
from stillroom.testing import InlineSlot

SITE = Path(__file__).parents[1] / "sites" / "thread"
MEMBERS = ["settling", "medians", "heavy-tails", "answers"]  # in the order of the hub


def make(root, *articles, **options):
    """Build the site in `root`: what was done, and what was said."""
    settings, diagnostics = find_settings(root), Diagnostics()
    done = build(
        settings,
        Options(articles=articles, jobs=1, device="cpu", **options),
        folder=settings.site,
        reporter=Quiet,
        diagnostics=diagnostics,
    )
    return done, [str(each) for each in sorted(diagnostics.found)]


@pytest.fixture(scope="module", autouse=True)
def inline():
    """Recipes run in this process: theirs are quick, and a process of their own is not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_slots", lambda _, settings, **__: [InlineSlot(settings.root)])
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory, inline):
    folder = tmp_path_factory.mktemp("thread") / "site"
    shutil.copytree(SITE, folder)
    _, said = make(folder)
    assert said == []
    return folder


@pytest.fixture
def copy(root, tmp_path):
    """The built site, to be changed: nothing is stale."""
    shutil.copytree(root, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture(scope="module")
def page(root):
    pages = {
        slug: LexborHTMLParser((root / f"site/articles/{slug}/index.html").read_text())
        for slug in ["discussion", *MEMBERS]
    }
    pages["index"] = LexborHTMLParser((root / "site/index.html").read_text())
    return pages.__getitem__


def texts(page, selector):
    return [" ".join(node.text().split()) for node in page.css(selector)]


def text(page, selector):
    [found] = texts(page, selector)
    return found


def slug_of(href):
    return re.fullmatch(r"(?:\.\./|articles/)([\w-]+)/index\.html(?:#.*)?", href)[1]


def spread(of, by, size, seed=0, walks=400):
    """The last number of a figure, computed here as the recipe of the site does."""
    random = np.random.default_rng(seed)
    for each in (10, 100, 1000):
        shape = (walks, each)
        draws = (
            random.choice([-1.0, 1.0], shape) if of == "coins" else random.standard_cauchy(shape)
        )
        if each == size:
            return np.median(np.abs(by(draws, axis=1)))
    raise AssertionError


def test_the_hub_has_a_card_for_each_member(page):
    hub = page("discussion")
    links = [node.attributes["href"] for node in hub.css(".thread-card h3 a")]
    assert [slug_of(href) for href in links] == MEMBERS
    assert texts(hub, ".thread-card .label") == ["Response 1", "Response 2", "Reply"]
    assert texts(hub, ".card-people")[1] == "Cy Abel College of Samples, Dee Moss"
    # The heading above them has the name that members link to; the others have it themselves.
    assert hub.css_first("h2#commentaries").text() == "Responses"
    assert [node.attributes.get("id") for node in hub.css(".thread-cards")] == [
        "articles",
        None,
        "replies",
    ]
    assert hub.css_first(".byline-authors") is None
    assert "Cy Abel, Émile Zola Brun, Dee Moss, Ada Quill and Bo Yarrow" in hub.text()


def test_steps_lead_through_the_thread_and_back(page):
    for before, slug, after in zip(["", *MEMBERS], MEMBERS, [*MEMBERS[1:], ""], strict=False):
        steps = {
            node.attributes["class"]: slug_of(node.attributes["href"])
            for node in page(slug).css(".thread-steps a")
        }
        expected = {"previous": before, "up": "discussion", "next": after}
        assert steps == {name: value for name, value in expected.items() if value}
    assert slug_of(page("discussion").css_first(".next").attributes["href"]) == "settling"


def test_members_say_where_they_stand(page):
    badge = page("heavy-tails").css_first(".article-header .thread")
    assert " ".join(badge.text().split()) == "A discussion of averagesResponse 2 of 2"
    box = page("heavy-tails").css_first(".thread-box")
    assert [node.attributes["href"] for node in box.css("a")] == [
        "../settling/index.html",
        "../discussion/index.html",
        "../discussion/index.html#commentaries",
        "#reply",
    ]
    assert box.css_first("cite").text() == "Averages settle"
    settling = page("settling")
    assert texts(settling, ".thread-box li") == ["The whole thread", "2 responses to it"]
    links = [slug_of(a.attributes["href"]) for a in settling.css(".responses a")]
    assert links == ["medians", "heavy-tails"]
    assert page("discussion").css_first(".thread-box") is None


def words(section):
    """The words of a reply, without what the page adds and what is numbered."""
    tree = LexborHTMLParser(section.html)
    for node in tree.css("h2, .reply-of, .citation, .footnote, .figure-number, .equation .number"):
        node.decompose()
    content = re.sub(r"(Figure|Equation)\s\d", r"\1", tree.body.text())
    return " ".join(content.split())


@pytest.mark.parametrize("slug", ["heavy-tails", "medians"])
def test_a_reply_reads_the_same_in_its_three_places(page, slug):
    there = page("answers").css_first(f"#reply-to-{slug}")
    here = page(slug).css_first("#reply")
    assert words(here) == words(there)
    assert len(words(here)) > 150
    summary = text(page(slug), "#reply > .reply-summary")
    card = page("discussion").css_first(f'.card-reply a[href="../{slug}/index.html#reply"]')
    assert card.parent.css_first("span").text() == summary
    assert text(there, ".reply-summary") == summary
    assert there.css_first(".reply-of a").attributes["href"] == f"../{slug}/index.html#reply"
    back = here.css_first(".reply-of a").attributes["href"]
    assert back == f"../answers/index.html#reply-to-{slug}"


def test_what_a_reply_brings_is_numbered_on(page):
    tails = page("heavy-tails")
    entries = texts(tails, ".references .note-text")
    assert [entry.split(".")[0] for entry in entries] == ["A", "W", "P"]  # Cauchy, Feller, Huber
    assert texts(tails, "#reply .citation") == ["[2]", "[1, 3]"]
    assert texts(page("answers"), "#reply-to-heavy-tails .citation") == ["[1]", "[2, 3]"]
    assert texts(tails, "#reply .figure-number, #reply .equation .number") == ["(2)", "Figure 2"]
    assert texts(tails, "#reply .footnote") == ["2"]
    links = {a.text(): a.attributes["href"] for a in tails.css("#reply p > a.crossreference")}
    assert links == {"Equation\u00a02": "#eq-tail", "Figure\u00a02": "#fig-tail"}
    out = [a.attributes["href"] for a in tails.css("#reply p > a:not([class])")]
    assert out[-1] == "../answers/index.html#both"
    assert texts(tails, ".contents a")[-1] == "Reply"
    # A figure that is computed is shown with its result on both pages.
    for slug in ("medians", "answers"):
        figure = page(slug).css_first("#fig-both")
        assert figure.css_first("table") is not None
        assert "stillroom run answers/fig-both" in figure.text()
        assert figure.css_first('a.fact[href="#fig-both"]').text() == "1"


def test_facts_and_verdicts_come_from_the_figures_of_other_articles(page):
    hub = page("discussion")
    coins = [spread("coins", np.mean, size) for size in (10, 1000)]
    tails = [spread("cauchy", np.mean, size) for size in (10, 1000)]
    facts = {a.attributes["href"]: a for a in hub.css("#tab-claims a.fact")}
    assert set(facts) == {
        "../settling/index.html#fig-coins",
        "../heavy-tails/index.html#fig-cauchy",
    }
    shown = texts(hub, "#tab-claims a.fact")
    assert shown == [f"{coins[0]:.2f}", f"{coins[1]:.3f}", *(f"{each:.2f}" for each in tails)]
    verdicts = hub.css("#tab-claims .verdict")
    assert [verdict.text() for verdict in verdicts] == ["yes", "no"]
    assert [coins[1] < coins[0] / 5, tails[1] < tails[0] / 5] == [True, False]
    assert verdicts[1].attributes["href"] == "../heavy-tails/index.html#fig-cauchy"
    assert "heavy-tails/fig-cauchy.at_1000 = 1.0" in verdicts[1].attributes["title"]


def test_each_page_is_cited_by_itself_and_a_reply_through_its_own(page):
    for slug in MEMBERS:
        title = page(slug).css_first("h1").text()
        assert f"“{title}”" in page(slug).css_first("h2#citation").parent.text()
        tag = page(slug).css_first('meta[name="citation_title"]')
        assert tag.attributes["content"] == title
    note = page("medians").css_first(".cite-note")
    assert "Cy Abel and Dee Moss, “Medians settle where averages do not”" in note.text()
    assert note.css_first("a").attributes["href"] == "../answers/index.html#citation"
    assert page("settling").css_first(".cite-note") is None


def test_the_appendix_has_its_order(page):
    assert texts(page("settling"), ".appendix h2") == [
        "Acknowledgments",
        "Author contributions",
        "Replications",
        "Reviews",
        "References",
        "Updates and corrections",
        "Reuse",
        "How to cite",
    ]
    assert texts(page("settling"), ".changes dt") == ["20 March 2026 Correction", "9 March 2026"]
    assert texts(page("settling"), ".plain li") == [
        "Ada Quill: writing, software",
        "Émile Zola Brun: experiments",
        "Ines Reader",
        "Anonymous reviewer",
    ]
    assert texts(page("discussion"), ".appendix h2")[0] == "Editorial note"


def test_the_hub_collects_the_replications_of_its_members(page):
    rows = texts(page("discussion"), ".prose .replications tbody tr")
    assert len(rows) == 2
    assert [row.endswith("not replicated") for row in rows] == [False, True]
    links = page("discussion").css(".replications td a")
    assert [slug_of(a.attributes["href"]) for a in links] == ["settling", "heavy-tails"]
    assert page("heavy-tails").css_first(".appendix .replications td a") is None


def test_the_index_has_a_thread_as_one_entry(page):
    assert texts(page("index"), ".card h2") == ["A discussion of averages"]
    members = [slug_of(a.attributes["href"]) for a in page("index").css(".card-members a")]
    assert members == MEMBERS
    picture = page("index").css_first(".card-picture").attributes["src"]
    assert re.fullmatch(r"articles/[\w-]+/tail\.\w+\.svg", picture)


def tree(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}


def change(path, old, new):
    content = path.read_text()
    assert old in content
    path.write_text(content.replace(old, new))


def test_a_thread_built_twice_is_the_same_to_the_byte(copy):
    before = tree(copy / "site")
    done, _ = make(copy)
    assert done.idle
    shutil.rmtree(copy / "site")
    done, said = make(copy)
    assert (done.idle, said) == (False, [])
    assert tree(copy / "site") == before


def test_a_changed_reply_changes_the_pages_that_show_it(copy):
    before = tree(copy / "site")
    change(copy / "articles/answers/index.md", "and answer it well", "and a good one")
    change(copy / "articles/answers/index.md", "the average the mean", "the mean another thing")
    make(copy)
    after = tree(copy / "site")
    changed = {path.parent.name for path in after if before.get(path) != after[path]}
    assert changed == {"answers", "medians", "discussion"}
    page = (copy / "site/articles/medians/index.html").read_text()
    assert "and a good one." in page
    assert "the mean another thing." in page


def test_a_build_of_one_article_says_which_figures_of_others_it_lacks(copy):
    (copy / "articles/alone").mkdir()
    shutil.copy(copy / "articles/medians/index.md", copy / "articles/alone/index.md")
    change(copy / "articles/alone/index.md", "thread: discussion\nresponds_to: settling\n", "")
    change(copy / "articles/settling/index.md", "claims:", "params: {walks: 399}\nclaims:")
    done, said = make(copy, "alone")
    # The medians need their reply, and its article quotes what is stale.
    assert said == []
    assert done.left_out == ("answers", "discussion", "heavy-tails", "medians", "settling")

    message = "X008 figure 'fig-coins' of the article 'settling' is not computed;"
    _, said = make(copy, "discussion")
    assert {line.partition(" X008 ")[0] for line in said} == {
        "articles/discussion/index.md:19:88:",
        "articles/discussion/index.md:19:128:",
        "articles/discussion/index.md:19:169:",
    }
    assert all(message in line and "build 'settling' too" in line for line in said)

    # A response is built with the article of its reply, which quotes the same figure.
    _, said = make(copy, "medians")
    assert [line.partition(" X008 ")[0] for line in said] == ["articles/answers/index.md:34:22:"]
    done, said = make(copy, "medians", "settling")
    assert (done.left_out, said) == (("discussion", "heavy-tails"), [])
    done, said = make(copy)
    assert (done.left_out, said) == ((), [])


def test_a_page_may_link_to_an_article_that_is_not_built_yet(copy):
    shutil.rmtree(copy / "site")
    change(copy / "articles/heavy-tails/index.md", "{of: cauchy}", "{of: cauchy, walks: 399}")
    change(
        copy / "articles/settling/index.md", "[one response](../heavy-tails/index.md#without)", "x"
    )
    done, said = make(copy, "settling")
    assert done.left_out == ("answers", "discussion", "heavy-tails", "medians")
    assert all(" S001 warning: " in line for line in said)
    # The index has the page by itself while there is none of its hub.
    index = LexborHTMLParser((copy / "site/index.html").read_text())
    assert texts(index, ".card h2") == ["Averages settle"]
    assert {re.search(r"\.\./([\w-]+)/", line)[1] for line in said} == {
        "discussion",
        "heavy-tails",
        "medians",
    }


def test_a_commentary_needs_no_thread(copy):
    (copy / "articles/lone").mkdir()
    front = "title: Lone\nsummary: S.\nauthors: [Ada]\ndate: 2026-04-01\nresponds_to: medians"
    (copy / "articles/lone/index.md").write_text(f"---\n{front}\nlicence: CC0\n---\nText.\n")
    _, said = make(copy)
    assert said == []
    page = LexborHTMLParser((copy / "site/articles/lone/index.html").read_text())
    assert text(page, ".article-header .thread") == "Response"
    assert text(page, ".thread-box") == "It responds to Medians settle where averages do not."
    assert page.css_first(".thread-steps") is None
    assert "licensed under CC0," in page.css_first("h2#reuse").parent.text()
    assert "Text and figures: CC0" in page.css_first(".site-footer").text()
    other = LexborHTMLParser((copy / "site/articles/medians/index.html").read_text())
    [link] = other.css(".responses a")
    assert link.attributes["href"] == "../lone/index.html"
    index = LexborHTMLParser((copy / "site/index.html").read_text())
    assert texts(index, ".card h2") == ["Lone", "A discussion of averages"]


def test_a_hub_without_members_is_a_page(copy):
    (copy / "articles/empty").mkdir()
    front = "title: Empty\nsummary: S.\nhub: {}\ndate: 2026-04-01"
    (copy / "articles/empty/index.md").write_text(f"---\n{front}\n---\nNothing yet.\n")
    _, said = make(copy)
    assert said == []
    page = LexborHTMLParser((copy / "site/articles/empty/index.html").read_text())
    assert page.css_first("h2#citation").parent.css_first("p").text().startswith("“Empty”")


def test_drafts_of_a_thread_are_shown_by_drafts_only(copy):
    change(copy / "articles/medians/index.md", "thread:", "draft: true\nthread:")
    change(copy / "articles/answers/index.md", "thread:", "draft: true\nthread:")
    change(copy / "articles/discussion/index.md", ":::{cards} replies\n:::", "None yet.")
    _, said = make(copy)
    assert said == []
    hub = LexborHTMLParser((copy / "site/articles/discussion/index.html").read_text())
    links = [slug_of(a.attributes["href"]) for a in hub.css(".thread-card h3 a")]
    assert links == ["settling", "heavy-tails"]
    assert texts(hub, ".thread-card .label") == ["Response 1"]
    assert hub.css_first(".card-reply") is None
    assert not (copy / "site/articles/answers").exists()
