"""What the recipes of this family have in common: spread over seeds, trained networks, charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import torch
from torch import Tensor, nn

from stillroom.models.digit_nets import Kind, digit_net, load_net
from stillroom.models.digits import CLASSES, Digits
from stillroom.recipe import Run, Stored
from stillroom.recipes.adversarial.training import Change, Training, train

ARMS = {
    "standard": "standard",
    "gaussian": "Gaussian noise",
    "adversarial": "adversarial",
}
SCALE = 16  # CSS pixels a pixel of a digit


def spread(name: str, values: Sequence[float]) -> dict[str, float]:
    """Return the facts ``name``, the mean over seeds, with ``_low`` and ``_high``, their range."""
    return {
        name: sum(values) / len(values),
        f"{name}_low": min(values),
        f"{name}_high": max(values),
    }


def at(name: str, value: float) -> str:
    """Return the name of a fact at a value: ``at("kept", 0.6)`` is ``kept_at_0_6``."""
    return f"{name}_at_{value:g}".replace(".", "_").replace("-", "minus_")


def digit_scale(test: Digits, training: Digits) -> dict[str, float]:
    """Return facts on how long digits are and how far apart, in L2, to read a radius by.

    ``median_norm``, and ``median_other`` and ``min_other``, the distance of a test digit to the
    nearest training digit of another class.
    """
    flat, base = test.images.flatten(1), training.images.flatten(1)
    apart = torch.cdist(flat, base)
    same = test.labels[:, None] == training.labels
    other = apart.masked_fill(same, torch.inf).amin(1)
    return {
        "median_norm": float(flat.norm(dim=1).median()),
        "median_other": float(other.median()),
        "min_other": float(other.min()),
    }


def side_by_side(images: Tensor, gap: float = 1.0) -> Tensor:
    """Lay digits ``[..., b, 1, h, w]`` in rows ``[..., h, b w + b - 1]``, ink dark on white.

    Args:
        images: in [0, 1], with 1 for ink.
        gap: grey level of the column between two.
    """
    pages = 1 - images[..., 0, :, :]
    pages = torch.nn.functional.pad(pages, (0, 1), value=gap)
    joined: Tensor = pages.movedim(-3, -2).flatten(-2)[..., :-1]
    return joined


def learn(
    run: Run,
    kind: Kind,
    images: Tensor,
    labels: Tensor,
    training: Training,
    *salt: str | int,
    change: Change | None = None,
) -> nn.Module:
    """Train a network from scratch; `salt` names its initial weights and the order it learns in."""
    net = digit_net(kind, run.generator(*salt, "weights")).to(run.device)
    order = run.generator(*salt, "order")
    return train(
        net,
        images.to(run.device),
        labels.to(run.device),
        order,
        training=training,
        change=change,
    )


def trained(run: Run, stored: Stored) -> dict[str, list[nn.Sequential]]:
    """Return the networks of the recipe ``digit-nets``: a list over seeds for each arm."""
    weights: dict[tuple[str, int], dict[str, Tensor]] = {}
    for key, tensor in stored.tensors("nets").items():
        arm, seed, name = key.split("/")
        weights.setdefault((arm, int(seed)), {})[name] = tensor
    nets: dict[str, list[nn.Sequential]] = {}
    for arm, number in sorted(weights):
        net = load_net(stored.data["kind"], weights[arm, number])
        nets.setdefault(arm, []).append(net.to(run.device))
    return nets


def columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return a table of rows as columns."""
    return {column: [row[column] for row in rows] for column in rows[0]}


def row(key: Mapping[str, Any], values: Sequence[float]) -> dict[str, Any]:
    """Return a row of a table: `key`, the mean over seeds and their range."""
    return dict(key) | {
        "mean": sum(values) / len(values),
        "low": min(values),
        "high": max(values),
    }


def lines(
    rows: Sequence[Mapping[str, Any]],
    *,
    x: str,
    x_title: str,
    y_title: str,
    series: str,
    guess: bool = True,
    height: int = 300,
) -> alt.LayerChart | alt.FacetChart:
    """Draw the mean of each series over `x`, with a band for the range over seeds.

    Args:
        rows: of `row`.
        x: a column of numbers.
        x_title: with its unit.
        y_title: what the shares are of.
        series: a column of names.
        guess: draw a dashed line where guessing stands.
        height: in CSS pixels.
    """
    names = list(dict.fromkeys(each[series] for each in rows))
    base = alt.Chart({"values": list(rows)}).encode(
        x=alt.X(f"{x}:Q", title=x_title),
        color=alt.Color(
            f"{series}:N", title=None, sort=names, legend=alt.Legend(orient="top", columns=2)
        ),
    )
    y = alt.Y("low:Q", title=y_title, scale=alt.Scale(domain=[0, 1])).axis(format="%")
    band = base.mark_area(opacity=0.2).encode(y=y, y2="high:Q")
    tips = [alt.Tooltip(f"{key}:Q", format=".1%") for key in ("mean", "low", "high")]
    line = base.mark_line(point=True).encode(y="mean:Q", tooltip=[f"{series}:N", f"{x}:Q", *tips])
    layers = [band, line]
    if guess:
        rule = alt.Chart({"values": [{"guess": 1 / CLASSES}]}).mark_rule(strokeDash=[5, 4])
        layers.insert(0, rule.encode(y="guess:Q"))
    return alt.layer(*layers).properties(width="container", height=height)
