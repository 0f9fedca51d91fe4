"""From an asset of a result to the files that keep it. Pure: arrays in, bytes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from importlib import import_module

from stillroom.media.files import EncodedAsset, EncodedFile, EncodeError
from stillroom.media.kinds import Asset, Chart, Frames, Image, Packed, Video, Weights

__all__ = ["EncodeError", "EncodedAsset", "EncodedFile", "encode"]

# A kind's encoder is `encode` of the module of the same name; it is imported when first needed.
MODULES: Mapping[type, str] = {
    Chart: "chart",
    Frames: "frames",
    Image: "image",
    Packed: "packed",
    Video: "video",
    Weights: "weights",
}
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")


def encode(name: str, asset: Asset) -> EncodedAsset:
    """Make the files of one asset.

    Args:
        name: the asset's name in its result: lower-case letters, digits, ``-`` and ``_``.
        asset: one of the kinds in `stillroom.media.kinds`.

    Returns:
        The files by role. The same asset gives the same bytes.

    Raises:
        EncodeError: the name, kind, shape or values are not what the kind asks for.
    """
    if not NAME.fullmatch(name):
        raise EncodeError(
            f"asset {name!r}: a name is lower-case letters, digits, '-' and '_', and starts with "
            "a letter or digit"
        )
    module = MODULES.get(type(asset))
    if module is None:
        known = ", ".join(kind.__name__ for kind in MODULES)
        raise EncodeError(f"asset '{name}': a {type(asset).__name__} is not one of {known}")
    encoder: Callable[[str, Asset], EncodedAsset] = import_module(
        f"stillroom.media.{module}"
    ).encode
    try:
        return encoder(name, asset)
    except EncodeError as error:
        raise EncodeError(f"asset '{name}' ({module}): {error}") from None
