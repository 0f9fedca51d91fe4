"""What a reader may take away of an article: the results of all its figures in one ZIP file."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

from stillroom.render.figure import Footer

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a ZIP file can hold: the same every time


def archive(about: str, footers: Mapping[str, Footer]) -> bytes:
    """Pack a folder a figure, with the files that its footer offers, and a README.

    Args:
        about: the first lines of the README.
        footers: by name of the figure, in the order of the article.

    Returns:
        The file; the same for the same content.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        _write(out, "README.txt", "\n\n".join([about, *map(_section, footers, footers.values())]))
        for figure, footer in footers.items():
            for item in footer.data:
                _write(out, f"{figure}/{item.label}", item.content())
    return packed.getvalue()


def _section(figure: str, footer: Footer) -> str:
    lines: Sequence[tuple[str, str]] = (*footer.provenance, ("make it again", footer.command))
    return "\n".join([figure, *(f"  {label}: {value}" for label, value in lines)])


def _write(out: zipfile.ZipFile, name: str, content: bytes | str) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    out.writestr(entry, content)
