"""Reading a network: what its layers give for pictures, and which way a picture should change."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from stillroom.models.layers import recording
from stillroom.recipe import ImageFile
from stillroom.recipes.features.loop import Climber, device_of
from stillroom.recipes.features.objective import Objective

AT_ONCE = 32  # pictures in a pass


def picture(file: ImageFile, size: tuple[int, int] | None = None) -> Tensor:
    """A picture of an article as a network takes it: ``[3, h, w]`` in [0, 1].

    Args:
        file: the picture.
        size: (height, width) to cover, see `ImageFile.pixels`; None keeps the size.
    """
    return torch.from_numpy(file.pixels(size).copy()).permute(2, 0, 1).float() / 255


@torch.no_grad()
def activations(model: nn.Module, images: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
    """What layers put out for pictures.

    Args:
        model: the network.
        images: ``[n, 3, h, w]`` in [0, 1].
        layers: their names.

    Returns:
        By layer ``[n, c, h, w]`` or ``[n, c]``, on the CPU.

    Raises:
        UnknownLayerError: there is no such layer.
    """
    device = device_of(model)
    with recording(model, layers) as run:
        parts = [
            {name: output.cpu() for name, output in run(chunk.to(device)).items()}
            for chunk in torch.split(images, AT_ONCE)
        ]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def gradient(model: nn.Module, objective: Objective, images: Tensor) -> Tensor:
    """The gradient of each picture's objective to its pixels, shaped like `images`, on the CPU."""
    climber = Climber(model, objective)
    _, slope = climber.look(images.to(device_of(model)), torch.Generator())
    if slope is None:
        raise ValueError("expected a gradient")
    return slope.cpu()
