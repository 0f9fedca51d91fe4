"""Where the noise comes from: strides leave a grid in the gradient, which moving pictures blurs.

A convolution that skips positions weighs the pixels under its window unequally, and going back
through it prints that pattern on the gradient (A. Odena, V. Dumoulin and C. Olah, "Deconvolution
and Checkerboard Artifacts", Distill 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Frames
from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.objective import energy
from stillroom.recipes.features.parameterization import noise
from stillroom.recipes.features.reading import gradient
from stillroom.recipes.features.spectrum import checkerboard, fine_share

LAYERS = ["stem.linear", *(f"block{n}.expand.linear" for n in (2, 4, 6, 9, 14))]
PERIOD = 32  # the product of all strides
AT_ONCE = 16
ARMS = {
    "trained": "trained",
    "shifted": "trained, shifted about",
    "untrained": "untrained",
}
SCALE = 4  # CSS pixels a pixel of a tile


@recipe(
    view="picture-matrix",
    draft={"pictures": 4, "shifts": 2},
    cost="minutes",
    packages=["torch", WHEEL],
)
def gradient_grid(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    layers: Annotated[list[str], Field(min_length=1)] = LAYERS,
    pictures: Annotated[int, Field(ge=2)] = 64,
    shifts: Annotated[int, Field(ge=1)] = 8,
) -> Result:
    """Average the size of gradients by the place of a pixel on the grid that the strides make.

    Inputs are noise with the spectrum of photographs, so that nothing in them prefers a place. The
    objective is the mean square of a layer. Of a gradient of 4 × 32 pixels a side the middle half
    is folded into one tile of 32 × 32, so that the padding at the edges does not count.

    Args:
        run: gives the random numbers.
        model: a network whose strides multiply to 32; the control is an untrained copy.
        layers: layers, from shallow to deep.
        pictures: inputs.
        shifts: over how many random shifts a gradient is averaged in the arm ``shifted``.

    Returns:
        Frames ``tiles``: the mean size of gradients over a tile, black none, white twice the mean,
        a row for each of `ARMS`, a column for each layer; table ``tiles``: ``uneven``, the standard
        deviation over a tile by its mean; ``fine``, the share of the gradient's energy above
        1/4 cycle a pixel; ``period2``, that in the waves of period 2. Facts: ``<arm>_uneven_<n>``,
        ``<arm>_fine_<n>`` and ``<arm>_period2_<n>`` for layer n from 0; ``floor``, the unevenness
        that chance alone gives; ``input_fine`` and ``white_fine``, the share of fine waves in the
        inputs and in white noise.
    """
    inputs = noise(pictures, 4 * PERIOD, run.generator("inputs"))
    nets = {
        "trained": load_model(model).to(run.device),
        "untrained": load_model(model, pretrained=False, seed=run.seed).to(run.device),
    }
    tiles = []
    numbers: dict[str, list[float]] = {"uneven": [], "fine": [], "period2": []}
    facts: dict[str, float | int] = {
        "pictures": pictures,
        "shifts": shifts,
        "input_fine": float(fine_share(inputs).mean()),
        "white_fine": float(
            fine_share(torch.randn(inputs.shape, generator=run.generator("white"))).mean()
        ),
    }
    for count, (arm, layer) in enumerate((arm, layer) for arm in ARMS for layer in layers):
        net = nets["untrained" if arm == "untrained" else "trained"]
        moves = offsets(shifts if arm == "shifted" else 1, run.generator("shifts"))
        slopes = slopes_of(net, layer, inputs, moves)
        tile = fold(slopes.abs().mean((0, 1)))
        tiles.append((tile / (2 * tile.mean())).clamp(0, 1))
        values = {
            "uneven": float(tile.std() / tile.mean()),
            "fine": float(fine_share(slopes).mean()),
            "period2": float(checkerboard(slopes).mean()),
        }
        for key, value in values.items():
            numbers[key].append(value)
            facts[f"{arm}_{key}_{count % len(layers)}"] = value
        run.progress(count + 1, len(ARMS) * len(layers), "layers")
    facts["floor"] = floor(inputs)
    return Result(
        facts=facts,
        data={
            "rows": {"name": "network", "label": "Network", "values": list(ARMS.values())},
            "columns": {
                "name": "layer",
                "label": "Layer",
                "values": [_short(layer) for layer in layers],
            },
            "numbers": [
                {"name": "uneven", "label": "Unevenness"},
                {"name": "fine", "label": "Share of fine waves"},
                {"name": "period2", "label": "Share in waves of period 2"},
            ],
            "table": "tiles",
            "frames": "tiles",
            "start": {"row": 0, "column": len(layers) - 1},
        },
        tables={
            "tiles": numbers,
        },
        assets={
            "tiles": Frames(torch.stack(tiles)[..., None], scale=SCALE),
        },
    )


def offsets(count: int, generator: torch.Generator) -> list[tuple[int, int]]:
    """Draw shifts down and right, the first of them none."""
    drawn = torch.randint(PERIOD, (count, 2), generator=generator).tolist()
    return [(0, 0), *((down, right) for down, right in drawn[1:])]


def slopes_of(net: Vision, layer: str, inputs: Tensor, moves: Sequence[tuple[int, int]]) -> Tensor:
    """Gradients of a layer's energy to its inputs, each averaged over shifts (around the edges)."""
    parts = []
    for part in torch.split(inputs, AT_ONCE):
        total = torch.zeros_like(part)
        for move in moves:
            slope = gradient(net, energy(layer), part.roll(move, (2, 3)))
            total += slope.roll((-move[0], -move[1]), (2, 3))
        parts.append(total / len(moves))
    slopes = torch.cat(parts)
    # Each counts as much as any other.
    scaled: Tensor = slopes / slopes.flatten(1).norm(dim=1)[:, None, None, None].clamp(min=1e-20)
    return scaled


def fold(sizes: Tensor) -> Tensor:
    """The middle half of ``[h, w]`` averaged by place on the grid: ``[PERIOD, PERIOD]``."""
    h, w = sizes.shape
    middle = sizes[h // 4 : h - h // 4, w // 4 : w - w // 4]
    rows, columns = middle.shape[0] // PERIOD, middle.shape[1] // PERIOD
    tile: Tensor = middle.reshape(rows, PERIOD, columns, PERIOD).mean((0, 2))
    return tile


def floor(inputs: Tensor) -> float:
    """The unevenness of the inputs' own fine detail, which knows of no grid."""
    detail = (inputs - inputs.roll(1, 3)).abs().mean((0, 1))
    tile = fold(detail)
    return float(tile.std() / tile.mean())


def _short(layer: str) -> str:
    """The first part of a layer's name: ``block2`` of ``block2.expand.linear``."""
    return layer.partition(".")[0]
