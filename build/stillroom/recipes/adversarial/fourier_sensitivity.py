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
from stillroom.recipes.adversarial.fourier import basis, distances, frequencies, sensitivity, sheet
from stillroom.recipes.adversarial.shared import ARMS, columns, digit_scale, spread, trained
from stillroom.recipes.adversarial.training import predict

# Distances from frequency 0, in cycles an image: more than the first, at most the second.
BANDS = {"low": (-1.0, 1.5), "middle": (1.5, 3.0), "high": (3.0, 9.0)}
SCALE = 24
LIMIT = 2**0.5 / SIDE  # the largest value of a wave
SHOWN, ACROSS = 8, 4  # digits with a wave, and of a row of them


@recipe(
    view="wave-map",
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
        frequency 0 in the middle; ``waves`` and ``moved``, for each cell of a map, row by row, the
        wave and the first digits with it added, clipped to be drawn. `Packed`
        ``errors[arms, 8, 8]``, the maps as numbers. Data as the view ``wave-map`` reads it: the
        classes that it says come from the network of the first seed. Table ``bands``:
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
    waves = basis(SIDE)
    few = images[:SHOWN]
    moved = few.cpu() + size * waves.float().flatten(0, 1)[:, None, None]  # [cells, b, 1, h, w]
    maps: list[Tensor] = []
    nets_: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for arm in run.steps(list(ARMS), note="networks"):
        found = torch.stack([sensitivity(net, images, labels, size) for net in groups[arm]])
        maps.append(found.mean(0))
        says = predict(groups[arm][0], moved.flatten(0, 1).to(run.device)).cpu()
        nets_.append(
            {
                "name": arm,
                "label": ARMS[arm].capitalize(),
                "errors": found.mean(0).flatten().tolist(),
                "says": ["".join(map(str, row)) for row in says.reshape(len(moved), -1).tolist()],
            }
        )
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
            "frequencies": frequencies(SIDE).tolist(),
            "networks": nets_,
            "own": "".join(map(str, labels[: len(few)].tolist())),
            "start": {"wave": [0, 1], "network": "standard"},
        },
        tables={"bands": columns(rows)},
        assets={
            "maps": Frames(palette.apply(errors, 0, 1), scale=SCALE),
            "waves": Frames(
                palette.apply(waves.flatten(0, 1), -LIMIT, LIMIT, "diverging"), scale=SCALE
            ),
            "moved": Frames(sheet(moved[:, :, 0], ACROSS)[..., None], scale=SCALE // 2),
            "errors": Packed(errors),
        },
    )
