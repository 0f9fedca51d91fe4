"""How far four estimators scatter, and whether about the truth: bias and variance over data sets.

R. Sutton and A. Barto, *Reinforcement Learning* (2nd ed., 2018), sections 5.1, 6.2, 6.4 and 6.6;
Expected Sarsa's smaller variance is in H. van Seijen and others, "A theoretical and empirical
analysis of Expected Sarsa" (ADPRL 2009).
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
from stillroom.recipes.value.gridworld import steady, world
from stillroom.recipes.value.mdp import Episodes, sample
from stillroom.recipes.value.shared import LEVEL, RESAMPLES, parts, summary

MAP = """
S....
.....
....G
.....
CCCCC
"""
SIZES = [10, 20, 40, 80]
LABELS = {"mc": "Monte Carlo", "td": "TD", "sarsa": "Sarsa", "expected_sarsa": "Expected Sarsa"}
PART = 100  # data sets at a time


@recipe(view="chart", draft={"datasets": 100, "sizes": [10, 40]}, packages=["torch"])
def bias_variance(
    run: Run,
    *,
    map: str = MAP,  # noqa: A002
    slip: Annotated[float, Field(ge=0, lt=1)] = 0.4,
    sizes: Annotated[list[int], Field(min_length=1)] = SIZES,
    datasets: Annotated[int, Field(ge=2)] = 1000,
    gamma: Annotated[float, Field(gt=0, lt=1)] = 0.95,
) -> Result:
    """Value the start of a random walk from many data sets, by four estimators on the same ones.

    Monte Carlo is the mean return of first visits; TD, Sarsa and Expected Sarsa are batch
    estimates. Those of Q are made a value of the state by the walker's policy (shared out among
    the actions that were tried there).

    Args:
        run: gives the random numbers.
        map: the world of a uniformly random walker; its first start is valued.
        slip: the chance that a step goes astray: half of it to either side.
        sizes: numbers of episodes of a data set.
        datasets: independent data sets of each size.
        gamma: the discount γ.

    Returns:
        Chart ``scatter``, table ``scatter``. Facts: ``truth``; for each estimator and size n, with
        ``_low`` and ``_high`` (95 % bootstrap over data sets): ``<estimator>_bias_at_<n>``,
        ``<estimator>_sd_at_<n>``, and but for Monte Carlo ``<estimator>_share_at_<n>``, its
        variance over Monte Carlo's.

    Raises:
        ValueError: a map that cannot be.
    """
    place = world(map, slip=slip)
    policy = steady([0.25] * 4, place.states)
    start = place.find("S")[0]
    truth = float(exact.evaluate(place, policy, gamma)[start])
    facts: dict[str, float | int] = {"truth": truth, "datasets": datasets, "gamma": gamma}
    rows: list[dict[str, Any]] = []
    for size in run.steps(sorted(set(sizes)), note="sizes"):
        generator = run.generator("bias-variance", size)
        found = []
        for count in parts(datasets, PART):
            data = sample(place, policy, episodes=size, generator=generator, datasets=count)
            found.append({name: V[:, start] for name, V in estimate(data, gamma, policy).items()})
        tables = {name: torch.cat([part[name] for part in found]) for name in LABELS}
        for name, values in tables.items():
            bootstrap = run.generator("bootstrap", name, size)
            numbers = summary("bias", values - truth, bootstrap)
            numbers |= summary("sd", values, bootstrap, "std")
            rows.append({"estimator": LABELS[name], "episodes": size, **numbers})
            if name != "mc":
                numbers |= share(values, tables["mc"], bootstrap)
            facts |= {
                "_".join([name, key.split("_")[0], "at", str(size), *key.split("_")[1:]]): value
                for key, value in numbers.items()
            }
    return Result(
        facts=facts,
        tables={"scatter": {column: [row[column] for row in rows] for column in rows[0]}},
        assets={"scatter": Chart(_chart(rows))},
    )


def estimate(data: Episodes, gamma: float, policy: Tensor) -> dict[str, Tensor]:
    """Return V ``[d, s]`` by estimator."""
    expected = estimators.off_policy(data, gamma, policy)
    return {
        "mc": estimators.monte_carlo(data, gamma, first=True),
        "td": estimators.td(data, gamma),
        "sarsa": estimators.state_values(estimators.sarsa(data, gamma), policy),
        "expected_sarsa": estimators.state_values(expected, policy),
    }


def share(values: Tensor, base: Tensor, generator: torch.Generator) -> dict[str, float]:
    """Return ``share`` of variance, ``[d]`` over ``[d]``, with its paired bootstrap interval."""
    resample = torch.randint(len(values), (RESAMPLES, len(values)), generator=generator)
    drawn = values[resample].var(1) / base[resample].var(1)
    tail = (1 - LEVEL) / 2
    low, high = drawn.quantile(torch.tensor([tail, 1 - tail], dtype=drawn.dtype)).tolist()
    return {"share": float(values.var() / base.var()), "share_low": low, "share_high": high}


def _chart(rows: list[dict[str, Any]]) -> alt.LayerChart | alt.FacetChart:
    """Draw standard deviation and bias over the number of episodes, with their intervals."""
    names = {"sd": "standard deviation", "bias": "bias"}
    points = [
        {
            "estimator": row["estimator"],
            "episodes": row["episodes"],
            "measure": label,
            "value": row[name],
            "low": row[f"{name}_low"],
            "high": row[f"{name}_high"],
        }
        for row in rows
        for name, label in names.items()
    ]
    base = alt.Chart({"values": points}).encode(
        x=alt.X(
            "episodes:Q",
            title="Episodes in a data set",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(values=sorted({row["episodes"] for row in rows})),
        ),
        color=alt.Color(
            "estimator:N",
            title=None,
            sort=list(LABELS.values()),
            legend=alt.Legend(orient="top", columns=2, symbolOpacity=1),
        ),
    )
    dash = alt.StrokeDash(
        "measure:N",
        title=None,
        scale=alt.Scale(domain=list(names.values()), range=[[1, 0], [5, 4]]),
        legend=None,
    )
    y = alt.Y("low:Q", title="Error of the value of the start")
    band = base.mark_area(opacity=0.2).encode(y=y, y2="high:Q", detail="measure:N")
    line = base.mark_line().encode(
        y="value:Q",
        strokeDash=dash,
        tooltip=[
            "estimator:N",
            "measure:N",
            "episodes:Q",
            *(alt.Tooltip(f"{key}:Q", format=".4f") for key in ("value", "low", "high")),
        ],
    )
    zero = alt.Chart({"values": [{"zero": 0}]}).mark_rule(color=theme.RULE).encode(y="zero:Q")
    # At the right end, which the falling lines leave free; bias above the line of zero.
    last, top = rows[-1]["episodes"], rows[0]["sd"]
    words = [
        {"episodes": last, "at": at, "text": text}
        for at, text in ((top, names["sd"]), (0.07 * top, names["bias"]))
    ]
    text = (
        alt.Chart({"values": words})
        .mark_text(align="right", color=theme.MUTED)
        .encode(x="episodes:Q", y="at:Q", text="text:N")
    )
    return alt.layer(zero, band, line, text).properties(width="container", height=300)
