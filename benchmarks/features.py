"""How fast pictures are made for units, beside lucent: `python benchmarks/features.py`.

The same network (our EfficientNet-Lite0, batch norms folded), the same units of four depths, size,
starting noise (Fourier, 0.01, ImageNet's colours), optimiser (Adam, 0.05) and number of steps. Each
library has a process of its own with one thread; time is CPU time, so that other work on the
machine counts little. Printed are milliseconds a step of one unit; the mean activation that was
reached on the plain picture, and over 16 random transforms (jitter 8, scale 1.1, rotation 10°, the
same for all); how far memory rose at most above what the loaded network takes; and how much longer
lucent took than Stillroom needed to come as far on the plain picture.

lucent (torch-lucent 0.1.8, of 2021) is used in two ways: one unit a call, as its documentation
does, and all units of a layer in one batch. What differs beside speed:

- lucent jitters, scales, turns, jitters and resizes, one after the other and alike for all pictures
  of a batch. Stillroom does it in one resampling, each picture by itself. The ranges are about
  lucent's, and both look at 12 pixels of grey around the picture.
- With its defaults Stillroom uses its own transforms and colours: as much movement, and no grey
  frame, so that the network has fewer pixels to see.
- lucent runs the whole network in every step; Stillroom stops at the layer that is asked for.

lucent asks for old versions of what it needs. It runs on the torch that is here, in a virtual
environment made in a temporary folder: torchvision 0.15.2 can be imported without the compiled part
that belongs to its own torch, and kornia 0.4.1 has the functions that lucent calls. Nothing is
replaced by a stand-in. The program ends with 1 if lucent in its documented use does not take three
times as long as Stillroom needs to come as far, if its batches are not slower, or if Stillroom
reaches less.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import torch
from torch import Tensor

from stillroom.models.vision import Vision, load_model
from stillroom.recipes.features.colour import IMAGENET, MEASURED
from stillroom.recipes.features.loop import measure, optimise
from stillroom.recipes.features.objective import channel
from stillroom.recipes.features.parameterization import fourier
from stillroom.recipes.features.transform import STANDARD, Transform

PEER = [
    *("torch-lucent==0.1.8", "kornia==0.4.1", "torchvision==0.15.2"),
    *("certifi", "charset-normalizer", "decorator", "future", "ipython", "prompt_toolkit"),
    *("requests", "tqdm", "traitlets", "urllib3"),
]
UNITS = {
    "block2": [0, 1, 3, 4, 5, 7, 10, 12],
    "block5": [2, 4, 11, 20, 33, 41, 60, 72],
    "block9": [0, 3, 4, 18, 30, 55, 81, 100],
    "block14": [0, 4, 27, 50, 88, 121, 150, 180],
}
SIZE = 128
PAD = 12  # what lucent adds on every side
LUCENTS = Transform(jitter=6, scale=1.1, rotate=10, pad=PAD, edge="grey")
TEST = Transform(jitter=8, scale=1.1, rotate=10)
OURS = ("Stillroom", "Stillroom with its defaults")
PEERS = ("lucent", "lucent in batches")
LOOK = 2  # steps between two measurements of Stillroom's pictures

Found = dict[str, Any]  # what `run` measured of a layer


def main() -> None:
    """Run every way in a process of its own, print ratios, judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--way", choices=OURS + PEERS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(run(given.way, given.steps)))
        return
    with tempfile.TemporaryDirectory() as folder:
        python = environment(Path(folder))
        found = {way: ask(python, way, given.steps) for way in OURS + PEERS}
    print("layer    way                          ms a step   plain  moved")
    for layer in UNITS:
        for way, by_layer in found.items():
            each = by_layer[layer]
            print(
                f"{layer:8} {way:28} {each['ms']:9.1f}  {each['plain']:6.1f} {each['moved']:6.1f}"
            )
    for way, by_layer in found.items():
        print(f"{way}: {max(each['memory'] for each in by_layer.values()):.0f} MB")
    judge(found)


def longer(other: Found, ours: Found) -> float:
    """How many times as long `other` took as we needed to come as far; 0 if we never came there."""
    ends = [step for step, value in ours["curve"] if value >= other["plain"]]
    return other["seconds"] / (ours["seconds"] * min(ends) / ours["steps"]) if ends else 0.0


