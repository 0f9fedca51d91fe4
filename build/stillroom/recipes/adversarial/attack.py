"""Projected gradient ascent on what an attacker wants, for any classifier with bounded input.

The fast gradient sign method is that of I. Goodfellow and others, "Explaining and Harnessing
Adversarial Examples" (ICLR 2015); its repetition with projection and random start that of
A. Madry and others, "Towards Deep Learning Models Resistant to Adversarial Attacks" (ICLR 2018).
In L2 a step goes along the gradient, in Linf along its signs.

What an attacker wants is a `Goal`, so that an attack on several networks at once is another goal
and not another loop. Anything called as an `Attack` is can be evaluated as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.recipes.adversarial.norms import Bounds, Norm, Region

Model = Callable[[Tensor], Tensor]  # images [b, ...] to logits [b, classes]
Loss = Literal["cross-entropy", "margin"]


class Judged(NamedTuple):
    """How images serve an attacker: `loss` ``[b]`` to be raised, `predicted`, and `success`."""

    loss: Tensor
    predicted: Tensor
    success: Tensor


# Images [b, ...], and which rows of the whole set they are [b], to how they serve.
Goal = Callable[[Tensor, Tensor], Judged]


@dataclass(frozen=True, slots=True)
class Found:
    """What an attack found for each image; of a `Pgd.path`, with an axis of steps before.

    Attributes:
        images: ``[b, ...]``, in the ball and in the box.
        success: bool ``[b]``.
        predicted: int64 ``[b]``.
        loss: ``[b]``, what the attacker raised.
    """

    images: Tensor
    success: Tensor
    predicted: Tensor
    loss: Tensor


class Attack(Protocol):
    """A way to change images so that a model errs, within a radius of each."""

    @property
    def norm(self) -> Norm:
        """In which the radius is measured."""

    def __call__(
        self,
        model: Model,
        images: Tensor,
        labels: Tensor,
        radius: float | Tensor,
        *,
        targeted: bool = False,
        generator: torch.Generator | None = None,
    ) -> Found:
        """Attack each image; see `Pgd`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pgd:
    """Projected gradient ascent.

    The model takes images inside `bounds` to logits; whatever normalisation it wants is its own. It
    should be in eval mode. Only gradients into the images are computed.

    Attributes:
        norm: L2 or Linf.
        steps: of each restart.
        step_size: in radii; by default 2.5 / steps, which is enough to cross the ball.
        loss: the cross-entropy, or the margin of logits (N. Carlini and D. Wagner, 2017), which
            does not level off where a network is sure.
        restarts: walks from different places, of which the best is kept.
        stop: leave an image alone as soon as an attack on it succeeds. Quicker, and all that an
            accuracy needs; without it the walk goes on, to a higher loss.
        bounds: the smallest and the largest value of a pixel.
        batch: images at a time.
    """

    norm: Norm = "L2"
    steps: int = 20
    step_size: float | None = None
    loss: Loss = "cross-entropy"
    restarts: int = 1
    stop: bool = False
    bounds: Bounds = (0.0, 1.0)
    batch: int = 128

    def __post_init__(self) -> None:
        if min(self.steps, self.restarts, self.batch) < 1:
            raise ValueError("steps, restarts and batch should be 1 or more")

    def __call__(
        self,
        model: Model,
        images: Tensor,
        labels: Tensor,
        radius: float | Tensor,
        *,
        targeted: bool = False,
        generator: torch.Generator | None = None,
    ) -> Found:
        """Attack each image within its radius.

        Args:
            model: the classifier.
            images: float ``[b, ...]`` inside the bounds.
            labels: int64 ``[b]``: what each is, or with `targeted` what it should be taken for.
            radius: one for all, or one for each ``[b]``; an image may come several times, with
                several radii. With radius 0 an image comes back as it is.
            targeted: go for `labels`, rather than away from them.
            generator: draws where each walk starts, uniformly in its ball. Without one the only
                walk starts from the image itself.

        Returns:
            The best point of all walks: one that succeeds before one that does not, then the one
            of highest loss.

        Raises:
            ValueError: images outside the bounds, or shapes or settings that do not fit.
        """
        if labels.shape != (len(images),) or labels.dtype != torch.int64:
            raise ValueError(
                f"labels should be int64 [{len(images)}], one an image, not {labels.dtype} "
                f"{list(labels.shape)}"
            )
        goal = aim(model, labels, targeted=targeted, loss=self.loss)
        return self.reach(goal, images, radius, generator=generator)

    def reach(
        self,
        goal: Goal,
        images: Tensor,
        radius: float | Tensor,
        *,
        generator: torch.Generator | None = None,
    ) -> Found:
        """Attack for any goal; the rest as for a call."""
        region = self._region(images, radius, generator)
        best = _nothing(images)
        for _ in range(self.restarts):
            # All of it is drawn at once: neither batches nor early stops change what is drawn.
            begin = images if generator is None else region.random(generator)
            left = torch.arange(len(images), device=images.device)
            if self.stop:
                left = left[~best.success]
            for part in torch.split(left, self.batch):
                self._search(goal, region, begin, part, best)
        if bool(best.loss.isneginf().any()):
            raise ValueError("the model's logits are not finite")
        return best

    def path(
        self,
        goal: Goal,
        images: Tensor,
        radius: float | Tensor,
        *,
        generator: torch.Generator | None = None,
    ) -> Found:
        """Return all points of one walk for `goal`: ``images[steps + 1, b, ...]`` and so on.

        All images walk on to the end, whatever `stop` says.
        """
        region = self._region(images, radius, generator)
        begin = images if generator is None else region.random(generator)
        whole = torch.arange(len(images), device=images.device)
        points = [point for point, _ in self._walk(goal, region, begin, whole, stop=False)]
        return Found(
            images=torch.stack([point.images for point in points]),
            success=torch.stack([point.success for point in points]),
            predicted=torch.stack([point.predicted for point in points]),
            loss=torch.stack([point.loss for point in points]),
        )

    def _region(
        self, images: Tensor, radius: float | Tensor, generator: torch.Generator | None
    ) -> Region:
        """Check all that is given, and return where the images may go."""
        check(images, self.bounds)
        if self.restarts > 1 and generator is None:
            raise ValueError("restarts need a generator: without one every walk is the same")
        given = torch.as_tensor(radius, dtype=torch.float64, device=images.device)
        if given.shape not in {(), (len(images),)}:
            raise ValueError(
                f"radius has shape {list(given.shape)}; expected one number, or one for each of "
                f"{len(images)} images"
            )
        if not bool((given >= 0).all()):
            raise ValueError("a radius is negative or NaN")
        return Region.about(images, given.expand(len(images)), self.norm, self.bounds)

    def _search(self, goal: Goal, region: Region, begin: Tensor, part: Tensor, best: Found) -> None:
        """Walk with the rows `part`, and write what is better than before into `best`."""
        own: Found | None = None
        for point, walking in self._walk(goal, region[part], begin[part], part, stop=self.stop):
            own = point if own is None else _better(own, point)
            if walking is not None:  # the rest has arrived
                _write(best, part, own)
                part, own = part[walking], _take(own, walking)
        if own is not None:
            _write(best, part, own)

    def _walk(
        self, goal: Goal, region: Region, begin: Tensor, part: Tensor, *, stop: bool
    ) -> Iterator[tuple[Found, Tensor | None]]:
        """Yield where the rows `part` start, and where they are after each step.

        With `stop` a row that succeeds goes no further: with its last point comes which rows go on,
        as a mask.
        """
        size = region.radius * (2.5 / self.steps if self.step_size is None else self.step_size)
        at = begin.detach()
        for _ in range(self.steps):
            variable = at.detach().requires_grad_()
            with torch.enable_grad():
                loss, predicted, success = goal(variable, part)
                (gradient,) = torch.autograd.grad(loss, variable, torch.ones_like(loss))
            walking = ~success if stop and bool(success.any()) else None
            yield Found(at, success, predicted, loss.detach()), walking
            if walking is not None:
                part, at, size = part[walking], at[walking], size[walking]
                region, gradient = region[walking], gradient[walking]
                if not len(part):
                    return
            at = region.climb(at, gradient, size)
        with torch.no_grad():  # nothing follows: no gradient is needed
            loss, predicted, success = goal(at, part)
        yield Found(at, success, predicted, loss), None


