"""Scaffold: the files of a new site or article, small and complete, so that it builds at once."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from pathlib import Path

from stillroom.diagnostics import StillroomError
from stillroom.settings import Settings, builtin_templates

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

# Where each file of `templates/new/site` goes. Some would act on this repository under their own
# name, so they have another here.
_SITE = {
    "stillroom.toml": "stillroom.toml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "pages.yml": ".github/workflows/pages.yml",
    "index.md": "articles/averages/index.md",
    "recipes.py": "articles/averages/recipes.py",
    "references.bib": "articles/averages/references.bib",
}


def new_site(folder: Path, date: datetime.date) -> tuple[Path, ...]:
    """Write a site with one example article into `folder`, and return its files.

    Args:
        folder: a folder that does not exist yet, or is empty but for hidden entries.
        date: of the example.

    Raises:
        StillroomError: the folder holds something already, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise StillroomError(f"{folder} is a file", hint="name a folder that does not exist yet")
    if folder.is_dir() and any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise StillroomError(f"{folder} is not empty", hint="name a folder that does not exist yet")
    source = builtin_templates() / "new" / "site"
    words = {"title": _title(folder.resolve().name), "date": date.isoformat()}
    return _write({folder / place: _fill(source / name, words) for name, place in _SITE.items()})


def new_article(settings: Settings, slug: str, date: datetime.date) -> tuple[Path, ...]:
    """Write an article that says how to go on, and return its files.

    Raises:
        StillroomError: `slug` is no plain name or is taken, or the folder cannot be written.
    """
    if not SLUG.fullmatch(slug):
        plain = "-".join(re.findall(r"[a-z0-9]+", slug.lower()))
        raise StillroomError(
            f"'{slug}' is not a plain name: lower-case letters, digits and hyphens",
            hint=f"try: stillroom new article {plain}" if plain else "",
        )
    folder = settings.articles / slug
    if folder.exists():
        raise StillroomError(f"{folder} is there already", hint="choose another name")
    source = builtin_templates() / "new" / "article" / "index.md"
    words = {"title": _title(slug), "date": date.isoformat()}
    return _write({folder / "index.md": _fill(source, words)})


def _title(name: str) -> str:
    """Turn a folder's name into a title: ``on-waves`` → ``On waves``."""
    text = re.sub(r"[^\w.]+|_", " ", name).strip()
    return text[:1].upper() + text[1:] or "A site"


def _fill(template: Path, words: Mapping[str, str]) -> str:
    text = template.read_text(encoding="utf-8")
    for name, word in words.items():
        text = text.replace(f"%{name}%", word)
    return text


def _write(files: Mapping[Path, str]) -> tuple[Path, ...]:
    """Write new files, or none if one of them is there: nothing is ever written over."""
    for path in files:
        if path.exists():
            raise StillroomError(f"{path} is there already; nothing was written")
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as opened:
                opened.write(text)
    except OSError as error:
        raise StillroomError(f"cannot write {error.filename}: {error.strerror}") from error
    return tuple(files)
