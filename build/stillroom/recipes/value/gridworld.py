"""Gridworlds drawn as text: a map becomes a Markov decision process.

    S . . . .      S start   G goal, +2   C cliff, -1   # wall   . floor
    . . # . G
    C C C C C

(without the spaces). A step leads one cell up, right, down or left; at a wall or the edge of the
map the walker stays. An episode ends in a goal or a cliff. Cells are numbered row by row, walls
too, so that the number of a state is its place on the map.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stillroom.recipes.value.mdp import MDP, Trajectory

ACTIONS = ("up", "right", "down", "left")
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))
ARROWS = ("↑", "→", "↓", "←")
REWARDS = {"G": 2.0, "C": -1.0}
SYMBOLS = "SGC#."


class WorldError(ValueError):
    """A map that cannot be a world; row and column count from 1."""

    def __init__(self, message: str, row: int, column: int) -> None:
        super().__init__(f"row {row}, column {column}: {message}")
        self.row = row
        self.column = column


@dataclass(frozen=True)
class World(MDP):
    """A gridworld: a process whose states are the cells of a map.

    Attributes:
        cells: the rows of the map.
        walls: bool ``[s]``.
    """

    cells: tuple[str, ...]
    walls: Tensor

    @property
    def rows(self) -> int:
        """Rows of the map."""
        return len(self.cells)

    @property
    def cols(self) -> int:
        """Columns of the map."""
        return len(self.cells[0])

    @property
    def places(self) -> Tensor:
        """float64 ``[s, 2]``: row and column of each state, from 0."""
        number = torch.arange(self.states)
        return torch.stack([number // self.cols, number % self.cols], 1).double()

    def find(self, symbol: str) -> list[int]:
        """The states whose cell is `symbol`, in order."""
        return [state for state, cell in enumerate("".join(self.cells)) if cell == symbol]

    def describe(self) -> dict[str, Any]:
        """What a view needs to draw the map: ``rows``, ``cols``, ``cells``."""
        return {"rows": self.rows, "cols": self.cols, "cells": list(self.cells)}


def parse(text: str) -> tuple[str, ...]:
    """Return the rows of a map, checked.

    Blank lines around it and common indentation do not count.

    Raises:
        WorldError: no start or goal, rows of different length, an unknown symbol, or a goal or a
            piece of floor that cannot be reached.
    """
    rows = tuple(line.rstrip() for line in inspect.cleandoc(text).strip("\n").splitlines())
    if not rows or not rows[0]:
        raise WorldError("the map is empty", 1, 1)
    for number, row in enumerate(rows, 1):
        for column, symbol in enumerate(row, 1):
            if symbol not in SYMBOLS:
                raise WorldError(
                    f"unknown symbol {symbol!r}; expected S (start), G (goal), C (cliff), "
                    "# (wall) or . (floor)",
                    number,
                    column,
                )
        if len(row) != len(rows[0]):
            raise WorldError(
                f"this row has {len(row)} cells, the first has {len(rows[0])}",
                number,
                min(len(row), len(rows[0])) + 1,
            )
    starts = places(rows, "S")
    if not starts:
        raise WorldError("the map has no start (S)", 1, 1)
    if not places(rows, "G"):
        raise WorldError("the map has no goal (G)", 1, 1)
    reached = reach(rows, starts)
    for symbol, name in (("G", "this goal"), (".", "this floor")):
        for place in places(rows, symbol):
            if place not in reached:
                raise WorldError(f"{name} cannot be reached from any start", *one_based(place))
    for start in starts:
        if not any(rows[i][j] == "G" for i, j in reach(rows, [start])):
            raise WorldError("no goal can be reached from this start", *one_based(start))
    return rows


def places(rows: Sequence[str], symbol: str) -> list[tuple[int, int]]:
    """Row and column, from 0, of every cell that is `symbol`."""
    return [(i, j) for i, row in enumerate(rows) for j, cell in enumerate(row) if cell == symbol]


def one_based(place: tuple[int, int]) -> tuple[int, int]:
    """A place as people count."""
    return place[0] + 1, place[1] + 1


def reach(rows: Sequence[str], starts: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """All cells a walker may come to, those in which it ends included."""
    reached = set(starts)
    edge = list(reached)
    while edge:
        place = edge.pop()
        if rows[place[0]][place[1]] in REWARDS:
            continue
        for move in MOVES:
            following = step(rows, place, move)
            if following not in reached:
                reached.add(following)
                edge.append(following)
    return reached


def step(rows: Sequence[str], place: tuple[int, int], move: tuple[int, int]) -> tuple[int, int]:
    """The cell one move away, or the same one at a wall or an edge."""
    i, j = place[0] + move[0], place[1] + move[1]
    free = 0 <= i < len(rows) and 0 <= j < len(rows[0]) and rows[i][j] != "#"
    return (i, j) if free else place


def world(
    text: str,
    *,
    slip: float = 0.0,
    wind: float | Sequence[float] = 0.0,
    towards: str = "down",
    cost: float = 0.0,
) -> World:
    """Make a world from a map.

    Args:
        text: the map.
        slip: the chance in [0, 1) that a step goes astray: half of it to either side.
        wind: the chance in [0, 1) of being blown one cell further after a step that did not end
            the episode; one number, or one for each column.
        towards: where the wind blows, one of `ACTIONS`.
        cost: what every step costs on top of the reward of the cell it leads to.

    Raises:
        WorldError: as for `parse`.
        ValueError: a chance or a direction that is none.
    """
    rows = parse(text)
    height, width = len(rows), len(rows[0])
    gusts = [float(wind)] * width if isinstance(wind, int | float) else [float(w) for w in wind]
    if len(gusts) != width:
        raise ValueError(f"wind has {len(gusts)} numbers for {width} columns")
    for name, chance in [("slip", slip), *(("wind", gust) for gust in gusts)]:
        if not 0 <= chance < 1:
            raise ValueError(f"{name} is {chance}; expected a chance of at least 0 and below 1")
    if towards not in ACTIONS:
        raise ValueError(f"the wind blows {towards!r}; expected one of {', '.join(ACTIONS)}")
    blow = MOVES[ACTIONS.index(towards)]
    size = height * width
    P = torch.zeros(len(ACTIONS), size, size, dtype=torch.float64)
    for i, j in ((i, j) for i in range(height) for j in range(width)):
        if rows[i][j] not in "S.":
            continue
        for action in range(len(ACTIONS)):
            astray = ((action + turn) % len(ACTIONS) for turn in (0, 1, 3))
            for direction, chance in zip(astray, (1 - slip, slip / 2, slip / 2), strict=True):
                place = step(rows, (i, j), MOVES[direction])
                ended = rows[place[0]][place[1]] in REWARDS
                gust = 0.0 if ended else gusts[place[1]]
                blown = step(rows, place, blow)
                P[action, i * width + j, place[0] * width + place[1]] += chance * (1 - gust)
                P[action, i * width + j, blown[0] * width + blown[1]] += chance * gust
    cells = "".join(rows)
    entering = torch.tensor([REWARDS.get(cell, 0.0) for cell in cells], dtype=torch.float64) - cost
    start = torch.tensor([cell == "S" for cell in cells], dtype=torch.float64)
    return World(
        P=P,
        R=entering.expand_as(P),
        terminal=torch.tensor([cell in REWARDS for cell in cells]),
        start=start / start.sum(),
        cells=rows,
        walls=torch.tensor([cell == "#" for cell in cells]),
    )


def steady(chances: Sequence[float], states: int) -> Tensor:
    """The policy ``[a, s]`` that does the same everywhere: `chances` of up, right, down, left.

    Raises:
        ValueError: not four chances that sum to 1.
    """
    policy = torch.tensor(chances, dtype=torch.float64)
    if len(policy) != len(ACTIONS) or policy.min() < 0 or abs(float(policy.sum()) - 1) > 1e-9:
        raise ValueError(f"expected four chances that sum to 1, not {list(chances)}")
    return policy[:, None].expand(-1, states).clone()


def distances(world: World) -> Tensor:
    """Steps on the shortest way between every two cells: float64 ``[s, s']``.

    Infinite where no way leads. Goals and cliffs may be walked through: it is the shape of the
    room that is measured.
    """
    rows = world.cells
    size = world.states
    joined = torch.zeros(size, size, dtype=torch.bool)
    for i in range(world.rows):
        for j in range(world.cols):
            if rows[i][j] != "#":
                for move in MOVES:
                    place = step(rows, (i, j), move)
                    joined[i * world.cols + j, place[0] * world.cols + place[1]] = True
    steps = torch.full((size, size), torch.inf, dtype=torch.float64)
    reached = torch.diag(~world.walls)
    for length in range(size):
        steps[reached & steps.isinf()] = length
        wider = reached | ((reached.double() @ joined.double()) > 0)
        if bool((wider == reached).all()):
            break
        reached = wider
    return steps


def trajectory(world: World, text: str) -> Trajectory:
    """Walk through a world without slip and wind: ``1,2 RRDL`` starts in row 1, column 2.

    Raises:
        ValueError: the text has another form, or the walk starts outside the floor, runs into a
            wall or the edge, goes on after an end, or does not end.
    """
    found = re.fullmatch(r"\s*(\d+)\s*,\s*(\d+)\s+([URDL]+)\s*", text)
    if found is None:
        raise ValueError(
            f"trajectory {text!r}: expected row, column and moves (U, R, D, L), as in '1,2 RRDL'"
        )
    place = (int(found[1]) - 1, int(found[2]) - 1)
    inside = 0 <= place[0] < world.rows and 0 <= place[1] < world.cols
    if not inside or world.cells[place[0]][place[1]] not in "S.":
        raise ValueError(f"trajectory {text!r}: it starts outside the floor")
    states = [place[0] * world.cols + place[1]]
    actions = ["URDL".index(letter) for letter in found[3]]
    rewards = []
    for number, action in enumerate(actions, 1):
        here = states[-1]
        if bool(world.terminal[here]):
            raise ValueError(f"trajectory {text!r}: it has ended before move {number}")
        following = step(world.cells, divmod(here, world.cols), MOVES[action])
        states.append(following[0] * world.cols + following[1])
        if states[-1] == here:
            raise ValueError(f"trajectory {text!r}: move {number} runs into a wall or the edge")
        rewards.append(float(world.R[action, here, states[-1]]))
    if not bool(world.terminal[states[-1]]):
        raise ValueError(f"trajectory {text!r}: it ends neither in a goal nor in a cliff")
    return Trajectory(tuple(states), tuple(actions), tuple(rewards))
