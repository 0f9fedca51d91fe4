"""Paint one picture in the style of another, over pixels and over waves.

The method is that of L. Gatys, A. Ecker and M. Bethge, "Image Style Transfer Using Convolutional
Neural Networks" (CVPR 2016). That it works in other networks than VGG when waves are optimised and
the picture is moved meanwhile is an observation of A. Mordvintsev and others, "Differentiable Image
Parameterizations" (Distill 2018, doi:10.23915/distill.00012).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Frames, Image
from stillroom.models.layers import recording
from stillroom.models.vision import WHEEL, load_model
from stillroom.recipe import ImageFile, Result, Run, recipe
from stillroom.recipes.features.close_up import most_apart
from stillroom.recipes.features.loop import last, measure, optimise
from stillroom.recipes.features.objective import content
from stillroom.recipes.features.parameterization import fourier, pixels
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.style import style_of
from stillroom.recipes.features.transform import NONE, Transform

WAYS = {"waves": "Waves, moved", "pixels": "Pixels"}
STYLE = ["block0", "block2", "block4", "block7"]
CONTENT = "block4"
UNSEEN = ["block1", "block3", "block6"]
SHOWN = 4  # CSS pixels a pixel where one picture is shown alone
CLOSE = 6  # the close-ups of the view `compare` show a sixth of a side


@recipe(
    view="picture-matrix",
    draft={"size": 64, "steps": 12},
    cost="minutes",
    packages=["torch", "pillow", WHEEL],
)
def style_transfer(
    run: Run,
    *,
    contents: Annotated[list[ImageFile], Field(min_length=1)],
    styles: Annotated[list[ImageFile], Field(min_length=1)],
    names: Annotated[list[str], Field(min_length=2)],
    size: Annotated[int, Field(ge=32)] = 128,
    steps: Annotated[int, Field(ge=1)] = 160,
    weight: Annotated[float, Field(ge=0)] = 1.0,
    jitter: Annotated[float, Field(ge=0)] = 4.0,
    rate: Annotated[float, Field(gt=0)] = 0.05,
) -> Result:
    """Make pictures with the activations of one and the Gram matrices of another.

    From noise, Adam lowers the mean squared difference of Gram matrices to those of the style in
    ``block0``, ``block2``, ``block4`` and ``block7`` of EfficientNet-Lite0, and `weight` times that
    of activations to those of the content in ``block4``, each relative to the mean square of what
    is to be matched. This is done twice: over the pixels, and over waves scaled by 1/f while the
    picture is moved at random before each step.

    Args:
        run: gives the device and the random numbers, and keeps checkpoints.
        contents: what to paint.
        styles: how to paint.
        names: of the contents, then of the styles.
        size: pixels a side.
        steps: of Adam.
        weight: of the content.
        jitter: of the movements, in pixels.
        rate: of Adam.

    Returns:
        For ``picture-matrix`` the Frames ``waves`` and ``pixels``, contents down and styles across,
        and table ``cells``; for ``compare`` the Images ``first_waves`` and ``first_pixels`` of the
        first cell, and the focus where these are most apart in how fine they are. Facts, the mean
        over cells with ``_low`` and ``_high`` for the range: ``style_<way>``, what is left of the
        style's distance, of 1 for the content itself; ``unseen_<way>``, the same in ``block1``,
        ``block3`` and ``block6``, which nobody asked for; ``content_<way>``, the distance to the
        content, of 1 for a blank layer; ``fine_<way>``, the share of energy above 1/4 cycle a
        pixel, ``fine_contents`` and ``fine_styles`` that of the originals. ``close_<way>``, that
        share in the first cell's square about the focus; ``cells``.

    Raises:
        ValueError: not one name for each content and style.
    """
    if len(names) != len(contents) + len(styles):
        raise ValueError(f"{len(contents)} contents and {len(styles)} styles, {len(names)} names")
    model = load_model("efficientnet-lite0").to(run.device)
    painted = _pixels(contents, size).repeat_interleave(len(styles), 0).to(run.device)
    manner = _pixels(styles, size).repeat(len(contents), 1, 1, 1).to(run.device)
    near, unseen = style_of(model, manner, STYLE), style_of(model, manner, UNSEEN)
    with torch.no_grad(), recording(model, [CONTENT]) as read:
        holds = read(painted)[CONTENT]
    same = content(CONTENT, holds) * (1 / holds.pow(2).mean((1, 2, 3)))
    ways = {"waves": (fourier, Transform(jitter=jitter)), "pixels": (pixels, NONE)}
    pictures: dict[str, Tensor] = {}
    for number, (way, (start, transform)) in enumerate(ways.items()):
        states = optimise(
            model,
            near + same * weight,
            start(len(painted), size, run.generator("style-transfer", way)),
            transform,
            steps=steps,
            rate=rate,
            generator=run.generator("style-transfer", way, "movements"),
            run=run,
            part=way,
            share=(number / len(ways), (number + 1) / len(ways)),
        )
        pictures[way] = last(states).pictures
    cells: dict[str, list[float]] = {}
    begun = {"style": (near, painted), "unseen": (unseen, painted)}
    whole = {name: measure(model, objective, at) for name, (objective, at) in begun.items()}
    for way, made in pictures.items():
        cells[f"style_{way}"] = (measure(model, near, made) / whole["style"]).tolist()
        cells[f"unseen_{way}"] = (measure(model, unseen, made) / whole["unseen"]).tolist()
        cells[f"content_{way}"] = (-measure(model, same, made)).tolist()
        cells[f"fine_{way}"] = fine_share(made).tolist()
    facts: dict[str, float | int] = {"cells": len(painted)}
    for name, values in cells.items():
        facts |= _spread(name, values)
    facts["fine_contents"] = float(fine_share(painted).mean())
    facts["fine_styles"] = float(fine_share(manner).mean())
    focus, facts["close_waves"], facts["close_pixels"] = most_apart(
        pictures["waves"][0], pictures["pixels"][0], size // CLOSE
    )
    return Result(
        facts=facts,
        data={
            "rows": {"name": "content", "label": "Content", "values": names[: len(contents)]},
            "columns": {"name": "style", "label": "Style", "values": names[len(contents) :]},
            "frames": "waves",
            "control": "pixels",
            "labels": list(WAYS.values()),
            "numbers": [
                {"name": f"{name}_waves", "label": label, "control": f"{name}_pixels"}
                for name, label in (
                    ("style", "Distance to the style"),
                    ("unseen", "… in other layers"),
                    ("content", "Distance to the content"),
                    ("fine", "Energy in fine waves"),
                )
            ],
            "images": ["first_waves", "first_pixels"],
            "focus": focus,
        },
        tables={"cells": cells},
        assets={
            way: Frames(made.permute(0, 2, 3, 1), columns=len(styles), lossless=False)
            for way, made in pictures.items()
        }
        | {
            f"first_{way}": Image(made[0].permute(1, 2, 0), lossless=False, scale=SHOWN)
            for way, made in pictures.items()
        },
    )


def _pixels(pictures: Sequence[ImageFile], size: int) -> Tensor:
    each = [torch.tensor(picture.pixels((size, size))) for picture in pictures]
    return torch.stack(each).permute(0, 3, 1, 2) / 255


def _spread(name: str, values: Sequence[float]) -> dict[str, float]:
    mean = sum(values) / len(values)
    return {name: mean, f"{name}_low": min(values), f"{name}_high": max(values)}
