"""What an encoder hands on: the files of one asset, and what a view must know to show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class EncodeError(ValueError):
    """An asset cannot be stored as it is; the message names the asset and what was expected."""


@dataclass(frozen=True, slots=True)
class EncodedFile:
    """One file: `name` in the result's folder and its bytes."""

    name: str
    content: bytes = field(repr=False)
    media_type: str


@dataclass(frozen=True, slots=True)
class EncodedAsset:
    """One asset: its files by role ("main" and perhaps others), and its `meta` (JSON values).

    `kind` and `meta` are those of `stillroom.precompute.manifest.StoredAsset`.
    """

    kind: str
    files: Mapping[str, EncodedFile]
    meta: Mapping[str, Any] = field(default_factory=dict)
