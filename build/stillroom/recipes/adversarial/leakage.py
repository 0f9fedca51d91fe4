"""How much of what a relabelled data set teaches could be learnt from robust cues alone.

After G. Goh, "Robust Feature Leakage" (Distill 2019, doi:10.23915/distill.00019.2): a few features
that are certainly robust, and what a linear classifier learns from nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.recipes.adversarial.evaluation import certified
from stillroom.recipes.adversarial.norms import Norm, dual_length

STEPS = 200  # of L-BFGS, with which it has settled


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear classifier: logits are ``weights[c, d] @ x + bias[c]``, float64."""

    weights: Tensor
    bias: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        """Return the logits ``[b, c]`` of ``images[b, ...]``."""
        return images.double().flatten(1) @ self.weights.T + self.bias


def fit(
    images: Tensor,
    labels: Tensor,
    *,
    classes: int,
    radius: float = 0.0,
    norm: Norm = "L2",
    decay: float = 1e-4,
) -> Linear:
    """Fit a linear classifier by its cross-entropy at the worst change within `radius`.

    The change that raises the logit of class j most against that of the label y raises it by
    radius |w_j - w_y|_*. We give every class its own worst change, which bounds the loss from
    above, and is the loss itself with two classes. Nothing is drawn at random.

    Args:
        images: ``[n, ...]`` with d numbers each.
        labels: int64 ``[n]``.
        classes: how many.
        radius: of the change; 0 is ordinary logistic regression.
        norm: of the change.
        decay: times half the squared weights is added to the loss, so that it has a minimum.
    """
    x = images.double().flatten(1)
    W = torch.zeros(classes, x.shape[1], dtype=torch.float64, requires_grad=True)
    b = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([W, b], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        logits = x @ W.T + b
        if radius:
            apart = W[:, None] - W[None]
            # A small number keeps the root's slope finite where two rows are equal.
            worst = (apart.pow(2).sum(-1) + 1e-12).sqrt() if norm == "L2" else apart.abs().sum(-1)
            logits = logits + radius * worst[labels]
        total = functional.cross_entropy(logits, labels) + decay / 2 * W.pow(2).sum()
        torch.autograd.backward(total)
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return Linear(W.detach(), b.detach())


def steady_share(model: Linear, images: Tensor, radius: float, norm: Norm = "L2") -> float:
    """Return the share of predictions that certainly do not change within `radius`."""
    predicted = model(images).argmax(1)
    within = certified(model.weights, model.bias, images, predicted, norm)
    return float((within >= radius).double().mean())


def class_usefulness(
    weights: Tensor, images: Tensor, labels: Tensor, radius: float, norm: Norm = "L2"
) -> Tensor:
    """Return how useful each feature w_i.x is to tell class i from the rest, under attack ``[c]``.

    It is E[min over |d| <= radius of y f_i(x + d)], with y 1 for class i and -1 for the rest, the
    class and the rest in equal parts, and f_i centred and of variance 1 under these: the usefulness
    less radius |w_i|_* / |w_i|_S.

    Args:
        weights: ``[c, d]``.
        images: ``[n, ...]``.
        labels: int64 ``[n]``.
        radius: of the change.
        norm: of the change.
    """
    x = images.double().flatten(1)
    found = []
    for number, w in enumerate(weights.double()):
        own = labels == number
        share = torch.where(own, 0.5 / own.sum(), 0.5 / (~own).sum()).double()
        f = x @ w
        f = f - share @ f
        deviation = (share @ f.pow(2)).sqrt()
        y = torch.where(own, 1.0, -1.0).double()
        lost = radius * dual_length(w[None], norm)[0]
        found.append((share @ (y * f) - lost) / deviation)
    return torch.stack(found)


def bound(
    robust: Linear,
    images: Tensor,
    labels: Tensor,
    test_images: Tensor,
    test_labels: Tensor,
) -> float:
    """Return what a linear classifier on robust features alone learns from a data set.

    Args:
        robust: its logits are the features.
        images: of the data set, ``[n, ...]``.
        labels: of the data set, int64 ``[n]``, right or wrong.
        test_images: with true labels, ``[m, ...]``.
        test_labels: int64 ``[m]``.

    Returns:
        Its accuracy on the true test set: at least so much can be learnt from robust cues.
    """
    seen, unseen = robust(images), robust(test_images)
    centre, scale = seen.mean(0), seen.std(0)
    learnt = fit((seen - centre) / scale, labels, classes=len(robust.bias))
    predicted = learnt((unseen - centre) / scale).argmax(1)
    return float((predicted == test_labels).double().mean())
