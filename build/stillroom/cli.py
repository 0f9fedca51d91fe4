"""The command line: parse, call, print; nothing else.

Modules are imported by the commands that need them, so that `--help` and a build with nothing to
do stay fast. Exit codes are in `docs/command-line.md`.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillroom import __version__
from stillroom.diagnostics import Diagnostics
from stillroom.publish.command import publish
from stillroom.settings import Settings
from stillroom.terminal import (
    TERMINATED,
    Commands,
    articles_argument,
    complete_articles,
    device_option,
    draft_option,
    dry_run_option,
    end,
    jobs_option,
    scheduler_option,
    settings_here,
    show,
    typed,
)
from stillroom.words import count, size

if TYPE_CHECKING:
    from stillroom.pipeline import Built, Options
    from stillroom.precompute.progress import Reporter


def main() -> None:
    """Run the command line."""
    # Whoever asks this process to end gets the same tidy end as with Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    cli(prog_name="stillroom")


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Start:
  stillroom new site journal && cd journal
  stillroom serve --open          a preview that follows every save
Write a figure:
  stillroom recipes               what figures can show
  stillroom recipes NAME          its parameters, and the lines to copy
  stillroom run fig-waves         one figure again, with its facts
Publish:
  stillroom build                 the site, in site/
  stillroom status                what is computed, what is not, and why
  stillroom publish github-pages --dry-run

Every command explains itself: stillroom build --help.""",
)
@click.version_option(__version__, prog_name="stillroom")
def cli() -> None:
    """Interactive research articles: Markdown and torch in, a folder of files out."""


@cli.group(
    cls=Commands,
    epilog="""\b
Examples:
  stillroom new site journal
  stillroom new article seeing-in-waves""",
)
def new() -> None:
    """Start a site or an article."""


@new.command("site")
@click.argument("folder", type=click.Path(path_type=Path))
def new_site(folder: Path) -> None:
    """Write a small complete site into FOLDER, with one article and a recipe of its own."""
    import datetime

    from stillroom import scaffold

    for path in scaffold.new_site(folder, datetime.date.today()):
        click.echo(f"  {path}")
    click.echo(f"Now: cd {folder} && stillroom serve --open")


@new.command("article")
@click.argument("name")
def new_article(name: str) -> None:
    """Write articles/NAME/index.md, ready to be filled."""
    import datetime

    from stillroom import scaffold

    for path in scaffold.new_article(settings_here(), name, datetime.date.today()):
        click.echo(f"  {typed(path)}")
    click.echo("Now: stillroom serve --open")


@cli.command(
    epilog="""\b
Examples:
  stillroom build
  stillroom build seeing-in-waves --device cuda:0
  stillroom build --draft"""
)
@articles_argument
@draft_option
@jobs_option
@device_option
@scheduler_option
@click.option("--force", is_flag=True, help="Run recipes even if their results are fresh.")
def build(articles: tuple[str, ...], **options: Any) -> None:
    """Compute what is stale and write the site into site/.

    ARTICLES limit the work to the ones named; others are built along if that takes no computing.
    A draft goes to .stillroom/draft, so that site/ never holds one.
    """
    from stillroom.pipeline import Options

    settings = settings_here()
    done, diagnostics = _build(settings, Options(articles=articles, **options))
    if diagnostics.errors:
        end(diagnostics, "" if options["draft"] else "site/ is as it was")
    for slug in done.left_out:
        click.echo(f"Left out, since its figures are stale: {slug}", err=True)
    page = typed(done.folder / "index.html")
    if done.idle:
        click.echo(f"Nothing to do: {page} is up to date.")
    else:
        click.echo(f"Built {count(done.articles, 'article')}. Open {page}")


