"""The command line: parse, call, print; nothing else.

Modules are imported by the commands that need them, so that `--help` and a build with nothing to
do stay fast. Exit codes are in `docs/command-line.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stillroom import __version__
from stillroom.diagnostics import Diagnostics, StillroomError
from stillroom.settings import Settings, find_settings

if TYPE_CHECKING:
    from stillroom.pipeline import Built, Options
    from stillroom.precompute.progress import Reporter

WRONG, FAILED, INTERRUPTED = 1, 3, 130


class Complaint(click.ClickException):
    """What a user did wrong, in a sentence, with a hint."""

    def __init__(self, error: StillroomError) -> None:
        super().__init__(str(error))
        self.exit_code = error.exit_code
        self.hint = error.hint

    def show(self, file: Any = None) -> None:
        """Print to stderr."""
        super().show(file)
        if self.hint:
            click.echo(f"Hint: {self.hint}", err=True)


class Commands(click.Group):
    """Commands in the order in which one meets them; a user's mistake ends without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Keep the order of definition."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and turn known errors into exit codes."""
        try:
            return super().invoke(ctx)
        except StillroomError as error:
            raise Complaint(error) from error
        except KeyboardInterrupt:
            click.echo("Interrupted; finished steps are kept.", err=True)
            ctx.exit(INTERRUPTED)


def main() -> None:
    """Run the command line."""
    cli(prog_name="stillroom")


def complete_articles(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of articles that begin with `incomplete`, for the shell."""
    from stillroom.pipeline import article_slugs

    try:
        slugs = article_slugs(find_settings(Path.cwd()))
    except StillroomError:
        return []
    return [slug for slug in slugs if slug.startswith(incomplete)]


articles_argument = click.argument("articles", nargs=-1, shell_complete=complete_articles)
draft_option = click.option("--draft", is_flag=True, help="Cheap previews instead of full figures.")
jobs_option = click.option(
    "--jobs", "-j", type=click.IntRange(1), metavar="N", help="Worker processes.  [default: cores]"
)
device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="D",
    help="auto, cpu, cuda, cuda:N or mps.",
)
scheduler_option = click.option(
    "--scheduler", default="", metavar="URL", help="Run on a Dask scheduler, e.g. tcp://host:8786."
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Only say what would be done.")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="stillroom")
def cli() -> None:
    """Interactive research articles from Markdown and torch.

    \b
    Start:     stillroom new site journal && cd journal
    Write:     stillroom serve --open        a live preview of articles/*/index.md
    Explore:   stillroom recipes             what figures can show
    Make:      stillroom build               the site, in site/
    Explain:   stillroom status              what is computed, what is not, and why

    Each command explains itself: stillroom build --help.
    """


@cli.group(name="new", cls=Commands)
def new() -> None:
    """Start a site or an article.

    \b
    stillroom new site journal
    stillroom new article seeing-in-waves
    """


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

    for path in scaffold.new_article(_settings(), name, datetime.date.today()):
        click.echo(f"  {_shown(path)}")
    click.echo("Now: stillroom serve --open")


@cli.command()
@articles_argument
@draft_option
@jobs_option
@device_option
@scheduler_option
@click.option("--force", is_flag=True, help="Run recipes even if their results are fresh.")
def build(articles: tuple[str, ...], **options: Any) -> None:
    """Compute what is stale and write the site into site/.

    Names of ARTICLES limit the work to those; others are built along if that takes no computing.
    A draft goes to .stillroom/draft, so that site/ never holds one.

    \b
    stillroom build
    stillroom build seeing-in-waves --device cuda:0
    stillroom build --draft
    """
    from stillroom.pipeline import Options

    settings = _settings()
    done, diagnostics = _build(settings, Options(articles=articles, **options))
    if diagnostics.errors:
        _end(diagnostics, "" if options["draft"] else "site/ is as it was")
    for slug in done.left_out:
        click.echo(f"Left out, since its figures are stale: {slug}", err=True)
    page = _shown(done.folder / "index.html")
    if done.idle:
        click.echo(f"Nothing to do: {page} is up to date.")
    else:
        click.echo(f"Built {_count(done.articles, 'article')}. Open {page}")


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
    _print(diagnostics)
    if done.idle:
        for line in done.warnings:
            click.echo(line, err=True)
    return done, diagnostics


def _reporter() -> Reporter:
    """Progress for this terminal, or for a file."""
    from stillroom.precompute.progress import make_reporter

    return make_reporter()


def _print(diagnostics: Diagnostics) -> None:
    for found in sorted({*diagnostics.errors, *diagnostics.warnings}):
        click.echo(str(found), err=True)


def _end(diagnostics: Diagnostics, more: str = "") -> None:
    """End with the exit code that the errors ask for."""
    from stillroom.pipeline import FAILED_FIGURE

    errors = diagnostics.errors
    click.echo(f"Error: {_count(len(errors), 'error')}" + (f"; {more}" if more else ""), err=True)
    only_failures = all(error.code == FAILED_FIGURE for error in errors)
    click.get_current_context().exit(FAILED if only_failures else WRONG)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _settings() -> Settings:
    return find_settings(Path.cwd())


def _shown(path: Path) -> str:
    """A path as one would type it here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 10 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
