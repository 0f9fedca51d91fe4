"""How robust a classifier is: accuracy under attack, distances of nearest errors, transfer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist

import torch
from torch import Tensor

from stillroom.recipes.adversarial.attack import Attack, Found, Model
from stillroom.recipes.adversarial.norms import Norm, dual_length, length
from stillroom.recipes.adversarial.training import predict


def wilson(right: int, total: int, level: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a share (E. Wilson, JASA 22, 1927).

    Args:
        right: how many, 0 to `total`.
        total: of how many, at least 1.
        level: of confidence.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = right / total
    scale = 1 + z**2 / total
    centre = (share + z**2 / (2 * total)) / scale
    half = z * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / scale
    return max(centre - half, 0.0), min(centre + half, 1.0)


def robust(
    model: Model,
    images: Tensor,
    labels: Tensor,
    radii: Sequence[float],
    *,
    attack: Attack,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Say which images a model still takes for their labels under attack, bool ``[radii, b]``.

    An image that is lost at one radius is lost at every larger one, where the same change is
    allowed; it is not attacked again. So the shares never rise with the radius.

    Args:
        model: the classifier.
        images: ``[b, ...]``.
        labels: int64 ``[b]``.
        radii: ascending.
        attack: how to attack.
        generator: for the attack.

    Raises:
        ValueError: radii that do not ascend.
    """
    if list(radii) != sorted(radii):
        raise ValueError(f"expected ascending radii, not {list(radii)}")
    holds = predict(model, images) == labels
    kept = []
    for radius in radii:
        holds = holds.clone()
        left = holds.nonzero()[:, 0]
        if radius > 0 and len(left):
            found = attack(model, images[left], labels[left], radius, generator=generator)
            holds[left] = ~found.success
        kept.append(holds)
    return torch.stack(kept)


def nearest(
    model: Model,
    images: Tensor,
    labels: Tensor,
    *,
    attack: Attack,
    limit: float,
    rounds: int = 10,
    targeted: bool = False,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Bisect for the smallest radius at which an attack on each image succeeds.

    It is an upper bound of the distance of the nearest error: a better attack may find a nearer
    one. All images are attacked at once, each with its own radius, and a success counts with the
    distance it really has.

    Args:
        model: the classifier.
        images: ``[b, ...]``.
        labels: int64 ``[b]``.
        attack: how to attack.
        limit: the largest radius.
        rounds: of bisection; the last radius is within ``limit / 2 ** rounds`` of one that failed.
        targeted: as for the attack.
        generator: for the attack.

    Returns:
        Distances float64 ``[b]``, 0 where the model errs (or says the target) already and infinite
        where no attack succeeded, and the images found, or the original ones.
    """
    done = (predict(model, images) == labels) == targeted
    distance = torch.where(done, 0.0, torch.inf).double()
    nearest_images = images.clone()
    low = torch.zeros_like(distance)
    for round_ in range(rounds + 1):
        high = distance.clamp_max(limit)
        radius = (low + high) / 2 if round_ else high
        left = (high - low > 0).nonzero()[:, 0]
        if not len(left):
            break
        found = attack(
            model,
            images[left],
            labels[left],
            radius[left],
            targeted=targeted,
            generator=generator,
        )
        away = length(found.images.double() - images[left].double(), attack.norm)
        won = found.success & (away < distance[left])
        distance[left[won]] = away[won]
        nearest_images[left[won]] = found.images[won]
        lost = left[~found.success]
        low[lost] = radius[lost]
    return distance, nearest_images


def surviving(distances: Tensor, radii: Sequence[float]) -> Tensor:
    """Return the share of images whose nearest error is further than each radius, ``[radii]``."""
    far = distances > torch.tensor(radii, dtype=distances.dtype)[:, None]
    return far.double().mean(1)


def transfer(
    models: Mapping[str, Model],
    found: Mapping[str, Found],
    labels: Tensor,
    *,
    targeted: bool = False,
) -> Tensor:
    """Return how often what fools one model fools another, ``[sources, models]``.

    Only images on which the attack on their source succeeded count. So the diagonal is 1, but for
    sources that are not among the models.

    Args:
        models: who is to be fooled.
        found: attacks on the same images, by source.
        labels: int64 ``[b]``, what the attacks were called with: the classes that count as right,
            or with `targeted` as fooled.
        targeted: whether the attacks went for the labels. A model is then fooled only if it
            predicts the very same target.
    """
    rates = []
    for attacked in found.values():
        won = attacked.success
        shares = []
        for model in models.values():
            hit = predict(model, attacked.images[won]) == labels[won]
            shares.append((hit == targeted).double().mean())
        rates.append(torch.stack(shares))
    return torch.stack(rates)


def certified(weights: Tensor, bias: Tensor, images: Tensor, labels: Tensor, norm: Norm) -> Tensor:
    """Return within which radius a linear classifier cannot be made to leave the label, ``[b]``.

    The class j takes the place of the label y at distance (z_y - z_j) / |w_y - w_j|_*, with z the
    logits and |.|_* the dual norm. The least of these is exact where pixels are unbounded, and a
    lower bound where they are; it is negative for an image that is wrong already.

    Args:
        weights: ``[c, d]``.
        bias: ``[c]``.
        images: ``[b, ...]`` with d pixels each.
        labels: int64 ``[b]``.
        norm: of the change.
    """
    W, x = weights.double(), images.double().flatten(1)
    logits = x @ W.T + bias.double()
    ahead = logits.gather(1, labels[:, None]) - logits
    apart = torch.stack([dual_length(w - W, norm) for w in W])  # [c, c]
    away = (ahead / apart[labels]).scatter(1, labels[:, None], torch.inf)
    return away.amin(1)
