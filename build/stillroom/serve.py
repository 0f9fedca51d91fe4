"""Serve: a draft of the site on this computer, built again on every save.

The server hands out one folder and nothing else, to this computer only. What makes the browser
reload, and what shows errors in the page, is added to pages on their way out: the files stay as
they were built.
"""

from __future__ import annotations

import json
import mimetypes
import re
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from stillroom.diagnostics import Diagnostics, StillroomError
from stillroom.settings import Settings, find_settings
from stillroom.stamp import OWN_RECIPES, SOURCES

if TYPE_CHECKING:
    from stillroom.pipeline import Options
    from stillroom.precompute.progress import Reporter

ADDRESS = "127.0.0.1"
PORTS = range(8000, 8010)  # tried in turn when none is asked for
KEEP_ALIVE = 15.0  # seconds between signs of life to a waiting page
CLIENT = Path(__file__).with_name("serve.js")
OWN = "/.stillroom/"  # paths that the server answers itself

_POLICY = re.compile(r"default-src ('|&#39;)none\1")
_WAITING = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    '<body style="font: 1.1rem/1.5 system-ui; margin: 3rem; color-scheme: light dark">'
    "<h1>{title}</h1><p>{text}</p></body></html>"
)


@dataclass(slots=True)
class Preview:
    """What the pages of a preview wait for: the number of the last build and its errors."""

    folder: Path
    number: int = 0
    errors: tuple[str, ...] = ()
    closed: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def update(self, errors: Sequence[str]) -> None:
        """Announce a finished build."""
        with self.changed:
            self.number += 1
            self.errors = tuple(errors)
            self.changed.notify_all()

    def close(self) -> None:
        """Let every waiting page go."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def wait(self, seen: int, timeout: float) -> str | None:
        """Wait for a build other than number `seen`; its state as JSON, or None if none came."""
        with self.changed:
            self.changed.wait_for(lambda: self.closed or self.number != seen, timeout)
            if self.closed or self.number == seen:
                return None
            return json.dumps({"number": self.number, "errors": self.errors})


def locate(folder: Path, url: str) -> Path | None:
    """Return the file that `url` asks for, or None when there is none inside `folder`.

    A path that climbs out is refused however it is written: plainly, percent-encoded, with
    backslashes, or by a link.
    """
    path = unquote(urlsplit(url).path, errors="replace")
    parts = path.split("/")
    if ".." in parts or any(c in path for c in ("\\", "\0")):
        return None
    root = folder.resolve()
    try:
        target = root.joinpath(*(part for part in parts if part)).resolve()
        if target.is_dir():
            target = (target / "index.html").resolve()
        return target if target.is_relative_to(root) and target.is_file() else None
    except (OSError, RuntimeError):  # a name too long; a circle of links (before Python 3.13)
        return None


def with_client(page: str, number: int) -> str:
    """Add the preview's script to a page of build `number`, and allow it to listen to us."""
    page = _POLICY.sub(r"\g<0>; connect-src \1self\1", page, count=1)
    script = f'<script src="{OWN}client.js" data-number="{number}" defer></script>'
    head, end, tail = page.rpartition("</body>")
    return f"{head}{script}{end}{tail}" if end else page + script


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD with files of the preview."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        if not self._host_is_ours():
            self._page(HTTPStatus.FORBIDDEN, "Not this host", "Open the address that was printed.")
        elif self.path == f"{OWN}client.js":
            self._send(HTTPStatus.OK, "text/javascript", CLIENT.read_bytes())
        elif self.path == f"{OWN}events":
            self._events()
        else:
            self._file()

    do_HEAD = do_GET  # noqa: N815 - the name is the interface of http.server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as above
        """Keep quiet: the terminal is for the build."""

    def _host_is_ours(self) -> bool:
        """Refuse other names for this address, so that no foreign page can read drafts."""
        port = self.server.server_port
        names = {f"{ADDRESS}:{port}", f"localhost:{port}"}
        return self.headers.get("Host", "") in names

    def _file(self) -> None:
        folder = self.server.preview.folder
        path = urlsplit(self.path).path
        target = locate(folder, self.path)
        if target is None:
            text = "The page is not built. It appears here as soon as it is."
            self._page(HTTPStatus.NOT_FOUND, "Not found", text)
        elif target.name == "index.html" and not path.endswith(("/", "index.html")):
            self.send_response(HTTPStatus.MOVED_PERMANENTLY)
            self.send_header("Location", quote(unquote(path)).replace("//", "/") + "/")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif target.suffix == ".html":
            self._html(HTTPStatus.OK, target.read_text(encoding="utf-8"))
        else:
            kind = mimetypes.guess_type(target.name)[0] or "application/octet-stream"
            self._send(HTTPStatus.OK, kind, target.read_bytes())

    def _page(self, status: HTTPStatus, title: str, text: str) -> None:
        self._html(status, _WAITING.format(title=title, text=text))

    def _html(self, status: HTTPStatus, page: str) -> None:
        page = with_client(page, self.server.preview.number)
        self._send(status, "text/html; charset=utf-8", page.encode())

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _events(self) -> None:
        """Tell a page of each build, as server-sent events, until it goes away."""
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        preview, seen = self.server.preview, -1
        try:
            while not preview.closed:
                state = preview.wait(seen, KEEP_ALIVE)
                if state is not None:
                    seen = json.loads(state)["number"]
                    self.wfile.write(f"data: {state}\n\n".encode())
                elif not preview.closed:
                    self.wfile.write(b": here\n\n")
                self.wfile.flush()
        except OSError:
            return  # the page went away


