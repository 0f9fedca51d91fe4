"""Pictures of an atlas pasted into photographs: does a feature found there change a prediction?

The experiment is that of S. Carter and others, "Activation Atlas" (Distill 2019,
doi:10.23915/distill.00015), who pasted photographs of what an atlas had suggested. Here the
pictures of the atlas themselves are pasted, and pieces of photographs that lie in their cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import altair as alt
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from stillroom.media.kinds import Chart, Frames
from stillroom.models.vision import WHEEL, Vision, load_model
from stillroom.recipe import ImageFile, Result, Run, Stored, Upstream, recipe
from stillroom.recipes.dreams.stored_cells import Target, cells, pick, sheets
from stillroom.recipes.features.reading import AT_ONCE, picture

KINDS = {
    "cell": "the cell's picture",
    "piece": "a piece in the cell",
    "other": "another cell's picture",
    "stray": "a piece in another cell",
}
SHARES = [0.25, 0.35, 0.5]
SCENES = 2  # of each photograph
RESAMPLES = 2000
LEVEL = 0.95


@recipe(
    view="predictions",
    draft={"targets": 2, "places": 1, "shares": [0.25, 0.5], "side": 96},
    cost="minutes",
    packages=["torch", "pillow", WHEEL],
)
def patch_paste(
    run: Run,
    *,
    images: Annotated[list[ImageFile], Field(min_length=2)],
    atlas: Annotated[Stored, Upstream("activation-atlas")],
    layer: str = "block14",
    model: str = "efficientnet-lite0",
    side: Annotated[int, Field(ge=32)] = 224,
    targets: Annotated[int, Field(ge=2)] = 12,
    places: Annotated[int, Field(ge=1)] = 2,
    shares: Annotated[list[float], Field(min_length=2)] = SHARES,
) -> Result:
    """Paste patches into photographs, and count how often the network names the patch's class.

    The targets are chosen from the atlas alone: of the finest map of `layer`, the cells that
    have the largest logits, one a class. Each is pasted into scenes (two squares of each
    photograph, the middle and a random one), at random places, in several sizes. At the same places
    go three other patches of equal area: a piece of a photograph that lies in the cell, and as
    controls the picture of a random cell of another class and a piece that lies in one.

    A patch *hits* if the network names the target with it and did not without. Rates are means over
    targets, scenes and places; their intervals are percentiles of a bootstrap over targets, which
    are what was chosen from many.

    Args:
        run: gives scenes, places and random patches.
        images: the photographs of the atlas.
        atlas: the stored atlas.
        layer: one of its layers.
        model: see `load_model`.
        side: pixels a side of a scene.
        targets: how many, at most.
        places: random places in each scene.
        shares: sides of patches, of a scene's side.

    Returns:
        For the view `predictions`, the first trial that hits at the largest share, of the target
        that hits most often, and a piece of another cell at the same place. Chart ``rates``
        and table ``rates``. Facts, at the largest share unless a percentage follows: ``<kind>_hit``
        with ``_low`` and ``_high``, the same with ``_at_<percent>``; ``<kind>_flip``, how often the
        named class changed to any other; ``targets``, ``scenes``, ``trials`` of a kind and size;
        ``best``, the target that hits most often, and ``best_hit``; ``hitting``, targets that hit;
        ``gap`` and ``piece_gap``, with ``_low`` and ``_high``: hits by cells less those by other
        cells, and by pieces less those by pieces of other cells, target by target.

    Raises:
        ValueError: the atlas has no such layer.
    """
    net = load_model(model).to(run.device)
    chosen = pick(atlas, layer, targets)
    drawn, pieces = sheets(atlas, layer)
    photos = [picture(image) for image in images]
    scenes = _scenes(photos, side, run.generator("scenes"))
    before = predictions(net, scenes)
    draw = run.generator("places")
    trials = _trials(len(chosen), len(scenes), places, draw)
    everything = cells(atlas, layer)
    patches: dict[str, list[Tensor]] = {kind: [] for kind in KINDS}
    for each in trials:
        own = chosen[each.target]
        elsewhere = [cell for cell in everything if cell.name != own.name]
        other = elsewhere[_draw(len(elsewhere), draw)]
        patches["cell"].append(drawn[own.frame])
        patches["piece"].append(pieces[own.pieces[_draw(len(own.pieces), draw)]])
        patches["other"].append(drawn[other.frame])
        patches["stray"].append(pieces[other.pieces[_draw(len(other.pieces), draw)]])
    target = torch.tensor([each.target for each in trials])
    scene = torch.tensor([each.scene for each in trials])
    classes = torch.tensor([net.class_index(each.name) for each in chosen])[target]
    named = before.argmax(1)[scene]
    fair = named != classes  # where the target is named already there is nothing to hit
    rows, hits, struck = [], {}, {}
    facts: dict[str, Any] = {
        "targets": len(chosen),
        "scenes": len(scenes),
        "trials": int(fair.sum()),
    }
    for share in run.steps(sorted(shares), note="sizes"):
        for kind, label in KINDS.items():
            after = predictions(net, _pasted(scenes, trials, patches[kind], share)).argmax(1)
            struck[kind] = fair & (after == classes)
            hit = _by_target(after == classes, target, fair, len(chosen))
            flip = _by_target(after != named, target, fair, len(chosen))
            hits[kind] = hit
            numbers = _interval(hit, run.generator("bootstrap", kind, str(share)))
            rows.append({"patch": label, "share": share, **numbers})
            percent = round(100 * share)
            facts |= {
                f"{kind}_hit{end}_at_{percent}": numbers[f"rate{end}"]
                for end in ("", "_low", "_high")
            }
            facts |= {f"{kind}_hit{end}": numbers[f"rate{end}"] for end in ("", "_low", "_high")}
            facts[f"{kind}_flip"] = float(flip.mean())
    for key, kind, rest in (("gap", "cell", "other"), ("piece_gap", "piece", "stray")):
        gap = _interval(hits[kind] - hits[rest], run.generator("bootstrap", key))
        facts |= {f"{key}{end}": gap[f"rate{end}"] for end in ("", "_low", "_high")}
    best = int(hits["cell"].argmax())
    facts |= {
        "best": chosen[best].name,
        "best_hit": float(hits["cell"][best]),
        "hitting": int((hits["cell"] > 0).sum()),
    }
    of_best = fair & (target == best)
    example = int((of_best.long() + (of_best & struck["cell"]).long()).argmax())
    shown = {
        kind: torch.cat(
            [
                _pasted(scenes, [trials[example]], [patches[kind][example]], share)
                for share in sorted(shares)
            ]
        )
        for kind in ("cell", "stray")
    }
    return Result(
        facts=facts,
        data=_view(net, before[scene[example]], shown, chosen[best], sorted(shares)),
        tables={"rates": {column: [row[column] for row in rows] for column in rows[0]}},
        assets={
            "before": Frames(
                scenes[scene[example] : scene[example] + 1].permute(0, 2, 3, 1), lossless=False
            ),
            **{
                kind: Frames(frames.permute(0, 2, 3, 1), lossless=False)
                for kind, frames in shown.items()
            },
            "rates": Chart(_chart(rows)),
        },
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """A target for a scene, and where: from 0 to 1 of the room that there is, down and across."""

    target: int
    scene: int
    down: float
    across: float


@torch.no_grad()
def predictions(model: Vision, images: Tensor) -> Tensor:
    """Class probabilities of pictures, ``[b, classes]``, on the CPU."""
    device = model.mean.device
    parts = torch.split(images, AT_ONCE)
    return torch.cat([model(part.to(device)).softmax(1).cpu() for part in parts])


def paste(scene: Tensor, patch: Tensor, share: float, down: float, across: float) -> Tensor:
    """Put a patch over a square of a scene.

    Args:
        scene: ``[3, s, s]``.
        patch: ``[3, p, p]``, resized.
        share: the side of the square, of the scene's.
        down: from 0 to 1, where in the room that there is.
        across: likewise.

    Returns:
        ``[3, s, s]``.
    """
    whole = scene.shape[-1]
    side = round(whole * share)
    top, left = round(down * (whole - side)), round(across * (whole - side))
    small = functional.interpolate(patch[None], (side, side), mode="bilinear", antialias=True)[0]
    pasted = scene.clone()
    pasted[:, top : top + side, left : left + side] = small.clamp(0, 1)
    return pasted


def _trials(targets: int, scenes: int, places: int, generator: torch.Generator) -> list[Trial]:
    return [
        Trial(target, scene, *torch.rand(2, generator=generator).tolist())
        for target in range(targets)
        for scene in range(scenes)
        for _ in range(places)
    ]


def _pasted(
    scenes: Tensor, trials: Sequence[Trial], patches: Sequence[Tensor], share: float
) -> Tensor:
    return torch.stack(
        [
            paste(scenes[each.scene], patch, share, each.down, each.across)
            for each, patch in zip(trials, patches, strict=True)
        ]
    )


def _scenes(photos: Sequence[Tensor], side: int, generator: torch.Generator) -> Tensor:
    """The largest square about the middle of each photograph, and a random smaller one."""
    found = []
    for photo in photos:
        least = min(photo.shape[1:])
        smaller = round(least * 0.7)
        for length, at in ((least, None), (smaller, torch.rand(2, generator=generator)))[:SCENES]:
            room = [edge - length for edge in photo.shape[1:]]
            top, left = (
                round(space * (0.5 if at is None else float(at[n]))) for n, space in enumerate(room)
            )
            cut = photo[None, :, top : top + length, left : left + length]
            found.append(
                functional.interpolate(cut, (side, side), mode="bilinear", antialias=True)[0]
            )
    return torch.stack(found).clamp(0, 1)


def _by_target(event: Tensor, target: Tensor, fair: Tensor, count: int) -> Tensor:
    """The share of fair trials of each target in which an event happened, ``[targets]``."""
    happened = torch.zeros(count).index_add(0, target, (event & fair).float())
    return happened / torch.bincount(target[fair], minlength=count).clamp(min=1)


def _interval(rates: Tensor, generator: torch.Generator) -> dict[str, float]:
    """The mean over targets, and its bootstrap interval."""
    resample = torch.randint(len(rates), (RESAMPLES, len(rates)), generator=generator)
    tail = (1 - LEVEL) / 2
    low, high = rates[resample].mean(1).quantile(torch.tensor([tail, 1 - tail])).tolist()
    return {"rate": float(rates.mean()), "rate_low": low, "rate_high": high}


def _draw(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))


def _view(
    model: Vision, before: Tensor, shown: Mapping[str, Tensor], target: Target, shares: list[float]
) -> dict[str, Any]:
    def top(probability: Tensor) -> list[list[Any]]:
        """The five most probable classes, and the target if it is not among them."""
        numbers = probability.topk(5).indices.tolist()
        wanted = model.class_index(target.name)
        numbers = numbers if wanted in numbers else [*numbers[:4], wanted]
        return [[model.classes[number], float(probability[number])] for number in numbers]

    labels = {"cell": f"With the cell of “{target.name}”", "stray": "With a piece of another cell"}
    return {
        "axis": {
            "name": "share",
            "label": "Side of the patch",
            "values": [round(100 * share) for share in shares],
            "unit": "%",
        },
        "panels": [
            {"label": "Photograph", "frames": "before", "top": [top(before)]},
            *(
                {
                    "label": labels[kind],
                    "frames": kind,
                    "top": [top(each) for each in predictions(model, frames)],
                }
                for kind, frames in shown.items()
            ),
        ],
        "follow": [model.classes[int(before.argmax())], target.name],
        "start": len(shares) - 1,
        "chart": "rates",
        "table": "rates",
    }


def _chart(rows: list[dict[str, Any]]) -> alt.LayerChart | alt.FacetChart:
    """Draw the rates of each size of patch, with their intervals."""
    base = alt.Chart({"values": rows}).encode(
        x=alt.X(
            "share:O",
            title="Side of the patch, of the scene's",
            axis=alt.Axis(format=".0%", labelAngle=0),
        ),
        xOffset=alt.XOffset("patch:N", sort=list(KINDS.values())),
        color=alt.Color(
            "patch:N",
            title=None,
            sort=list(KINDS.values()),
            legend=alt.Legend(orient="top", columns=2),
        ),
    )
    y = alt.Y(
        "rate_low:Q", title="Target named, of all trials", axis=alt.Axis(format=".0%", labelAngle=0)
    )
    bars = base.mark_rule(strokeWidth=2, opacity=0.6).encode(y=y, y2="rate_high:Q")
    points = base.mark_point(filled=True, size=60).encode(
        y="rate:Q",
        tooltip=[
            "patch:N",
            *(alt.Tooltip(f"{key}:Q", format=".1%") for key in ("rate", "rate_low", "rate_high")),
        ],
    )
    return alt.layer(bars, points).properties(width="container", height=280)
