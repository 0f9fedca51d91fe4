"""Which frequencies a network minds: errors under each wave of the pixel grid.

After D. Yin and others, "A Fourier Perspective on Model Robustness in Computer Vision" (NeurIPS
2019), as taken up in J. Gilmer and D. Hendrycks's comment (Distill 2019,
doi:10.23915/distill.00019.1).
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media import palette
from stillroom.media.kinds import Frames, Packed
from stillroom.models.digits import SIDE, digits
from stillroom.recipe import Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.fourier import basis, distances, frequencies, sensitivity
from stillroom.recipes.adversarial.shared import ARMS, columns, digit_scale, spread, trained

# Distances from frequency 0, in cycles an image: more than the first, at most the second.
BANDS = {"low": (-1.0, 1.5), "middle": (1.5, 3.0), "high": (3.0, 9.0)}
SCALE = 24


@recipe(
    view="image-grid",
    draft={"tested": 100},
    packages=["torch", "scikit-learn"],
)
def fourier_sensitivity(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    size: Annotated[float, Field(gt=0)] = 2.0,
    tested: Annotated[int, Field(ge=1, le=500)] = 500,
) -> Result:
    """Add each wave of the pixel grid to test digits, and count the errors.

    Waves are real, orthonormal and hold one frequency each. They are added and subtracted with L2
    length `size`; pixels are not clipped.

    Args:
        run: gives the device.
        nets: networks trained in several ways.
        size: length of the change.
        tested: test digits.

    Returns:
        Frames ``maps``, one an arm, means over seeds, from no error (dark) to all wrong (light),
        frequency 0 in the middle. `Packed` ``errors[arms, 8, 8]``, the same as numbers, and
        ``waves[8, 8, 8, 8]``: frequencies, then pixels. Data: ``frequencies``. Table ``bands``:
        ``network``, ``band``, ``mean``, ``low``, ``high``, the range over seeds. Facts, with
        ``_low`` and ``_high``: ``<arm>_<band>``, the mean error in the bands ``low`` (up to 1.5
        cycles an image), ``middle`` (up to 3) and ``high``; ``seeds``, ``tested``, ``size``;
        ``median_norm``, ``median_other`` and ``min_other`` as in ``digit-nets``.
    """
    training, test = digits()
    images, labels = test.images[:tested].to(run.device), test.labels[:tested].to(run.device)
    groups = trained(run, nets)
    away = distances(SIDE)
    facts: dict[str, float | int] = {
        "seeds": len(groups["standard"]),
        "tested": tested,
        "size": size,
        **digit_scale(test, training),
    }
    maps: list[Tensor] = []
    rows: list[dict[str, Any]] = []
    for arm in run.steps(list(ARMS), note="networks"):
        found = torch.stack([sensitivity(net, images, labels, size) for net in groups[arm]])
        maps.append(found.mean(0))
        for band, (low, high) in BANDS.items():
            inside = (away > low) & (away <= high)
            numbers = spread(f"{arm}_{band}", found[:, inside].mean(1).tolist())
            facts |= numbers
            mean, least, most = numbers.values()
            rows.append(
                {"network": ARMS[arm], "band": band, "mean": mean, "low": least, "high": most}
            )
    errors = torch.stack(maps)
    return Result(
        facts=facts,
        data={
            "frames": "maps",
            "labels": [ARMS[arm].capitalize() for arm in ARMS],
            "frequencies": frequencies(SIDE).tolist(),
        },
        tables={"bands": columns(rows)},
        assets={
            "maps": Frames(palette.apply(errors, 0, 1), scale=SCALE),
            "errors": Packed(errors),
            "waves": Packed(basis(SIDE)),
        },
    )
