"""What activations of a layer mean to the classes, by two readings.

*Contributions*: the derivative of all logits along the activations at some places, the gradient
times a summed over channels, as in C. Olah and others, "The Building Blocks of Interpretability"
(Distill 2018, doi:10.23915/distill.00010). It is linear in a, so that contributions of places add
up to that of all of them. Forward mode gives it for all classes in one pass.

*Alone*: the logits when the layer holds one and the same activation everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

from stillroom.models.layers import find_layer
from stillroom.recipes.features.reading import AT_ONCE


def contributions(
    model: nn.Module, layer: str, images: Tensor, places: Callable[[int], Tensor]
) -> Tensor:
    """What chosen places of a layer contribute to the logits of each picture.

    Args:
        model: maps ``[b, 3, h, w]`` to logits.
        layer: a layer ``[b, c, h, w]``.
        images: ``[n, 3, h, w]``, on the model's device.
        places: gives for a side of the layer's map the share of each place that counts,
            ``[n or 1, side, side]``.

    Returns:
        ``[n, classes]`` on the CPU.

    Raises:
        UnknownLayerError: there is no such layer.
    """
    module = find_layer(model, layer)
    found = []
    for rows in torch.split(torch.arange(len(images)), AT_ONCE):

        def along(_module: nn.Module, _given: Any, output: Tensor, rows: Tensor = rows) -> Tensor:
            share = places(output.shape[-1]).to(output)
            share = share[rows.to(share.device)] if len(share) > 1 else share
            dual: Tensor = forward_ad.make_dual(output, output * share[:, None])  # type: ignore[no-untyped-call]
            return dual

        handle = module.register_forward_hook(along)
        try:
            with torch.no_grad(), forward_ad.dual_level():
                logits = model(images[rows])
                tangent = forward_ad.unpack_dual(logits).tangent  # type: ignore[no-untyped-call]
        finally:
            handle.remove()
        if tangent is None:
            raise ValueError(f"the logits do not depend on layer '{layer}'")
        found.append(tangent.cpu())
    return torch.cat(found)


@torch.no_grad()
def alone(model: nn.Module, layer: str, vectors: Tensor, image: Tensor) -> Tensor:
    """The logits if a layer held one activation at every place.

    Args:
        model: maps ``[b, 3, h, w]`` to logits.
        layer: a layer ``[b, c, h, w]``.
        vectors: ``[n, c]``.
        image: ``[1, 3, h, w]``, on the model's device; only its size counts.

    Returns:
        ``[n, classes]`` on the CPU.

    Raises:
        UnknownLayerError: there is no such layer.
    """
    module = find_layer(model, layer)
    found = []
    for chunk in torch.split(vectors, AT_ONCE):

        def fill(_module: nn.Module, _given: Any, a: Tensor, chunk: Tensor = chunk) -> Tensor:
            return chunk.to(a)[:, :, None, None].expand(-1, -1, *a.shape[2:])

        handle = module.register_forward_hook(fill)
        try:
            found.append(model(image).cpu())
        finally:
            handle.remove()
    return torch.cat(found)


def ranks(scores: Tensor, wanted: int) -> Tensor:
    """The place of a class among all by score, 0 for the first: ``[n, classes]`` → ``[n]``."""
    return (scores > scores[:, wanted : wanted + 1]).sum(1)


def rounded(values: Tensor) -> list[list[float]]:
    """Numbers ``[n, m]`` as they travel with a page."""
    return [[round(value, 2) for value in row] for row in values.tolist()]
