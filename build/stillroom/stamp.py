"""The stamp: what the last build read and wrote, so that a build with nothing to do ends early.

Everything is compared before anything is parsed. A file is unchanged when its size and modification
time are; when only the time differs (a fresh checkout, a touched file) its digest decides. The
stamp is an aid: any doubt means "build".
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillroom.scratch import write_whole
from stillroom.settings import PACKAGE, Settings, builtin_templates

VERSION = 1
SOURCES = ("articles", "recipes", "views", "templates")  # a site's own folders
OWN_RECIPES = "recipes.py"

Files = dict[str, tuple[int, int]]  # path → size in bytes, modification time in ns


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the inputs were at one moment, before a build read them."""

    files: Files
    installed: tuple[str, ...]


def stamp_path(settings: Settings, output: Path) -> Path:
    """Where the stamp of the build into `output` is kept."""
    own = "" if output == settings.site else f"-{output.name}"
    return settings.scratch / f"stamp{own}.json"


def snapshot(settings: Settings) -> Snapshot:
    """Look at every input: settings, articles, own recipes and templates, the package, versions."""
    folders = [settings.root / name for name in SOURCES]
    folders += [PACKAGE, builtin_templates()]
    files = _stat(settings, folders)
    single = [settings.source, settings.root / OWN_RECIPES]
    files |= dict(_entries(settings.root, map(os.fspath, single)))
    return Snapshot(files, installed_packages())


def installed_packages() -> tuple[str, ...]:
    """Python's version and each installed distribution with its own, from the names of folders."""
    found = {f"python-{sys.version}"}
    for folder in sys.path:
        try:
            with os.scandir(folder or ".") as entries:
                found.update(e.name for e in entries if e.name.endswith(".dist-info"))
        except OSError:
            continue  # a zip file, or a folder that is not there
    return tuple(sorted(found))


def write_stamp(
    settings: Settings,
    before: Snapshot,
    output: Path,
    *,
    options: Mapping[str, Any],
    results: Collection[str] = (),
    warnings: Iterable[str] = (),
) -> None:
    """Remember a finished build.

    Args:
        settings: of the site.
        before: the inputs as they were before the build read them.
        output: the folder that was written.
        options: what else decided the output, as JSON values; `draft` is one.
        results: folders (relative to assets) of the results it shows.
        warnings: lines to print again when nothing changed.
    """
    shown = sorted(set(results))
    files = before.files | _stat(settings, _made(settings, output, shown))
    now = snapshot(settings).files
    edited = {name for name, entry in before.files.items() if now.get(name) != entry}
    value = {
        "version": VERSION,
        "options": dict(options),
        "installed": before.installed,
        "results": shown,
        "warnings": list(warnings),
        "files": {
            # What was edited while the build ran has no digest that can be right.
            name: [*entry, "" if name in edited else _digest(settings.root / name)]
            for name, entry in sorted(files.items())
        },
    }
    write_whole(stamp_path(settings, output), json.dumps(value).encode())


def check_stamp(
    settings: Settings, output: Path, *, options: Mapping[str, Any]
) -> tuple[str, tuple[str, ...]]:
    """Compare the world with the stamp.

    Returns:
        Why a build is needed (empty: it is not), and the warnings of the stamped build.
    """
    path = stamp_path(settings, output)
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["version"] != VERSION or value["options"] != dict(options):
            return "the options of the build changed", ()
        now = snapshot(settings)
        if value["installed"] != list(now.installed):
            return "the installed packages changed", ()
        files = now.files | _stat(settings, _made(settings, output, value["results"]))
        return _difference(settings.root, value["files"], files), tuple(value["warnings"])
    except FileNotFoundError:
        return "there is no earlier build", ()
    except (OSError, ValueError, KeyError, TypeError):
        return "the stamp cannot be read", ()


def _difference(root: Path, known: Mapping[str, list[Any]], files: Files) -> str:
    """Return what differs first by name, as words, or an empty string."""
    for name in sorted(known.keys() | files.keys()):
        if name not in files:
            return f"{name} is gone"
        if name not in known:
            return f"{name} is new"
        size, modified, digest = known[name]
        if files[name] != (size, modified) and _digest(root / name) != digest:
            return f"{name} changed"
    return ""


def _made(settings: Settings, output: Path, results: Iterable[str]) -> list[Path]:
    return [output, *(settings.assets / folder for folder in results)]


def _stat(settings: Settings, folders: Iterable[Path]) -> Files:
    found: Files = {}
    for folder in folders:
        found |= _entries(settings.root, _walk(os.fspath(folder)))
    return found


def _walk(folder: str) -> Iterator[str]:
    """Yield every file below `folder`, links to files included; not bytecode, not partial files."""
    try:
        with os.scandir(folder) as entries:
            listed = list(entries)
    except OSError:
        return
    for entry in listed:
        if entry.is_dir():
            if entry.name not in {"__pycache__", ".git", ".partial"}:
                yield from _walk(entry.path)
        elif not entry.name.endswith((".pyc", ".partial", ".lock")):
            yield entry.path


def _entries(root: Path, paths: Iterable[str]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield each path, relative to `root` where it is inside, with its size and time."""
    inside = os.fspath(root) + os.sep
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 - a Path a file would take most of the time
        except FileNotFoundError:
            continue  # gone since it was listed, or a link that leads nowhere
        yield path.removeprefix(inside), (status.st_size, status.st_mtime_ns)


def _digest(path: Path) -> str:
    """The SHA-256 of a file; of a manifest without its provenance, which is on no page."""
    import hashlib

    content = path.read_bytes()
    if path.name == "manifest.json":
        value = json.loads(content)
        value.pop("provenance", None)
        content = json.dumps(value, sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()
