"""Learning to read digits without seeing one: from pieces of photographs and what a network says.

After E. Wallace, "Learning from Incorrectly Labeled Data" (Distill 2019,
doi:10.23915/distill.00019.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Chart, Frames
from stillroom.models.digits import CLASSES, SIDE, digits
from stillroom.recipe import ImageFile, Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.dots import dots
from stillroom.recipes.adversarial.shared import SCALE, columns, learn, row, spread, trained
from stillroom.recipes.adversarial.training import Training, accuracy, predict

SOURCES = {
    "raw": "pieces as they are",
    "matched": "matched to digits",
    "stretched": "each stretched",
    "noise": "uniform noise",
}
HEIGHT, WIDTH = 192, 256  # of a photograph, before it is cut up
SHOWN = 10


@recipe(
    view="chart",
    draft={"pieces": 2000, "epochs": 5},
    cost="minutes",
    packages=["torch", "pillow", "scikit-learn"],
)
def out_of_domain_digits(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    images: Annotated[list[ImageFile], Field(min_length=1)],
    pieces: Annotated[int, Field(ge=10)] = 6000,
    epochs: Annotated[int, Field(ge=1)] = 12,
) -> Result:
    """Teach a network what another says of pictures that are no digits; test it on digits.

    Pieces of 8 x 8 pixels are cut from grey photographs at random places. A network that reads
    digits says a class for each, and a fresh network learns these. Pieces come as they are, with
    the mean and deviation of all digits, and each stretched from 0 to 1. The control is uniform
    noise.

    Args:
        run: gives the device and the random numbers.
        nets: the standard network of each seed is the teacher.
        images: photographs.
        pieces: of all photographs together.
        epochs: passes over the pieces.

    Returns:
        Chart and table ``students``: ``source``, ``mean``, ``low``, ``high``, the accuracy on test
        digits and its range over seeds. Frames ``examples``: for each source and class the piece of
        which the first teacher is surest, with its ``probability`` in the table ``cells``, as the
        view ``picture-matrix`` reads them. Facts, with ``_low`` and ``_high``: ``raw``,
        ``matched``, ``stretched`` and ``noise``; ``teacher``; ``least_class_<source>``, the share
        of the rarest class among the first teacher's answers; ``seeds``, ``pieces``.
    """
    training, test = digits()
    teachers = trained(run, nets)["standard"]
    generator = run.generator("out-of-domain-digits")
    raw = cut(images, pieces, generator)
    sources = {
        "raw": raw,
        "matched": match(raw, training.images),
        "stretched": stretch(raw),
        "noise": torch.rand(raw.shape, generator=generator),
    }
    scores: dict[str, list[float]] = {name: [] for name in SOURCES}
    facts: dict[str, float | int] = {"seeds": len(teachers), "pieces": pieces}
    facts |= spread("teacher", [accuracy(net.cpu(), test.images, test.labels) for net in teachers])
    examples = []
    sure: list[float] = []
    jobs = [(name, seed) for name in SOURCES for seed in range(len(teachers))]
    for name, seed in run.steps(jobs, note="students"):
        teacher, seen = teachers[seed], sources[name]
        said = predict(teacher, seen)
        salt = ("out-of-domain-digits", name, seed)
        student = learn(run, nets.data["kind"], seen, said, Training(epochs=epochs), *salt)
        scores[name].append(accuracy(student.cpu(), test.images, test.labels))
        if not seed:
            facts[f"least_class_{name}"] = float(said.bincount(minlength=CLASSES).min() / len(said))
            with torch.no_grad():
                probability, surest = teacher(seen).softmax(1).max(0)  # [classes]
            examples.append(seen[surest])
            sure += probability.tolist()
    rows = [row({"source": label}, scores[name]) for name, label in SOURCES.items()]
    for name, values in scores.items():
        facts |= spread(name, values)
    chart = dots(rows, y="source", x_title="Test digits read", guess=1 / CLASSES)
    return Result(
        facts=facts,
        data={
            "rows": {"name": "input", "label": "Input", "values": list(SOURCES.values())},
            "columns": {"name": "digit", "label": "Taken for", "values": list(range(CLASSES))},
            "numbers": [{"name": "probability", "label": "Probability, says the teacher"}],
            "frames": "examples",
        },
        tables={
            "cells": {
                "input": [label for label in SOURCES.values() for _ in range(CLASSES)],
                "digit": list(range(CLASSES)) * len(SOURCES),
                "probability": sure,
            },
            "students": columns(rows),
        },
        assets={
            "students": Chart(chart),
            "examples": Frames(
                1 - torch.cat(examples)[:, 0, ..., None], columns=CLASSES, scale=SCALE // 2
            ),
        },
    )


def cut(images: Sequence[ImageFile], count: int, generator: torch.Generator) -> Tensor:
    """Cut pieces at random places of random photographs, made grey: ``[count, 1, 8, 8]``."""
    pages = torch.stack(
        [torch.tensor(image.pixels((HEIGHT, WIDTH))).float().mean(2) / 255 for image in images]
    )
    drawn = [
        torch.randint(end, (count,), generator=generator)
        for end in (len(pages), HEIGHT - SIDE + 1, WIDTH - SIDE + 1)
    ]
    windows = pages.unfold(1, SIDE, 1).unfold(2, SIDE, 1)
    return windows[drawn[0], drawn[1], drawn[2]][:, None]


def match(pieces: Tensor, like: Tensor) -> Tensor:
    """Give all pieces together the mean and deviation of `like`, and clip them to [0, 1]."""
    normal = (pieces - pieces.mean()) / pieces.std()
    return (normal * like.std() + like.mean()).clamp(0, 1)


def stretch(pieces: Tensor) -> Tensor:
    """Stretch each of ``[n, 1, h, w]`` from 0 to 1; a piece of one grey becomes 0."""
    low = pieces.amin((2, 3), keepdim=True)
    high = pieces.amax((2, 3), keepdim=True)
    return (pieces - low) / (high - low).clamp_min(1e-6)
