"""The finished site: S001 dead links, S002 other hosts, S003 alt, S004 weight, S005 ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser

from stillroom.diagnostics import Diagnostics, Location, nearest
from stillroom.settings import Settings

# What a page loads by itself; <a> and <link rel=canonical> only point.
_LOADS = {
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "track": ("src",),
    "script": ("src",),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "link": ("href",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "template": ("data-src",),
}
_POINTS = {"canonical", "alternate", "license", "author", "help", "next", "prev", "me"}
_CSS_URL = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])([^"')]+)""")


@dataclass(frozen=True, slots=True)
class _Load:
    """One address that a page loads; at once, unless it waits for the reader."""

    address: str
    at_once: bool


class _Page:
    """A page of the site, parsed once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.tree = LexborHTMLParser(self.text)

    @cached_property
    def ids(self) -> Counter[str]:
        """Every id and how often it is used."""
        return Counter(node.attributes["id"] or "" for node in self.tree.css("[id]"))

    def links(self) -> Iterator[str]:
        """What ``<a>`` and ``<area>`` point at."""
        for node in self.tree.css("a[href], area[href]"):
            yield node.attributes["href"] or ""

    def loads(self) -> Iterator[_Load]:
        """What the page loads: elements, ``style`` attributes and ``<style>``."""
        for node in self.tree.css(",".join(_LOADS)):
            values = node.attributes
            if node.tag == "link" and set((values.get("rel") or "").split()) & _POINTS:
                continue
            waits = values.get("loading") == "lazy" or node.tag == "template"
            for name in _LOADS[node.tag or ""]:
                text = values.get(name) or ""
                parts = [each.split()[0] for each in text.split(",") if each.strip()]
                for address in parts if name == "srcset" else [text]:
                    # A film loads its head only; its poster is loaded at once.
                    at_once = not waits and not (node.tag == "video" and name == "src")
                    if address:
                        yield _Load(address, at_once)
        styles = [node.text() for node in self.tree.css("style")]
        styles += [node.attributes["style"] or "" for node in self.tree.css("[style]")]
        for style in styles:
            for address in _CSS_URL.findall(style):
                yield _Load(address, True)

    def line(self, text: str) -> int:
        """The first line that has `text`, as it stands or escaped; 1 if none has."""
        for each in (text, text.replace("&", "&amp;")):
            at = self.text.find(each)
            if at >= 0:
                return self.text.count("\n", 0, at) + 1
        return 1


def check_site(
    folder: Path,
    settings: Settings,
    diagnostics: Diagnostics,
    *,
    left_out: Collection[str] = (),
) -> None:
    """Check every page and stylesheet in `folder`, a finished site.

    A link to an article that was `left_out` (slugs) leads to an earlier page, or to none yet: what
    is wrong with it is a warning.
    """
    folder = folder.resolve()
    pages = {path: _Page(path) for path in sorted(folder.rglob("*.html"))}
    waiting = {folder / "articles" / slug / "index.html" for slug in left_out}
    for page in pages.values():
        _Checker(page, pages, folder, settings, diagnostics, waiting=waiting).check()
    for path in sorted(folder.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        for match in _CSS_URL.finditer(text):
            if _external(match[1]):
                place = Location(_shown(path, settings), text.count("\n", 0, match.start()) + 1)
                diagnostics.error(place, "S002", f"'{match[1]}' is on another host")


class _Checker:
    """Checks one page."""

    def __init__(
        self,
        page: _Page,
        pages: dict[Path, _Page],
        folder: Path,
        settings: Settings,
        diagnostics: Diagnostics,
        *,
        waiting: Collection[Path],
    ) -> None:
        self._page = page
        self._waiting = waiting
        self._pages = pages
        self._folder = folder
        self._settings = settings
        self._diagnostics = diagnostics

    def check(self) -> None:
        """Apply every rule."""
        for href in self._page.links():
            if not urlsplit(href).scheme and not href.startswith("//"):
                self._check_target(href)
        loads = list(self._page.loads())
        for load in loads:
            if _external(load.address):
                self._error("S002", load.address, f"'{load.address}' is on another host")
            elif not load.address.startswith(("data:", "#")):
                self._check_target(load.address)
        for image in self._page.tree.css("img:not([alt])"):
            source = image.attributes.get("src") or ""
            self._error("S003", source, f"<img src={source!r}> has no alt")
        for name, count in self._page.ids.items():
            if count > 1:
                self._error("S005", f'id="{name}"', f"{count} elements have the id '{name}'")
        self._check_weight(loads)

    def _check_target(self, href: str) -> None:
        parts = urlsplit(href)
        target = self._file(parts.path)
        record = self._diagnostics.error
        if (self._page.path.parent / unquote(parts.path)).resolve() in self._waiting:
            record = self._diagnostics.warning
        if target is None:
            self._record(record, "S001", href, f"'{href}' is not a file of the site")
        elif parts.fragment and target in self._pages:
            # State may follow the anchor: #fig-waves&components=100
            anchor = unquote(parts.fragment.partition("&")[0])
            ids = self._pages[target].ids
            if "=" not in anchor and anchor not in ids and anchor != "top":
                where = "this page" if target == self._page.path else parts.path
                hint = nearest(anchor, ids)
                self._record(record, "S001", href, f"there is no '{anchor}' in {where}{hint}")

    def _file(self, path: str) -> Path | None:
        """The file of the site that `path` names from this page, or None."""
        if not path:
            return self._page.path
        if path.startswith("/"):
            return None
        target = (self._page.path.parent / unquote(path)).resolve()
        return target if target.is_relative_to(self._folder) and target.is_file() else None

    def _check_weight(self, loads: list[_Load]) -> None:
        files = {
            target
            for load in loads
            if load.at_once and not urlsplit(load.address).scheme
            if (target := self._file(urlsplit(load.address).path)) is not None
        }
        weight = sum(path.stat().st_size for path in files | {self._page.path})
        if weight > self._settings.page_budget:
            heaviest = max(files | {self._page.path}, key=lambda path: path.stat().st_size)
            self._error(
                "S004",
                "",
                f"the page weighs {weight / 1e6:.1f} MB, its budget is "
                f"{self._settings.page_budget / 1e6:.1f} MB; the heaviest file is {heaviest.name}",
            )

    def _error(self, code: str, text: str, message: str) -> None:
        self._record(self._diagnostics.error, code, text, message)

    def _record(
        self, record: Callable[[Location, str, str], None], code: str, text: str, message: str
    ) -> None:
        place = Location(_shown(self._page.path, self._settings), self._page.line(text))
        record(place, code, message)


def _external(address: str) -> bool:
    return address.startswith("//") or urlsplit(address).scheme not in {"", "data", "blob"}


def _shown(path: Path, settings: Settings) -> str:
    root = settings.root.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
