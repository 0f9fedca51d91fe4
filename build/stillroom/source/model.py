"""What the source stage hands on: articles as frozen data, with a place for everything in them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from markdown_it.token import Token

from stillroom.diagnostics import Location

Width = Literal["text", "wide", "page", "screen", "margin"]
LabelKind = Literal["figure", "equation", "section", "table"]
Order = Literal["date", "surname", "number"]
Outcome = Literal["replicated", "in part", "not replicated"]


@dataclass(frozen=True, slots=True)
class Author:
    """A person an article names; `roles` are CRediT roles or plain words."""

    name: str
    affiliation: str = ""
    url: str = ""
    orcid: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hub:
    """What makes an article the hub of a thread, whose name is the article's slug.

    `about` says in words what is discussed. `order` is that of the members: by date, by the surname
    of the first author, or by the number that each gives itself.
    """

    about: str = ""
    order: Order = "date"


@dataclass(frozen=True, slots=True)
class Review:
    """A review of the article; without a name it is anonymous."""

    name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Replication:
    """Whether someone found again what another work claims; `by` is empty for the authors."""

    claim: str
    outcome: Outcome
    by: str = ""
    model: str = ""
    norm: str = ""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The block at the head of `index.md`; `order` is the article's place in its thread."""

    title: str
    summary: str
    authors: tuple[Author, ...]
    date: datetime.date
    updated: datetime.date | None = None
    hub: Hub | None = None
    thread: str = ""
    order: int | None = None
    responds_to: str = ""
    reviews: tuple[Review, ...] = ()
    replications: tuple[Replication, ...] = ()
    bibliography: str = ""
    doi: str = ""
    keywords: tuple[str, ...] = ()
    licence: str = ""
    draft: bool = False
    macros: Mapping[str, str] = field(default_factory=dict)  # LaTeX: name without backslash


@dataclass(frozen=True, slots=True)
class Claim:
    """A comparison over facts, e.g. ``error_at_1000 < 0.02`` (grammar: `source.claims`)."""

    text: str
    location: Location


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure computed by a recipe.

    `params` and `draft` are as written (YAML values). `places` maps an option (``params.image``,
    ``bind.epsilon``, ``view``) to where it stands, for diagnostics. `bind` maps a name of the
    view's state to a page variable.
    """

    name: str
    location: Location
    recipe: str
    params: Mapping[str, Any]
    draft: Mapping[str, Any]
    view: str  # empty: the recipe's own
    width: Width
    alt: str
    claims: tuple[Claim, ...]
    bind: Mapping[str, str]
    number: int
    seed: int = 0
    places: Mapping[str, Location] = field(default_factory=dict)

    def place(self, option: str) -> Location:
        """Where `option` stands, or else the nearest enclosing option, or the figure itself."""
        while option:
            if option in self.places:
                return self.places[option]
            option = option.rpartition(".")[0]
        return self.location


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure that shows a file of the article's folder: an image or a video."""

    name: str
    location: Location
    source: Path
    width: Width
    alt: str
    number: int


@dataclass(frozen=True, slots=True)
class Label:
    """What a cross-reference can point at; `number` is "" for a section, `title` its text."""

    kind: LabelKind
    number: str
    title: str
    anchor: str
    location: Location

    @property
    def text(self) -> str:
        """What a link to it says: "Figure 3", or the title of a section."""
        return self.title if self.kind == "section" else f"{self.kind.title()}\u00a0{self.number}"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the text, for the table of contents; `level` is 2 or 3 (1 is the title)."""

    level: int
    title: str
    anchor: str


@dataclass(frozen=True, slots=True)
class FactUse:
    """A place in prose that quotes ``figure.fact``, or looks up ``figure.table.column[variable]``.

    `article` is the slug of the article that the figure is in. Either `fact` is set, or `table`,
    `column` and `variable` are. `format` is a Python format specification such as ``.1%``, or
    empty.
    """

    article: str
    figure: str
    location: Location
    fact: str = ""
    table: str = ""
    column: str = ""
    variable: str = ""
    format: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A comparison in prose whose outcome is shown: unlike a claim it may fail.

    Figures that it names without an article are in `article`.
    """

    text: str
    location: Location
    article: str


