"""What one place of a layer does for each class: attribution by forward differentiation.

The contribution of activations a at some places to the logits is the derivative of all logits along
them, the gradient times a summed over channels, as in C. Olah and others, "The Building Blocks of
Interpretability" (Distill 2018, doi:10.23915/distill.00010). Forward mode gives it for all classes
in one pass. It is linear in a: contributions of places add up to that of all of them.
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
