"""Facts of other articles: which figures an article quotes, in prose, verdicts and claims."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stillroom.diagnostics import Location
from stillroom.source.claims import parse
from stillroom.source.model import Article


@dataclass(frozen=True, slots=True)
class Quote:
    """A place that uses a fact of the figure `figure` of `article`; `code` is of its rule."""

    article: str
    figure: str
    location: Location
    code: str


def quotes(article: Article) -> Iterator[Quote]:
    """Yield every use that an article makes of the figures of others."""
    found = [Quote(use.article, use.figure, use.location, "X003") for use in article.fact_uses]
    comparisons = [(each.text, each.location, "X003") for each in article.verdicts]
    claims = (claim for figure in article.figures for claim in figure.claims)
    comparisons += [(each.text, each.location, "F023") for each in claims]
    found += [
        Quote(name.article, name.figure, where, code)
        for text, where, code in comparisons
        for name in parse(text).names
    ]
    return (quote for quote in found if quote.article not in {"", article.slug})
