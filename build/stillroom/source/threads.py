"""What the articles of a site are to each other: threads, commentaries and replies.

A thread is a hub and its members: the articles that name it in `thread`. A member is a commentary
if it responds to an article, a reply if it holds reply blocks, and else one of the thread's
articles.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, get_args

from stillroom.source.model import Article, Author, Order, Reply
from stillroom.source.replies import with_reply

Kind = Literal["articles", "commentaries", "replies"]
KINDS: tuple[Kind, ...] = get_args(Kind)


def kind_of(article: Article) -> Kind:
    """What an article is in its thread."""
    if article.replies:
        return "replies"
    return "commentaries" if article.front.responds_to else "articles"


def surname(author: Author) -> str:
    """What an author is sorted by: the last word of the name, without accents and case."""
    word = unicodedata.normalize("NFKD", author.name.split()[-1]).casefold()
    return "".join(letter for letter in word if not unicodedata.combining(letter))


@dataclass(frozen=True)
class Thread:
    """A hub and its members, in the order of the hub: articles, commentaries, replies."""

    hub: Article
    members: tuple[Article, ...]

    def of_kind(self, kind: Kind) -> tuple[Article, ...]:
        """The members of one kind."""
        return tuple(member for member in self.members if kind_of(member) == kind)

    @cached_property
    def authors(self) -> tuple[Author, ...]:
        """Everybody who wrote in it, by surname."""
        people = {author.name: author for member in self.members for author in member.front.authors}
        return tuple(sorted(people.values(), key=lambda each: (surname(each), each.name)))

    def number(self, article: Article) -> int:
        """The number of a commentary among the commentaries, from 1; 0 for any other article."""
        slugs = [member.slug for member in self.of_kind("commentaries")]
        return slugs.index(article.slug) + 1 if article.slug in slugs else 0

    def neighbours(self, article: Article) -> tuple[Article | None, Article | None]:
        """The members before and after an article; the first comes after the hub."""
        row = [None, *self.members, None]
        slugs = [each.slug if each else "" for each in row]
        if article.slug not in slugs:
            return None, row[1]
        index = slugs.index(article.slug)
        return row[index - 1], row[index + 1]


class Threads:
    """The threads of a site, and who responds and replies to whom.

    Args:
        articles: of the site; what they name and is not among them is passed over.
    """

    def __init__(self, articles: Iterable[Article]) -> None:
        self._articles = {article.slug: article for article in articles}
        members: dict[str, list[Article]] = {}
        self._replies: dict[str, tuple[Article, Reply]] = {}
        for article in self._articles.values():
            members.setdefault(article.front.thread, []).append(article)
            for reply in article.replies:
                self._replies.setdefault(reply.to, (article, reply))
        self._threads = {
            slug: Thread(article, _in_order(members.get(slug, ()), article.front.hub.order))
            for slug, article in self._articles.items()
            if article.front.hub is not None
        }

    def of(self, slug: str) -> Thread | None:
        """The thread of which an article is the hub or a member."""
        named = self._articles[slug].front.thread if slug in self._articles else ""
        return self._threads.get(slug) or self._threads.get(named)

    def responded(self, article: Article) -> Article | None:
        """The article to which one responds."""
        return self._articles.get(article.front.responds_to)

    def responses(self, article: Article) -> tuple[Article, ...]:
        """The commentaries on an article: those of its thread in its order, then others by date."""
        thread = self.of(article.slug)
        known = list(thread.members) if thread else []
        known += _in_order(self._articles.values(), "date")
        found = {each.slug: each for each in known if each.front.responds_to == article.slug}
        return tuple(found.values())

    def reply(self, article: Article) -> tuple[Article, Reply] | None:
        """The reply to an article, and the article that holds it."""
        return self._replies.get(article.slug)

    def answered(self, reply: Reply) -> Article | None:
        """The article that a reply answers."""
        return self._articles.get(reply.to)

    def page_of(self, article: Article) -> Article:
        """An article as its page shows it: with its reply; a hub signed by all if by nobody."""
        found = self.reply(article)
        if found is not None:
            article = with_reply(article, *found)
        thread = self._threads.get(article.slug)
        if thread is not None and not article.front.authors:
            article = replace(article, front=replace(article.front, authors=thread.authors))
        return article


_KEYS: dict[Order, Callable[[Article], Any]] = {
    "date": lambda article: article.front.date,
    "surname": lambda article: surname(article.front.authors[0]),
    "number": lambda article: article.front.order or 0,
}


def _in_order(articles: Iterable[Article], order: Order) -> tuple[Article, ...]:
    """Sort by kind, then in `order`, then by date and slug."""

    def key(article: Article) -> tuple[Any, ...]:
        return (
            KINDS.index(kind_of(article)),
            _KEYS[order](article),
            article.front.date,
            article.slug,
        )

    return tuple(sorted(articles, key=key))
