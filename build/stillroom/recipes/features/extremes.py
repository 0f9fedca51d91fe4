"""From what a unit likes least to what it likes most: photographs between two optimised pictures.

C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization" (Distill 2017).
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import ImageFile, Result, Run, recipe
from stillroom.recipes.features.channels import resized
from stillroom.recipes.features.drawing import draw, share_of
from stillroom.recipes.features.objective import channel
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.patches import top_patches
from stillroom.recipes.features.reading import activations, picture
from stillroom.recipes.features.sheets import sheet

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
        model: a network.
        layer: a layer.
        units: its channels.
        steps: of Adam.
        size: pixels a side of what the network sees.

    Returns:
        Frames ``pictures``: a row for each unit, a column for each of `COLUMNS`; table
        ``pictures`` with ``value``: the channel at its lowest position in the first three columns,
        at its highest in the others. Facts: ``units``; ``above``, how many optimised pictures
        exceed the highest patch; ``below``, how many are lower than the lowest; ``cosine``, how
        alike the two optimised pictures of a unit are, pixel by pixel about grey, on average;
        ``negative``, how far below 0 the lowest goes, as a share of how far above the highest does,
        the mean over units.
    """
    net = load_model(model).to(run.device)
    photographs = {file.name: picture(file) for file in images}
    columns: dict[str, list[Tensor]] = {}
    values: dict[str, list[float]] = {}
    for number, (name, sign) in enumerate({"least": -1.0, "most": 1.0}.items()):
        drawn = draw(
            run,
            net,
            sign * channel(layer, units),
            fourier(len(units), size, run.generator("start", name)),
            name=name,
            steps=steps,
            looks=1,
            share=share_of(number, 3),
        )
        columns[name] = list(drawn.image)
        values[name] = extreme(net, layer, units, drawn.image, highest=sign > 0)
    for name, quantile in QUANTILES.items():
        found = top_patches(
            net, {layer: units}, photographs, count=1, quantile=quantile, size=size
        )[layer]
        columns[name] = [resized(patches[0].pixels, size) for patches in found]
        values[name] = [patches[0].value for patches in found]
    cells = [(row, name) for row in range(len(units)) for name in COLUMNS]
    pairs = zip(columns["least"], columns["most"], strict=True)
    cosines = [
        float(torch.cosine_similarity((a - 0.5).flatten(), (b - 0.5).flatten(), 0))
        for a, b in pairs
    ]
    least, most = torch.tensor(values["least"]), torch.tensor(values["most"])
    return Result(
        facts={
            "units": len(units),
            "above": int((most > torch.tensor(values["highest"])).sum()),
            "below": int((least < torch.tensor(values["lowest"])).sum()),
            "cosine": sum(cosines) / len(cosines),
            "negative": float((-least / most).mean()),
        },
        data={
            "rows": {"name": "unit", "label": "Channel", "values": units},
            "columns": {"name": "kind", "label": "Kind", "values": list(COLUMNS.values())},
            "numbers": [{"name": "value", "label": "Activation at its extreme position"}],
            "table": "pictures",
            "frames": "pictures",
            "start": {"row": 0, "column": len(COLUMNS) - 1},
        },
        tables={"pictures": {"value": [values[name][row] for row, name in cells]}},
        assets={"pictures": sheet(torch.stack([columns[name][row] for row, name in cells]))},
    )


def extreme(
    net: Vision, layer: str, units: list[int], images: Tensor, *, highest: bool
) -> list[float]:
    """The highest or lowest value of one channel a picture, over positions."""
    a = activations(net, images, [layer])[layer][range(len(units)), units].flatten(1)
    values: list[float] = (a.amax(1) if highest else a.amin(1)).tolist()
    return values
