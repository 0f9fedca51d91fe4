"""What keeps an ascent from noise: waves, random moves, both or neither, as a judge sees it.

C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization" (Distill 2017). The pictures and
the judge are those of `class-pictures`.
"""

from __future__ import annotations

from typing import Annotated

import torch

from stillroom.models.vision import WHEEL, load_model
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.features.class_pictures import resized, verdict
from stillroom.recipes.features.colour import PLAIN
from stillroom.recipes.features.drawing import draw, share_of
from stillroom.recipes.features.logit_or_probability import by_class, ends
from stillroom.recipes.features.objective import logit
from stillroom.recipes.features.parameterization import fourier, pixels
from stillroom.recipes.features.sheets import sheet, unpack
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.transform import NONE, STANDARD
from stillroom.recipes.value.shared import summary

ARMS = {
    "neither": "pixels",
    "moves": "pixels, moved",
    "waves": "waves",
    "both": "waves, moved",
}
NUMBERS = ("judged", "first", "logit", "fine")


@recipe(view="picture-matrix", cost="minutes", packages=["torch", "pillow", WHEEL])
def judged_regularisers(
    run: Run,
    *,
    neither: Annotated[Stored, Upstream("class-pictures")],
    moves: Annotated[Stored, Upstream("class-pictures")],
    waves: Annotated[Stored, Upstream("class-pictures")],
    both: Annotated[Stored, Upstream("class-pictures")],
    shown: int = 6,
    model: str = "efficientnet-lite0",
    judge: str = "efficientnet-lite1",
) -> Result:
    """Show pictures of classes made with two regularisers, each and neither, and their worth.

    The control climbs the same logits of an untrained copy, in as many steps.

    Args:
        run: gives the random numbers of the bootstrap and of the control.
        neither: pictures of classes, of pixels that were not moved.
        moves: the same of pixels, with random moves.
        waves: the same of waves that were not moved.
        both: the same of waves, with random moves.
        shown: how many of the classes to show, evenly spread.
        model: the network of the pictures, of which the control has an untrained copy.
        judge: the network that judges the control.

    Returns:
        Frames ``pictures``, a row for each of `ARMS`, and a table of their numbers: ``judged``,
        ``first``, ``logit`` and ``fine``, of the first seed; Frames ``control`` and, with
        ``control_`` before, the same numbers but ``first``. Facts, of the shown classes:
        ``control_<arm>_judged``, ``control_<arm>_logit``, ``control_<arm>_fine``, means. Facts over
        all classes and seeds, with 95 % bootstrap intervals over classes: ``<arm>_judged``,
        ``<arm>_first``, ``<arm>_logit``, ``<arm>_fine``; but for ``neither``, ``<arm>_removed``,
        how much less of an arm's energy is in fine waves than of that of ``neither``; but for
        ``both``, ``<arm>_lead``, how much more the judge gives to ``both``; ``classes``, ``seeds``.

    Raises:
        ValueError: the pictures are not of the same classes and seeds.
    """
    stored = {"neither": neither, "moves": moves, "waves": waves, "both": both}
    runs = {arm: ends(each) for arm, each in stored.items()}
    names, seeds = runs["both"]["name"], runs["both"]["seed"]
    if any((each["name"], each["seed"]) != (names, seeds) for each in runs.values()):
        raise ValueError("expected pictures of the same classes and seeds")
    classes = list(dict.fromkeys(names))
    count = min(shown, len(classes))
    chosen = [index * len(classes) // count for index in range(count)]
    first_seed = [row for row, seed in enumerate(seeds) if seed == 0]
    facts: dict[str, float | int] = {
        "classes": len(classes),
        "seeds": len(names) // len(classes),
    }
    pictures = []
    table: dict[str, list[float]] = {key: [] for key in NUMBERS}
    means = {}
    for arm, rows in runs.items():
        for key in NUMBERS:
            means[arm, key] = by_class(rows[key], names, classes)
            facts |= summary(f"{arm}_{key}", means[arm, key], run.generator("bootstrap", arm, key))
            # Four places: more would not stand below a picture on a phone.
            table[key] += [round(rows[key][first_seed[index]], 4) for index in chosen]
        pictures.append(unpack(stored[arm], "pictures", len(classes))[chosen])
    copy = load_model(model, pretrained=False, seed=run.seed).to(run.device)
    other = load_model(judge).to(run.device)
    wanted = [index * len(copy.classes) // len(classes) for index in chosen]
    size, steps = int(both.facts["size"]), int(both.facts["steps"])
    controls = []
    for number, arm in enumerate(ARMS):
        generator = run.generator("start", arm)
        if arm in ("waves", "both"):
            start = fourier(count, size, generator)
        else:
            start = pixels(count, size, generator, colour=PLAIN)
        transform = STANDARD if arm in ("moves", "both") else NONE
        drawn = draw(
            run,
            copy,
            logit(wanted),
            start,
            transform,
            name=arm,
            steps=steps,
            looks=1,
            share=share_of(number, len(ARMS)),
        )
        controls.append(drawn.image.cpu())
        found = {
            "judged": verdict(other, resized(drawn.image, other.size), wanted).probability,
            "logit": verdict(copy, drawn.image, wanted).logit,
            "fine": fine_share(drawn.image),
        }
        for key, values in found.items():
            facts[f"control_{arm}_{key}"] = float(values.mean())
            table.setdefault(f"control_{key}", []).extend(round(v, 4) for v in values.tolist())
    for arm in ARMS:
        if arm != "neither":
            removed = means["neither", "fine"] - means[arm, "fine"]
            facts |= summary(f"{arm}_removed", removed, run.generator("removed", arm))
        if arm != "both":
            lead = means["both", "judged"] - means[arm, "judged"]
            facts |= summary(f"{arm}_lead", lead, run.generator("lead", arm))
    return Result(
        facts=facts,
        data={
            "rows": {"name": "regulariser", "label": "Regulariser", "values": list(ARMS.values())},
            "columns": {
                "name": "class",
                "label": "Class",
                "values": [classes[index] for index in chosen],
            },
            "numbers": [
                {"name": key, "label": label, "control": f"control_{key}"}
                for key, label in {
                    "judged": "The judge's probability",
                    "logit": "The network's own logit",
                    "fine": "Share of energy in fine waves",
                }.items()
            ],
            "table": "pictures",
            "frames": "pictures",
            "control": "control",
            "labels": ["Trained", "Untrained copy"],
            "start": {"row": len(stored) - 1, "column": 0},
        },
        tables={"pictures": table},
        assets={"pictures": sheet(torch.cat(pictures)), "control": sheet(torch.cat(controls))},
    )
