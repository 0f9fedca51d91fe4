"""What articles say of each other: links, quoted figures, threads, replies."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from stillroom.diagnostics import Diagnostics, Location, nearest
from stillroom.source.model import Article
from stillroom.source.page import walk
from stillroom.source.quotes import quotes
from stillroom.source.replies import clashes
from stillroom.source.threads import KINDS, Thread, Threads, kind_of


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in one article, because of what another one is or is not."""

    article: Article
    location: Location
    code: str
    message: str


def check_across(
    articles: Sequence[Article], slugs: Collection[str], diagnostics: Diagnostics
) -> set[str]:
    """Check what articles say of each other.

    Records A006, A009 to A013, C006, F023, X001, X003, X009, X010 and X011.

    Args:
        articles: those that were read without an error.
        slugs: of all articles of the site; of those not in `articles` nothing is known.
        diagnostics: where findings go.

    Returns:
        The slugs of articles with an error.
    """
    site = _Site({article.slug: article for article in articles}, slugs)
    wrong = set()
    for check in CHECKS:
        for finding in check(site):
            diagnostics.error(finding.location, finding.code, finding.message)
            wrong.add(finding.article.slug)
    for finding in _unanswered(site):
        diagnostics.warning(finding.location, finding.code, finding.message)
    return wrong


class _Site:
    """The articles of a site that are known."""

    def __init__(self, articles: dict[str, Article], slugs: Collection[str]) -> None:
        self.articles = articles
        self.slugs = slugs
        self.threads = Threads(articles.values())
        self.complete = set(slugs) <= articles.keys()

    def missing(self, article: Article, slug: str) -> str:
        """Why `article` cannot refer to the article `slug`, or an empty text."""
        if slug not in self.slugs:
            return f"there is no article '{slug}'{nearest(slug, self.slugs)}"
        other = self.articles.get(slug)
        if other is not None and other.front.draft and not article.front.draft:
            return f"the article '{slug}' is a draft, and will not be on the site"
        return ""

    def hubs(self) -> Iterator[Thread]:
        """The threads whose hub is known."""
        for article in self.articles.values():
            thread = self.threads.of(article.slug) if article.front.hub else None
            if thread is not None:
                yield thread


def _fragments(site: _Site) -> Iterator[Finding]:
    """Links to a part of another article (X001)."""
    for article in site.articles.values():
        for token in walk(article.tokens):
            if "fragment" not in token.meta or token.meta["article"] not in site.articles:
                continue
            slug, fragment = token.meta["article"], token.meta["fragment"]
            labels = site.articles[slug].labels
            if fragment not in labels:
                hint = nearest(fragment, labels)
                message = f"nothing is named '{fragment}' in the article '{slug}'{hint}"
                yield Finding(article, token.meta["place"], "X001", message)


def _quotes(site: _Site) -> Iterator[Finding]:
    """Figures of other articles whose facts are used (X003, F023)."""
    for article in site.articles.values():
        for quote in quotes(article):
            message = site.missing(article, quote.article)
            other = site.articles.get(quote.article)
            names = [figure.name for figure in other.figures] if other else []
            if other is not None and quote.figure not in names and not message:
                message = f"the article '{quote.article}' has no figure with a recipe named"
                message += f" '{quote.figure}'{nearest(quote.figure, names)}"
            if message:
                yield Finding(article, quote.location, quote.code, message)


def _references(site: _Site) -> Iterator[Finding]:
    """Threads that are none (A009); articles to respond to that will not be there (A006)."""
    for article in site.articles.values():
        front = article.front
        if front.thread:
            message = site.missing(article, front.thread)
            hub = site.articles.get(front.thread)
            if hub is not None and hub.front.hub is None and not message:
                message = f"the article '{front.thread}' is no hub: it has no `hub` in front matter"
            if message:
                yield Finding(article, article.place("thread"), "A009", message)
        if front.responds_to and (message := site.missing(article, front.responds_to)):
            yield Finding(article, article.place("responds_to"), "A006", message)


def _circles(site: _Site) -> Iterator[Finding]:
    """Articles that respond to each other (A010), told at each of them."""
    for article in site.articles.values():
        chain = [article.slug]
        other = site.threads.responded(article)
        while other is not None and other.slug not in chain:
            chain.append(other.slug)
            other = site.threads.responded(other)
        if other is article:
            circle = " → ".join([*chain, article.slug])
            message = f"articles respond to each other in a circle: {circle}"
            yield Finding(article, article.place("responds_to"), "A010", message)


