"""An activation atlas: what a layer gives for many pieces of photographs, as a map of pictures.

S. Carter, Z. Armstrong, L. Schubert, I. Johnson and C. Olah, "Activation Atlas" (Distill 2019,
doi:10.23915/distill.00015). Theirs is made of a million pictures and whitened activations, and laid
out by UMAP; this one is made of pieces of a few photographs, not whitened, and laid out by t-SNE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from stillroom.media.kinds import Frames
from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import ImageFile, Result, Run, recipe
from stillroom.recipes.dreams import layout
from stillroom.recipes.dreams.attribution import alone, rounded
from stillroom.recipes.dreams.crops import Crops, overlapping, sample
from stillroom.recipes.dreams.icons import icons, likeness, recovered
from stillroom.recipes.features.reading import AT_ONCE, activations, picture
from stillroom.recipes.features.receptive_field import receptive_field

PATCH = 56  # pixels a side of a piece beside a cell
PIECES = 3  # shown of each cell
CLASSES = 4  # named for each cell
LEAST = 4  # pieces that make a cell
TELLING = 6  # cells with the largest logits, shown beside the map
NEIGHBOURS = 10
COARSE = 8  # pixels a side of the crops whose likeness as pixels is the control of the layout


@recipe(
    view="atlas",
    draft={
        "layers": ["block14"],
        "control": "block9",
        "grids": [2, 3],
        "crops": 110,
        "side": 64,
        "icon": 48,
        "steps": 8,
    },
    cost="minutes",
    packages=["torch", "pillow", "scikit-learn", WHEEL],
)
def activation_atlas(
    run: Run,
    *,
    images: Annotated[list[ImageFile], Field(min_length=3)],
    layers: Annotated[list[str], Field(min_length=1)] = ["block4", "block9", "block14"],  # noqa: B006
    control: str = "block9",
    grids: Annotated[list[int], Field(min_length=1)] = [6, 10],  # noqa: B006
    model: str = "efficientnet-lite0",
    crops: Annotated[int, Field(ge=60)] = 1320,
    side: Annotated[int, Field(ge=32)] = 128,
    icon: Annotated[int, Field(ge=32)] = 80,
    steps: Annotated[int, Field(ge=1)] = 128,
) -> Result:
    """Map what layers of a network give for pieces of photographs.

    Of each piece a layer gives an activation in the middle of its map. These are laid out by
    `layout.plane` and cut into cells; the picture of a cell is optimised for the mean of its
    activations. The classes of a cell are those of the largest logits if the layer held that mean
    everywhere (`attribution.alone`), less the mean over classes. A cell is *named* if the first of
    them is what the trained network names for one of its pieces.

    How well the layout keeps like with like is its *purity*: the share of a piece's 10 nearest
    neighbours in the plane that come from the same photograph. Pieces that share a pixel are never
    counted as neighbours.

    Args:
        run: gives pieces, noise and transforms, and keeps checkpoints.
        images: photographs.
        layers: layers of the network, in order of depth.
        control: a layer of an untrained copy of the network, mapped at the finest grid.
        grids: cells a side, from coarse to fine.
        model: see `load_model`.
        crops: pieces of all photographs.
        side: pixels a side at which the network sees a piece.
        icon: pixels a side of a cell's picture.
        steps: of the ascent for each.

    Returns:
        For the view `atlas`, a map a layer. Table ``cells``: ``layer``, ``grid``, ``x``, ``y``,
        ``count``, ``class`` and ``value``, the first class and its logit. Facts, with
        the layer's name at the end and ``untrained`` for the control: ``purity_``; ``chance_``, the
        same with shuffled labels; ``class_``, purity of the class that the trained network names,
        and ``class_chance_``; ``own_`` and ``recovered_``, at the finest grid the mean cosine
        between what a cell's picture gives and the cell's direction, and the share of pictures most
        like their own cell; ``cells_`` and ``named_``, how many of these there are and how many are
        named; ``named_chance_``, how many would be if cells were mixed up. ``purity_pixels``, of a
        layout of the pieces at 8 × 8 pixels; ``pieces``, ``photos``, ``icons``.
    """
    photos = [picture(image) for image in images]
    cut = sample(photos, crops, side, run.generator("crops"))
    trained = load_model(model).to(run.device)
    untrained = load_model(model, pretrained=False).to(run.device)
    with torch.no_grad():
        parts = torch.split(cut.pixels, AT_ONCE)
        labels = torch.cat([trained(part.to(run.device)).argmax(1).cpu() for part in parts])
    apart = ~overlapping(cut)
    work = [(layer, layer, trained, grids) for layer in layers]
    work.append(("untrained", control, untrained, grids[-1:]))
    sheets = sum(len(each) for *_, each in work)
    facts: dict[str, Any] = {"pieces": len(cut.source), "photos": len(photos)}
    small = functional.interpolate(cut.pixels, (COARSE, COARSE), mode="area").flatten(1)
    places = layout.plane(small - small.mean(0), run.seed)
    facts["purity_pixels"] = layout.purity(places, cut.source, NEIGHBOURS, apart)
    maps: list[Map] = []
    done = count = 0
    for name, layer, net, sizes in work:
        vectors = middle(net, layer, cut.pixels)
        places = layout.plane(vectors, run.seed)
        shuffle = run.generator("shuffle", name)
        for key, kind in (("", cut.source), ("class_", labels)):
            pure = layout.purity(places, kind, NEIGHBOURS, apart)
            facts[f"{key or 'purity_'}{name}"] = pure
            mixed = layout.chance(places, kind, NEIGHBOURS, apart, shuffle)
            facts[f"{key}chance_{name}"] = mixed
        levels = []
        for grid in sizes:
            cells = layout.cells(places, grid, LEAST)
            means = cells.mean(vectors)
            drawn = icons(
                run,
                net,
                layer,
                means,
                size=icon,
                steps=steps,
                part=f"{name}-{grid}",
                share=(done / sheets, (done + 1) / sheets),
            )
            said = alone(net, layer, means, cut.pixels[:1].to(run.device))
            top = (said - said.mean(1, keepdim=True)).topk(CLASSES)
            levels.append(Level(grid, cells, drawn, top.indices, top.values))
            done, count = done + 1, count + len(drawn)
        cosines = likeness(net, layer, drawn, means)
        facts |= {
            f"own_{name}": float(cosines.diagonal().mean()),
            f"recovered_{name}": recovered(cosines),
            f"cells_{name}": len(cosines),
        }
        hits = names(cells, labels, top.indices[:, 0])
        facts[f"named_{name}"] = int(hits.diagonal().sum())
        facts[f"named_chance_{name}"] = float(hits.double().mean() * len(hits))
        label = layer if name == layer else f"{layer}, untrained"
        maps.append(Map(name, label, levels, _pieces(net, layer, cut), vectors))
    facts["icons"] = count
    return Result(
        facts=facts,
        data=_view(maps, trained),
        tables={"cells": _table(maps, trained)},
        assets=_assets(maps),
    )


@dataclass(frozen=True, slots=True)
class Level:
    """A layer's map at one grid: its cells, their pictures, their classes and what they give them.

    Attributes:
        grid: cells a side.
        cells: where they are.
        drawn: ``[m, 3, s, s]``.
        classes, values: ``[m, CLASSES]``, the largest first.
    """

    grid: int
    cells: layout.Cells
    drawn: Tensor
    classes: Tensor
    values: Tensor

    def typical(self, vectors: Tensor) -> list[list[int]]:
        """The pieces of each cell that are most like its mean."""
        found = []
        for members in self.cells.members:
            own = functional.normalize(vectors[members], dim=1)
            order = (own @ own.mean(0)).argsort(descending=True, stable=True)
            found.append(members[order[:PIECES]].tolist())
        return found


@dataclass(frozen=True, slots=True)
class Map:
    """A layer's map: its levels; all pieces ``[n, 3, p, p]`` and their activations ``[n, c]``."""

    name: str
    label: str
    levels: list[Level]
    pieces: Tensor
    vectors: Tensor

    def shown(self) -> list[int]:
        """The pieces that some cell shows."""
        cells = [each for level in self.levels for each in level.typical(self.vectors)]
        return sorted({piece for cell in cells for piece in cell})


