"""Black and white squares: a task without fragile features, and a network that is fragile on it.

After P. Nakkiran, "Adversarial Examples are Just Bugs, Too" (Distill 2019,
doi:10.23915/distill.00019.5).
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from stillroom.media import palette
from stillroom.media.kinds import Frames
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial.attack import Pgd
from stillroom.recipes.adversarial.shared import at, columns, spread
from stillroom.recipes.adversarial.squares import square_net, squares
from stillroom.recipes.adversarial.training import Training, accuracy, passes

ARMS = {
    "both": "Noisy pixels and labels",
    "pixels": "Noisy pixels only",
    "labels": "Noisy labels only",
}
RADII = [0.01, 0.03, 0.1, 0.3]
LOOKS = [1, 2, 3, 5, 8, 12, 16, 20, 28, 40, 56]
BOUNDS = (-2.0, 2.0)  # wide enough for a square, its noise and every change
TESTED = 100
BATCH = 32
GRID = 48  # cells a side of a map
ACROSS, DOWN = 1.3, 0.3  # its reach: in the mean of the square, and along the change
MARK = 20  # grey of where the squares are


@recipe(
    view="scrubber",
    draft={"count": 500, "seeds": 1, "looks": [1, 28], "radii": [0.01]},
    cost="minutes",
    packages=["torch"],
)
def adversarial_squares(
    run: Run,
    *,
    count: Annotated[int, Field(ge=10)] = 1000,
    side: Annotated[int, Field(ge=4, le=64, multiple_of=4)] = 16,
    channels: Annotated[int, Field(ge=1, le=3)] = 3,
    pixel_noise: Annotated[float, Field(gt=0, lt=1)] = 0.1,
    label_noise: Annotated[float, Field(gt=0, lt=0.5)] = 0.1,
    seeds: Annotated[int, Field(ge=1)] = 3,
    looks: Annotated[list[int], Field(min_length=2)] = LOOKS,
    radii: Annotated[list[float], Field(min_length=1)] = RADII,
    rate: Annotated[float, Field(gt=0)] = 0.002,
) -> Result:
    """Train on squares that are all black or all white, until the noise is learnt by heart.

    A square with the label y of -1 or 1 has pixels (y + u) s. Each u is uniform within
    `pixel_noise` of 0; s is -1 with probability `label_noise`, which makes the label wrong, and
    else 1. Who looks at the mean of the square cannot be fooled within 1 - `pixel_noise` (Linf).
    We look at networks on fresh squares with noisy pixels and right labels, and count those that an
    attack flips. The controls leave out one kind of noise each: then there is nothing to learn by
    heart, or nothing to tell wrong labels by.

    Args:
        run: gives the device and the random numbers.
        count: training squares.
        side: pixels of a side.
        channels: numbers a pixel.
        pixel_noise: largest change of a pixel.
        label_noise: share of wrong labels.
        seeds: networks of each arm.
        looks: after which epochs to look; training ends with the last.
        radii: Linf, of the attacks, ascending.
        rate: of Adam, at the beginning; it falls to 0.

    Returns:
        For each arm ``both``, ``pixels``, ``labels`` the frames ``<arm>`` over `looks`: what the
        first network says in a plane, from blue for -1 to orange for 1. Across, from left, runs the
        mean of the square, from -1.3 to 1.3; up runs a pattern of signs, from -0.3 to 0.3 of it:
        the change that fools the trained network of ``both`` on a square of -1. Dark marks are at
        the means -1 and 1. Table ``flips``: ``epoch`` and for each arm the share flipped at the
        smallest radius, ``<arm>`` the mean over seeds, ``<arm>_low`` and ``<arm>_high`` their
        range. Table ``looks``: ``arm``, ``seed``, ``epoch``, ``training`` and ``test`` accuracy,
        ``flipped_at_<radius>``. Facts, with ``_low`` and ``_high`` for the range over seeds:
        ``<arm>_first_at_<radius>`` and ``<arm>_last_at_<radius>``, the share flipped at the first
        look and the last; ``<arm>_training`` and ``<arm>_test``, accuracies at the last; ``seeds``;
        ``linear_radius``, up to which the mean cannot be fooled.

    Raises:
        ValueError: looks that do not ascend from 1 or more.
    """
    if looks != sorted(set(looks)) or looks[0] < 1:
        raise ValueError(f"expected ascending looks from 1 on, not {looks}")
    shape = (channels, side, side)
    noises = {
        "both": (pixel_noise, label_noise),
        "pixels": (pixel_noise, 0.0),
        "labels": (0.0, label_noise),
    }
    settings = Training(epochs=looks[-1], rate=rate, batch=BATCH)
    rows: list[dict[str, Any]] = []
    films: dict[str, list[nn.Module]] = {arm: [] for arm in ARMS}
    jobs = [(arm, seed) for arm in ARMS for seed in range(seeds)]
    for arm, seed in run.steps(jobs, note="networks"):
        generator = run.generator("adversarial-squares", arm, seed)
        pixels, wrong = noises[arm]
        images, labels = squares(
            count, shape, pixel_noise=pixels, label_noise=wrong, generator=generator
        )
        fresh, true = squares(
            TESTED, shape, pixel_noise=pixel_noise, label_noise=0.0, generator=generator
        )
        images, labels, fresh, true = (
            each.to(run.device) for each in (images, labels, fresh, true)
        )
        net = square_net(shape, generator).to(run.device)
        for epoch in passes(net, images, labels, generator, training=settings):
            if epoch not in looks:
                continue
            seen: dict[str, Any] = {
                "arm": arm,
                "seed": seed,
                "epoch": epoch,
                "training": accuracy(net, images, labels),
                "test": accuracy(net, fresh, true),
            }
            for radius in radii:
                found = _attack()(net, fresh, true, radius, generator=generator)
                seen[at("flipped", radius)] = float(found.success.double().mean())
            rows.append(seen)
            if not seed:
                films[arm].append(deepcopy(net))
    facts: dict[str, float | int] = {"seeds": seeds, "linear_radius": 1 - pixel_noise}
    for arm in ARMS:
        last = list(_column(rows, "training", arm, looks[-1]))
        facts |= spread(f"{arm}_training", last)
        facts |= spread(f"{arm}_test", list(_column(rows, "test", arm, looks[-1])))
        for radius in radii:
            name = at("flipped", radius)
            first = list(_column(rows, name, arm, looks[0]))
            facts |= spread(at(f"{arm}_first", radius), first)
            facts |= spread(at(f"{arm}_last", radius), list(_column(rows, name, arm, looks[-1])))
    flips: dict[str, list[float]] = {"epoch": [float(look) for look in looks]}
    for arm in ARMS:
        for look in looks:
            numbers = spread(arm, list(_column(rows, at("flipped", radii[0]), arm, look)))
            for name, number in numbers.items():
                flips.setdefault(name, []).append(number)
    plane = _plane(films["both"][-1], shape)
    return Result(
        facts=facts,
        data={
            "axis": {"name": "epoch", "label": "Epochs", "values": looks, "unit": ""},
            "choices": [
                {"name": arm, "label": label, "frames": arm, "original": None}
                for arm, label in ARMS.items()
            ],
            "start": {"axis": len(looks) - 1, "choice": 0},
            "curve": {
                "table": "flips",
                "x": "epoch",
                "y": list(ARMS),
                "label": f"Squares flipped at {radii[0]:g}",
                "log": False,
            },
        },
        tables={"flips": flips, "looks": columns(rows)},
        assets={
            arm: Frames(torch.stack([_map(net, plane) for net in film]).cpu(), scale=4)
            for arm, film in films.items()
        },
    )


def _attack() -> Pgd:
    return Pgd(norm="Linf", steps=10, loss="margin", bounds=BOUNDS)


def _column(rows: list[dict[str, Any]], name: str, arm: str, epoch: int) -> Iterator[float]:
    return (row[name] for row in rows if row["arm"] == arm and row["epoch"] == epoch)


def _plane(net: nn.Module, shape: tuple[int, int, int]) -> Tensor:
    """Squares ``[GRID, GRID, *shape]`` with another mean across and more of a change upward."""
    device = next(net.parameters()).device
    black = -torch.ones(1, *shape, device=device)
    black_label = torch.zeros(1, dtype=torch.int64, device=device)
    pattern = (_attack()(net, black, black_label, 0.05).images - black)[0].sign()
    mean = torch.linspace(-ACROSS, ACROSS, GRID, device=device)
    change = torch.linspace(DOWN, -DOWN, GRID, device=device)
    return mean[None, :, None, None, None] + change[:, None, None, None, None] * pattern


def _map(net: nn.Module, plane: Tensor) -> Tensor:
    """The probability of 1 less that of -1 over the plane, coloured ``[GRID, GRID, 3]``.

    Dark marks stand where the means of black and white squares are.
    """
    with torch.no_grad():
        sure = net(plane.flatten(0, 1)).softmax(1)
    picture = torch.from_numpy(
        palette.apply((sure[:, 1] - sure[:, 0]).reshape(GRID, GRID).cpu(), -1, 1, "diverging")
    )
    middle = GRID // 2
    for mean in (-1, 1):
        at = round((GRID - 1) * (mean + ACROSS) / (2 * ACROSS))
        picture[middle - 1 : middle + 1, at : at + 2] = MARK
    return picture
