"""Where an ordinary attack goes and where one on a single network goes, in a plane.

After the sketch in P. Nakkiran, "Adversarial Examples are Just Bugs, Too" (Distill 2019,
doi:10.23915/distill.00019.5), in which the gradient of a network has a part along what the data
vary in, and a part off the data that is the network's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from stillroom.media.kinds import Frames
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial import plane
from stillroom.recipes.adversarial.attack import Pgd, aim
from stillroom.recipes.adversarial.goals import only
from stillroom.recipes.adversarial.plane_nets import Weights, fit, logit, model, some
from stillroom.recipes.adversarial.shared import at, columns, spread
from stillroom.recipes.value.network import initial

APART = 0.15  # of the mean of a class from the middle, along the feature
FEATURE, FAINT = 0.05, 0.01  # deviations of the data within a class
HIDDEN = 32
SHOWN = 8  # points whose ways are drawn
WIDE = 0.64  # of the plane that is drawn, about the middle of the data
ATTACKS = {"pgd": "Ordinary attack", "bug": "Bug attack"}


@recipe(
    view="scrubber",
    draft={"seeds": 2, "count": 16, "training": 150, "steps": 20, "frames": 4},
    packages=["torch"],
)
def bug_paths(
    run: Run,
    *,
    gains: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)] = [2, 1],  # noqa: B006
    faint: Annotated[int, Field(ge=1, le=200)] = 20,
    count: Annotated[int, Field(ge=SHOWN, le=400)] = 40,
    others: Annotated[int, Field(ge=1, le=32)] = 8,
    radius: Annotated[float, Field(gt=0, le=0.5)] = 0.25,
    steps: Annotated[int, Field(ge=2, le=200)] = 40,
    frames: Annotated[int, Field(ge=2, le=60)] = 20,
    seeds: Annotated[int, Field(ge=2, le=50)] = 6,
    training: Annotated[int, Field(ge=1)] = 300,
    rate: Annotated[float, Field(gt=0)] = 0.1,
) -> Result:
    """Attack a network that shares one feature with others and has directions of its own.

    Points have one coordinate that tells two classes apart and `faint` ones in which they hardly
    vary. Networks of two layers of 32 rectified units learn the same points from different random
    weights, by gradient descent with momentum: along the faint coordinates the data give no
    gradient, and what was drawn stays. One network is attacked within a ball (L2) in two ways,
    toward the other class: ordinarily, and so that `others` go on to see the true class. As many
    new networks, which no attack has seen, are then asked.

    Args:
        run: gives the device and the random numbers.
        gains: sizes of the initial weights, as multiples of Glorot's; the first is drawn.
        faint: coordinates in which the data hardly vary.
        count: points, half of each class.
        others: networks that the bug attack spares, and as many new ones.
        radius: of the attacks. The means of the classes are 0.3 apart.
        steps: of the attacks.
        frames: how many of their steps are drawn, at most.
        seeds: independent repetitions.
        training: steps of gradient descent, on all points at once.
        rate: of gradient descent; the momentum is 0.9.

    Returns:
        The Frames ``pgd`` and ``bug``, over steps of the attack, for the first gain and seed:
        what the attacked network says in a plane, blue for 0 and orange for 1, and as thin lines
        the borders of the new networks. Across is the feature; upward is the direction in which the
        attacked network's logit rises most among the faint ones, at the middle of the data. The
        ways of 8 points are drawn into the plane, with the points in the colour of their class.
        Table ``carried``: ``step``, ``pgd``, ``bug``, the share of new networks that see the target
        in a point, over all seeds of the first gain. Facts at each gain, the mean over seeds with
        ``_low`` and ``_high``: ``<attack>_success``, the share of points that the network takes for
        the other class; ``<attack>_carried``, the share of new networks that take these so, too;
        ``<attack>_along``, how far a point is moved along the feature toward the other class, and
        ``<attack>_off``, how far in all other directions; ``<attack>_shown``, how much of the
        latter is in the plane. ``right_at_<gain>``, the least share of points that any network
        learns; ``seeds``, ``points``, ``faint``, ``others``.
    """
    generator = run.generator("bug-paths")
    labels = torch.arange(count) % 2
    points = 0.5 + FAINT * torch.randn(seeds, count, 1 + faint, generator=generator)
    wide = FEATURE * torch.randn(seeds, count, generator=generator)
    points[..., 0] = 0.5 + APART * (2 * labels - 1) + wide
    points, labels = points.clamp(0, 1).to(run.device), labels.to(run.device)
    group = 1 + 2 * others
    drawn = initial(seeds * group, HIDDEN, generator, inputs=1 + faint)
    facts: dict[str, float | int] = {
        "seeds": seeds,
        "points": count,
        "faint": faint,
        "others": others,
    }
    stops = list(range(0, steps + 1, -(-steps // frames)))
    shown: dict[str, Tensor] = {}
    carried: dict[str, list[Tensor]] = {}
    learnt = points.repeat_interleave(group, 0)
    for gain in run.steps(gains, note="gains"):
        weights = fit(
            {name: (gain * each).to(run.device) for name, each in drawn.items()},
            learnt,
            labels.expand(seeds * group, count),
            partial(torch.optim.SGD, lr=rate, momentum=0.9),
            steps=training,
        )
        right = ((logit(weights, learnt) > 0) == (labels == 1)).double().mean(1)
        facts[at("right", gain)] = float(right.min())
        measured: dict[str, list[float]] = {}
        for seed in range(seeds):
            nets = some(weights, slice(seed * group, (seed + 1) * group))
            up = _own_direction(nets)
            ways = _attack(nets, points[seed], labels, radius, steps)
            if gain == gains[0] and seed == 0:
                shown = _draw(
                    nets, up, {k: way[:, :SHOWN] for k, way in ways.items()}, labels, stops
                )
            for name, walked in ways.items():
                said = logit(nets, walked.flatten(0, 1)).reshape(group, steps + 1, count) > 0
                fooled = said != (labels == 1)
                won, new = fooled[0, -1], fooled[1 + others :].double().mean(0)
                moved = walked[-1] - walked[0]
                off = moved[:, 1:].norm(dim=1)
                for what, value in {
                    "success": won.double().mean(),
                    "carried": new[-1, won].mean() if bool(won.any()) else torch.tensor(0.0),
                    "along": (moved[:, 0] * (1 - 2 * labels)).mean(),
                    "off": off.mean(),
                    "shown": (moved @ up).abs().mean() / off.mean(),
                }.items():
                    measured.setdefault(f"{name}_{what}", []).append(float(value))
                if gain == gains[0]:
                    carried.setdefault(name, []).append(new.mean(1))
        for name, values in measured.items():
            facts |= spread(at(name, gain), values)
    rows: list[dict[str, Any]] = [
        {"step": step}
        | {name: float(torch.stack(each)[:, step].mean()) for name, each in carried.items()}
        for step in stops
    ]
    return Result(
        facts=facts,
        data={
            "axis": {
                "name": "step",
                "label": "Step",
                "values": stops,
                "unit": "",
            },
            "choices": [
                {"name": name, "label": label, "frames": name, "original": None}
                for name, label in ATTACKS.items()
            ],
            "start": {"axis": len(stops) - 1, "choice": 0},
            "together": True,
            "curve": {
                "table": "carried",
                "x": "step",
                "y": list(ATTACKS),
                "label": "New networks that see the other class",
                "log": False,
            },
        },
        tables={"carried": columns(rows)},
        assets={name: Frames(drawn) for name, drawn in shown.items()},
    )


def _attack(
    nets: Weights, points: Tensor, labels: Tensor, radius: float, steps: int
) -> dict[str, Tensor]:
    """Attack the first network, sparing the first half of the rest: ways ``[steps + 1, n, d]``."""
    first, *rest = (model(nets, number) for number in range(len(nets["W1"])))
    attack = Pgd(norm="L2", steps=steps)
    goals = {
        "pgd": aim(first, 1 - labels, targeted=True),
        "bug": only(first, rest[: len(rest) // 2], labels, 1 - labels),
    }
    return {
        name: plane.until_best(attack.path(goal, points, radius)) for name, goal in goals.items()
    }


def _own_direction(nets: Weights) -> Tensor:
    """The direction ``[d]`` of the first network's gradient among the faint coordinates."""
    middle = torch.full_like(nets["W1"][:1, :, 0], 0.5).requires_grad_()
    (gradient,) = torch.autograd.grad(logit(some(nets, slice(1)), middle).sum(), middle)
    own: Tensor = gradient[0].clone()
    own[0] = 0
    return functional.normalize(own, dim=0)


def _draw(
    nets: Weights, up: Tensor, ways: Mapping[str, Tensor], labels: Tensor, stops: Sequence[int]
) -> dict[str, Tensor]:
    """Draw ways ``[steps + 1, n, d]`` up to each of some steps, ``[stops, SIDE, SIDE, 3]``."""
    feature = torch.zeros_like(up)
    feature[0] = 1
    axes = torch.stack([feature, up])
    places = 0.5 + WIDE * (plane.grid().to(up.device) - 0.5) @ axes
    said, *_ = logit(some(nets, slice(1)), places)
    new = some(nets, slice(1 + len(nets["W1"]) // 2, None))
    below = plane.borders(plane.tint(said.sigmoid()), logit(new, places))
    drawn = {}
    for name, walked in ways.items():
        flat = 0.5 + (walked - 0.5) @ axes.T / WIDE
        drawn[name] = torch.stack(
            [plane.points(plane.ways(below, flat[: s + 1]), flat[s], labels) for s in stops]
        )
    return drawn
