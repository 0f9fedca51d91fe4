"""Objectives: what an optimised picture should make of a network, one value per picture.

They add, subtract and scale: ``channel("block5", [3, 7]) - 0.1 * total_variation()``. A unit may be
given once, or once per picture of the batch, so that one pass serves many units of a layer.
Quantities of the picture itself (total variation and the like) are penalties: subtract them.

A rectified unit that is silent at the start has no gradient and stays as it is. Of eight units of
``head`` of EfficientNet-Lite0, all are silent on noise and none moves in 64 steps; asked for before
their ReLU6 (``head.linear``), all eight end at its upper bound of 6. So ask for ``.linear`` where
there is one, and for whole blocks as they are: these are linear at their end. Above 6 a ReLU6 gives
no gradient either, while its ``.linear`` goes on.

The menu is that of C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization" (Distill 2017,
doi:10.23915/distill.00007), with style and content of L. Gatys, A. Ecker and M. Bethge
(CVPR 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.diagnostics import StillroomError
from stillroom.models.layers import LOGITS

Units = int | Sequence[int] | Tensor
Position = tuple[int, int]


class UnknownUnitError(StillroomError):
    """A layer has no unit of that number."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one pass saw.

    Attributes:
        image: the pictures before any transform, ``[b, 3 or 4, h, w]`` in [0, 1].
        layers: outputs of the layers that were asked for, ``[b, c, h, w]`` or ``[b, c]``.
        rows: which pictures of the whole batch these are, ``[b]``.
    """

    image: Tensor
    layers: Mapping[str, Tensor]
    rows: Tensor


@dataclass(frozen=True, slots=True)
class Objective:
    """A quantity to be made large.

    Attributes:
        layers: the layers it needs.
        value: maps what a pass saw to one value per picture, ``[b]``.
        together: whether a value depends on other pictures too, so that a batch cannot be split.
    """

    layers: frozenset[str]
    value: Callable[[Seen], Tensor]
    together: bool = False

    def __add__(self, other: Objective | float) -> Objective:
        """The sum of two, or of one and a number."""
        if not isinstance(other, Objective):
            return Objective(self.layers, lambda seen: self.value(seen) + other, self.together)
        return Objective(
            self.layers | other.layers,
            lambda seen: self.value(seen) + other.value(seen),
            self.together or other.together,
        )

    def __mul__(self, factor: float | Tensor | Objective) -> Objective:
        """Scaled by a number, by one number per picture ``[b]``, or by another objective."""
        if isinstance(factor, Objective):
            return Objective(
                self.layers | factor.layers,
                lambda seen: self.value(seen) * factor.value(seen),
                self.together or factor.together,
            )
        each = torch.as_tensor(factor)
        return Objective(
            self.layers, lambda seen: self.value(seen) * _mine(each, seen), self.together
        )

    def __neg__(self) -> Objective:
        """The opposite."""
        return self * -1.0

    def __sub__(self, other: Objective | float) -> Objective:
        """The difference."""
        return self + -other

    __radd__ = __add__
    __rmul__ = __mul__


def neuron(layer: str, units: Units, position: Position | None = None) -> Objective:
    """One unit of each channel: the one at `position` (row, column), by default in the middle."""
    return _of_layer(layer, lambda a, seen: _at(_pick(a, units, seen, layer), position))


def channel(layer: str, units: Units) -> Objective:
    """The mean of a channel over all positions."""
    return _of_layer(layer, lambda a, seen: _mean(_pick(a, units, seen, layer)))


def energy(layer: str) -> Objective:
    """The mean square of a whole layer, as in DeepDream (A. Mordvintsev and others, 2015)."""
    return _of_layer(layer, lambda a, _: _mean(a.pow(2)))


def direction(
    layer: str, vectors: Tensor, position: Position | None = None, *, cosine_power: float = 0.0
) -> Objective:
    """Activations along a direction, the mean over positions or at one of them.

    Args:
        layer: a layer of c channels.
        vectors: ``[c]``, or one per picture ``[b, c]``; only their direction counts.
        position: row and column; None: all.
        cosine_power: multiplies by ``max(0.1, cos) ** power``, which asks for little else beside
            the direction (S. Carter and others, "Activation Atlas", Distill 2019).
    """

    def value(a: Tensor, seen: Seen) -> Tensor:
        v = functional.normalize(_mine(vectors, seen, 1).to(a), dim=-1).expand(len(a), -1)
        if a.dim() > 2:
            if position is not None:
                a = a[:, :, position[0], position[1]][..., None, None]
            v = v[:, :, None, None]
        along = (a * v).sum(1)
        if cosine_power:
            along = along * (along / (a.norm(dim=1) + 1e-6)).clamp(min=0.1) ** cosine_power
        return _mean(along)

    return _of_layer(layer, value)


def logit(classes: Units) -> Objective:
    """The logit of a class."""
    return channel(LOGITS, classes)


def log_probability(classes: Units) -> Objective:
    """The logarithm of a class's probability: its logit less the log-sum-exp of all."""
    return _of_layer(LOGITS, lambda a, seen: _pick(a.log_softmax(1), classes, seen, LOGITS))


def probability(classes: Units) -> Objective:
    """The probability of a class, after the softmax."""
    return _of_layer(LOGITS, lambda a, seen: _pick(a.softmax(1), classes, seen, LOGITS))


def interpolation(start: Objective, end: Objective, weights: Sequence[float] | Tensor) -> Objective:
    """``(1 - w) start + w end``, with one weight w per picture."""
    w = torch.as_tensor(weights)
    return start * (1 - w) + end * w


