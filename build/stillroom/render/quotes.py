"""What text quotes of results: facts, numbers from tables, verdicts; each links to its figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from stillroom.check.claims import CheckedClaim
from stillroom.precompute.manifest import FigureResult
from stillroom.render.facts import MISSING, format_fact, look_up
from stillroom.render.files import Files
from stillroom.source.claims import parse
from stillroom.source.model import Article, FactUse, Verdict


class Quotes:
    """Quotes on the page of one article.

    Args:
        article: the article.
        elements: the macros of elements.html.
        files: of the page.
        results: of all figures, by slug and name.
        verdicts: those that could be evaluated.
    """

    def __init__(
        self,
        article: Article,
        *,
        elements: Any,
        files: Files,
        results: Mapping[tuple[str, str], FigureResult],
        verdicts: Mapping[Verdict, CheckedClaim],
    ) -> None:
        self._article = article
        self._elements = elements
        self._files = files
        self._results = results
        self._verdicts = verdicts
        self._initial = {control.name: control.initial for control in article.controls}

    def fact(self, use: FactUse) -> Markup:
        """A fact or a number from a table; a dash where there is none."""
        found = self._results.get((use.article, use.figure))
        href = self._href(use.article, use.figure)
        if found is None:
            return self._piece("fact", href, "", MISSING)
        if use.table:
            lookup = look_up(use, found.manifest.tables, self._initial.get(use.variable))
            if lookup is None:
                return self._piece("fact", href, "", MISSING)
            return self._piece("lookup", href, use.variable, lookup.text, lookup.rows)
        if use.fact not in found.manifest.facts:
            return self._piece("fact", href, "", MISSING)
        value = found.manifest.facts[use.fact]
        return self._piece("fact", href, value, format_fact(value, use.format))

    def verdict(self, verdict: Verdict) -> Markup:
        """Yes or no, with the comparison and its numbers; a dash where a number is missing."""
        first = parse(verdict.text).names[0]
        href = self._href(first.article or verdict.article, first.figure)
        checked = self._verdicts.get(verdict)
        if checked is None:
            return self._piece("fact", href, "", MISSING)
        values = (f"{name} = {format_fact(value)}" for name, value in checked.values.items())
        return self._piece("verdict", href, checked.holds, checked.text, "; ".join(values))

    def _href(self, slug: str, figure: str) -> str:
        """The way to a figure: on this page, if it is shown here, or on that of its article."""
        if slug in {self._article.slug, self._article.guests.get(figure)}:
            return f"#{figure}"
        return f"{self._files.href(f'articles/{slug}/index.html')}#{figure}"

    def _piece(self, macro: str, *arguments: Any) -> Markup:
        return Markup(getattr(self._elements, macro)(*arguments))
