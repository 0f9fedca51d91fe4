"""Article folders to `Article`s: every pass over one article, and all articles of a site."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillroom.diagnostics import Diagnostics, Location, StillroomError, nearest
from stillroom.settings import Settings
from stillroom.source.across import check_across
from stillroom.source.citations import read_citations
from stillroom.source.controls import read_roles
from stillroom.source.figures import read_figures
from stillroom.source.frontmatter import read_front_matter, split
from stillroom.source.labels import read_labels
from stillroom.source.leftovers import check_leftovers
from stillroom.source.links import read_links
from stillroom.source.markdown import parse
from stillroom.source.math import check_macros
from stillroom.source.model import Article, FrontMatter
from stillroom.source.options import read_directives
from stillroom.source.page import NAME, Page
from stillroom.source.prose import check_code, check_footnotes, convert_math, count_words
from stillroom.source.replies import read_replies
from stillroom.source.sections import check_sections

# For an article whose own is broken: its figures can still be judged.
_NO_FRONT_MATTER = FrontMatter(title="", summary="", authors=(), date=datetime.date.min)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: `articles` have no errors, `broken` ones have, and are as far as was read."""

    articles: tuple[Article, ...]
    broken: tuple[Article, ...]


def read_articles(
    settings: Settings, diagnostics: Diagnostics, only: Sequence[str] = ()
) -> tuple[Article, ...]:
    """Read the articles of a site, by slug, and return those without errors; see `read_all`."""
    return read_all(settings, diagnostics, only).articles


def read_all(settings: Settings, diagnostics: Diagnostics, only: Sequence[str] = ()) -> Reading:
    """Read the articles of a site, by slug.

    Args:
        settings: of the site.
        diagnostics: where everything that is wrong is recorded.
        only: slugs to read; all if empty.

    Raises:
        StillroomError: `only` names an article that does not exist, or the citation style cannot
            be read.
    """
    folders = {path.parent.name: path.parent for path in settings.articles.glob("*/index.md")}
    for slug in only:
        if slug not in folders:
            raise StillroomError(
                f"there is no article '{slug}'{nearest(slug, folders)}",
                hint=f"an article is a folder {settings.articles.name}/<slug> with an index.md",
            )
    articles: list[Article] = []
    broken: list[Article] = []
    for slug in sorted(only or folders):
        found = Diagnostics()
        article = _read(folders[slug], settings, found)
        diagnostics.found += found.found
        if article is not None:
            (broken if found.errors else articles).append(article)
    if not only:
        _check_names(settings, diagnostics)
    wrong = check_across(articles, folders, diagnostics)
    broken += [article for article in articles if article.slug in wrong]
    sound = [article for article in articles if article.slug not in wrong]
    return Reading(tuple(sound), tuple(broken))


def _read(folder: Path, settings: Settings, found: Diagnostics) -> Article | None:
    path = (folder / "index.md").relative_to(settings.root).as_posix()
    try:
        text = (folder / "index.md").read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        found.error(Location(path, line), "A007", "the file is not UTF-8 text")
        return None
    lines = re.split(r"\r\n|\r|\n", text.replace("\0", "\ufffd"))
    page = Page(folder, path, lines, found)
    if not NAME.fullmatch(folder.name):
        expected = "should be lower-case letters, digits and hyphens"
        message = f"the name of the folder, '{folder.name}', {expected}"
        page.error(page.at(1), "A005", message)
    front, fields = read_front_matter(lines, path, found)
    if front is not None:
        _check_reply(page, front, fields)

    body = split(lines) or 0
    parse(page, body)
    options = read_directives(page)
    figures, pictures = read_figures(page, options)
    labels, headings = read_labels(page, (*figures, *pictures), options)
    if _check_macros(page, front, fields):
        convert_math(page, front.macros if front else {})
    controls, fact_uses, verdicts = read_roles(page, figures)
    citations, references = read_citations(page, front, fields, settings)
    read_links(page, labels)
    check_code(page)
    check_footnotes(page)
    check_sections(page, front)
    check_leftovers(page, front, body)
    replies = read_replies(page, options)
    return Article(
        slug=folder.name,
        folder=folder,
        location=page.at(1),
        front=front or _NO_FRONT_MATTER,
        tokens=page.tokens,
        env=page.env,
        figures=figures,
        pictures=pictures,
        labels=labels,
        headings=headings,
        controls=controls,
        fact_uses=fact_uses,
        verdicts=verdicts,
        replies=replies,
        citations=citations,
        references=references,
        words=count_words(page.tokens),
        places=fields,
    )


def _check_names(settings: Settings, diagnostics: Diagnostics) -> None:
    """Warn of texts that nobody reads, since they are not called index.md (A008)."""
    for folder in sorted(settings.articles.glob("*/")):
        texts = sorted(folder.glob("*.md"))
        if texts and not (folder / "index.md").is_file():
            place = Location(texts[0].relative_to(settings.root).as_posix())
            message = "this is not read: the text of an article is called index.md"
            diagnostics.warning(place, "A008", message)


def _check_macros(page: Page, front: FrontMatter | None, fields: Mapping[str, Location]) -> bool:
    """Check the LaTeX macros (A003); without them formulas cannot be judged."""
    if front is None:
        return False
    broken = check_macros(front.macros)
    if broken is not None:
        name, reason = broken
        page.error(fields[f"macros.{name}"], "A003", f"the macro '{name}' is not valid: {reason}")
    return broken is None


def _check_reply(page: Page, front: FrontMatter, fields: Mapping[str, Location]) -> None:
    siblings = {path.parent.name for path in page.folder.parent.glob("*/index.md")}
    slug = front.responds_to
    if slug and slug not in siblings:
        message = f"there is no article '{slug}' to respond to{nearest(slug, siblings)}"
        page.error(fields["responds_to"], "A006", message)
