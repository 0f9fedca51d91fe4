"""Publish to GitHub Pages: the site becomes the only content of a branch, which is pushed."""

from __future__ import annotations

import subprocess
from pathlib import Path

from stillroom.diagnostics import StillroomError
from stillroom.publish.files import Publication


def remote_url(root: Path, remote: str) -> str:
    """Where `remote` of the repository around `root` is.

    Raises:
        StillroomError: there is no repository, no git, or no such remote.
    """
    command = ["git", "-C", str(root), "remote", "get-url", remote]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise StillroomError("publishing to GitHub Pages needs git", hint="install git") from error
    if done.returncode != 0:
        raise StillroomError(
            f"git knows no remote '{remote}' here: {done.stderr.strip().removeprefix('error: ')}",
            hint=f"add it with: git remote add {remote} git@github.com:NAME/REPOSITORY.git",
        )
    return done.stdout.strip()


def publish(
    publication: Publication, root: Path, *, remote: str, branch: str, message: str
) -> None:
    """Commit the site to `branch`, with a .nojekyll file, and push it.

    Raises:
        StillroomError: ghp-import is not installed, or git refuses.
    """
    try:
        from ghp_import import GhpError, ghp_import
    except ImportError as error:
        raise StillroomError(
            "publishing to GitHub Pages needs ghp-import",
            hint="install it with: pip install 'stillroom[publish]'",
        ) from error
    remote_url(root, remote)
    try:
        ghp_import(
            str(publication.folder),
            remote=remote,
            branch=branch,
            mesg=message,
            push=True,
            nojekyll=True,
        )
    except (GhpError, subprocess.CalledProcessError) as error:
        raise StillroomError(
            f"git could not publish the branch '{branch}': {error}",
            hint="see git's own message above",
        ) from error
