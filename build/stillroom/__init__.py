"""Stillroom: interactive research articles as a folder of files.

The names below are what a recipe beside an article imports. They are loaded on first use, so that
importing the package costs nothing: a build with nothing to do never touches torch.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from stillroom.media.kinds import Chart, Frames, Image, Packed, Video, Weights
    from stillroom.recipe import ImageFile, Recipe, Result, Run, Stored, Upstream, recipe

_HOME = {
    "Chart": "stillroom.media.kinds",
    "Frames": "stillroom.media.kinds",
    "Image": "stillroom.media.kinds",
    "Packed": "stillroom.media.kinds",
    "Video": "stillroom.media.kinds",
    "Weights": "stillroom.media.kinds",
    "ImageFile": "stillroom.recipe",
    "Recipe": "stillroom.recipe",
    "Result": "stillroom.recipe",
    "Run": "stillroom.recipe",
    "Stored": "stillroom.recipe",
    "Upstream": "stillroom.recipe",
    "recipe": "stillroom.recipe",
}

__all__ = [
    "Chart",
    "Frames",
    "Image",
    "ImageFile",
    "Packed",
    "Recipe",
    "Result",
    "Run",
    "Stored",
    "Upstream",
    "Video",
    "Weights",
    "__version__",
    "recipe",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'stillroom' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


class _Package(ModuleType):
    """Keeps `stillroom.recipe` the decorator: Python would put the module of that name there."""

    def __setattr__(self, name: str, value: object) -> None:
        if name == "recipe" and isinstance(value, ModuleType):
            value = value.recipe
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
