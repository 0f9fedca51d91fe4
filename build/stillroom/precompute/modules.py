"""Where the modules of recipes are, and how they are loaded: always from their text as it is now.

Project modules are `stillroom.recipes` and `stillroom.models`, the site's own ``recipes.py`` or
``recipes/`` (imported as ``recipes``), and what lies beside an article (imported as
``articles.<slug>.recipes``). The digest of a recipe's source covers these modules only, so they are
also the only ones a site can add. They are compiled from text at each load: bytecode is trusted by
a time in seconds, and a change within that second would go unseen.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType

from stillroom.settings import PACKAGE

LIBRARY = ("stillroom.recipes", "stillroom.models")
OWN = ("recipes", "articles")


def is_project(name: str) -> bool:
    """Whether `name` is a project module, or would be if there were such a file."""
    parts = name.split(".")
    return parts[0] in OWN or ".".join(parts[:2]) in LIBRARY


def find(name: str, root: Path) -> Path | None:
    """Return the file of the project module `name` in the site at `root`, or None."""
    place = _place(name, root)
    if place is None:
        return None
    for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if file.is_file():
            return file
    return None


def load(name: str, root: Path, texts: Mapping[str, str]) -> ModuleType:
    """Import the module `name`, so that it and what it imports run as their text is now.

    Args:
        name: a project module.
        root: the site's folder.
        texts: the SHA-256 of the files of `name` and of all project modules it imports.
    """
    if _finder.root != root or any(
        module in sys.modules and _loaded.get(module) != digest for module, digest in texts.items()
    ):
        for module in [module for module in sys.modules if is_project(module)]:
            del sys.modules[module]
        _loaded.clear()
    _finder.root = root
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    importlib.invalidate_caches()
    return importlib.import_module(name)


def loaded_texts() -> Mapping[str, str]:
    """Return the SHA-256 of the file of each project module that `load` has run."""
    return dict(_loaded)


def _place(name: str, root: Path) -> Path | None:
    """Where the module would be, without ``.py``."""
    if not is_project(name):
        return None
    parts = name.split(".")
    return root.joinpath(*parts) if parts[0] in OWN else PACKAGE.joinpath(*parts[1:])


_loaded: dict[str, str] = {}  # mirrors sys.modules, which is a global of the process too


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        data = self.get_data(self.path)
        _loaded[fullname] = hashlib.sha256(data).hexdigest()
        code: CodeType = self.source_to_code(data, self.path)
        return code


class _Finder(importlib.abc.MetaPathFinder):
    root: Path | None = None

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        place = _place(fullname, self.root) if self.root else None
        if place is None or self.root is None:
            return None
        file = find(fullname, self.root)
        if file is not None:
            return importlib.util.spec_from_file_location(
                fullname,
                file,
                loader=_Loader(fullname, str(file)),
                submodule_search_locations=[str(place)] if file.name == "__init__.py" else None,
            )
        if not place.is_dir():
            return None
        folder = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
        folder.submodule_search_locations = [str(place)]
        return folder


_finder = _Finder()
