"""The commands that publish."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from stillroom.diagnostics import Diagnostics
from stillroom.terminal import Commands, dry_run_option, settings_here, show

if TYPE_CHECKING:
    from stillroom.publish.files import Publication


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  stillroom publish github-pages --dry-run
  stillroom publish folder ../public""",
)
def publish() -> None:
    """Hand the finished site to a host. Drafts and sites that fail a check are refused."""


@publish.command("folder")
@click.argument("target", type=click.Path(path_type=Path))
@dry_run_option
def publish_folder(target: Path, dry_run: bool) -> None:
    """Copy the site into TARGET, and remove what an earlier copy left there."""
    from stillroom.publish import folder

    publication = _publication()
    gone = folder.plan(publication, target)
    if dry_run:
        _list(publication, gone)
    else:
        folder.publish(publication, target)
    click.echo(f"{publication} {'would go' if dry_run else 'went'} to {target}")


@publish.command("github-pages")
@click.option("--remote", default="origin", show_default=True, help="Where to push.")
@click.option("--branch", default="gh-pages", show_default=True, help="The branch to replace.")
@click.option("--message", default="Publish the site", show_default=True, help="Of the commit.")
@dry_run_option
def publish_github_pages(remote: str, branch: str, message: str, dry_run: bool) -> None:
    """Make the site the content of a branch and push it."""
    from stillroom.publish import github_pages

    settings = settings_here()
    publication = _publication()
    address = github_pages.remote_url(settings.root, remote)
    if dry_run:
        _list(publication)
    else:
        github_pages.publish(
            publication, settings.root, remote=remote, branch=branch, message=message
        )
    verb = "would go" if dry_run else "went"
    click.echo(f"{publication} {verb} to the branch {branch} of {address}")


def _publication() -> Publication:
    from stillroom.publish.files import collect

    diagnostics = Diagnostics()
    try:
        return collect(settings_here(), diagnostics)
    finally:
        show(diagnostics)


def _list(publication: Publication, gone: tuple[str, ...] = ()) -> None:
    for name in publication.files:
        click.echo(f"  + {name}")
    for name in gone:
        click.echo(f"  - {name}")
