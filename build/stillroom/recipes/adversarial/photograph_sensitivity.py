"""Which frequencies a network for photographs minds: answers that a plane wave changes.

After D. Yin and others, "A Fourier Perspective on Model Robustness in Computer Vision" (NeurIPS
2019), as taken up in J. Gilmer and D. Hendrycks's comment (Distill 2019,
doi:10.23915/distill.00019.1).
"""

from __future__ import annotations

import math
from typing import Annotated, Any

import altair as alt
import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Asset, Chart, Frames
from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import ImageFile, Result, Run, recipe
from stillroom.recipes.adversarial.shared import at, columns
from stillroom.recipes.adversarial.training import predict
from stillroom.recipes.dreams.crops import sample
from stillroom.recipes.features.reading import picture
from stillroom.recipes.value.shared import interval, summary

FREQUENCIES = [0, 1, 2, 4, 8, 16, 32, 64]
BANDS = {"low": (0, 2), "middle": (3, 16), "high": (17, math.inf)}
BATCH = 32
SHOWN, TOP = 2, 3


@recipe(
    view="predictions",
    draft={"squares": 33, "size": 96, "frequencies": [0, 1, 8, 32], "waves": 1},
    cost="minutes",
    packages=["torch", "pillow", WHEEL],
)
def photograph_sensitivity(
    run: Run,
    *,
    images: Annotated[list[ImageFile], Field(min_length=2)],
    frequencies: Annotated[list[int], Field(min_length=2)] = FREQUENCIES,
    contrast: Annotated[float, Field(gt=0, le=1)] = 0.1,
    squares: Annotated[int, Field(ge=2)] = 110,
    sure: Annotated[float, Field(ge=0, lt=1)] = 0.5,
    waves: Annotated[int, Field(ge=1)] = 4,
    size: Annotated[int, Field(ge=32)] = 128,
) -> Result:
    """Add plane waves of one length to squares of photographs, and count changed answers.

    A wave has a random direction and phase and is added to and taken from all colours alike; at
    frequency 0 it is a change of brightness. Pixels are not clipped, so that all waves are as long.
    Only squares count of whose class the network is sure. The control is Gaussian noise of the same
    length.

    Args:
        run: gives the device and the random numbers.
        images: photographs.
        frequencies: ascending, in cycles a square, at most half of `size`.
        contrast: root mean square of a wave, in pixels from 0 to 1.
        squares: cut from all photographs together, at random places and sizes.
        sure: the least probability of the class that the network gives to a square by itself.
        waves: directions and phases for each frequency.
        size: pixels a side of what the network sees.

    Returns:
        Frames ``moved_1`` and ``moved_2``: the first square that counts of each of two photographs,
        with a wave of each frequency; data as the view ``predictions`` reads it. Chart and
        table ``changed``: ``frequency``, ``mean``, the share of answers that a wave changes, over
        photographs, with its 95 % bootstrap interval ``low``, ``high``. Facts, with ``_low`` and
        ``_high``: ``low`` (up to 2 cycles), ``middle`` (up to 16), ``high`` (above) and ``noise``,
        shares; ``changed_at_<frequency>``; ``gap``, high less low; ``frequency_most``, where the
        share is largest; ``counted`` of ``squares``, from ``photographs``; ``contrast``.

    Raises:
        ValueError: frequencies that do not ascend, that `size` pixels cannot hold or of which none
            is in some band; fewer than two photographs with a square that counts.
    """
    bands = {
        band: [each for each in frequencies if least <= each <= most]
        for band, (least, most) in BANDS.items()
    }
    ascend = frequencies == sorted(set(frequencies))
    if not ascend or frequencies[0] < 0 or frequencies[-1] > size // 2 or not all(bands.values()):
        raise ValueError(
            f"expected ascending frequencies from 0 to {size // 2}, some up to 2, up to 16 "
            f"and above, not {frequencies}"
        )
    model = load_model("efficientnet-lite0").to(run.device)
    generator = run.generator("photograph-sensitivity")
    cut = sample([picture(each) for each in images], squares, size, generator)
    probability, own = _likely(model, cut.pixels.to(run.device)).max(-1)
    counted = probability >= sure
    pixels, own, source = cut.pixels[counted], own[counted], cut.source[counted]
    present = torch.unique(source)
    if len(present) < 2:
        raise ValueError(
            f"the network is sure of squares of {len(present)} photographs; expected 2"
        )

    def changed(change: Tensor) -> Tensor:
        """The share of answers that ``[..., size, size]`` changes, for each photograph."""
        flips = torch.zeros(len(pixels), dtype=torch.float64)
        for sign in (1, -1):
            says = predict(model, (pixels + sign * change).to(run.device), BATCH).cpu()
            flips += (says != own).double() / 2
        return torch.stack([flips[source == each].mean() for each in present])

    shares: dict[int, Tensor] = {}
    shown: list[Tensor] = []
    for frequency in run.steps(frequencies, note="frequencies"):
        drawn = [contrast * wave(frequency, size, generator) for _ in range(waves)]
        shares[frequency] = torch.stack([changed(each) for each in drawn]).mean(0)
        shown.append(drawn[0])
    noise = contrast * torch.randn(pixels.shape, generator=generator)
    facts: dict[str, float | int] = {
        "photographs": len(present),
        "squares": len(cut.pixels),
        "counted": len(pixels),
        "contrast": contrast,
        "frequency_most": max(frequencies, key=lambda each: float(shares[each].mean())),
    }
    found = {
        band: torch.stack([shares[each] for each in inside]).mean(0)
        for band, inside in bands.items()
    }
    found |= {"gap": found["high"] - found["low"], "noise": changed(noise)}
    found |= {at("changed", each): values for each, values in shares.items()}
    for name, values in found.items():
        facts |= summary(name, values, run.generator("bootstrap", name))
    rows = []
    for frequency, values in shares.items():
        low, high = interval(values, run.generator("bootstrap", frequency))
        rows.append(
            {"frequency": frequency, "mean": float(values.mean()), "low": low, "high": high}
        )
    assets: dict[str, Asset] = {"changed": Chart(_chart(rows, float(facts["noise"])))}
    panels = []
    for number, each in enumerate(present[:SHOWN], 1):
        first = int((source == each).nonzero()[0])
        moved = pixels[first] + torch.stack(shown)[:, None]
        assets[f"moved_{number}"] = Frames(
            moved.clamp(0, 1).permute(0, 2, 3, 1), scale=2, lossless=False
        )
        panels.append(
            {
                "label": f"“{model.classes[int(own[first])]}” without a wave",
                "frames": f"moved_{number}",
                "top": _top(model, moved.to(run.device)),
            }
        )
    return Result(
        facts=facts,
        data={
            "axis": {"name": "frequency", "label": "Cycles a square", "values": frequencies},
            "panels": panels,
            "start": len(frequencies) // 2,
            "telling": [0, len(frequencies) // 2, len(frequencies) - 1],
        },
        tables={"changed": columns(rows)},
        assets=assets,
    )


def wave(frequency: float, side: int, generator: torch.Generator) -> Tensor:
    """Return a plane wave ``[side, side]`` of mean square 1, in a random direction and phase.

    At frequency 0 it is 1 everywhere.

    Args:
        frequency: in cycles on the way of `side` pixels.
        side: pixels.
        generator: draws direction and phase.
    """
    turn, phase = (math.pi * torch.rand(2, generator=generator) * torch.tensor([1, 2])).tolist()
    along = torch.arange(side) / side
    down, across = math.sin(turn) * along[:, None], math.cos(turn) * along
    drawn = (2 * math.pi * frequency * (down + across) + phase).cos()
    if frequency == 0:
        drawn = torch.ones_like(drawn)
    scaled: Tensor = drawn / drawn.square().mean().sqrt()
    return scaled


@torch.no_grad()
def _likely(model: Vision, images: Tensor) -> Tensor:
    """Probabilities of the classes, ``[n, classes]``, on the CPU."""
    return torch.cat([model(each).softmax(-1).cpu() for each in torch.split(images, BATCH)])


def _top(model: Vision, images: Tensor) -> list[list[list[str | float]]]:
    """Class and probability of the likeliest classes of each image."""
    share, which = _likely(model, images).topk(TOP, -1)
    return [
        [[model.classes[int(c)], round(float(p), 4)] for c, p in zip(*each, strict=True)]
        for each in zip(which, share, strict=True)
    ]


def _chart(rows: list[dict[str, Any]], noise: float) -> alt.LayerChart | alt.FacetChart:
    """Draw the share of changed answers over frequencies, with noise as a dashed line."""
    base = alt.Chart({"values": rows}).encode(
        x=alt.X("frequency:O", title="Frequency (cycles a square)", axis=alt.Axis(labelAngle=0))
    )
    y = alt.Y("low:Q", title="Answers changed", scale=alt.Scale(domain=[0, 1])).axis(format="%")
    band = base.mark_area(opacity=0.2).encode(y=y, y2="high:Q")
    tips = [alt.Tooltip(f"{key}:Q", format=".0%") for key in ("mean", "low", "high")]
    line = base.mark_line(point=True).encode(y="mean:Q", tooltip=["frequency:O", *tips])
    level = alt.Chart({"values": [{"noise": noise, "name": "noise"}]})
    rule = level.mark_rule(strokeDash=[5, 4]).encode(y="noise:Q")
    name = level.mark_text(align="left", dx=4, dy=-8).encode(
        x=alt.value(0), y="noise:Q", text="name:N"
    )
    return alt.layer(rule, band, line, name).properties(width="container", height=280)
