"""Handwritten digits, 8 x 8 pixels, with a fixed split; inside the scikit-learn wheel.

Source: E. Alpaydin and C. Kaynak, "Optical Recognition of Handwritten Digits" (UCI Machine Learning
Repository, 1998, CC BY 4.0, doi:10.24432/C50P49), its test set of 1797 digits by 13 writers. A
pixel counts the inked ones of a block of 4 x 4, so that it has 17 levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

CLASSES = 10
SIDE = 8
TRAINING = 1297
# A multiplier prime to 1797: steps of it visit every digit once, and no stretch of the original
# order, which is by writer, is left out of either part. Unlike a shuffle it needs no generator.
STRIDE = 769


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits: ``images[n, 1, 8, 8]``, float32 in [0, 1], and ``labels[n]``, int64 from 0 to 9."""

    images: Tensor
    labels: Tensor


def digits() -> tuple[Digits, Digits]:
    """Return 1297 digits to train on and 500 others to test on, always the same."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    images = torch.tensor(loaded.images, dtype=torch.float32)[:, None] / 16
    labels = torch.tensor(loaded.target, dtype=torch.int64)
    order = torch.arange(len(labels)) * STRIDE % len(labels)
    training, test = order[:TRAINING], order[TRAINING:]
    return Digits(images[training], labels[training]), Digits(images[test], labels[test])
