"""Pictures for classes, and what a second network makes of them.

A picture that raises a logit need not show anything: noise can do that (C. Szegedy and others,
"Intriguing Properties of Neural Networks", ICLR 2014; A. Nguyen, J. Yosinski and J. Clune, "Deep
Neural Networks Are Easily Fooled", CVPR 2015). So the pictures are shown to a judge, another
network with other weights. Ours is of the same family and saw the same photographs: it is lenient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from stillroom.media.kinds import Frames
from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.colour import PLAIN
from stillroom.recipes.features.drawing import share_of
from stillroom.recipes.features.loop import optimise
from stillroom.recipes.features.objective import (
    Objective,
    Units,
    log_probability,
    logit,
    probability,
    total_variation,
)
from stillroom.recipes.features.parameterization import Parameterization, fourier, pixels
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.transform import NONE, STANDARD

OBJECTIVES: Mapping[str, Callable[[Units], Objective]] = MappingProxyType(
    {"logit": logit, "probability": probability, "log-probability": log_probability}
)
AT_ONCE = 24  # pictures in a pass of a network that only looks


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a network makes of pictures, each ``[n]``.

    Attributes:
        logit: of the class each was made for.
        rivals: log-sum-exp of the logits of all other classes.
        probability: of the class.
        first: whether the class has the largest logit.
    """

    logit: Tensor
    rivals: Tensor
    probability: Tensor
    first: Tensor


@recipe(
    view="image-grid",
    draft={"classes": 4, "steps": 6, "seeds": 1, "size": 64},
    cost="minutes",
    packages=["torch", WHEEL],
)
def class_pictures(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    judge: str = "efficientnet-lite1",
    classes: Annotated[int, Field(ge=2)] = 24,
    objective: Literal["logit", "probability", "log-probability"] = "logit",
    waves: bool = True,
    moving: bool = True,
    variation: Annotated[float, Field(ge=0)] = 0.0,
    steps: Annotated[int, Field(ge=1)] = 96,
    frames: Annotated[int, Field(ge=1)] = 12,
    seeds: Annotated[int, Field(ge=1)] = 3,
    size: Annotated[int, Field(ge=32)] = 128,
) -> Result:
    """Optimise pictures for classes from several starts, and ask the judge after some of the steps.

    Args:
        run: gives the random numbers, which are the same for any objective and regulariser.
        model: the network that the pictures are made for.
        judge: the network that is asked, at the size that it was trained on.
        classes: how many, evenly spread over all: number ``i * 1000 // classes`` of 1000.
        objective: what is made large.
        waves: whether waves of decorrelated colours are optimised, or the pixels.
        moving: whether the picture is moved at random before each step.
        variation: weight of a penalty on total variation.
        steps: of Adam.
        frames: after how many of the steps, evenly spaced, the judge is asked.
        seeds: pictures of each class.
        size: pixels a side.

    Returns:
        Asset ``pictures``: a `Frames` of the first seed's. Table ``runs`` with a row for each
        class, seed and step: ``name``, ``seed``, ``step``, ``logit`` and ``rivals`` (log-sum-exp
        of the other logits) of the model for the picture as it is, ``judged`` (the judge's
        probability of the class), ``first`` (whether it is the judge's first guess) and ``fine``
        (the share of energy above 1/4 cycle a pixel). Facts: the means of the last step's, by the
        same names; ``classes``, ``seeds``, ``steps``, ``size``.

    Raises:
        ModelError: no such network.
    """
    net = load_model(model).to(run.device)
    other = load_model(judge).to(run.device)
    wanted = [index * len(net.classes) // classes for index in range(classes)]
    names = [net.classes[index] for index in wanted]
    climbed = OBJECTIVES[objective](wanted)
    if variation:
        climbed = climbed - variation * total_variation()
    marks = sorted({round(steps * (index + 1) / frames) for index in range(frames)} - {0})
    columns: dict[str, list[float | str]] = {
        key: [] for key in ("name", "seed", "step", "logit", "rivals", "judged", "first", "fine")
    }
    first_pictures: Tensor | None = None
    for seed in range(seeds):
        states = optimise(
            net,
            climbed,
            _start(run, waves, classes, size, seed),
            STANDARD if moving else NONE,
            steps=steps,
            generator=run.generator("transforms", seed),
            frames=marks,
            run=run,
            part=str(seed),
            share=share_of(seed, seeds),
        )
        for state in states:
            if state.image is None:
                continue
            mine = verdict(net, state.image, wanted)
            theirs = verdict(other, resized(state.image, other.size), wanted)
            columns["name"] += names
            columns["seed"] += [seed] * classes
            columns["step"] += [state.step] * classes
            columns["logit"] += mine.logit.tolist()
            columns["rivals"] += mine.rivals.tolist()
            columns["judged"] += theirs.probability.tolist()
            columns["first"] += theirs.first.float().tolist()
            columns["fine"] += fine_share(state.image).tolist()
            if seed == 0:
                first_pictures = state.image
    if first_pictures is None:
        raise ValueError("no picture was kept")
    ends = [row for row, step in enumerate(columns["step"]) if step == steps]
    return Result(
        facts={
            "classes": classes,
            "seeds": seeds,
            "steps": steps,
            "size": size,
            **{
                key: sum(float(columns[key][row]) for row in ends) / len(ends)
                for key in ("logit", "rivals", "judged", "first", "fine")
            },
        },
        data={"labels": names},
        tables={"runs": columns},
        assets={"pictures": Frames(first_pictures.permute(0, 2, 3, 1), lossless=False)},
    )


@torch.no_grad()
def verdict(net: Vision, images: Tensor, classes: list[int]) -> Verdict:
    """What `net` makes of pictures ``[n, 3, h, w]``, each made for one of `classes`."""
    parts = torch.split(images.to(net.mean.device), AT_ONCE)
    logits = torch.cat([net(part).cpu() for part in parts])
    chosen = torch.tensor(classes)[:, None]
    mine = logits.gather(1, chosen)[:, 0]
    rivals = logits.scatter(1, chosen, -torch.inf).logsumexp(1)
    return Verdict(mine, rivals, (mine - rivals).sigmoid(), logits.argmax(1) == chosen[:, 0])


def resized(images: Tensor, size: int) -> Tensor:
    """``[n, c, h, w]`` → ``[n, c, size, size]``, cubic, within [0, 1]."""
    return functional.interpolate(images, (size, size), mode="bicubic", antialias=True).clamp(0, 1)


def _start(run: Run, waves: bool, count: int, size: int, seed: int) -> Parameterization:
    generator = run.generator("start", seed)
    if waves:
        return fourier(count, size, generator)
    return pixels(count, size, generator, colour=PLAIN)
