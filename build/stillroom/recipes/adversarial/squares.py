"""Squares that are all black or all white but for noise, and a network that can learn it by heart.

After P. Nakkiran, "Adversarial Examples are Just Bugs, Too" (Distill 2019,
doi:10.23915/distill.00019.5).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stillroom.models.digit_nets import draw


def squares(
    count: int,
    shape: tuple[int, int, int],
    *,
    pixel_noise: float,
    label_noise: float,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Draw squares (y + u) s, with labels y of -1 or 1.

    Args:
        count: how many.
        shape: channels, height, width.
        pixel_noise: u is uniform within this of 0, for each number of the square.
        label_noise: the chance that s is -1, so that the square has the other colour than its
            label says; else s is 1.
        generator: draws all.

    Returns:
        ``[count, *shape]`` and int64 ``[count]``: 1 for y = 1 and 0 for y = -1.
    """
    labels = torch.randint(2, (count,), generator=generator)
    noise = (2 * torch.rand(count, *shape, generator=generator) - 1) * pixel_noise
    wrong = torch.rand(count, generator=generator) < label_noise
    images = (2.0 * labels - 1)[:, None, None, None] + noise
    return torch.where(wrong[:, None, None, None], -images, images), labels


def square_net(shape: tuple[int, int, int], generator: torch.Generator) -> nn.Sequential:
    """Build a network from squares to two logits.

    Three layers of 3 x 3 with 16, 32 and 32 channels, the latter two with stride 2, batch
    normalisation and a rectifier after each. A perceptron of like size cannot learn the noise by
    heart.
    """
    channels, height, width = shape
    modules: list[nn.Module] = []
    with torch.device("meta"):
        for wide, stride in ((16, 1), (32, 2), (32, 2)):
            modules += [
                nn.Conv2d(channels, wide, 3, stride=stride, padding=1),
                nn.BatchNorm2d(wide),
                nn.ReLU(),
            ]
            channels = wide
        modules += [nn.Flatten(), nn.Linear(channels * (height // 4) * (width // 4), 2)]
        net = nn.Sequential(*modules)
    return draw(net, generator)
