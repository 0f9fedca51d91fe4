"""Replies: blocks of one article that also stand at the end of the articles they answer.

There is one source. What a block shows is put into the other article with its figures, formulas,
footnotes and citations, numbered on from those that are there. So the names in a block must be free
in both articles, and the controls of its page variables must be in it. A cross-reference that leads
out of the block becomes a link to the article of the reply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from markdown_it.token import Token

from stillroom.source.model import Article, Control, Figure, Heading, Label, Picture, Reply
from stillroom.source.options import Options
from stillroom.source.page import Page, closing, walk
from stillroom.source.prose import count_words

Shown = TypeVar("Shown", Figure, Picture)
ANCHOR = "reply"  # of the section at the end of the article that is answered


def read_replies(page: Page, options: Mapping[int, Options]) -> tuple[Reply, ...]:
    """Read the reply blocks of a page. Records M005, M016, X006."""
    found = []
    for index, token in enumerate(page.tokens):
        if token.type != "directive_open" or token.info != "reply" or id(token) not in options:
            continue
        given = options[id(token)]
        summary = given.get("summary", str, "a sentence or two", "").strip()
        if not summary and isinstance(given.located.value.get("summary"), str | None):
            page.error(given.location, "M016", "the reply has no summary; give it in `summary:`")
        tokens = page.tokens[index + 1 : closing(page.tokens, index)]
        _check_variables(page, tokens)
        found.append(Reply(token.meta["argument"], summary, tokens, given.location))
    return tuple(found)


def _check_variables(page: Page, tokens: Sequence[Token]) -> None:
    """A page variable in a block needs its control there: the other page has no other (X006)."""
    roles = [token for token in walk(tokens) if token.type == "role"]
    set_here = {token.meta["control"].name for token in roles if "control" in token.meta}
    for token in roles:
        variable = token.meta.get("variable") or getattr(token.meta.get("use"), "variable", "")
        if variable and variable not in set_here:
            message = f"no slider or picker in this reply sets '{variable}'"
            page.error(page.start(token), "X006", message)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is in a block; `notes` are the tokens of its footnotes, by their number from 0."""

    figures: tuple[Figure, ...]
    pictures: tuple[Picture, ...]
    labels: Mapping[str, Label]
    controls: tuple[Control, ...]
    notes: Mapping[int, Sequence[Token]]
    keys: tuple[str, ...]


def _parts(article: Article, reply: Reply) -> _Parts:
    notes: dict[int, Sequence[Token]] = {}
    tokens = list(_walk_with_notes(reply.tokens, _footnotes(article.tokens), notes))
    roles = [token for token in tokens if token.type == "role"]
    shown = {token.meta["figure"] for token in tokens if "figure" in token.meta}
    anchors = shown | {token.meta["label"] for token in tokens if "label" in token.meta}
    anchors |= {str(token.attrs["id"]) for token in tokens if "id" in token.attrs}
    anchors |= {token.info for token in tokens if token.type == "math_block_label"}
    works = [item for token in tokens for item in token.meta.get("items", ())]
    return _Parts(
        figures=tuple(figure for figure in article.figures if figure.name in shown),
        pictures=tuple(picture for picture in article.pictures if picture.name in shown),
        labels={name: label for name, label in article.labels.items() if name in anchors},
        controls=tuple(role.meta["control"] for role in roles if "control" in role.meta),
        notes=notes,
        keys=tuple(dict.fromkeys(work.key for work in works)),
    )


def _walk_with_notes(
    tokens: Sequence[Token], known: Mapping[int, Sequence[Token]], used: dict[int, Sequence[Token]]
) -> Iterator[Token]:
    """Yield tokens, each footnote where it is referred to first; note in `used` which these are."""
    for token in walk(tokens):
        yield token
        if token.type == "footnote_ref" and token.meta["id"] not in used:
            used[token.meta["id"]] = note = known[token.meta["id"]]
            yield from _walk_with_notes(note, known, used)


def _footnotes(tokens: Sequence[Token]) -> dict[int, Sequence[Token]]:
    """The footnotes of an article by their number from 0, opening and closing tokens included."""
    return {
        token.meta["id"]: tokens[start : closing(tokens, start) + 1]
        for start, token in enumerate(tokens)
        if token.type == "footnote_open"
    }


