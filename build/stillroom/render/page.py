"""What the templates of pages are given: tags of the head, how to cite, entries of the index."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from stillroom.settings import Settings
from stillroom.source.model import Article, Author, FrontMatter

WORDS_A_MINUTE = 220
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TEX = str.maketrans({c: f"\\{c}" for c in "&%$#_{}"} | {"\\": r"\textbackslash{}"})


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture that stands for an article; `href` is relative to the index page."""

    href: str
    alt: str
    width: int
    height: int
    pixelated: bool


@dataclass(frozen=True, slots=True)
class Link:
    """Another article; `label` is what it is here, such as "Response 3", or empty."""

    title: str
    href: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """An article on the index page; a hub stands there for the `members` of its thread."""

    href: str
    title: str
    summary: str
    authors: tuple[Author, ...]
    date: datetime.date
    members: tuple[Link, ...]
    thumbnail: Thumbnail | None
    minutes: int
    draft: bool


@dataclass(frozen=True, slots=True)
class TakeAway:
    """A file that the head of an article offers; `size` in bytes."""

    href: str
    size: int


@dataclass(frozen=True, slots=True)
class HowToCite:
    """An article as a reference, in words and as BibTeX."""

    text: str
    bibtex: str


def minutes(words: int) -> int:
    """How long the text takes to read, at least a minute."""
    return max(1, round(words / WORDS_A_MINUTE))


def affiliations(front: FrontMatter) -> list[str]:
    """Each affiliation once, in the order of the authors."""
    return list(dict.fromkeys(a.affiliation for a in front.authors if a.affiliation))


def people(authors: Sequence[Author]) -> str:
    """Names as in a sentence: Ada, Bob and Cy."""
    *first, last = [author.name for author in authors] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def how_to_cite(article: Article, settings: Settings) -> HowToCite:
    """An article as others may cite it; only the front matter and the site's title go in."""
    front = article.front
    names = [author.name for author in front.authors]
    address = _address(article, settings)
    text = f"“{front.title}”, {settings.title}, {front.date.year}."
    if names:
        text = f"{people(front.authors)}, {text}"
    fields = {
        "author": " and ".join(_tex(name) for name in names),
        "title": f"{{{_tex(front.title)}}}",
        "journal": _tex(settings.title),
        "year": str(front.date.year),
        "month": _MONTHS[front.date.month - 1],
        "doi": front.doi,
        "url": address,
    }
    lines = [
        f"  {name} = {value if name == 'month' else f'{{{value}}}'},"
        for name, value in fields.items()
        if value
    ]
    family = re.sub(r"[^a-z]", "", (names[0].split()[-1] if names else "").lower())
    key = f"{family}{front.date.year}{article.slug.split('-')[0]}"
    return HowToCite(
        f"{text} https://doi.org/{front.doi}" if front.doi else f"{text} {address}".rstrip(),
        "\n".join([f"@article{{{key},", *lines, "}"]),
    )


def meta_tags(article: Article, settings: Settings, image: str) -> list[tuple[str, str, str]]:
    """Tags for scholarly indexes and previews of links: (attribute, name, content).

    Args:
        article: what the page shows.
        settings: of the site; tags that need an absolute address appear when its url is known.
        image: the page's picture, relative to the page, or empty.
    """
    front = article.front
    tags = [
        ("name", "citation_title", front.title),
        *(("name", "citation_author", author.name) for author in front.authors),
        ("name", "citation_publication_date", front.date.strftime("%Y/%m/%d")),
        ("name", "citation_journal_title", settings.title),
        ("name", "citation_doi", front.doi),
        ("name", "citation_fulltext_html_url", _address(article, settings)),
        ("name", "citation_keywords", "; ".join(front.keywords)),
        ("property", "og:type", "article"),
        ("property", "og:title", front.title),
        ("property", "og:description", front.summary),
        ("property", "og:site_name", settings.title),
        ("property", "og:url", _address(article, settings)),
        ("property", "og:image", _absolute(article, settings, image) if image else ""),
        ("property", "article:published_time", front.date.isoformat()),
        ("property", "article:modified_time", front.updated.isoformat() if front.updated else ""),
        ("name", "twitter:card", "summary_large_image" if image else "summary"),
    ]
    return [(kind, name, content) for kind, name, content in tags if content]


def variables(article: Article) -> Markup:
    """The page variables as JSON for the script: ``{name: {"initial", "values"}}``."""
    declared: dict[str, Any] = {
        control.name: {"initial": control.initial, "values": list(control.values)}
        for control in article.controls
    }
    return Markup(json.dumps(declared, ensure_ascii=False).replace("<", "\\u003c"))


def _address(article: Article, settings: Settings) -> str:
    return _absolute(article, settings, "index.html") if settings.url else ""


def _absolute(article: Article, settings: Settings, href: str) -> str:
    """The full address of a file beside the article's page, or "" when the site has none."""
    base = settings.url.rstrip("/")
    return f"{base}/articles/{article.slug}/{href}" if base else ""


def _tex(text: str) -> str:
    return text.translate(_TEX)
