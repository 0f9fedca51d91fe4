"""Pictures for many channels of several layers, made once for the figures that show them.

C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization" (Distill 2017).
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from stillroom.media.kinds import Frames
from stillroom.models.layers import recording
from stillroom.models.vision import WHEEL, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.drawing import LOOKS, draw, share_of
from stillroom.recipes.features.objective import channel
from stillroom.recipes.features.parameterization import fourier

# Of a block, what its first convolution puts out before ReLU6: there are many channels, each is cut
# at 0 by itself, and a channel that is silent or full still has a gradient.
DEPTHS = [f"block{number}.expand.linear" for number in (1, 3, 5, 9, 14)]
BATCH = 16  # pictures at a time: more are no faster here
SHEET = 8  # pictures a row
COLUMNS = ("channel", "start", "plain", "moved", "peak")


@recipe(
    view="image-grid",
    draft={"channels": 6, "steps": 6, "size": 64, "looks": 2},
    cost="minutes",
    packages=["torch", WHEEL],
)
def channel_pictures(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    pretrained: bool = True,
    layers: Annotated[list[str], Field(min_length=1)] = DEPTHS,
    channels: Annotated[int, Field(ge=1)] = 64,
    steps: Annotated[int, Field(ge=1)] = 192,
    size: Annotated[int, Field(ge=32)] = 128,
    looks: Annotated[int, Field(ge=1)] = LOOKS,
) -> Result:
    """Optimise a picture for the mean of each of some channels, evenly spread over each layer.

    A picture is waves with decorrelated colours, seen through a random shift, turn and change of
    size at each step.

    Args:
        run: gives the random numbers.
        model: a network, by name.
        pretrained: whether it is trained; otherwise it is an untrained copy.
        layers: layers of at least as many channels as asked for.
        channels: how many of each layer: number ``i * width // channels`` of its `width`.
        steps: of Adam.
        size: pixels a side.
        looks: random transforms over which an activation is averaged.

    Returns:
        For each layer a `Frames` called by `asset_name`, and a table of the same name with
        ``channel``, ``start`` (the channel's mean for the noise that a picture began as), ``plain``
        (for the picture as it is), ``moved`` (averaged over random transforms) and ``peak`` (the
        highest value at one position of the plain picture). Facts: ``count`` and the parameters
        ``steps``, ``size`` and ``looks``.

    Raises:
        UnknownLayerError: the network has no such layer.
        ValueError: a layer has fewer channels.
    """
    net = load_model(model, pretrained=pretrained, seed=run.seed).to(run.device)
    batches = range(0, channels, BATCH)
    tables: dict[str, dict[str, list[float]]] = {}
    assets = {}
    for index, layer in enumerate(layers):
        units = spread(net, layer, channels)
        columns: dict[str, list[float]] = {key: [] for key in COLUMNS}
        pictures = []
        for number, first in enumerate(batches):
            part = units[first : first + BATCH]
            name = f"{asset_name(layer)}-{number}"
            drawn = draw(
                run,
                net,
                channel(layer, part),
                fourier(len(part), size, run.generator("start", name)),
                name=name,
                steps=steps,
                looks=looks,
                share=share_of(index * len(batches) + number, len(layers) * len(batches)),
            )
            with torch.no_grad(), recording(net, [layer]) as look:
                seen = look(drawn.image.to(run.device))[layer].cpu()
            columns["channel"] += part
            columns["start"] += drawn.start.tolist()
            columns["plain"] += drawn.plain.tolist()
            columns["moved"] += drawn.moved.tolist()
            columns["peak"] += seen[range(len(part)), part].amax((1, 2)).tolist()
            pictures.append(drawn.image)
        tables[asset_name(layer)] = columns
        frames = torch.cat(pictures).permute(0, 2, 3, 1)
        assets[asset_name(layer)] = Frames(frames, columns=min(SHEET, channels), lossless=False)
    return Result(
        facts={"count": len(layers) * channels, "steps": steps, "size": size, "looks": looks},
        data={"layers": layers},
        tables=tables,
        assets=assets,
    )


def spread(net: nn.Module, layer: str, count: int) -> list[int]:
    """Return `count` channels of a layer, evenly spaced from the first.

    Raises:
        UnknownLayerError: there is no such layer.
        ValueError: it has fewer.
    """
    with torch.no_grad(), recording(net, [layer]) as look:
        width = look(next(net.buffers()).new_zeros(1, 3, 64, 64))[layer].shape[1]
    if width < count:
        raise ValueError(f"layer '{layer}' has {width} channels, fewer than {count}")
    return [index * width // count for index in range(count)]


def asset_name(layer: str) -> str:
    """Return a layer's name as an asset may be called: ``block1-expand`` for ``block1.expand``."""
    return layer.replace(".", "-").replace("_", "-").lower()
