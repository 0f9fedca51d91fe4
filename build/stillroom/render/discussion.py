"""What the page of one article shows of others: its thread, responses, replies, replications."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from stillroom.render.page import HowToCite, Link, affiliations, how_to_cite, people
from stillroom.settings import Settings
from stillroom.source.model import Article, Author, Replication, Reply
from stillroom.source.replies import ANCHOR
from stillroom.source.threads import Kind, Threads, kind_of


@dataclass(frozen=True, slots=True)
class Blurb:
    """A reply in short."""

    summary: str
    href: str
    people: str


@dataclass(frozen=True, slots=True)
class Card:
    """An article on the page of its hub."""

    link: Link
    authors: tuple[Author, ...]
    affiliations: tuple[str, ...]
    summary: str
    date: datetime.date
    reply: Blurb | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article stands among others.

    Attributes:
        hub: of its thread, unless it is the hub itself.
        about: what the thread discusses.
        label: "Response 3 of 6", "Reply", or empty.
        members: how many a hub has.
        responds_to: the article to which it responds.
        responses: those that respond to it.
        all_responses: the href of the commentaries of the thread, or empty.
        reply: the href of the reply on this page, or empty.
        previous, next: the members before and after it.
    """

    hub: Link | None
    about: str
    label: str
    members: int
    responds_to: Link | None
    responses: tuple[Card, ...]
    all_responses: str
    reply: str
    previous: Link | None
    next: Link | None


@dataclass(frozen=True, slots=True)
class ShownReply:
    """A reply, on the page of the article that it answers (`received`) or on its own.

    `other` is the other of the two articles, at the reply, and None if it is not on the site;
    `cite` is for the article answered, and `cite_reply` is where to find how the reply is cited.
    """

    anchor: str
    received: bool
    summary: str
    other: Link | None
    people: str
    cite: HowToCite | None
    cite_reply: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of the table of replications; `source` is the article that reports it, if another."""

    replication: Replication
    by: str
    source: Link | None


class Discussion:
    """What one page shows of the site's threads.

    Args:
        article: as its page shows it.
        threads: of the site.
        href: gives the way from the page to a file of the site.
        settings: of the site.
    """

    def __init__(
        self, article: Article, threads: Threads, href: Callable[[str], str], settings: Settings
    ) -> None:
        self._article = article
        self._threads = threads
        self._href = href
        self._settings = settings
        self._thread = threads.of(article.slug)

    def place(self) -> Place | None:
        """Where the article stands, or None if it stands alone."""
        thread, article = self._thread, self._article
        responded = self._threads.responded(article)
        responses = self._threads.responses(article)
        answered = self._threads.reply(article) is not None
        if thread is None and responded is None and not responses and not answered:
            return None
        is_hub = thread is not None and thread.hub.slug == article.slug
        previous, following = thread.neighbours(article) if thread else (None, None)
        commentaries = thread.of_kind("commentaries") if thread else ()
        label = self._label(article)
        number = thread.number(article) if thread else 0
        return Place(
            hub=self._link(thread.hub) if thread and not is_hub else None,
            about=thread.hub.front.hub.about if thread and thread.hub.front.hub else "",
            label=f"{label} of {len(commentaries)}" if number else label,
            members=len(thread.members) if thread and is_hub else 0,
            responds_to=self._link(responded) if responded else None,
            responses=() if is_hub else tuple(self._card(each) for each in responses),
            all_responses=self._page(thread.hub, "commentaries")
            if thread and label and commentaries
            else "",
            reply=f"#{ANCHOR}" if answered else "",
            previous=self._link(previous) if previous else None,
            next=self._link(following) if following else None,
        )

    def members(self) -> tuple[Link, ...]:
        """Of the thread whose hub the article is; none of another article."""
        if self._thread is None or self._thread.hub.slug != self._article.slug:
            return ()
        return tuple(self._link(each) for each in self._thread.members)

    def cards(self, kind: Kind) -> tuple[Card, ...]:
        """The members of one kind, for the page of the hub."""
        members = self._thread.of_kind(kind) if self._thread else ()
        return tuple(self._card(each) for each in members)

    def replies(self) -> dict[str, ShownReply]:
        """The replies of the page by the slug of the article answered; see `source.replies`."""
        shown = {}
        for reply in self._article.replies:
            shown[reply.to] = self._given(reply, self._threads.answered(reply))
        found = self._threads.reply(self._article)
        if found is not None:
            shown[self._article.slug] = self._received(*found)
        return shown

    def replications(self) -> tuple[Finding, ...]:
        """What the article reports, and if it is a hub what its members report."""
        thread = self._thread
        members = thread.members if thread and thread.hub.slug == self._article.slug else ()
        return tuple(
            Finding(
                replication,
                replication.by or people(article.front.authors),
                self._link(article) if article is not self._article else None,
            )
            for article in (self._article, *members)
            for replication in article.front.replications
        )

    def _given(self, reply: Reply, answered: Article | None) -> ShownReply:
        return ShownReply(
            anchor=_anchor(reply),
            received=False,
            summary=reply.summary,
            other=self._link(answered, ANCHOR) if answered else None,
            people=people(answered.front.authors) if answered else "",
            cite=None,
            cite_reply="#citation",
        )

    def _received(self, other: Article, reply: Reply) -> ShownReply:
        return ShownReply(
            anchor=ANCHOR,
            received=True,
            summary=reply.summary,
            other=self._link(other, _anchor(reply)),
            people=people(other.front.authors),
            cite=how_to_cite(self._article, self._settings),
            cite_reply=self._page(other, "citation"),
        )

    def _card(self, article: Article) -> Card:
        found = self._threads.reply(article)
        reply = None
        if found is not None:
            other, block = found
            href = self._page(article, ANCHOR)
            reply = Blurb(block.summary, href, people(other.front.authors))
        return Card(
            link=self._link(article),
            authors=article.front.authors,
            affiliations=tuple(affiliations(article.front)),
            summary=article.front.summary,
            date=article.front.date,
            reply=reply,
        )

    def _link(self, article: Article, anchor: str = "") -> Link:
        return Link(article.front.title, self._page(article, anchor), self._label(article))

    def _label(self, article: Article) -> str:
        """What an article is called in its thread: "Response 3", "Reply", or nothing."""
        thread = self._threads.of(article.slug)
        if thread is None or thread.hub.slug == article.slug:
            return ""
        number = thread.number(article)
        if number:
            return f"Response {number}"
        return "Reply" if kind_of(article) == "replies" else ""

    def _page(self, article: Article, anchor: str = "") -> str:
        href = self._href(f"articles/{article.slug}/index.html")
        return f"{href}#{anchor}" if anchor else href


def _anchor(reply: Reply) -> str:
    """The id of a reply on its own page."""
    return f"reply-to-{reply.to}"
