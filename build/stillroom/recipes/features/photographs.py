"""Photographs to look for patches in, outside of a build: a folder of them, or the built-in ones.

A recipe asks for its pictures by parameters (`stillroom.recipe.ImageFile`), which the plan reads;
this is for notebooks and scripts.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from stillroom.models.pictures import PICTURES, PREFIX
from stillroom.precompute.inputs import SUFFIXES, read_input
from stillroom.recipe import ImageFile
from stillroom.recipes.features.reading import picture


def photographs(folder: Path | None = None) -> dict[str, Tensor]:
    """Read pictures by name, ``[3, h, w]`` in [0, 1], as `patches.top_patches` takes them.

    Args:
        folder: where they are; files that are no pictures are passed over. None: the pictures
            inside the scikit-image wheel.

    Raises:
        ValueError: the folder holds no picture.
    """
    if folder is None:
        files = [ImageFile(name, read_input(f"{PREFIX}{name}", Path())) for name in PICTURES]
    else:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
        files = [ImageFile(path.name, path.read_bytes()) for path in paths]
    if not files:
        raise ValueError(f"there is no picture in {folder}")
    return {file.name: picture(file) for file in files}
