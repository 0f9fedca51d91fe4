"""Fixtures that open pages in headless Chromium, from file://, and fail on anything amiss there.

`page` collects what the console, scripts and the network complain of in `problems`; a test that
provokes a problem empties the list after looking at it. `view_page` renders one figure with the
site's own templates and opens it: what a test of a view starts from.

Starting a page costs more than most tests do with it, so pages are used again, emptied, by the
next test that asks for the same kind; and what was rendered is kept for all that open it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from markupsafe import Markup
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Error,
    Page,
    Request,
    sync_playwright,
)

from stillroom.diagnostics import Diagnostics, Location
from stillroom.media.encode import encode
from stillroom.media.json import dumps
from stillroom.precompute.manifest import (
    FigureResult,
    Ingredients,
    Manifest,
    Provenance,
    StoredAsset,
    StoredFile,
)
from stillroom.recipe import Result
from stillroom.render.csp import POLICY
from stillroom.render.figure import FigureRenderer
from stillroom.render.files import Files
from stillroom.render.output import Output
from stillroom.render.static import Static
from stillroom.render.templates import make_environment
from stillroom.settings import Settings
from stillroom.source.model import Author, Figure

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Shown = list[tuple[str, Result, Mapping[str, Any]]]
# Until colours that fade into others have done so.
SETTLED = """Promise.all(
  document.getAnimations().filter((e) => e instanceof CSSTransition).map((e) => e.finished))"""
IDLE = 5  # pages kept for the next test; each is a process
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the one STILLROOM_CHROMIUM names, else the system's, else Playwright's own."""
    named = os.environ.get("STILLROOM_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        except Error as error:
            pytest.fail(
                f"no Chromium could be started ({found or 'none on the system'}): install one,"
                " or run 'playwright install chromium', or name one in STILLROOM_CHROMIUM."
                f" {error.message}",
                pytrace=False,
            )
        yield launched
        launched.close()


@pytest.fixture
def problems() -> list[str]:
    """What went wrong on the pages of this test; it must be empty at the end."""
    return []


class Pages:
    """Pages of a browser, each in a context of its own, and the idle ones among them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: list[tuple[str, Page]] = []  # by what was asked for, longest idle first

    def take(self, options: Mapping[str, Any]) -> Page:
        """Return an empty page made with these options of a context."""
        kind = json.dumps(options, sort_keys=True)
        for place, (other, page) in enumerate(self._idle):
            if other == kind:
                del self._idle[place]
                return page
        context = self._browser.new_context(**options)
        context.set_default_timeout(8_000)
        return context.new_page()

    def give_back(self, page: Page, options: Mapping[str, Any]) -> None:
        """Empty a page for the next who asks for one like it."""
        page.evaluate("location.protocol === 'file:' && localStorage.clear()")
        page.goto("about:blank")
        page.mouse.move(0, 0)
        page.set_viewport_size(options["viewport"])
        page.emulate_media(
            media="null",
            color_scheme=options.get("color_scheme", "light"),
            reduced_motion=options.get("reduced_motion", "no-preference"),
        )
        self._idle.append((json.dumps(options, sort_keys=True), page))
        if len(self._idle) > IDLE:
            self._idle.pop(0)[1].context.close()


@pytest.fixture(scope="session")
def pages(browser: Browser) -> Pages:
    """The pages of this worker."""
    return Pages(browser)


@pytest.fixture
def new_page(
    pages: Pages, problems: list[str], request: pytest.FixtureRequest
) -> Iterator[Callable[..., Page]]:
    """Open an empty page: ``new_page(width=390, color_scheme="dark", …)``.

    Options are those of a context. A page to which a test does something that outlasts it is asked
    for with ``lasting=True``, and not used again; nor is one of a test that failed.
    """
    taken: list[tuple[Page, dict[str, Any], Callable[[], None], bool]] = []
    failed = request.session.testsfailed

    def make(
        width: int = 1280, height: int = 900, *, lasting: bool = False, **options: Any
    ) -> Page:
        options["viewport"] = {"width": width, "height": height}
        page = pages.take(options)
        taken.append((page, options, watch(page, problems), lasting))
        return page

    yield make
    for page, options, unwatch, lasting in taken:
        unwatch()
        if lasting or request.session.testsfailed > failed:
            page.context.close()
        else:
            pages.give_back(page, options)
    assert problems == []


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """A page 1280 pixels wide, in the light."""
    return new_page()


def watch(page: Page, problems: list[str]) -> Callable[[], None]:
    """Note errors of the console and of scripts, and requests that leave the folder.

    Returns:
        What ends it.
    """

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            problems.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            problems.append(f"request to elsewhere: {request.url}")

    noted = {
        "console": said,
        "pageerror": lambda error: problems.append(str(error)),
        "requestfailed": lambda request: problems.append(f"request failed: {request.url}"),
        "request": asked,
    }
    for event, note in noted.items():
        page.on(event, note)

    def end() -> None:
        for event, note in noted.items():
            page.remove_listener(event, note)

    return end


@pytest.fixture
def open_page(page: Page) -> Callable[..., Page]:
    """Open a file: ``open_page(path, "#fig-a")``, and wait until its scripts have started."""

    def open_(path: Path, fragment: str = "") -> Page:
        page.goto(f"{path.resolve().as_uri()}{fragment}")
        return page

    return open_


@pytest.fixture(scope="session")
def until() -> Callable[[Page, str], None]:
    """Wait for a JavaScript expression to be true: ``until(page, "location.hash === '#a'")``.

    The policy of the pages forbids ``wait_for_function``, which evaluates text inside them.
    """

    def wait(page: Page, expression: str) -> None:
        for _ in range(200):
            if page.evaluate(f"Boolean({expression})"):
                return
            page.wait_for_timeout(25)
        pytest.fail(f"never true: {expression}")

    return wait


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[str]]:
    """Check accessibility: ``axe(page) == []``; a violation says its rule and the elements.

    ``axe(page, ".view", dark=True)`` looks at a light page, and then at its colours in the dark:
    no other rule depends on them.
    """
    checker = Axe()

    def run(page: Page, scope: str | None = None, *, dark: bool = False) -> list[str]:
        # Without `preload`, which fetches style sheets: nothing may be fetched from a file.
        options: dict[str, Any] = {"preload": False, "resultTypes": ["violations"]}
        found = checker.run(page, context=scope, options=options).response["violations"]
        if dark:
            options["runOnly"] = ["color-contrast", "link-in-text-block"]
            page.emulate_media(color_scheme="dark")
            page.evaluate(SETTLED)
            found += checker.run(page, context=scope, options=options).response["violations"]
            page.emulate_media(color_scheme="light")
        return [
            f"{each['id']}: {each['help']}: "
            + "; ".join(node["html"][:200] for node in each["nodes"])
            for each in found
        ]

    return run


def store(
    result: Result, folder: Path, *, recipe: str = "example", draft: bool = False
) -> Manifest:
    """Encode `result` into `folder`/result and describe it as the store would."""
    place = folder / "result"
    place.mkdir(parents=True, exist_ok=True)
    assets = {}
    for name, asset in result.assets.items():
        encoded = encode(name, asset)
        files = {}
        for role, file in encoded.files.items():
            (place / file.name).write_bytes(file.content)
            digest = hashlib.sha256(file.content).hexdigest()
            files[role] = StoredFile(file.name, digest, len(file.content), file.media_type)
        assets[name] = StoredAsset(encoded.kind, files, encoded.meta)
    return Manifest(
        key="0" * 64,
        ingredients=Ingredients(1, 1, recipe, {"size": 3}, 0, draft, {}, {}, {}, {}),
        facts=json.loads(dumps(dict(result.facts))),
        data=json.loads(dumps(dict(result.data))),
        tables=json.loads(dumps({name: dict(table) for name, table in result.tables.items()})),
        assets=assets,
        output="0" * 64,
        provenance=Provenance(0.0, "cpu", 0, {}, "2026-01-01T00:00:00Z"),
        folder="result",
        frozen=False,
    )


@pytest.fixture(scope="session")
def written() -> dict[str, tuple[Any, Path]]:
    """What `write_page` has written: by what was asked for, the figures and the page."""
    return {}


@pytest.fixture
def write_page(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    scratch: Path,
    written: dict[str, tuple[Any, Path]],
) -> Callable[..., Path]:
    """Write an article's page around figures and prose, with the site's templates.

    ``write_page([(view, result, options)], prose="<p>…</p>", variables={...})`` returns its path.
    Options of a figure: name, width, alt, bind, caption, claims. Templates in the test's own folder
    come first.
    """

    def write(figures: Shown | None = None, **content: Any) -> Path:
        if (tmp_path / "templates").is_dir():
            return render_page(tmp_path, scratch, figures or [], **content)
        wanted = repr(
            [[(view, id(result), options) for view, result, options in figures or []], content]
        )
        if wanted not in written:  # the results are kept, so that their ids stay theirs
            root = tmp_path_factory.mktemp("page")
            written[wanted] = (figures, render_page(root, scratch, figures or [], **content))
        return written[wanted][1]

    return write


def render_page(
    root: Path,
    scratch: Path,
    figures: Shown,
    *,
    prose: str = "",
    variables: Mapping[str, Any] | None = None,
    **context: Any,
) -> Path:
    """Render an article's page as `write_page` says into the site at `root`."""
    (root / ".stillroom").unlink(missing_ok=True)
    (root / ".stillroom").symlink_to(scratch, target_is_directory=True)
    settings = Settings(root=root, title="Tests", licence="CC BY 4.0")
    output, diagnostics = Output(root / "site"), Diagnostics()
    static, environment = Static(settings, output, diagnostics), make_environment(settings)
    files = Files(output, "articles/test")
    body = Markup(prose)
    styles, scripts = static.page_styles(), static.page_scripts()
    for number, (view, result, options) in enumerate(figures or [], start=1):
        folder = root / "assets" / str(number)
        renderer = FigureRenderer(
            environment, files=files, assets=folder, vega=lambda: files.href(static.vega())
        )
        figure = Figure(
            name=options.get("name", f"fig-{number}"),
            location=Location("index.md"),
            recipe="example",
            params={},
            draft={},
            view=view,
            width=options.get("width", "page"),
            alt=options.get("alt", "What the figure shows."),
            claims=(),
            bind=options.get("bind", {}),
            number=number,
        )
        body += renderer.render(
            FigureResult("test", figure, view, store(result, folder)),
            Markup(options.get("caption", "<p><strong>The point.</strong> Details.</p>")),
            tuple(options.get("claims", ())),
        )
        more_styles, more_scripts = static.view(view, None)
        styles = [*styles, *(s for s in more_styles if s not in styles)]
        scripts = [*scripts, *(s for s in more_scripts if s not in scripts)]
    assert diagnostics.errors == []
    shown = {
        "title": "A page of tests",
        "summary": "What a figure does.",
        "authors": (Author("A. Author", "An institute"),),
        "affiliations": ["An institute"],
        "date": datetime.date(2026, 11, 21),
        "updated": None,
        "hub": False,
        "place": None,
        "licence": settings.licence,
        "doi": "",
        "keywords": (),
        "minutes": 3,
        "root": "../../",
        "csp": POLICY,
        "canonical": "",
        "meta": [],
        "theme": files.href(static.theme()),
        "styles": [files.href(path) for path in styles],
        "scripts": [files.href(path) for path in scripts],
        "draft": False,
        "toc": (),
        "body": Markup(body),
        "references": (),
        "footnotes": (),
        "appendix": "",
        "parts": {},
        "changes": (),
        "reviews": (),
        "replications": (),
        "citation": None,
        "variables": Markup(json.dumps(variables or {})),
        "source": None,
        "data": None,
        **context,
    }
    site = {
        "title": settings.title,
        "description": "",
        "language": "en",
        "licence": settings.licence,
        "url": "",
    }
    html = environment.get_template("article.html").render(site=site, page=shown)
    output.write("articles/test/index.html", html)
    output.commit()
    return root / "site/articles/test/index.html"


@pytest.fixture
def view_page(
    write_page: Callable[..., Path], new_page: Callable[..., Page]
) -> Callable[..., Page]:
    """Show one figure and wait until it lives.

    ``view_page("scrubber", result, width="wide", bind={…}, variables={…}, fragment="#…",
    screen={"width": 390, "java_script_enabled": False})``; `screen` goes to ``new_page``.
    """

    def show(
        view: str,
        result: Result,
        *,
        variables: Mapping[str, Any] | None = None,
        prose: str = "",
        fragment: str = "",
        screen: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Page:
        path = write_page([(view, result, options)], prose=prose, variables=variables)
        screen = dict(screen or {})
        page = new_page(**screen)
        page.goto(f"{path.as_uri()}{fragment}")
        if screen.get("java_script_enabled", True):
            page.locator("figure.figure").first.scroll_into_view_if_needed()
            page.locator("figure.live, figure.failed").first.wait_for()
        return page

    return show
