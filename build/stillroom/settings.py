"""The settings of a site: `[tool.stillroom]` in pyproject.toml, or a stillroom.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from stillroom.diagnostics import StillroomError, nearest

PACKAGE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A site's settings; every folder is relative to `root`.

    Args:
        root: the folder with the settings file.
        title: the site's name.
        description: one sentence about it.
        url: where it will be published, if known; used for canonical links only.
        language: BCP 47 tag of the text.
        licence: of the articles, shown on every page.
        citation_style: a CSL style by name; empty means Stillroom's own.
        freeze_after: seconds of computation from which a result is kept for good.
        page_budget: bytes a page may weigh with all it loads at once.
    """

    root: Path
    title: str = "A Stillroom site"
    description: str = ""
    url: str = ""
    language: str = "en"
    licence: str = ""
    citation_style: str = ""
    freeze_after: float = 10.0
    page_budget: int = 6_000_000
    source: Path = field(default=Path("stillroom.toml"))

    @property
    def articles(self) -> Path:
        """What authors write."""
        return self.root / "articles"

    @property
    def assets(self) -> Path:
        """Stored results."""
        return self.root / "assets"

    @property
    def site(self) -> Path:
        """The output."""
        return self.root / "site"

    @property
    def scratch(self) -> Path:
        """Memos, checkpoints and locks: safe to delete at any time."""
        return self.root / ".stillroom"

    @property
    def templates(self) -> tuple[Path, ...]:
        """Template folders, the site's own first; a file found in an earlier one wins."""
        own = self.root / "templates"
        built_in = builtin_templates()
        return (own, built_in) if own.is_dir() and own != built_in else (built_in,)


def builtin_templates() -> Path:
    """The templates that travel with the package: inside a wheel, or at the top of a checkout."""
    inside = PACKAGE / "templates"
    return inside if inside.is_dir() else PACKAGE.parents[1] / "templates"


def find_settings(start: Path) -> Settings:
    """Read the settings of the site that `start` is in.

    Raises:
        StillroomError: there is no settings file in `start` or above, or it is not valid.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        own = folder / "stillroom.toml"
        if own.is_file():
            return _settings(folder, own, _toml(own))
        project = folder / "pyproject.toml"
        if project.is_file():
            table = _toml(project).get("tool", {}).get("stillroom")
            if table is not None:
                return _settings(folder, project, table)
    raise StillroomError(
        f"there is no Stillroom site in {start} or in a folder above it",
        hint="make one with: stillroom new site NAME",
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise StillroomError(f"{path}: not valid TOML: {error}") from error


def _settings(root: Path, path: Path, table: dict[str, Any]) -> Settings:
    kinds = {f.name: type(f.default) for f in fields(Settings) if f.name not in {"root", "source"}}
    for name, value in table.items():
        if name not in kinds:
            raise StillroomError(f"{path.name}: unknown setting '{name}'{nearest(name, kinds)}")
        kind = kinds[name]
        number = kind is float and isinstance(value, int) and not isinstance(value, bool)
        if type(value) is not kind and not number:
            raise StillroomError(
                f"{path.name}: setting '{name}' should be {kind.__name__}, not {value!r}"
            )
    return Settings(root=root, source=path, **table)
