"""How far averages of random numbers are from where they should settle."""

from typing import Literal

import numpy as np

from stillroom import Result, Run, recipe


@recipe(view="table", draft={"walks": 50}, packages=["numpy"])
def settling(
    run: Run,
    *,
    of: Literal["coins", "cauchy"] = "coins",
    by: Literal["mean", "median"] = "mean",
    walks: int = 400,
) -> Result:
    """Measure how far the middle of n random numbers lies from 0, for growing n.

    Args:
        of: fair coins of ±1, or the Cauchy distribution, which has no mean.
        by: what is taken as the middle.
        walks: repetitions.
    """
    random = np.random.default_rng(run.seed)
    sizes = [10, 100, 1000]
    middle = {"mean": np.mean, "median": np.median}[by]
    distances = []
    for size in sizes:
        shape = (walks, size)
        draws = (
            random.choice([-1.0, 1.0], shape) if of == "coins" else random.standard_cauchy(shape)
        )
        distances.append(float(np.median(np.abs(middle(draws, axis=1)))))
    return Result(
        facts={"at_10": distances[0], "at_1000": distances[-1]},
        tables={"distance": {"numbers": sizes, "distance": distances}},
    )
