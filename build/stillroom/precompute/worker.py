"""What a worker does: check that it has the code that was asked for, run it, encode the result.

A worker writes nothing but checkpoints, and knows of nothing but its job and the site's folder.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from importlib import metadata
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

import stillroom
from stillroom.media.kinds import MEDIA_VERSION
from stillroom.precompute.closure import Module, Sources, UnreadableModuleError
from stillroom.precompute.encoding import ResultError, encode_result
from stillroom.precompute.job import Answer, Done, Failed, Job, checkpoint_path
from stillroom.precompute.key import FORMAT_VERSION
from stillroom.precompute.modules import load, loaded_texts
from stillroom.precompute.parameters import arguments
from stillroom.recipe import Progress, Recipe, Result, Run

Message = Progress | str
"""What a worker says while it works: how far it is, or a line that the recipe printed."""


class _Process:
    """This worker process: what `begin` was told."""

    root = Path()
    channel: connection.Connection | None = None


def begin(root: Path, channel: connection.Connection) -> None:
    """Set a local worker process up, before it imports anything heavy.

    Args:
        root: the site's folder.
        channel: takes `Message`s.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's to handle
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    # Only project modules can be imported from the site, or else they would not be in the key.
    sys.path[:] = [each for each in sys.path if Path(each or ".").resolve() != root]
    _Process.root = root
    _Process.channel = channel
    threading.Thread(target=_end_with_parent, daemon=True).start()


def execute(job: Job) -> Answer:
    """Compute a job in this process, which `begin` has set up."""
    last = 0.0

    def say(message: Message) -> None:
        nonlocal last
        now = time.monotonic()
        if isinstance(message, Progress) and now - last < 0.1 and message.done < message.total:
            return
        last = now
        if _Process.channel is not None:
            with contextlib.suppress(OSError):  # the coordinator is gone, and soon we are too
                _Process.channel.send(message)

    return compute(job, _Process.root, say)


def compute(job: Job, root: Path, say: Callable[[Message], None]) -> Answer:
    """Compute a job.

    Args:
        job: what to compute.
        root: the site's folder, which may hold recipes, on this machine.
        say: takes progress and printed lines.

    Returns:
        The encoded result, or why there is none; nothing is raised for what a recipe does.
    """
    closure: Mapping[str, Module] = {}
    try:
        closure = Sources(root).closure(job.module)
        refusal = _refusal(job, closure)
        if refusal:
            return Failed(refusal)
        texts = {module.name: module.text for module in closure.values()}
        recipe = getattr(load(job.module, root, texts), job.function)
        if any(texts[name] != text for name, text in loaded_texts().items() if name in texts):
            return Failed("its source changed while it was loaded; build again")
        with (
            contextlib.closing(_Lines(say)) as lines,
            contextlib.redirect_stdout(lines),
            contextlib.redirect_stderr(lines),
        ):
            return _run(job, recipe, root, say)
    except (ResultError, UnreadableModuleError) as error:
        return Failed(str(error))
    except (Exception, SystemExit) as error:  # whatever the author's recipe raises
        return Failed(_summary(error), _trace(error, closure, root))


def _run(job: Job, recipe: Recipe[Any], root: Path, say: Callable[[Message], None]) -> Done:
    import torch

    _make_repeatable(job)
    call = arguments(recipe, job.params, job.inputs, job.stored)
    run = Run(
        device=job.device,
        seed=job.seed,
        draft=job.draft,
        report=say,
        checkpoint=checkpoint_path(root, job.key),
    )
    begun, busy = time.perf_counter(), time.process_time()
    result = recipe(run, **call)
    if not isinstance(result, Result):
        raise ResultError(f"returned {type(result).__name__} instead of a Result")
    facts, result_json, assets, files = encode_result(result)
    seconds = time.perf_counter() - begun
    if job.device == "cpu":  # waiting for a crowded machine does not make a result dearer
        seconds = min(seconds, time.process_time() - busy)
    return Done(
        facts=facts,
        result_json=result_json,
        assets=assets,
        files=files,
        seconds=round(seconds, 3),
        device=_device_name(job.device),
        peak_memory=_peak_memory(),
        versions={
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": metadata.version("numpy"),
            "stillroom": stillroom.__version__,
            "platform": f"{platform.system()} {platform.machine()}",
        },
    )


def _refusal(job: Job, closure: Mapping[str, Module]) -> str:
    """Why this worker must not compute the job, or an empty text."""
    if job.versions != (FORMAT_VERSION, MEDIA_VERSION):
        return "the worker runs another version of Stillroom; install the same one there"
    have = {module.name: module.digest for module in closure.values()}
    differing = sorted(
        name for name in have.keys() | job.source if have.get(name) != job.source.get(name)
    )
    if differing:
        return (
            f"the worker has other source for {', '.join(differing)}; "
            "it was changed while the build ran, or the worker's copy of the site differs"
        )
    for name, wanted in job.packages.items():
        try:
            installed = metadata.version(name).partition("+")[0]
        except metadata.PackageNotFoundError:
            installed = "none"
        if installed != wanted:
            return f"the worker has {name} {installed}, but the plan was made with {wanted}"
    return ""


def _make_repeatable(job: Job) -> None:
    """One thread, so that sums come out the same however many workers there are; seeds, in case."""
    import random

    import numpy as np
    import torch

    torch.set_num_threads(1)
    random.seed(job.seed)
    np.random.seed(job.seed % 2**32)
    torch.manual_seed(job.seed)
    if job.device.startswith("cuda"):
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)


def _device_name(device: str) -> str:
    if not device.startswith("cuda"):
        return device
    import torch

    return f"{device} ({torch.cuda.get_device_name(device)})"


def _peak_memory() -> int:
    """The most memory this process has held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _summary(error: BaseException) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _trace(error: BaseException, closure: Mapping[str, Module], root: Path) -> str:
    """The recipe's own frames of a traceback, with paths relative to the site."""
    from stillroom.precompute.catalogue import shown

    files = {str(module.path): shown(module.path, root) for module in closure.values()}
    frames = [
        f"  {files[frame.filename]}:{frame.lineno}, in {frame.name}\n    {frame.line}"
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename in files
    ]
    return "\n".join(frames)


def _end_with_parent() -> None:
    """A coordinator that is killed cannot say so: end when it is gone."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


class _Lines(io.TextIOBase):
    """Says each printed line, so that it does not garble the display of progress."""

    def __init__(self, say: Callable[[Message], None]) -> None:
        self._say = say
        self._line = ""

    def write(self, text: str) -> int:
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._say(line)
        return len(text)

    def close(self) -> None:
        """Say what is left of the last line."""
        line, self._line = self._line, ""
        if line:
            self._say(line)
        super().close()
