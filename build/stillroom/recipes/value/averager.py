"""Merging nearby paths, sometimes wrongly: values blended across an open room and across a wall.

After S. Greydanus and C. Olah, "The Paths Perspective on Value Learning" (Distill 2019,
doi:10.23915/distill.00020); sources of the method are in `stillroom.recipes.value.approximation`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.value import approximation, estimators, exact
from stillroom.recipes.value.gridworld import World, steady, world
from stillroom.recipes.value.mdp import Episodes, sample
from stillroom.recipes.value.shared import by_cell, rmse, summary

# The goal above a long wall, the cliff below it: near in space, far apart in worth.
MAP = """
........G
.........
.........
..#######
.........
.........
S.CCCCCCC
"""
ESTIMATORS = {"mc": "Monte Carlo", "td": "TD"}
LABELS = {"tabular": "one value a cell", "averager": "averager", "tiles": "tile coding"}
Approximator = Literal["tabular", "averager", "tiles"]
APPROXIMATORS: list[Approximator] = ["tabular", "averager"]
SIDE = 3  # cells of a tile; as many tilings


@recipe(view="value-fields", draft={"seeds": 5}, packages=["torch"])
def averager(
    run: Run,
    *,
    map: str = MAP,  # noqa: A002
    seeds: Annotated[int, Field(ge=2, le=1000)] = 40,
    episodes: Annotated[int, Field(ge=1)] = 400,
    few: Annotated[int, Field(ge=1)] = 10,
    approximators: Annotated[list[Approximator], Field(min_length=1)] = APPROXIMATORS,
    width: Annotated[float, Field(gt=0)] = 1.2,
    gamma: Annotated[float, Field(gt=0, lt=1)] = 0.95,
) -> Result:
    """Blend the values of nearby cells, with a wall between some of them and without.

    A uniformly random walker is recorded. Monte Carlo and TD value its walk, either cell by cell
    or by the averager, a Gaussian kernel over straight distance that knows nothing of walls (or by
    tile coding, three tilings of 3 by 3 cells). Errors are against the exact values, over the cells
    that the data set visited.

    Args:
        run: gives the random numbers.
        map: a world with walls; the open world is the same without them.
        seeds: independent data sets.
        episodes: episodes in each.
        few: a second, small number of episodes, for the facts that end in ``_few``.
        approximators: which to compare.
        width: of the averager's kernel, in cells.
        gamma: the discount γ.

    Returns:
        Data: ``worlds``, and ``fields`` with values and signed errors by cell of the first data
        set, the exact values first. Table ``errors``. Facts, each with ``_low`` and ``_high`` (95 %
        bootstrap over data sets): ``<estimator>_<approximator>_<world>``, the root mean squared
        error; ``ratio_<approximator>_<world>``, the mean of TD's error over Monte Carlo's;
        ``wall_adds`` (and ``wall_adds_<approximator>`` of others), how much larger the averager's
        ratio is with the wall than without; and all ratios with ``_few``.

    Raises:
        ValueError: a map that cannot be, or one without walls.
    """
    walled = world(map)
    if not bool(walled.walls.any()):
        raise ValueError("the map has no wall (#); expected one to compare with an open room")
    worlds = {"open": world(map.replace("#", ".")), "walled": walled}
    facts: dict[str, float | int] = {"seeds": seeds, "episodes": episodes, "few": few}
    fields: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    ratios: dict[str, Tensor] = {}
    for name, place in worlds.items():
        policy = steady([0.25] * 4, place.states)
        truth = exact.evaluate(place, policy, gamma)
        fields.append(_field("exact", "", name, torch.where(place.live, truth, torch.nan), truth))
        for count, suffix in ((episodes, ""), (few, "_few")):
            generator = run.generator("averager", name, count)
            data = sample(place, policy, episodes=count, generator=generator, datasets=seeds)
            tables = estimate(data, place, gamma, width, approximators)
            visited = ~estimators.monte_carlo(data, gamma).isnan()
            errors = {
                key: rmse(torch.where(visited, values, torch.nan), truth)
                for key, values in tables.items()
            }
            for kind in approximators:
                key = f"ratio_{kind}_{name}{suffix}"
                ratios[key] = errors["td", kind] / errors["mc", kind]
                facts |= summary(key, ratios[key], run.generator("bootstrap", key))
            if suffix:
                continue
            for (estimator, kind), error in errors.items():
                key = f"{estimator}_{kind}_{name}"
                facts |= summary(key, error, run.generator("bootstrap", key))
                rows.append({"world": name, "values": kind, "estimator": ESTIMATORS[estimator]})
                rows[-1] |= {"rmse": facts[key]}
                rows[-1] |= {end: facts[f"{key}_{end}"] for end in ("low", "high")}
                values = torch.where(place.live, tables[estimator, kind][0], torch.nan)
                fields.append(_field(estimator, kind, name, values, truth))
    for kind in approximators:
        adds = ratios[f"ratio_{kind}_walled"] - ratios[f"ratio_{kind}_open"]
        name = "wall_adds" if kind == "averager" else f"wall_adds_{kind}"
        facts |= summary(name, adds, run.generator("bootstrap", name))
    return Result(
        facts=facts,
        data={
            "worlds": {name: place.describe() for name, place in worlds.items()},
            "fields": fields,
        },
        tables={"errors": {column: [row[column] for row in rows] for column in rows[0]}},
    )


def estimate(
    data: Episodes, place: World, gamma: float, width: float, kinds: Sequence[Approximator]
) -> dict[tuple[str, Approximator], Tensor]:
    """Return V ``[d, s]`` by estimator and approximator."""
    features = approximation.tiles(place.places, SIDE, SIDE)
    ways: dict[tuple[str, Approximator], Callable[[], Tensor]] = {
        ("mc", "tabular"): lambda: estimators.monte_carlo(data, gamma),
        ("td", "tabular"): lambda: estimators.td(data, gamma),
        ("mc", "averager"): lambda: approximation.averaged_monte_carlo(
            data, gamma, place.places, width
        ),
        ("td", "averager"): lambda: approximation.averaged_td(data, gamma, place.places, width),
        ("mc", "tiles"): lambda: approximation.linear_monte_carlo(data, gamma, features),
        ("td", "tiles"): lambda: approximation.linear_td(data, gamma, features),
    }
    return {key: way() for key, way in ways.items() if key[1] in kinds}


def _field(estimator: str, kind: str, name: str, values: Tensor, truth: Tensor) -> dict[str, Any]:
    label = "Exact" if not kind else f"{ESTIMATORS[estimator]}, {LABELS[kind]}"
    return {
        "name": "-".join(filter(None, (estimator, kind, name))),
        "label": label,
        "estimator": estimator,
        "approximator": kind,
        "world": name,
        "values": by_cell(values),
        "error": by_cell(values - truth),
        "rmse": float(rmse(values, truth)),
    }
