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
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Frames
from stillroom.models.layers import recording
from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import ImageFile, Result, Run, Stored, Upstream, recipe
from stillroom.recipes.features.channel_pictures import asset_name
from stillroom.recipes.features.patches import squares, top_patches
from stillroom.recipes.features.reading import AT_ONCE, picture
from stillroom.recipes.features.sheets import sheet, unpack


SMALL = 64  # pixels a side of a patch of a photograph


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
        ``typical`` (see `Natural`) and ``best_peak``. Facts: ``channels``; ``squares``;
        ``above``, ``moved_above`` and ``peak_above``, the shares of channels whose drawn picture
        exceeds the best square by its mean, by its mean when moved, and by its highest position;
        ``above_<layer>``; ``gain``, the median over channels of how far the drawn picture is from
        the typical square, in units of how far the best one is; ``control_above``,
        ``control_gain``.
    """
    photographs = {file.name: picture(file) for file in images}
    groups = [
        (name, label, layer, pictures, True)
        for layer, label in zip(pictures.data["layers"], labels, strict=True)
        for name in [asset_name(layer)]
    ]
    groups.append(("control", control_label, control.data["layers"][-1], control, False))
    assets: dict[str, Frames] = {}
    tables: dict[str, Mapping[str, Sequence[float]]] = {}
    for name, _, layer, stored, trained in run.steps(groups, note="layers"):
        net = load_model(model, pretrained=trained, seed=run.seed).to(run.device)
        drawn = stored.tables[asset_name(layer)]
        units = [int(unit) for unit in drawn["channel"]]
        size = int(stored.facts["size"])
        natural = best(net, layer, units, photographs, size)
        tables[name] = {
            **{key: drawn[key] for key in ("channel", "plain", "moved", "peak")},
            "best": natural.mean.tolist(),
            "typical": natural.typical.tolist(),
            "best_peak": natural.peak.tolist(),
        }
        assets[name] = sheet(unpack(stored, asset_name(layer), len(units)))
        found = top_patches(net, layer, units, photographs, count=patches, size=size)
        pixels = [resized(each.pixels, SMALL) for row in found for each in row]
        assets[f"{name}-patches"] = sheet(torch.stack(pixels), SMALL)
    trained_tables = [tables[name] for name, *_ in groups[:-1]]
    return Result(
        facts={
            "channels": sum(len(table["channel"]) for table in trained_tables),
            "squares": sum(1 for _ in squares(photographs)),
            "photographs": len(photographs),
            "above": above(trained_tables, "plain", "best"),
            "moved_above": above(trained_tables, "moved", "best"),
            "peak_above": above(trained_tables, "peak", "best_peak"),
            "gain": gain(trained_tables),
            "control_above": above([tables["control"]], "plain", "best"),
            "control_gain": gain([tables["control"]]),
            **{
                f"above_{name.replace('-', '_')}": above([tables[name]], "plain", "best")
                for name, *_ in groups[:-1]
            },
            **{f"gain_{name.replace('-', '_')}": gain([tables[name]]) for name, *_ in groups[:-1]},
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
                for name, label, *_ in groups
            ],
            "numbers": [
                {"name": "plain", "label": "Optimised picture"},
                {"name": "moved", "label": "The same, moved at random"},
                {"name": "best", "label": "Best square of a photograph"},
                {"name": "typical", "label": "Typical square"},
            ],
            "unit": "Mean of the channel",
            "patches_label": "Patches of photographs with its highest positions",
            "start": len(groups) // 2,
        },
        tables=tables,
        assets=assets,
    )


@torch.no_grad()
def best(
    net: Vision, layer: str, units: Sequence[int], photographs: Mapping[str, Tensor], size: int
) -> Natural:
    """What channels give for squares of photographs that are seen at `size` pixels a side."""
    means, peaks = [], []
    found = list(squares(photographs))
    with recording(net, [layer]) as look:
        for start in range(0, len(found), AT_ONCE):
            part = [
                resized(
                    photographs[each.picture][
                        :, each.top : each.top + each.side, each.left : each.left + each.side
                    ],
                    size,
                )
                for each in found[start : start + AT_ONCE]
            ]
            a = look(torch.stack(part).to(net.mean.device))[layer][:, list(units)].cpu()
            means.append(a.mean((2, 3)))
            peaks.append(a.amax((2, 3)))
    mean, peak = torch.cat(means), torch.cat(peaks)
    return Natural(mean.amax(0), mean.median(0).values, peak.amax(0))


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
    small = F.interpolate(pixels[None], (size, size), mode="bilinear", antialias=True)
    return small[0].clamp(0, 1)
