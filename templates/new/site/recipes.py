"""Recipes of this article: each computes what one figure shows."""

from typing import Annotated

import altair as alt
import torch
from pydantic import Field

from stillroom import Chart, Result, Run, recipe


@recipe(view="chart", draft={"walks": 5}, packages=["torch"])
def running_averages(
    run: Run,
    *,
    tosses: Annotated[int, Field(ge=10, le=10_000)] = 1000,
    walks: Annotated[int, Field(ge=2, le=200)] = 30,
) -> Result:
    """Follow the averages of several series of coin tosses.

    Args:
        run: device, seed and progress.
        tosses: tosses in a series.
        walks: number of series.
    """
    coins = torch.randint(0, 2, (walks, tosses), generator=run.generator()).double()
    averages = coins.cumsum(1) / torch.arange(1, tosses + 1)
    shown = torch.logspace(0, torch.tensor(tosses).log10(), 40).round().long().unique()
    spread = averages.sub(0.5).square().mean(0).sqrt()[shown - 1]
    rows = [
        {"walk": walk, "tosses": toss, "average": average}
        for walk in range(walks)
        for toss, average in zip(shown.tolist(), averages[walk, shown - 1].tolist(), strict=True)
    ]
    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(opacity=0.5)
        .encode(
            x=alt.X("tosses:Q", scale=alt.Scale(type="log"), title="tosses"),
            y=alt.Y("average:Q", scale=alt.Scale(domain=[0, 1]), title="average"),
            detail="walk:N",
        )
    )
    return Result(
        facts={
            "tosses": tosses,
            "spread": float(spread[-1]),
            "expected_spread": 0.5 / tosses**0.5,
        },
        tables={
            "spread": {
                "tosses": shown.tolist(),
                "spread": spread.tolist(),
                "expected": (0.5 / shown.sqrt()).tolist(),
            }
        },
        assets={"chart": Chart(chart)},
    )
