"""How far an attack moves each layer of a network, in units of how far apart pictures are in it.

The measure is that of the authors' follow-up in R. Nakano, "Adversarially Robust Neural Style
Transfer" (Distill 2019, doi:10.23915/distill.00019.4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import altair as alt
from pydantic import Field
from torch import Tensor, nn

from stillroom.media.kinds import Chart
from stillroom.models.digit_nets import layers
from stillroom.models.digits import digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.goals import layer_robustness as measure
from stillroom.recipes.adversarial.shared import (
    ARMS,
    columns,
    digit_scale,
    row,
    spread,
    trained,
)


@recipe(
    view="chart",
    draft={"tested": 60, "steps": 8},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def layer_robustness(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    radius: Annotated[float, Field(gt=0)] = 0.5,
    steps: Annotated[int, Field(ge=1)] = 20,
    tested: Annotated[int, Field(ge=2, le=500)] = 200,
) -> Result:
    """Measure R(f) of every layer, for networks trained in several ways.

    R(f) is the mean over images x of the largest distance |f(x') - f(x)| that projected gradient
    ascent finds within `radius` of x (L2), over the mean distance |f(x) - f(z)| of two images.
    Small is robust. The attacker has no aim but to move the layer.

    Args:
        run: gives the device and the random numbers.
        nets: networks trained in several ways.
        radius: of the attack.
        steps: of the attack, from a random start.
        tested: test digits.

    Returns:
        Chart ``layers``, table ``layers``: ``network``, ``layer``, ``mean`` over seeds with their
        range ``low`` and ``high``. Facts, with ``_low`` and ``_high``: ``<arm>_<layer>``;
        ``least_ratio``, the least quotient, over layers, of the means of ``standard`` and of
        ``adversarial``; ``seeds``, ``tested``; ``median_norm``, ``median_other`` and ``min_other``
        as in ``digit-nets``.
    """
    training, test = digits()
    images = test.images[:tested].to(run.device)
    groups = trained(run, nets)
    names = list(layers(groups["standard"][0], images[:1]))
    attack = Pgd(steps=steps)
    rows: list[dict[str, Any]] = []
    facts: dict[str, float | int] = {
        "seeds": len(groups["standard"]),
        "tested": tested,
        **digit_scale(test, training),
    }
    jobs = [(arm, name) for arm in ARMS for name in names]
    for arm, name in run.steps(jobs, note="layers"):
        values = [
            measure(
                _layer(net, name),
                images,
                radius,
                attack=attack,
                generator=run.generator("layer-robustness", seed),
            )
            for seed, net in enumerate(groups[arm])
        ]
        rows.append(row({"network": ARMS[arm], "layer": name}, values))
        facts |= spread(f"{arm}_{name}", values)
    facts["least_ratio"] = min(
        facts[f"standard_{name}"] / facts[f"adversarial_{name}"] for name in names
    )
    return Result(
        facts=facts,
        tables={"layers": columns(rows)},
        assets={"layers": Chart(_chart(rows, names))},
    )


def _layer(net: nn.Sequential, name: str) -> Callable[[Tensor], Tensor]:
    """What one layer holds, as a function of the image; nothing after it is computed."""
    after = [key for key, _ in net.named_children()].index(name) + 1
    cut = net[: after + (name != "logits")]

    def hold(images: Tensor) -> Tensor:
        held: Tensor = cut(images)
        return held

    return hold


def _chart(rows: list[dict[str, Any]], names: list[str]) -> alt.LayerChart | alt.FacetChart:
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("layer:N", title="Layer", sort=names).axis(labelAngle=0),
        color=alt.Color(
            "network:N", title=None, sort=list(ARMS.values()), legend=alt.Legend(orient="top")
        ),
        tooltip=[
            "network:N",
            "layer:N",
            *(alt.Tooltip(f"{key}:Q", format=".3f") for key in ("mean", "low", "high")),
        ],
    )
    y = alt.Y("mean:Q", title="R(f), small is robust", scale=alt.Scale(zero=True))
    line = base.mark_line(point=True).encode(y=y)
    spans = base.mark_rule(strokeWidth=2).encode(y="low:Q", y2="high:Q")
    return alt.layer(spans, line).properties(width="container", height=280)
