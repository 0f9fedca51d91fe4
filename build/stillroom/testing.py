"""Helpers for the authors of recipes: run one in a test as a build would, without a site."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from stillroom.precompute import parameters
from stillroom.precompute.encoding import encode_result
from stillroom.precompute.inputs import MissingInputError, read_input
from stillroom.precompute.job import Answer, Job
from stillroom.precompute.worker import Message, compute
from stillroom.recipe import Progress, Recipe, Result, Run, Stored


def run_recipe(
    recipe: Recipe[Any],
    /,
    *,
    seed: int = 0,
    draft: bool = False,
    device: str = "cpu",
    folder: Path | None = None,
    progress: list[Progress] | None = None,
    **params: Any,
) -> Result:
    """Validate parameters as an article's are, and run a recipe in this process.

    Args:
        recipe: the recipe.
        seed: the figure's seed.
        draft: run the cheap profile; `params` replace what it says.
        device: where to compute, as torch names it.
        folder: where pictures are, as an article's folder; the current folder by default.
        progress: takes what the recipe reports.
        **params: values as an author writes them: a picture is its name. An upstream result is
            what `store_recipe` returned.

    Raises:
        ValueError: a value is unknown, missing or wrong; the message says which.
    """
    given = {**(recipe.draft if draft else {}), **params}
    upstreams = [each.name for each in parameters.parameters(recipe) if each.upstream]
    stored = {name: given.pop(name) for name in upstreams if name in given}
    wrong = [
        f"parameter '{name}' of recipe '{recipe.name}': expected what store_recipe returns"
        for name in upstreams
        if not isinstance(stored.get(name), Stored)
    ]
    checked = parameters.check(recipe, given)
    wrong += [problem.message for problem in checked.problems]
    if wrong:
        raise ValueError("; ".join(wrong))
    inputs = _inputs(checked.images, folder or Path())
    report = progress.append if progress is not None else None
    run = Run(device=device, seed=seed, draft=draft, report=report)
    result: Result = recipe(run, **parameters.arguments(recipe, checked.params, inputs, stored))
    return result


def store_recipe(recipe: Recipe[Any], /, **options: Any) -> Stored:
    """Run a recipe and encode its result: what a recipe that needs it would be handed.

    Args:
        recipe: the recipe.
        **options: as for `run_recipe`.

    Raises:
        ValueError: as for `run_recipe`.
        ResultError: the result cannot be stored.
    """
    facts, result_json, _, files = encode_result(run_recipe(recipe, **options))
    content = json.loads(result_json)
    return Stored(facts, content["data"], content["tables"], files)


class InlineSlot:
    """A slot for `run_plan` that computes in this process, one step at a time, as a test likes it.

    Args:
        root: the site's folder.
        device: what its steps compute on.
    """

    def __init__(self, root: Path, device: str = "cpu") -> None:
        self.device = device
        self.jobs: list[Job] = []
        self._root = root
        self._said: list[Message] = []

    def submit(self, job: Job) -> Future[Answer]:
        """Compute at once."""
        self.jobs.append(job)
        future: Future[Answer] = Future()
        future.set_result(compute(job, self._root, self._said.append))
        return future

    def messages(self) -> Iterator[Message]:
        """What the step has said."""
        said, self._said = self._said, []
        yield from said

    def restart(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


def _inputs(names: Iterable[str], folder: Path) -> dict[str, bytes]:
    try:
        return {name: read_input(name, folder) for name in names}
    except MissingInputError as error:
        raise ValueError(str(error)) from error
