"""Chance as a function of whole numbers, the same in Python and in the browser.

    mix(x):  x ^= x >> 16;  x *= 0x7feb352d;  x ^= x >> 15;  x *= 0x846ca68b;  x ^= x >> 16
    key    = mix(mix(seed + 0x9e3779b9) ^ walker)
    chance = mix(mix(key ^ time) ^ purpose) / 2^32

modulo 2^32. `mix` is C. Wellons' *lowbias32* (2018), a permutation of the 32-bit numbers.
``templates/views/playground/learner.js`` has the same in a few lines.
"""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor

FULL = 0xFFFFFFFF
BLOCK = 256  # times that are computed at once
PURPOSES = 5  # what `stillroom.recipes.value.acting.act` draws for a step

Bits = TypeVar("Bits", int, Tensor)


def mix(x: Bits) -> Bits:
    """Permute 32-bit numbers: a whole number, or an int64 tensor of them."""
    x = (x ^ x >> 16) * 0x7FEB352D & FULL
    x = (x ^ x >> 15) * 0x846CA68B & FULL
    return x ^ x >> 16


class HashedChance:
    """A source of chance for `act`: at time t, ``[purpose, walker]`` numbers in [0, 1).

    Args:
        seed: a whole number below 2^32.
        walkers: how many independent streams.
    """

    def __init__(self, seed: int, walkers: int = 1) -> None:
        self._keys = mix(mix(seed + 0x9E3779B9 & FULL) ^ torch.arange(walkers))
        self._purposes = torch.arange(PURPOSES)[:, None]
        self._block = torch.empty(0)
        self._time = 0

    def __call__(self, count: int) -> Tensor:
        """Return the first `count` purposes' numbers, ``[count, walker]``; time goes on."""
        at = self._time % BLOCK
        if at == 0:
            times = torch.arange(self._time, self._time + BLOCK)[:, None, None]
            self._block = mix(mix(self._keys ^ times) ^ self._purposes).double() / 2**32
        self._time += 1
        return self._block[at, :count]
