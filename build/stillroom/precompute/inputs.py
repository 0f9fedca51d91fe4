"""Input files of figures: pictures of the article's folder, or inside scikit-image's wheel."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from stillroom.diagnostics import nearest

SAMPLES = "skimage:"
SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".tif", ".tiff", ".bmp"}


class MissingInputError(Exception):
    """There is no such input file, or it is not one an article may name."""


def read_input(name: str, folder: Path) -> bytes:
    """Return the content of the picture that an article names.

    Args:
        name: a path relative to the article's folder, or ``skimage:NAME``.
        folder: the article's folder.

    Raises:
        MissingInputError: it does not exist, lies outside the folder or cannot be read.
    """
    return _sample(name) if name.startswith(SAMPLES) else _own(name, folder)


def _own(name: str, folder: Path) -> bytes:
    home = folder.resolve()
    path = (home / name).resolve()
    if not path.is_relative_to(home):
        raise MissingInputError(f"'{name}' lies outside the article's folder")
    try:
        return path.read_bytes()
    except OSError as error:
        here = [
            each.relative_to(home).as_posix()
            for each in home.rglob("*")
            if each.suffix.lower() in SUFFIXES
        ]
        what = "is a folder" if path.is_dir() else "does not exist"
        raise MissingInputError(
            f"the file '{name}' {what} in the article's folder{nearest(name, here)}"
        ) from error


def _sample(name: str) -> bytes:
    spec = importlib.util.find_spec("skimage")  # finds it without importing it
    if spec is None or not spec.submodule_search_locations:
        raise MissingInputError(
            f"'{name}' is a picture of scikit-image, which is not installed: "
            "pip install scikit-image"
        )
    data = Path(spec.submodule_search_locations[0]) / "data"
    pictures = {path.stem: path for path in sorted(data.iterdir()) if path.suffix in SUFFIXES}
    sample = name.removeprefix(SAMPLES)
    if sample not in pictures:
        near = nearest(name, (f"{SAMPLES}{each}" for each in pictures))
        raise MissingInputError(f"scikit-image has no picture '{sample}'{near}")
    return pictures[sample].read_bytes()
