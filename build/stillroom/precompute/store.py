"""The store of results: ``assets/<recipe>/<first 16 of key>/`` for good, ``assets/.cache/…`` else.

A result is written to a temporary folder and renamed, so that nobody ever sees half of one. What is
read is checked against its digests; what is damaged is reported and never served.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stillroom.precompute.key import key_of, output_of, sha256
from stillroom.precompute.manifest import Manifest, StoredFile, from_json, to_json
from stillroom.recipe import Stored
from stillroom.settings import Settings

MANIFEST = "manifest.json"
RESULT = "result.json"
CACHE = ".cache"


@dataclass(frozen=True, slots=True)
class Found:
    """What the store has for a key: a sound result, or the names of its damaged files."""

    manifest: Manifest | None = None
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unused:
    """A stored result that nothing needs; `size` is in bytes, `folder` relative to the site."""

    folder: str
    size: int
    frozen: bool


class Store:
    """The stored results of a site."""

    def __init__(self, settings: Settings) -> None:
        self._root = settings.root
        self._assets = settings.assets
        self._locks = settings.scratch / "locks"
        self._partial = settings.assets / CACHE / ".partial"
        self._freeze_after = settings.freeze_after

    def find(self, recipe: str, key: str) -> Found:
        """Look for a result, and check every file of it."""
        damaged: tuple[str, ...] = ()
        for folder, frozen in self._places(recipe, key):
            if folder.is_dir():
                found = self._read(folder, key, frozen=frozen)
                if found.manifest is not None:
                    return found
                damaged = found.damaged
        return Found(damaged=damaged)

    def manifests(self, recipe: str) -> Iterator[Manifest]:
        """Yield the results of `recipe` as their manifests tell of them, unchecked."""
        for base, frozen in ((self._assets, True), (self._assets / CACHE, False)):
            for path in sorted((base / recipe).glob(f"*/{MANIFEST}")):
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                    value, _ = _load(path)
                    empty: dict[str, Any] = {"data": {}, "tables": {}}
                    folder = path.parent.relative_to(self._assets).as_posix()
                    yield from_json(value, empty, folder=folder, frozen=frozen)

    def stored(self, manifest: Manifest) -> Stored:
        """Read a result back, as a recipe that needs it is handed it.

        Raises:
            OSError: a file cannot be read.
        """
        folder = self._assets / manifest.folder
        names = [file.name for asset in manifest.assets.values() for file in asset.files.values()]
        return Stored(
            manifest.facts,
            manifest.data,
            manifest.tables,
            {name: (folder / name).read_bytes() for name in names},
        )

    def result_json(self, manifest: Manifest) -> bytes:
        """Return the content of the ``result.json`` of a result.

        Raises:
            OSError: it cannot be read.
        """
        return (self._assets / manifest.folder / RESULT).read_bytes()

    def write(
        self, manifest: Manifest, result_json: bytes, files: Mapping[str, bytes], *, force: bool
    ) -> Manifest:
        """Keep a result, frozen if it was expensive and is no draft.

        Args:
            manifest: the result; its `folder` and `frozen` are filled in here.
            result_json: the content of ``result.json``.
            files: the content of all other files, by name.
            force: replace a sound result of the same key.

        Returns:
            The manifest as stored. If another build stored the result first, that one's.

        Raises:
            OSError: it cannot be written; nothing of it is left.
        """
        provenance = manifest.provenance
        frozen = not manifest.ingredients.draft and provenance.seconds >= self._freeze_after
        recipe = manifest.ingredients.recipe
        places = {kind: folder for folder, kind in self._places(recipe, manifest.key)}
        target = places[frozen]
        manifest = replace(
            manifest, folder=target.relative_to(self._assets).as_posix(), frozen=frozen
        )
        with self._temporary() as partial:
            for name, content in files.items():
                (partial / name).write_bytes(content)
            (partial / RESULT).write_bytes(result_json)
            text = json.dumps(to_json(manifest), indent=1, ensure_ascii=False)
            (partial / MANIFEST).write_text(f"{text}\n", encoding="utf-8", newline="\n")
            target.parent.mkdir(parents=True, exist_ok=True)
            if not force and _rename(partial, target):
                return manifest
            # Somebody was first, or what was there is damaged. One at a time from here.
            with self._lock(f"write-{manifest.key[:16]}"):
                there = self.find(recipe, manifest.key).manifest
                if there is not None and not force:
                    return there
                for folder in places.values():
                    if folder.exists():
                        folder.rename(partial.with_name(f"{partial.name}.{folder.parts[-3]}"))
                if _rename(partial, target):
                    return manifest
                there = self.find(recipe, manifest.key).manifest
                if there is None:
                    raise FileExistsError(f"{manifest.folder} is in the way")
                return there

    @contextlib.contextmanager
    def claim(self, key: str) -> Iterator[bool]:
        """Hold the right to compute `key`; yields False while another build on this machine does.

        The right ends with the process that holds it, however it ends.
        """
        lock = self._lock(key[:16])
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def unused(self, needed: Collection[str]) -> tuple[Unused, ...]:
        """Return all results whose folder (relative to assets) is not among `needed`."""
        found = []
        for base, frozen in ((self._assets, True), (self._assets / CACHE, False)):
            for path in sorted(base.glob(f"[!.]*/*/{MANIFEST}")):
                folder = path.parent
                if folder.relative_to(self._assets).as_posix() not in needed:
                    size = sum(each.stat().st_size for each in folder.iterdir())
                    name = folder.relative_to(self._root).as_posix()
                    found.append(Unused(name, size, frozen))
        return tuple(found)

    def remove(self, unused: Collection[Unused]) -> None:
        """Remove results, and folders of recipes that are left empty."""
        for each in unused:
            folder = self._root / each.folder
            # Renamed first: a result is there as a whole or not at all.
            with self._temporary() as partial:
                folder.rename(partial / "unused")
            with contextlib.suppress(OSError):
                folder.parent.rmdir()

    def sweep(self) -> None:
        """Remove what killed builds left half-written."""
        for lock_file in self._partial.glob("*.lock"):
            lock = FileLock(lock_file)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue  # its writer is alive
            try:
                for folder in self._partial.glob(f"{lock_file.stem}*/"):
                    shutil.rmtree(folder, ignore_errors=True)
                lock_file.unlink(missing_ok=True)
            finally:
                lock.release()

    def _places(self, recipe: str, key: str) -> tuple[tuple[Path, bool], tuple[Path, bool]]:
        name = Path(recipe) / key[:16]
        return (self._assets / name, True), (self._assets / CACHE / name, False)

    def _read(self, folder: Path, key: str, *, frozen: bool) -> Found:
        try:
            value, _ = _load(folder / MANIFEST)
            manifest = from_json(
                value,
                {"data": {}, "tables": {}},
                folder=folder.relative_to(self._assets).as_posix(),
                frozen=frozen,
            )
            if manifest.key != key or key_of(manifest.ingredients) != key:
                return Found(damaged=(MANIFEST,))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return Found(damaged=(MANIFEST,))
        files = [file for asset in manifest.assets.values() for file in asset.files.values()]
        damaged = tuple(sorted({file.name for file in files if not _sound(folder, file)}))
        try:
            result, content = _load(folder / RESULT)
            manifest = replace(manifest, data=result["data"], tables=result["tables"])
        except (OSError, ValueError, KeyError, TypeError):
            return Found(damaged=(*damaged, RESULT))
        if damaged:
            return Found(damaged=damaged)
        if output_of(manifest.facts, content, manifest.assets) != manifest.output:
            return Found(damaged=(f"{MANIFEST} or {RESULT}",))
        return Found(manifest)

    def _lock(self, name: str) -> FileLock:
        self._locks.mkdir(parents=True, exist_ok=True)
        return FileLock(self._locks / f"{name}.lock")

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[Path]:
        """A folder to write in; its lock tells `sweep` that its writer is alive."""
        self._partial.mkdir(parents=True, exist_ok=True)
        name = f"{os.getpid()}-{secrets.token_hex(8)}"
        lock = FileLock(self._partial / f"{name}.lock")
        try:
            with lock:
                (self._partial / name).mkdir()
                yield self._partial / name
        finally:
            for folder in self._partial.glob(f"{name}*/"):
                shutil.rmtree(folder, ignore_errors=True)
            Path(lock.lock_file).unlink(missing_ok=True)


def _load(path: Path) -> tuple[dict[str, Any], bytes]:
    content = path.read_bytes()
    value = json.loads(content)
    if not isinstance(value, dict):
        raise TypeError(f"{path.name} holds no object")
    return value, content


def _sound(folder: Path, file: StoredFile) -> bool:
    try:
        content = (folder / file.name).read_bytes()
    except OSError:
        return False
    return len(content) == file.size and sha256(content) == file.digest


def _rename(source: Path, target: Path) -> bool:
    """Rename a folder; False if the target is there already (POSIX replaces only an empty one)."""
    try:
        source.rename(target)
    except OSError:
        if target.exists():
            return False
        raise
    return True
