"""Principal directions of two classes of digits as features: useful or not, robust or not.

After G. Goh, "Two Examples of Useful, Non-Robust Features" (Distill 2019,
doi:10.23915/distill.00019.3).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

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
from stillroom.recipes.adversarial.shared import SCALE, columns, digit_scale

Class = Annotated[int, Field(ge=0, le=9)]
Show = Literal["features", "ensembles", "containments"]


@recipe(view="feature-plane", draft={"frontier_points": 16, "mixtures": 20}, packages=["torch"])
def linear_digit_features(
    run: Run,  # noqa: ARG001
    *,
    pair: tuple[Class, Class] = (3, 8),
    radius: Annotated[float, Field(gt=0)] = 0.5,
    share: Annotated[float, Field(gt=0, lt=1)] = 0.02,
    frontier_points: Annotated[int, Field(ge=4)] = 128,
    mixtures: Annotated[int, Field(ge=2)] = 61,
    show: Show = "features",
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
        show: what the view puts on the plane besides the features.

    Returns:
        Chart ``plane``. Tables: ``features`` (``number``, ``robustness``, ``usefulness``,
        ``robust_usefulness``), the most robust first; ``frontier`` (``robustness``,
        ``usefulness``); ``ensembles`` (``members``, ``threshold``, ``robustness``, ``usefulness``,
        ``robust_usefulness``, ``best_member``): the last `members` features together;
        ``containments`` (``share``, ``robustness``, ``usefulness``, ``robust_usefulness``). Frames
        ``directions``, a picture of each feature, orange for positive weights, and unless `show` is
        ``features`` frames of that name, a picture of each ensemble or containment, with its
        largest weight as the end of the colours. `Packed` ``weights``, the features as numbers
        ``[m, 64]``. Data as the view ``feature-plane`` reads it. Facts: ``features``,
        ``best_usefulness`` and ``best_robustness`` of the most useful feature,
        ``rank_correlation`` of robustness with usefulness (Spearman), ``frontier_usefulness``, the
        most that any direction has, and ``frontier_robustness`` of that one; of the least robust
        half: ``ensemble_usefulness``, ``ensemble_best_member``, ``ensemble_robustness`` and
        ``ensemble_optimum``, the usefulness of the best weighted sum of its members;
        ``ensembles`` and ``ensembles_ahead``, how many there are and how many are more useful than
        each of their members; of the containment:
        ``contained_usefulness``, ``contained_robustness``, ``container_usefulness`` and
        ``container_robustness``, those of the useful direction in it, and ``robustness_lost``, the
        quotient of the latter and the former robustness; ``identity_gap``, the largest difference
        of the closed form of robust usefulness from what the worst changes really do;
        ``median_norm``, ``median_other`` and ``min_other`` as in ``digit-nets``.

    Raises:
        ValueError: twice the same class.
    """
    if pair[0] == pair[1]:
        raise ValueError(f"expected two classes, not {pair[0]} twice")
    training, test = digits()
    chosen = (training.labels == pair[0]) | (training.labels == pair[1])
    data = standardise(training.images[chosen], training.labels[chosen] == pair[0])
    a = principal(data)
    size, use = robustness(data, a), usefulness(data, a)
    edge = frontier(data, frontier_points)
    crowds = [_crowd(data, a, members, radius) for members in range(2, len(a) + 1)]
    half = _crowd(data, a, len(a) // 2, radius)
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
            "robust_usefulness": robust_usefulness(data, mixed, radius).tolist(),
        },
    }
    # Of all directions the most useful one is the regression of the label: Fisher's discriminant.
    fisher = torch.linalg.lstsq(data.x, data.y[:, None], driver="gelsd").solution.T
    facts: dict[str, float | int] = {
        "features": len(a),
        "best_usefulness": float(use[best]),
        "best_robustness": float(size[best]),
        "rank_correlation": _rank_correlation(size, use),
        "frontier_usefulness": float(usefulness(data, fisher)),
        "frontier_robustness": float(robustness(data, fisher)),
        "ensembles": len(crowds),
        "ensembles_ahead": sum(each["usefulness"] > each["best_member"] for each in crowds),
        "ensemble_usefulness": half["usefulness"],
        # Principal features are uncorrelated, so that squares of usefulness add up.
        "ensemble_optimum": float(use[len(a) - len(a) // 2 :].pow(2).sum().sqrt()),
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
        **digit_scale(test, training),
    }
    paths = {
        "ensembles": torch.cat([ensemble(data, a[len(a) - each["members"] :]) for each in crowds]),
        "containments": mixed,
    }
    return Result(
        facts=facts,
        data={
            "chart": "plane",
            "pair": list(pair),
            "radius": radius,
            "frames": "directions",
            "telling": _telling(size, use),
            "path": _path(show, tables, best, share),
        },
        tables=tables,
        assets={
            "plane": Chart(_chart(tables)),
            "directions": _pictures(a),
            **{name: _pictures(path) for name, path in paths.items() if name == show},
            "weights": Packed(a),
        },
    )


def _pictures(a: Tensor) -> Frames:
    """Draw directions ``[m, d]``, each to its own largest weight."""
    scaled = a / a.abs().amax(1, keepdim=True)
    return Frames(
        palette.apply(scaled.reshape(-1, SIDE, SIDE), -1, 1, "diverging"), scale=SCALE // 2
    )


def _telling(size: Tensor, use: Tensor) -> list[dict[str, Any]]:
    """Choose the most and the least useful feature of each third, by robustness."""
    thirds = size.argsort(descending=True).tensor_split(3)
    return [
        {
            "label": f"{how} robust",
            "useful": int(third[use[third].argmax()]),
            "useless": int(third[use[third].argmin()]),
        }
        for how, third in zip(("most", "less", "least"), thirds, strict=True)
    ]


def _path(
    show: Show, tables: dict[str, dict[str, list[Any]]], best: int, share: float
) -> dict[str, Any] | None:
    """Say for the view what the slider goes along, and which features each stop is made of."""
    if show == "features":
        return None
    count = len(tables["features"]["number"])
    table = tables[show]
    if show == "ensembles":
        column, label, title = "threshold", "Robustness up to", "Sum of the features below"
        parts = [list(range(count - members, count)) for members in table["members"]]
        start = table["members"].index(count // 2)
    else:
        column, label, title = "share", "Share α of the robust one", "Mixture of the two"
        parts = [[best, count - 1]] * len(table[column])
        start = min(range(len(parts)), key=lambda index: abs(table[column][index] - share))
    return {
        "table": show,
        "column": column,
        "label": label,
        "title": title,
        "frames": show,
        "parts": parts,
        "start": start,
    }


def _crowd(data: Standardised, a: Tensor, members: int, radius: float) -> dict[str, Any]:
    """The ensemble of the last `members` of ``a[m, d]``, which are the least robust."""
    part = a[len(a) - members :]
    together = ensemble(data, part)
    return {
        "members": members,
        "threshold": float(robustness(data, part)[0]),
        "robustness": float(robustness(data, together)),
        "usefulness": float(usefulness(data, together)),
        "robust_usefulness": float(robust_usefulness(data, together, radius)),
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
