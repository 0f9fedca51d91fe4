"""Canonical JSON: the same value, the same bytes, and no more digits than a float32 has.

The order of keys is the author's: a table's columns and a chart's fields are read in that order,
and a recipe that is run again writes them in it again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from stillroom.media.files import EncodeError

DIGITS = 7
LARGEST = 2**53  # beyond it a script cannot tell neighbouring whole numbers apart


def dumps(value: Any) -> bytes:
    """Return `value` as UTF-8 JSON without spaces.

    Args:
        value: nested mappings with text keys, sequences, texts, numbers, booleans and None; numpy
            and torch scalars and arrays become numbers and lists. Floats are rounded to 7
            significant digits.

    Raises:
        EncodeError: a value that is none of these, NaN or infinite, or a whole number beyond
            2^53; the message says where it stands, as in ``curve[3].error``.
    """
    return json.dumps(
        plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()


def plain(value: Any, place: str = "") -> Any:
    """Return `value` made of dict, list, str, int, float, bool and None only, as `dumps` does."""
    if value is None or isinstance(value, str | bool):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise EncodeError(f"{place or 'value'} is {value}, beyond the exact numbers of JSON")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise EncodeError(f"{place or 'value'} is {value}; JSON has only finite numbers")
        return float(f"{value:.{DIGITS}g}") + 0.0  # + 0.0 turns -0.0 into 0.0
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise EncodeError(f"{place or 'value'} has the key {key!r}; keys are texts")
        return {
            str(key): plain(item, f"{place}.{key}" if place else key) for key, item in value.items()
        }
    if isinstance(value, list | tuple | range):
        return [plain(item, f"{place}[{index}]") for index, item in enumerate(value)]
    if hasattr(value, "tolist"):  # numpy and torch, scalars and arrays
        return plain(value.tolist(), place)
    raise EncodeError(
        f"{place or 'value'} is a {type(value).__name__}; expected text, numbers, booleans, None, "
        "and lists, arrays or mappings of them"
    )
