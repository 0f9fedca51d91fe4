"""From an article's tokens to HTML: one method a token type, one macro of elements.html a piece.

Text is escaped by markdown-it's renderer or by Jinja's autoescape; raw HTML is shown as text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict
from markupsafe import Markup, escape

from stillroom.diagnostics import Diagnostics, Location
from stillroom.render.code import highlight
from stillroom.render.discussion import Discussion
from stillroom.render.facts import MISSING
from stillroom.render.files import VIDEO, Files, picture_size
from stillroom.render.quotes import Quotes
from stillroom.render.references import Citations, short_names
from stillroom.render.text import Change, Note, Text
from stillroom.source.model import Article, CitationItem, Control, Figure, Picture
from stillroom.source.page import closing, plain_text

_CLOSING = ".,;:!?)]’”"
_TITLES = {"note": "Note", "tip": "Tip", "important": "Important", "warning": "Warning"}


_OPTIONS = OptionsDict(
    {
        "maxNesting": 100,
        "html": False,
        "linkify": False,
        "typographer": False,
        "quotes": "“”‘’",
        "xhtmlOut": False,
        "breaks": False,
        "langPrefix": "",
        "highlight": None,
    }
)


@dataclass(frozen=True, slots=True)
class _Tab:
    title: str
    body: Markup


class ArticleRenderer(RendererHTML):
    """Renders the tokens of one article.

    Args:
        article: the article.
        elements: the macros of elements.html.
        files: where pictures go.
        quotes: gives what the text quotes of results.
        discussion: gives what the page shows of other articles.
        computed: gives the HTML of a figure with a recipe, from the figure and its caption.
        diagnostics: where findings go.
    """

    def __init__(
        self,
        article: Article,
        *,
        elements: Any,
        files: Files,
        quotes: Quotes,
        discussion: Discussion,
        computed: Callable[[Figure, Markup], Markup],
        diagnostics: Diagnostics,
    ) -> None:
        super().__init__()
        self._article = article
        self._elements = elements
        self._files = files
        self._quotes = quotes
        self._discussion = discussion
        self._replies = discussion.replies()
        self._computed = computed
        self._diagnostics = diagnostics
        self._figures: dict[str, Figure | Picture] = {each.name: each for each in article.figures}
        self._figures |= {each.name: each for each in article.pictures}
        self._controls = {control.name: control for control in article.controls}
        self._tables: Counter[str] = Counter()
        self._citations = Citations(article)
        self._appendix: list[str] = []
        self._parts: dict[str, Markup] = {}
        self._changes: list[Change] = []
        self._footnotes: list[Note] = []
        self._footnote_uses: dict[int, list[str]] = {}

    def render_text(self) -> Text:
        """Render the whole article; a picture that cannot be read is recorded as F011."""
        body = self._render(self._article.tokens)
        cited = enumerate(self._article.citations, start=1)
        references = tuple(
            Note(
                number,
                self._citations.anchor(key),
                Markup(self._article.references[key].html),  # made by the bibliography, escaped
                tuple(self._citations.backlinks(key)),
            )
            for number, key in cited
        )
        return Text(
            body,
            Markup("".join(self._appendix)),
            self._parts,
            tuple(sorted(self._changes, key=lambda change: change.date, reverse=True)),
            tuple(self._footnotes),
            references,
        )

    # Containers: what lies between an opening and its closing token is rendered first.

    def render(self, tokens: Sequence[Token], options: OptionsDict, env: Any) -> str:
        """Render block tokens, taking directives and footnotes as wholes."""
        parts = []
        index = 0
        while index < len(tokens):
            kind = tokens[index].type
            if kind in {"directive_open", "footnote_open"}:
                end = closing(tokens, index)
                inner = tokens[index + 1 : end]
                if kind == "directive_open":
                    parts.append(self._directive(tokens[index], inner))
                else:
                    self._footnote(tokens[index], inner)
                index = end + 1
                continue
            if kind not in {"footnote_block_open", "footnote_block_close"}:
                parts.append(self._token(tokens, index, options, env))
            index += 1
        return "".join(parts)

    def _token(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: Any) -> str:
        token = tokens[index]
        if token.type == "inline":
            return self.renderInline(token.children or [], options, env)
        rule = self.rules.get(token.type, self.renderToken)
        return str(rule(tokens, index, options, env))

    def _render(self, tokens: Sequence[Token]) -> Markup:
        return Markup(self.render(tokens, _OPTIONS, self._article.env))

    def _directive(self, token: Token, inner: Sequence[Token]) -> str:
        name, argument = token.meta["name"], token.meta["argument"]
        match name:
            case "figure":
                html = self._figure(self._figures[token.meta["figure"]], self._render(inner))
            case "table":
                html = self._table(token, inner)
            case "tabs":
                html = self._piece("tabs", [self._tab(*tab) for tab in _directives(inner)])
            case "appendix":
                self._appendix.append(self._piece("appendix", argument, self._render(inner)))
                html = ""
            case "acknowledgments" | "editorial-note":
                self._parts[name] = self._parts.get(name, Markup()) + self._render(inner)
                html = ""
            case "update" | "correction":
                self._changes.append(Change(name, token.meta["date"], self._render(inner)))
                html = ""
            case "cards":
                anchor = "" if argument in self._article.labels else argument
                html = self._piece("cards", anchor, self._discussion.cards(argument))
            case "reply":
                html = self._piece("reply", self._replies[argument], self._render(inner))
            case "replications":
                width = token.meta["options"].get("width", "text")
                rows = self._discussion.replications()
                html = self._piece("replications", argument, width, rows)
            case "margin":
                html = self._piece("margin", self._render(inner))
            case "details":
                is_open = bool(token.meta["options"].get("open"))
                html = self._piece("details", argument, self._render(inner), is_open)
            case _:
                title = argument or _TITLES[name]
                html = self._piece("admonition", name, title, self._render(inner))
        return html

    def _tab(self, token: Token, inner: Sequence[Token]) -> _Tab:
        return _Tab(token.meta["argument"], self._render(inner))

    def _table(self, token: Token, inner: Sequence[Token]) -> str:
        label = self._article.labels[token.meta["label"]] if "label" in token.meta else None
        width = token.meta["options"].get("width", "text")
        return self._piece("table", label, token.meta["argument"], width, self._render(inner))

    def _figure(self, figure: Figure | Picture, caption: Markup) -> str:
        if isinstance(figure, Figure):
            return self._computed(figure, caption)
        return self._piece(
            "picture", figure, self._media(figure.source, figure.alt, figure.location), caption
        )

    def _media(self, source: Path, alt: str, location: Location, title: str = "") -> Markup:
        try:
            width, height = picture_size(source)
        except ValueError as error:
            self._diagnostics.error(location, "F011", str(error))
            return escape(alt)
        href = self._files.copy(source.name, source)
        if source.suffix.lower() in VIDEO:
            return self._piece("video", href, alt, width, height)
        return self._piece("image", href, alt, width, height, title)

    def _footnote(self, token: Token, inner: Sequence[Token]) -> None:
        identity = token.meta["id"]
        html = self._render(inner)
        self._footnotes.append(
            Note(identity + 1, f"fn-{identity + 1}", html, tuple(self._footnote_uses[identity]))
        )

    def _piece(self, macro: str, *arguments: Any) -> Markup:
        return Markup(getattr(self._elements, macro)(*arguments))

    # Blocks.

    def fence(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """A code block with a language."""
        language = tokens[idx].info.split(maxsplit=1)[0] if tokens[idx].info.strip() else ""
        return self._piece("code", highlight(tokens[idx].content, language), language)

    def code_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """An indented code block."""
        return self._piece("code", highlight(tokens[idx].content, ""), "")

    def table_open(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """A table scrolls by itself when it is wider than the text; its columns name the box."""
        columns = []
        for token in tokens[idx:]:
            if token.type == "thead_close":
                break
            if token.type == "inline":
                columns.append(plain_text([token]))
        name = ", ".join(columns)
        self._tables[name] += 1
        if self._tables[name] > 1:  # two regions of a page have two names
            name += f" ({self._tables[name]})"
        box = '<div class="table" role="region" aria-label="Table: {}"><table>\n'
        return Markup(box).format(name)

    def table_close(self, *_: Any) -> str:
        """The end of a table and its box."""
        return "</table></div>\n"

    def math_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """A displayed formula without a number."""
        return self._piece("equation", Markup(tokens[idx].meta["mathml"]))

    def math_block_label(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """A displayed formula with a number."""
        label = self._article.labels[tokens[idx].info]
        mathml = Markup(tokens[idx].meta["mathml"])
        return self._piece("equation", mathml, label.anchor, label.number)

    def html_block(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """Raw HTML is text."""
        return f"<p>{escape(tokens[idx].content)}</p>\n"

    # Inline pieces.

    def html_inline(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """Raw HTML is text."""
        return escape(tokens[idx].content)

    def math_inline(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """A formula in a sentence; browsers would let the mark after it begin the next line."""
        mathml = str(tokens[idx].meta["mathml"])
        mark = _mark_after_formula(tokens, idx + 1)
        return f'<span class="nowrap">{mathml}{escape(mark)}</span>' if mark else mathml

    math_inline_double = math_inline

    def text(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """Text, without the mark that its formula took along."""
        return escapeHtml(tokens[idx].content[len(_mark_after_formula(tokens, idx)) :])

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: Any) -> str:
        """An image of the article's folder, in a sentence or paragraph of its own."""
        token = tokens[idx]
        alt = self.renderInlineAsText(token.children, options, env)
        title = str(token.attrs.get("title", ""))
        return self._media(token.meta["file"], alt, token.meta["place"], title)

    def footnote_ref(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """The number that points at a footnote."""
        identity = tokens[idx].meta["id"]
        uses = self._footnote_uses.setdefault(identity, [])
        number = identity + 1
        place = f"fn-{number}-{len(uses) + 1}"
        uses.append(f"#{place}")
        return self._piece("footnote", number, f"fn-{number}", place)

    def footnote_anchor(self, *_: Any) -> str:
        """The way back is written by the page."""
        return ""

    def citation(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """Numbers that point at the references; after the authors' names in running text."""
        meta = tokens[idx].meta
        works: Sequence[CitationItem] = meta["items"]
        items = [self._citations.cite(work) for work in works]
        authors = ""
        if meta["narrative"]:
            authors = short_names(self._article.references[works[0].key].csl)
        return self._piece("citation", items, authors)

    def link_open(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """A link: to a label of this article, another article, a file, or elsewhere."""
        token = tokens[idx]
        empty = tokens[idx + 1].type == "link_close"
        if "xref" in token.meta:
            label = self._article.labels[token.meta["xref"]]
            shown = "" if label.kind == "section" else " preview"
            return Markup('<a class="crossreference{}" href="#{}">{}').format(
                shown, label.anchor, label.text if empty else ""
            )
        href = str(token.attrs["href"])
        if "article" in token.meta:
            fragment = token.meta.get("fragment")
            href = self._files.href(f"articles/{token.meta['article']}/index.html")
            href += f"#{fragment}" if fragment else ""
        elif "file" in token.meta:
            href = self._files.copy(token.meta["file"].name, token.meta["file"])
        title = token.attrs.get("title", "")
        return Markup('<a href="{}"{}>').format(
            href, Markup(' title="{}"').format(title) if title else ""
        )

    def role(self, tokens: Sequence[Token], idx: int, *_: Any) -> str:
        """A fact, a verdict, the value of a page variable, or a control that sets one."""
        meta = tokens[idx].meta
        if meta["name"] == "fact":
            return self._quotes.fact(meta["use"])
        if meta["name"] == "verdict":
            return self._quotes.verdict(meta["verdict"])
        if meta["name"] == "value":
            control = self._controls.get(meta["variable"])
            return self._piece("value", meta["variable"], control.initial if control else MISSING)
        own: Control = meta["control"]
        return self._piece(own.kind, own)


def _directives(tokens: Sequence[Token]) -> Iterator[tuple[Token, Sequence[Token]]]:
    """The directives directly within `tokens`, each with what it holds."""
    index = 0
    while index < len(tokens):
        if tokens[index].type == "directive_open":
            end = closing(tokens, index)
            yield tokens[index], tokens[index + 1 : end]
            index = end
        index += 1


def _mark_after_formula(tokens: Sequence[Token], idx: int) -> str:
    """Return the punctuation at the start of the text at `idx` if a formula stands before it."""
    if idx == len(tokens) or tokens[idx].type != "text":
        return ""
    if idx == 0 or not tokens[idx - 1].type.startswith("math_inline"):
        return ""
    content = tokens[idx].content
    return content[: len(content) - len(content.lstrip(_CLOSING))]
