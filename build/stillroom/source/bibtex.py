"""BibTeX to CSL-JSON, each entry with the line it stands on."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from bibtexparser.entrypoint import parse_string
from bibtexparser.exceptions import BlockAbortedException
from bibtexparser.middlewares import MonthIntMiddleware, SeparateCoAuthors, SplitNameParts
from bibtexparser.middlewares.names import NameParts
from bibtexparser.model import (
    DuplicateBlockKeyBlock,
    DuplicateFieldKeyBlock,
    Entry,
    ImplicitComment,
    ParsingFailedBlock,
    String,
)
from pylatexenc.latex2text import LatexNodes2Text

from stillroom.diagnostics import Diagnostics, Location

_TYPES = {
    "article": "article-journal",
    "book": "book",
    "booklet": "pamphlet",
    "conference": "paper-conference",
    "dataset": "dataset",
    "inbook": "chapter",
    "incollection": "chapter",
    "inproceedings": "paper-conference",
    "manual": "book",
    "mastersthesis": "thesis",
    "online": "webpage",
    "phdthesis": "thesis",
    "proceedings": "book",
    "report": "report",
    "software": "software",
    "techreport": "report",
    "thesis": "thesis",
    "unpublished": "manuscript",
}
# CSL variable: the BibTeX fields that give it, the first that is present.
_FIELDS = {
    "title": ("title",),
    "container-title": ("journal", "journaltitle", "booktitle"),
    "collection-title": ("series",),
    "collection-number": ("number",),
    "publisher": ("publisher", "school", "institution", "organization", "howpublished"),
    "publisher-place": ("address", "location"),
    "volume": ("volume",),
    "issue": ("number", "issue"),
    "edition": ("edition",),
    "genre": ("type",),
    "version": ("version",),
    "note": ("note",),
    "ISBN": ("isbn",),
    "ISSN": ("issn",),
}
_GENRES = {"phdthesis": "PhD thesis", "mastersthesis": "Master's thesis"}
_DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
# Braces that protect capitals, with the rest of the word: no argument of a command.
_PROTECTED = re.compile(r"(?<![\\A-Za-z])\{([^{}\\$]+)\}(\w*)")
_LIGATURES = {"~": "\u00a0", "---": "—", "--": "–", "``": "“", "''": "”", "{": "", "}": ""}
_LIGATURE = re.compile("|".join(re.escape(mark) for mark in _LIGATURES))
_ENTRY_KEY = re.compile(r"@\w+\s*[{(]\s*([^\s,{}]+)\s*,")
_ENTRY_START = re.compile(r"^[ \t]*@[A-Za-z]+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BibEntry:
    """One entry as parsed, None if it could not be; `to_csl` makes it CSL-JSON."""

    key: str
    entry: Entry | None
    location: Location


def read_bibtex(text: str, path: str, diagnostics: Diagnostics) -> dict[str, BibEntry]:
    """Read a BibTeX file.

    Args:
        text: its content.
        path: for places.
        diagnostics: where C002 and C005 are recorded.

    Returns:
        The entries by key, also of those that cannot be read.
    """
    # The parser also logs what it could not read; all of that is in the blocks below.
    logger = logging.getLogger("bibtexparser")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        library = parse_string(
            text,
            append_middleware=[MonthIntMiddleware(), SeparateCoAuthors(), SplitNameParts()],
        )
    finally:
        logger.setLevel(level)
    entries: dict[str, BibEntry] = {}
    for block in library.blocks:
        where = Location(path, (block.start_line or 0) + 1)
        if isinstance(block, Entry):
            if not block.key:
                diagnostics.error(where, "C002", "the entry has no key")
                continue
            if not block.get("title"):
                diagnostics.error(where, "C002", f"the entry '{block.key}' has no title")
            entries[block.key] = BibEntry(block.key, block, where)
        elif isinstance(block, DuplicateBlockKeyBlock):
            _report_duplicate(block, where, diagnostics)
        elif isinstance(block, ParsingFailedBlock):
            diagnostics.error(where, "C002", f"the entry cannot be read: {_reason(block)}")
            # Its key, so that citations of it are not called unknown as well.
            if key := _ENTRY_KEY.match(block.raw or ""):
                entries.setdefault(key[1], BibEntry(key[1], None, where))
        elif isinstance(block, ImplicitComment) and (lost := _ENTRY_START.search(block.comment)):
            line = where.line + block.comment.count("\n", 0, lost.start())
            message = f"'{lost[0].strip()}' begins an entry, but no {{ follows"
            diagnostics.error(Location(path, line), "C002", message)
    return entries


def _report_duplicate(
    block: DuplicateBlockKeyBlock, where: Location, diagnostics: Diagnostics
) -> None:
    first = (block.previous_block.start_line or 0) + 1
    kind = "string" if isinstance(block.ignore_error_block, String) else "key"
    message = f"the {kind} '{block.key}' is already used on line {first}"
    diagnostics.error(where, "C005", message)


def _reason(block: ParsingFailedBlock) -> str:
    if isinstance(block, DuplicateFieldKeyBlock):
        return f"a field is given twice ({', '.join(sorted(block.duplicate_keys))})"
    if isinstance(block.error, BlockAbortedException):
        return " ".join(block.error.abort_reason.split()).rstrip(". ")
    return str(block.error).partition("\n")[0] or type(block.error).__name__


def to_csl(entry: Entry) -> dict[str, Any]:
    """Convert one parsed entry to CSL-JSON."""
    fields = {field.key.lower(): field.value for field in entry.fields}
    kind = entry.entry_type.lower()
    default = "webpage" if "url" in fields and "journal" not in fields else "article"
    csl: dict[str, Any] = {"id": entry.key, "type": _TYPES.get(kind, default)}
    for role in ("author", "editor"):
        if isinstance(fields.get(role), list):
            csl[role] = [_name(person) for person in fields[role]]
    for variable, names in _FIELDS.items():
        for name in names:
            text = _text(fields.get(name, ""), protect=variable == "title")
            if text:
                csl[variable] = text
                break
    # BibTeX numbers issues, reports and volumes of a series alike.
    series = kind in {"book", "inbook", "incollection", "inproceedings", "proceedings"}
    csl.pop("issue" if series else "collection-number", None)
    if kind in _GENRES:
        csl.setdefault("genre", _GENRES[kind])
    if issued := _issued(fields):
        csl["issued"] = {"date-parts": [issued]}
    if pages := _text(fields.get("pages", "")):
        csl["page"] = re.sub(r"\s*[-–—]+\s*", "–", pages)
    if doi := _plain(fields.get("doi", "")):
        csl["DOI"] = quote(_DOI.sub("", doi), safe="/:;()._-+,@!*'=~")
    if url := _url(fields):
        csl["URL"] = url
    return csl


def _name(person: NameParts) -> dict[str, str]:
    family = " ".join(person.last)
    if family == "others" and not person.first:
        return {"literal": "et al."}
    if family.startswith("{") and family.endswith("}") and not person.first:
        return {"literal": _text(" ".join([*person.von, family]))}
    parts = {
        "given": " ".join(person.first),
        "non-dropping-particle": " ".join(person.von),
        "family": family,
        "suffix": " ".join(person.jr),
    }
    return {name: text for name, part in parts.items() if (text := _text(part))}


def _issued(fields: Mapping[str, Any]) -> list[int]:
    """Year, and month and day if known."""
    date = re.match(r"\s*(\d{4})(?:-(\d\d))?(?:-(\d\d))?", str(fields.get("date", "")))
    if date:
        return [int(part) for part in date.groups() if part]
    year = re.search(r"\d{4}", str(fields.get("year", "")))
    if year is None:
        return []
    month = fields.get("month")
    return [int(year[0]), *([month] if isinstance(month, int) and 1 <= month <= 12 else [])]


def _url(fields: Mapping[str, Any]) -> str:
    """The address of a work; that of a preprint from its number."""
    url = _plain(fields.get("url", ""))
    if url.startswith(("https://", "http://")):
        return url
    archive = str(fields.get("archiveprefix", fields.get("eprinttype", ""))).lower()
    eprint = _plain(fields.get("eprint", ""))
    return f"https://arxiv.org/abs/{eprint}" if eprint and archive == "arxiv" else ""


def _plain(value: Any) -> str:
    """A field in which LaTeX means nothing but escapes, such as an address."""
    text = re.sub(r"\\url\s*\{(.*)\}", r"\1", str(value))
    return re.sub(r"\\([_%#&$~])", r"\1", text).strip("{} \t\n")


def _text(value: Any, *, protect: bool = False) -> str:
    r"""Readable text of a field with LaTeX: accents, dashes and commands resolved, braces gone.

    With `protect`, words in braces keep their case in styles that change it.
    """
    latex = re.sub(r"(?<!\\)%", r"\\%", str(value))
    latex = re.sub(r"\\url\s*\{([^{}]*)\}", r"\1", latex)
    if not protect:
        return _decode(latex)
    parts, position = [], 0
    for found in _PROTECTED.finditer(latex):
        parts += [
            _decode(latex[position : found.start()], strip=False),
            f'<span class="nocase">{_decode(found[1])}{found[2]}</span>',
        ]
        position = found.end()
    parts.append(_decode(latex[position:], strip=False))
    return " ".join("".join(parts).split())


def _decode(latex: str, *, strip: bool = True) -> str:
    if "\\" in latex or "$" in latex:
        text = str(_decoder().latex_to_text(latex, tolerant_parsing=True))
    else:
        text = _LIGATURE.sub(lambda mark: _LIGATURES[mark[0]], latex)
    return re.sub(r"[ \t\n]+", " ", text).strip() if strip else text


@lru_cache(maxsize=1)
def _decoder() -> LatexNodes2Text:
    return LatexNodes2Text(math_mode="text", strict_latex_spaces=True)
