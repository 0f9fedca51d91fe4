"""Receptive fields by geometry: which pixels a unit can depend on at all.

A pass through the network is followed operation by operation. Windows (convolutions and pools)
widen the field and take strides; what keeps every position leaves it as it is, and a sum of two
paths has the field of both. After anything else, such as a mean over all positions, it is the whole
picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from stillroom.models.layers import recording, trace
from stillroom.recipes.features.loop import device_of


@dataclass(frozen=True, slots=True)
class Field:
    """The receptive fields of a layer, which are squares.

    Attributes:
        start: along either side, the first pixel of the unit at position 0; negative in padding.
        size: pixels a side.
        stride: pixels from one position to the next; 0 if each unit sees the whole picture.
    """

    start: int = 0
    size: int = 1
    stride: int = 1

    def box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Top, left, bottom and right of the unit there; may reach beyond the picture."""
        top, left = (self.start + place * self.stride for place in (row, column))
        return top, left, top + self.size, left + self.size

    def window(self, kernel: int, stride: int, padding: int, dilation: int) -> Field:
        """The field of windows over units of this field."""
        return Field(
            self.start - padding * self.stride,
            self.size + (kernel - 1) * dilation * self.stride,
            self.stride * stride,
        )

    def join(self, other: Field) -> Field:
        """The field of what depends on units of both."""
        start = min(self.start, other.start)
        end = max(self.start + self.size, other.start + other.size)
        return Field(start, end - start, min(self.stride, other.stride))


def receptive_field(model: nn.Module, layer: str, size: int) -> Field:
    """The receptive fields of a layer, for a picture of `size` pixels a side.

    Raises:
        UnknownLayerError: there is no such layer.
    """
    blank = _blank(model, size)
    following = _Following(blank)
    with torch.no_grad(), recording(model, [layer]) as run, following:
        output = run(blank)[layer]
    return following.field(output)


def receptive_fields(model: nn.Module, size: int) -> dict[str, tuple[tuple[int, ...], Field]]:
    """The shape without the batch, and the receptive fields, of every layer in order."""
    blank = _blank(model, size)
    following = _Following(blank)
    with torch.no_grad(), following:
        return trace(model, blank, lambda a: (tuple(a.shape[1:]), following.field(a)))


# The arguments of the functions of torch that look through windows, in order.
_WINDOWS = {
    "conv2d": ("input", "weight", "bias", "stride", "padding", "dilation"),
    "max_pool2d": ("input", "kernel_size", "stride", "padding", "dilation"),
    "avg_pool2d": ("input", "kernel_size", "stride", "padding"),
}


class _Following(TorchFunctionMode):
    """Knows the field of every tensor that was made from the picture."""

    def __init__(self, picture: Tensor) -> None:
        super().__init__()
        self._whole = Field(0, picture.shape[-1], 0)
        # Tensors are held, or a number could be given to another.
        self._known: dict[int, tuple[Tensor, Field]] = {id(picture): (picture, Field())}

    def field(self, tensor: Tensor) -> Field:
        return self._known[id(tensor)][1]

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        given = [each for each in _tensors((*args, *kwargs.values())) if id(each) in self._known]
        if given:
            for tensor in _tensors([output]):
                field = self._after(func.__name__, given, tensor, args, kwargs)
                self._known[id(tensor)] = (tensor, field)
        return output

    def _after(
        self,
        name: str,
        given: list[Tensor],
        output: Tensor,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Field:
        field = self.field(given[0])
        for each in given[1:]:
            field = field.join(self.field(each))
        if field.stride == 0:
            return self._whole
        if name in _WINDOWS:
            return field.window(**_window(name, args, kwargs))
        if name == "pad":
            top = (kwargs.get("pad") or args[1])[2]
            return Field(field.start - top * field.stride, field.size, field.stride)
        places = {each.shape[-2:] for each in given}
        return field if output.dim() >= 4 and output.shape[-2:] in places else self._whole


def _window(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, int]:
    """Kernel, stride, padding and dilation of a call, along one side."""
    given = {**dict(zip(_WINDOWS[name], args, strict=False)), **kwargs}
    kernel = given["weight"].shape[-1] if "weight" in given else _one(given["kernel_size"])
    stride = given.get("stride") or (1 if "weight" in given else kernel)  # a pool's is its kernel
    dilation = _one(given.get("dilation", 1))
    padding = given.get("padding", 0)
    if isinstance(padding, str):
        padding = (kernel - 1) * dilation // 2 if padding == "same" else 0
    return {
        "kernel": kernel,
        "stride": _one(stride),
        "padding": _one(padding),
        "dilation": dilation,
    }


def _one(pair: int | Sequence[int]) -> int:
    """The first of two sides, which are taken to be alike."""
    return pair if isinstance(pair, int) else pair[0]


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


def _blank(model: nn.Module, size: int) -> Tensor:
    return torch.zeros(1, 3, size, size, device=device_of(model))
