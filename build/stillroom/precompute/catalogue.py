"""The catalogue: which recipes there are, what they ask for, and whether a figure's values fit.

Recipes are found in the text of modules, without importing any. What a recipe asks for does need
its module, and with it torch; but the answer depends only on the digest of the recipe's source and
on what the author wrote, so it is remembered in ``.stillroom/catalogue.json``.
"""

from __future__ import annotations

import hashlib
import platform
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from stillroom.diagnostics import Diagnostic, Location, StillroomError, nearest
from stillroom.precompute import parameters
from stillroom.precompute.closure import Module, Sources, UnreadableModuleError
from stillroom.precompute.key import UnknownValueError, digest
from stillroom.precompute.modules import find, load
from stillroom.precompute.parameters import Checked, Parameter, Problem, RecipeError
from stillroom.recipe import Recipe
from stillroom.scratch import read_json, write_json
from stillroom.settings import PACKAGE, Settings

REMEMBERED = 5000  # answers; the oldest are forgotten first


class UnknownRecipeError(StillroomError):
    """No recipe has that name."""


class BrokenRecipeError(StillroomError):
    """A module of recipes cannot be used; `diagnostic` says where and why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class Entry:
    """A recipe found in a text: the article it belongs to ("": all), where it is defined."""

    name: str
    article: str
    module: str
    function: str
    location: Location
    doc: str


@dataclass(frozen=True, slots=True)
class Description:
    """A recipe as a plan and a reader need it.

    `source` maps each module that shapes its results to the digest of its normalised text, and
    `texts` the same modules to the digest of their files.
    """

    name: str
    module: str
    function: str
    location: Location
    doc: str
    view: str
    cost: str
    draft: Mapping[str, Any]
    packages: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    source: Mapping[str, str]
    texts: Mapping[str, str]

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.doc.partition("\n")[0]

    @property
    def upstreams(self) -> Mapping[str, str]:
        """The recipes whose results it takes, by parameter."""
        return {each.name: each.upstream for each in self.parameters if each.upstream}


class Catalogue:
    """The recipes of a site as they are now; make a new one for each build.

    Attributes:
        problems: what is wrong with modules of recipes (F018, F019), by the article they belong
            to ("": all).
    """

    def __init__(self, settings: Settings) -> None:
        self._root = settings.root
        self._memo_path = settings.scratch / "catalogue.json"
        memo = read_json(self._memo_path)
        if memo.get("engine") != _engine():
            memo = {}
        self._modules: dict[str, Any] = memo.get("modules", {})
        self._answers: dict[str, Any] = memo.get("answers", {})
        self._asked: dict[str, Any] = {}
        self._before = dict(self._modules)
        self._sources = Sources(settings.root, self._modules)
        self._closures: dict[str, Mapping[str, Module]] = {}
        self.problems: list[tuple[str, Diagnostic]] = []
        self._entries: dict[tuple[str, str], Entry] = {}
        for article, name, path in _recipe_modules(settings):
            self._discover(article, name, path)

    def names(self, article: str = "") -> tuple[str, ...]:
        """Return the names of all recipes that `article` may use, sorted."""
        return tuple(sorted(name for owner, name in self._entries if owner in {"", article}))

    def find(self, name: str, article: str = "") -> Entry:
        """Return where the recipe `name` is, without importing it.

        Raises:
            UnknownRecipeError: `article` may use no recipe of that name.
        """
        entry = self._entries.get((article, name)) or self._entries.get(("", name))
        if entry is None:
            raise UnknownRecipeError(f"unknown recipe '{name}'{nearest(name, self.names(article))}")
        return entry

    def describe(self, name: str, article: str = "") -> Description:
        """Return what the recipe `name` asks for and gives.

        Raises:
            UnknownRecipeError: `article` may use no recipe of that name.
            BrokenRecipeError: its module cannot be imported, or it is declared wrongly.
        """
        entry = self.find(name, article)
        closure = self._closure(entry)
        source = {module.name: module.digest for module in closure.values()}
        question = digest(["describe", entry.module, entry.function, source])
        answer = self._asked.get(question) or self._answers.get(question)
        if answer is None:
            answer = _remember_description(self._load(entry), entry)
        self._asked[question] = answer
        docs = parameters.argument_docs(entry.doc)
        return Description(
            name=name,
            module=entry.module,
            function=entry.function,
            location=entry.location,
            doc=entry.doc,
            view=answer["view"],
            cost=answer["cost"],
            draft=answer["draft"],
            packages=tuple(answer["packages"]),
            parameters=tuple(
                Parameter(**{**each, "doc": docs.get(each["name"], "")})
                for each in answer["parameters"]
            ),
            source=source,
            texts={module.name: module.text for module in closure.values()},
        )

    def check(self, name: str, raw: Mapping[str, Any], article: str = "") -> Checked:
        """Validate the values an author wrote for `name`, without those for upstreams.

        Raises:
            UnknownRecipeError, BrokenRecipeError: as for `describe`.
        """
        entry = self.find(name, article)
        source = {module.name: module.digest for module in self._closure(entry).values()}
        try:
            question = digest(["check", entry.module, entry.function, source, raw])
        except UnknownValueError:  # NaN, a date: wrong, and said so below
            question = ""
        answer = self._asked.get(question) or self._answers.get(question)
        if answer is None:
            try:
                answer = asdict(parameters.check(self._load(entry), raw))
            except RecipeError as error:
                raise _broken(entry, error) from error
        if question:
            self._asked[question] = answer
        return Checked(
            answer["params"],
            tuple(answer["images"]),
            tuple(Problem(**each) for each in answer["problems"]),
        )

    def save(self) -> None:
        """Remember all answers for the next run."""
        kept = {name: value for name, value in self._answers.items() if name not in self._asked}
        answers = dict(list({**kept, **self._asked}.items())[-REMEMBERED:])
        if answers.keys() != self._answers.keys() or self._modules != self._before:
            modules = dict(list(self._modules.items())[-REMEMBERED:])
            write_json(
                self._memo_path, {"engine": _engine(), "modules": modules, "answers": answers}
            )

    def _discover(self, article: str, name: str, path: Path) -> None:
        try:
            module = self._sources.read(name)
        except UnreadableModuleError as error:
            location = Location(self._shown(error.path), error.line, error.column)
            self.problems.append((article, Diagnostic(location, "F018", str(error))))
            return
        for declared in module.recipes if module else ():
            location = Location(self._shown(path), declared.line)
            entry = Entry(declared.name, article, name, declared.function, location, declared.doc)
            known = self._entries.get((article, entry.name)) or self._entries.get(("", entry.name))
            if known is None:
                self._entries[article, entry.name] = entry
            else:
                message = f"the recipe '{entry.name}' is already defined at {known.location}"
                self.problems.append((article, Diagnostic(location, "F019", message)))

    def _closure(self, entry: Entry) -> Mapping[str, Module]:
        if entry.module not in self._closures:
            try:
                self._closures[entry.module] = self._sources.closure(entry.module)
            except UnreadableModuleError as error:
                location = Location(self._shown(error.path), error.line, error.column)
                raise BrokenRecipeError(Diagnostic(location, "F018", str(error))) from error
        return self._closures[entry.module]

    def _load(self, entry: Entry) -> Recipe[Any]:
        closure = self._closure(entry)
        texts = {module.name: module.text for module in closure.values()}
        try:
            module = load(entry.module, self._root, texts)
        except (Exception, SystemExit) as error:  # whatever the author's module raises
            files = {str(module.path): self._shown(module.path) for module in closure.values()}
            frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
            location = (
                Location(files[frames[-1].filename], frames[-1].lineno or 1)
                if frames
                else Location(entry.location.path)
            )
            message = (
                f"cannot be imported: {type(error).__name__}: {error}{self._advice(entry, error)}"
            )
            raise BrokenRecipeError(Diagnostic(location, "F018", message)) from error
        found = getattr(module, entry.function, None)
        if not isinstance(found, Recipe):
            raise _broken(entry, RecipeError(f"'{entry.function}' is not a recipe"))
        return found

    def _advice(self, entry: Entry, error: BaseException) -> str:
        """What to do about a module that lies beside the recipe but was asked for by name alone."""
        name = error.name if isinstance(error, ModuleNotFoundError) else None
        package = entry.module.rpartition(".")[0]
        beside = name and find(f"{package}.{name}", self._root)
        return f"; write: from . import {name}" if beside else ""

    def _shown(self, path: Path) -> str:
        return shown(path, self._root)


def shown(path: Path, root: Path) -> str:
    """Return a module's file as a message names it: relative to the site, or to the package."""
    for base in (root, PACKAGE.parent):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.name