def _orders(site: _Site) -> Iterator[Finding]:
    """Members whose places in their thread are not told apart (A011)."""
    for article in site.articles.values():
        if article.front.order is not None and not article.front.thread:
            message = "'order' is a place in a thread, and the article is in none"
            yield Finding(article, article.place("order"), "A011", message)
    for thread in site.hubs():
        assert thread.hub.front.hub is not None
        order = thread.hub.front.hub.order
        taken: dict[int, str] = {}
        for member in thread.members:
            number = member.front.order
            message = ""
            if order != "number" and number is not None:
                message = f"the hub '{thread.hub.slug}' puts its thread in order by {order}"
            elif order == "number" and number is None:
                message = f"the hub '{thread.hub.slug}' asks for a number: write `order: 1`"
            elif number in taken:
                message = f"'{taken[number]}' has the number {number} in this thread too"
            elif number is not None:
                taken[number] = member.slug
            if message:
                yield Finding(member, member.place("order"), "A011", message)


def _titles(site: _Site) -> Iterator[Finding]:
    """Cards of one thread that read the same (A012)."""
    for thread in site.hubs():
        seen = {thread.hub.front.title.casefold(): thread.hub.slug}
        for member in thread.members:
            title = member.front.title.casefold()
            if title in seen:
                message = f"the article '{seen[title]}' of this thread has the same title"
                yield Finding(member, member.place("title"), "A012", message)
            seen.setdefault(title, member.slug)


def _cards(site: _Site) -> Iterator[Finding]:
    """Cards that stand in no hub, show nothing, or are missing (A013)."""
    for article in site.articles.values():
        cards = [token for token in article.tokens if _is_cards(token.type, token.meta)]
        thread = site.threads.of(article.slug) if article.front.hub else None
        for token in cards:
            kind = token.meta["argument"]
            where = Location(article.location.path, token.map[0] + 1 if token.map else 1)
            message = ""
            if thread is None:
                message = "cards stand in the hub of a thread"
            elif kind not in KINDS:
                message = f"cards are of {', '.join(KINDS)}; not '{kind}'{nearest(kind, KINDS)}"
            elif site.complete and not _shown(thread, kind):
                message = f"the thread has no {kind} to show"
            if message:
                yield Finding(article, where, "A013", message)
        shown = [token.meta["argument"] for token in cards]
        for kind in KINDS:
            if thread is not None and _shown(thread, kind) and kind not in shown:
                message = f"the hub does not show its {kind}: add :::{{cards}} {kind}"
                yield Finding(article, article.place("hub"), "A013", message)


def _is_cards(kind: str, meta: dict[str, object]) -> bool:
    return kind == "directive_open" and meta["name"] == "cards"


def _shown(thread: Thread, kind: str) -> bool:
    """Whether the hub's page has members of a kind to show: drafts are shown by drafts only."""
    draft = thread.hub.front.draft
    return any(kind_of(each) == kind and (draft or not each.front.draft) for each in thread.members)


def _replies(site: _Site) -> Iterator[Finding]:
    """Replies that reach nobody (X009), or that the other page cannot show (X011, C006)."""
    answered: dict[str, str] = {}
    for article in site.articles.values():
        for reply in article.replies:
            message = site.missing(article, reply.to)
            if reply.to == article.slug:
                message = "an article cannot reply to itself"
            elif reply.to in answered:
                message = f"'{answered[reply.to]}' replies to '{reply.to}' already"
            answered.setdefault(reply.to, article.slug)
            if message:
                yield Finding(article, reply.location, "X009", message)
            elif reply.to in site.articles:
                for code, clash in clashes(site.articles[reply.to], article, reply):
                    yield Finding(article, reply.location, code, clash)


def _unanswered(site: _Site) -> Iterator[Finding]:
    """Commentaries of a thread that has replies, but none to them (X010)."""
    for thread in site.hubs() if site.complete else ():
        for member in thread.of_kind("commentaries") if thread.of_kind("replies") else ():
            if site.threads.reply(member) is None:
                message = "the thread has replies, but none to this commentary"
                yield Finding(member, member.location, "X010", message)


CHECKS: tuple[Callable[[_Site], Iterator[Finding]], ...] = (
    _fragments,
    _quotes,
    _references,
    _circles,
    _orders,
    _titles,
    _cards,
    _replies,
)
