"""Channels of several depths: what was drawn for each, beside the patches of photographs it likes.

What a photograph shows beside a feature may be there by chance of the data; what an ascent draws is
there because of the unit (C. Olah, A. Mordvintsev and L. Schubert, "Feature Visualization", Distill
2017). The pictures come from `channel-pictures`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from stillroom.media.kinds import Asset, Image
from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import ImageFile, Result, Run, Stored, Upstream, recipe
from stillroom.recipes.features.channel_pictures import asset_name
from stillroom.recipes.features.patches import Square, squares, top_patches
from stillroom.recipes.features.reading import AT_ONCE, activations, picture
from stillroom.recipes.features.sheets import sheet, unpack

SMALL = 64  # pixels a side of a patch of a photograph
ROWS = 3  # of the thumbnail


@dataclass(frozen=True, slots=True)
class Natural:
    """What channels gave for squares of photographs, each ``[c]``.

    Attributes:
        mean: the largest mean of the channel over a square.
        typical: the median of that mean over all squares.
        peak: the largest value at one position.
    """

    mean: Tensor
    typical: Tensor
    peak: Tensor


@recipe(view="channels", draft={"patches": 2}, cost="minutes", packages=["torch", "pillow", WHEEL])
def channels(
    run: Run,
    *,
    pictures: Annotated[Stored, Upstream("channel-pictures")],
    control: Annotated[Stored, Upstream("channel-pictures")],
    images: Annotated[list[ImageFile], Field(min_length=1)],
    labels: list[str],
    control_label: str = "Untrained copy",
    model: str = "efficientnet-lite0",
    patches: Annotated[int, Field(ge=1)] = 4,
) -> Result:
    """Compare what was drawn for channels with what the same channels give for photographs.

    The photographs are cut into overlapping squares of several sizes, which the network sees at
    the size of the drawn pictures. A drawn picture is compared with the best of them by the
    same measure, the mean of the channel over all positions, and by its highest position.

    Args:
        run: its seed is that of the untrained copy.
        pictures: of the trained network.
        control: of an untrained copy; its last layer is shown.
        images: photographs.
        labels: one for each layer of `pictures`.
        control_label: of the layer of `control`.
        model: the network of both.
        patches: to show for each channel.

    Returns:
        For each layer, and for ``control``, two `Frames` (``<layer>`` and ``<layer>-patches``) and
        a table: ``channel``, ``plain``, ``moved``, ``peak`` as drawn, and of photographs ``best``,
        ``typical`` (see `Natural`) and ``best_peak``. Image ``thumbnail``: the first pictures of
        each layer of `pictures`. Facts: ``channels``; ``photographs``,
        ``squares``; ``steps``, ``size`` and ``looks`` of `pictures`;
        ``above``, ``moved_above`` and ``peak_above``, the shares of channels whose drawn picture
        exceeds the best square by its mean, by its mean when moved, and by its highest position;
        ``above_<layer>``; ``gain``, the median over channels of how far the drawn picture is from
        the typical square, in units of how far the best one is; ``control_above``,
        ``control_gain``.
    """
    photographs = {file.name: picture(file) for file in images}
    names = [asset_name(layer) for layer in pictures.data["layers"]]
    groups = [(pictures, True, pictures.data["layers"], names)]
    groups.append((control, False, control.data["layers"][-1:], ["control"]))
    assets: dict[str, Asset] = {}
    firsts: list[Tensor] = []
    tables: dict[str, Mapping[str, Sequence[float]]] = {}
    for stored, trained, layers, shown in run.steps(groups, note="networks"):
        net = load_model(model, pretrained=trained, seed=run.seed).to(run.device)
        size = int(stored.facts["size"])
        drawn = {layer: stored.tables[asset_name(layer)] for layer in layers}
        units = {layer: [int(unit) for unit in drawn[layer]["channel"]] for layer in layers}
        natural = best(net, units, photographs, size)
        found = top_patches(net, units, photographs, count=patches, size=size)
        for layer, name in zip(layers, shown, strict=True):
            tables[name] = {
                **{key: drawn[layer][key] for key in ("channel", "plain", "moved", "peak")},
                "best": natural[layer].mean.tolist(),
                "typical": natural[layer].typical.tolist(),
                "best_peak": natural[layer].peak.tolist(),
            }
            own = unpack(stored, asset_name(layer), len(units[layer]))
            firsts += [own[:ROWS]] if trained else []
            assets[name] = sheet(own)
            pixels = [resized(patch.pixels, SMALL) for row in found[layer] for patch in row]
            assets[f"{name}-patches"] = sheet(torch.stack(pixels), SMALL)
    assets["thumbnail"] = Image(_side_by_side(firsts), lossless=False)
    trained_tables = [tables[name] for name in names]
    return Result(
        facts={
            "channels": sum(len(table["channel"]) for table in trained_tables),
            "squares": sum(1 for _ in squares(photographs)),
            "photographs": len(photographs),
            **{key: pictures.facts[key] for key in ("steps", "size", "looks")},
            "above": above(trained_tables, "plain", "best"),
            "moved_above": above(trained_tables, "moved", "best"),
            "peak_above": above(trained_tables, "peak", "best_peak"),
            "gain": gain(trained_tables),
            "control_above": above([tables["control"]], "plain", "best"),
            "control_gain": gain([tables["control"]]),
            **{
                f"above_{name.replace('-', '_')}": above([tables[name]], "plain", "best")
                for name in names
            },
            **{f"gain_{name.replace('-', '_')}": gain([tables[name]]) for name in names},
        },
        data={
            "layers": [
                {
                    "name": name,
                    "label": label,
                    "frames": name,
                    "patches": f"{name}-patches",
                    "table": name,
                }
                for name, label in zip([*names, "control"], [*labels, control_label], strict=True)
            ],
            "numbers": [
                {"name": "plain", "label": "Optimised picture"},
                {"name": "moved", "label": "The same, moved at random"},
                {"name": "best", "label": "Best square of a photograph"},
                {"name": "typical", "label": "Typical square"},
            ],
            "value_label": "Mean of the channel",
            "patches_label": "Patches of photographs with its highest positions",
            "start": len(names) // 2,
        },
        tables=tables,
        assets=assets,
    )


@torch.no_grad()
def best(
    net: Vision, units: Mapping[str, Sequence[int]], photographs: Mapping[str, Tensor], size: int
) -> dict[str, Natural]:
    """What channels, by layer, give for squares of photographs seen at `size` pixels a side."""
    means: dict[str, list[Tensor]] = {layer: [] for layer in units}
    peaks: dict[str, list[Tensor]] = {layer: [] for layer in units}
    found = list(squares(photographs))
    for start in range(0, len(found), AT_ONCE):
        part = torch.stack(
            [cut(photographs, each, size) for each in found[start : start + AT_ONCE]]
        )
        for layer, a in activations(net, part, units).items():
            chosen = a[:, list(units[layer])]
            means[layer].append(chosen.mean((2, 3)))
            peaks[layer].append(chosen.amax((2, 3)))
    natural = {}
    for layer in units:
        mean, peak = torch.cat(means[layer]), torch.cat(peaks[layer])
        natural[layer] = Natural(mean.amax(0), mean.median(0).values, peak.amax(0))
    return natural


def cut(photographs: Mapping[str, Tensor], square: Square, size: int) -> Tensor:
    """The pixels of a square, ``[3, size, size]``."""
    top, left, side = (int(each) for each in (square.top, square.left, square.side))
    return resized(photographs[square.picture][:, top : top + side, left : left + side], size)


def above(tables: Sequence[Mapping[str, Sequence[float]]], ours: str, theirs: str) -> float:
    """The share of all rows in which one column exceeds another."""
    pairs = [pair for table in tables for pair in zip(table[ours], table[theirs], strict=True)]
    return sum(a > b for a, b in pairs) / len(pairs)


def gain(tables: Sequence[Mapping[str, Sequence[float]]]) -> float:
    """The median of (plain - typical) / (best - typical) over all rows."""
    ratios = [
        (plain - typical) / (most - typical)
        for table in tables
        for plain, most, typical in zip(
            table["plain"], table["best"], table["typical"], strict=True
        )
        if most > typical
    ]
    return float(torch.tensor(ratios).median())


def resized(pixels: Tensor, size: int) -> Tensor:
    """``[3, h, w]`` → ``[3, size, size]``."""
    small = functional.interpolate(pixels[None], (size, size), mode="bilinear", antialias=True)
    return small[0].clamp(0, 1)


def _side_by_side(layers: Sequence[Tensor]) -> Tensor:
    """A column of pictures ``[n, 3, s, s]`` for each layer, ``[n s, layers s, 3]``."""
    rows = torch.stack([each[: min(map(len, layers))] for each in layers], 1)
    laid: Tensor = rows.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    return laid
