"""The whole site: one page an article, and the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from jinja2 import Environment, UndefinedError
from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser

from stillroom.check.claims import CheckedClaim, check_claims, check_verdicts
from stillroom.check.views import known_views
from stillroom.diagnostics import Diagnostics, nearest
from stillroom.precompute.manifest import FigureResult
from stillroom.render import page as pages
from stillroom.render.archive import archive
from stillroom.render.csp import POLICY
from stillroom.render.discussion import Discussion, Finding
from stillroom.render.figure import THUMBNAIL, FigureRenderer, MissingViewError
from stillroom.render.files import Files
from stillroom.render.html import ArticleRenderer
from stillroom.render.output import Output
from stillroom.render.quotes import Quotes
from stillroom.render.static import Static
from stillroom.render.templates import ViewError, make_environment, template_place
from stillroom.render.text import Text
from stillroom.settings import Settings
from stillroom.source.model import Article, Figure, Verdict
from stillroom.source.threads import Threads

T = TypeVar("T")
Results = Mapping[tuple[str, str], FigureResult]
Claims = Mapping[tuple[str, str], tuple[CheckedClaim, ...]]


def render_site(
    articles: Sequence[Article],
    results: Results,
    settings: Settings,
    diagnostics: Diagnostics,
    *,
    others: Sequence[Article] = (),
    draft: bool = False,
    output: Output,
) -> None:
    """Write the pages of `articles`, the index and all they load into `output`.

    Nothing reaches the disk before `output.commit`. An article whose page cannot be made is left
    out and the reason recorded (F011, F020, F025, S006); a figure without a result says so.

    Args:
        articles: to be shown.
        results: by slug and figure.
        settings: of the site.
        diagnostics: where findings go.
        others: articles of the site whose pages stay as they were.
        draft: whether the pages are previews.
        output: takes the files.
    """
    # Their findings were recorded when the claims were checked; here they are only shown.
    claims = check_claims(articles, results, Diagnostics(), draft=draft)
    verdicts = check_verdicts([*articles, *others], results, Diagnostics(), draft=draft)
    threads = Threads([*articles, *others])
    static = Static(settings, output, diagnostics)
    environment = make_environment(settings)
    site = {
        "title": settings.title,
        "description": settings.description,
        "language": settings.language,
        "licence": settings.licence,
        "url": settings.url,
    }
    entries: dict[str, pages.Entry] = {}
    for article in sorted(articles, key=lambda each: each.slug):
        maker = _ArticlePage(
            article=threads.page_of(article),
            threads=threads,
            results=results,
            claims=claims,
            verdicts=verdicts,
            settings=settings,
            diagnostics=diagnostics,
            static=static,
            output=output,
            environment=environment,
        )
        made = _guard(partial(maker.make, site, draft), settings, diagnostics)
        if made is not None:
            path, html, entries[article.slug] = made
            output.write(path, html)
    context = {
        "root": "",
        "csp": POLICY,
        "theme": static.theme(),
        "styles": static.page_styles(),
        "scripts": static.page_scripts(),
        "articles": _listed(entries, threads),
        "draft": draft,
        "meta": [],
        "canonical": f"{settings.url.rstrip('/')}/" if settings.url else "",
    }
    index = _guard(
        lambda: environment.get_template("index.html").render(site=site, page=context),
        settings,
        diagnostics,
    )
    if index is not None:
        output.write("index.html", index)


def _listed(entries: Mapping[str, pages.Entry], threads: Threads) -> list[pages.Entry]:
    """The articles of the index, newest first: members of a thread stand with their hub."""
    listed = []
    for slug, entry in entries.items():
        thread = threads.of(slug)
        if thread is None or thread.hub.slug not in entries:
            listed.append(entry)
        elif thread.hub.slug == slug:
            members = [entries[each.slug] for each in thread.members if each.slug in entries]
            pictures = [each.thumbnail for each in (entry, *members) if each.thumbnail]
            listed.append(replace(entry, thumbnail=next(iter(pictures), None)))
    return sorted(listed, key=lambda entry: (-entry.date.toordinal(), entry.title))


def _guard(make: Callable[[], T], settings: Settings, diagnostics: Diagnostics) -> T | None:
    """What `make` returns, or None after recording what is wrong with a template."""
    try:
        return make()
    except Exception as error:  # a template is a program: anything can go wrong in it
        place, message = template_place(error, settings)
        if not place.path.endswith(".html"):
            raise
        diagnostics.error(place, "S006", message)
        return None


class _ArticlePage:
    """Makes the page of one article."""

    def __init__(
        self,
        *,
        article: Article,
        threads: Threads,
        results: Results,
        claims: Claims,
        verdicts: Mapping[Verdict, CheckedClaim],
        settings: Settings,
        diagnostics: Diagnostics,
        static: Static,
        output: Output,
        environment: Environment,
    ) -> None:
        self._article = article
        self._results = {
            figure.name: replace(results[place], figure=figure)
            for figure in article.figures
            if (place := (article.guests.get(figure.name, article.slug), figure.name)) in results
        }
        self._claims = claims
        self._failed = False
        self._settings = settings
        self._diagnostics = diagnostics
        self._static = static
        own = article.folder / "views"
        self._views = own if own.is_dir() else None
        self._environment = make_environment(settings, own) if self._views else environment
        self._elements: Any = self._environment.get_template("elements.html").module
        self._files = Files(output, f"articles/{article.slug}")
        self._quotes = Quotes(
            article,
            elements=self._elements,
            files=self._files,
            results=results,
            verdicts=verdicts,
        )
        self._discussion = Discussion(article, threads, self._files.href, settings)
        self._members = Discussion(article, threads, str, settings).members()  # from the index
        self._figures = FigureRenderer(
            self._environment, files=self._files, assets=settings.assets, vega=self._vega
        )

    def make(self, site: Mapping[str, str], draft: bool) -> tuple[str, str, pages.Entry] | None:
        """The page's path and HTML, and its entry in the index; None when a figure fails."""
        article, front = self._article, self._article.front
        text = ArticleRenderer(
            article,
            elements=self._elements,
            files=self._files,
            quotes=self._quotes,
            discussion=self._discussion,
            computed=self._figure,
            diagnostics=self._diagnostics,
        ).render_text()
        if self._failed:
            return None
        draft = (
            draft
            or front.draft
            or any(result.manifest.ingredients.draft for result in self._results.values())
        )
        thumbnail = self._thumbnail(text)
        href = f"articles/{article.slug}/index.html"
        html = self._environment.get_template("article.html").render(
            site=site,
            page=self._context(text, draft, thumbnail),
        )
        entry = pages.Entry(
            href=href,
            title=front.title,
            summary=front.summary,
            authors=front.authors,
            date=front.date,
            members=self._members,
            thumbnail=thumbnail,
            minutes=pages.minutes(article.words),
            draft=draft,
        )
        return href, html, entry

    def _context(
        self, text: Text, draft: bool, thumbnail: pages.Thumbnail | None
    ) -> dict[str, Any]:
        article, front = self._article, self._article.front
        styles, scripts = self._static.page_styles(), self._static.page_scripts()
        for view in sorted({result.view for result in self._results.values()}):
            more = self._static.view(view, self._views)
            styles, scripts = [*styles, *more[0]], [*scripts, *more[1]]
        image = thumbnail.href.rpartition("/")[2] if thumbnail else ""
        base = self._settings.url.rstrip("/")
        return {
            "title": front.title,
            "summary": front.summary,
            "authors": front.authors,
            "affiliations": pages.affiliations(front),
            "date": front.date,
            "updated": front.updated,
            "hub": front.hub is not None,
            "place": self._discussion.place(),
            "licence": front.licence or self._settings.licence,
            "doi": front.doi,
            "keywords": front.keywords,
            "minutes": pages.minutes(article.words),
            "root": "../../",
            "csp": POLICY,
            "canonical": f"{base}/articles/{article.slug}/index.html" if base else "",
            "meta": pages.meta_tags(article, self._settings, image),
            "theme": self._files.href(self._static.theme()),
            "styles": [self._files.href(path) for path in styles],
            "scripts": [self._files.href(path) for path in scripts],
            "draft": draft,
            "toc": article.headings,
            "body": text.body,
            "references": text.references,
            "footnotes": text.footnotes,
            "appendix": text.appendix,
            "parts": text.parts,
            "changes": text.changes,
            "reviews": front.reviews,
            "replications": self._replications(),
            "citation": pages.how_to_cite(article, self._settings),
            "variables": pages.variables(article),
            "source": self._source(),
            "data": self._data(),
        }

    def _replications(self) -> tuple[Finding, ...]:
        """What the appendix says of them: nothing, where the text shows them."""
        shown = any(token.info == "replications" for token in self._article.tokens)
        return () if shown else self._discussion.replications()

    def _figure(self, figure: Figure, caption: Markup) -> Markup:
        result = self._results.get(figure.name)
        if result is None:
            return Markup(self._elements.uncomputed(figure, caption))
        claims = self._claims.get((result.slug, figure.name), ())
        place = figure.place("view")
        try:
            return self._figures.render(result, caption, claims)
        except MissingViewError as error:
            view = str(error)
            hint = nearest(view, known_views(self._settings, self._article.folder / "views"))
            self._diagnostics.error(place, "F020", f"unknown view '{view}'{hint}")
        except ViewError as error:
            self._diagnostics.error(place, "F025", str(error))
        except UndefinedError as error:
            where, message = template_place(error, self._settings)
            if "/views/" not in f"/{where.path}":
                raise
            self._diagnostics.error(place, "F025", f"{message} ({where.path}, line {where.line})")
        self._failed = True
        return Markup()

    def _source(self) -> pages.TakeAway:
        """The text as it was written."""
        path = self._article.folder / "index.md"
        return pages.TakeAway(self._files.copy(path.name, path), path.stat().st_size)

    def _data(self) -> pages.TakeAway | None:
        """What was computed, in one file."""
        if not self._figures.footers:
            return None
        cited = pages.how_to_cite(self._article, self._settings)
        licence = self._article.front.licence or self._settings.licence
        about = "\n".join(filter(None, [cited.text, licence]))
        packed = archive(about, self._figures.footers)
        href = self._files.add(f"{self._article.slug}-data.zip", packed)
        return pages.TakeAway(href, len(packed))

    def _vega(self) -> str:
        return self._files.href(self._static.vega())

    def _thumbnail(self, text: Text) -> pages.Thumbnail | None:
        """The first picture that a result has for this, or else the first one in the text.

        In the text, a picture is one that is a file and not a sheet of many.
        """
        for result in self._results.values():
            asset = result.manifest.assets.get(THUMBNAIL)
            if asset is not None and asset.kind == "image":
                file = asset.files["main"]
                path = self._settings.assets / result.manifest.folder / file.name
                href = self._files.copy(f"{result.figure.name}-{file.name}", path, file.digest)
                return pages.Thumbnail(
                    href=f"articles/{self._article.slug}/{href}",
                    alt=result.figure.alt,
                    width=asset.meta["width"],
                    height=asset.meta["height"],
                    pixelated=asset.meta["scale"] > 1,
                )
        for image in LexborHTMLParser(text.body).css("img[width][height]"):
            values = image.attributes
            href = values["src"] or ""
            if href.startswith("data:") or href in self._figures.sheets:
                continue
            return pages.Thumbnail(
                href=f"articles/{self._article.slug}/{href}",
                alt=values.get("alt") or "",
                width=int(values["width"] or 0),
                height=int(values["height"] or 0),
                pixelated="pixelated" in (values.get("style") or ""),
            )
        return None
