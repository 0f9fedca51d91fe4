"""The files a page shows: copied into the site under names made from their content.

Every `href` is relative to the page, so that a site works under any base path and from a folder.
"""

from __future__ import annotations

import posixpath
import re
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from stillroom.render.output import Output, content_name, digest

_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")  # what an address would have to escape
VIDEO = frozenset({".mp4"})


class Files:
    """The files of one page, which lies in `folder` (POSIX, relative to the site)."""

    def __init__(self, output: Output, folder: str) -> None:
        self._output = output
        self._folder = folder
        self._by_digest: dict[tuple[str, str], str] = {}

    def add(self, name: str, content: bytes | str) -> str:
        """Write `content` beside the page and return its href; equal content is written once."""
        data = content.encode() if isinstance(content, str) else content
        path, new = self._path(name, digest(data))
        if new:
            self._output.write(path, data)
        return self.href(path)

    def copy(self, name: str, source: Path, known_digest: str = "") -> str:
        """Copy `source` beside the page and return its href.

        Args:
            name: what the file is called in the site, before its digest is added.
            source: where it is.
            known_digest: its SHA-256, when already checked.
        """
        path, new = self._path(name, known_digest or digest(source.read_bytes()))
        if new:
            self._output.copy(path, source)
        return self.href(path)

    def href(self, path: str) -> str:
        """The way from the page to `path`, a file of the site."""
        return posixpath.relpath(path, self._folder or ".")

    def _path(self, name: str, checksum: str) -> tuple[str, bool]:
        known = (checksum, posixpath.splitext(name)[1].lower())
        new = known not in self._by_digest
        if new:
            plain = _PLAIN.sub("-", name)
            self._by_digest[known] = posixpath.join(self._folder, content_name(plain, checksum))
        return self._by_digest[known], new


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of an image or film in pixels, so that a page can keep its place.

    Raises:
        ValueError: the file is not what its name says.
    """
    stat = path.stat()
    return _picture_size(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=1024)
def _picture_size(path: Path, modified: int, size: int) -> tuple[int, int]:  # noqa: ARG001 - in the cache's key
    suffix = path.suffix.lower()
    if suffix in VIDEO:
        return _video_size(path)
    if suffix == ".svg":
        return _svg_size(path)
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            turned = picture.getexif().get(0x0112, 1) >= 5  # orientations that swap the sides
            width, height = picture.size
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"{path.name} cannot be read as an image") from error
    return (height, width) if turned else (width, height)


def _video_size(path: Path) -> tuple[int, int]:
    """Read the header of the first track that shows something (ISO/IEC 14496-12, 8.3.2)."""
    for name, movie in _boxes(path.read_bytes()):
        for kind, track in _boxes(movie) if name == b"moov" else ():
            for each, header in _boxes(track) if kind == b"trak" else ():
                if each != b"tkhd" or len(header) < 84:
                    continue
                # It ends with a 3 × 3 matrix, then width and height, all 32-bit fixed point.
                (upright,) = struct.unpack(">i", header[-44:-40])
                width, height = (value >> 16 for value in struct.unpack(">II", header[-8:]))
                if width and height:
                    return (width, height) if upright else (height, width)
    raise ValueError(f"{path.name} cannot be read as a film")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes of an MP4 file, or of one of its boxes: type and content."""
    start = 0
    while start + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[start : start + 8])
        head = 8
        if size == 1 and start + 16 <= len(data):
            (size,) = struct.unpack(">Q", data[start + 8 : start + 16])
            head = 16
        end = len(data) if size == 0 else start + max(size, head)
        yield name, data[start + head : end]
        start = end


def _svg_size(path: Path) -> tuple[int, int]:
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(path.read_bytes())
        box = root.get("viewBox", "").replace(",", " ").split()
        width, height = (root.get("width", ""), root.get("height", ""))
        if len(box) == 4 and not (_pixels(width) and _pixels(height)):
            return round(float(box[2])), round(float(box[3]))
        return round(_pixels(width)), round(_pixels(height))
    except (ElementTree.ParseError, ValueError) as error:
        raise ValueError(f"{path.name} cannot be read as an SVG image") from error


def _pixels(length: str) -> float:
    """A length in CSS pixels, 0 for none or for a percentage."""
    length = length.strip().removesuffix("px")
    return 0.0 if not length or length.endswith("%") else float(length)
