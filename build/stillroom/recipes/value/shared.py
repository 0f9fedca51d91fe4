"""What the recipes of this family have in common: cells for views, intervals over repetitions."""

from __future__ import annotations

import torch
from torch import Tensor

RESAMPLES = 2_000
LEVEL = 0.95


def by_cell(values: Tensor) -> list[float | None]:
    """Return values ``[s]`` as a view wants them: None where there is none (NaN)."""
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124


def by_action(table: Tensor) -> list[list[float | None]]:
    """Return ``Q[a, s]`` as a list for each action, up, right, down, left."""
    return [by_cell(row) for row in table]


def rmse(values: Tensor, truth: Tensor, where: Tensor | None = None) -> Tensor:
    """Return the root of the mean squared error over states, ``[..., s]`` to ``[...]``.

    States without a value (NaN) do not count.

    Args:
        values: ``[..., s]``.
        truth: ``[s]`` or ``[..., s]``.
        where: bool ``[s]``, the only states to count; all by default.
    """
    squared = (values - truth) ** 2
    if where is not None:
        squared = squared[..., where]
    return squared.nanmean(-1).sqrt()


def interval(
    values: Tensor, generator: torch.Generator, statistic: str = "mean"
) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a statistic over repetitions.

    Args:
        values: ``[repetitions]``.
        generator: draws the 2,000 resamples.
        statistic: ``mean``, ``var`` or ``std``.
    """
    resample = torch.randint(len(values), (RESAMPLES, len(values)), generator=generator)
    drawn = getattr(values[resample], statistic)(1)
    tail = (1 - LEVEL) / 2
    low, high = drawn.quantile(torch.tensor([tail, 1 - tail], dtype=drawn.dtype)).tolist()
    return low, high


def parts(total: int, size: int) -> list[int]:
    """Split `total` data sets into parts of at most `size`, so that all of one fit in memory."""
    return [min(size, total - done) for done in range(0, total, size)]


def summary(
    name: str, values: Tensor, generator: torch.Generator, statistic: str = "mean"
) -> dict[str, float]:
    """Return the facts ``name``, ``name_low`` and ``name_high`` of values over repetitions."""
    low, high = interval(values, generator, statistic)
    centre = float(getattr(values, statistic)())
    return {name: centre, f"{name}_low": low, f"{name}_high": high}
