"""Why a step is stale, in words: what differs between two lists of ingredients."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stillroom.precompute.manifest import Ingredients


def differences(old: Ingredients, new: Ingredients) -> tuple[str, ...]:
    """Return what changed from `old` to `new`, most telling first; empty if nothing did.

    Upstream results are compared only where both have one.
    """
    if old.recipe != new.recipe:
        return (f"recipe {old.recipe} → {new.recipe}",)
    return (
        *_values(old.params, new.params),
        *_scalar("seed", old.seed, new.seed),
        *_scalar("draft", old.draft, new.draft),
        *(
            f"{name} changed"
            for name in sorted(old.inputs.keys() & new.inputs.keys())
            if old.inputs[name] != new.inputs[name]
        ),
        *_modules(old.source, new.source),
        *(
            f"the result for {name} changed"
            for name in sorted(old.needs.keys() & new.needs.keys())
            if old.needs[name] != new.needs[name]
        ),
        *_values(old.packages, new.packages),
        *_scalar("format", old.format_version, new.format_version),
        *_scalar("media format", old.media_version, new.media_version),
    )


def _scalar(name: str, old: Any, new: Any) -> list[str]:
    # Types count: True equals 1 in Python, but not in a key.
    return [] if _text(old) == _text(new) else [f"{name} {_text(old)} → {_text(new)}"]


def _values(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    found = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            found.append(f"{name} {_text(new[name])} is new")
        elif name not in new:
            found.append(f"{name} is gone")
        else:
            found += _scalar(name, old[name], new[name])
    return found


def _modules(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return [
        *(f"{name} changed" for name in sorted(old.keys() & new.keys()) if old[name] != new[name]),
        *(f"{name} is imported now" for name in sorted(new.keys() - old.keys())),
        *(f"{name} is no longer imported" for name in sorted(old.keys() - new.keys())),
    ]


def _text(value: Any) -> str:
    if isinstance(value, str):
        text = value
    else:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 60 else f"{text[:57]}…"
