"""Publish to a folder: of a web server, a mounted disk, a checkout of another repository."""

from __future__ import annotations

from pathlib import Path

from stillroom.diagnostics import StillroomError
from stillroom.publish.files import Publication
from stillroom.scratch import write_whole

LIST = ".stillroom-files"  # what we put there, one path a line: only that is ever removed


def plan(publication: Publication, target: Path) -> tuple[str, ...]:
    """List what an earlier publication left in `target` and this one does not have.

    Raises:
        StillroomError: `target` is inside the site, or holds files of somebody else.
    """
    if target.resolve().is_relative_to(publication.folder.resolve()):
        raise StillroomError(f"{target} is inside the site itself", hint="name another folder")
    if target.exists() and not target.is_dir():
        raise StillroomError(f"{target} is a file", hint="name a folder")
    listed = target / LIST
    if not listed.is_file():
        if target.is_dir() and any(entry.name != ".git" for entry in target.iterdir()):
            raise StillroomError(
                f"{target} holds files that were not published from here",
                hint="name a new or empty folder",
            )
        return ()
    known = listed.read_text(encoding="utf-8").splitlines()
    return tuple(sorted(set(known) - set(publication.files)))


def publish(publication: Publication, target: Path) -> None:
    """Copy the site into `target`, pages after what they load, and remove what is gone.

    Raises:
        StillroomError: as for `plan`, or the folder cannot be written.
    """
    gone = plan(publication, target)
    try:
        target.mkdir(parents=True, exist_ok=True)
        (target / LIST).write_text("\n".join(sorted({*publication.files, *gone})) + "\n", "utf-8")
        for name in sorted(publication.files, key=lambda name: (name.endswith(".html"), name)):
            write_whole(target / name, (publication.folder / name).read_bytes())
        for name in gone:
            _remove(target, name)
        (target / LIST).write_text("\n".join(publication.files) + "\n", "utf-8")
    except OSError as error:
        raise StillroomError(
            f"cannot write {error.filename or target}: {error.strerror}"
        ) from error


def _remove(target: Path, name: str) -> None:
    """Remove a file that we listed, and the folders that are empty without it."""
    place = (target / name).parent.resolve() / Path(name).name
    if not place.is_relative_to(target.resolve()):
        return  # an edited list
    place.unlink(missing_ok=True)
    for folder in place.parents:
        if folder == target.resolve() or any(folder.iterdir()):
            return
        folder.rmdir()