def fgsm(norm: Norm = "Linf", bounds: Bounds = (0.0, 1.0)) -> Pgd:
    """The fast gradient (sign) method: one step, of one radius, from the image itself.

    It is called without a generator.
    """
    return Pgd(norm=norm, steps=1, step_size=1.0, bounds=bounds)


def aim(
    model: Model, labels: Tensor, *, targeted: bool = False, loss: Loss = "cross-entropy"
) -> Goal:
    """Return the goal that `model` takes images for something else than `labels`, or for them.

    Args:
        model: the classifier.
        labels: int64 ``[n]``, of the whole set.
        targeted: go for the labels, rather than away from them.
        loss: what to raise.
    """

    def judge(images: Tensor, part: Tensor) -> Judged:
        logits = model(images)
        wanted = labels[part]
        predicted = logits.detach().argmax(-1)
        away = (
            functional.cross_entropy(logits, wanted, reduction="none")
            if loss == "cross-entropy"
            else -margin(logits, wanted)
        )
        if targeted:
            return Judged(-away, predicted, predicted == wanted)
        return Judged(away, predicted, predicted != wanted)

    return judge


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Return how far the logit of the label is above the highest other, ``[b, c]`` to ``[b]``."""
    own = logits.gather(-1, labels[:, None])
    others = logits.scatter(-1, labels[:, None], -torch.inf)
    return own[:, 0] - others.amax(-1)


def check(images: Tensor, bounds: Bounds) -> None:
    """Refuse what cannot be attacked.

    Raises:
        ValueError: images that are no floats, or that leave the bounds.
    """
    if not images.is_floating_point() or images.dim() < 2:
        raise ValueError(
            f"images should be floats [b, ...], not {images.dtype} {list(images.shape)}"
        )
    outside = ~((images >= bounds[0]) & (images <= bounds[1])).flatten(1).all(1)
    if bool(outside.any()):
        first = int(outside.nonzero()[0])
        low, high = images[first].min(), images[first].max()
        raise ValueError(
            f"image {first} goes from {low:.4g} to {high:.4g}; the bounds are {bounds[0]:g} to "
            f"{bounds[1]:g}. Normalisation belongs to the model"
        )


def _nothing(images: Tensor) -> Found:
    """What is worse than any point: a loss of minus infinity."""
    count, device = len(images), images.device
    return Found(
        images=images.detach().clone(),
        success=torch.zeros(count, dtype=torch.bool, device=device),
        predicted=torch.zeros(count, dtype=torch.int64, device=device),
        loss=torch.full((count,), -torch.inf, dtype=images.dtype, device=device),
    )


def _better(one: Found, other: Found) -> Found:
    """Return of each row the one that succeeds, else the one of higher loss, `one` if alike."""
    higher = (other.success == one.success) & (other.loss > one.loss)
    better = higher | (other.success & ~one.success)
    return Found(
        images=torch.where(
            better.reshape(-1, *[1] * (one.images.dim() - 1)), other.images, one.images
        ),
        success=one.success | other.success,
        predicted=torch.where(better, other.predicted, one.predicted),
        loss=torch.where(better, other.loss, one.loss),
    )


def _take(found: Found, part: Tensor) -> Found:
    """Return some rows."""
    return Found(found.images[part], found.success[part], found.predicted[part], found.loss[part])


def _write(best: Found, part: Tensor, found: Found) -> None:
    """Write rows into `best` where they are better."""
    found = _better(_take(best, part), found)
    best.images[part] = found.images
    best.success[part] = found.success
    best.predicted[part] = found.predicted
    best.loss[part] = found.loss.to(best.loss.dtype)
