"""Facts in prose: a number as a reader should see it, and lookups that follow a page variable."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillroom.recipe import Fact
from stillroom.render.scale import powers_of_ten
from stillroom.source.model import FactUse

MISSING = "—"


@dataclass(frozen=True, slots=True)
class Lookup:
    """A column of a table as the script needs it: `rows` is JSON ``[[key, text], ...]``."""

    text: str
    rows: str


def format_fact(value: Fact, form: str = "") -> str:
    """Show a fact.

    Args:
        value: a number or a short text.
        form: a Python format specification such as ``.1%``. Without one a whole number is shown
            in full and any other number with three significant digits.

    Returns:
        Text with a true minus sign; powers of ten as in ``1.5 × 10⁻⁷``.

    Raises:
        ValueError: `form` does not fit the value.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return format(value, form)
    if not form and isinstance(value, float) and not math.isfinite(value):
        return str(value).replace("-", "−")
    text = format(value, form) if form else _sensible(value)
    return powers_of_ten(text).replace("-", "−")


def _sensible(value: float) -> str:
    """A whole number below 10¹⁵ in full, any other to three digits, above 1000 to the unit."""
    whole = round(value)
    if abs(whole) < 1e15 and (value == whole or abs(value) >= 1000):
        return f"{whole:,}" if abs(whole) >= 10_000 else str(whole)
    return f"{value:.3g}"


def look_up(
    use: FactUse, tables: Mapping[str, Mapping[str, Sequence[Any]]], initial: float | str | None
) -> Lookup | None:
    """Read the column that `use` names at the row nearest to `initial`.

    The rows are keyed by the column that has the variable's name. Returns None if there is no
    such table, column or key column, or a text is not among the keys.
    """
    table = tables.get(use.table, {})
    keys, values = table.get(use.variable, ()), table.get(use.column, ())
    if not keys or len(keys) != len(values):
        return None
    row = _nearest(keys, initial)
    if row is None:
        return None
    texts = [format_fact(value, use.format) for value in values]
    text = texts[row] if keys[row] == initial else f"{texts[row]} (at {format_fact(keys[row])})"
    rows = [[key, shown] for key, shown in zip(keys, texts, strict=True)]
    return Lookup(text, json.dumps(rows, ensure_ascii=False))


def _nearest(keys: Sequence[Any], value: float | str | None) -> int | None:
    if isinstance(value, int | float) and all(isinstance(key, int | float) for key in keys):
        return min(range(len(keys)), key=lambda row: (abs(keys[row] - value), row))
    return list(keys).index(value) if value in keys else None
