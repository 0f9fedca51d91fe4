"""Claims: comparisons that an article makes over its facts, checked against the results."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillroom.diagnostics import Diagnostics, nearest
from stillroom.precompute.manifest import FigureResult
from stillroom.recipe import Fact
from stillroom.render.facts import format_fact
from stillroom.source.claims import ClaimError, UnknownFactError, evaluate, parse
from stillroom.source.model import Article, Claim

Results = Mapping[tuple[str, str], FigureResult]
LISTED = 8  # facts that a message names, those nearest to the one that is missing


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim as a figure's footer shows it, with the facts it used."""

    text: str
    holds: bool
    values: Mapping[str, Fact]


def check_claims(
    articles: Sequence[Article], results: Results, diagnostics: Diagnostics, *, draft: bool
) -> Mapping[tuple[str, str], tuple[CheckedClaim, ...]]:
    """Check every claim of every figure that has a result.

    In a draft the numbers come from cheaper runs, so what fails there (F022, F023) is a warning.

    Returns:
        The claims that could be evaluated, by slug and figure.
    """
    record = diagnostics.warning if draft else diagnostics.error
    checked = {}
    for article in articles:
        for figure in article.figures:
            place = (article.slug, figure.name)
            if place not in results:
                continue
            found = []
            for claim in figure.claims:
                try:
                    outcome = _check(claim, place, results)
                except UnknownFactError as error:
                    record(claim.location, "F023", _unknown(error.name, place, results))
                except ClaimError as error:
                    record(claim.location, "F021", f"{error} (in: {claim.text})")
                else:
                    found.append(outcome)
                    if not outcome.holds:
                        record(claim.location, "F022", _failure(outcome))
            checked[place] = tuple(found)
    return checked


def _check(claim: Claim, place: tuple[str, str], results: Results) -> CheckedClaim:
    slug, _ = place

    def other(figure: str, fact: str) -> Fact:
        return results[slug, figure].manifest.facts[fact]

    outcome = evaluate(parse(claim.text), results[place].manifest.facts, other)
    return CheckedClaim(claim.text, outcome.holds, outcome.values)


def _unknown(name: str, place: tuple[str, str], results: Results) -> str:
    """Say what is wrong with a fact as a claim names it: ``error`` or ``fig-waves.error``."""
    slug, own = place
    figure, _, fact = name.rpartition(".")
    figure = figure or own
    if (slug, figure) in results:
        return unknown_fact(figure, fact, results[slug, figure].manifest.facts)
    figures = [each for article, each in results if article == slug]
    return f"there is no figure '{figure}' with a result{nearest(figure, figures)}"


def unknown_fact(figure: str, fact: str, facts: Mapping[str, Fact]) -> str:
    """Say that `figure` has no such fact, and which ones it has that are near."""
    near = sorted(difflib.get_close_matches(fact, facts, n=LISTED, cutoff=0))
    known = ", ".join(near) or "none"
    more = f" and {len(facts) - len(near)} more" if len(facts) > len(near) else ""
    return f"figure '{figure}' has no fact '{fact}'{nearest(fact, facts)} (facts: {known}{more})"


def _failure(claim: CheckedClaim) -> str:
    values = ", ".join(f"{name} = {format_fact(value)}" for name, value in claim.values.items())
    return f"claim does not hold: {claim.text}" + (f" ({values})" if values else "")
