"""Panels and choices of a figure that cannot be told apart: F026."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from stillroom.check.claims import Results
from stillroom.diagnostics import Diagnostics

_LISTS = ("choices", "panels")  # of `data`: mappings with a label each
_TITLED = {"compare"}  # views whose `data.labels` are titles of different panels


def check_labels(results: Results, diagnostics: Diagnostics) -> None:
    """Record F026 for each label that several panels of a figure have."""
    for result in results.values():
        for label, count in Counter(_labels(result.view, result.manifest.data)).items():
            if count > 1:
                message = f"{count} panels or choices are called '{label}'"
                diagnostics.error(result.figure.location, "F026", message)


def _labels(view: str, data: Mapping[str, Any]) -> Iterator[str]:
    """The labels of the panels that a figure shows, as far as its data are what they should be."""
    for name in _LISTS:
        found = data.get(name)
        for each in found if isinstance(found, list) else ():
            if isinstance(each, Mapping) and isinstance(each.get("label"), str):
                yield each["label"]
    if view in _TITLED and isinstance(data.get("labels"), list):
        yield from (label for label in data["labels"] if isinstance(label, str))
