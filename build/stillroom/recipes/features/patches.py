"""Pictures that excite a unit: patches of photographs, beside what optimisation draws for it.

Photographs are cut into overlapping squares of several sizes, each is passed through the network,
and a unit's patch is its receptive field about the position where it gives most. The field of a
deep unit is larger than the square; then the patch is the whole square.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from stillroom.recipes.features.objective import check_units
from stillroom.recipes.features.reading import AT_ONCE, activations
from stillroom.recipes.features.receptive_field import Field, receptive_field

SHARES = (1.0, 0.5, 0.25)  # sides of the squares, of the picture's shorter side
OVERLAP = 0.3  # at most, of two patches of one unit: the area of both over the area of either


@dataclass(frozen=True, slots=True)
class Square:
    """A square of a picture: the picture's name, its top, left and side in pixels."""

    picture: str
    top: float
    left: float
    side: float


@dataclass(frozen=True, slots=True)
class Patch:
    """What a unit answered to.

    Attributes:
        value: its activation.
        square: where that is.
        pixels: what it shows, ``[3, s, s]`` in [0, 1].
    """

    value: float
    square: Square
    pixels: Tensor


def squares(
    pictures: Mapping[str, Tensor], shares: Sequence[float] = SHARES, step: float = 0.5
) -> Iterator[Square]:
    """Cut pictures into overlapping squares.

    Args:
        pictures: by name, ``[3, h, w]``.
        shares: their sides, as shares of the picture's shorter side.
        step: from one to the next, at most, as a share of the side.
    """
    for name, pixels in pictures.items():
        height, width = pixels.shape[1:]
        for share in shares:
            side = max(int(min(height, width) * share), 1)
            for top in _starts(height, side, step):
                for left in _starts(width, side, step):
                    yield Square(name, top, left, side)


def top_patches(
    model: nn.Module,
    units: Mapping[str, Sequence[int]],
    pictures: Mapping[str, Tensor],
    *,
    count: int = 9,
    quantile: float = 1.0,
    size: int = 128,
    least: int = 32,
    shares: Sequence[float] = SHARES,
) -> dict[str, list[list[Patch]]]:
    """The patches to which units give most, or something less; one pass serves all layers.

    Args:
        model: the network.
        units: channels, by layer.
        pictures: by name, ``[3, h, w]`` in [0, 1], of any size.
        count: patches for each unit.
        quantile: 1 for the highest values, 0 for the lowest, 0.6 for those nearest to what 60 % of
            the squares stay under. A square's value is the highest of its positions, below 0.5 the
            lowest.
        size: pixels a side of what the network sees.
        least: a patch is at least so many of these pixels wide, so that there is something to see.
        shares: see `squares`.

    Returns:
        By layer, for each unit its patches, the nearest to the quantile first; none overlaps
        another much.

    Raises:
        UnknownLayerError, UnknownUnitError: no such layer or unit.
        ValueError: no pictures.
    """
    found = list(squares(pictures, shares))
    if not found:
        raise ValueError("expected at least one picture")
    best = _search(model, units, pictures, found, size, highest=quantile >= 0.5)
    patches: dict[str, list[list[Patch]]] = {}
    for layer, (values, places) in best.items():
        field = receptive_field(model, layer, size)
        order = (values - values.quantile(quantile, 0)).abs().argsort(dim=0, stable=True)
        side = min(max(field.size, least), size)
        patches[layer] = []
        for unit in range(values.shape[1]):
            taken: list[Patch] = []
            for n in order[:, unit].tolist():
                inner = _inside(found[n], field, places[n, unit], side, size)
                if all(_overlap(inner, other.square) <= OVERLAP for other in taken):
                    pixels = cut(pictures, inner, side)
                    taken.append(Patch(float(values[n, unit]), inner, pixels))
                if len(taken) == count:
                    break
            patches[layer].append(taken)
    return patches


def _search(
    model: nn.Module,
    units: Mapping[str, Sequence[int]],
    pictures: Mapping[str, Tensor],
    found: Sequence[Square],
    size: int,
    *,
    highest: bool,
) -> dict[str, tuple[Tensor, Tensor]]:
    """By layer, the extreme value of each square ``[n, units]`` and its place ``[n, units, 2]``."""
    values: dict[str, list[Tensor]] = {layer: [] for layer in units}
    places: dict[str, list[Tensor]] = {layer: [] for layer in units}
    for start in range(0, len(found), AT_ONCE):
        seen = torch.stack([cut(pictures, each, size) for each in found[start : start + AT_ONCE]])
        for layer, a in activations(model, seen, units).items():
            check_units(units[layer], a.shape[1], layer)
            chosen = a[:, list(units[layer])]
            flat = chosen.reshape(*chosen.shape[:2], -1)
            value, place = flat.max(2) if highest else flat.min(2)
            columns = chosen.shape[-1] if chosen.dim() > 2 else 1
            values[layer].append(value)
            places[layer].append(torch.stack([place // columns, place % columns], 2))
    return {layer: (torch.cat(values[layer]), torch.cat(places[layer])) for layer in units}


def _starts(length: int, side: int, step: float) -> list[int]:
    """Where squares begin, so that they cover a length evenly."""
    steps = math.ceil((length - side) / (side * step))
    return [round((length - side) * n / steps) for n in range(steps + 1)] if steps else [0]


def cut(pictures: Mapping[str, Tensor], square: Square, size: int) -> Tensor:
    """The pixels of a square of one of the pictures, resized to ``[3, size, size]``."""
    top, left, side = round(square.top), round(square.left), max(round(square.side), 1)
    pixels = pictures[square.picture][None, :, top : top + side, left : left + side]
    small = functional.interpolate(pixels, (size, size), mode="bilinear", antialias=True)
    return small[0].clamp(0, 1)


def _inside(square: Square, field: Field, place: Tensor, side: int, size: int) -> Square:
    """The square about a unit's field, moved inside where it reaches out.

    Args:
        square: what the network saw, as `size` pixels.
        field: of the layer.
        place: row and column of the unit.
        side: of the square to return, in the pixels that the network saw.
        size: see `square`.
    """
    middles = [field.start + each * field.stride + field.size / 2 for each in place.tolist()]
    top, left = (min(max(middle - side / 2, 0), size - side) for middle in middles)
    scale = square.side / size
    return Square(
        square.picture, square.top + top * scale, square.left + left * scale, side * scale
    )


def _overlap(one: Square, other: Square) -> float:
    """The area of both over the area of either."""
    if one.picture != other.picture:
        return 0.0
    sides = [
        min(start + one.side, begin + other.side) - max(start, begin)
        for start, begin in ((one.top, other.top), (one.left, other.left))
    ]
    both = max(sides[0], 0) * max(sides[1], 0)
    return both / (one.side**2 + other.side**2 - both)
