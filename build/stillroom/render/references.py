"""Citations of one page: numbers, anchors and the ways back, as the text is rendered."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillroom.source.model import Article, CitationItem

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Citation:
    """One work in one citation: its number, where the entry is, and the id of this place."""

    number: int
    anchor: str
    id: str
    prefix: str
    locator: str


class Citations:
    """Remembers where each work is cited, so that its entry can point back."""

    def __init__(self, article: Article) -> None:
        self._article = article
        self._numbers = {key: number for number, key in enumerate(article.citations, start=1)}
        self._places: dict[str, list[str]] = defaultdict(list)

    def anchor(self, key: str) -> str:
        """The id of an entry in the list of references."""
        return f"ref-{key}" if _PLAIN.fullmatch(key) else f"ref-{self._numbers[key]}"

    def cite(self, item: CitationItem) -> Citation:
        """Note one more place that cites a work."""
        anchor = self.anchor(item.key)
        places = self._places[item.key]
        places.append(f"{anchor}-{len(places) + 1}")
        return Citation(self._numbers[item.key], anchor, places[-1], item.prefix, item.locator)

    def backlinks(self, key: str) -> list[str]:
        """Links to the places noted so far."""
        return [f"#{place}" for place in self._places[key]]


def short_names(csl: Mapping[str, Any]) -> str:
    """The authors of a CSL-JSON entry as running text: ``Shuman et al.``; its title if it has none.

    Two authors are joined by "and"; of three or more only the first is named.
    """
    people = csl.get("author") or csl.get("editor") or []
    names = [person.get("family") or person.get("literal") or "" for person in people]
    if not names:
        return str(csl.get("title", ""))
    if len(names) > 2:
        return f"{names[0]} et al."
    return " and ".join(names)
