"""Named tensors as safetensors."""

from __future__ import annotations

import numpy as np

from stillroom.media.arrays import to_numpy
from stillroom.media.files import EncodedAsset, EncodedFile, EncodeError
from stillroom.media.kinds import Weights


def encode(name: str, asset: Weights) -> EncodedAsset:
    """Store tensors; the format itself orders them, so the order of the mapping does not count.

    `meta` holds the number of parameters and each tensor's shape.
    """
    if not asset.tensors:
        raise EncodeError("expected at least one tensor")
    names = sorted(asset.tensors)
    if any(hasattr(tensor, "detach") for tensor in asset.tensors.values()):
        import torch
        from safetensors.torch import save

        # A copy each: tensors that share memory are stored apart.
        tensors = {
            key: torch.as_tensor(asset.tensors[key]).detach().cpu().contiguous().clone()
            for key in names
        }
        content = save(tensors)
        shapes = {key: list(tensors[key].shape) for key in names}
    else:
        from safetensors.numpy import save as save_arrays

        arrays = {key: np.ascontiguousarray(to_numpy(asset.tensors[key])) for key in names}
        content = save_arrays(arrays)
        shapes = {key: list(arrays[key].shape) for key in names}
    meta = {
        "parameters": sum(int(np.prod(shape)) for shape in shapes.values()),
        "shapes": shapes,
    }
    file = EncodedFile(f"{name}.safetensors", content, "application/octet-stream")
    return EncodedAsset("weights", {"main": file}, meta)