def judge(found: dict[str, dict[str, Found]]) -> None:
    """Print the ratios that the promises are about, and end with 1 if one is broken."""
    ratios = {}
    for ours in OURS:
        for other in PEERS:
            pairs = [(found[other][layer], found[ours][layer]) for layer in UNITS]
            ratios[ours, other] = each = {
                "step": mean(a["seconds"] / b["seconds"] for a, b in pairs),
                "far": mean(longer(a, b) for a, b in pairs),
                "plain": mean(b["plain"] / a["plain"] for a, b in pairs),
                "moved": mean(b["moved"] / a["moved"] for a, b in pairs),
            }
            print(
                f"{other} takes {each['step']:.2f} times as long for a step as {ours}, and "
                f"{each['far']:.2f} times to come as far; {ours} reaches {each['plain']:.2f} "
                f"times its activation, moved {each['moved']:.2f} times"
            )
    if ratios["Stillroom", "lucent"]["far"] < 3:
        sys.exit("lucent should take three times as long to come as far")
    if min(min(each.values()) for each in ratios.values()) < 1:
        sys.exit("Stillroom should be faster than lucent in either use, and reach as much")


def mean(ratios: Iterable[float]) -> float:
    """The geometric mean; 0 if one of them is 0."""
    each = list(ratios)
    return statistics.geometric_mean(each) if min(each) > 0 else 0.0


def environment(folder: Path) -> Path:
    """Make a Python that has lucent beside all that this one has; return its path."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, *PEER], check=True)
    # What is installed here comes after what is installed there.
    ask_where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    there = subprocess.check_output([python, "-c", ask_where], text=True).strip()
    Path(there, "here.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def ask(python: Path, way: str, steps: int) -> dict[str, Found]:
    """What `run` gives, in a process of its own."""
    command = [python, "-W", "ignore", __file__, "--way", way, "--steps", str(steps)]
    answer: dict[str, Found] = json.loads(subprocess.check_output(command, text=True))
    return answer


def run(way: str, steps: int) -> dict[str, Found]:
    """Make pictures for all units in one way, and measure."""
    torch.set_num_threads(1)
    model = load_model("efficientnet-lite0")
    model(torch.rand(1, 3, SIZE, SIZE))
    loaded = peak()
    found = {}
    for layer, units in UNITS.items():
        make(way, model, layer, units, 1)  # the first pass prepares more than a pass
        begun = time.process_time()
        images = make(way, model, layer, units, steps)
        seconds, memory = time.process_time() - begun, peak() - loaded
        objective = channel(layer, units)
        curve = [(step, float(measure(model, objective, x).mean())) for step, x in images.items()]
        generator = torch.Generator().manual_seed(0)
        moved = measure(model, objective, images[steps], TEST, samples=16, generator=generator)
        found[layer] = {
            "steps": steps,
            "seconds": seconds,
            "ms": 1000 * seconds / steps / len(units),
            "memory": memory,
            "plain": curve[-1][1],
            "moved": float(moved.mean()),
            "curve": curve,
        }
    return found


def make(way: str, model: Vision, layer: str, units: list[int], steps: int) -> dict[int, Tensor]:
    """Pictures ``[units, 3, SIZE, SIZE]`` after some numbers of steps, the last of them `steps`."""
    if way == "lucent in batches":
        return {steps: with_lucent(model, layer, units, steps)}
    if way == "lucent":
        return {steps: torch.cat([with_lucent(model, layer, [unit], steps) for unit in units])}
    colours, transform = (IMAGENET, LUCENTS) if way == "Stillroom" else (MEASURED, STANDARD)
    states = optimise(
        model,
        channel(layer, units),
        fourier(len(units), SIZE, torch.Generator().manual_seed(1), colour=colours),
        transform,
        steps=steps,
        generator=torch.Generator().manual_seed(2),
        frames=range(LOOK, steps, LOOK),
    )
    return {state.step: state.image for state in states if state.image is not None}


def with_lucent(model: Vision, layer: str, units: list[int], steps: int) -> Tensor:
    """Pictures of one batch, by lucent."""
    from lucent.optvis import objectives, param, render

    torch.manual_seed(1)
    name = f"net_{layer.replace('.', '_')}"
    [images] = render.render_vis(
        model,
        objectives.Objective.sum(
            [objectives.channel(name, unit, batch=n) for n, unit in enumerate(units)]
        ),
        lambda: param.image(SIZE, batch=len(units)),
        thresholds=(steps,),
        preprocess=False,  # our network does it
        progress=False,
        show_image=False,
        fixed_image_size=SIZE + 2 * PAD,
    )
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()


def peak() -> float:
    """The most memory that this process has ever taken, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
