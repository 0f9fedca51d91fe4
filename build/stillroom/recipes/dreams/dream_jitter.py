"""A dream with and without a random shift before each step: what the shift is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Frames
from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import ImageFile, Result, Run, recipe
from stillroom.recipes.dreams.octaves import dream
from stillroom.recipes.features.loop import measure
from stillroom.recipes.features.objective import energy
from stillroom.recipes.features.reading import picture
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.transform import NONE, Transform

LABELS = {"none": "No shift", "half": "Up to half a pixel", "jitter": "Up to {} pixels"}
FRAMES = [0, 1, 2, 4, 8, 12, 16, 24, 32, 40]


@recipe(
    view="scrubber",
    draft={"side": 96, "samples": 2, "frames": [0, 1, 2, 4]},
    cost="minutes",
    packages=["torch", "pillow", WHEEL],
)
def dream_jitter(
    run: Run,
    *,
    images: Annotated[list[ImageFile], Field(min_length=2)],
    layer: str = "block10",
    model: str = "efficientnet-lite0",
    side: Annotated[int, Field(ge=32)] = 224,
    frames: Annotated[list[int], Field(min_length=2)] = FRAMES,
    rate: Annotated[float, Field(gt=0)] = 0.01,
    jitter: Annotated[int, Field(ge=1)] = 16,
    samples: Annotated[int, Field(ge=1)] = 16,
) -> Result:
    """Dream on photographs in one octave: unmoved, shifted by less than a pixel, and by many.

    A shift by part of a pixel interpolates between neighbours and so hides the finest waves from
    the network; one by many pixels moves the strides' grid as well. The second dream tells the two
    apart.

    Args:
        run: gives the transforms' random numbers.
        images: photographs, scaled and cropped about the centre. The first is shown, all are
            measured.
        layer: the layer whose energy grows.
        model: see `load_model`.
        side: height and width in pixels.
        frames: the steps to show and measure, from 0.
        rate: mean change of a pixel in a step.
        jitter: the long shift, uniform within so many pixels each way.
        samples: random shifts within `jitter` over which energies are averaged.

    Returns:
        Frames ``none``, ``half``, ``jitter``; table ``fine`` (``step`` and the share of energy in
        waves of more than a quarter of a cycle a pixel, mean over photographs) and ``energy`` (that
        of the layer over the photograph's: on the picture as it is, and ``_shifted``, as the mean
        over random shifts). Facts ``fine_<dream>``, ``gain_<dream>``, ``shifted_<dream>`` at the
        end, each with ``_low`` and ``_high``, the least and the largest over photographs;
        ``kept_<dream>``, shifted over gain; ``fine_photo``, ``photos``, ``steps``.

    Raises:
        ValueError: frames that do not ascend from 0.
    """
    if frames != sorted(set(frames)) or frames[0] != 0:
        raise ValueError(f"frames should ascend from 0, not {frames}")
    net = load_model(model).to(run.device)
    photos = torch.stack([picture(image, (side, side)) for image in images])
    shifts = {"none": 0.0, "half": 0.5, "jitter": float(jitter)}
    found: dict[str, Course] = {}
    for name, shift in run.steps(list(shifts.items()), note="dreams"):
        states = dream(
            net,
            energy(layer),
            photos,
            Transform(jitter=shift),
            octaves=1,
            steps=frames[-1],
            rate=rate,
            generator=run.generator("jitter", name),
        )
        pictures = [state.image for state in states if state.step in frames]
        shifted = Transform(jitter=jitter)
        found[name] = Course(
            torch.stack([each[0] for each in pictures]),
            torch.stack([fine_share(each) for each in pictures]),
            gain(net, layer, pictures),
            gain(net, layer, pictures, shifted, samples=samples, seed=run.seed),
        )
    return Result(
        facts={
            "photos": len(images),
            "steps": frames[-1],
            "fine_photo": float(fine_share(photos).mean()),
            **_facts(found),
        },
        data={
            "axis": {"name": "step", "label": "Steps", "values": frames, "unit": ""},
            "choices": [
                {"name": name, "label": label.format(jitter), "frames": name, "original": None}
                for name, label in LABELS.items()
            ],
            "curve": {
                "table": "fine",
                "x": "step",
                "y": list(LABELS),
                "label": "Share of energy above ¼ cycle a pixel",
                "log": False,
            },
            "together": True,
        },
        tables={
            "fine": {"step": frames} | {a: b.fine.mean(1).tolist() for a, b in found.items()},
            "energy": {"step": frames}
            | {a: b.gain.mean(1).tolist() for a, b in found.items()}
            | {f"{a}_shifted": b.shifted.mean(1).tolist() for a, b in found.items()},
        },
        assets={
            name: Frames(course.frames.permute(0, 2, 3, 1), lossless=False)
            for name, course in found.items()
        },
    )


@dataclass(frozen=True, slots=True)
class Course:
    """How a dream went.

    Attributes:
        frames: the first photograph at the steps to show, ``[steps, 3, h, w]``.
        fine, gain, shifted: the measures at these steps, ``[steps, b]``.
    """

    frames: Tensor
    fine: Tensor
    gain: Tensor
    shifted: Tensor


def gain(
    net: Vision,
    layer: str,
    pictures: list[Tensor],
    transform: Transform = NONE,
    *,
    samples: int = 1,
    seed: int = 0,
) -> Tensor:
    """Energy of a layer over that of the first pictures, ``[steps, b]``, under the same shifts."""
    energies = [
        measure(
            net,
            energy(layer),
            each,
            transform,
            samples=samples,
            generator=torch.Generator().manual_seed(seed),
        )
        for each in pictures
    ]
    return torch.stack(energies) / energies[0]


def _facts(found: Mapping[str, Course]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, course in found.items():
        for measured in ("fine", "gain", "shifted"):
            values = getattr(course, measured)[-1]
            facts |= {
                f"{measured}_{name}": float(values.mean()),
                f"{measured}_{name}_low": float(values.min()),
                f"{measured}_{name}_high": float(values.max()),
            }
        facts[f"kept_{name}"] = float((course.shifted[-1] / course.gain[-1]).mean())
    return facts
