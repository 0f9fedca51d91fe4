"""What is published: the files of a finished site that passes every check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stillroom.diagnostics import Diagnostics, StillroomError
from stillroom.settings import Settings


@dataclass(frozen=True, slots=True)
class Publication:
    """The files to publish: POSIX paths relative to `folder`, sorted, and bytes in all."""

    folder: Path
    files: tuple[str, ...]
    size: int

    def __str__(self) -> str:
        return f"{len(self.files)} files, {self.size / 1e6:.1f} MB"


def collect(settings: Settings, diagnostics: Diagnostics) -> Publication:
    """Check the site once more and list its files.

    Raises:
        StillroomError: there is no site, it is not what the articles say now, or it has drafts
            or findings of the checks (which are in `diagnostics`).
    """
    from stillroom.check import check_site
    from stillroom.pipeline import stamp_options
    from stillroom.stamp import check_stamp

    site = settings.site
    if not (site / "index.html").is_file():
        raise StillroomError("there is no site to publish", hint="make it with: stillroom build")
    why, _ = check_stamp(settings, site, options=stamp_options())
    if why:
        raise StillroomError(
            f"site/ is not what a build would make now: {why}",
            hint="make it again with: stillroom build",
        )
    paths = sorted(
        path
        for path in site.rglob("*")
        if path.is_file() and not path.relative_to(site).parts[0].startswith(".")
    )
    drafts = [path for path in paths if path.suffix == ".html" and is_draft(path)]
    if drafts:
        names = ", ".join(str(path.relative_to(settings.root)) for path in drafts)
        raise StillroomError(f"drafts are not published: {names}", hint="run: stillroom build")
    check_site(site, settings, diagnostics)
    if diagnostics.errors:
        raise StillroomError("the site fails its checks, so it is not published")
    return Publication(
        site,
        tuple(path.relative_to(site).as_posix() for path in paths),
        sum(path.stat().st_size for path in paths),
    )


def is_draft(page: Path) -> bool:
    """Whether a page says that it is a draft."""
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(page.read_text(encoding="utf-8")).css_first(DRAFT_MARK) is not None


DRAFT_MARK = ".draft-banner"  # of templates/article.html
