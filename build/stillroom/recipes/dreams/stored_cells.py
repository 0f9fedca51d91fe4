"""The cells of an atlas as it is stored, for recipes that go on from it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image as Pillow
from torch import Tensor

from stillroom.recipe import Stored


@dataclass(frozen=True, slots=True)
class Target:
    """A cell of the atlas.

    Attributes:
        name: its first class.
        value: the logit of that.
        frame: its place in the sheet of pictures.
        pieces: the places of its typical pieces in their sheet.
    """

    name: str
    value: float
    frame: int
    pieces: tuple[int, ...]


def cells(atlas: Stored, layer: str) -> list[Target]:
    """The cells of a layer's finest map.

    Raises:
        ValueError: the atlas has no such layer.
    """
    level, classes = _map(atlas, layer)["levels"][-1], atlas.data["classes"]
    keys = ("x", "y", "classes", "values", "patches")
    return [
        Target(classes[names[0]], values[0], y * level["grid"] + x, tuple(few))
        for x, y, names, values, few in zip(*(level["cells"][key] for key in keys), strict=True)
    ]


def pick(atlas: Stored, layer: str, count: int) -> list[Target]:
    """The cells of a layer's finest map with the largest logits, one a class."""
    best: dict[str, Target] = {}
    for each in sorted(cells(atlas, layer), key=lambda cell: -cell.value):
        best.setdefault(each.name, each)
    return list(best.values())[:count]


def sheets(atlas: Stored, layer: str) -> tuple[list[Tensor], list[Tensor]]:
    """The pictures of a layer's finest map and its pieces, as published, each ``[3, s, s]``."""
    found = _map(atlas, layer)
    level = found["levels"][-1]
    drawn = _read(atlas, level["frames"])
    return (
        _cut(drawn, drawn.shape[1] // level["grid"]),
        _cut(_read(atlas, found["patches"]), found["piece"]),
    )


def _map(atlas: Stored, layer: str) -> Mapping[str, Any]:
    for each in atlas.data["layers"]:
        if each["name"] == layer:
            found: Mapping[str, Any] = each
            return found
    raise ValueError(f"the atlas has no layer '{layer}'")


def _read(atlas: Stored, name: str) -> Tensor:
    """A picture among the stored files, whatever its format, ``[3, h, w]`` in [0, 1]."""
    file = next(content for key, content in atlas.files.items() if key.rpartition(".")[0] == name)
    with Pillow.open(io.BytesIO(file)) as opened:
        rgb = opened.convert("RGB")
    flat = torch.frombuffer(bytearray(rgb.tobytes()), dtype=torch.uint8)
    return flat.reshape(rgb.height, rgb.width, 3).permute(2, 0, 1).float() / 255


def _cut(sheet: Tensor, size: int) -> list[Tensor]:
    """The frames of a sheet, row by row."""
    return [
        sheet[:, top : top + size, left : left + size]
        for top in range(0, sheet.shape[1], size)
        for left in range(0, sheet.shape[2], size)
    ]
