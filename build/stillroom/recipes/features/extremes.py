"""From what a unit likes least to what it likes most: photographs between two optimised pictures.

C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization" (Distill 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import ImageFile, Result, Run, recipe
from stillroom.recipes.features.channels import resized
from stillroom.recipes.features.drawing import LOOKS, draw, share_of
from stillroom.recipes.features.loop import measure
from stillroom.recipes.features.objective import channel
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.patches import top_patches
from stillroom.recipes.features.reading import activations, picture
from stillroom.recipes.features.sheets import sheet
from stillroom.recipes.features.transform import STANDARD

QUANTILES = {"lowest": 0.0, "low": 0.25, "high": 0.75, "highest": 1.0}
COLUMNS = {
    "least": "optimised −",
    "lowest": "lowest patch",
    "low": "low patch",
    "high": "high patch",
    "highest": "highest patch",
    "most": "optimised +",
}
UNITS = [84, 168, 336, 504, 588]


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Pictures of u units, a column for each of `COLUMNS`.

    Attributes:
        image: ``[u, 6, 3, size, size]`` in [0, 1].
        value: the channel at its lowest position in the first three columns, at its highest in the
            others; of a patch, in the square that it was found in, ``[u, 6]``.
        plain: the channel's mean over the picture that is shown, ``[u, 6]``.
        moved: the same, averaged over random transforms, ``[u, 6]``.
    """

    image: Tensor
    value: Tensor
    plain: Tensor
    moved: Tensor


@recipe(
    view="picture-matrix",
    draft={"units": UNITS[:2], "steps": 6, "size": 64},
    cost="minutes",
    packages=["torch", "pillow", WHEEL],
)
def extremes(
    run: Run,
    *,
    images: Annotated[list[ImageFile], Field(min_length=1)],
    model: str = "efficientnet-lite0",
    layer: str = "block9.expand.linear",
    units: Annotated[list[int], Field(min_length=1)] = UNITS,
    steps: Annotated[int, Field(ge=1)] = 96,
    size: Annotated[int, Field(ge=32)] = 128,
) -> Result:
    """Draw what makes channels lowest and highest, beside four patches of photographs between.

    A patch is about the position where a square of a photograph drives the channel highest (in the
    upper half of squares) or lowest (in the lower).

    Args:
        run: gives the random numbers.
        images: photographs.
        model: a network; the control is an untrained copy.
        layer: a layer.
        units: its channels.
        steps: of Adam.
        size: pixels a side of what the network sees.

    Returns:
        Frames ``pictures`` and ``control``: a row for each unit, a column for each of `COLUMNS`;
        table ``pictures`` with ``value`` (see `Spectrum`), ``plain`` and ``moved``, and the same of
        the control with ``control_``. Facts: ``units``; ``above``, how many optimised pictures
        exceed the highest patch; ``below``, how many are lower than the lowest; ``beyond``, how far
        they exceed the highest patch, as a share of how far that exceeds the lowest, the mean over
        units; ``cosine``, how alike the two optimised pictures of a unit are, pixel by pixel about
        grey, on average; ``negative``, how far below 0 the lowest goes, as a share of how far above
        the highest does, the mean over units; all but ``units`` also with ``control_``.
    """
    photographs = {file.name: picture(file) for file in images}
    trained = load_model(model).to(run.device)
    untrained = load_model(model, pretrained=False, seed=run.seed).to(run.device)
    facts: dict[str, float | int] = {"units": len(units)}
    table: dict[str, list[float]] = {}
    sheets = {}
    for half, (prefix, net) in enumerate({"": trained, "control_": untrained}.items()):
        found = spectrum(
            run, net, photographs, layer, units, steps=steps, size=size, prefix=prefix, half=half
        )
        facts |= {f"{prefix}{key}": value for key, value in compared(found).items()}
        for key in ("value", "plain", "moved"):
            table[f"{prefix}{key}"] = getattr(found, key).flatten().tolist()
        sheets["control" if prefix else "pictures"] = sheet(found.image.flatten(0, 1))
    return Result(
        facts=facts,
        data={
            "rows": {"name": "unit", "label": "Channel", "values": units},
            "columns": {"name": "kind", "label": "Kind", "values": list(COLUMNS.values())},
            "numbers": [
                {
                    "name": "value",
                    "label": "Activation at its extreme position",
                    "control": "control_value",
                },
                {"name": "plain", "label": "Mean over the picture", "control": "control_plain"},
                {"name": "moved", "label": "The same, moved", "control": "control_moved"},
            ],
            "table": "pictures",
            "frames": "pictures",
            "control": "control",
            "labels": ["Trained", "Untrained copy"],
            "start": {"row": 0, "column": len(COLUMNS) - 1},
        },
        tables={"pictures": table},
        assets=sheets,
    )


def spectrum(
    run: Run,
    net: Vision,
    photographs: Mapping[str, Tensor],
    layer: str,
    units: list[int],
    *,
    steps: int,
    size: int,
    prefix: str,
    half: int,
) -> Spectrum:
    """Draw both ends for one network, and find the patches between them."""
    wanted = channel(layer, units)
    columns: dict[str, Tensor] = {}
    values: dict[str, Tensor] = {}
    for number, (name, sign) in enumerate({"least": -1.0, "most": 1.0}.items()):
        columns[name] = draw(
            run,
            net,
            sign * wanted,
            fourier(len(units), size, run.generator("start", name)),
            name=f"{prefix}{name}",
            steps=steps,
            looks=1,
            share=share_of(3 * half + number, 6),
        ).image
        values[name] = extreme(net, layer, units, columns[name], highest=sign > 0)
    for name, quantile in QUANTILES.items():
        found = top_patches(
            net, {layer: units}, photographs, count=1, quantile=quantile, size=size
        )[layer]
        columns[name] = torch.stack([resized(patches[0].pixels, size) for patches in found])
        values[name] = torch.tensor([patches[0].value for patches in found])
    image = torch.stack([columns[name] for name in COLUMNS], 1)
    looking = run.generator("looks")
    kinds = image.unbind(1)
    moved = [
        measure(net, wanted, each, STANDARD, samples=LOOKS, generator=looking) for each in kinds
    ]
    return Spectrum(
        image=image,
        value=torch.stack([values[name] for name in COLUMNS], 1),
        plain=torch.stack([measure(net, wanted, each) for each in kinds], 1),
        moved=torch.stack(moved, 1),
    )


def compared(found: Spectrum) -> dict[str, float]:
    """How the two optimised ends compare with the patches, and with each other; see `extremes`."""
    least, lowest, _, _, highest, most = found.value.unbind(1)
    ends = (found.image[:, [0, -1]] - 0.5).flatten(2)
    return {
        "above": int((most > highest).sum()),
        "below": int((least < lowest).sum()),
        "beyond": float(((most - highest) / (highest - lowest)).mean()),
        "cosine": float(torch.cosine_similarity(ends[:, 0], ends[:, 1]).mean()),
        "negative": float((-least / most).mean()),
    }


def extreme(net: Vision, layer: str, units: list[int], images: Tensor, *, highest: bool) -> Tensor:
    """The highest or lowest value of one channel a picture, over positions, ``[b]``."""
    a = activations(net, images, [layer])[layer][range(len(units)), units].flatten(1)
    return a.amax(1) if highest else a.amin(1)
