"""Whether the views that figures ask for exist (F020), before anything is computed for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from stillroom.diagnostics import Diagnostics, nearest
from stillroom.precompute.step import Wanted
from stillroom.settings import Settings
from stillroom.source.model import Article


def check_views(
    wanted: Iterable[Wanted],
    articles: Sequence[Article],
    settings: Settings,
    diagnostics: Diagnostics,
) -> None:
    """Record F020 for each figure whose view does not exist.

    Args:
        wanted: the figures and their views.
        articles: in which they are.
        settings: of the site.
        diagnostics: where findings go.
    """
    known = {article.slug: known_views(settings, article.folder / "views") for article in articles}
    for each in wanted:
        if each.view not in known[each.slug]:
            hint = nearest(each.view, known[each.slug])
            place = each.figure.place("view")
            diagnostics.error(place, "F020", f"unknown view '{each.view}'{hint}")


def known_views(settings: Settings, own: Path) -> set[str]:
    """The names of all views: of the site, the package, and in the article's folder `own`."""
    folders = [own, *(folder / "views" for folder in settings.templates)]
    return {path.parent.name for folder in folders for path in folder.glob("*/view.html")}