def middle(model: Vision, layer: str, pixels: Tensor) -> Tensor:
    """What a layer gives in the middle of its map, ``[n, 3, s, s]`` → ``[n, c]``."""
    a = activations(model, pixels, [layer])[layer]
    return a[:, :, a.shape[2] // 2, a.shape[3] // 2]


def names(cells: layout.Cells, labels: Tensor, classes: Tensor) -> Tensor:
    """Whether a class is among the labels of a cell's points.

    Args:
        cells: m of them.
        labels: of all points, ``[n]``.
        classes: ``[k]``.

    Returns:
        ``[m, k]``.
    """
    return torch.stack([torch.isin(classes, labels[members]) for members in cells.members])


def _pieces(model: Vision, layer: str, cut: Crops) -> Tensor:
    """What the middle of a layer can see of each piece, ``[n, 3, PATCH, PATCH]``."""
    side = cut.pixels.shape[-1]
    field = receptive_field(model, layer, side)
    seen = min(field.size, side)
    start = (side - seen) // 2
    inside = cut.pixels[:, :, start : start + seen, start : start + seen]
    small = functional.interpolate(inside, (PATCH, PATCH), mode="bilinear", antialias=True)
    return small.clamp(0, 1)


def _view(maps: list[Map], model: Vision) -> dict[str, Any]:
    tops = [level.classes for each in maps for level in each.levels]
    first = maps[-2].levels[-1]  # the deepest trained layer, at its finest
    named = sorted({int(number) for top in tops for number in top.flatten()})
    return {
        "layers": [
            {
                "name": each.name,
                "label": each.label,
                "patches": f"{each.name}-pieces",
                "piece": PATCH,
                "levels": [
                    {
                        "frames": f"{each.name}-{level.grid}",
                        "grid": level.grid,
                        "cells": {
                            "x": level.cells.x.tolist(),
                            "y": level.cells.y.tolist(),
                            "count": [len(members) for members in level.cells.members],
                            "classes": [
                                [named.index(number) for number in row]
                                for row in level.classes.tolist()
                            ],
                            "values": rounded(level.values),
                            "patches": [
                                [shown.index(piece) for piece in row]
                                for row in level.typical(each.vectors)
                            ],
                        },
                    }
                    for level in each.levels
                ],
            }
            for each in maps
            for shown in [each.shown()]
        ],
        "classes": [model.classes[number] for number in named],
        "value_label": "Logit above the mean, if this were everywhere",
        "start": {"layer": len(maps) - 2, "level": len(maps[-2].levels) - 1},
        "telling": first.values[:, 0].argsort(descending=True)[:TELLING].tolist(),
    }


def _assets(maps: list[Map]) -> dict[str, Frames]:
    assets = {}
    for each in maps:
        pieces = each.pieces[each.shown()].permute(0, 2, 3, 1)
        assets[f"{each.name}-pieces"] = Frames(pieces, lossless=False)
        for level in each.levels:
            size = level.drawn.shape[-1]
            sheet = torch.zeros(level.grid**2, size, size, 4)  # clear where there is no cell
            at = level.cells.y * level.grid + level.cells.x
            sheet[at, :, :, :3] = level.drawn.permute(0, 2, 3, 1)
            sheet[at, :, :, 3] = 1
            assets[f"{each.name}-{level.grid}"] = Frames(sheet, columns=level.grid, lossless=False)
    return assets


def _table(maps: list[Map], model: Vision) -> Mapping[str, list[Any]]:
    rows = [
        {
            "layer": each.name,
            "grid": level.grid,
            "x": int(level.cells.x[cell]),
            "y": int(level.cells.y[cell]),
            "count": len(members),
            "class": model.classes[int(level.classes[cell, 0])],
            "value": float(level.values[cell, 0]),
        }
        for each in maps
        for level in each.levels
        for cell, members in enumerate(level.cells.members)
    ]
    return {column: [row[column] for row in rows] for column in rows[0]}
