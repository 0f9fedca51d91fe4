"""Between Monte Carlo and TD: the error of batch TD(λ) over λ, for cells and for blocks of them.

R. Sutton and A. Barto, *Reinforcement Learning* (2nd ed., 2018), chapter 12.
"""

from __future__ import annotations

from typing import Annotated, Any

import altair as alt
import torch
from pydantic import Field
from torch import Tensor

from stillroom.media import theme
from stillroom.media.kinds import Chart
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.value import estimators, exact
from stillroom.recipes.value.gridworld import World, steady, world
from stillroom.recipes.value.mdp import sample
from stillroom.recipes.value.shared import interval, rmse, summary

MAP = """
S....
.....
....G
.....
SCCCC
"""
SIZES = [5, 20, 80, 320]
LAMBDAS = [0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0]


@recipe(view="chart", draft={"datasets": 50, "sizes": [10, 100]}, packages=["torch"])
def td_lambda(
    run: Run,
    *,
    map: str = MAP,  # noqa: A002
    sizes: Annotated[list[int], Field(min_length=1)] = SIZES,
    lambdas: Annotated[list[float], Field(min_length=2)] = LAMBDAS,
    block: Annotated[int, Field(ge=1)] = 2,
    datasets: Annotated[int, Field(ge=2)] = 200,
    gamma: Annotated[float, Field(gt=0, lt=1)] = 0.95,
) -> Result:
    """Value a random walk by batch TD(λ), from few episodes and from many.

    Once every cell has a value of its own; and once the cells of each square block share one, so
    that paths merge that never met. For every size the same data sets are given to every λ. The
    error is the root mean square over the cells that a data set visited, against the exact values.

    Args:
        run: gives the random numbers.
        map: the world of a uniformly random walker.
        sizes: numbers of episodes of a data set.
        lambdas: values of λ, from 0 (TD) to 1 (Monte Carlo), both included.
        block: rows and columns of a block.
        datasets: independent data sets of each size.
        gamma: the discount γ.

    Returns:
        Chart ``error``, table ``error``. Facts for each size n, for ``cells`` and ``blocks``, with
        ``_low`` and ``_high`` (95 % bootstrap over data sets): ``<which>_td_at_<n>``,
        ``<which>_mc_at_<n>``, ``<which>_gain_at_<n>``, by how much TD's error is below Monte
        Carlo's, paired by data set; and ``<which>_best_at_<n>``, the λ of the smallest mean error,
        with ``<which>_dip_at_<n>``, by how much that is below the better end. Also
        ``td_difference`` and ``mc_difference``, how far λ = 0 and λ = 1 are from TD and Monte Carlo
        at most.

    Raises:
        ValueError: a map that cannot be, or values of λ that do not go from 0 to 1.
    """
    if min(lambdas) != 0 or max(lambdas) != 1:
        raise ValueError(f"lambdas are {lambdas}; expected them to go from 0 to 1")
    place = world(map)
    policy = steady([0.25] * 4, place.states)
    truth = exact.evaluate(place, policy, gamma)
    facts: dict[str, float | int] = {"datasets": datasets, "gamma": gamma, "block": block}
    rows: list[dict[str, Any]] = []
    apart = {"td": 0.0, "mc": 0.0}
    for size in run.steps(sorted(set(sizes)), note="sizes"):
        generator = run.generator("td-lambda", size)
        data = sample(place, policy, episodes=size, generator=generator, datasets=datasets)
        visited = ~estimators.td(data, gamma).isnan()
        for which, labels in (
            ("cells", torch.arange(place.states)),
            ("blocks", blocks(place, block)),
        ):
            seen = data.relabelled(labels)
            errors = {}
            for lam in sorted(set(lambdas)):
                values = estimators.td_lambda(seen, gamma, lam)
                shown = torch.where(visited, values[:, labels], torch.nan)
                errors[lam] = rmse(shown, truth)
                low, high = interval(errors[lam], run.generator("bootstrap", which, size, str(lam)))
                rows.append({"values": which, "episodes": size, "lambda": lam})
                rows[-1] |= {"rmse": float(errors[lam].mean()), "low": low, "high": high}
                for name, end, other in (
                    ("td", 0.0, estimators.td),
                    ("mc", 1.0, estimators.monte_carlo),
                ):
                    if lam == end:
                        far = (values - other(seen, gamma)).abs().nan_to_num().max()
                        apart[name] = max(apart[name], float(far))
            generator = run.generator("bootstrap", which, size)
            facts |= summary(f"{which}_td_at_{size}", errors[0.0], generator)
            facts |= summary(f"{which}_mc_at_{size}", errors[1.0], generator)
            facts |= summary(f"{which}_gain_at_{size}", errors[1.0] - errors[0.0], generator)
            best = min(errors, key=lambda lam: float(errors[lam].mean()))
            facts[f"{which}_best_at_{size}"] = best
            end = min((0.0, 1.0), key=lambda lam: float(errors[lam].mean()))
            facts |= summary(f"{which}_dip_at_{size}", errors[end] - errors[best], generator)
    facts |= {f"{name}_difference": far for name, far in apart.items()}
    return Result(
        facts=facts,
        tables={"error": {column: [row[column] for row in rows] for column in rows[0]}},
        assets={"error": Chart(_chart(rows))},
    )


def blocks(place: World, side: int) -> Tensor:
    """Number the blocks of `side` by `side` cells, ``[s]``; each end is a block of its own."""
    row, column = place.places.long().T // side
    label = row * place.cols + column
    ends = place.terminal.nonzero().flatten()
    label[ends] = place.states + torch.arange(len(ends))
    numbers: Tensor = torch.unique(label, return_inverse=True)[1]
    return numbers


def _chart(rows: list[dict[str, Any]]) -> alt.LayerChart | alt.FacetChart:
    """Draw error over λ, a line with its interval for each size; cells whole, blocks dashed."""
    sizes = sorted({row["episodes"] for row in rows})
    colours = [theme.category(number) for number in range(1, len(sizes) + 1)]
    names = {"cells": "a value a cell", "blocks": "a value a block"}
    shown = [{**row, "values": names[row["values"]]} for row in rows]
    base = alt.Chart({"values": shown}).encode(
        x=alt.X("lambda:Q", title="λ, from TD (0) to Monte Carlo (1)"),
        color=alt.Color(
            "episodes:O",
            title="Episodes",
            scale=alt.Scale(domain=sizes, range=colours),
            legend=alt.Legend(orient="top", symbolOpacity=1),
        ),
    )
    dash = alt.StrokeDash(
        "values:N",
        title=None,
        scale=alt.Scale(domain=list(names.values()), range=[[1, 0], [5, 4]]),
        legend=alt.Legend(orient="top", columns=1, symbolType="stroke", symbolStrokeWidth=2),
    )
    y = alt.Y("low:Q", title="Error (root mean square)")
    band = base.mark_area(opacity=0.2).encode(y=y, y2="high:Q", detail="values:N")
    line = base.mark_line().encode(
        y="rmse:Q",
        strokeDash=dash,
        tooltip=[
            "values:N",
            "episodes:O",
            "lambda:Q",
            *(alt.Tooltip(f"{key}:Q", format=".3f") for key in ("rmse", "low", "high")),
        ],
    )
    return alt.layer(band, line).properties(width="container", height=320)
