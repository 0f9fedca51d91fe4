"""What keeps an ascent from noise: waves and random moves, or neither, as a judge sees it.

C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization" (Distill 2017). The pictures and
the judge are those of `class-pictures`.
"""

from __future__ import annotations

from typing import Annotated

import torch

from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.features.logit_or_probability import by_class, ends
from stillroom.recipes.features.sheets import sheet, unpack
from stillroom.recipes.value.shared import summary

ARMS = {
    "neither": "pixels",
    "both": "waves, moved",
}
NUMBERS = ("judged", "first", "logit", "fine")


@recipe(view="picture-matrix", packages=["torch", "pillow"])
def judged_regularisers(
    run: Run,
    *,
    neither: Annotated[Stored, Upstream("class-pictures")],
    both: Annotated[Stored, Upstream("class-pictures")],
    shown: int = 6,
) -> Result:
    """Show pictures of classes made with regularisers and without, and what they are worth.

    Args:
        run: gives the random numbers of the bootstrap.
        neither: pictures of classes, of pixels that were not moved.
        both: the same of waves, with random moves.
        shown: how many of the classes to show, evenly spread.

    Returns:
        Frames ``pictures``, a row for each arm, and a table of their numbers: ``judged``, ``logit``
        and ``fine``. Facts over all classes and seeds, with 95 % bootstrap intervals over classes:
        ``<arm>_judged``, ``<arm>_first``, ``<arm>_logit``, ``<arm>_fine``; ``removed_fine``,
        how much of the share of fine waves the regularisers remove; ``classes``, ``seeds``.
    """
    stored = {"neither": neither, "both": both}
    facts: dict[str, float | int] = {}
    pictures, cells = [], []
    fine = {}
    for arm, each in stored.items():
        rows = ends(each)
        classes = list(dict.fromkeys(rows["name"]))
        count = min(shown, len(classes))
        chosen = [index * len(classes) // count for index in range(count)]
        for key in NUMBERS:
            values = by_class(rows[key], rows["name"], classes)
            facts |= summary(f"{arm}_{key}", values, run.generator("bootstrap", arm, key))
            if key == "fine":
                fine[arm] = values
        facts |= {"classes": len(classes), "seeds": len(rows["name"]) // len(classes)}
        pictures.append(unpack(each, "pictures", len(classes))[chosen])
        first_seed = [row for row, seed in enumerate(rows["seed"]) if seed == 0]
        cells += [
            {"class": rows["name"][row], **{key: rows[key][row] for key in NUMBERS}}
            for row in (first_seed[index] for index in chosen)
        ]
    removed = fine["neither"] - fine["both"]
    facts |= summary("removed_fine", removed, run.generator("removed"))
    columns = len(cells) // len(stored)
    return Result(
        facts=facts,
        data={
            "rows": {"name": "regulariser", "label": "Regulariser", "values": list(ARMS.values())},
            "columns": {
                "name": "class",
                "label": "Class",
                "values": [cell["class"] for cell in cells[:columns]],
            },
            "numbers": [
                {"name": "judged", "label": "The judge's probability"},
                {"name": "logit", "label": "The network's own logit"},
                {"name": "fine", "label": "Share of energy in fine waves"},
            ],
            "table": "pictures",
            "frames": "pictures",
            "start": {"row": len(stored) - 1, "column": 0},
        },
        tables={"pictures": {key: [cell[key] for cell in cells] for key in NUMBERS}},
        assets={"pictures": sheet(torch.cat(pictures))},
    )
