"""Trajectories that cross on a cliff: real ones, spliced ones, and the averages of both.

After S. Greydanus and C. Olah, "The Paths Perspective on Value Learning" (Distill 2019,
doi:10.23915/distill.00020).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from stillroom.media.kinds import Image
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.value import estimators, paths
from stillroom.recipes.value.gridworld import trajectory, world
from stillroom.recipes.value.mdp import record
from stillroom.recipes.value.shared import by_cell
from stillroom.recipes.value.thumbnail import thumbnail

MAP = """
S.......
........
.......G
........
SCCCCCCC
"""
CROSSING = ["1,1 RRRDDRRRR", "5,1 UURRRDD"]


@recipe(view="value-paths", packages=["torch"])
def cliff_world(
    run: Run,  # noqa: ARG001
    *,
    map: str = MAP,  # noqa: A002
    trajectories: Annotated[list[str], Field(min_length=1, max_length=8)] = CROSSING,
    gamma: Annotated[float, Field(gt=0, le=1)] = 1.0,
) -> Result:
    """Value states from a few trajectories, by Monte Carlo and by temporal differences.

    Monte Carlo gives a state the mean return of the trajectories through it. The batch TD(0) value
    is the mean over all paths that can be spliced from them where they meet, each weighted by how
    often its turns were taken; the recipe lists these paths and checks that equality.

    Args:
        run: unused; there is no chance in it.
        map: the world: S start, G goal (+2), C cliff (-1), # wall, . floor.
        trajectories: row, column and moves (U, R, D, L) of each, as in ``1,1 RRDD``. Spliced
            together they must not lead in a circle.
        gamma: the discount γ.

    Returns:
        Image ``thumbnail``: TD's values and the trajectories. Data: ``world``, ``trajectories``,
        ``paths`` from the start of each trajectory, ``values`` (``mc`` and ``td`` by cell, None
        where nobody was) and ``meets``. Table ``values``: a row for each start. Facts: ``paths``,
        ``real_paths``, ``spliced_paths``, ``meetings``; ``mc_a``, ``td_a``, … the values of the
        first state of each trajectory; ``path_difference``, how far the averages over paths are
        from TD at most.

    Raises:
        ValueError: a map or a trajectory that cannot be, or a circle.
    """
    place = world(map)
    walked = [trajectory(place, text) for text in trajectories]
    episodes = record(walked, place.states, place.actions)
    values = {
        "mc": estimators.monte_carlo(episodes, gamma)[0],
        "td": estimators.td(episodes, gamma)[0],
    }
    ways = paths.branches(walked)
    starts = list(dict.fromkeys(each.states[0] for each in walked))
    found = {start: paths.enumerate_paths(start, ways, gamma, walked=walked) for start in starts}
    averages = {state: paths.average(paths.enumerate_paths(state, ways, gamma)) for state in ways}
    every = [path for each in found.values() for path in each]
    names = [chr(ord("A") + number) for number in range(len(walked))]
    firsts = [each.states[0] for each in walked]
    return Result(
        facts={
            "gamma": gamma,
            "paths": len(every),
            "real_paths": sum(path.real for path in every),
            "spliced_paths": sum(not path.real for path in every),
            "meetings": len(paths.meetings(walked)),
            **{
                f"{method}_{name.lower()}": float(table[first])
                for method, table in values.items()
                for name, first in zip(names, firsts, strict=True)
            },
            "path_difference": max(
                abs(value - float(values["td"][state])) for state, value in averages.items()
            ),
        },
        data={
            "world": place.describe(),
            "gamma": gamma,
            "trajectories": [
                {
                    "name": name,
                    "states": each.states,
                    "actions": each.actions,
                    "rewards": each.rewards,
                    "return": sum(gamma**k * reward for k, reward in enumerate(each.rewards)),
                }
                for name, each in zip(names, walked, strict=True)
            ],
            "paths": [_describe(path) for path in every],
            "values": {method: by_cell(table) for method, table in values.items()},
            "meets": paths.meetings(walked),
        },
        tables={
            "values": {
                "trajectory": names,
                "Monte Carlo": values["mc"][firsts].tolist(),
                "TD": values["td"][firsts].tolist(),
                "paths": [len(found[first]) for first in firsts],
            }
        },
        assets={"thumbnail": Image(thumbnail(place, values["td"], walked))},
    )


def _describe(path: paths.Path) -> dict[str, Any]:
    return {
        "from": path.states[0],
        "states": path.states,
        "actions": path.actions,
        "weight": path.weight,
        "return": path.gain,
        "real": path.real,
    }