@dataclass(frozen=True, slots=True)
class Control:
    """A slider or picker in prose that sets the page variable `name`.

    A slider has `values` from min to max by step; a picker has `values` that are texts.
    """

    name: str
    kind: Literal["slider", "picker"]
    values: tuple[float, ...] | tuple[str, ...]
    initial: float | str
    label: str
    location: Location


@dataclass(frozen=True, slots=True)
class CitationItem:
    """One work in a citation: ``[see @key, p. 3]`` has prefix "see" and locator "p. 3"."""

    key: str
    locator: str
    prefix: str
    location: Location


@dataclass(frozen=True, slots=True)
class Reference:
    """A bibliography entry, formatted; `csl` is the entry as CSL-JSON."""

    key: str
    csl: Mapping[str, Any]
    html: str
    location: Location


@dataclass(frozen=True, slots=True)
class Reply:
    """A block that answers the article `to`; `tokens` are what stands in it."""

    to: str
    summary: str
    tokens: Sequence[Token]
    location: Location


@dataclass(frozen=True, slots=True)
class Article:
    """One article, parsed and checked, ready to be planned and rendered.

    `tokens` is a markdown-it token stream. Beside the standard types (headings with an ``id``
    attribute, GFM tables, definition lists, strikethrough) it has

    * ``directive_open``/``directive_close``, ``meta``: ``name``, ``argument``, ``options``; on a
      figure also ``figure``, the name of a `Figure` or `Picture`; on a table perhaps ``label``; on
      an update or correction ``date``;
    * ``math_inline``, ``math_inline_double`` (display, inside a paragraph), ``math_block``,
      ``math_block_label`` (``info`` is its label), each with MathML in ``meta["mathml"]``;
    * ``footnote_*`` as mdit-py-plugins makes them;
    * inline ``citation``, ``meta["items"]``: `CitationItem`s, ``meta["narrative"]``: whether the
      authors are part of the sentence;
    * inline ``role``, ``meta["name"]``, and for a fact ``meta["use"]`` (`FactUse`), for a verdict
      ``meta["verdict"]`` (`Verdict`), for a slider or picker ``meta["control"]`` (`Control`), for
      a value ``meta["variable"]``;
    * ``link_open`` with ``meta["xref"]``, a label name (empty text: the reader sees "Figure 3"),
      or ``meta["article"]``, the slug of another article, perhaps with ``meta["fragment"]``, or
      ``meta["file"]``, the path of a file of the article; ``image`` with ``meta["file"]``.

    Inline tokens other than text carry ``meta["place"]``, a `Location`.
    `citations` holds the keys in order of first use: a key's number is its index + 1. `places` maps
    fields of the front matter to where they stand. `guests` are figures that came with a reply, by
    name: the slug of the article that computes them (`Threads.page_of`).
    """

    slug: str
    folder: Path
    location: Location
    front: FrontMatter
    tokens: Sequence[Token]
    env: Mapping[str, Any]  # markdown-it's environment: footnotes
    figures: tuple[Figure, ...]
    pictures: tuple[Picture, ...]
    labels: Mapping[str, Label]
    headings: tuple[Heading, ...]
    controls: tuple[Control, ...]
    fact_uses: tuple[FactUse, ...]
    verdicts: tuple[Verdict, ...]
    replies: tuple[Reply, ...]
    citations: tuple[str, ...]
    references: Mapping[str, Reference]
    words: int
    places: Mapping[str, Location] = field(default_factory=dict)
    guests: Mapping[str, str] = field(default_factory=dict)

    def place(self, name: str) -> Location:
        """Where a field of the front matter stands, or the article itself."""
        return self.places.get(name, self.location)
