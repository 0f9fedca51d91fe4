"""Learning from low frequencies only, or from high ones only.

After Figure 1 of D. Yin and others, "A Fourier Perspective on Model Robustness in Computer Vision"
(NeurIPS 2019), as taken up in J. Gilmer and D. Hendrycks's comment (Distill 2019,
doi:10.23915/distill.00019.1).
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Chart, Frames
from stillroom.models.digit_nets import Kind
from stillroom.models.digits import digits
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.adversarial.fourier import high_pass, low_pass, sheet
from stillroom.recipes.adversarial.shared import SCALE, at, columns, learn, lines, row, spread
from stillroom.recipes.adversarial.training import Training, accuracy

CUTS = [0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]
PASSES = {"low": low_pass, "high": high_pass}
LABELS = {"low": "frequencies up to the cut", "high": "frequencies above the cut"}
SHEETS = {
    "low": "Frequencies up to the cut",
    "high": "Frequencies above the cut",
    "normalised": "The same, contrast stretched",
}
SHOWN, ACROSS = 8, 4  # digits of a sheet, and of a row of it


@recipe(
    view="scrubber",
    draft={"kind": "mlp", "cuts": [1.0, 3.0], "seeds": 2, "epochs": 8},
    cost="minutes",
    packages=["torch", "scikit-learn"],
)
def filtered_digits(
    run: Run,
    *,
    kind: Kind = "conv",
    cuts: Annotated[list[float], Field(min_length=2)] = CUTS,
    seeds: Annotated[int, Field(ge=1)] = 5,
    epochs: Annotated[int, Field(ge=1)] = 12,
) -> Result:
    """Train and test networks on digits of which a filter has kept only some frequencies.

    A cut is a distance from frequency 0, in cycles an image of 8 pixels. What is kept below the cut
    and what is kept above it add up to the digit.

    Args:
        run: gives the device and the random numbers.
        kind: the architecture.
        cuts: ascending.
        seeds: networks for each cut and side.
        epochs: of training.

    Returns:
        Chart ``accuracy``, table ``accuracy``: ``kept``, ``cut``, ``mean`` over seeds with their
        range; table ``curves``, the means alone: ``cut``, ``low``, ``high``. Frames ``low``,
        ``high`` and ``normalised``: the first digits, for every cut; low as they are, high about a
        middle grey, and high made of equal contrast about it.
        Facts, with ``_low`` and ``_high`` for the range: ``low_at_<cut>`` and ``high_at_<cut>``;
        ``seeds``.

    Raises:
        ValueError: cuts that do not ascend.
    """
    if cuts != sorted(set(cuts)):
        raise ValueError(f"expected ascending cuts, not {cuts}")
    training, test = digits()
    facts: dict[str, float | int] = {"seeds": seeds}
    rows: list[dict[str, Any]] = []
    frames: dict[str, list[Tensor]] = {"low": [], "high": [], "normalised": []}
    jobs = [(side, cut) for side in PASSES for cut in cuts]
    for side, cut in run.steps(jobs, note="filters"):
        kept = PASSES[side](training.images, cut)
        unseen = PASSES[side](test.images, cut)
        values = []
        for seed in range(seeds):
            salt = ("filtered-digits", side, f"{cut:g}", seed)
            net = learn(run, kind, kept, training.labels, Training(epochs=epochs), *salt).cpu()
            values.append(accuracy(net, unseen, test.labels))
        facts |= spread(at(side, cut), values)
        rows.append(row({"kept": LABELS[side], "cut": cut}, values))
        few = unseen[:SHOWN, 0]
        if side == "low":
            frames["low"].append(sheet(few, ACROSS))
        else:
            frames["high"].append(sheet(few + 0.5, ACROSS))
            # Four standard deviations span the greys; where nothing is kept it stays grey.
            deviation = few.std(dim=(1, 2), keepdim=True)
            frames["normalised"].append(sheet(few / (4 * deviation).clamp_min(1e-6) + 0.5, ACROSS))
    chart = lines(
        rows,
        x="cut",
        x_title="Cut (cycles an image)",
        y_title="Filtered test digits read",
        series="kept",
    )
    sheets = {
        name: Frames(torch.stack(pages)[..., None], scale=SCALE // 2)
        for name, pages in frames.items()
    }
    return Result(
        facts=facts,
        data={
            "chart": "accuracy",
            "axis": {"name": "cut", "label": "Cut, in cycles an image", "values": cuts, "unit": ""},
            "choices": [
                {"name": name, "label": label, "frames": name, "original": None}
                for name, label in SHEETS.items()
            ],
            "together": True,
            "start": {"axis": cuts.index(min(cuts, key=lambda cut: abs(cut - 2)))},
            "curve": {
                "table": "curves",
                "x": "cut",
                "y": ["low", "high", "high"],
                "label": "Filtered test digits read, mean over seeds",
            },
        },
        tables={
            "accuracy": columns(rows),
            "curves": {"cut": cuts}
            | {side: [facts[at(side, cut)] for cut in cuts] for side in PASSES},
        },
        assets={"accuracy": Chart(chart), **sheets},
    )