@cli.command(
    epilog="""\b
Examples:
  stillroom serve --open
  stillroom serve --port 9000""",
    short_help="Show a draft in the browser and follow every save.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="0 takes any.  [default: from 8000]")
@click.option("--open", "open_browser", is_flag=True, help="Open the browser.")
@jobs_option
@device_option
def serve(port: int | None, open_browser: bool, jobs: int | None, device: str) -> None:
    """Show a draft of the site in the browser, and build it again on every save.

    Only this computer can reach it. Errors appear in the page. Ctrl-C ends it.
    """
    from stillroom.pipeline import Options
    from stillroom.serve import Preview, open_server, run

    settings = settings_here()
    server = open_server(Preview(settings.scratch / "preview"), port)
    click.echo(f"Serving {server.url} (Ctrl-C ends it)")
    if open_browser:
        click.launch(server.url)
    options = Options(draft=True, jobs=jobs, device=device)
    run(settings, options, server, reporter=_reporter, show=show)


@cli.command(
    epilog="""\b
Examples:
  stillroom status
  stillroom status seeing-in-waves --draft"""
)
@articles_argument
@draft_option
def status(articles: tuple[str, ...], draft: bool) -> None:
    """Say of each figure whether it is computed, and if not, why not. Computes nothing."""
    from stillroom import pipeline
    from stillroom.report import status_lines

    settings = settings_here()
    diagnostics = Diagnostics()
    found = pipeline.read(settings, diagnostics, articles, draft=True)
    chosen = [article for article in found if not articles or article.slug in articles]
    plan = pipeline.plan(chosen, settings, diagnostics, draft=draft)
    show(diagnostics)
    for line in status_lines(plan):
        click.echo(line)
    if diagnostics.errors:
        end(diagnostics)


@cli.command(
    epilog="""\b
Examples:
  stillroom run fig-waves
  stillroom run seeing-in-waves/fig-waves --draft --device cpu"""
)
@click.argument("figure")
@draft_option
@jobs_option
@device_option
@scheduler_option
def run(figure: str, **options: Any) -> None:
    """Compute one FIGURE again and print its facts.

    A name that several articles use is written ARTICLE/FIGURE.
    """
    from stillroom import pipeline
    from stillroom.report import result_lines

    settings, diagnostics = settings_here(), Diagnostics()
    result = pipeline.run_figure(
        settings,
        figure,
        pipeline.Options(**options),
        report=_reporter(),
        diagnostics=diagnostics,
    )
    show(diagnostics)
    if result is not None:
        for line in result_lines(result):
            click.echo(line)
    if diagnostics.errors:
        end(diagnostics)


@cli.command(
    epilog="""\b
Examples, in the site's folder on each machine:
  stillroom worker tcp://host:8786
  stillroom worker tcp://host:8786 --gpus 2 --cpus 4""",
    short_help="Compute for builds on other machines, through Dask.",
)
@click.argument("scheduler")
@click.option(
    "--gpus", type=click.IntRange(0), metavar="N", help="Workers with a GPU.  [default: all]"
)
@click.option(
    "--cpus",
    type=click.IntRange(0),
    metavar="N",
    help="Workers without.  [default: 1 if there is no GPU]",
)
def worker(scheduler: str, gpus: int | None, cpus: int | None) -> None:
    """Start workers of one thread each for the Dask SCHEDULER; each GPU has one of its own.

    Then a build anywhere can use them: stillroom build --scheduler URL. This machine needs the
    same copy of the site. Ctrl-C ends the workers.
    """
    from stillroom.precompute.dask_workers import run_workers

    root = settings_here().root
    run_workers(scheduler, root=root, gpus=gpus, cpus=cpus, say=click.echo)


@cli.command(short_help="Take over results after a refactor that changes none.")
@articles_argument
@jobs_option
@device_option
def accept(articles: tuple[str, ...], jobs: int | None, device: str) -> None:
    """Take over stored results after a refactor of recipes that changes no number.

    A result is taken over if the draft of its figure, computed before and after the change, is the
    same; its provenance says so. The drafts of before are there if the preview ran.
    """
    from stillroom import pipeline
    from stillroom.precompute.accept import accept as take_over
    from stillroom.precompute.store import Store

    settings, diagnostics = settings_here(), Diagnostics()
    found = pipeline.read(settings, diagnostics, articles, draft=True)
    verdicts = take_over(
        [article for article in found if not articles or article.slug in articles],
        settings,
        diagnostics,
        store=Store(settings),
        report=_reporter(),
        jobs=jobs,
        device=device,
    )
    show(diagnostics)
    for verdict in verdicts:
        click.echo(f"{verdict.step.label}: {verdict.reason}")
    if not verdicts:
        click.echo("Nothing is stale.")
    if diagnostics.errors:
        end(diagnostics)


@cli.command(
    epilog="""\b
Examples:
  stillroom recipes
  stillroom recipes spectral-reconstruction
  stillroom recipes layers efficientnet-lite0""",
    short_help="List what figures can show.",
)
@click.argument("name", required=False)
@click.argument("network", required=False)
@click.option("--article", default="", shell_complete=complete_articles, help="Of this article.")
@click.option("--library", is_flag=True, help="Only those that come with Stillroom.")
@click.option("--markdown", is_flag=True, help="Print a page of documentation.")
def recipes(
    name: str | None, network: str | None, article: str, library: bool, markdown: bool
) -> None:
    """List what figures can show; with NAME: its parameters, defaults and documentation.

    `layers NETWORK` lists the layers of a network that recipes look into.
    """
    from stillroom import reference

    if name == "layers" or network is not None:
        if name != "layers" or network is None:
            raise click.UsageError("expected: stillroom recipes layers NETWORK")
        click.echo(reference.layers_table(network))
        return
    from stillroom.pipeline import article_slugs
    from stillroom.precompute.catalogue import Catalogue

    settings, diagnostics = settings_here(), Diagnostics()
    catalogue = Catalogue(settings)
    slugs = [] if library else [article] if article else article_slugs(settings)
    if name is not None:
        found = [reference.find_one(catalogue, slugs, name)]
        text = reference.as_text(found[0][1])
    else:
        found = [
            each
            for each in reference.find_all(catalogue, slugs, diagnostics)
            if not library or each[1].module.startswith("stillroom.")
        ]
        text = reference.as_table(found)
    catalogue.save()
    click.echo(reference.as_markdown(found) if markdown else text, nl=not markdown)
    show(diagnostics)
    if diagnostics.errors:
        end(diagnostics)


@cli.command(short_help="Remove stored results that no figure needs.")
@dry_run_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def clean(dry_run: bool, yes: bool) -> None:
    """Remove stored results that no figure needs, neither in full nor as a draft."""
    from stillroom import pipeline
    from stillroom.precompute.store import Store

    settings, diagnostics = settings_here(), Diagnostics()
    needed = pipeline.needed_folders(settings, diagnostics)
    if diagnostics.errors:
        show(diagnostics)
        end(diagnostics, "nothing is removed while it is not clear what is needed")
    store = Store(settings)
    unused = store.unused(needed)
    for each in unused:
        mark = ", frozen: it was expensive" if each.frozen else ""
        click.echo(f"  {each.folder} ({size(each.size)}{mark})")
    total = size(sum(each.size for each in unused))
    if not unused:
        click.echo("Nothing to remove.")
    elif dry_run:
        click.echo(f"{total} would be freed.")
    elif yes or click.confirm(f"Free {total}?"):
        store.remove(unused)
        click.echo(f"{total} freed.")


cli.add_command(publish)


def _build(settings: Settings, options: Options) -> tuple[Built, Diagnostics]:
    """Build, and print what was found."""
    from stillroom.pipeline import build, output_folder

    diagnostics = Diagnostics()
    done = build(
        settings,
        options,
        folder=output_folder(settings, draft=options.draft),
        reporter=_reporter,
        diagnostics=diagnostics,
    )
    show(diagnostics)
    if done.idle:
        for line in done.warnings:
            click.echo(line, err=True)
    return done, diagnostics


def _reporter() -> Reporter:
    """Progress for this terminal, or for a file."""
    from stillroom.precompute.progress import reporter

    return reporter()
