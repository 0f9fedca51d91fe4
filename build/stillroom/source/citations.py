"""Citations in the text, matched with the entries of the bibliography."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stillroom.diagnostics import Location, nearest
from stillroom.settings import Settings
from stillroom.source.bibliography import format_entries
from stillroom.source.bibtex import BibEntry, read_bibtex, to_csl
from stillroom.source.links import find_name
from stillroom.source.model import CitationItem, FrontMatter, Reference
from stillroom.source.page import Page, inside

DEFAULT = "references.bib"


def read_citations(
    page: Page, front: FrontMatter | None, fields: Mapping[str, Location], settings: Settings
) -> tuple[tuple[str, ...], dict[str, Reference]]:
    """Read all citations of a page and the bibliography. Records C001 to C005.

    Sets ``meta["items"]`` of citations.

    Returns:
        The keys in order of first use, and a reference for each of them.
    """
    entries = _read_bibliography(page, front, fields, settings)
    cited: dict[str, None] = {}
    for token in page.walk():
        if token.type != "citation":
            continue
        works = token.meta.pop("works")
        token.meta["items"] = tuple(
            CitationItem(key, locator or "", prefix, inside(token, offset))
            for key, locator, prefix, offset in works
        )
        for item in token.meta["items"]:
            if entries is None or item.key in entries:
                cited.setdefault(item.key)
            else:
                _report_unknown(page, item, entries)
    if entries is None:
        return tuple(cited), {}
    for key in entries.keys() - cited.keys():
        page.warning(entries[key].location, "C004", f"'{key}' is never cited")
    csl = {key: to_csl(entry) for key in cited if (entry := entries[key].entry) is not None}
    formatted = format_entries(csl, settings)
    references = {
        key: Reference(key, csl[key], formatted[key], entries[key].location) for key in csl
    }
    return tuple(cited), references


def _report_unknown(page: Page, item: CitationItem, entries: Mapping[str, BibEntry]) -> None:
    if entries:
        message = f"unknown citation key '{item.key}'{nearest(item.key, entries)}"
    else:
        message = f"'{item.key}' is cited, but the article has no bibliography"
    page.error(item.location, "C003", message)


def _read_bibliography(
    page: Page, front: FrontMatter | None, fields: Mapping[str, Location], settings: Settings
) -> dict[str, BibEntry] | None:
    """The entries; None if the file cannot be read, so that no key can be called unknown."""
    if front is None:
        return None
    name = front.bibliography or DEFAULT
    where = fields.get("bibliography", page.at(1))
    found = find_name(page, name)
    if found is None:
        if not front.bibliography:
            return {}
        files = [file.name for file in page.folder.glob("*.bib")]
        message = f"there is no file '{name}' in the article's folder{nearest(name, files)}"
        page.error(where, "C001", message)
        return None
    return _read_file(page, found, where, settings)


def _read_file(
    page: Page, path: Path, where: Location, settings: Settings
) -> dict[str, BibEntry] | None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        page.error(where, "A007", f"'{path.name}' is not UTF-8 text")
        return None
    name = path.relative_to(settings.root).as_posix()
    return read_bibtex(text, name, page.diagnostics)
