"""Which objective draws a class best: its logit, its probability, or the logarithm of that?

C. Olah, A. Mordvintsev and L. Schubert report that logits give pictures of better quality ("Feature
Visualization", Distill 2017). The yardstick here is a second network, see `class-pictures`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import altair as alt
import torch
from torch import Tensor

from stillroom.media import theme
from stillroom.media.kinds import Chart
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.value.shared import summary

ARMS = {
    "logit": "logit",
    "probability": "probability",
    "log_probability": "log-probability",
    "matched": "logit, stopped early",
}


@recipe(view="chart", packages=["torch"])
def logit_or_probability(
    run: Run,
    *,
    logit: Annotated[Stored, Upstream("class-pictures")],
    probability: Annotated[Stored, Upstream("class-pictures")],
    log_probability: Annotated[Stored, Upstream("class-pictures")],
) -> Result:
    """Compare what the judge sees in pictures made for logits and for probabilities.

    A probability is near 1 long before a picture is finished, and then its gradient is gone. So a
    control is *matched*: the logit's ascent, stopped at the first picture for which the model's own
    odds of the class are as high as at the end of the probability's ascent from the same start.

    Args:
        run: gives the random numbers of the bootstrap.
        logit: pictures of classes.
        probability: of the same classes, from the same starts.
        log_probability: likewise.

    Returns:
        Chart ``classes``; table ``classes`` with the judge's probability of each class, the mean
        over seeds, for each of `ARMS`. Facts for each arm: ``<arm>_judged`` with ``_low`` and
        ``_high`` (95 % bootstrap over classes), ``<arm>_first``, ``<arm>_logit``,
        ``<arm>_rivals``; for each arm but the logit: ``<arm>_lead`` (logit less arm, with
        interval), ``<arm>_wins`` (classes in which the logit leads) and ``<arm>_p`` (two-sided
        sign test); ``matched_over`` (matched less probability, with interval); ``matched_step``,
        where it was stopped, on average; ``classes``, ``seeds``.

    Raises:
        ValueError: the pictures are not of the same classes and seeds.
    """
    stored = {"logit": logit, "probability": probability, "log_probability": log_probability}
    runs = {arm: ends(each) for arm, each in stored.items()}
    names = runs["logit"]["name"]
    if any(each["name"] != names for each in runs.values()):
        raise ValueError("expected pictures of the same classes and seeds")
    runs["matched"] = matched(logit.tables["runs"], runs["probability"])
    classes = list(dict.fromkeys(names))
    judged = {arm: by_class(each["judged"], names, classes) for arm, each in runs.items()}
    facts: dict[str, float | int] = {
        "classes": len(classes),
        "seeds": len(names) // len(classes),
        "matched_step": _mean(runs["matched"]["step"]),
    }
    for arm, values in judged.items():
        facts |= summary(f"{arm}_judged", values, run.generator("bootstrap", arm))
        for key in ("first", "logit", "rivals"):
            facts[f"{arm}_{key}"] = _mean(runs[arm][key])
        if arm != "logit":
            lead = judged["logit"] - values
            facts |= summary(f"{arm}_lead", lead, run.generator("lead", arm))
            facts[f"{arm}_wins"] = int((lead > 0).sum())
            facts[f"{arm}_p"] = sign_test(int((lead > 0).sum()), int((lead < 0).sum()))
    over = judged["matched"] - judged["probability"]
    facts |= summary("matched_over", over, run.generator("over"))
    return Result(
        facts=facts,
        tables={"classes": {"class": classes, **{a: v.tolist() for a, v in judged.items()}}},
        assets={"classes": Chart(_chart(classes, judged))},
    )


def ends(stored: Stored) -> dict[str, list[Any]]:
    """The rows of the last step, ordered by seed and class."""
    table = stored.tables["runs"]
    last = max(table["step"])
    rows = [row for row, step in enumerate(table["step"]) if step == last]
    return {key: [column[row] for row in rows] for key, column in table.items()}


def matched(
    table: Mapping[str, Sequence[Any]], goal: Mapping[str, Sequence[Any]]
) -> dict[str, list[Any]]:
    """For each row of `goal` the first step of `table` whose odds are as high, else the last step.

    Args:
        table: rows with name, seed, step, logit and rivals; odds are ``exp(logit - rivals)``.
        goal: rows of one step.
    """
    rows: dict[tuple[Any, Any], list[int]] = {}
    for row, key in enumerate(zip(table["name"], table["seed"], strict=True)):
        rows.setdefault(key, []).append(row)
    chosen = []
    wanted = zip(goal["name"], goal["seed"], goal["logit"], goal["rivals"], strict=True)
    for name, seed, mine, rivals in wanted:
        mine_rows = sorted(rows[name, seed], key=lambda row: float(table["step"][row]))
        enough = (
            row for row in mine_rows if table["logit"][row] - table["rivals"][row] >= mine - rivals
        )
        chosen.append(next(enough, mine_rows[-1]))
    return {key: [column[row] for row in chosen] for key, column in table.items()}


def by_class(values: Sequence[float], names: Sequence[str], classes: Sequence[str]) -> Tensor:
    """The mean over seeds of each class, ``[c]``, float64."""
    return torch.tensor(
        [_mean([v for v, n in zip(values, names, strict=True) if n == name]) for name in classes],
        dtype=torch.float64,
    )


def sign_test(wins: int, losses: int) -> float:
    """The chance that fair coins are so uneven either way: two-sided, ties left out."""
    count = wins + losses
    tail = sum(math.comb(count, k) for k in range(max(wins, losses), count + 1)) / 2**count
    return float(min(1.0, 2 * tail))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _chart(classes: Sequence[str], judged: Mapping[str, Tensor]) -> alt.LayerChart | alt.FacetChart:
    """A row for each class, by the logit's value: a dot for each objective."""
    rows = [
        {"class": name, "objective": ARMS[arm], "judged": value}
        for arm, values in judged.items()
        for name, value in zip(classes, values.tolist(), strict=True)
    ]
    order = [classes[i] for i in judged["logit"].argsort(descending=True, stable=True).tolist()]
    y = alt.Y("class:N", sort=order, title=None)
    x = alt.X("judged:Q", title="The judge's probability of the class").scale(domain=[0, 1])
    legend = alt.Legend(orient="top", columns=2, labelLimit=300)
    sort = list(ARMS.values())
    colour = alt.Color("objective:N", sort=sort, title=None, legend=legend)
    shape = alt.Shape("objective:N", sort=sort, legend=None)
    base = alt.Chart({"values": rows})
    rules = base.mark_rule(color=theme.HAIRLINE).encode(
        y=y, x=alt.X("min(judged):Q"), x2="max(judged):Q"
    )
    dots = base.mark_point().encode(
        y=y,
        x=x,
        color=colour,
        shape=shape,
        tooltip=["class:N", "objective:N", alt.Tooltip("judged:Q", format=".2f")],
    )
    return alt.layer(rules, dots).properties(width="container", height=18 * len(classes))
