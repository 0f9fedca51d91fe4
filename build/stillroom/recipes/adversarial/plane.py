"""Pictures of what networks say in a square, with points, the ways they went, and borders.

Places are in [0, 1] across and up, pixels counted from the upper left.
"""

from __future__ import annotations

import torch
from torch import Tensor

from stillroom.media import palette
from stillroom.recipes.adversarial.attack import Found

SIDE = 288  # pixels of a picture of the square
DOT, RIM = 6, 2  # of a point, in pixels
START = 3  # of the mark where a way begins
INK, EDGE, PAPER = 20, 110, 255  # greys


def grid() -> Tensor:
    """The middles of all pixels, row by row, ``[SIDE SIDE, 2]``."""
    middle = (torch.arange(SIDE) + 0.5) / SIDE
    y, x = torch.meshgrid(middle.flip(0), middle, indexing="ij")
    return torch.stack([x, y], -1).reshape(-1, 2)


def tint(sure: Tensor) -> Tensor:
    """Colour what is said at each of `grid`, from blue for 0 to orange for 1, ``[SIDE, SIDE, 3]``.

    The colours are paler than those of `points`, which lie on them.
    """
    shade = 1.2 * sure.reshape(SIDE, SIDE) - 0.6
    return torch.from_numpy(palette.apply(shade.cpu(), -1, 1, "diverging"))


def frames(picture: Tensor, places: Tensor, radius: float) -> Tensor:
    """Draw the edge of the ball (Linf) around each of ``places[n, 2]``."""
    apart = (_pixels(places)[:, None, None] - _pixels(grid()).reshape(SIDE, SIDE, 2)).abs()
    edge = (apart.amax(-1) - radius * SIDE).abs() < 0.5
    return picture.where(~edge.any(0)[..., None], torch.tensor(EDGE, dtype=torch.uint8))


def points(
    picture: Tensor, places: Tensor, labels: Tensor, *, marked: Tensor | None = None
) -> Tensor:
    """Draw points ``[n, 2]`` in the colours of their labels ``[n]``, some with a white mark."""
    for n, near in enumerate(_away(places)):
        colour = palette.apply(2.0 * labels[n].cpu() - 1, -1, 1, "diverging")
        rings = [(DOT + RIM, INK), (DOT, colour)]
        if marked is not None and bool(marked[n]):
            rings.append((DOT - 2 * RIM, PAPER))
        for size, fill in rings:
            picture = picture.where(
                (near > size)[..., None], torch.as_tensor(fill, dtype=torch.uint8)
            )
    return picture


def ways(picture: Tensor, walked: Tensor, *, ink: int = INK, wide: float = 1.5) -> Tensor:
    """Draw ways ``[steps + 1, n, 2]`` as lines, from an open mark where each begins.

    Args:
        picture: uint8 ``[SIDE, SIDE, 3]``.
        walked: the places at first and after each step. One that stays where it is adds nothing.
        ink: a grey.
        wide: of the lines, in pixels.
    """
    if not walked.shape[1]:
        return picture
    pixels = _pixels(grid()).reshape(SIDE, SIDE, 2)
    nearest = torch.full((SIDE, SIDE), torch.inf)
    for corners in _pixels(walked).unbind(1):
        left, top = (int(low) for low in (corners.amin(0) - wide - 1).clamp(0, SIDE))
        right, bottom = (int(high) for high in (corners.amax(0) + wide + 2).clamp(0, SIDE))
        box = slice(top, bottom), slice(left, right)
        nearest[box] = torch.minimum(nearest[box], _from_line(pixels[box], corners))
    start = _away(walked[0]).amin(0)
    picture = _blend(picture, PAPER, START - start + 0.5)
    line = torch.where(start < START, torch.inf, nearest)
    return _blend(picture, ink, wide / 2 + 0.5 - torch.minimum(line, (start - START).abs()))


def borders(picture: Tensor, given: Tensor, *, ink: int = 90) -> Tensor:
    """Draw where each of some networks changes its mind, as thin lines in a grey.

    Args:
        picture: uint8 ``[SIDE, SIDE, 3]``.
        given: logits at each of `grid`, ``[n, SIDE SIDE]``.
        ink: the grey.
    """
    for each in given.cpu().reshape(-1, SIDE, SIDE):
        slope = torch.hypot(*torch.gradient(each))
        picture = _blend(picture, ink, 1 - each.abs() / slope.clamp_min(1e-9))
    return picture


def until_best(path: Found) -> Tensor:
    """Ways ``[steps + 1, n, d]`` of a `Pgd.path` that stay at their best place once they are there.

    An attack keeps the best place of its way, which need not be the last: one of success before
    one without, then the one of highest loss.
    """
    lost = path.success.any(0) & ~path.success
    best = path.loss.masked_fill(lost, -torch.inf).argmax(0)
    step = torch.arange(len(path.loss), device=best.device)[:, None].minimum(best)
    return path.images.gather(0, step[..., None].expand_as(path.images))


def _from_line(pixels: Tensor, corners: Tensor) -> Tensor:
    """How far ``pixels[h, w, 2]`` are from a line with ``corners[c, 2]``, ``[h, w]``."""
    along = corners.diff(dim=0, prepend=corners[:1])  # a single corner is a line, too
    begin = corners - along
    offset = pixels[:, :, None] - begin
    part = (offset * along).sum(-1) / along.square().sum(-1).clamp_min(1e-9)
    away: Tensor = (offset - part.clamp(0, 1)[..., None] * along).norm(dim=-1)
    return away.amin(-1)


def _pixels(places: Tensor) -> Tensor:
    """Places ``[..., 2]`` in pixels across and down."""
    x, y = (places.cpu() * SIDE).unbind(-1)
    return torch.stack([x, SIDE - y], -1)


def _away(places: Tensor) -> Tensor:
    """How far each pixel is from ``places[n, 2]``, in pixels: ``[n, SIDE, SIDE]``."""
    pixels = _pixels(grid()).reshape(SIDE, SIDE, 2)
    away: Tensor = (_pixels(places)[:, None, None] - pixels).norm(dim=-1)
    return away


def _blend(picture: Tensor, ink: int, cover: Tensor) -> Tensor:
    """Lay a grey over a picture, as much as it covers of each pixel."""
    share = cover.clamp(0, 1)[..., None]
    return (picture * (1 - share) + ink * share).round().to(torch.uint8)