def diversity(layer: str, groups: Sequence[int] | None = None) -> Objective:
    """How different the pictures are: minus the mean cosine between their Gram matrices in a layer.

    Args:
        layer: a layer ``[b, c, h, w]``.
        groups: a number per picture; only pictures of one group are compared (None: all are).

    Returns:
        For each picture a value in [-1, 1], over all others of its group; 0 if it is alone.
    """

    def value(a: Tensor, seen: Seen) -> Tensor:
        flat = functional.normalize(gram(a).flatten(1), dim=1)
        cosines = flat @ flat.T
        group = torch.zeros(len(seen.rows)) if groups is None else torch.tensor(groups)
        other = (group[:, None] == group).to(a.device) & ~torch.eye(len(a)).bool().to(a.device)
        return -(cosines * other).sum(1) / other.sum(1).clamp(min=1)

    return Objective(frozenset({layer}), lambda seen: value(seen.layers[layer], seen), True)


def content(layer: str, target: Tensor) -> Objective:
    """Minus the mean squared difference to activations: the same things in the same places.

    Args:
        layer: a layer.
        target: what it gave for a picture, ``[c, h, w]``, or one per picture ``[b, c, h, w]``.
    """
    return _of_layer(layer, lambda a, seen: -_mean((a - _mine(target, seen, 3).to(a)).pow(2)))


def style(layer: str, target: Tensor) -> Objective:
    """Minus the mean squared difference of Gram matrices: the same things, wherever.

    Args:
        layer: a layer.
        target: `gram` of what it gave for a picture, ``[c, c]``, or one per picture ``[b, c, c]``.
    """
    return _of_layer(layer, lambda a, seen: -_mean((gram(a) - _mine(target, seen, 2).to(a)).pow(2)))


def total_variation() -> Objective:
    """Mean absolute difference between neighbouring pixels, across and down (a penalty)."""
    return _of_image(lambda x: _mean(x.diff(dim=2).abs()) + _mean(x.diff(dim=3).abs()))


def l1(about: float = 0.5) -> Objective:
    """Mean absolute difference of pixels to `about` (a penalty)."""
    return _of_image(lambda x: _mean((x - about).abs()))


def l2(about: float = 0.5) -> Objective:
    """Mean squared difference of pixels to `about` (a penalty)."""
    return _of_image(lambda x: _mean((x - about).pow(2)))


def blur() -> Objective:
    """Mean squared difference of the picture to itself, blurred (a penalty on fine detail).

    The blur is binomial and 5 pixels wide.
    """

    def value(x: Tensor) -> Tensor:
        binomial = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]).to(x) / 16
        kernel = torch.outer(binomial, binomial).expand(x.shape[1], 1, 5, 5)
        smooth = functional.conv2d(
            functional.pad(x, (2, 2, 2, 2), "replicate"), kernel, groups=x.shape[1]
        )
        return _mean((x - smooth).pow(2))

    return _of_image(value)


def opacity() -> Objective:
    """Mean of the alpha channel, in [0, 1] (a penalty)."""
    return Objective(frozenset(), lambda seen: _mean(seen.image[:, 3]))


def gram(a: Tensor) -> Tensor:
    """Products of channels, the mean over positions: ``[b, c, h, w]`` → ``[b, c, c]``."""
    flat = a.flatten(2)
    return flat @ flat.mT / flat.shape[2]


def check_units(units: Iterable[int], channels: int, layer: str) -> None:
    """Refuse units that a layer does not have.

    Raises:
        UnknownUnitError: a number is not from 0 to `channels` - 1; the message names the nearest.
    """
    for unit in units:
        if not 0 <= unit < channels:
            nearest = min(max(unit, 0), channels - 1)
            raise UnknownUnitError(
                f"layer '{layer}' has {channels} units and none is {unit}; did you mean {nearest}?"
            )


def _mean(values: Tensor) -> Tensor:
    """The mean of each picture's values, ``[b, …]`` → ``[b]``."""
    return values.reshape(len(values), -1).mean(1)


def _of_layer(layer: str, value: Callable[[Tensor, Seen], Tensor]) -> Objective:
    return Objective(frozenset({layer}), lambda seen: value(seen.layers[layer], seen))


def _of_image(value: Callable[[Tensor], Tensor]) -> Objective:
    """Of the colours, without alpha."""
    return Objective(frozenset(), lambda seen: value(seen.image[:, :3]))


def _mine(each: Tensor, seen: Seen, dim: int = 0) -> Tensor:
    """What of `each` belongs to these pictures; one for all has `dim` dimensions."""
    return each.to(seen.rows.device)[seen.rows] if each.dim() > dim else each.to(seen.rows.device)


def _pick(a: Tensor, units: Units, seen: Seen, layer: str) -> Tensor:
    """One channel of each picture: ``[b, c, …]`` → ``[b, …]``."""
    chosen = _mine(torch.as_tensor(units), seen).expand(len(a))
    check_units(chosen.tolist(), a.shape[1], layer)
    return a[torch.arange(len(a), device=a.device), chosen]


def _at(a: Tensor, position: Position | None) -> Tensor:
    """``[b, h, w]`` → ``[b]``: one position, by default the middle. ``[b]`` is as it is."""
    if a.dim() == 1:
        return a
    row, column = position or (a.shape[1] // 2, a.shape[2] // 2)
    return a[:, row, column]
