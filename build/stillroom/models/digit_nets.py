"""Small classifiers of 8 x 8 digits, with named layers and explicit random numbers."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from stillroom.models.digits import CLASSES, SIDE

Kind = Literal["conv", "deep", "narrow", "mlp", "linear"]
# Channels of the layers of 3 x 3, with a halving of each side after each group, and units of the
# layers after them.
PLANS: Mapping[Kind, tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]] = {
    "conv": (((32, 64),), (128,)),
    "deep": (((32, 32), (64, 64)), (128,)),
    "narrow": (((16, 32),), (64,)),
    "mlp": ((), (256, 256)),
    "linear": ((), ()),
}


def digit_net(kind: Kind, generator: torch.Generator) -> nn.Sequential:
    """Build a network from digits ``[b, 1, 8, 8]`` in [0, 1] to logits ``[b, 10]``.

    - ``conv``: layers of 3 x 3 with 32 and 64 channels, the largest of each 2 x 2, 128 units;
    - ``deep``: four such layers, with a halving after each pair;
    - ``narrow``: ``conv`` with half of everything, which trains three times as fast;
    - ``mlp``: two layers of 256 units;
    - ``linear``: the logits only.

    Its layers are ``conv1``, …, ``fc1``, …, each followed by a rectifier, and ``logits``.

    Args:
        kind: the architecture.
        generator: draws the weights, on the CPU.
    """
    with torch.device("meta"):  # nothing is drawn from the global generator
        net = nn.Sequential(OrderedDict(_modules(kind)))
    return draw(net, generator)


def draw(net: nn.Sequential, generator: torch.Generator) -> nn.Sequential:
    """Give a network on the meta device its memory, and draw what it starts from.

    Weights and biases of layers are drawn within ± 1 / sqrt(fan in), as torch does by itself;
    normalisations start as the identity. The channels of a pixel lie side by side, which is up to
    twice as fast on a CPU.
    """
    net.to_empty(device="cpu")
    with torch.no_grad():
        for module in net:
            if isinstance(module, nn.Conv2d | nn.Linear):
                limit = 1 / math.sqrt(module.weight[0].numel())
                for parameter in module.parameters():
                    parameter.uniform_(-limit, limit, generator=generator)
            elif isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def load_net(kind: Kind, weights: Mapping[str, Tensor]) -> nn.Sequential:
    """Build a network with given weights, for use only: eval mode, no gradients of weights."""
    net = digit_net(kind, torch.Generator())
    net.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    return net.eval().requires_grad_(False)


def layers(net: nn.Sequential, images: Tensor) -> dict[str, Tensor]:
    """Return what each layer holds after its rectifier, and the logits, by name, ``[b, ...]``."""
    found = {}
    at, layer = images, ""
    for name, module in net.named_children():
        at = module(at)
        if isinstance(module, nn.Conv2d | nn.Linear):
            layer = name
        if isinstance(module, nn.ReLU) or name == "logits":
            found[layer] = at
    return found


def features(net: nn.Sequential, images: Tensor) -> Tensor:
    """Return the layer before the logits, after its rectifier, ``[b, units]``."""
    at: Tensor = net[:-1](images)
    return at


def _modules(kind: Kind) -> list[tuple[str, nn.Module]]:
    groups, units = PLANS[kind]
    modules: list[tuple[str, nn.Module]] = []
    channels, side, layer = 1, SIDE, 0
    for number, group in enumerate(groups, 1):
        for wide in group:
            layer += 1
            modules.append((f"conv{layer}", nn.Conv2d(channels, wide, 3, padding=1)))
            modules.append((f"relu_conv{layer}", nn.ReLU()))
            channels = wide
        modules.append((f"pool{number}", nn.MaxPool2d(2)))
        side //= 2
    modules.append(("flatten", nn.Flatten()))
    inputs = channels * side * side
    for number, wide in enumerate(units, 1):
        modules.append((f"fc{number}", nn.Linear(inputs, wide)))
        modules.append((f"relu_fc{number}", nn.ReLU()))
        inputs = wide
    modules.append(("logits", nn.Linear(inputs, CLASSES)))
    return modules
