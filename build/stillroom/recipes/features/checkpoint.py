"""Checkpoints of work in parts: each part keeps its own tensors in the one file that a run has."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from stillroom.recipe import Run


class Keeper:
    """What one part of a recipe's work keeps in the checkpoint of its run.

    Args:
        run: whose checkpoint.
        part: a name that no other part of the recipe has.
    """

    def __init__(self, run: Run, part: str) -> None:
        self._run = run
        self._part = part

    def load(self) -> dict[str, Tensor]:
        """What this part kept last, by name; nothing if it has kept nothing yet."""
        return {name: tensor for (part, name), tensor in self._all().items() if part == self._part}

    def save(self, tensors: Mapping[str, Tensor]) -> None:
        """Keep `tensors` in place of what this part kept before; other parts keep theirs."""
        kept = {place: tensor for place, tensor in self._all().items() if place[0] != self._part}
        kept |= {(self._part, name): tensor for name, tensor in tensors.items()}
        self._run.save_checkpoint({f"{part}/{name}": t for (part, name), t in kept.items()})

    def _all(self) -> dict[tuple[str, str], Tensor]:
        loaded = self._run.load_checkpoint()
        places = {} if loaded is None else loaded[0]
        return {
            (key.rpartition("/")[0], key.rpartition("/")[2]): tensor
            for key, tensor in places.items()
        }
