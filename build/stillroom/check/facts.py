"""Facts that are quoted must be there: X003 for the figure, X004 for the fact, X008 elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stillroom.check.claims import Results, unknown_fact
from stillroom.diagnostics import Diagnostics, nearest
from stillroom.precompute.manifest import Manifest
from stillroom.render.facts import format_fact
from stillroom.source.model import Article, FactUse
from stillroom.source.quotes import quotes


def check_quotes(
    articles: Sequence[Article], results: Results, diagnostics: Diagnostics, *, draft: bool
) -> None:
    """Record X008 for each fact of an article that is not built, and whose figure has no result.

    A draft shows what there is, so there it is a warning.
    """
    record = diagnostics.warning if draft else diagnostics.error
    built = {article.slug for article in articles}
    for quote in (quote for article in articles for quote in quotes(article)):
        if quote.article not in built and (quote.article, quote.figure) not in results:
            message = f"figure '{quote.figure}' of the article '{quote.article}' is not computed;"
            record(quote.location, "X008", f"{message} build '{quote.article}' too")


def check_facts(articles: Sequence[Article], results: Results, diagnostics: Diagnostics) -> None:
    """Check every ``{fact}`` of articles whose figures have results.

    A draft computes less, so a fact that a draft result lacks is a warning.
    """
    for article in articles:
        names = [figure.name for figure in article.figures]
        for use in article.fact_uses:
            if use.article == article.slug and use.figure not in names:
                message = f"there is no figure '{use.figure}'{nearest(use.figure, names)}"
                diagnostics.error(use.location, "X003", message)
                continue
            result = results.get((use.article, use.figure))
            if result is None:
                continue
            problem = _problem(use, result.manifest, article)
            if problem:
                draft = result.manifest.ingredients.draft
                record = diagnostics.warning if draft else diagnostics.error
                record(use.location, "X004", problem)


def _problem(use: FactUse, manifest: Manifest, article: Article) -> str:
    """What is wrong with a use of a fact, or an empty text."""
    if use.table:
        return _table_problem(use, manifest.tables, article)
    if use.fact not in manifest.facts:
        return unknown_fact(use.figure, use.fact, manifest.facts)
    try:
        format_fact(manifest.facts[use.fact], use.format)
    except ValueError as error:
        return f"fact '{use.fact}' cannot be shown as '{use.format}': {error}"
    return ""


def _table_problem(
    use: FactUse, tables: Mapping[str, Mapping[str, Sequence[object]]], article: Article
) -> str:
    if use.table not in tables:
        known = ", ".join(sorted(tables)) or "none"
        hint = nearest(use.table, tables)
        return f"figure '{use.figure}' has no table '{use.table}'{hint} (tables: {known})"
    table = tables[use.table]
    for column in (use.column, use.variable):
        if column not in table:
            known = ", ".join(table)
            hint = nearest(column, table)
            return f"table '{use.table}' has no column '{column}'{hint} (columns: {known})"
    keys = table[use.variable]
    for control in article.controls:
        if control.name == use.variable and isinstance(control.initial, str):
            for value in control.values:
                if value not in keys:
                    return f"table '{use.table}' has no row where {use.variable} is '{value}'"
    return ""
