"""Textures from the Gram matrices of small networks, trained as usual and on attacks.

After the experiment of R. Nakano, "Adversarially Robust Neural Style Transfer" (Distill 2019,
doi:10.23915/distill.00019.4), with networks that read digits instead of ones for photographs. The
method is that of L. Gatys, A. Ecker and M. Bethge, "Texture Synthesis Using Convolutional Neural
Networks" (NIPS 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from stillroom.media.kinds import Frames
from stillroom.models.digit_nets import digit_net
from stillroom.models.digits import digits
from stillroom.models.layers import Wrapped
from stillroom.models.vision import WHEEL, load_model
from stillroom.recipe import ImageFile, Result, Run, Stored, Upstream, recipe
from stillroom.recipes.adversarial.shared import spread, trained
from stillroom.recipes.features.loop import last, measure, optimise
from stillroom.recipes.features.parameterization import pixels
from stillroom.recipes.features.spectrum import fine_share
from stillroom.recipes.features.style import style_of
from stillroom.recipes.features.transform import NONE

NETS = {
    "untrained": "untrained",
    "standard": "standard",
    "gaussian": "Gaussian noise",
    "adversarial": "adversarial",
}
LAYERS = ["relu_conv1", "relu_conv2"]
JUDGE = ["block0", "block1", "block2"]
PAGE = "a page of digits"
SIDE = 48  # pixels of a texture


class Ink(Wrapped):
    """A network that reads ink, shown pictures ``[b, 3, h, w]`` in which white is 1."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """``[b, 3, h, w]`` → what the network says of the grey picture's negative."""
        said: Tensor = self.net(1 - x.mean(1, keepdim=True))
        return said


@recipe(
    view="picture-matrix",
    draft={"steps": 10, "seeds": 1},
    cost="minutes",
    packages=["torch", "pillow", "scikit-learn", WHEEL],
)
def texture_synthesis(
    run: Run,
    *,
    nets: Annotated[Stored, Upstream("digit-nets")],
    textures: Annotated[list[ImageFile], Field(min_length=1)],
    names: Annotated[list[str], Field(min_length=1)],
    seeds: Annotated[int, Field(ge=1)] = 3,
    steps: Annotated[int, Field(ge=1)] = 120,
    rate: Annotated[float, Field(gt=0)] = 0.05,
) -> Result:
    """Make textures that two layers of a network cannot tell from given ones.

    From noise, Adam changes pixels until the Gram matrices of both convolutional layers are those
    of the texture; there are neither waves nor movements to help. The first texture is a page of
    digits, which the networks know; the others are photographs in grey. How near a texture came is
    judged by another network, EfficientNet-Lite0, by its own Gram matrices in its first blocks.

    Args:
        run: gives the device and the random numbers.
        nets: networks trained in several ways, of a kind with two convolutional layers.
        textures: photographs.
        names: of the photographs.
        seeds: networks of each way; no more than `nets` holds.
        steps: of Adam.
        rate: of Adam.

    Returns:
        Frames ``textures`` of the first seed, textures down; across the original and what each
        network makes. Table ``cells``. Facts, with ``_low`` and ``_high`` for the range over seeds,
        of means over textures: ``left_<net>``, the judge's distance, of 1 for the noise at the
        start, and ``fine_<net>``, the share of energy above 1/4 cycle a pixel; ``left_page_<net>``
        for the page alone; ``fine_original``; ``seeds``, ``textures``.

    Raises:
        ValueError: not one name for each photograph, or more seeds than `nets` holds.
    """
    if len(names) != len(textures):
        raise ValueError(f"{len(textures)} textures have {len(names)} names")
    groups = trained(run, nets)
    if seeds > len(groups["standard"]):
        raise ValueError(f"seeds is {seeds}, and nets holds {len(groups['standard'])} of each arm")
    groups["untrained"] = [
        digit_net(nets.data["kind"], run.generator("texture-synthesis", "untrained", seed))
        .to(run.device)
        .eval()
        .requires_grad_(False)
        for seed in range(seeds)
    ]
    wanted = torch.cat([_page(), _photographs(textures)]).to(run.device)
    judge = load_model("efficientnet-lite0").to(run.device)
    distance = style_of(judge, wanted, JUDGE)
    left: dict[str, list[Tensor]] = {name: [] for name in NETS}
    fine: dict[str, list[Tensor]] = {name: [] for name in NETS}
    shown = [wanted.cpu()]
    for name, seed in run.steps([(name, s) for name in NETS for s in range(seeds)], note="nets"):
        model = Ink(groups[name][seed])
        noise = run.generator("texture-synthesis", seed, "noise")
        start = pixels(len(wanted), SIDE, noise, deviation=1.0)
        states = optimise(
            model,
            style_of(model, wanted, LAYERS),
            start,
            NONE,
            steps=steps,
            rate=rate,
            generator=run.generator("texture-synthesis", seed, "none"),
        )
        made = _grey(last(states).pictures)
        begun = measure(judge, distance, _grey(start.draw(start.tensors)))
        left[name].append(measure(judge, distance, made) / begun)
        fine[name].append(fine_share(made))
        if not seed:
            shown.append(made)
    facts: dict[str, float | int] = {
        "seeds": seeds,
        "textures": len(wanted),
        "fine_original": float(fine_share(wanted).mean()),
    }
    for name in NETS:
        facts |= spread(f"left_{name}", [float(each.mean()) for each in left[name]])
        facts |= spread(f"left_page_{name}", [float(each[0]) for each in left[name]])
        facts |= spread(f"fine_{name}", [float(each.mean()) for each in fine[name]])
    cells = torch.stack([torch.zeros(len(wanted)), *(left[name][0] for name in NETS)], 1)
    waves = torch.stack([fine_share(wanted.cpu()), *(fine[name][0] for name in NETS)], 1)
    return Result(
        facts=facts,
        data={
            "rows": {"name": "texture", "label": "Texture", "values": [PAGE, *names]},
            "columns": {
                "name": "network",
                "label": "Network",
                "values": ["original", *NETS.values()],
            },
            "numbers": [
                {"name": "left", "label": "Distance left, says the judge"},
                {"name": "fine", "label": "Energy in fine waves"},
            ],
            "start": {"row": 0, "column": len(NETS)},
        },
        tables={"cells": {"left": cells.flatten().tolist(), "fine": waves.flatten().tolist()}},
        assets={
            "textures": Frames(
                torch.stack(shown, 1).flatten(0, 1)[:, :1].permute(0, 2, 3, 1),
                columns=len(shown),
                scale=4,
            )
        },
    )


def _page() -> Tensor:
    """A page of 6 x 6 test digits, dark on white, ``[1, 3, SIDE, SIDE]``."""
    _, test = digits()
    rows = SIDE // test.images.shape[-1]
    digit = (1 - test.images[: rows**2, 0]).reshape(rows, rows, *test.images.shape[2:])
    page = digit.permute(0, 2, 1, 3).reshape(1, 1, SIDE, SIDE)
    return page.expand(-1, 3, -1, -1)


def _photographs(pictures: Sequence[ImageFile]) -> Tensor:
    each = [torch.tensor(picture.pixels((2 * SIDE, 2 * SIDE))) for picture in pictures]
    return _grey(torch.stack(each)[:, :SIDE, :SIDE].permute(0, 3, 1, 2) / 255)


def _grey(pictures: Tensor) -> Tensor:
    return pictures.mean(1, keepdim=True).expand(-1, 3, -1, -1)
