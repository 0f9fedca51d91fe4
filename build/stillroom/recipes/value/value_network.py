"""A network learns its way round a wall: what it holds to be near, over training.

After S. Greydanus and C. Olah, "The Paths Perspective on Value Learning" (Distill 2019,
doi:10.23915/distill.00020), which suggests that a network learns a notion of nearness of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.value import exact
from stillroom.recipes.value.approximation import chain
from stillroom.recipes.value.averager import MAP
from stillroom.recipes.value.gridworld import World, distances, steady, world
from stillroom.recipes.value.mdp import Episodes, sample
from stillroom.recipes.value.network import initial, latent, rank_correlation, train_td, value
from stillroom.recipes.value.shared import by_cell, interval, rmse, summary

STEPS = [1, 3, 10, 30, 100, 300, 1000]
MEASURES = {
    "geodesic": "the way round",
    "euclidean": "the straight line",
    "control": "the way round, wall unseen",
}


@recipe(view="value-fields", draft={"seeds": 4, "steps": [1, 30, 300]}, packages=["torch"])
def value_network(
    run: Run,
    *,
    map: str = MAP,  # noqa: A002
    probe: tuple[int, int] = (3, 8),
    seeds: Annotated[int, Field(ge=2, le=200)] = 20,
    steps: Annotated[list[int], Field(min_length=2)] = STEPS,
    episodes: Annotated[int, Field(ge=1)] = 400,
    hidden: Annotated[int, Field(ge=1, le=512)] = 64,
    rate: Annotated[float, Field(gt=0)] = 0.001,
    gamma: Annotated[float, Field(gt=0, lt=1)] = 0.99,
) -> Result:
    """Train networks by TD on a walk in a walled world, and ask what they hold to be near.

    A network is told only row and column. Two layers of `hidden` rectified units lead to a value;
    the *latent* distance of two cells is the straight distance of their last hidden layers. We
    compare it, over all pairs of cells, with the number of steps from one to the other (round the
    wall) and with the straight line, by Spearman's rank correlation. The control is the same
    network trained where the wall is taken away, compared with the way round the wall that it has
    never met: what it has in common with that distance is not due to the wall.

    Each seed has its own walk, of a uniformly random walker, and its own initial weights.

    Args:
        run: gives the device and the random numbers.
        map: a world with walls.
        probe: row and column, from 1, of the cell from which the pictures measure distance.
        seeds: independent repetitions; the first is shown.
        steps: numbers of updates after which to look.
        episodes: episodes of a walk.
        hidden: units of each hidden layer.
        rate: learning rate of Adam.
        gamma: the discount γ.

    Returns:
        Data: ``axis`` (updates), ``worlds``, ``fields`` (``value`` and ``latent`` with frames;
        ``exact``, ``geodesic`` and ``euclidean``), ``curve``. Table ``correlation``: by number of
        updates, ``geodesic``, ``euclidean`` and ``control``, means over seeds with ``_low`` and
        ``_high`` (95 % bootstrap). Facts, with ``_low`` and ``_high``: ``<measure>_before`` (no
        update) and ``<measure>_after`` (all updates); ``rise``, how much the correlation with the
        way round grows; ``lead_before`` and ``lead_after``, how far it is above that with the
        straight line; ``over_control``, how far it ends above the control; ``rmse_before`` and
        ``rmse_after``; ``seeds_rising`` and ``seeds_leading``. For the cell that is nearest to the
        probe for its way round: ``across_before`` and ``across_after``, the share of cells that the
        network holds to be nearer to the probe than this one, with ``across_euclidean`` and
        ``across_geodesic``, what they would be for those distances.

    Raises:
        ValueError: a map that cannot be, or one without walls, or a probe that is no floor.
    """
    walled = world(map)
    if not bool(walled.walls.any()):
        raise ValueError("the map has no wall (#); expected one to learn a way round")
    opened = world(map.replace("#", "."))
    centre = _cell(walled, probe)
    cells = walled.live.nonzero().flatten()
    inside = int((cells == centre).nonzero())
    pair = torch.triu_indices(len(cells), len(cells), 1)
    ways = {
        "geodesic": distances(walled)[cells][:, cells],
        "euclidean": torch.cdist(walled.places[cells], walled.places[cells]),
    }
    looks = [0, *sorted(set(steps))]
    # The same initial weights with the wall and without.
    weights = initial(seeds, hidden, run.generator("value-network", "weights"))
    films = {}
    for name, place in (("walled", walled), ("open", opened)):
        policy = steady([0.25] * 4, place.states)
        generator = run.generator("value-network", name)
        data = sample(place, policy, episodes=episodes, generator=generator, datasets=seeds)
        films[name] = _watch(run, place, data, weights, looks, gamma=gamma, rate=rate)
    near = {name: [_apart(h[:, cells]) for h, _ in film] for name, film in films.items()}

    def against(name: str, way: str) -> Tensor:
        """Rank correlations ``[looks, seeds]``."""
        straight = ways[way][pair[0], pair[1]]
        return torch.stack([rank_correlation(d[:, pair[0], pair[1]], straight) for d in near[name]])

    curves = {
        "geodesic": against("walled", "geodesic"),
        "euclidean": against("walled", "euclidean"),
        "control": against("open", "geodesic"),
    }
    truth = exact.evaluate(walled, steady([0.25] * 4, walled.states), gamma)
    values = [V for _, V in films["walled"]]
    errors = torch.stack([rmse(V.double(), truth, walled.live) for V in (values[0], values[-1])])
    lead = curves["geodesic"] - curves["euclidean"]
    far = int((ways["geodesic"][inside] / ways["euclidean"][inside]).nan_to_num(0.0).argmax())
    across = torch.stack([_share(d[:, inside], far, inside) for d in near["walled"]])
    measured = {
        **{f"{name}_before": curve[0] for name, curve in curves.items()},
        **{f"{name}_after": curve[-1] for name, curve in curves.items()},
        "rise": curves["geodesic"][-1] - curves["geodesic"][0],
        "lead_before": lead[0],
        "lead_after": lead[-1],
        "over_control": curves["geodesic"][-1] - curves["control"][-1],
        "rmse_before": errors[0],
        "rmse_after": errors[1],
        "across_before": across[0],
        "across_after": across[-1],
    }
    facts: dict[str, float | int] = {
        "seeds": seeds,
        "seeds_rising": int((measured["rise"] > 0).sum()),
        "seeds_leading": int((lead[-1] > 0).sum()),
    }
    for name, numbers in measured.items():
        facts |= summary(name, numbers, run.generator("bootstrap", name))
    for way, table in ways.items():
        facts[f"across_{way}"] = float(_share(table[inside][None], far, inside))
    return Result(
        facts=facts,
        data={
            "axis": {"name": "step", "label": "Updates", "values": looks[1:], "unit": ""},
            "worlds": {"walled": walled.describe()},
            "fields": _fields(walled, centre, films["walled"][1:], truth),
            "curve": {
                "table": "correlation",
                "x": "step",
                "label": "Rank correlation of latent distance",
                "y": [{"column": name, "label": label} for name, label in MEASURES.items()],
            },
        },
        tables={"correlation": _table(run, looks[1:], {k: c[1:] for k, c in curves.items()})},
    )


Look = tuple[Tensor, Tensor]  # last hidden layer [seeds, s, hidden], values [seeds, s]


def _watch(
    run: Run,
    place: World,
    data: Episodes,
    weights: Mapping[str, Tensor],
    looks: list[int],
    *,
    gamma: float,
    rate: float,
) -> list[Look]:
    """What the networks of all seeds hold, after each number of updates in `looks`."""
    P, r, visits = (each.float().to(run.device) for each in chain(data))
    start = {name: tensor.to(run.device) for name, tensor in weights.items()}
    inputs = _inputs(place).to(run.device)
    training = train_td(start, inputs, P, r, visits, gamma=gamma, rate=rate)
    total = looks[-1] + 1
    return [
        (latent(now, inputs).cpu(), value(now, inputs).cpu())
        for step, now in enumerate(run.steps(islice(training, total), total=total, note="updates"))
        if step in looks
    ]


def _inputs(place: World) -> Tensor:
    """Row and column of every cell, about 0 and of the size of 1."""
    centred = place.places - place.places.mean(0)
    return (centred / centred.std()).float()


def _cell(place: World, probe: tuple[int, int]) -> int:
    row, column = probe
    inside = 1 <= row <= place.rows and 1 <= column <= place.cols
    if not inside or place.cells[row - 1][column - 1] not in "S.":
        raise ValueError(f"probe is row {row}, column {column}, which is no floor of the map")
    return (row - 1) * place.cols + column - 1


def _apart(hidden: Tensor) -> Tensor:
    """Distances ``[seeds, s, s']`` of ``[seeds, s, hidden]``."""
    wide = hidden.double()
    return torch.cdist(wide, wide)


def _share(apart: Tensor, cell: int, centre: int) -> Tensor:
    """The share of the other cells that is nearer than `cell`, ``[n, s]`` to ``[n]``."""
    nearer = apart < apart[:, cell, None]
    nearer[:, centre] = False
    return nearer.double().sum(1) / (apart.shape[1] - 2)


def _fields(place: World, centre: int, looks: list[Look], truth: Tensor) -> list[dict[str, object]]:
    live, nowhere = place.live, float("nan")
    here = {"world": "walled", "from": centre}
    steps = torch.where(live, distances(place)[centre], nowhere)
    straight = torch.where(live, torch.cdist(place.places, place.places)[centre], nowhere)
    return [
        {
            "name": "value",
            "label": "Value",
            "note": "what the network says",
            "world": "walled",
            "kind": "value",
            "frames": [by_cell(torch.where(live, V[0], nowhere)) for _, V in looks],
        },
        {
            "name": "exact",
            "label": "Exact value",
            "note": "what it should say",
            "world": "walled",
            "kind": "value",
            "values": by_cell(torch.where(live, truth, nowhere)),
        },
        {
            "name": "latent",
            "label": "Latent distance",
            "note": "what the network holds to be near",
            "kind": "size",
            "frames": [
                by_cell(torch.where(live, _apart(h[:1])[0, centre], nowhere)) for h, _ in looks
            ],
            **here,
        },
        {
            "name": "geodesic",
            "label": "The way round",
            "note": "steps from the marked cell",
            "kind": "size",
            "values": by_cell(steps),
            **here,
        },
        {
            "name": "euclidean",
            "label": "The straight line",
            "note": "through the wall",
            "kind": "size",
            "values": by_cell(straight),
            **here,
        },
    ]


def _table(run: Run, looks: list[int], curves: Mapping[str, Tensor]) -> dict[str, list[float]]:
    """Means and intervals over seeds, a row for each number of updates."""
    table: dict[str, list[float]] = {"step": [float(step) for step in looks]}
    for name, curve in curves.items():
        ends = [
            interval(row, run.generator("bootstrap", name, step))
            for step, row in zip(looks, curve, strict=True)
        ]
        table[name] = curve.mean(1).tolist()
        table[f"{name}_low"] = [low for low, _ in ends]
        table[f"{name}_high"] = [high for _, high in ends]
    return table
