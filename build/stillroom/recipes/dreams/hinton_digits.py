"""The weights of a small network, drawn as they are: a Hinton diagram.

G. Hinton, J. McClelland and D. Rumelhart, "Distributed Representations" (in *Parallel Distributed
Processing* 1, 1986) draw a weight as a square, its area the size and its colour the sign.
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from stillroom.media.kinds import Frames
from stillroom.models.digits import CLASSES, SIDE, Digits, digits
from stillroom.recipe import Result, Run, recipe

POSITIVE, NEGATIVE, PAPER = 1.0, 0.07, 0.54  # greys, as in the view
BLOCK = 14  # pixels a weight in the picture of a unit
RATE, DECAY = 0.01, 1.0  # of AdamW, on all digits at once


@recipe(view="hinton", draft={"nets": 2}, packages=["torch", "scikit-learn"])
def hinton_digits(
    run: Run,
    *,
    units: Annotated[int, Field(ge=2, le=64)] = 12,
    steps: Annotated[int, Field(ge=0)] = 600,
    nets: Annotated[int, Field(ge=2)] = 5,
) -> Result:
    """Train networks of one hidden layer on digits, and draw the weights of the first.

    64 pixels → rectified units → 10 logits, cross entropy and weight decay. Of the trained network
    as of the untrained one (no steps) each unit has a row of ten weights to the digits, and a
    picture of its 64 weights from the pixels.

    *Smoothness* is the correlation between the weights of neighbouring pixels, across and down,
    over all units: about 0 for random weights.

    Args:
        run: gives the initial weights; the arithmetic is on the CPU.
        units: hidden ones.
        steps: of training; 0 leaves the weights as they were drawn.
        nets: networks trained from different weights, for the spread.

    Returns:
        Table ``outgoing`` (``unit``, then a column a digit) and frames ``incoming``, a picture a
        unit, white for positive weights and black for negative ones. Facts: ``accuracy`` on 500
        other digits and ``smoothness``, means over networks, each with ``_low`` and ``_high``, the
        least and the largest; ``nets``, how many.
    """
    training, test = digits()
    found = [
        train(training, units, steps, run.generator("weights", number))
        for number in run.steps(range(nets), note="networks")
    ]
    measures = {
        "accuracy": [accuracy(net, test) for net in found],
        "smoothness": [smoothness(net.incoming) for net in found],
    }
    shown = found[0]
    facts: dict[str, Any] = {"nets": nets}
    for name, values in measures.items():
        facts |= {
            name: sum(values) / nets,
            f"{name}_low": min(values),
            f"{name}_high": max(values),
        }
    return Result(
        facts=facts,
        data={"rows": "Unit", "columns": "Digit", "table": "outgoing", "patterns": "incoming"},
        tables={
            "outgoing": {
                "unit": list(range(1, units + 1)),
                **{str(digit): shown.outgoing[digit].tolist() for digit in range(CLASSES)},
            }
        },
        assets={"incoming": Frames(draw(shown.incoming))},
    )


class Net(nn.Module):
    """64 pixels → rectified units → 10 logits; weights start normal with variance 1 / fan in."""

    def __init__(self, units: int, generator: torch.Generator) -> None:
        super().__init__()
        self.hidden = nn.Linear(SIDE * SIDE, units)
        self.logits = nn.Linear(units, CLASSES)
        with torch.no_grad():
            for layer in (self.hidden, self.logits):
                layer.weight.normal_(std=layer.in_features**-0.5, generator=generator)
                layer.bias.zero_()

    def forward(self, images: Tensor) -> Tensor:
        """``[b, 1, 8, 8]`` → ``[b, 10]``."""
        logits: Tensor = self.logits(self.hidden(images.flatten(1)).relu())
        return logits

    @property
    def incoming(self) -> Tensor:
        """Weights from pixels, ``[units, 8, 8]``."""
        return self.hidden.weight.detach().reshape(-1, SIDE, SIDE)

    @property
    def outgoing(self) -> Tensor:
        """Weights to digits, ``[10, units]``."""
        return self.logits.weight.detach()


def train(training: Digits, units: int, steps: int, generator: torch.Generator) -> Net:
    """A network after `steps`, from weights that `generator` draws."""
    net = Net(units, generator)
    adam = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    for _ in range(steps):
        loss = functional.cross_entropy(net(training.images), training.labels)
        adam.zero_grad()
        torch.autograd.backward(loss)
        adam.step()
    return net


@torch.no_grad()
def accuracy(net: Net, test: Digits) -> float:
    """The share of digits that are named right."""
    return float((net(test.images).argmax(1) == test.labels).double().mean())


def smoothness(weights: Tensor) -> float:
    """The correlation between the weights ``[units, h, w]`` of neighbouring pixels."""
    pairs = [
        (weights[:, :, :-1], weights[:, :, 1:]),
        (weights[:, :-1], weights[:, 1:]),
    ]
    one, other = (torch.cat([pair[side].flatten() for pair in pairs]) for side in (0, 1))
    return float(torch.corrcoef(torch.stack([one, other]))[0, 1])


def draw(weights: Tensor) -> Tensor:
    """Pictures ``[units, h b, w b, 1]`` of weights ``[units, h, w]``, b = `BLOCK` pixels a weight.

    A weight is a square whose area is its size, of the largest of its unit.
    """
    count, height, width = weights.shape
    most = weights.abs().amax((1, 2), keepdim=True).clamp(min=1e-12)
    half = (weights.abs() / most).sqrt() * (BLOCK - 1) / 2
    place = torch.arange(BLOCK) - (BLOCK - 1) / 2
    inside = (place.abs() <= half[..., None]).float()  # [units, h, w, b]: of one side
    square = inside[..., :, None] * inside[..., None, :]  # [units, h, w, b, b]
    grey = torch.where(weights > 0, POSITIVE, NEGATIVE)[..., None, None]
    cells = torch.lerp(torch.tensor(PAPER), grey, square)
    return cells.permute(0, 1, 3, 2, 4).reshape(count, height * BLOCK, width * BLOCK, 1)
