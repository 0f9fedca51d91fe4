"""What each figure was last made of, so that a stale figure can be explained as itself.

Only explanations and estimates of time depend on this memo; without it they come from the nearest
stored result of the same recipe.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillroom.precompute.manifest import Ingredients, Manifest
from stillroom.scratch import read_json, write_json
from stillroom.settings import Settings


@dataclass(frozen=True, slots=True)
class Remembered:
    """The last result of a figure: its key, what it was made of, and how long that took."""

    key: str
    ingredients: Ingredients
    seconds: float


class Memory:
    """Remembered results by role: a figure's address, and the parameter for an upstream result."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.scratch / "figures.json"
        self._roles: dict[str, Any] = read_json(self._path)
        self._changed = False

    def get(self, role: str) -> Remembered | None:
        """Return what `role` last was, or None."""
        return _parse(self._roles.get(role))

    def keys(self) -> Mapping[str, str]:
        """Return the last key of every role that has one."""
        found = {role: _parse(value) for role, value in self._roles.items()}
        return {role: each.key for role, each in found.items() if each is not None}

    def put(self, role: str, manifest: Manifest) -> None:
        """Remember that `role` is now `manifest`."""
        value = {
            "key": manifest.key,
            "ingredients": dataclasses.asdict(manifest.ingredients),
            "seconds": manifest.provenance.seconds,
        }
        if self._roles.get(role) != value:
            self._roles[role] = value
            self._changed = True

    def save(self) -> None:
        """Write the memo, if anything in it is new."""
        if self._changed:
            write_json(self._path, self._roles)
            self._changed = False


def _parse(value: Any) -> Remembered | None:
    try:
        return Remembered(
            value["key"], Ingredients(**value["ingredients"]), float(value["seconds"])
        )
    except (KeyError, TypeError, ValueError):
        return None
