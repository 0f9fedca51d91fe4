"""An article's text as HTML: the parts that a page puts in different places."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Note:
    """An entry of the appendix: a footnote or a reference, with links back to where it is used."""

    number: int
    anchor: str
    html: Markup
    backlinks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """An update or correction after publication."""

    kind: str
    date: datetime.date
    html: Markup


@dataclass(frozen=True, slots=True)
class Text:
    """An article's text as HTML, in the parts that a page puts in different places.

    `parts` are those whose place is fixed, by the name of their directive; `changes` are newest
    first.
    """

    body: Markup
    appendix: Markup
    parts: Mapping[str, Markup]
    changes: tuple[Change, ...]
    footnotes: tuple[Note, ...]
    references: tuple[Note, ...]
