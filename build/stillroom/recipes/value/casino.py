"""Luck taken for skill: how three estimates of the best of many equal machines go wrong.

The single estimate is that of Q-learning, the double one that of H. van Hasselt, "Double
Q-learning" (NeurIPS 2010), the clipped one that of S. Fujimoto and others, "Addressing function
approximation error in actor-critic methods" (ICML 2018). See also R. Sutton and A. Barto,
*Reinforcement Learning* (2nd ed., 2018), section 6.7.
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
from stillroom.recipes.value.shared import interval

LABELS = {"single": "Single", "double": "Double", "clipped": "Clipped double"}
PLAYS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000]


@recipe(view="chart", draft={"repeats": 200, "plays": [10, 100, 1000]}, packages=["torch"])
def casino(
    run: Run,
    *,
    machines: Annotated[int, Field(ge=2, le=10_000)] = 100,
    jackpot: Annotated[float, Field(gt=0, lt=1)] = 0.001,
    payoff: float = 100.0,
    cost: float = 1.0,
    plays: Annotated[list[int], Field(min_length=1)] = PLAYS,
    repeats: Annotated[int, Field(ge=2)] = 2000,
) -> Result:
    """Estimate what the best machine of a casino is worth, when all are the same.

    Every play costs `cost` and wins `payoff` with chance `jackpot`. From n plays of each machine,

    - *single*: the highest mean;
    - *double*: the machine of the highest mean over the first half of the plays (of equals, any),
      and its mean over the second half; averaged with the halves swapped;
    - *clipped*: the same choice, and the lower one of its two means; averaged likewise.

    Args:
        run: gives the random numbers.
        machines: how many.
        jackpot: the chance of a win.
        payoff: what a win pays.
        cost: of a play.
        plays: numbers n of plays of each machine, even.
        repeats: independent casinos for each n.

    Returns:
        Chart ``estimates``, table ``estimates``. Facts: ``truth``; at each n
        ``<estimate>_at_<n>``, the mean over casinos, with ``_low`` and ``_high`` (95 % bootstrap),
        and the same at the smallest n without ``_at_<n>``; ``lucky``, the share of casinos in
        which some machine had won at the smallest n.

    Raises:
        ValueError: a number of plays that is odd or less than 2.
    """
    for n in plays:
        if n < 2 or n % 2:
            raise ValueError(f"plays are {plays}; expected even numbers, at least 2")
    counts = sorted(set(plays))
    truth = jackpot * payoff - cost
    facts: dict[str, float | int] = {
        "truth": truth,
        "machines": machines,
        "repeats": repeats,
        "plays": counts[0],
    }
    rows: list[dict[str, Any]] = []
    for n in run.steps(counts, note="numbers of plays"):
        generator = run.generator("casino", n)
        chance = torch.full((2, repeats, machines), jackpot, dtype=torch.float64)
        wins = torch.binomial(torch.full_like(chance, n // 2), chance, generator)
        tie = torch.rand(2, repeats, machines, generator=generator, dtype=torch.float64)
        if n == counts[0]:
            facts["lucky"] = float((wins.sum((0, 2)) > 0).double().mean())
        for name, values in estimates(wins / (n // 2) * payoff - cost, tie).items():
            low, high = interval(values, run.generator("bootstrap", name, n))
            mean = float(values.mean())
            rows.append(
                {"plays": n, "estimate": LABELS[name], "mean": mean, "low": low, "high": high}
            )
            for suffix in ["", f"_at_{n}"] if n == counts[0] else [f"_at_{n}"]:
                facts |= {f"{name}{suffix}": mean}
                facts |= {f"{name}{suffix}_low": low, f"{name}{suffix}_high": high}
    return Result(
        facts=facts,
        tables={"estimates": {column: [row[column] for row in rows] for column in rows[0]}},
        assets={"estimates": Chart(_chart(rows, truth))},
    )


def estimates(means: Tensor, tie: Tensor) -> dict[str, Tensor]:
    """Return each estimate ``[repeats]`` of the best machine's worth.

    Args:
        means: ``[2, repeats, machines]``, mean winnings over each half of the plays.
        tie: like `means`, numbers in [0, 1) that order machines of equal mean.
    """
    best = means == means.amax(2, keepdim=True)
    choice = torch.where(best, tie, -1.0).argmax(2, keepdim=True)  # [2, repeats, 1]
    other = means.flip(0).gather(2, choice)[..., 0]
    own = means.gather(2, choice)[..., 0]
    return {
        "single": means.mean(0).amax(1),
        "double": other.mean(0),
        "clipped": torch.minimum(own, other).mean(0),
    }


def _chart(rows: list[dict[str, Any]], truth: float) -> alt.LayerChart | alt.FacetChart:
    """Draw each estimate over the number of plays, with its interval, and the truth."""
    order = list(LABELS.values())
    plays = sorted({row["plays"] for row in rows})
    x = alt.X(
        "plays:Q",
        title="Plays of each machine",
        scale=alt.Scale(type="log", nice=False),
        # All of them would touch on a phone.
        axis=alt.Axis(values=[n for n in plays if str(n).strip("0") == "1"] or plays),
    )
    legend = alt.Legend(orient="top", symbolOpacity=1)
    colour = alt.Color("estimate:N", title=None, sort=order, legend=legend)
    base = alt.Chart({"values": rows}).encode(x=x, color=colour)
    band = base.mark_area(opacity=0.25).encode(
        y=alt.Y(
            "low:Q",
            title="Estimated worth of the best machine",
            scale=alt.Scale(domainMin=truth - 1.5),
        ),
        y2="high:Q",
    )
    line = base.mark_line(point=True).encode(
        y="mean:Q",
        tooltip=[
            "estimate:N",
            "plays:Q",
            *(alt.Tooltip(f"{key}:Q", format=".2f") for key in ("mean", "low", "high")),
        ],
    )
    mark = alt.Chart({"values": [{"truth": truth, "label": "truth"}]}).encode(y="truth:Q")
    rule = mark.mark_rule(strokeDash=[4, 4], color=theme.INK)
    text = mark.mark_text(align="right", dy=14, x="width", color=theme.MUTED).encode(text="label:N")
    return alt.layer(band, line, rule, text).properties(width="container", height=280)
