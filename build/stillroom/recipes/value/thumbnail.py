"""A small picture of a gridworld, its values and the ways through it, for the index of a site."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from stillroom.media import palette
from stillroom.recipes.value.gridworld import REWARDS, World
from stillroom.recipes.value.mdp import Trajectory

CELL = 80  # pixels a side
LINE = 9  # between two cells; between two trajectories
WIDTHS = (11, 6)  # half of a trajectory's, with its edge and without
PAPER, GRID, WALL = "#fffdf9", "#e9e6e1", "#57534d"


def thumbnail(place: World, values: Tensor, walked: Sequence[Trajectory]) -> Tensor:
    """Draw values as colours, and trajectories over them as lines.

    Args:
        place: the world.
        values: ``[s]``; NaN leaves a cell blank, ends have the colour of their reward.
        walked: the trajectories.

    Returns:
        uint8 ``[80 * rows, 80 * cols, 3]``.
    """
    shown = values.clone()
    for symbol, reward in REWARDS.items():
        shown[place.find(symbol)] = reward
    most = float(shown.nan_to_num().abs().max()) or 1.0
    cells = torch.from_numpy(palette.apply(shown.nan_to_num().numpy(), -most, most, "diverging"))
    cells[shown.isnan()] = _rgb(PAPER)
    cells[place.walls] = _rgb(WALL)
    picture = cells.reshape(place.rows, place.cols, 3).repeat_interleave(CELL, 0)
    picture = picture.repeat_interleave(CELL, 1)
    for at in range(0, CELL * place.rows, CELL):
        picture[at : at + 2] = _rgb(GRID)
    for at in range(0, CELL * place.cols, CELL):
        picture[:, at : at + 2] = _rgb(GRID)
    for number, each in enumerate(walked):
        shift = round(LINE * (number - (len(walked) - 1) / 2))
        centres = ((place.places[list(each.states)] + 0.5) * CELL).long() + shift
        colour = palette.CATEGORIES[(number + 2) % len(palette.CATEGORIES)][0]
        for half, ink in zip(WIDTHS, (PAPER, colour), strict=True):
            for one, other in pairwise(centres):
                top, left = (torch.minimum(one, other) - half).tolist()
                bottom, right = (torch.maximum(one, other) + half).tolist()
                picture[top:bottom, left:right] = _rgb(ink)
    return picture


def _rgb(colour: str) -> Tensor:
    return torch.tensor(list(bytes.fromhex(colour[1:])), dtype=torch.uint8)
