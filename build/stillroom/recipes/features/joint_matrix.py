"""Two units in one picture: how they get on when both are optimised together.

C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization" (Distill 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.drawing import draw
from stillroom.recipes.features.objective import channel
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.reading import activations
from stillroom.recipes.features.sheets import sheet

UNITS = [84, 168, 336, 504, 588]
NOISES = 8  # to find what a channel gives for noise


@dataclass(frozen=True, slots=True)
class Pairs:
    """What p pairs of c channels reach from s starts, the pairs of a channel with itself included.

    Attributes:
        reached: by the two channels of each pair, of what each reaches alone, ``[s, p, 2]``.
        moved: the sum of both when moved at random, ``[s, p]``.
        alone: what channel j reaches in the picture of channel i alone, ``[c, c]``, over starts.
        image: the pictures from the first start, ``[p, 3, size, size]``.
    """

    reached: Tensor
    moved: Tensor
    alone: Tensor
    image: Tensor


@recipe(
    view="picture-matrix",
    draft={"units": UNITS[:3], "seeds": 1, "steps": 6, "size": 64},
    cost="minutes",
    packages=["torch", WHEEL],
)
def joint_matrix(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    layer: str = "block9.expand.linear",
    units: Annotated[list[int], Field(min_length=2)] = UNITS,
    seeds: Annotated[int, Field(ge=1)] = 3,
    steps: Annotated[int, Field(ge=1)] = 96,
    size: Annotated[int, Field(ge=32)] = 96,
) -> Result:
    """Draw every pair of some channels of a layer, each weighed by what it reaches alone.

    What a channel reaches in a picture is its mean over the picture, less its mean over the noise
    that pictures begin as, divided by the same for the channel alone (means over seeds). So 0 is
    noise, 1 is alone. The objective of a pair is the sum of both.

    Args:
        run: gives the random numbers.
        model: a network; the control is an untrained copy, drawn once.
        layer: a layer.
        units: its channels.
        seeds: starts, over which numbers are averaged; the first is shown.
        steps: of Adam.
        size: pixels a side.

    Returns:
        Frames ``pictures`` and ``control``: a row and a column for each unit, on the diagonal the
        unit alone; table ``pictures``: ``row`` and ``column``, what the unit of the row and of the
        column reaches, as a share of what it reaches alone, ``both`` their sum, ``moved`` the sum
        when moved at random, and the same of the control with ``control_``. Facts:
        ``shared``, the mean over pairs of half of ``both``, with ``shared_low`` and ``_high``, the
        extremes over pairs; ``spread``, the largest standard deviation over seeds of half of
        ``both``; ``bystander``, the mean over pairs of what a unit reaches in the picture of the
        other alone; ``best_pair`` and ``worst_pair``; ``control_shared``; ``pairs``, ``seeds``.
    """
    count = len(units)
    pairs = [(i, j) for i in range(count) for j in range(i, count)]
    sizes = {"steps": steps, "size": size}
    net = load_model(model).to(run.device)
    together = draw_pairs(
        run, net, layer, units, seeds=seeds, name="trained", share=(0.0, 0.8), **sizes
    )
    untrained = load_model(model, pretrained=False, seed=run.seed).to(run.device)
    control = draw_pairs(
        run, untrained, layer, units, seeds=1, name="untrained", share=(0.8, 1.0), **sizes
    )
    reached = together.reached
    apart = [k for k, (i, j) in enumerate(pairs) if i != j]
    half = reached.sum(2)[:, apart] / 2  # [seeds, pairs apart]
    means = half.mean(0)
    names = [f"{units[i]} and {units[j]}" for i, j in (pairs[k] for k in apart)]
    cells = [
        (pairs.index((min(i, j), max(i, j))), i > j) for i in range(count) for j in range(count)
    ]
    mean, moved, other = reached.mean(0), together.moved.mean(0), control.reached[0]
    strangers = ~torch.eye(count, dtype=torch.bool)
    return Result(
        facts={
            "pairs": len(apart),
            "seeds": seeds,
            "shared": float(means.mean()),
            "shared_low": float(means.min()),
            "shared_high": float(means.max()),
            "spread": float(half.std(0).max()) if seeds > 1 else 0.0,
            "bystander": float(together.alone[strangers].mean()),
            "best_pair": names[int(means.argmax())],
            "worst_pair": names[int(means.argmin())],
            "control_shared": float(other.sum(1)[apart].mean() / 2),
        },
        data={
            "rows": {"name": "first", "label": "Channel", "values": units},
            "columns": {"name": "second", "label": "with channel", "values": units},
            "numbers": [
                {
                    "name": "both",
                    "label": "Both together (2: each as if alone)",
                    "control": "control_both",
                },
                {"name": "row", "label": "Channel of the row", "control": "control_row"},
                {"name": "column", "label": "Channel of the column", "control": "control_column"},
                {"name": "moved", "label": "Both together, moved", "control": "control_moved"},
            ],
            "frames": "pictures",
            "control": "control",
            "labels": ["Trained", "Untrained copy"],
            "table": "pictures",
            "start": {"row": 0, "column": 1},
        },
        tables={
            "pictures": {
                "both": [float(mean[k].sum()) for k, _ in cells],
                "row": [float(mean[k, int(turned)]) for k, turned in cells],
                "column": [float(mean[k, 1 - int(turned)]) for k, turned in cells],
                "moved": [float(moved[k]) for k, _ in cells],
                "control_both": [float(other[k].sum()) for k, _ in cells],
                "control_row": [float(other[k, int(turned)]) for k, turned in cells],
                "control_column": [float(other[k, 1 - int(turned)]) for k, turned in cells],
                "control_moved": [float(control.moved[0, k]) for k, _ in cells],
            }
        },
        assets={
            "pictures": sheet(together.image[[k for k, _ in cells]]),
            "control": sheet(control.image[[k for k, _ in cells]]),
        },
    )


def draw_pairs(
    run: Run,
    net: Vision,
    layer: str,
    units: list[int],
    *,
    seeds: int,
    steps: int,
    size: int,
    name: str,
    share: tuple[float, float],
) -> Pairs:
    """Draw each channel alone, then each pair weighed by that."""
    count = len(units)
    pairs = [(i, j) for i in range(count) for j in range(i, count)]
    total = seeds * len(pairs)
    done, width = share[0], share[1] - share[0]

    def means(image: Tensor) -> Tensor:
        """All channels' means, ``[b, c]``."""
        return activations(net, image, [layer])[layer][:, units].mean((2, 3))

    alone, singles = [], []
    for seed in range(seeds):
        step = width * count / total
        drawn = draw(
            run,
            net,
            channel(layer, units),
            fourier(count, size, run.generator("start", seed)),
            name=f"{name}-alone-{seed}",
            steps=steps,
            share=(done, done + step),
        )
        done += step
        alone.append(means(drawn.image))
        singles.append(drawn)
    noise = fourier(NOISES, size, run.generator("noise"))
    base = means(noise.draw(noise.tensors)).mean(0)  # [c]
    scale = 1 / (torch.stack(alone).mean(0).diagonal() - base)  # [c]
    apart = [(i, j) for i, j in pairs if i != j]
    first = torch.tensor([i for i, _ in apart])
    second = torch.tensor([j for _, j in apart])
    objective = channel(layer, [units[i] for i in first.tolist()]) * scale[first]
    objective += channel(layer, [units[j] for j in second.tolist()]) * scale[second]
    reached = torch.zeros(seeds, len(pairs), 2)
    moved = torch.zeros(seeds, len(pairs))
    image = torch.zeros(len(pairs), 3, size, size)
    for seed in range(seeds):
        step = width * len(apart) / total
        drawn = draw(
            run,
            net,
            objective,
            fourier(len(apart), size, run.generator("start", seed, "pairs")),
            name=f"{name}-pairs-{seed}",
            steps=steps,
            share=(done, done + step),
        )
        done += step
        shares = (means(drawn.image) - base) * scale
        for k, (i, j) in enumerate(pairs):
            if i == j:
                reached[seed, k] = (alone[seed][i, i] - base[i]) * scale[i]
                moved[seed, k] = 2 * (singles[seed].moved[i] - base[i]) * scale[i]
            else:
                row = apart.index((i, j))
                reached[seed, k] = shares[row, [i, j]]
                moved[seed, k] = drawn.moved[row] - base[i] * scale[i] - base[j] * scale[j]
            if seed == 0:
                image[k] = singles[0].image[i] if i == j else drawn.image[row]
    return Pairs(reached, moved, (torch.stack(alone).mean(0) - base) * scale, image)
