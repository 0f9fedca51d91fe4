"""Photographs dreamed on at one layer after another, by a trained and by an untrained network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Frames, Image
from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import ImageFile, Result, Run, recipe
from stillroom.recipes.dreams.octaves import dream
from stillroom.recipes.features.loop import measure
from stillroom.recipes.features.objective import energy
from stillroom.recipes.features.reading import picture
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.transform import Transform

LAYERS = ["block1", "block4", "block7", "block10", "block14"]
NETS = ("trained", "untrained")


@recipe(
    view="scrubber",
    draft={"height": 96, "width": 128, "steps": 2, "layers": ["block1", "block10"]},
    cost="minutes",
    packages=["torch", "pillow", WHEEL],
)
def deep_dream(
    run: Run,
    *,
    images: Annotated[list[ImageFile], Field(min_length=2)],
    layers: Annotated[list[str], Field(min_length=2)] = LAYERS,
    model: str = "efficientnet-lite0",
    height: Annotated[int, Field(ge=32)] = 240,
    width: Annotated[int, Field(ge=32)] = 320,
    octaves: Annotated[int, Field(ge=1, le=8)] = 4,
    ratio: Annotated[float, Field(gt=1)] = 1.4,
    steps: Annotated[int, Field(ge=1)] = 10,
    rate: Annotated[float, Field(gt=0)] = 0.01,
    jitter: Annotated[float, Field(ge=0)] = 16,
) -> Result:
    """Dream on photographs at several layers, the same way with a trained and an untrained network.

    A dream enlarges a layer's energy, the mean square of what it puts out (`octaves.dream`). All
    measures are taken on the whole picture as it is, at its own size: *gain*, the energy over that
    of the photograph, in the network that dreams; *fine*, the share of the picture's energy in
    waves of more than a quarter of a cycle a pixel; *moved*, how far the trained network's class
    probabilities went from those of the photograph: half the sum of absolute differences, from 0
    to 1.

    Args:
        run: gives the transforms' random numbers.
        images: photographs, scaled and cropped about the centre to height × width. The first is
            shown, all are measured.
        layers: layers of the network, in order of depth.
        model: see `load_model`.
        height: of the photographs, in pixels.
        width: likewise.
        octaves: how many sizes, the last being the photographs' own.
        ratio: from one size to the next.
        steps: of each octave.
        rate: mean change of a pixel in a step.
        jitter: shift before each step, uniform within so many pixels.

    Returns:
        For the views `scrubber` (a frame for the photograph and for the end of each octave) and
        `picture-matrix` (the dreams of all layers, beside those of the untrained network). Image
        ``thumbnail``: the first photograph's dream at the layer in the middle. Tables
        ``energy`` (gain of the shown photograph by octave) and ``dreams`` (a row a layer). Facts,
        with the layer's name at the end, and ``_untrained`` after it: means over photographs
        ``gain_``, ``fine_``, ``moved_``, with ``_low`` and ``_high``, the least and the largest;
        ``top_`` and ``probability_``, the class that the trained network names for the first
        photograph. ``fine_photo``, ``top_photo``, ``probability_photo``; ``rises`` of ``climbs``,
        how often an octave raised the energy of the picture at the octave's own size.
    """
    photos = torch.stack([picture(image, (height, width)) for image in images])
    nets = {"trained": load_model(model), "untrained": load_model(model, pretrained=False)}
    nets = {name: net.to(run.device) for name, net in nets.items()}
    before = probabilities(nets["trained"], photos)
    facts: dict[str, Any] = {
        "photos": len(images),
        "fine_photo": float(fine_share(photos).mean()),
        **named("photo", nets["trained"], before[0]),
    }
    found: dict[tuple[str, str], Dreamed] = {}
    rises: list[Tensor] = []
    for layer, name in run.steps([(a, b) for a in layers for b in NETS], note="dreams"):
        states = dream(
            nets[name],
            energy(layer),
            photos,
            Transform(jitter=jitter),
            octaves=octaves,
            ratio=ratio,
            steps=steps,
            rate=rate,
            generator=run.generator("jitter"),
        )
        pictures, begun = [photos], photos
        for state in states:
            if state.step == 0:
                begun = state.image
            elif state.step == steps:
                pictures.append(state.full)
                ends = (begun, state.image)
                low, high = (measure(nets[name], energy(layer), each) for each in ends)
                rises.append(high > low)
        energies = torch.stack([measure(nets[name], energy(layer), each) for each in pictures])
        found[layer, name] = each = Dreamed(
            torch.stack([each[0] for each in pictures]),
            energies / energies[0],
            fine_share(pictures[-1]),
            (probabilities(nets["trained"], pictures[-1]) - before).abs().sum(1) / 2,
        )
        key = layer if name == "trained" else f"{layer}_{name}"
        facts |= spread(f"gain_{key}", each.gain[-1])
        facts |= spread(f"fine_{key}", each.fine) | spread(f"moved_{key}", each.moved)
        if name == "trained":
            facts |= named(layer, nets[name], probabilities(nets[name], pictures[-1])[0])
    risen = torch.stack(rises)
    facts |= {"rises": int(risen.sum()), "climbs": risen.numel()}
    return Result(
        facts=facts,
        data=_views(layers, octaves),
        tables={
            "energy": {
                "octave": list(range(octaves + 1)),
                **{layer: found[layer, "trained"].gain[:, 0].tolist() for layer in layers},
            },
            "dreams": {
                "layer": layers,
                **{
                    f"{measure}_{name}": [facts[f"{measure}_{layer}{end}"] for layer in layers]
                    for measure in ("gain", "fine", "moved")
                    for name, end in (("trained", ""), ("untrained", "_untrained"))
                },
            },
        },
        assets={
            **{
                layer: Frames(_shown(found[layer, "trained"].frames), lossless=False)
                for layer in layers
            },
            **{
                name: Frames(
                    _shown(torch.stack([found[layer, name].frames[-1] for layer in layers])),
                    lossless=False,
                )
                for name in NETS
            },
            "thumbnail": Image(
                _shown(found[layers[len(layers) // 2], "trained"].frames[-1:])[0], lossless=False
            ),
        },
    )


@dataclass(frozen=True, slots=True)
class Dreamed:
    """What came of it at one layer with one network.

    Attributes:
        frames: the first photograph, then at the end of each octave ``[octaves + 1, 3, h, w]``.
        gain: ``[octaves + 1, b]``.
        fine, moved: at the end, ``[b]``.
    """

    frames: Tensor
    gain: Tensor
    fine: Tensor
    moved: Tensor


@torch.no_grad()
def probabilities(model: Vision, images: Tensor) -> Tensor:
    """Class probabilities of pictures, ``[b, classes]``, on the CPU."""
    logits: Tensor = model(images.to(model.mean.device))
    return logits.softmax(1).cpu()


def spread(name: str, values: Tensor) -> dict[str, float]:
    """The mean over photographs, the least and the largest."""
    low, high = values.aminmax()
    return {name: float(values.mean()), f"{name}_low": float(low), f"{name}_high": float(high)}


def named(key: str, model: Vision, probability: Tensor) -> dict[str, str | float]:
    """The most probable class, and its probability."""
    return {
        f"top_{key}": model.classes[int(probability.argmax())],
        f"probability_{key}": float(probability.max()),
    }


def _views(layers: list[str], octaves: int) -> dict[str, Any]:
    """What the scrubber and the matrix need; they share no key but `start`."""
    numbers = {"gain": "Energy, over the photograph's", "fine": "Share of fine waves"}
    numbers["moved"] = "Class probabilities moved"
    return {
        "axis": {
            "name": "octave",
            "label": "Octaves dreamed",
            "values": list(range(octaves + 1)),
            "unit": "",
        },
        "choices": [
            {"name": layer, "label": layer, "frames": layer, "original": None} for layer in layers
        ],
        "curve": {
            "table": "energy",
            "x": "octave",
            "y": layers,
            "label": "Energy of the layer, over the photograph's",
            "log": True,
        },
        "columns": {"name": "layer", "label": "Layer", "values": layers},
        "frames": "trained",
        "control": "untrained",
        "labels": ["Trained", "Untrained"],
        "table": "dreams",
        "numbers": [
            {"name": f"{name}_trained", "label": label, "control": f"{name}_untrained"}
            for name, label in numbers.items()
        ],
        "start": {"axis": octaves, "choice": len(layers) - 2, "row": 0, "column": len(layers) - 2},
    }


def _shown(image: Tensor) -> Tensor:
    """``[b, 3, h, w]`` → ``[b, h, w, 3]``."""
    return image.permute(0, 2, 3, 1)
