"""The layers of a network by name: which there are, what they put out, and a pass cut short.

A layer's name is that of its module. `LOGITS` is the output of the whole network, whatever its last
module is called. All of this works on any module that maps pictures to a tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from stillroom.diagnostics import StillroomError, nearest

LOGITS = "logits"
T = TypeVar("T")


class UnknownLayerError(StillroomError):
    """The network has no layer of that name."""


class _Enough(Exception):  # noqa: N818 - it is no error: it ends a pass that has gone far enough
    pass


class Wrapped(nn.Module):
    """A network in a wrapper that prepares its input: names of layers are those within `net`."""

    net: nn.Module


def find_layer(model: nn.Module, name: str) -> nn.Module:
    """Return the module called `name`; `LOGITS` is the whole unless a module has that name.

    Raises:
        UnknownLayerError: there is none; the message names the nearest.
    """
    modules: dict[str, nn.Module] = dict(_body(model).named_modules())
    if name == LOGITS:
        return modules.get(name, model)
    if not name or name not in modules:
        near = nearest(name, [*filter(None, modules), LOGITS])
        raise UnknownLayerError(f"the network has no layer '{name}'{near}")
    return modules[name]


@contextmanager
def recording(
    model: nn.Module, names: Iterable[str]
) -> Iterator[Callable[[Tensor], dict[str, Tensor]]]:
    """Hook layers for the time of a ``with``: gives a function from input to their outputs.

    The pass ends as soon as all of them have spoken, so what lies above the last costs nothing. The
    hooks are gone afterwards, whatever happens. Of a module that is called several times in a pass
    the first output counts.

    Raises:
        UnknownLayerError: no such layer.
    """
    modules = {name: find_layer(model, name) for name in names}
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[nn.Module, Any, Tensor], None]:
        def hook(_module: nn.Module, _given: Any, output: Tensor) -> None:
            seen.setdefault(name, output)
            if len(seen) == len(modules):
                raise _Enough

        return hook

    def run(x: Tensor) -> dict[str, Tensor]:
        seen.clear()
        if modules:
            with suppress(_Enough):
                model(x)
        outputs = dict(seen)
        seen.clear()  # or the graph of the last pass would live until the next
        return outputs

    handles: list[RemovableHandle] = []
    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(keep(name)))
        yield run
    finally:
        for handle in handles:
            handle.remove()


def trace(model: nn.Module, x: Tensor, read: Callable[[Tensor], T]) -> dict[str, T]:
    """Run `model` once and read what each layer puts out, in the order in which they end.

    Left out are modules without parameters that hand their result to the module around them as it
    is (an activation at the end of a block): the outer name stands for both. A module that is
    called several times is read the last time.

    Args:
        model: the network.
        x: an input ``[b, 3, h, w]``.
        read: what to keep of an output.
    """
    body = _body(model)
    outputs: dict[str, Tensor] = {}
    kept: dict[str, T] = {}

    def keep(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(_module: nn.Module, _given: Any, output: Any) -> None:
            if not isinstance(output, Tensor):
                return
            for inner in [each for each, value in outputs.items() if value is output]:
                if next(body.get_submodule(inner).parameters(recurse=False), None) is None:
                    del outputs[inner], kept[inner]
            outputs[name], kept[name] = output, read(output)

        return hook

    handles = [
        module.register_forward_hook(keep(name)) for name, module in body.named_modules() if name
    ]
    try:
        model(x)
    finally:
        for handle in handles:
            handle.remove()
    return kept


def _body(model: nn.Module) -> nn.Module:
    return model.net if isinstance(model, Wrapped) else model
