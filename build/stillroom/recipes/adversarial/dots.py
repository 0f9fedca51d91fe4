"""A chart of shares: a dot at the mean of each, on a line over the range of seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from stillroom.media import theme


def dots(
    rows: Sequence[Mapping[str, Any]],
    *,
    y: str,
    x_title: str,
    series: str | None = None,
    guess: float | None = None,
    step: int = 44,
) -> alt.LayerChart | alt.FacetChart:
    """Draw shares from left to right.

    Args:
        rows: of `shared.row`.
        y: a column of names, one below the other in order.
        x_title: what the shares are of.
        series: a column of names, a few for each of `y`, in colours of their own.
        guess: where a dashed line marks what guessing gives.
        step: CSS pixels for each of `y`.
    """
    names = list(dict.fromkeys(each[y] for each in rows))
    axis = alt.Axis(grid=False, labelLimit=220)
    base = alt.Chart({"values": list(rows)}).encode(
        y=alt.Y(f"{y}:N", title=None, sort=names, axis=axis),
        tooltip=[
            f"{y}:N",
            *([] if series is None else [f"{series}:N"]),
            *(alt.Tooltip(f"{key}:Q", format=".1%") for key in ("mean", "low", "high")),
        ],
    )
    if series is not None:
        order = list(dict.fromkeys(each[series] for each in rows))
        base = base.encode(
            yOffset=alt.YOffset(f"{series}:N", sort=order),
            color=alt.Color(f"{series}:N", title=None, sort=order, legend=alt.Legend(orient="top")),
        )
    x = alt.X("low:Q", title=x_title, scale=alt.Scale(domain=[0, 1]))
    x = x.axis(format="%", tickCount=5, labelFlush=False)
    layers: list[Any] = [
        base.mark_rule(strokeWidth=2).encode(x=x, x2="high:Q"),
        base.mark_circle(size=70, opacity=1).encode(x="mean:Q"),
    ]
    if guess is not None:
        line = alt.Chart({"values": [{"guess": guess}]}).mark_rule(
            strokeDash=[5, 4], color=theme.MUTED
        )
        layers.insert(0, line.encode(x="guess:Q"))
    return alt.layer(*layers).properties(width="container", height=step * len(names))
