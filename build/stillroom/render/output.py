"""The output folder: files are collected, then written so that a killed build breaks no page.

Files named by their content go first, pages after, and what is no longer named goes last. Each
file is written beside its place and renamed; a file that would not change is not touched.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from stillroom.diagnostics import StillroomError
from stillroom.scratch import write_whole

DIGITS = 10
_CONTENT_NAMED = re.compile(rf"\.[0-9a-f]{{{DIGITS}}}\.[A-Za-z0-9]+$")


def content_name(name: str, digest: str) -> str:
    """Put the head of a SHA-256 hex digest before the extension: ``a.css`` → ``a.0123456789.css``.

    A name without an extension gets ``.bin``, so that every name ends in digest and extension.
    """
    stem, dot, extension = name.rpartition(".")
    stem, extension = (stem, extension) if dot and stem else (name, "bin")
    return f"{stem}.{digest[:DIGITS]}.{extension}"


def digest(content: bytes) -> str:
    """The SHA-256 of `content` in hex."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Changes:
    """What a commit did: paths relative to the folder, sorted."""

    written: tuple[str, ...]
    removed: tuple[str, ...]


class Output:
    """The files a site should consist of; nothing happens on disk before `commit`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, bytes | Path] = {}

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def write(self, path: str, content: bytes | str) -> None:
        """Plan a file.

        Args:
            path: relative to the folder, with ``/`` between names.
            content: its bytes, or a text to be encoded as UTF-8.

        Raises:
            ValueError: `path` is absolute, leaves the folder, or names two different contents.
        """
        self._plan(path, content.encode() if isinstance(content, str) else content)

    def copy(self, path: str, source: Path) -> None:
        """Plan a copy of the file `source`; errors as for `write`."""
        self._plan(path, source)

    def _plan(self, path: str, content: bytes | Path) -> None:
        parts = PurePosixPath(path)
        if not path or parts.is_absolute() or ".." in parts.parts or "\\" in path:
            raise ValueError(f"not a path inside the site: {path!r}")
        if self._files.setdefault(str(parts), content) != content:
            raise ValueError(f"two different files of the site have the path {path!r}")

    def commit(self) -> Changes:
        """Make the folder hold the planned files and nothing else (hidden entries at its top stay).

        Raises:
            StillroomError: the folder cannot be written, or a folder in it is a link to elsewhere.
        """
        try:
            named = sorted(path for path in self._files if _CONTENT_NAMED.search(path))
            pages = sorted(self._files.keys() - set(named))
            written = [path for path in (*named, *pages) if self._write(path)]
            return Changes(tuple(sorted(written)), tuple(self._remove_stale()))
        except OSError as error:
            raise StillroomError(
                f"the site cannot be written: {error.strerror or error}"
                + (f" ({error.filename})" if error.filename else ""),
                hint="the pages written so far are whole; mend this and build again",
            ) from error

    def _write(self, path: str) -> bool:
        target = self.folder / path
        content = self._files[path]
        if target.is_file() and not target.is_symlink() and self._same(path, target, content):
            return False
        if target.is_dir() and not target.is_symlink():
            raise StillroomError(f"{target} is a folder where a file of the site belongs")
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.parent.resolve().is_relative_to(self.folder.resolve()):
            raise StillroomError(f"{target.parent} is a link that leaves the site's folder")
        write_whole(target, content.read_bytes() if isinstance(content, Path) else content)
        return True

    @staticmethod
    def _same(path: str, target: Path, content: bytes | Path) -> bool:
        """Whether `target` holds `content`; a name that holds a digest vouches for its content."""
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        if target.stat().st_size != size:
            return False
        if _CONTENT_NAMED.search(path):
            return True
        expected = content.read_bytes() if isinstance(content, Path) else content
        return target.read_bytes() == expected

    def _remove_stale(self) -> list[str]:
        removed = []
        for folder, names, files in os.walk(self.folder, topdown=False):
            place = Path(folder).relative_to(self.folder)
            if place.parts and place.parts[0].startswith("."):
                continue
            for name in sorted(
                files + [name for name in names if (Path(folder) / name).is_symlink()]
            ):
                path = (place / name).as_posix()
                hidden = not place.parts and name.startswith(".") and not name.endswith(".partial")
                if path not in self._files and not hidden:
                    (Path(folder) / name).unlink()
                    removed.append(path)
            if place.parts and not any(Path(folder).iterdir()):
                Path(folder).rmdir()
        return sorted(removed)
