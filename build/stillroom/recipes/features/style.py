"""The style of pictures as an objective: Gram matrices of several layers, each in its own units."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from stillroom.models.layers import recording
from stillroom.recipes.features.objective import Objective, gram, style


def style_of(model: nn.Module, pictures: Tensor, layers: Sequence[str]) -> Objective:
    """Minus the mean over layers of the distance to a style, relative to its mean square.

    A blank layer is at distance 1 (L. Gatys, A. Ecker and M. Bethge, CVPR 2016, without their
    weights).

    Args:
        model: maps ``[b, 3, h, w]`` to anything.
        pictures: whose style, one per picture to be made, ``[b, 3, h, w]`` in [0, 1].
        layers: at least one, each ``[b, c, h, w]``.
    """
    with torch.no_grad(), recording(model, layers) as run:
        targets = {name: gram(held) for name, held in run(pictures).items()}
    first, *others = (
        style(name, target) * (1 / (len(layers) * target.pow(2).mean((1, 2))))
        for name, target in targets.items()
    )
    return sum(others, first)
