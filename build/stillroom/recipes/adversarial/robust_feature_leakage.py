"""Ten features of digits that are certainly robust, and how useful they stay under attack.

After G. Goh, "Robust Feature Leakage" (Distill 2019, doi:10.23915/distill.00019.2).
"""

from __future__ import annotations

from typing import Annotated, Any

import altair as alt
import torch
from pydantic import Field
from torch import Tensor

from stillroom.media import palette, theme
from stillroom.media.kinds import Chart, Frames, Packed
from stillroom.models.digits import CLASSES, SIDE, Digits, digits
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial import leakage
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.evaluation import certified
from stillroom.recipes.adversarial.norms import Norm
from stillroom.recipes.adversarial.shared import SCALE, columns, digit_scale
from stillroom.recipes.adversarial.training import accuracy, predict

RADII = [0.0, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0]


@recipe(
    view="robust-features", draft={"radii": [0.0, 0.25, 0.5]}, packages=["torch", "scikit-learn"]
)
def robust_feature_leakage(
    run: Run,
    *,
    training_radius: Annotated[float, Field(gt=0)] = 0.3,
    radius: Annotated[float, Field(gt=0)] = 0.25,
    radii: Annotated[list[float], Field(min_length=2)] = RADII,
    norm: Norm = "L2",
) -> Result:
    """Fit a linear classifier for the worst case, and certify its ten logits as robust features.

    Two specifications are told, both in closed form: how useful each feature stays for its class
    under attack, which should be above 0; and which share of predictions certainly does not change
    within `radius`, which should be at least 80 %. An ordinary linear classifier stands beside it.
    Projected gradient ascent tries to prove the second wrong.

    What such features learn from relabelled digits is measured in ``relabelled-digits``.

    Args:
        run: gives the random numbers of that attack.
        training_radius: the worst change that the classifier is fitted for.
        radius: of both specifications.
        radii: at which usefulness is told.
        norm: of all changes.

    Returns:
        Chart ``usefulness``; table ``usefulness``: ``radius``, then ``0`` to ``9``, how useful the
        feature of each class is to tell it from the rest, under attack; table ``terms``: ``digit``,
        ``gain`` and ``deviation``, from which a reader's browser computes it, as (gain - radius
        |w|_*) / deviation. Frames ``features``, the ten weight pictures, orange for positive, with
        ``labels`` and ``notes``; `Packed` ``weights[10, 64]``. Facts: ``gamma_<class>`` and
        ``least_gamma``; ``robust_accuracy`` and ``plain_accuracy``; ``robust_steady`` and
        ``plain_steady``, the shares of predictions that certainly hold, ``attacked_steady``, the
        share that the attack could not change; ``certificates_broken``, how many certified
        predictions it changed; ``median_norm``, ``median_other`` and ``min_other`` as in
        ``digit-nets``.
    """
    training, test = digits()
    models = {
        name: leakage.fit(
            training.images, training.labels, classes=CLASSES, radius=worst, norm=norm
        )
        for name, worst in {"robust": training_radius, "plain": 0.0}.items()
    }
    robust = models["robust"]

    def gammas(at: float) -> list[float]:
        found = leakage.class_usefulness(robust.weights, test.images, test.labels, at, norm)
        return [float(each) for each in found]

    own = gammas(radius)
    said = predict(robust, test.images)
    attack = Pgd(norm=norm, steps=20, restarts=2, loss="margin", stop=True)
    found = attack(
        robust, test.images, said, radius, generator=run.generator("robust-feature-leakage")
    )
    sure = certified(robust.weights, robust.bias, test.images, said, norm) >= radius
    facts: dict[str, float | int] = {
        **{f"gamma_{number}": gamma for number, gamma in enumerate(own)},
        "least_gamma": min(own),
        **{f"{name}_accuracy": accuracy(m, test.images, test.labels) for name, m in models.items()},
        **{
            f"{name}_steady": leakage.steady_share(m, test.images, radius, norm)
            for name, m in models.items()
        },
        "attacked_steady": float((~found.success).double().mean()),
        "certificates_broken": int((found.success & sure).sum()),
        **digit_scale(test, training),
    }
    curves = torch.tensor([gammas(each) for each in radii]).T  # [classes, radii]
    pictures = robust.weights.reshape(-1, SIDE, SIDE)
    limit = float(pictures.abs().max())
    return Result(
        facts=facts,
        data={
            "chart": "usefulness",
            "frames": "features",
            "labels": [str(number) for number in range(CLASSES)],
            "notes": [f"useful by {gamma:.2f} under attack" for gamma in own],
            "radius": radius,
            "gammas": own,
            "norm": norm,
        },
        tables={
            "terms": _terms(robust.weights, test),
            "usefulness": {"radius": radii}
            | {str(number): curve.tolist() for number, curve in enumerate(curves)},
        },
        assets={
            "usefulness": Chart(_chart(radii, curves.tolist(), radius)),
            "features": Frames(
                palette.apply(pictures, -limit, limit, "diverging"), scale=SCALE // 2
            ),
            "weights": Packed(robust.weights),
        },
    )


def _terms(weights: Tensor, test: Digits) -> dict[str, list[Any]]:
    """Return E[y w.x] and the deviation of w.x for each class, the rest weighing as much as it."""
    x = test.images.double().flatten(1)
    rows = []
    for digit, w in enumerate(weights):
        own, rest = x[test.labels == digit] @ w, x[test.labels != digit] @ w
        gain = (own.mean() - rest.mean()) / 2
        inside = (own.var(correction=0) + rest.var(correction=0)) / 2
        deviation = (inside + gain**2).sqrt()
        rows.append({"digit": digit, "gain": float(gain), "deviation": float(deviation)})
    return columns(rows)


def _chart(
    radii: list[float], curves: list[list[float]], radius: float
) -> alt.LayerChart | alt.FacetChart:
    rows: list[dict[str, Any]] = [
        {"digit": str(number), "radius": at, "usefulness": value}
        for number, curve in enumerate(curves)
        for at, value in zip(radii, curve, strict=True)
    ]
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("radius:Q", title="Radius of the attack"),
        y=alt.Y("usefulness:Q", title="Usefulness under attack"),
        detail="digit:N",
        tooltip=["digit:N", "radius:Q", alt.Tooltip("usefulness:Q", format=".3f")],
    )
    last = [row for row in rows if row["radius"] == radii[-1]]
    names = (
        alt.Chart({"values": last})
        .mark_text(align="left", dx=6)
        .encode(x="radius:Q", y="usefulness:Q", text="digit:N")
    )
    rules = [
        alt.Chart({"values": [{"radius": radius}]})
        .mark_rule(strokeDash=[5, 4], color=theme.MUTED)
        .encode(x="radius:Q"),
        alt.Chart({"values": [{"usefulness": 0}]})
        .mark_rule(color=theme.RULE)
        .encode(y="usefulness:Q"),
    ]
    line = base.mark_line(color=theme.category(1), opacity=0.7)
    return alt.layer(*rules, line, names).properties(width="container", height=300)