def clashes(article: Article, other: Article, reply: Reply) -> Iterator[tuple[str, str]]:
    """Code and message for each reason why `article` cannot show the reply of `other`."""
    parts = _parts(other, reply)
    names = [name for name, label in parts.labels.items() if label.kind != "section"]
    names += [control.name for control in parts.controls]
    taken = {*article.labels, *(control.name for control in article.controls)}
    for name in names:
        if name in taken:
            yield "X011", f"'{name}' is a name in the article '{article.slug}' too: rename one"
    if ANCHOR in article.labels:
        message = f"the heading '{ANCHOR}' of the article '{article.slug}' needs another name: "
        yield "X011", message + "that of the reply is the same"
    for key in parts.keys:
        if key in article.references and article.references[key].csl != other.references[key].csl:
            yield "C006", f"'{key}' is another work in the article '{article.slug}': rename one"


def with_reply(article: Article, other: Article, reply: Reply) -> Article:
    """`article` with the reply of `other` at its end, as a directive ``reply`` of its own."""
    parts = _parts(other, reply)
    numbers = Counter(label.kind for label in article.labels.values())
    numbers["figure"] = len(article.figures) + len(article.pictures)
    labels, renamed = dict(article.labels), {}
    for name, label in sorted(parts.labels.items(), key=lambda each: each[1].location):
        if label.kind == "section":
            renamed[name] = _free(name, labels)
            labels[renamed[name]] = replace(label, anchor=renamed[name])
        else:
            numbers[label.kind] += 1
            labels[name] = replace(label, number=str(numbers[label.kind]))
    move = _Move(other, parts, renamed, first_note=len(_footnotes(article.tokens)))
    meta = {"name": "reply", "argument": article.slug, "options": {}}
    notes = [token for note in parts.notes.values() for token in note]
    tokens = [
        *article.tokens,
        Token("directive_open", "div", 1, info="reply", meta=meta, block=True),
        *move.tokens(reply.tokens),
        Token("directive_close", "div", -1, info="reply", block=True),
        *move.tokens(notes),
    ]
    return replace(
        article,
        tokens=tokens,
        figures=(*article.figures, *(_numbered(each, labels) for each in parts.figures)),
        pictures=(*article.pictures, *(_numbered(each, labels) for each in parts.pictures)),
        labels=labels,
        headings=(*article.headings, Heading(2, "Reply", ANCHOR)),
        controls=(*article.controls, *parts.controls),
        citations=tuple(dict.fromkeys([*article.citations, *parts.keys])),
        references={**{key: other.references[key] for key in parts.keys}, **article.references},
        words=article.words + count_words(reply.tokens),
        guests={figure.name: other.slug for figure in parts.figures},
    )


def _numbered(figure: Shown, labels: Mapping[str, Label]) -> Shown:
    return replace(figure, number=int(labels[figure.name].number))


def _free(name: str, labels: Mapping[str, Label]) -> str:
    number = 2
    free = name
    while free in labels or free == ANCHOR:
        free, number = f"{name}-{number}", number + 1
    return free


@dataclass(frozen=True, slots=True)
class _Move:
    """Copies tokens of `other` for another page: footnotes, anchors and links change."""

    other: Article
    parts: _Parts
    renamed: Mapping[str, str]
    first_note: int

    def tokens(self, tokens: Sequence[Token]) -> list[Token]:
        """Copies of all `tokens`; a link out of the block gets its words."""
        moved = []
        for index, token in enumerate(tokens):
            moved.append(self.token(token))
            label = self.leads_to(token)
            if label is not None and tokens[index + 1].type == "link_close":
                moved.append(Token("text", "", 0, content=label.text))
        return moved

    def leads_to(self, token: Token) -> Label | None:
        """What a cross-reference that leads out of the block points at."""
        name = token.meta.get("xref", "")
        return self.other.labels[name] if name and name not in self.parts.labels else None

    def token(self, token: Token) -> Token:
        """A copy of one token."""
        meta, attrs = dict(token.meta), dict(token.attrs)
        if token.type in {"footnote_ref", "footnote_open"}:
            meta["id"] = self.first_note + list(self.parts.notes).index(meta["id"])
        if token.type == "heading_open":
            attrs["id"] = self.renamed[str(attrs["id"])]
        if self.leads_to(token) is not None:
            meta |= {"article": self.other.slug, "fragment": meta.pop("xref")}
        elif "xref" in meta:
            meta["xref"] = self.renamed.get(meta["xref"], meta["xref"])
        children = None if token.children is None else self.tokens(token.children)
        return token.copy(meta=meta, attrs=attrs, children=children)
