"""From what a recipe returned to what the store keeps: facts, JSON, and files with digests."""

from __future__ import annotations

import re
from typing import Any

from stillroom.precompute.key import UnknownValueError, canonical, sha256
from stillroom.precompute.manifest import StoredAsset, StoredFile
from stillroom.recipe import Fact, Result

_NAME = re.compile(r"[A-Za-z_]\w*")  # what prose and claims can quote


class ResultError(Exception):
    """A recipe returned something that cannot be stored."""


def encode_result(
    result: Result,
) -> tuple[dict[str, Fact], bytes, dict[str, StoredAsset], dict[str, bytes]]:
    """Return facts, the content of ``result.json``, assets, and the content of their files.

    Raises:
        ResultError: a part cannot be stored; the message names it.
    """
    from stillroom.media import json as media_json
    from stillroom.media.encode import EncodeError, encode

    facts = {name: _fact(name, value) for name, value in result.facts.items()}
    for name, table in result.tables.items():
        lengths = {column: len(values) for column, values in table.items()}
        if len(set(lengths.values())) > 1:
            raise ResultError(f"the columns of table '{name}' differ in length: {lengths}")
    try:
        result_json = media_json.dumps(
            {"data": dict(result.data), "tables": {k: dict(v) for k, v in result.tables.items()}}
        )
    except EncodeError as error:
        raise ResultError(f"its data or tables cannot be stored: {error}") from error

    assets = {}
    files: dict[str, bytes] = {}
    for name, asset in result.assets.items():
        try:
            encoded = encode(name, asset)
            canonical(encoded.meta)
        except UnknownValueError as error:
            raise ResultError(f"asset '{name}': {error.path} should be {error}") from error
        except EncodeError as error:
            raise ResultError(str(error)) from error
        stored = {}
        for role, file in encoded.files.items():
            if file.name in {*files, "manifest.json", "result.json"}:
                raise ResultError(f"two files would be called '{file.name}'")
            files[file.name] = file.content
            stored[role] = StoredFile(
                file.name, sha256(file.content), len(file.content), file.media_type
            )
        assets[name] = StoredAsset(encoded.kind, stored, dict(encoded.meta))
    return facts, result_json, assets, files


def _fact(name: str, value: Any) -> Fact:
    """A fact as a plain Python value; a scalar of numpy or torch gives its item."""
    if not _NAME.fullmatch(name):
        raise ResultError(f"fact '{name}': a name is letters, digits and '_', and no digit first")
    if type(value).__module__.partition(".")[0] in {"numpy", "torch"} and hasattr(value, "item"):
        try:
            value = value.item()
        except (ValueError, RuntimeError) as error:
            raise ResultError(f"fact '{name}' is an array, not a number") from error
    try:
        canonical(value)
    except UnknownValueError as error:
        raise ResultError(f"fact '{name}' should be {error}") from error
    if not isinstance(value, bool | int | float | str):
        raise ResultError(f"fact '{name}' should be a number or a text, not {value!r}")
    return value
