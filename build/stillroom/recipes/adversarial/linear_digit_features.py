"""Principal directions of two classes of digits as features: useful or not, robust or not.

After G. Goh, "Two Examples of Useful, Non-Robust Features" (Distill 2019,
doi:10.23915/distill.00019.3).
"""

from __future__ import annotations

from typing import Annotated, Any

import altair as alt
import torch
from pydantic import Field
from torch import Tensor

from stillroom.media import palette, theme
from stillroom.media.kinds import Chart, Frames, Packed
from stillroom.models.digits import SIDE, digits
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial.linear_features import (
    Standardised,
    containment,
    ensemble,
    frontier,
    principal,
    robust_usefulness,
    robustness,
    standardise,
    usefulness,
)
from stillroom.recipes.adversarial.shared import SCALE, columns

Class = Annotated[int, Field(ge=0, le=9)]


@recipe(view="chart", draft={"frontier_points": 16, "mixtures": 20}, packages=["torch"])
def linear_digit_features(
    run: Run,  # noqa: ARG001
    *,
    pair: tuple[Class, Class] = (3, 8),
    radius: Annotated[float, Field(gt=0)] = 0.5,
    share: Annotated[float, Field(gt=0, lt=1)] = 0.02,
    frontier_points: Annotated[int, Field(ge=4)] = 128,
    mixtures: Annotated[int, Field(ge=2)] = 200,
) -> Result:
    """Place the principal directions of two classes of digits by robustness and usefulness.

    The images and labels of all training digits of the pair are centred; a feature is a direction,
    scaled to variance 1. Its robustness is the L2 length of the change that moves it by 1; see
    `stillroom.recipes.adversarial.linear_features` for the closed forms. Two constructions make
    useful features that are not robust:

    - an *ensemble* of all principal directions below a robustness, for every threshold;
    - a *containment*: the most useful direction mixed into the least robust one, for every share.

    Args:
        run: unused; all is exact arithmetic in float64.
        pair: two classes.
        radius: L2, at which robust usefulness is told.
        share: of the robust direction in the containment that the facts are about.
        frontier_points: directions on the frontier.
        mixtures: shares of containments, evenly spread over orders of magnitude.

    Returns:
        Chart ``plane``. Tables: ``features`` (``number``, ``robustness``, ``usefulness``,
        ``robust_usefulness``), the most robust first; ``frontier`` (``robustness``,
        ``usefulness``); ``ensembles`` (``members``, ``threshold``, ``robustness``, ``usefulness``,
        ``best_member``): the last `members` features together; ``containments`` (``share``,
        ``robustness``, ``usefulness``). Frames ``directions``, a picture of each feature, orange
        for positive weights; `Packed` ``weights``, the same as numbers ``[m, 64]``. Facts:
        ``features``, ``best_usefulness`` of one feature, ``rank_correlation`` of robustness with
        usefulness (Spearman); of the least robust half: ``ensemble_usefulness``,
        ``ensemble_best_member``, ``ensemble_robustness``; of the containment:
        ``contained_usefulness``, ``contained_robustness``, ``container_usefulness`` and
        ``container_robustness``, those of the useful direction in it, and ``robustness_lost``, the
        quotient of the latter and the former robustness; ``identity_gap``, the largest difference
        of the closed form of robust usefulness from what the worst changes really do.

    Raises:
        ValueError: twice the same class.
    """
    if pair[0] == pair[1]:
        raise ValueError(f"expected two classes, not {pair[0]} twice")
    training, _ = digits()
    chosen = (training.labels == pair[0]) | (training.labels == pair[1])
    data = standardise(training.images[chosen], training.labels[chosen] == pair[0])
    a = principal(data)
    size, use = robustness(data, a), usefulness(data, a)
    edge = frontier(data, frontier_points)
    crowds = [_crowd(data, a, members) for members in range(2, len(a) + 1)]
    half = _crowd(data, a, len(a) // 2)
    best = int(use.argmax())
    shares = torch.logspace(-6, 0, mixtures, dtype=torch.float64)
    mixed = containment(a[best], a[-1], shares)
    contained = containment(a[best], a[-1], torch.tensor([share], dtype=torch.float64))
    tables: dict[str, dict[str, list[Any]]] = {
        "features": {
            "number": list(range(1, len(a) + 1)),
            "robustness": size.tolist(),
            "usefulness": use.tolist(),
            "robust_usefulness": robust_usefulness(data, a, radius).tolist(),
        },
        "frontier": {
            "robustness": robustness(data, edge).tolist(),
            "usefulness": usefulness(data, edge).tolist(),
        },
        "ensembles": columns(crowds),
        "containments": {
            "share": shares.tolist(),
            "robustness": robustness(data, mixed).tolist(),
            "usefulness": usefulness(data, mixed).tolist(),
        },
    }
    facts: dict[str, float | int] = {
        "features": len(a),
        "best_usefulness": float(use[best]),
        "rank_correlation": _rank_correlation(size, use),
        "ensemble_usefulness": half["usefulness"],
        "ensemble_best_member": half["best_member"],
        "ensemble_robustness": half["robustness"],
        "contained_usefulness": float(usefulness(data, contained)),
        "contained_robustness": float(robustness(data, contained)),
        "container_usefulness": float(use[best]),
        "container_robustness": float(size[best]),
        "robustness_lost": float(size[best] / robustness(data, contained)),
        "identity_gap": float(
            (robust_usefulness(data, a, radius) - _worst(data, a, radius)).abs().max()
        ),
    }
    pictures = a.reshape(-1, SIDE, SIDE)
    limit = float(pictures.abs().max())
    return Result(
        facts=facts,
        data={"chart": "plane", "pair": list(pair)},
        tables=tables,
        assets={
            "plane": Chart(_chart(tables)),
            "directions": Frames(
                palette.apply(pictures, -limit, limit, "diverging"), scale=SCALE // 2
            ),
            "weights": Packed(a),
        },
    )


def _crowd(data: Standardised, a: Tensor, members: int) -> dict[str, Any]:
    """The ensemble of the last `members` of ``a[m, d]``, which are the least robust."""
    part = a[len(a) - members :]
    together = ensemble(data, part)
    return {
        "members": members,
        "threshold": float(robustness(data, part)[0]),
        "robustness": float(robustness(data, together)),
        "usefulness": float(usefulness(data, together)),
        "best_member": float(usefulness(data, part).max()),
    }


def _worst(data: Standardised, a: Tensor, radius: float) -> Tensor:
    """Robust usefulness of directions ``[m, d]``, by changing every image and looking: ``[m]``."""
    found = []
    for direction in a:
        feature = data.x @ direction
        scale = feature.pow(2).mean().sqrt()
        change = -data.y.sign()[:, None] * radius * direction / direction.norm()
        found.append((data.y * ((data.x + change) @ direction) / scale).mean())
    return torch.stack(found)


def _rank_correlation(one: Tensor, other: Tensor) -> float:
    ranks = torch.stack([each.argsort().argsort().double() for each in (one, other)])
    return float(torch.corrcoef(ranks)[0, 1])


def _chart(tables: dict[str, dict[str, list[Any]]]) -> alt.LayerChart | alt.FacetChart:
    """Draw features as dots, the frontier and both constructions as lines, on logarithmic axes."""

    def records(name: str, kind: str) -> list[dict[str, Any]]:
        table = tables[name]
        return [
            {"what": kind, **{key: values[index] for key, values in table.items()}}
            for index in range(len(table["robustness"]))
        ]

    x = alt.X("robustness:Q", title="Robustness (L2 change that moves the feature by 1)").scale(
        type="log"
    )
    y = alt.Y("usefulness:Q", title="Usefulness").scale(type="log", domain=[0.001, 1], clamp=True)
    kinds = {
        "frontier": ("best at each robustness", theme.category(8)),
        "ensembles": ("ensembles", theme.category(2)),
        "containments": ("containments", theme.category(3)),
    }
    domain = [label for label, _ in kinds.values()]
    colours = alt.Scale(domain=domain, range=[colour for _, colour in kinds.values()])
    drawn: list[alt.Chart] = [
        alt.Chart({"values": records(name, label)})
        .mark_line(strokeDash=[5, 4] if name == "frontier" else [1, 0])
        .encode(
            x=x,
            y=y,
            order="robustness:Q"
            if name == "frontier"
            else "members:Q"
            if name == "ensembles"
            else "share:Q",
            color=alt.Color("what:N", title=None, scale=colours, legend=alt.Legend(orient="top")),
        )
        for name, (label, _) in kinds.items()
    ]
    dots = (
        alt.Chart({"values": records("features", "feature")})
        .mark_circle(size=36, opacity=0.8, color=theme.category(1))
        .encode(
            x=x,
            y=y,
            tooltip=[
                "number:Q",
                alt.Tooltip("robustness:Q", format=".4f"),
                alt.Tooltip("usefulness:Q", format=".3f"),
            ],
        )
    )
    return alt.layer(*drawn, dots).properties(width="container", height=340)
