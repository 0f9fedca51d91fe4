"""One photograph as a layer has it: at each place a picture of what the layer gives there.

The activation grid of C. Olah and others, "The Building Blocks of Interpretability" (Distill 2018,
doi:10.23915/distill.00010).
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from stillroom.media.kinds import Frames
from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import ImageFile, Result, Run, recipe
from stillroom.recipes.dreams.attribution import alone, contributions, ranks, rounded
from stillroom.recipes.dreams.icons import icons, likeness, recovered
from stillroom.recipes.features.reading import activations, picture

PATCH = 48  # pixels a side of the piece of the photograph beside a cell
CLASSES = 4  # named for each cell
TELLING = 6  # cells of the largest norm, shown beside the map
FIRST = 5  # classes among which the photograph's own counts as found


@recipe(
    view="atlas",
    draft={"layers": ["block9"], "control": "block9", "cells": 3, "icon": 48, "steps": 8},
    cost="minutes",
    packages=["torch", "pillow", WHEEL],
)
def activation_grid(
    run: Run,
    *,
    image: ImageFile,
    layers: Annotated[list[str], Field(min_length=1)] = ["block4", "block9", "block14"],  # noqa: B006
    control: str = "block14",
    model: str = "efficientnet-lite0",
    side: Annotated[int, Field(ge=32)] = 224,
    cells: Annotated[int, Field(ge=2, le=16)] = 7,
    icon: Annotated[int, Field(ge=32)] = 80,
    steps: Annotated[int, Field(ge=1)] = 128,
) -> Result:
    """Cut a photograph into cells and draw, for each, a picture of the layer's mean activation.

    The area of a cell's picture is the norm of the mean, of the largest. The classes of a cell are
    those of the largest logits if the layer held its mean everywhere (`attribution.alone`), less
    the mean over classes. `attribution.contributions` are measured beside them: how high either
    ranks the class that the network names for the photograph.

    Args:
        run: gives noise and transforms, and keeps checkpoints.
        image: the photograph, scaled and cropped about its centre.
        layers: layers of the network, in order of depth.
        control: a layer of an untrained copy of the network, drawn in the same way.
        model: see `load_model`.
        side: height and width of the photograph in pixels.
        cells: cells a side; a layer's map should divide by it.
        icon: pixels a side of a cell's picture.
        steps: of the ascent for each.

    Returns:
        For the view `atlas`, a map a layer. Facts, each with the layer's name at the end and
        ``untrained`` for that of the control: ``own_``, the mean cosine between what a cell's
        picture gives and the cell's direction; ``other_``, that to other cells' directions;
        ``recovered_``, the share of pictures that are most like their own cell; ``alike_``, the
        mean cosine between directions of different cells; ``norms_``, the largest norm over the
        smallest; ``rank_`` and ``first_``, the median rank of the photograph's class among a
        cell's, 1 the best, and the number of cells that have it among the first five; the same of
        contributions ``rank_linear_``, ``first_linear_``; ``explained_``, what all cells together
        contribute to that class over its logit less the mean. ``top`` and ``probability`` of the
        class, and ``cells``.
    """
    photo = picture(image, (side, side))[None]
    trained = load_model(model).to(run.device)
    untrained = load_model(model, pretrained=False).to(run.device)
    with torch.no_grad():
        probability = trained(photo.to(run.device)).softmax(1)[0].cpu()
    facts: dict[str, Any] = {
        "cells": cells**2,
        "top": trained.classes[int(probability.argmax())],
        "probability": float(probability.max()),
    }
    assets: dict[str, Frames] = {"patches": Frames(_pieces(image, cells), lossless=False)}
    work = [(layer, layer, trained) for layer in layers] + [("untrained", control, untrained)]
    found: list[tuple[str, Tensor]] = []
    strongest: dict[str, list[int]] = {}
    for number, (name, layer, net) in enumerate(work):
        a = activations(net, photo, [layer])[layer]
        vectors = functional.adaptive_avg_pool2d(a, cells)[0].flatten(1).T  # [cells², c]
        drawn = icons(
            run,
            net,
            layer,
            vectors,
            size=icon,
            steps=steps,
            part=name,
            share=(number / len(work), (number + 1) / len(work)),
        )
        norms = vectors.norm(dim=1)
        strongest[name] = norms.argsort(descending=True)[:TELLING].tolist()
        assets[name] = Frames(sized(drawn, norms / norms.max()), columns=cells, lossless=False)
        said = alone(net, layer, vectors, photo.to(run.device))
        said = said - said.mean(1, keepdim=True)
        found.append((name, said))
        effects = cell_effects(net, layer, photo.to(run.device), cells)
        with torch.no_grad():
            logits = net(photo.to(run.device))[0].cpu()
        best = int(logits.argmax())
        facts |= _measures(name, likeness(net, layer, drawn, vectors), vectors)
        for key, scores in (("", said), ("linear_", effects)):
            rank = ranks(scores, best)
            facts[f"rank_{key}{name}"] = int(rank.median()) + 1
            facts[f"first_{key}{name}"] = int((rank < FIRST).sum())
        facts |= {
            f"norms_{name}": float(norms.max() / norms.min()),
            f"explained_{name}": float(effects[:, best].sum() / (logits[best] - logits.mean())),
        }
    view = _view(found, trained, cells) | {"telling": strongest[layers[-1]]}
    return Result(facts=facts, data=view, assets=assets)


def cell_effects(model: Vision, layer: str, photo: Tensor, cells: int) -> Tensor:
    """What each cell contributes to logits, less the mean over classes: ``[cells², classes]``."""

    def places(side: int) -> Tensor:
        cell = torch.arange(side) * cells // side
        number = cell[:, None] * cells + cell
        return (number == torch.arange(cells**2)[:, None, None]).float()

    effects = contributions(model, layer, photo.expand(cells**2, -1, -1, -1), places)
    return effects - effects.mean(1, keepdim=True)


def sized(drawn: Tensor, areas: Tensor) -> Tensor:
    """Shrink pictures ``[n, 3, s, s]`` to areas in [0, 1], about the middle of a clear frame.

    Returns:
        ``[n, s, s, 4]``.
    """
    size = drawn.shape[-1]
    frames = torch.zeros(len(drawn), 4, size, size)
    for frame, picture_, area in zip(frames, drawn, areas.tolist(), strict=True):
        side = max(round(size * area**0.5), 1)
        small = functional.interpolate(
            picture_[None], (side, side), mode="bilinear", antialias=True
        )[0]
        start = (size - side) // 2
        inside = slice(start, start + side)
        frame[:3, inside, inside] = small
        frame[3, inside, inside] = 1
    return frames.permute(0, 2, 3, 1)


def _measures(name: str, cosines: Tensor, vectors: Tensor) -> dict[str, float]:
    other = ~torch.eye(len(cosines)).bool()
    directions = functional.normalize(vectors, dim=1)
    return {
        f"own_{name}": float(cosines.diagonal().mean()),
        f"other_{name}": float(cosines[other].mean()),
        f"recovered_{name}": recovered(cosines),
        f"alike_{name}": float((directions @ directions.T)[other].mean()),
    }


def _pieces(image: ImageFile, cells: int) -> Tensor:
    """The photograph in pieces, row by row, ``[cells², PATCH, PATCH, 3]``."""
    pixels = picture(image, (PATCH * cells, PATCH * cells))
    pieces = pixels.reshape(3, cells, PATCH, cells, PATCH).permute(1, 3, 2, 4, 0)
    return pieces.reshape(cells**2, PATCH, PATCH, 3)


def _view(found: list[tuple[str, Tensor]], model: Vision, cells: int) -> dict[str, Any]:
    places = list(range(cells**2))
    tops = {name: said.topk(CLASSES) for name, said in found}
    named = sorted({int(each) for top in tops.values() for each in top.indices.flatten()})
    return {
        "layers": [
            {
                "name": name,
                "label": name,  # short: a phone has room for four
                "patches": "patches",
                "levels": [
                    {
                        "frames": name,
                        "cells": {
                            "x": [place % cells for place in places],
                            "y": [place // cells for place in places],
                            "count": [1] * len(places),
                            "classes": [
                                [named.index(each) for each in row]
                                for row in tops[name].indices.tolist()
                            ],
                            "values": rounded(tops[name].values),
                            "patches": [[place] for place in places],
                        },
                    }
                ],
            }
            for name, _ in found
        ],
        "classes": [model.classes[each] for each in named],
        "value_label": "Logit above the mean, if this were everywhere",
        "start": {"layer": len(found) - 2, "level": 0},
    }
