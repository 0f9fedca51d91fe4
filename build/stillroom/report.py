"""Plans and results as lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stillroom.precompute.manifest import FigureResult, Manifest


def result_lines(result: FigureResult) -> Iterator[str]:
    """The facts of a figure, and how it was made."""
    manifest = result.manifest
    yield f"{result.slug}/{result.figure.name}: {_made(manifest)}, in assets/{manifest.folder}"
    width = max(map(len, manifest.facts), default=0)
    for name, value in manifest.facts.items():
        yield f"  {name:{width}}  {value}"


def size_of(manifest: Manifest) -> int:
    """Bytes of all files of a result."""
    return sum(file.size for asset in manifest.assets.values() for file in asset.files.values())


def format_size(size: float) -> str:
    """A number of bytes for people: ``812 B``, ``3.4 kB``, ``12 MB``."""
    for unit in ("B", "kB", "MB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def format_seconds(seconds: float) -> str:
    """A duration for people: ``0.4 s``, ``12 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _made(manifest: Manifest) -> str:
    provenance = manifest.provenance
    size = format_size(size_of(manifest))
    return f"{format_seconds(provenance.seconds)} on {provenance.device}, {size}"
