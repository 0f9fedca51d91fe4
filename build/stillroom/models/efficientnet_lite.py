"""EfficientNet-Lite0 and 1: small networks trained on ImageNet, with their batch norms folded.

The architecture is EfficientNet-B0 (M. Tan and Q. Le, ICML 2019, arXiv:1905.11946) without squeeze
and excitation and with ReLU6 for Swish, as published by its authors for phones (R. Liu,
"Higher accuracy on vision models with EfficientNet-Lite", TensorFlow blog 2020). Its layers:

    stem, block0 … block15, head, logits          what each part of the network puts out
    blockN.expand, .depthwise, .project           inside a block; block0 has no expand
    stem.linear, blockN.expand.linear, …          the same before its ReLU6, which cuts at 0 and 6

A block ends linear: its output is not cut, and is summed with its input where the shapes agree.
Lite1 repeats blocks more often: it has block0 … block20.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 1280  # channels of the head
EPSILON = 1e-3  # of its batch norms

# (blocks, kernel, stride of the first, expansion, channels) of each stage.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class Convolution(nn.Conv2d):
    """A convolution padded like TensorFlow's SAME, for any input size.

    With stride 2 the padding depends on the size and may be one pixel wider below and right.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``[b, i, h, w]`` → ``[b, o, ceil(h / stride), ceil(w / stride)]``."""
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        # What SAME adds so that every stride-th pixel has a whole window.
        whole = [max((n - 1) // stride * stride + kernel - n, 0) for n in x.shape[-2:]]
        if all(each % 2 == 0 for each in whole):
            padding = [each // 2 for each in whole]
            return functional.conv2d(
                x, self.weight, self.bias, self.stride, padding, groups=self.groups
            )
        (top, bottom), (left, right) = ((each // 2, each - each // 2) for each in whole)
        x = functional.pad(x, (left, right, top, bottom))
        return functional.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)


class Block(nn.Module):
    """An inverted bottleneck: expand (1×1), filter each channel (depthwise), project (1×1)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        if expansion > 1:
            self.expand = rectified(Convolution(inputs, inner, 1))
        self.depthwise = rectified(Convolution(inner, inner, kernel, stride, groups=inner))
        self.project = Convolution(inner, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """``[b, inputs, h, w]`` → ``[b, outputs, ceil(h / stride), ceil(w / stride)]``."""
        expanded = self.expand(x) if hasattr(self, "expand") else x
        y: Tensor = self.project(self.depthwise(expanded))
        return y + x if self.residual else y


class EfficientNetLite0(nn.Module):
    """The network, with biases where its batch norms were. Its input is scaled about 0.

    Attributes:
        depth: factor of the number of blocks of each stage but the first and the last.
        size: pixels a side that it was trained on.
        blocks: how many it has.
    """

    depth = 1.0
    size = 224

    def __init__(self) -> None:
        super().__init__()
        self.stem = rectified(Convolution(3, 32, 3, 2))
        inputs, number = 32, 0
        for stage, (blocks, kernel, stride, expansion, outputs) in enumerate(STAGES):
            deep = 0 < stage < len(STAGES) - 1
            for n in range(math.ceil(blocks * self.depth) if deep else blocks):
                block = Block(inputs, outputs, kernel, stride if n == 0 else 1, expansion)
                self.add_module(f"block{number}", block)
                inputs, number = outputs, number + 1
        self.head = rectified(Convolution(inputs, WIDTH, 1))
        self.logits = nn.Linear(WIDTH, 1000)
        self.blocks = number

    def forward(self, x: Tensor) -> Tensor:
        """``[b, 3, h, w]`` → logits ``[b, 1000]``; h and w may be any."""
        x = self.stem(x)
        for number in range(self.blocks):
            x = self.get_submodule(f"block{number}")(x)
        logits: Tensor = self.logits(self.head(x).mean((2, 3)))
        return logits


class EfficientNetLite1(EfficientNetLite0):
    """The next larger one."""

    depth = 1.1
    size = 240


def rectified(convolution: Convolution) -> nn.Sequential:
    """A convolution and its ReLU6."""
    return nn.Sequential(OrderedDict(linear=convolution, relu=nn.ReLU6()))


@torch.no_grad()
def load(net: EfficientNetLite0, published: Mapping[str, Tensor]) -> None:
    """Give `net` the published weights, each batch norm folded into its convolution.

    ``γ (W x - μ) / σ + β`` is one convolution with ``W γ / σ`` and the bias ``β - μ γ / σ``.

    Args:
        net: the network to fill.
        published: convolutions without bias, each followed by its batch norm, in the order of the
            network, and a linear classifier called ``_fc``.
    """
    kernels = [name for name, tensor in published.items() if tensor.dim() == 4]
    norms = [name.removesuffix("running_var") for name in published if name.endswith("running_var")]
    for convolution, kernel, norm in zip(_convolutions(net), kernels, norms, strict=True):
        mean, variance = (published[f"{norm}running_{each}"] for each in ("mean", "var"))
        gain = published[f"{norm}weight"] / (variance + EPSILON).sqrt()
        _set(convolution.weight, published[kernel] * gain[:, None, None, None])
        _set(convolution.bias, published[f"{norm}bias"] - mean * gain)
    _set(net.logits.weight, published["_fc.weight"])
    _set(net.logits.bias, published["_fc.bias"])


@torch.no_grad()
def initialise(net: EfficientNetLite0, generator: torch.Generator) -> None:
    """Give `net` random weights: the untrained network that a trained one is compared with.

    Kernels are normal (K. He and others, ICCV 2015). A convolution is then scaled and shifted so
    that each of its channels has mean 0 and variance 1 on pink noise, as its batch norm would do in
    a network about to be trained: so activations are of the size of 1 at any depth.
    """
    for convolution in _convolutions(net):
        nn.init.kaiming_normal_(convolution.weight, generator=generator)
        convolution.get_parameter("bias").zero_()
    nn.init.normal_(net.logits.weight, std=WIDTH**-0.5, generator=generator)
    nn.init.zeros_(net.logits.bias)

    def standardise(module: nn.Module, _given: tuple[Tensor, ...], y: Tensor) -> Tensor:
        variance, mean = torch.var_mean(y, (0, 2, 3))
        gain = (variance + EPSILON).rsqrt()
        module.get_parameter("weight").mul_(gain[:, None, None, None])
        module.get_parameter("bias").copy_(-mean * gain)
        return (y - mean[:, None, None]) * gain[:, None, None]

    hooks = [each.register_forward_hook(standardise) for each in _convolutions(net)]
    try:
        net(_pink_noise(32, 96, generator))
    finally:
        for hook in hooks:
            hook.remove()


def _pink_noise(count: int, side: int, generator: torch.Generator) -> Tensor:
    """Pictures ``[count, 3, side, side]`` of variance 1/4 with the 1/f spectrum of natural ones."""
    frequency = torch.hypot(torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side))
    noise = torch.randn(count, 3, *frequency.shape, 2, generator=generator)
    pink = torch.view_as_complex(noise) / frequency.clamp(min=1 / side)
    picture: Tensor = torch.fft.irfft2(pink, s=(side, side))
    return picture / (2 * picture.std())


def _convolutions(net: EfficientNetLite0) -> list[Convolution]:
    return [module for module in net.modules() if isinstance(module, Convolution)]


def _set(parameter: Tensor | None, value: Tensor) -> None:
    """Copy, and refuse another shape: `copy_` alone would broadcast."""
    if parameter is None or parameter.shape != value.shape:
        raise ValueError(f"the published weights do not fit: {tuple(value.shape)}")
    parameter.copy_(value)
