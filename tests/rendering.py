"""What tests of pages share: a small site in a folder, stored results made by hand."""

import datetime
import hashlib
import json
from pathlib import Path

from stillroom.diagnostics import Diagnostics, Location
from stillroom.precompute.manifest import (
    FigureResult,
    Ingredients,
    Manifest,
    Provenance,
    StoredAsset,
    StoredFile,
)
from stillroom.settings import Settings
from stillroom.source.model import Article, Author, Claim, Figure, FrontMatter

HERE = Location("articles/waves/index.md", 7, 1)


def make_figure(name="fig-waves", **changes):
    values = {
        "name": name,
        "location": HERE,
        "recipe": "waves",
        "params": {},
        "draft": {},
        "view": "",
        "width": "text",
        "alt": "Waves.",
        "claims": (),
        "bind": {},
        "number": 1,
        **changes,
    }
    return Figure(**values)


def make_article(folder=Path(), **changes):
    """An article without text."""
    front = FrontMatter(
        title="Seeing in waves",
        summary="A summary.",
        authors=(Author("Ada Lovelace", affiliation="Stillroom"), Author("Emmy Noether")),
        date=datetime.date(2026, 11, 21),
    )
    values = {
        "slug": "waves",
        "folder": folder,
        "location": Location("articles/waves/index.md"),
        "front": front,
        "tokens": (),
        "env": {},
        "figures": (),
        "pictures": (),
        "labels": {},
        "headings": (),
        "controls": (),
        "fact_uses": (),
        "verdicts": (),
        "replies": (),
        "citations": (),
        "references": {},
        "words": 440,
        **changes,
    }
    return Article(**values)


def make_result(
    settings, figure, *, slug="waves", view="plain", assets=None, draft=False, params=None, **result
):
    """A stored result; `assets` maps a name to (kind, {role: (file name, content)}, meta)."""
    folder = f"waves/{figure.name}"
    stored = {}
    types = {"png": "image/png", "svg": "image/svg+xml", "json": "application/json"}
    for name, (kind, files, meta) in (assets or {}).items():
        kept = {}
        for role, (file, content) in files.items():
            path = settings.assets / folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            checksum = hashlib.sha256(content).hexdigest()
            media_type = types.get(file.rpartition(".")[2], "application/octet-stream")
            kept[role] = StoredFile(file, checksum, len(content), media_type)
        stored[name] = StoredAsset(kind, kept, meta)
    ingredients = Ingredients(
        format_version=1,
        media_version=1,
        recipe=figure.recipe,
        params=params or {},
        seed=figure.seed,
        draft=draft,
        source={},
        packages={"torch": "2.9.1"},
        inputs={},
        needs={},
    )
    manifest = Manifest(
        key=hashlib.sha256(json.dumps([figure.name]).encode()).hexdigest(),
        ingredients=ingredients,
        facts=result.get("facts", {}),
        data=result.get("data", {}),
        tables=result.get("tables", {}),
        assets=stored,
        output="",
        provenance=Provenance(12.3, "cuda:7", 1, {"platform": "SecretOS"}, "2026-01-02T03:04:05"),
        folder=folder,
        frozen=False,
    )
    return FigureResult(slug, figure, view, manifest)


def make_claim(text):
    return Claim(text, HERE)


def small_site(root, *, article="", templates=None, files=None, **settings):
    """A site in `root` with one article and the templates given; returns its settings."""
    (root / "stillroom.toml").write_text("")
    folder = root / "articles" / "waves"
    folder.mkdir(parents=True, exist_ok=True)
    if article:
        (folder / "index.md").write_text(FRONT + article, encoding="utf-8")
    for name, content in (files or {}).items():
        write(folder / name, content)
    for name, content in (templates or {}).items():
        write(root / "templates" / name, content)
    return Settings(root=root, title="A journal", **settings)


FRONT = """---
title: Seeing in waves
summary: A summary.
authors: [{name: Ada Lovelace}]
date: 2026-11-21
---

"""


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def findings(diagnostics: Diagnostics):
    return [str(each) for each in (*diagnostics.errors, *diagnostics.warnings)]
