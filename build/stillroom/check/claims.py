"""Claims and verdicts: comparisons over facts, checked against the results."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillroom.diagnostics import Diagnostics, nearest
from stillroom.precompute.manifest import FigureResult
from stillroom.recipe import Fact
from stillroom.render.facts import format_fact
from stillroom.source.claims import ClaimError, Name, UnknownFactError, evaluate, parse
from stillroom.source.model import Article, Verdict

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
                    outcome = _check(claim.text, place, results)
                except UnknownFactError as error:
                    # What another article has not computed is its own problem, or X008.
                    if not error.name.article or _place(error.name, place) in results:
                        record(claim.location, "F023", _unknown(error.name, place, results))
                except ClaimError as error:
                    record(claim.location, "F021", f"{error} (in: {claim.text})")
                else:
                    found.append(outcome)
                    if not outcome.holds:
                        record(claim.location, "F022", _failure(outcome))
            checked[place] = tuple(found)
    return checked


def check_verdicts(
    articles: Sequence[Article], results: Results, diagnostics: Diagnostics, *, draft: bool
) -> Mapping[Verdict, CheckedClaim]:
    """Evaluate every verdict; one that does not hold is no mistake.

    Facts that do not exist (X004) and comparisons that cannot be made (M007) are recorded, in a
    draft as warnings.
    """
    record = diagnostics.warning if draft else diagnostics.error
    checked = {}
    for verdict in (verdict for article in articles for verdict in article.verdicts):
        place = (verdict.article, "")
        try:
            checked[verdict] = _check(verdict.text, place, results)
        except UnknownFactError as error:
            if _place(error.name, place) in results:
                record(verdict.location, "X004", _unknown(error.name, place, results))
        except ClaimError as error:
            record(verdict.location, "M007", f"verdict: {error}")
    return checked


def _check(text: str, place: tuple[str, str], results: Results) -> CheckedClaim:
    def find(name: Name) -> Fact:
        return results[_place(name, place)].manifest.facts[name.fact]

    outcome = evaluate(parse(text), find)
    return CheckedClaim(text, outcome.holds, outcome.values)


def _place(name: Name, place: tuple[str, str]) -> tuple[str, str]:
    """The article and figure of a fact that is named in the figure `place`."""
    return name.article or place[0], name.figure or place[1]


def _unknown(name: Name, place: tuple[str, str], results: Results) -> str:
    """Say what is wrong with a fact as a claim names it: ``error`` or ``fig-waves.error``."""
    slug, figure = _place(name, place)
    if (slug, figure) in results:
        return unknown_fact(figure, name.fact, results[slug, figure].manifest.facts)
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
