"""What all pages share: styles with their fonts, and scripts, under names made from content."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

from jinja2 import TemplateNotFound

from stillroom.diagnostics import Diagnostics, Location
from stillroom.render.code import stylesheet
from stillroom.render.output import Output, content_name, digest
from stillroom.render.vega import NAME, vega_bundle
from stillroom.settings import Settings

_URL = re.compile(r"""url\(\s*(["']?)(?!data:|#)([^"')]+)\1\s*\)""")


class Static:
    """The folder ``static/`` of a site; each method returns paths relative to the site."""

    def __init__(self, settings: Settings, output: Output, diagnostics: Diagnostics) -> None:
        self._settings = settings
        self._output = output
        self._diagnostics = diagnostics
        self._written: dict[str, str] = {}

    def page_styles(self) -> list[str]:
        """One stylesheet: all of ``templates/css/`` in order of name, then the colours of code."""
        if "styles" not in self._written:
            sheets = [self._css(path) for path in _union(self._settings.templates, "css", "*.css")]
            self._written["styles"] = self._write(
                "stillroom.css", "\n".join([*sheets, stylesheet()])
            )
        return [self._written["styles"]]

    def theme(self) -> str:
        """The script that runs before the first paint."""
        return self._write("theme.js", find(self._settings.templates, "theme.js").read_bytes())

    def page_scripts(self) -> list[str]:
        """``stillroom.js``, then ``templates/js/`` in order of name."""
        found = _union(self._settings.templates, ".", "stillroom.js")
        found += _union(self._settings.templates, "js", "*.js")
        return [self._write(path.name, path.read_text(encoding="utf-8")) for path in found]

    def view(self, name: str, own: Path | None) -> tuple[list[str], list[str]]:
        """Styles and scripts of a view, from the first folder that has them.

        Args:
            name: of the view.
            own: an article's folder of views, which comes first.
        """
        folders = [*([own] if own else []), *(each / "views" for each in self._settings.templates)]
        found = {}
        for kind in ("css", "js"):
            paths = [folder / name / f"view.{kind}" for folder in folders]
            found[kind] = [path for path in paths if path.is_file()][:1]
        # What else lies beside view.js comes before it: a large view in several parts.
        parts = [part for path in found["js"] for part in sorted(path.parent.glob("*.js"))]
        found["js"] = sorted(parts, key=lambda part: part.name == "view.js")
        styles = [self._write(f"view-{name}.css", self._css(path)) for path in found["css"]]
        scripts = [
            self._write(
                f"view-{name}.js" if path.name == "view.js" else f"view-{name}-{path.name}",
                path.read_text(encoding="utf-8"),
            )
            for path in found["js"]
        ]
        return styles, scripts

    def vega(self) -> str:
        """The Vega libraries."""
        if "vega" not in self._written:
            self._written["vega"] = self._write(NAME, vega_bundle(self._settings.scratch))
        return self._written["vega"]

    def _write(self, name: str, content: str | bytes) -> str:
        data = content.encode() if isinstance(content, str) else content
        path = f"static/{content_name(name, digest(data))}"
        self._output.write(path, data)
        return path

    def _css(self, path: Path) -> str:
        """The text of a stylesheet, with the files it names copied into ``static/``."""
        text = path.read_text(encoding="utf-8")
        for match in _URL.finditer(text):
            target = path.parent / match[2].partition("#")[0]
            if not target.is_file():
                line = text.count("\n", 0, match.start()) + 1
                shown = _shown(path, self._settings)
                self._diagnostics.error(
                    Location(shown, line), "S006", f"'{match[2]}' is not a file beside it"
                )
        return _URL.sub(lambda match: self._asset(path.parent, match), text)

    def _asset(self, folder: Path, match: re.Match[str]) -> str:
        target = folder / match[2].partition("#")[0]
        if not target.is_file():
            return match[0]
        return f'url("{posixpath.basename(self._write(target.name, target.read_bytes()))}")'


def find(folders: tuple[Path, ...], name: str) -> Path:
    """The file `name` in the first folder that has it.

    Raises:
        TemplateNotFound: none has it.
    """
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise TemplateNotFound(name)


def _union(folders: tuple[Path, ...], below: str, pattern: str) -> list[Path]:
    """Files by name, each from the first folder that has it, in order of name."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in (folder / below).glob(pattern):
            found.setdefault(path.name, path)
    return [found[name] for name in sorted(found)]


def _shown(path: Path, settings: Settings) -> str:
    if path.is_relative_to(settings.root):
        return path.relative_to(settings.root).as_posix()
    for folder in settings.templates:
        if path.is_relative_to(folder):
            return f"templates/{path.relative_to(folder).as_posix()}"
    return path.name
