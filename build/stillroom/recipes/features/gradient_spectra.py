"""How much of a gradient is fine: its energy by frequency, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import altair as alt
import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Chart
from stillroom.models.vision import WHEEL, load_model
from stillroom.recipe import Result, Run, recipe
from stillroom.recipes.features.gradient_grid import LAYERS, PERIOD, slopes_of
from stillroom.recipes.features.parameterization import noise
from stillroom.recipes.features.spectrum import radial

BANDS = 24
INPUT = "input"


@recipe(view="chart", draft={"pictures": 4}, packages=["torch", WHEEL])
def gradient_spectra(
    run: Run,
    *,
    model: str = "efficientnet-lite0",
    layers: Annotated[list[str], Field(min_length=1)] = LAYERS,
    pictures: Annotated[int, Field(ge=2)] = 64,
) -> Result:
    """Take the spectra of gradients of the mean square of layers, for noise as input.

    Args:
        run: gives the random numbers.
        model: a network.
        layers: layers, from shallow to deep.
        pictures: inputs, noise with the spectrum of photographs.

    Returns:
        Chart ``spectra`` and table ``spectra``: ``of`` (a layer, or ``input``), ``frequency`` in
        cycles a pixel, and ``share``, the mean energy of a wave of that frequency as a share of the
        sum over all bands. Facts: ``fall_<n>`` for layer n from 0, and ``fall_input``: how many
        times more energy a wave of the lowest band has than one of the highest.
    """
    net = load_model(model).to(run.device)
    inputs = noise(pictures, 4 * PERIOD, run.generator("inputs"))
    spectra = {INPUT: spectrum_of(inputs)}
    for layer in run.steps(layers, note="layers"):
        spectra[layer.removesuffix(".linear")] = spectrum_of(
            slopes_of(net, layer, inputs, [(0, 0)])
        )
    middles = ((torch.arange(BANDS) + 0.5) / (2 * BANDS)).tolist()
    falls = [values[0] / values[-1] for values in spectra.values()]
    return Result(
        facts={
            "fall_input": falls[0],
            **{f"fall_{number}": fall for number, fall in enumerate(falls[1:])},
        },
        tables={
            "spectra": {
                "of": [name for name in spectra for _ in middles],
                "frequency": middles * len(spectra),
                "share": [value for values in spectra.values() for value in values],
            }
        },
        assets={"spectra": Chart(_chart(spectra, middles))},
    )


def spectrum_of(images: Tensor) -> list[float]:
    """The mean over pictures of the energy of a wave by frequency, as shares of the sum."""
    energies, _ = radial(images, BANDS)
    values: list[float] = (energies / energies.sum(1, keepdim=True)).mean(0).tolist()
    return values


def _chart(spectra: dict[str, list[float]], middles: Sequence[float]) -> alt.Chart:
    rows = [
        {"of": name, "frequency": f, "share": share}
        for name, values in spectra.items()
        for f, share in zip(middles, values, strict=True)
    ]
    chart: alt.Chart = (
        alt.Chart({"values": rows})
        .mark_line()
        .encode(
            x=alt.X("frequency:Q", title="Cycles a pixel"),
            y=alt.Y("share:Q", title="Energy of a wave, share of the sum")
            .scale(type="log")
            .axis(values=[1, 0.1, 0.01, 0.001, 0.0001]),
            color=alt.Color("of:N", sort=list(spectra), title="The input, and gradients of").legend(
                orient="top", columns=2, labelLimit=200, symbolType="stroke"
            ),
            tooltip=["of:N", alt.Tooltip("frequency:Q", format=".2f"), "share:Q"],
        )
        .properties(width="container", height=280)
    )
    return chart
