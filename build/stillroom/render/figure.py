"""A figure on its page: the static form, the payload for its script, and the footer."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, TemplateNotFound
from markupsafe import Markup

from stillroom.check.claims import CheckedClaim
from stillroom.precompute.manifest import FigureResult, Manifest, StoredAsset, StoredFile
from stillroom.recipe import Fact
from stillroom.render.files import Files

INLINE_LIMIT = 48_000  # bytes of payload that travel in the page
THUMBNAIL = "thumbnail"  # the asset that stands for an article elsewhere, and is in no figure


class Href(str):
    """A file's address, relative to the page; `text` reads a text file, such as a drawing."""

    __slots__ = ("path",)
    path: Path

    def __new__(cls, href: str, path: Path) -> Href:
        """An address with the file it stands for."""
        made = super().__new__(cls, href)
        made.path = path
        return made

    def text(self) -> str:
        """The content, to be put into the page."""
        return self.path.read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class ShownAsset:
    """An asset as a view's template sees it: other roles than "main" are found by their name."""

    kind: str
    href: Href
    meta: Mapping[str, Any]
    roles: Mapping[str, Href]

    def __getitem__(self, role: str) -> Href:
        return self.roles[role]

    def text(self) -> str:
        """The content of the main file."""
        return self.href.text()


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A figure as a view's template sees it."""

    name: str
    number: int
    alt: str
    width: str
    bind: Mapping[str, str]
    recipe: str
    params: Mapping[str, Any]
    view: str


@dataclass(frozen=True, slots=True)
class ShownResult:
    """A result as a view's template sees it."""

    facts: Mapping[str, Fact]
    data: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Sequence[Any]]]
    assets: Mapping[str, ShownAsset]
    draft: bool


@dataclass(frozen=True, slots=True)
class Download:
    """A file a reader may take away; `size` in bytes, `source` its text or where it is."""

    label: str
    href: str
    size: int
    source: str | Path

    def content(self) -> bytes:
        """What is in it."""
        return self.source.read_bytes() if isinstance(self.source, Path) else self.source.encode()


@dataclass(frozen=True, slots=True)
class Footer:
    """What a figure offers on demand. It says nothing of when or where the result was made."""

    data: tuple[Download, ...]
    provenance: tuple[tuple[str, str], ...]
    command: str
    claims: tuple[CheckedClaim, ...]
    draft: bool


class MissingViewError(Exception):
    """There is no such view; the text is its name."""


