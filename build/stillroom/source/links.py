"""Links and images: cross-references, other articles, files of the article's folder, the web."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from markdown_it.token import Token

from stillroom.diagnostics import Location, nearest
from stillroom.source.leftovers import is_address
from stillroom.source.model import Label
from stillroom.source.page import NAME, Page

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_ARTICLE = re.compile(r"\.\./([^/#?]+)(?:/(?:index\.(?:md|html))?)?(?:#(.*))?")


def read_links(page: Page, labels: Mapping[str, Label]) -> None:
    """Resolve the links and images of a page: X001, X005, F002, S002.

    Sets ``meta["xref"]``, ``meta["article"]`` and ``meta["fragment"]``, or ``meta["file"]``.
    """
    for token in page.walk():
        if token.type == "link_open":
            _link(page, token, unquote(str(token.attrs.get("href", ""))), labels)
        elif token.type == "image":
            _image(page, token, unquote(str(token.attrs.get("src", ""))))


def find_name(page: Page, name: str) -> Path | None:
    """The path of a file, if it is in the article's folder."""
    path = page.folder / name
    inside = _exists(path) and path.resolve().is_relative_to(page.folder.resolve())
    return path if inside else None


def find_file(page: Page, name: str, where: Location) -> Path | None:
    """The path of a file in the article's folder; None, and X005, if it is not there."""
    path = find_name(page, name)
    if path is None:
        if _exists(page.folder / name):
            message = f"'{name}' lies outside the article's folder; keep a copy in it"
        else:
            message = f"there is no file '{name}' in the article's folder"
            message += nearest(name, _files(page.folder)) or _advice(name)
        page.error(where, "X005", message)
    return path


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a null character
        return False


def _advice(name: str) -> str:
    if re.match(r"(www\.|[\w-]+\.(com|org|net|io|edu|dev)(/|$))", name):
        return "; a web address begins with https://"
    return ""


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _link(page: Page, token: Token, href: str, labels: Mapping[str, Label]) -> None:
    where = page.start(token)
    if href.startswith("#"):
        name = href[1:]
        token.meta["xref"] = name
        if name not in labels and not page.incomplete:
            message = f"nothing is named '{name}'{nearest(name, labels)}"
            page.error(where, "X001", message)
    elif _SCHEME.match(href):
        return
    elif not href:
        page.error(where, "X005", "the link has no address")
    elif not is_address(href):
        return  # M015
    elif (other := _ARTICLE.fullmatch(href)) and NAME.fullmatch(other[1]):
        token.meta["article"] = other[1]
        if other[2]:
            token.meta["fragment"] = other[2]
        _check_article(page, other[1], where)
    elif href.startswith("/"):
        message = f"'{href}' begins with /; link to ../other/index.md or to a file of the article"
        page.error(where, "X005", message)
    else:
        token.meta["file"] = find_file(page, href.partition("#")[0], where)


def _check_article(page: Page, slug: str, where: Location) -> None:
    siblings = page.folder.parent
    if not (siblings / slug / "index.md").is_file():
        known = {path.parent.name for path in siblings.glob("*/index.md")}
        page.error(where, "X005", f"there is no article '{slug}'{nearest(slug, known)}")


def _image(page: Page, token: Token, source: str) -> None:
    where = page.start(token)
    if not token.content.strip():
        page.error(where, "F002", "the picture has no alternative text; write ![what it shows](…)")
    if _SCHEME.match(source):
        page.error(where, "S002", "the picture is on another host; keep a copy beside the article")
    else:
        token.meta["file"] = find_file(page, source, where)
