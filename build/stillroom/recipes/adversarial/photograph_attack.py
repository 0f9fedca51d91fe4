"""Attacks on photographs that an ImageNet network sees, walk by walk.

The attack is that of A. Madry and others, "Towards Deep Learning Models Resistant to Adversarial
Attacks" (ICLR 2018), from the photograph itself. The network is EfficientNet-Lite0.
"""

from __future__ import annotations

from typing import Annotated, Any

import torch
from pydantic import Field
from torch import Tensor

from stillroom.media.kinds import Asset, Frames, Image
from stillroom.models.vision import WHEEL, load_model
from stillroom.recipe import ImageFile, Result, Run, recipe
from stillroom.recipes.adversarial.attack import Model, Pgd, aim
from stillroom.recipes.adversarial.explorer import NAMES, NORMS, walks
from stillroom.recipes.adversarial.norms import Norm, random_change
from stillroom.recipes.adversarial.training import predict

RADII = {"L2": [0.25, 0.5, 1.0, 2.0], "Linf": [1.0, 2.0, 4.0, 8.0]}


@recipe(
    view="attack-explorer",
    draft={"size": 96, "steps": 3, "draws": 4},
    cost="minutes",
    packages=["torch", WHEEL],
)
def photograph_attack(
    run: Run,
    *,
    pictures: Annotated[list[ImageFile], Field(min_length=1)],
    labels: Annotated[list[str], Field(min_length=1)],
    target: str = "ostrich",
    l2: Annotated[list[float], Field(min_length=1)] = RADII["L2"],
    linf: Annotated[list[float], Field(min_length=1)] = RADII["Linf"],
    size: Annotated[int, Field(ge=32)] = 128,
    steps: Annotated[int, Field(ge=2)] = 6,
    draws: Annotated[int, Field(ge=1)] = 20,
) -> Result:
    """Attack photographs by projected gradient, and keep every step.

    Each photograph is driven away from the class that the network gives it, and toward `target`,
    within balls of several radii. A walk starts from the photograph and takes `steps` steps of 2.5
    radii in all. The control has random changes of the largest radii, clipped to the pixels' range.

    Args:
        run: gives the device and the random numbers.
        pictures: what to attack.
        labels: what to call each picture; those past the last picture do not count.
        target: the name of a class.
        l2: radii in L2, of pixels from 0 to 1.
        linf: radii in Linf, in levels of 1/255.
        size: pixels a side.
        steps: of a walk.
        draws: random changes of each photograph, for each norm.

    Returns:
        Frames ``photographs``, and for each walk its changes; Image ``thumbnail``, the first
        photograph beside the largest change of it toward the target. Data as the view
        ``attack-explorer`` reads it. Table ``errors``: for each photograph, norm and aim the
        smallest radius that succeeded, and what the network then says. Facts: for each photograph
        n (from 1) ``before_<n>`` and ``sure_<n>``, its class and probability, and for each aim
        (``away``, ``target``) and norm ``<aim>_<norm>_<n>``, the smallest radius that succeeded (0
        if none did); ``share_<norm>_<n>``, the largest length of the change toward the target as a
        share of the photograph's. Over all of them, at the largest radius: ``<aim>_<norm>_wins``,
        of ``photographs``; ``leaving``, the most steps of a way to the target, its start included,
        at which the class is still the first; ``random_<norm>_flips``, how many random changes
        alter the class, of ``random_draws``.

    Raises:
        ValueError: fewer labels than pictures.
    """
    if len(labels) < len(pictures):
        raise ValueError(f"{len(pictures)} pictures have {len(labels)} labels; expected one each")
    model = load_model("efficientnet-lite0").to(run.device)
    aimed = model.class_index(target)
    pixels = [torch.tensor(each.pixels((size, size))) for each in pictures]
    photographs = (torch.stack(pixels).permute(0, 3, 1, 2) / 255).to(run.device)
    with torch.no_grad():
        sure, own = model(photographs).softmax(-1).max(-1)
    radii = {"L2": l2, "Linf": [level / 255 for level in linf]}
    shown = {"L2": l2, "Linf": linf}
    facts: dict[str, float | int | str] = {
        "photographs": len(pictures),
        "target": target,
        "random_draws": draws * len(pictures),
    }
    for norm in NORMS:
        facts[f"random_{norm.lower()}_flips"] = _random(
            run, model, photographs, own, norm=norm, radius=radii[norm][-1], draws=draws
        )
    leaving = 0
    assets: dict[str, Asset] = {
        "photographs": Frames(photographs.permute(0, 2, 3, 1).cpu(), lossless=False)
    }
    attacks: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    plans = [(n, aiming, norm) for n in range(len(pictures)) for aiming in AIMS for norm in NORMS]
    for n, aiming, norm in run.steps(plans, note="walks"):
        photograph = photographs[n : n + 1]
        wanted = torch.full((len(radii[norm]),), aimed if aiming == "target" else int(own[n]))
        repeated = photograph.expand(len(wanted), -1, -1, -1).contiguous()
        path = Pgd(norm=norm, steps=steps).path(
            aim(model, wanted.to(run.device), targeted=aiming == "target"),
            repeated,
            torch.tensor(radii[norm]),
        )
        described, frames = walks(
            model, repeated, path, norm=norm, radii=shown[norm], target=aiming == "target"
        )
        for walk, (which, each) in zip(described, enumerate(frames), strict=True):
            name = f"change_{n + 1}_{aiming}_{norm.lower()}_{which}"
            assets[name] = Frames(each.permute(0, 2, 3, 1).cpu(), lossless=False)
            attacks.append({"picture": str(n), "target": aiming, "frames": name, "first": 0} | walk)
        won = [walk for walk in described if walk["won"][-1]]
        least = won[0]["radius"] if won else 0.0
        facts[f"{aiming}_{norm.lower()}_{n + 1}"] = least
        facts.setdefault(f"{aiming}_{norm.lower()}_wins", 0)
        facts[f"{aiming}_{norm.lower()}_wins"] += int(described[-1]["won"][-1])  # type: ignore[operator]
        ending = (won or described[-1:])[0]["top"][-1][0]
        errors.append(
            {
                "photograph": labels[n],
                "aim": AIMS[aiming].format(target),
                "norm": NAMES[norm],
                "radius": least if won else None,
                "says": model.classes[ending[0]],
                "probability": ending[1],
            }
        )
        if aiming == "target":
            if "thumbnail" not in assets:
                pair = torch.cat([photograph[0], frames[-1, -1]], -1)
                assets["thumbnail"] = Image(pair.permute(1, 2, 0).cpu(), lossless=False)
            share = described[-1]["l2"][-1] / float(photograph.norm())
            facts[f"share_{norm.lower()}_{n + 1}"] = share
            firsts = [step[0][0] for step in described[-1]["top"]]
            leaving = max(leaving, sum(each == int(own[n]) for each in firsts))
    facts["leaving"] = leaving
    for n in range(len(pictures)):
        facts |= {f"before_{n + 1}": model.classes[int(own[n])], f"sure_{n + 1}": float(sure[n])}
    return Result(
        facts=facts,
        data={
            "pictures": [
                {
                    "name": str(n),
                    "label": labels[n],
                    "frame": n,
                    "own": int(own[n]),
                    "length": float(photographs[n].norm()),
                }
                for n in range(len(pictures))
            ],
            "originals": "photographs",
            "ruler": "of the length of the picture",
            "targets": [
                {"name": "away", "label": "Any other class", "loss": "Loss of its own class"},
                {"name": "target", "label": target.capitalize(), "loss": f"Loss of “{target}”"},
            ],
            "norms": [
                {"name": "L2", "label": NAMES["L2"], "radii": l2, "unit": ""},
                {"name": "Linf", "label": NAMES["Linf"], "radii": linf, "unit": "/255"},
            ],
            "classes": {str(each): model.classes[each] for each in _named(attacks)},
            "attacks": attacks,
            "start": {"picture": "0", "target": "target", "norm": "L2", "radius": 3},
        },
        tables={"errors": {column: [row[column] for row in errors] for column in errors[0]}},
        assets=assets,
    )


AIMS = {"away": "any other class", "target": "{}"}


def _random(
    run: Run,
    model: Model,
    photographs: Tensor,
    own: Tensor,
    *,
    norm: Norm,
    radius: float,
    draws: int,
) -> int:
    """Count random changes of length `radius` that alter the class of a photograph."""
    flips = 0
    for n, photograph in enumerate(photographs):
        many = photograph.expand(draws, -1, -1, -1)
        change = random_change(
            many, torch.full((draws,), radius), norm, run.generator("random", norm, n)
        )
        if norm == "Linf":
            change = radius * change.sign()
        flips += int((predict(model, (many + change).clamp(0, 1)) != own[n]).sum())
    return flips


def _named(attacks: list[dict[str, Any]]) -> list[int]:
    """Return the classes that are among the top of some step."""
    return sorted({each for walk in attacks for step in walk["top"] for each, _ in step})