class FigureRenderer:
    """Renders the figures of one page.

    Args:
        environment: finds ``views/<view>/view.html`` and ``figure.html``.
        files: where assets go.
        assets: the folder of stored results.
        vega: the href of the Vega libraries, asked for when a figure has a chart.
    """

    def __init__(
        self, environment: Environment, *, files: Files, assets: Path, vega: Callable[[], str]
    ) -> None:
        self._environment = environment
        self._files = files
        self._assets = assets
        self._vega = vega
        self.sheets: set[str] = set()  # hrefs of sprite sheets, which are no pictures by themselves
        self.footers: dict[str, Footer] = {}  # of the figures rendered so far, by name

    def render(
        self, result: FigureResult, caption: Markup, claims: tuple[CheckedClaim, ...]
    ) -> Markup:
        """The whole figure.

        Raises:
            MissingViewError: its view does not exist.
            ViewError: the view cannot show the result.
            jinja2.TemplateError: a template is broken.
        """
        figure, manifest = result.figure, result.manifest
        shown = ShownFigure(
            name=figure.name,
            number=figure.number,
            alt=figure.alt,
            width=figure.width,
            bind=figure.bind,
            recipe=figure.recipe,
            params=manifest.ingredients.params,
            view=result.view,
        )
        assets = self._show_assets(figure.name, manifest)
        uid = figure.name
        body, inline = self._static_form(shown, manifest, assets, uid)
        payload = self._payload(shown, manifest, assets, uid, inline)
        self.footers[figure.name] = footer = self._footer(result, assets, claims)
        return Markup(
            self._environment.get_template("figure.html").render(
                figure=shown,
                view=body,
                payload=self._payload_element(uid, payload),
                caption=caption,
                uid=uid,
                footer=footer,
            )
        )

    def _static_form(
        self,
        figure: ShownFigure,
        manifest: Manifest,
        assets: Mapping[str, ShownAsset],
        uid: str,
    ) -> tuple[Markup, Sequence[str]]:
        name = f"views/{figure.view}/view.html"
        try:
            template = self._environment.get_template(name)
        except TemplateNotFound as error:
            if error.name == name:
                raise MissingViewError(figure.view) from error
            raise
        shown = ShownResult(
            manifest.facts, manifest.data, manifest.tables, assets, manifest.ingredients.draft
        )
        try:
            module = template.make_module({"figure": figure, "result": shown, "uid": uid})
        except Exception:
            self._environment.handle_exception()  # as `render` does: names lines of the template
        return Markup(str(module)), getattr(module, "inline", ())

    def _show_assets(self, figure: str, manifest: Manifest) -> dict[str, ShownAsset]:
        shown = {}
        for name, asset in manifest.assets.items():
            if asset.kind == "weights" or name == THUMBNAIL:
                continue
            hrefs = {role: self._href(figure, manifest, f) for role, f in asset.files.items()}
            main = hrefs.pop("main")
            shown[name] = ShownAsset(asset.kind, main, asset.meta, hrefs)
            if asset.kind == "frames":
                self.sheets.add(main)
        return shown

    def _href(self, figure: str, manifest: Manifest, file: StoredFile) -> Href:
        path = self._assets / manifest.folder / file.name
        return Href(self._files.copy(f"{figure}-{file.name}", path, file.digest), path)

    def _payload(
        self,
        figure: ShownFigure,
        manifest: Manifest,
        assets: Mapping[str, ShownAsset],
        uid: str,
        inline: Sequence[str],
    ) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "name": figure.name,
            "uid": uid,
            "alt": figure.alt,
            "facts": manifest.facts,
            "data": manifest.data,
            "tables": manifest.tables,
            "assets": {
                name: self._asset_payload(manifest.assets[name], asset, name in inline)
                for name, asset in assets.items()
            },
            "bind": figure.bind,
        }
        if any(asset.kind == "chart" for asset in assets.values()):
            payload["files"] = {"vega": self._vega()}
        return payload

    @staticmethod
    def _asset_payload(stored: StoredAsset, asset: ShownAsset, inline: bool) -> dict[str, Any]:
        payload = {"kind": asset.kind, "href": asset.href, "meta": asset.meta, **asset.roles}
        if asset.kind == "chart":
            payload["spec"] = json.loads(asset.text())
        if asset.kind == "packed" or inline:
            encoded = base64.b64encode(asset.href.path.read_bytes()).decode()
            if inline:
                payload["dataurl"] = f"data:{stored.files['main'].media_type};base64,{encoded}"
            else:
                payload["base64"] = encoded
        return payload

    def _payload_element(self, uid: str, payload: Mapping[str, Any]) -> Markup:
        text = payload_text(payload)
        if len(text.encode()) < INLINE_LIMIT:
            return Markup(f'<script type="application/json" class="payload">{text}</script>')
        href = self._files.add(f"{uid}.js", f"stillroom.payload({_json(uid)}, {text});\n")
        return Markup('<template class="payload" data-src="{}"></template>').format(href)

    def _footer(
        self,
        result: FigureResult,
        assets: Mapping[str, ShownAsset],
        claims: tuple[CheckedClaim, ...],
    ) -> Footer:
        figure, made = result.figure, result.manifest.ingredients
        parameters = [(name, _plain(value)) for name, value in made.params.items()]
        versions = sorted(made.packages.items())
        provenance = [
            ("recipe", made.recipe),
            *parameters,
            ("seed", str(made.seed)),
            *versions,
            ("key", result.manifest.key[:16]),
        ]
        return Footer(
            data=self._downloads(figure.name, result.manifest, assets),
            provenance=tuple(provenance),
            command=f"stillroom run {result.slug}/{figure.name}",
            claims=claims,
            draft=made.draft,
        )

    def _downloads(
        self, figure: str, manifest: Manifest, assets: Mapping[str, ShownAsset]
    ) -> tuple[Download, ...]:
        found = []
        for name, table in manifest.tables.items():
            text = _csv(table)
            href = self._files.add(f"{figure}-{name}.csv", text)
            found.append(Download(f"{name}.csv", href, len(text.encode()), text))
        if manifest.facts or manifest.data:
            text = _json({"facts": manifest.facts, "data": manifest.data}) + "\n"
            href = self._files.add(f"{figure}.json", text)
            found.append(Download(f"{figure}.json", href, len(text.encode()), text))
        for name, asset in assets.items():
            file = manifest.assets[name].files["main"]
            found.append(Download(file.name, asset.href, file.size, asset.href.path))
        return tuple(found)


def payload_text(payload: Mapping[str, Any]) -> str:
    """JSON that may stand inside ``<script>``: there is no "<" to end the element or open one."""
    return _json(payload).replace("<", "\\u003c")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> str:
    """A parameter as one would say it: no quotation marks, brackets only within a list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(
            _json(each) if isinstance(each, list | dict) else _plain(each) for each in value
        )
    return value or "none" if isinstance(value, str) else _json(value)


def _csv(table: Mapping[str, Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    return out.getvalue()