def _recipe_modules(settings: Settings) -> Iterator[tuple[str, str, Path]]:
    """Article ("": all), name and file of each module that may define recipes, in a fixed order."""
    yield from (("", *each) for each in _below(PACKAGE / "recipes", "stillroom.recipes"))
    own = settings.root / "recipes"
    if (settings.root / "recipes.py").is_file() and not (own / "__init__.py").is_file():
        yield "", "recipes", settings.root / "recipes.py"
    else:
        yield from (("", *each) for each in _below(own, "recipes"))
    for path in sorted(settings.articles.glob("*/recipes.py")):
        slug = path.parent.name
        yield slug, f"articles.{slug}.recipes", path


def _below(folder: Path, package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        yield ".".join([package, *parts]), path


def _remember_description(recipe: Recipe[Any], entry: Entry) -> dict[str, Any]:
    try:
        described = parameters.parameters(recipe)
        digest(recipe.draft)
    except (RecipeError, UnknownValueError) as error:
        raise _broken(entry, error) from error
    return {
        "view": recipe.view,
        "cost": recipe.cost,
        "draft": recipe.draft,
        "packages": list(recipe.packages),
        "parameters": [asdict(each) for each in described],
    }


def _broken(entry: Entry, error: Exception) -> BrokenRecipeError:
    return BrokenRecipeError(Diagnostic(entry.location, "F018", str(error)))


def _engine() -> str:
    """What the answers depend on beside their questions."""
    here = Path(__file__).parent
    files = [here / f"{name}.py" for name in ("catalogue", "closure", "parameters", "key")]
    digests = [hashlib.sha256(each.read_bytes()).hexdigest() for each in files]
    digests.append(hashlib.sha256((PACKAGE / "recipe.py").read_bytes()).hexdigest())
    return digest([*digests, platform.python_version(), metadata.version("pydantic")])
