"""What students of relabelled digits read, beside what robust cues alone could have taught them.

After G. Goh, "Robust Feature Leakage" (Distill 2019, doi:10.23915/distill.00019.2).
"""

from __future__ import annotations

from typing import Annotated, Any

from stillroom.media.kinds import Chart
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.shared import at, columns, lines

SETS = {"rand": "D_rand", "det": "D_det"}
MEASURES = {"true": "student", "leak": "robust cues"}


@recipe(view="chart", packages=["torch", "scikit-learn"])
def leakage_bound(
    run: Run,  # noqa: ARG001
    *,
    scores: Annotated[Stored, Upstream("relabelled-digits")],
) -> Result:
    """Lay the students of two relabelled sets and their bounds beside each other.

    Args:
        run: unused.
        scores: students of the sets, and the bounds.

    Returns:
        Chart ``scores``; table ``scores``: ``who``, ``radius`` of the attack, ``mean`` over seeds
        of the share of untouched test digits read, with its range ``low`` and ``high``. Facts, with
        ``_low`` and ``_high`` where they are means: ``rand_true_at_<radius>``,
        ``rand_leak_at_<radius>`` and the same of ``det``; ``rand_share_at_<radius>`` and the same
        of ``det``, the bound over the student's score; ``success_at_<radius>``, ``seeds``,
        ``median_norm``, ``median_other`` and ``min_other`` as in ``relabelled-digits``.
    """
    radii = sorted(set(scores.tables["determined"]["radius"]))
    told: dict[str, Any] = {}
    rows = []
    for name, label in SETS.items():
        for measure, who in MEASURES.items():
            for radius in radii:
                fact = at(f"{name}_{measure}", radius)
                own = {
                    column: scores.facts[f"{fact}{ending}"]
                    for column, ending in {"mean": "", "low": "_low", "high": "_high"}.items()
                }
                told |= {fact: own["mean"], f"{fact}_low": own["low"], f"{fact}_high": own["high"]}
                rows.append({"who": f"{label}, {who}", "radius": radius, **own})
    for radius in radii:
        told[at("success", radius)] = scores.facts[at("success", radius)]
        for name in SETS:
            leak, true = told[at(f"{name}_leak", radius)], told[at(f"{name}_true", radius)]
            told[at(f"{name}_share", radius)] = leak / true
    for fact in ("seeds", "median_norm", "median_other", "min_other"):
        told[fact] = scores.facts[fact]
    return Result(
        facts=told,
        data={"chart": "scores"},
        tables={"scores": columns(rows)},
        assets={
            "scores": Chart(
                lines(
                    rows,
                    x="radius",
                    x_title="Radius of the attack (L2)",
                    y_title="Untouched test digits read",
                    series="who",
                )
            )
        },
    )
