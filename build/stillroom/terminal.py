"""What all commands share: their options, how they end, and how findings are printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import click

from stillroom.diagnostics import Diagnostics, StillroomError
from stillroom.settings import Settings, find_settings
from stillroom.words import count

WRONG, FAILED, INTERRUPTED, TERMINATED = (
    1,
    3,
    130,
    143,
)  # exit codes; docs/command-line.md lists them all
FAILED_FIGURE = "F024"


class Commands(click.Group):
    """Commands in the order in which one meets them; a user's mistake ends without a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """Keep the order of definition."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and turn known errors into exit codes."""
        try:
            return super().invoke(ctx)
        except StillroomError as error:
            click.echo(f"Error: {error}", err=True)
            if error.hint:
                click.echo(f"Hint: {error.hint}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("Interrupted; finished steps are kept.", err=True)
            ctx.exit(INTERRUPTED)


def settings_here() -> Settings:
    """The settings of the site around the current folder."""
    return find_settings(Path.cwd())


def show(diagnostics: Diagnostics) -> None:
    """Print all findings, sorted by place."""
    for found in sorted({*diagnostics.errors, *diagnostics.warnings}):
        click.echo(str(found), err=True)


def end(diagnostics: Diagnostics, more: str = "") -> NoReturn:
    """End with the exit code that the errors ask for."""
    errors = diagnostics.errors
    click.echo(f"Error: {count(len(errors), 'error')}" + (f"; {more}" if more else ""), err=True)
    only_failures = all(error.code == FAILED_FIGURE for error in errors)
    click.get_current_context().exit(FAILED if only_failures else WRONG)


def typed(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def complete_articles(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Names of articles that begin with `incomplete`, for the shell."""
    from stillroom.pipeline import article_slugs

    try:
        slugs = article_slugs(settings_here())
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
