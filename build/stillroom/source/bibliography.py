"""Entries of a bibliography as HTML, in a CSL style; formatted ones are remembered.

citeproc takes about 10 ms an entry, so `.stillroom/references.json` keeps what it wrote, by the
digest of style and entry.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from stillroom.diagnostics import StillroomError
from stillroom.scratch import read_json, write_json
from stillroom.settings import Settings

OWN_STYLE = Path(__file__).with_name("numbered.csl")
_VERSION = 1  # of the HTML written here
_PROTECTION = re.compile(r'</?span(?: class="nocase")?>')

# While citeproc works, tags are private characters, so that all text can be escaped afterwards.
_OPEN, _CLOSE = "\ue000", "\ue001"
_PRIVATE = re.compile(f"[{_OPEN}{_CLOSE}]")
_MARKS = f"(?:{_OPEN}/?[a-z]+{_CLOSE})"
_STOPS = re.compile(rf"([!?])({_MARKS}*)\.|(\.)({_MARKS}+)\.")  # two stops where one will do
_PIECE = re.compile(
    f"{_OPEN}(/?[a-z]+){_CLOSE}"
    rf"|(https?://[^\s<>\"{_OPEN}{_CLOSE}]*[^\s<>\"{_OPEN}{_CLOSE}.,;:)\]])"
)


def format_entries(entries: Mapping[str, Mapping[str, Any]], settings: Settings) -> dict[str, str]:
    """Format entries as HTML, without a number, links as links.

    Args:
        entries: CSL-JSON by key.
        settings: for the style and the folder of the memo.

    Raises:
        StillroomError: the style cannot be read.
    """
    style = _style_path(settings)
    style_digest = hashlib.sha256(style.read_bytes()).hexdigest()
    digests = {key: _digest(style_digest, csl) for key, csl in entries.items()}
    memo = _read_memo(settings.scratch / "references.json")
    missing = [key for key, digest in digests.items() if digest not in memo]
    if missing:
        formatter = _Formatter(style)
        memo |= {digests[key]: formatter(entries[key]) for key in missing}
        write_json(settings.scratch / "references.json", memo)
    return {key: memo[digest] for key, digest in digests.items()}


def _digest(style: str, csl: Mapping[str, Any]) -> str:
    parts = json.dumps([_VERSION, style, csl], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(parts.encode()).hexdigest()


def _style_path(settings: Settings) -> Path:
    """The file of the style: a path in the site, or the name of one that citeproc knows."""
    name = settings.citation_style
    if not name:
        return OWN_STYLE
    from citeproc import STYLES_PATH

    known = Path(STYLES_PATH)
    for path in (settings.root / name, known / f"{name}.csl"):
        if path.suffix == ".csl" and path.is_file():
            return path
    raise StillroomError(
        f"there is no citation style '{name}'",
        hint="name a .csl file of the site, or one of: "
        + ", ".join(sorted(path.stem for path in known.glob("*.csl"))),
    )


class _Formatter:
    """citeproc with one style."""

    def __init__(self, style: Path) -> None:
        from citeproc import CitationStylesStyle

        try:
            self.style = CitationStylesStyle(str(style), validate=False)
            bibliography = self.style.root.bibliography
        except (SyntaxError, AttributeError) as error:
            raise StillroomError(f"{style.name}: not a CSL style: {error}") from error
        if bibliography is None:
            raise StillroomError(f"{style.name}: the style has no bibliography")
        # The page numbers the list itself, in order of citation.
        for element in [*bibliography.iter()]:
            if element.get("variable") == "citation-number":
                element.getparent().remove(element)

    def __call__(self, csl: Mapping[str, Any]) -> str:
        from citeproc import Citation, CitationItem, CitationStylesBibliography
        from citeproc.source.json import CiteProcJSON

        clean = {**_clean(csl), "id": "entry"}
        source = CiteProcJSON([clean])
        bibliography = CitationStylesBibliography(self.style, source, _tags())
        bibliography.register(Citation([CitationItem("entry")]))
        # An entry of which the style shows nothing is left out of the list.
        return _finish("".join(map(str, bibliography.bibliography())))


def _clean(value: Any) -> Any:
    """Drop private characters from all texts."""
    if isinstance(value, str):
        return _PRIVATE.sub("", value)
    if isinstance(value, Mapping):
        return {name: _clean(inner) for name, inner in value.items()}
    return [_clean(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _tag(name: str) -> Callable[[str], str]:
    return lambda text: f"{_OPEN}{name}{_CLOSE}{text}{_OPEN}/{name}{_CLOSE}"


@lru_cache(maxsize=1)
def _tags() -> SimpleNamespace:
    """A formatter as citeproc wants it."""
    return SimpleNamespace(
        preformat=lambda text: text,
        Italic=_tag("i"),
        Oblique=_tag("i"),
        Bold=_tag("b"),
        Light=_tag("span"),
        Underline=_tag("u"),
        Superscript=_tag("sup"),
        Subscript=_tag("sub"),
        SmallCaps=_tag("span"),
    )


def _finish(text: str) -> str:
    """Escape the text, put tags back, make addresses links, end with a full stop."""
    text = _STOPS.sub(r"\1\2\3\4", _PROTECTION.sub("", " ".join(text.split())))
    parts, position = [], 0
    for piece in _PIECE.finditer(text):
        parts.append(html.escape(text[position : piece.start()], quote=False))
        tag, link = piece.groups()
        parts.append(
            f"<{tag}>" if tag else f'<a href="{html.escape(link)}">{html.escape(link)}</a>'
        )
        position = piece.end()
    parts.append(html.escape(text[position:], quote=False))
    finished = text.endswith((".", "!", "?")) or parts[-2:][0].startswith("<a ")
    return "".join(parts) if finished else "".join(parts) + "."


def _read_memo(path: Path) -> dict[str, str]:
    return {key: text for key, text in read_json(path).items() if isinstance(text, str)}
