"""What the attack explorer shows: walks of attacks, step by step, as its view reads them.

A *scene* is one attack on one picture: its frames are the changes after each step, scaled so that
the largest of them spans the colours, about a middle grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from stillroom.recipes.adversarial.attack import Found, Model
from stillroom.recipes.adversarial.norms import Norm, length

NORMS: tuple[Norm, ...] = ("L2", "Linf")
NAMES = {"L2": "L₂", "Linf": "L∞"}
TOP = 5


def walks(
    model: Model, images: Tensor, path: Found, *, norm: Norm, radii: Sequence[float], target: bool
) -> tuple[list[dict[str, Any]], Tensor]:
    """Describe a walk from each image.

    Args:
        model: who was attacked.
        images: ``[b, ...]``, where the walks began.
        path: all points of the walks, with an axis of steps before.
        norm: of the balls.
        radii: of each walk, ``b`` numbers.
        target: whether the walks went for a class, so that its cross-entropy falls.

    Returns:
        A mapping a walk, with lists over steps: ``loss``, ``l2`` and ``largest`` (lengths of the
        change), ``top`` (pairs of class and probability), ``won``; and ``span``, the change that
        is drawn white (and its negative black). Beside them the frames ``[b, steps + 1, ...]``.
    """
    change = (path.images - images).transpose(0, 1)  # [b, steps + 1, ...]
    spans = change.flatten(1).abs().amax(1).clamp_min(torch.finfo(change.dtype).tiny)
    frames = 0.5 + change / (2 * spans.reshape(-1, *[1] * (change.dim() - 1)))
    with torch.no_grad():
        likely = torch.stack([model(step).softmax(-1) for step in path.images])
    share, which = likely.topk(TOP, -1)
    described = [
        {
            "norm": norm,
            "radius": radius,
            "span": float(spans[row]),
            "loss": (-path.loss if target else path.loss)[:, row].tolist(),
            "l2": length(change[row], "L2").tolist(),
            "largest": length(change[row], "Linf").tolist(),
            "won": path.success[:, row].tolist(),
            "top": [
                [[int(each), round(float(p), 4)] for each, p in zip(*step, strict=True)]
                for step in zip(which[:, row], share[:, row], strict=True)
            ],
        }
        for row, radius in enumerate(radii)
    ]
    return described, frames
