"""Digits beside their relabelled twins, and what was learnt from such twins alone.

After section 3.2 of A. Ilyas and others, "Adversarial Examples Are Not Bugs, They Are Features"
(NeurIPS 2019), with the bound of G. Goh, "Robust Feature Leakage" (Distill 2019,
doi:10.23915/distill.00019.2).
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field

from stillroom.media.kinds import Asset, Frames
from stillroom.models.digits import CLASSES, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.relabelled import shifted
from stillroom.recipes.adversarial.shared import SCALE, at, digit_scale, trained

SETS = {
    "det": ("D_det", "driven toward the next class, and labelled with it"),
    "rand": ("D_rand", "driven toward a class drawn at random, and labelled with it"),
}
MEASURES = {
    "true": "reads true test digits right",
    "leak": "could be learnt from robust cues alone",
    "shifted": "takes test digits for the next class",
    "shuffled": "reads right, taught with labels shuffled",
}


@recipe(
    view="dataset-gallery",
    draft={"count": 12, "steps": 10},
    packages=["torch", "scikit-learn"],
)
def relabelled_gallery(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    scores: Annotated[Stored, Upstream("relabelled-digits")],
    count: Annotated[int, Field(ge=1, le=40)] = 24,
    shown: float = 1.2,
    steps: Annotated[int, Field(ge=1)] = 20,
) -> Result:
    """Show the first digits of the relabelled sets beside the digits they were made of.

    The twins are made again here, at every radius of `scores`, by the same attack on the first
    standard network. Those of D_det are the very ones that its first student learnt from. Those of
    D_rand have at every radius the labels that were drawn at the radius that `scores` shows, and
    the attack on them starts from the digit itself.

    Args:
        run: gives the device.
        nets: the networks that `scores` attacked.
        scores: students of the two sets, and their bounds.
        count: digits.
        shown: the radius to begin with; the nearest there is.
        steps: of the attack, as in `scores`.

    Returns:
        Frames ``originals``, ``det`` and ``rand``: each radius has `count` of the latter two. Data
        as the view ``dataset-gallery`` reads it. Table ``scores``: ``set``, ``radius``,
        ``measure``, ``mean`` over seeds with their range ``low`` and ``high``. Facts:
        ``fooled_<set>_at_<radius>``, how many of the shown twins the attacked network takes for
        their label, and ``right_<set>``, how many of the labels are right; ``count``, ``seeds``;
        ``share_at_shown``, `shown` as a share of the median distance of a test digit to the nearest
        training digit of another class; ``median_norm``, ``median_other`` and ``min_other`` as in
        ``digit-nets``.

    Raises:
        ValueError: more digits than `scores` has labels for.
    """
    training, test = digits()
    drawn = [int(label) for label in scores.data["drawn_labels"]]
    if count > len(drawn):
        raise ValueError(f"count is {count}; scores has labels for {len(drawn)} digits")
    radii = sorted(set(scores.tables["determined"]["radius"]))
    net = trained(run, nets)["standard"][0]
    x = training.images[:count].to(run.device)
    own = training.labels[:count].to(run.device)
    labels = {
        "det": shifted(own, CLASSES),
        "rand": torch.tensor(drawn[:count], device=run.device),
    }
    begin = min(radii, key=lambda radius: abs(radius - shown))
    wide = torch.tensor(radii, dtype=torch.float64).repeat_interleave(count)
    facts: dict[str, float | int] = {
        "count": count,
        "seeds": scores.facts["seeds"],  # type: ignore[dict-item]
        **digit_scale(test, training),
    }
    facts["share_at_shown"] = begin / facts["median_other"]
    assets: dict[str, Asset] = {"originals": Frames(1 - x[:, 0, ..., None].cpu(), scale=SCALE)}
    sets, rows = [], []
    for name, given in labels.items():
        many, wanted = x.repeat(len(radii), 1, 1, 1), given.repeat(len(radii))
        found = Pgd(steps=steps)(net, many, wanted, wide, targeted=True)
        assets[name] = Frames(1 - found.images[:, 0, ..., None].cpu(), scale=SCALE)
        fooled = found.success.reshape(len(radii), count)
        for radius, won in zip(radii, fooled.sum(1).tolist(), strict=True):
            facts[at(f"fooled_{name}", radius)] = won
        facts[f"right_{name}"] = int((given == own).sum())
        label, note = SETS[name]
        told = [each for each in MEASURES if name == "det" or each in {"true", "leak"}]
        for radius in radii:
            for measure in told:
                fact = at(measure if measure == "shuffled" else f"{name}_{measure}", radius)
                rows.append(
                    {"set": label, "radius": radius, "measure": MEASURES[measure]}
                    | {
                        column: scores.facts[f"{fact}{ending}"]
                        for column, ending in {"mean": "", "low": "_low", "high": "_high"}.items()
                    }
                )
        sets.append(
            {
                "name": name,
                "label": label,
                "note": note,
                "frames": name,
                "labels": [str(each) for each in given.tolist()],
                "says": [
                    [str(each) for each in part]
                    for part in found.predicted.reshape(len(radii), count).tolist()
                ],
            }
        )
    table: dict[str, list[Any]] = {column: [row[column] for row in rows] for column in rows[0]}
    return Result(
        facts=facts,
        data={
            "radii": radii,
            "originals": "originals",
            "own": [str(each) for each in own.tolist()],
            "sets": sets,
            "guess": 1 / CLASSES,
            "start": {"set": "det", "radius": begin},
        },
        tables={"scores": table},
        assets=assets,
    )