class Server(ThreadingHTTPServer):
    """A server of one preview, for this computer only."""

    daemon_threads = True

    def __init__(self, preview: Preview, port: int) -> None:
        self.preview = preview
        super().__init__((ADDRESS, port), Handler)

    @property
    def url(self) -> str:
        """Where the preview is."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that was closed while it loaded is nothing to report."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def open_server(preview: Preview, port: int | None) -> Server:
    """Listen on `port`, or on the first free one of `PORTS`; 0 takes any.

    Raises:
        StillroomError: the port is taken, or all of them are.
    """
    candidates = PORTS if port is None else [port]
    for candidate in candidates:
        try:
            return Server(preview, candidate)
        except OSError:
            continue
    raise StillroomError(
        f"port {candidates[0]} is taken" if port is not None else "ports 8000 to 8009 are taken",
        hint="choose another with: stillroom serve --port 0",
    )


def run(
    settings: Settings,
    options: Options,
    server: Server,
    *,
    reporter: Callable[[], Reporter],
    show: Callable[[Diagnostics], None],
) -> None:
    """Serve and build until interrupted.

    Args:
        settings: of the site; read again before each build.
        options: how to build.
        server: where the pages go out.
        reporter: makes what is told of progress.
        show: prints what a build found.
    """
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def rebuild() -> None:
        diagnostics = Diagnostics()
        errors = _attempt(settings.root, options, server.preview.folder, reporter, diagnostics)
        show(diagnostics)
        server.preview.update([*map(str, diagnostics.errors), *errors])
        for line in errors:
            print(line, file=sys.stderr)

    try:
        rebuild()
        watch(lambda: sources(settings), rebuild, threading.Event())
    except KeyboardInterrupt:
        pass  # how a preview ends
    finally:
        server.preview.close()
        server.shutdown()
        server.server_close()


def sources(settings: Settings) -> list[Path]:
    """What a save may change: the settings, and the folders of articles, recipes and templates."""
    own = [settings.source, *(settings.root / name for name in (*SOURCES, OWN_RECIPES))]
    return [path for path in dict.fromkeys([*own, *settings.templates]) if path.exists()]


def _attempt(
    root: Path,
    options: Options,
    folder: Path,
    reporter: Callable[[], Reporter],
    diagnostics: Diagnostics,
) -> list[str]:
    """Build once; return what went wrong besides the diagnostics, also what nobody foresaw."""
    from stillroom.pipeline import build

    try:
        build(
            find_settings(root), options, folder=folder, reporter=reporter, diagnostics=diagnostics
        )
    except StillroomError as error:
        return [f"Error: {error}", *([f"Hint: {error.hint}"] if error.hint else [])]
    except Exception:  # the preview goes on; a build would end here
        return traceback.format_exc().splitlines()
    return []


def watch(
    folders: Callable[[], Sequence[Path]], rebuild: Callable[[], None], stop: threading.Event
) -> None:
    """Call `rebuild` after each change below `folders`, until `stop` is set.

    Args:
        folders: what to watch; asked again after each build, since folders come and go.
        rebuild: builds once; changes made meanwhile lead to one more build.
        stop: ends the watch.
    """
    from watchfiles import DefaultFilter
    from watchfiles import watch as changes

    while not stop.is_set():
        watched = tuple(folders())
        for _ in changes(
            *watched, watch_filter=DefaultFilter(), stop_event=stop, raise_interrupt=True
        ):
            rebuild()
            if tuple(folders()) != watched:
                break
