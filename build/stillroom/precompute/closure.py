"""The digest of a recipe's source: its module and, transitively, the project modules it imports.

Comments, docstrings and blank lines do not count. They are cut out of the text by their place, and
nothing else is touched, so that the digest is the same for every version of Python.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from stillroom.precompute.modules import find, is_project


@dataclass(frozen=True, slots=True)
class Declared:
    """A recipe found in a text: its name on a page, function, line of ``def``, documentation."""

    name: str
    function: str
    line: int
    doc: str


@dataclass(frozen=True, slots=True)
class Module:
    """What the text of one module says.

    `text` is the SHA-256 of the file, `digest` that of its normalised text; `imports` are the
    project modules it may import (perhaps attributes, perhaps missing).
    """

    name: str
    path: Path
    text: str
    digest: str
    imports: tuple[str, ...]
    recipes: tuple[Declared, ...]


class UnreadableModuleError(Exception):
    """The module at `path` is not Python; `line` and `column` count from 1."""

    def __init__(self, path: Path, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.path = path
        self.line = line
        self.column = column


class Sources:
    """The project modules of one site, each read once: a snapshot.

    Args:
        root: the site's folder.
        memo: what earlier snapshots found, by name and text; new findings are added to it.
    """

    def __init__(self, root: Path, memo: dict[str, Any] | None = None) -> None:
        self._root = root
        self._memo = {} if memo is None else memo
        self._read: dict[str, Module | None] = {}

    def read(self, name: str) -> Module | None:
        """Return what the module `name` says, or None if there is no such module.

        Raises:
            UnreadableModuleError: its text is not Python.
        """
        if name not in self._read:
            path = find(name, self._root)
            self._read[name] = None if path is None else self._parse(name, path)
        return self._read[name]

    def closure(self, name: str) -> Mapping[str, Module]:
        """Return `name`, its parent packages and all that these import, transitively, by name.

        Raises:
            UnreadableModuleError: the text of one of them is not Python.
        """
        found: dict[str, Module] = {}
        wanted = [name]
        seen = set(wanted)
        while wanted:
            module = self.read(wanted.pop())
            if module is not None:
                found[module.name] = module
            for each in (*_parents(name), *(module.imports if module else ())):
                for candidate in (each, *_parents(each)):
                    if candidate not in seen:
                        seen.add(candidate)
                        wanted.append(candidate)
        return {key: found[key] for key in sorted(found)}

    def _parse(self, name: str, path: Path) -> Module:
        content = path.read_bytes()
        text = hashlib.sha256(content).hexdigest()
        memo_key = f"{name} {text}"
        known = self._memo.get(memo_key)
        if known is None:
            known = self._memo[memo_key] = _read_text(name, path, content)
        return Module(
            name,
            path,
            text,
            known["digest"],
            tuple(known["imports"]),
            tuple(Declared(*each) for each in known["recipes"]),
        )


def normalise(text: str) -> str:
    """Return Python `text` without comments, docstrings and blank lines.

    Strings stay as they are, also where they hold blank lines or a ``#``.

    Raises:
        SyntaxError: the text is not Python.
    """
    return _normalise(text, ast.parse(text))


@lru_cache(maxsize=1024)
def _read_text(name: str, path: Path, content: bytes) -> Mapping[str, Any]:
    """What a module's text says, in plain values; many sites of one process share the library."""
    try:
        text = importlib.util.decode_source(content)
        tree = ast.parse(text)
        digest = hashlib.sha256(_normalise(text, tree).encode()).hexdigest()
    except SyntaxError as error:
        raise UnreadableModuleError(
            path, error.lineno or 1, error.offset or 1, f"not valid Python: {error.msg}"
        ) from error
    except ValueError as error:  # undecodable bytes, null bytes
        raise UnreadableModuleError(path, 1, 1, f"not valid Python: {error}") from error
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return {
        "digest": digest,
        "imports": sorted({each for each in _imports(tree, package) if is_project(each)}),
        "recipes": [
            [node.name.replace("_", "-"), node.name, node.lineno, ast.get_docstring(node) or ""]
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and any(map(_is_recipe, node.decorator_list))
        ],
    }


def _is_recipe(decorator: ast.expr) -> bool:
    """Whether it is ``@recipe(...)`` or ``@stillroom.recipe(...)``, with brackets or without."""
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return (isinstance(called, ast.Name) and called.id == "recipe") or (
        isinstance(called, ast.Attribute) and called.attr == "recipe"
    )


def _imports(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            if node.level > len(parts):
                continue  # climbs out of its package: Python refuses it too
            base = [*parts[: len(parts) - node.level + 1]] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _normalise(text: str, tree: ast.Module) -> str:
    lines = text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)

    docstrings = sorted(
        (
            starts[node.lineno - 1] + _characters(lines[node.lineno - 1], node.col_offset),
            starts[(node.end_lineno or 1) - 1]
            + _characters(lines[(node.end_lineno or 1) - 1], node.end_col_offset or 0),
        )
        for node in _docstrings(tree)
    )
    comments, strings = _comments_and_strings(text, starts)
    spans = [(start, end, "") for start, end in (*docstrings, *comments)]
    kept = [
        span
        for span in strings
        if not any(start <= span[0] and span[1] <= end for start, end in docstrings)
    ]
    # A string is a placeholder while blank lines and trailing spaces are cut: source has no NUL.
    spans += [(start, end, f"\0{index}\0") for index, (start, end) in enumerate(kept)]

    pieces = []
    position = 0
    for start, end, instead in sorted(spans):
        if start < position:
            continue  # a comment within a string that a newer Python tokenises in parts
        pieces += [text[position:start], instead]
        position = end
    pieces.append(text[position:])
    code = "\n".join(line.rstrip() for line in "".join(pieces).split("\n") if line.strip())
    parts = code.split("\0")
    parts[1::2] = [text[slice(*kept[int(index)])] for index in parts[1::2]]
    return "".join(parts)


def _characters(line: str, offset: int) -> int:
    """`ast` counts columns in UTF-8 bytes."""
    return len(line.encode()[:offset].decode())


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                yield first.value


def _comments_and_strings(
    text: str, starts: list[int]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    comments = []
    strings = []
    opened: list[
        int
    ] = []  # newer Pythons tokenise an f-string in parts, between a start and an end
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        start = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        if kind.endswith("STRING_START"):
            opened.append(start)
        elif kind.endswith("STRING_END"):
            begun = opened.pop()
            if not opened:
                strings.append((begun, end))
        elif opened:
            continue
        elif kind == "COMMENT":
            comments.append((start, end))
        elif kind == "STRING":
            strings.append((start, end))
    return comments, strings
