"""The interface of recipes: `@recipe`, what it is given (`Run`), what it returns (`Result`).

A recipe is a seeded function of keyword arguments that computes what one figure shows::

    @recipe(view="chart", draft={"steps": 20})
    def descent(run: Run, *, steps: int = 200, rate: Annotated[float, Field(gt=0)] = 0.1) -> Result:
        ...

Its name on a page is the function's name with hyphens. It reads no clock, network, environment or
global random state, and writes no file: it returns arrays and numbers, and `stillroom.media`
encodes them. This module is the interface only, so it does not count in the digest of a recipe's
source; a change that alters results must raise `precompute.key.FORMAT_VERSION`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import torch
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

    from stillroom.media.kinds import Asset

P = ParamSpec("P")
T = TypeVar("T")
Cost = Literal["seconds", "minutes", "hours"]
Fact = float | int | str | bool


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of a recipe gives.

    Args:
        facts: named numbers or short texts that prose may quote and claims may compare.
        data: JSON for the view; floats are stored with 7 significant digits.
        tables: named tables, each a mapping of column to equally long sequences.
        assets: named pictures, films, arrays, charts and weights (`stillroom.media.kinds`).
    """

    facts: Mapping[str, Fact] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Sequence[Any]]] = field(default_factory=dict)
    assets: Mapping[str, Asset] = field(default_factory=dict)


class Recipe(Generic[P]):
    """A recipe: call it like the function it wraps.

    Attributes:
        name: what an author writes, e.g. ``spectral-reconstruction``.
        view: the view that shows it unless the figure asks for another.
        draft: parameters that replace the author's in a draft build.
        cost: how long a full run takes on a CPU, for the reader of a plan.
        packages: distributions whose version shapes the numbers, and so belongs in the key.
        function: the function itself.
    """

    def __init__(
        self,
        function: Callable[P, Result],
        *,
        view: str,
        draft: Mapping[str, Any],
        cost: Cost,
        packages: tuple[str, ...],
    ) -> None:
        self.function = function
        self.name = function.__name__.replace("_", "-")
        self.view = view
        self.draft = dict(draft)
        self.cost = cost
        self.packages = packages
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Result:
        """Run the function as it is, without validation or storage."""
        return self.function(*args, **kwargs)


def recipe(
    *,
    view: str,
    draft: Mapping[str, Any] | None = None,
    cost: Cost = "seconds",
    packages: Iterable[str] = (),
) -> Callable[[Callable[P, Result]], Recipe[P]]:
    """Declare a function a recipe. It must stand at the top level of its module.

    Args:
        view: the view that shows its result.
        draft: cheaper parameters for previews and tests.
        cost: the order of magnitude of a full run on a CPU.
        packages: distributions whose version shapes the numbers, e.g. ``["torch"]``.
    """
    if isinstance(packages, str):
        raise TypeError(f"packages should be a list of names: [{packages!r}]")

    def wrap(function: Callable[P, Result]) -> Recipe[P]:
        return Recipe(
            function, view=view, draft=draft or {}, cost=cost, packages=tuple(sorted(packages))
        )

    return wrap


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A parameter that names a picture: a file of the article, or ``skimage:NAME``.

    ``skimage:chelsea`` is a picture inside the scikit-image wheel. A recipe is handed the
    content, so that a worker needs no shared file system.
    """

    name: str
    content: bytes = field(default=b"", repr=False)

    def pixels(self, size: tuple[int, int] | None = None) -> np.ndarray[Any, Any]:
        """Decode to RGB.

        Args:
            size: (height, width) to cover: the picture is scaled (Lanczos) and cropped about its
                centre. None keeps the size.

        Returns:
            uint8 array ``[height, width, 3]``.
        """
        import numpy as np
        from PIL import Image, ImageOps

        with Image.open(io.BytesIO(self.content)) as opened:
            picture = ImageOps.exif_transpose(opened).convert("RGB")
        if size is not None:
            picture = ImageOps.fit(picture, (size[1], size[0]), Image.Resampling.LANCZOS)
        return np.asarray(picture)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Accept a name; the plan reads the file and fills in the content."""
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(min_length=1),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda file: file.name),
        )


@dataclass(frozen=True, slots=True)
class Upstream:
    """Marks a parameter as the stored result of another recipe.

    ``net: Annotated[Stored, Upstream("train-net")]``: in an article its value is the parameters
    of that recipe (default: none given).
    """

    recipe: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A result read back: what a recipe gets for an `Upstream` parameter.

    Attributes:
        facts, data, tables: as the upstream recipe returned them.
        files: the bytes of its assets, by file name (``weights.safetensors``).
    """

    facts: Mapping[str, Fact]
    data: Mapping[str, Any]
    tables: Mapping[str, Mapping[str, Sequence[Any]]]
    files: Mapping[str, bytes] = field(repr=False)

    def tensors(self, name: str) -> dict[str, torch.Tensor]:
        """Return the tensors of the `Weights` asset `name`, on the CPU."""
        from safetensors.torch import load

        return load(self.files[f"{name}.safetensors"])


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is: `done` of `total` units, `note` says of what."""

    done: float
    total: float
    note: str = ""


class Run:
    """What a recipe is given: device, seed, progress and checkpoints.

    Attributes:
        seed: the seed an author asked for.
        draft: whether this is a cheap preview.
    """

    def __init__(
        self,
        *,
        device: str = "cpu",
        seed: int = 0,
        draft: bool = False,
        report: Callable[[Progress], None] | None = None,
        checkpoint: Path | None = None,
    ) -> None:
        self._device = device
        self.seed = seed
        self.draft = draft
        self._report = report
        self._checkpoint = checkpoint

    @property
    def device(self) -> torch.device:
        """Where the recipe's tensors belong."""
        import torch

        return torch.device(self._device)

    def generator(self, *salt: str | int) -> torch.Generator:
        """A CPU generator, the same for the same seed and salt.

        Draw on the CPU and move the numbers to the device, so that all devices see the same ones.
        """
        import torch

        name = json.dumps([self.seed, *salt]).encode()
        digest = hashlib.sha256(name).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Say how far the work is."""
        if self._report is not None:
            self._report(Progress(done, total, note))

    def steps(self, items: Iterable[T], *, total: int | None = None, note: str = "") -> Iterator[T]:
        """Yield `items`, reporting progress after each."""
        if total is None:
            items = list(items)
            total = len(items)
        for done, item in enumerate(items, start=1):
            yield item
            self.progress(done, total, note)

    def save_checkpoint(self, tensors: Mapping[str, torch.Tensor], **state: Any) -> None:
        """Keep `tensors` and JSON `state`, so that a killed run can go on from here."""
        if self._checkpoint is None:
            return
        from safetensors.torch import save_file

        self._checkpoint.parent.mkdir(parents=True, exist_ok=True)
        partial = self._checkpoint.with_suffix(".partial")
        save_file(
            {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
            partial,
            metadata={"state": json.dumps(state)},
        )
        partial.replace(self._checkpoint)

    def load_checkpoint(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]] | None:
        """What the last `save_checkpoint` of this very step kept, or None."""
        if self._checkpoint is None or not self._checkpoint.exists():
            return None
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self._checkpoint, framework="pt") as opened:
                state = json.loads(opened.metadata()["state"])
                return {name: opened.get_tensor(name) for name in opened.keys()}, state  # noqa: SIM118
        except (SafetensorError, OSError, ValueError, KeyError, TypeError):
            self._checkpoint.unlink(missing_ok=True)
            return None
