"""The pipeline: read → plan → run → check claims → render → check the site.

One function is behind `build` and `serve`. What it does to the world is passed in: where to write,
whom to tell about progress. Nothing heavy is imported before the stamp has said that there is work.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.diagnostics import Diagnostics, StillroomError, nearest
from stillroom.settings import Settings
from stillroom.stamp import check_stamp, snapshot, write_stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stillroom.precompute.manifest import FigureResult
    from stillroom.precompute.plan import Plan
    from stillroom.precompute.progress import Reporter
    from stillroom.render.output import Output
    from stillroom.source.model import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a build was asked for.

    Args:
        articles: slugs; empty means all.
        draft: cheap profiles, and pages that say so; articles with errors are left as they were.
        jobs: worker processes; None chooses.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        scheduler: address of a Dask scheduler; empty means worker processes here.
        force: run fresh steps too.
    """

    articles: tuple[str, ...] = ()
    draft: bool = False
    jobs: int | None = None
    device: str = "auto"
    scheduler: str = ""
    force: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did.

    `idle`: nothing. `articles`: how many are in the site. `warnings`: lines, of an idle build those
    of the build before. `left_out`: slugs of articles that were not asked for and are stale.
    """

    folder: Path
    idle: bool = False
    articles: int = 0
    warnings: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def output_folder(settings: Settings, *, draft: bool) -> Path:
    """Where a build goes: `site/` never holds a draft."""
    return settings.scratch / "draft" if draft else settings.site


def stamp_options(options: Options = Options()) -> dict[str, Any]:
    """What of `options` decides the output, and so belongs in the stamp."""
    return {"articles": sorted(options.articles), "draft": options.draft}


def build(
    settings: Settings,
    options: Options,
    *,
    folder: Path,
    reporter: Callable[[], Reporter],
    diagnostics: Diagnostics,
) -> Built:
    """Build the site into `folder`; `reporter` makes what is told of progress, if need be.

    With errors the folder stays as it was, unless `options.draft`: then what can be
    shown is written, and the pages of articles that cannot be read are kept.

    Raises:
        StillroomError: an article that was asked for does not exist, or something cannot be
            written. What is wrong in articles is in `diagnostics` instead.
    """
    stamped = stamp_options(options)
    if not options.force:
        why, warnings = check_stamp(settings, folder, options=stamped)
        if not why:
            return Built(folder, idle=True, warnings=warnings)
    before = snapshot(settings)
    articles = read(settings, diagnostics, options.articles, draft=options.draft)

    from stillroom.check import (
        check_claims,
        check_facts,
        check_labels,
        check_quotes,
        check_site,
        check_verdicts,
    )
    from stillroom.precompute.progress import Quiet
    from stillroom.render.output import Output
    from stillroom.render.site import render_site

    output = Output(folder)

    chosen, left_out = _choose(articles, settings, options)
    made = plan(chosen, settings, diagnostics, draft=options.draft, force=options.force)
    if diagnostics.errors and not options.draft:
        return Built(folder)
    report = reporter() if made.stale else Quiet()
    results = compute(made, settings, options, report=report, diagnostics=diagnostics)
    others = [article for article in articles if article.slug in left_out]
    results = {**_quoted(chosen, others, settings, options), **results}
    check_quotes(chosen, results, diagnostics, draft=options.draft)
    check_facts(chosen, results, diagnostics)
    check_claims(chosen, results, diagnostics, draft=options.draft)
    check_verdicts(chosen, results, diagnostics, draft=options.draft)
    check_labels(results, diagnostics)
    if diagnostics.errors and not options.draft:
        return Built(folder)
    render_site(
        chosen,
        results,
        settings,
        diagnostics,
        others=others,
        draft=options.draft,
        output=output,
    )
    if diagnostics.errors and not options.draft:
        return Built(folder)
    if diagnostics.errors or left_out:
        _keep(output)
    output.commit()
    check_site(folder, settings, diagnostics, left_out=left_out)
    warnings = tuple(map(str, diagnostics.warnings))
    if not diagnostics.errors:
        used = {result.manifest.folder for result in results.values()}
        write_stamp(settings, before, folder, options=stamped, results=used, warnings=warnings)
    return Built(folder, False, len(chosen), warnings, left_out)


def read(
    settings: Settings, diagnostics: Diagnostics, only: Sequence[str], *, draft: bool
) -> tuple[Article, ...]:
    """Read all articles; those marked as drafts only for a draft.

    What is wrong with the figures of an article that has other errors is recorded too.

    Raises:
        StillroomError: `only` names an article that does not exist.
    """
    from stillroom.source.article import read_all

    slugs = article_slugs(settings)
    for slug in only:
        if slug not in slugs:
            raise StillroomError(f"there is no article '{slug}'{nearest(slug, slugs)}")
    reading = read_all(settings, diagnostics)
    if reading.broken:
        plan(reading.broken, settings, diagnostics)
    return tuple(a for a in reading.articles if draft or not a.front.draft or a.slug in only)


def article_slugs(settings: Settings) -> list[str]:
    """The names of all article folders."""
    return sorted(path.parent.name for path in settings.articles.glob("*/index.md"))


def plan(
    articles: Sequence[Article],
    settings: Settings,
    diagnostics: Diagnostics,
    *,
    draft: bool = False,
    force: bool = False,
    figures: Collection[tuple[str, str]] = (),
) -> Plan:
    """Plan `figures` of `articles`, or all of them, and check that their views exist."""
    from stillroom.check import check_views
    from stillroom.precompute.catalogue import Catalogue
    from stillroom.precompute.plan import make_plan
    from stillroom.precompute.store import Store

    made = make_plan(
        articles,
        settings,
        diagnostics,
        catalogue=Catalogue(settings),
        store=Store(settings),
        draft=draft,
        force=force,
        figures=figures,
    )
    check_views(made.wanted, articles, settings, diagnostics)
    return made


def compute(
    plan: Plan,
    settings: Settings,
    options: Options,
    *,
    report: Reporter,
    diagnostics: Diagnostics,
) -> Mapping[tuple[str, str], FigureResult]:
    """Run what is stale and return a result for every figure that has one."""
    from stillroom.precompute.run import run_plan
    from stillroom.precompute.store import Store

    outcome = run_plan(
        plan,
        settings,
        store=Store(settings),
        jobs=options.jobs,
        device=options.device,
        scheduler=options.scheduler,
        report=report,
    )
    for failure in outcome.failures:
        failure.tell(diagnostics)
    return outcome.results


def run_figure(
    settings: Settings,
    name: str,
    options: Options,
    *,
    report: Reporter,
    diagnostics: Diagnostics,
) -> FigureResult | None:
    """Run one figure again; None if it has no result, with the reason in `diagnostics`.

    Args:
        settings: of the site.
        name: ``article/figure``, or the figure's name alone where only one article has it.
        options: draft, device, jobs and scheduler.
        report: told of progress.
        diagnostics: gets what is wrong.

    Raises:
        StillroomError: there is no such figure, or several.
    """
    slug, _, wanted = name.rpartition("/")
    articles = read(settings, diagnostics, [slug] if slug else [], draft=True)
    found = [
        (article.slug, wanted)
        for article in articles
        for figure in article.figures
        if figure.name == wanted and slug in {"", article.slug}
    ]
    if not found:
        known = [figure.name for article in articles for figure in article.figures]
        raise StillroomError(
            f"there is no figure '{name}'{nearest(wanted, known)}",
            hint="stillroom status lists them all",
        )
    if len(found) > 1:
        names = " or ".join(map("/".join, found))
        raise StillroomError(f"several articles have a figure '{wanted}'", hint=f"say {names}")
    [place] = found
    made = plan(articles, settings, diagnostics, draft=options.draft, force=True, figures=[place])
    return compute(made, settings, options, report=report, diagnostics=diagnostics).get(place)


def needed_folders(settings: Settings, diagnostics: Diagnostics) -> set[str]:
    """The folders (relative to assets) of all results that a build or a draft would use."""
    articles = read(settings, diagnostics, (), draft=True)
    return {
        step.manifest.folder
        for draft in (False, True)
        for step in plan(articles, settings, diagnostics, draft=draft).steps
        if step.manifest is not None
    }


def _choose(
    articles: Sequence[Article], settings: Settings, options: Options
) -> tuple[list[Article], tuple[str, ...]]:
    """Split into the articles to build, and the slugs of those left out.

    When only some were asked for, those are built along whose replies they show, and others if that
    takes no computing.
    """
    if not options.articles:
        return list(articles), ()
    from stillroom.source.quotes import quotes
    from stillroom.source.threads import Threads

    threads = Threads(articles)
    replies = {article.slug: threads.reply(article) for article in articles}
    asked = set(options.articles)
    asked |= {found[0].slug for slug in options.articles if (found := replies.get(slug))}
    needed = {}
    for article in articles:
        places = {(article.slug, figure.name) for figure in article.figures}
        needed[article.slug] = places | {(each.article, each.figure) for each in quotes(article)}
    for slug, found in replies.items():
        needed[slug] |= needed[found[0].slug] if found else set()
    fresh = _fresh(articles, settings, options, figures=set().union(*needed.values()))
    chosen = [a for a in articles if a.slug in asked or needed[a.slug] <= fresh.keys()]
    slugs = {article.slug for article in chosen}
    return chosen, tuple(article.slug for article in articles if article.slug not in slugs)


def _quoted(
    chosen: Sequence[Article], others: Sequence[Article], settings: Settings, options: Options
) -> Mapping[tuple[str, str], FigureResult]:
    """The results of figures of `others` that `chosen` articles quote, as far as they are there."""
    from stillroom.source.quotes import quotes

    slugs = {article.slug for article in others}
    found = {(each.article, each.figure) for article in chosen for each in quotes(article)}
    return _fresh(others, settings, options, figures={each for each in found if each[0] in slugs})


def _fresh(
    articles: Sequence[Article],
    settings: Settings,
    options: Options,
    *,
    figures: Collection[tuple[str, str]],
) -> Mapping[tuple[str, str], FigureResult]:
    """The results of `figures` that need no computing."""
    from stillroom.precompute.manifest import FigureResult

    if not figures:
        return {}
    made = plan(articles, settings, Diagnostics(), draft=options.draft, figures=figures)
    manifests = {step.id: step.manifest for step in made.steps if step.state == "fresh"}
    return {
        (each.slug, each.figure.name): FigureResult(each.slug, each.figure, each.view, manifest)
        for each in made.wanted
        if (manifest := manifests.get(each.step)) is not None
    }


def _keep(output: Output) -> None:
    """Let the files of an earlier build stay, since this one is not complete."""
    for path in output.folder.rglob("*"):
        name = path.relative_to(output.folder).as_posix()
        if path.is_file() and not path.is_symlink() and name not in output:
            output.copy(name, path)
