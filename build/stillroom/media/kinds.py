"""The kinds of asset a recipe may return. Each is data only; `stillroom.media.encode` makes files.

Pixel arrays are torch tensors or numpy arrays: floats in [0, 1] or uint8 in [0, 255]. The last
axis has 1 (grey), 3 (RGB) or 4 (RGBA) channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MEDIA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Image:
    """One picture, ``[height, width, channels]`` or ``[height, width]``.

    Args:
        pixels: the array.
        lossless: keep every pixel exactly. Lossy is for photographs and optimised pictures.
        scale: show (not store) one array pixel as this many CSS pixels, without smoothing.
    """

    pixels: Any
    lossless: bool = True
    scale: int = 1


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures of one size in a sprite sheet, ``[n, height, width, channels]``, row by row.

    Args:
        pixels: the array.
        columns: frames a row; 0 chooses a nearly square sheet.
        lossless: as for `Image`.
        scale: as for `Image`.
    """

    pixels: Any
    columns: int = 0
    lossless: bool = True
    scale: int = 1


@dataclass(frozen=True, slots=True)
class Video:
    """An H.264 film with a poster, ``[n, height, width, 3]``; height and width are made even."""

    pixels: Any
    fps: int = 24
    poster: int = 0


@dataclass(frozen=True, slots=True)
class Packed:
    """A float array for a script to read, quantised to `bits` (8 or 16) with its error recorded.

    A value is ``low + code * step``, at most ``step / 2`` off; bits=32 stores float32 as it is.
    """

    array: Any
    bits: int = 16


@dataclass(frozen=True, slots=True)
class Chart:
    """A Vega-Lite chart: an Altair chart or its dictionary. Data must be inline.

    With ``width="container"`` it fits the page, and is drawn a second time for phones. Its colours
    follow light and dark when they are the theme's (`stillroom.media.theme`).
    """

    chart: Any


@dataclass(frozen=True, slots=True)
class Weights:
    """Named tensors, stored as safetensors: what a recipe hands to the recipes that need it."""

    tensors: Mapping[str, Any]


Asset = Image | Frames | Video | Packed | Chart | Weights
