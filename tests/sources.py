"""What the tests of the source stage share: a small site to read articles from."""

from markdown_it.token import Token

from stillroom.diagnostics import Diagnostics
from stillroom.settings import Settings
from stillroom.source.article import read_articles

# Six lines, so the first line of a body is line 7.
FRONT = """---
title: A title
summary: A sentence.
authors: [Ada]
date: 2026-11-21
---
"""
BIBTEX = """@article{shuman2013,
  author = {Shuman, David I. and Narang, Sunil K.},
  title = {The Emerging Field of Signal Processing on Graphs},
  journal = {IEEE Signal Processing Magazine},
  volume = {30}, number = {3}, pages = {83--98}, year = {2013},
  doi = {10.1109/MSP.2012.2235192}
}
@book{chung1997, author = {Chung, Fan}, title = {Spectral Graph Theory}, year = 1997}
"""


def make_site(root, **settings):
    """A site with an article `other`, and a folder `a` with files but without index.md."""
    for slug in ("a", "other"):
        (root / "articles" / slug).mkdir(parents=True)
    (root / "articles/a/cat.png").write_bytes(b"")
    (root / "articles/a/data.csv").write_text("x\n1\n")
    (root / "articles/other/index.md").write_text(FRONT + "## A section {#sec}\n\nText.\n")
    return Settings(root=root, **settings)


def read(settings, text, only=("a",), bibtex=None):
    """Read `text` as the article `a`: (article or None, lines of diagnostics)."""
    folder = settings.articles / "a"
    if not text.startswith("---"):
        text = FRONT + text
    (folder / "index.md").write_text(text, encoding="utf-8", newline="")
    if bibtex is not None:
        (folder / "references.bib").write_text(bibtex, encoding="utf-8")
    diagnostics = Diagnostics()
    articles = read_articles(settings, diagnostics, only=only)
    found = {article.slug: article for article in articles}
    return found.get("a"), [str(d).replace("articles/a/", "") for d in sorted(diagnostics.found)]


def dump(tokens, depth=0):
    """Tokens as indented lines: type, what it holds, place."""
    lines = []
    for token in tokens:
        depth -= token.nesting == -1
        if token.nesting != -1:
            lines.append("  " * depth + _describe(token))
        depth += token.nesting == 1
        if token.children:
            lines += dump(token.children, depth + 1)
    return lines


def _describe(token: Token):
    names = ("name", "argument", "options", "figure", "label", "xref", "article", "fragment")
    parts = [token.type]
    parts += [f"{name}={token.meta[name]}" for name in names if token.meta.get(name)]
    for item in token.meta.get("items", ()):
        around = "".join(f" {part!r}" for part in (item.prefix, item.locator) if part)
        parts.append(f"@{item.key}{around} {item.location.line}:{item.location.column}")
    parts += [f"id={token.attrs['id']}"] if "id" in token.attrs else []
    parts += [repr(token.content)] if token.content and not token.children else []
    if "place" in token.meta:
        parts.append(f"{token.meta['place'].line}:{token.meta['place'].column}")
    elif token.map:
        parts.append(f"{token.map[0] + 1}-{token.map[1]}")
    return " ".join(parts)
