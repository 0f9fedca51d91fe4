"""What fools one network, does it fool another? Attacks of each against all."""

from __future__ import annotations

from typing import Annotated, Any

import altair as alt
from pydantic import Field

from stillroom.media.kinds import Chart
from stillroom.models.digit_nets import Kind
from stillroom.models.digits import CLASSES, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Model, Pgd
from stillroom.recipes.adversarial.evaluation import transfer
from stillroom.recipes.adversarial.norms import Norm
from stillroom.recipes.adversarial.relabelled import shifted
from stillroom.recipes.adversarial.shared import (
    ARMS,
    columns,
    digit_scale,
    learn,
    row,
    spread,
    trained,
)
from stillroom.recipes.adversarial.training import Training

OTHERS: list[Kind] = ["mlp", "linear"]
LABELS = {
    "standard": "standard",
    "gaussian": "noise",
    "adversarial": "adversarial",
    "deep": "deep",
    "conv": "conv",
    "narrow": "narrow",
    "mlp": "perceptron",
    "linear": "linear",
}


@recipe(
    view="chart",
    draft={"steps": 10, "tested": 200, "epochs": 8},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def transfer_matrix(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    kinds: list[Kind] = OTHERS,
    radius: Annotated[float, Field(gt=0)] = 1.2,
    norm: Norm = "L2",
    targeted: bool = True,
    steps: Annotated[int, Field(ge=1)] = 20,
    epochs: Annotated[int, Field(ge=1)] = 12,
    tested: Annotated[int, Field(ge=2, le=500)] = 500,
) -> Result:
    """Attack each network and see which others the same images fool.

    A rate is the share of successful attacks on the source with which the other network goes along:
    it predicts the very target, or with `targeted` false, anything but the digit's class. Source
    and other are of different seeds, also where they are of one kind, so that the diagonal tells of
    networks that differ by chance alone. With n seeds each seed attacks the next one.

    Args:
        run: gives the device and the random numbers.
        nets: networks trained in several ways; at least two seeds.
        kinds: other architectures, trained here as usual, each with as many seeds.
        radius: of the attack.
        norm: of the attack.
        targeted: go for the class after the digit's own.
        steps: of the attack.
        epochs: of training the other architectures.
        tested: test digits that are attacked.

    Returns:
        Chart ``matrix``, table ``transfer``: ``source``, ``other``, ``mean`` over seeds with their
        range ``low`` and ``high``; table ``attacks``: ``source`` and the share of attacks that
        succeeded, likewise. Facts, with ``_low`` and ``_high``: ``transfer_<source>_<other>`` and
        ``success_<source>``; ``seeds``; ``median_norm``, ``median_other`` and ``min_other`` as in
        ``digit-nets``.
    """
    training, test = digits()
    images, labels = test.images[:tested].to(run.device), test.labels[:tested].to(run.device)
    groups: dict[str, list[Model]] = {arm: list(nets) for arm, nets in trained(run, nets).items()}
    seeds = len(groups["standard"])
    settings = Training(epochs=epochs)
    for kind in kinds:
        groups[kind] = [
            learn(
                run,
                kind,
                training.images,
                training.labels,
                settings,
                "transfer-matrix",
                kind,
                seed,
            )
            for seed in range(seeds)
        ]
    names = [*ARMS, *kinds]
    aims = shifted(labels, CLASSES) if targeted else labels
    attack = Pgd(norm=norm, steps=steps)
    rates, successes = [], []
    for seed in run.steps(range(seeds), note="seeds"):
        found = {
            name: attack(groups[name][seed], images, aims, radius, targeted=targeted)
            for name in names
        }
        others = {name: groups[name][(seed + 1) % seeds] for name in names}
        rates.append(transfer(others, found, aims, targeted=targeted))
        successes.append([float(each.success.double().mean()) for each in found.values()])
    facts: dict[str, float | int] = {"seeds": seeds, **digit_scale(test, training)}
    cells, attacks = [], []
    for i, source in enumerate(names):
        won = [each[i] for each in successes]
        facts |= spread(f"success_{source}", won)
        attacks.append(row({"source": LABELS[source]}, won))
        for j, other in enumerate(names):
            values = [float(each[i, j]) for each in rates]
            facts |= spread(f"transfer_{source}_{other}", values)
            cells.append(row({"source": LABELS[source], "other": LABELS[other]}, values))
    return Result(
        facts=facts,
        tables={"transfer": columns(cells), "attacks": columns(attacks)},
        assets={"matrix": Chart(_chart(cells, [LABELS[name] for name in names]))},
    )


def _chart(cells: list[dict[str, Any]], names: list[str]) -> alt.LayerChart | alt.FacetChart:
    """Draw a square for each pair, with its rate in it."""
    base = alt.Chart({"values": cells}).encode(
        x=alt.X("other:N", title="Fooled network", sort=names).axis(labelAngle=-35, orient="top"),
        y=alt.Y("source:N", title="Attacked network", sort=names).axis(grid=False),
        tooltip=[
            "source:N",
            "other:N",
            *(alt.Tooltip(f"{key}:Q", format=".1%") for key in ("mean", "low", "high")),
        ],
    )
    squares = base.mark_rect().encode(
        color=alt.Color("mean:Q", legend=None, scale=alt.Scale(domain=[0, 1]))
    )
    # On light squares dark ink, whatever the page: the map is the same on both.
    text = base.mark_text(fontSize=13).encode(
        text=alt.Text("mean:Q", format=".0%"),
        color=alt.condition("datum.mean > 0.55", alt.value("#14151a"), alt.value("#ffffff")),
    )
    return alt.layer(squares, text).properties(width="container", height=300)
