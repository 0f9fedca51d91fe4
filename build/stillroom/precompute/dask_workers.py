"""Dask workers for this machine, each one thread: one a GPU, which sees no other, and some without.

Dask does not pin GPUs. A worker that declares the resource ``GPU`` gets one step at a time that
asks for it, and computes on the one device that its ``CUDA_VISIBLE_DEVICES`` leaves.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillroom.diagnostics import StillroomError
from stillroom.precompute.dask import SchedulerError, reach
from stillroom.precompute.device import needs_probe, probe

TICK = 0.2  # seconds between looks at whether a worker has ended


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker to start: its command, and the ids of the GPUs it may see ("": none)."""

    command: tuple[str, ...]
    gpu: str


def workers(scheduler: str, *, gpus: Sequence[str], cpus: int) -> list[Worker]:
    """Return a worker for each of `gpus`, and `cpus` that see none."""
    command = (
        *(sys.executable, "-m", "distributed.cli.dask_worker", scheduler),
        *("--nthreads", "1", "--no-dashboard", "--death-timeout", "60"),
    )
    return [
        *(Worker((*command, "--resources", "GPU=1"), gpu) for gpu in gpus),
        *(Worker(command, "") for _ in range(cpus)),
    ]


def visible_gpus(number: int | None) -> list[str]:
    """Return the ids of the first `number` GPUs (None: all) that this process may use."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    if named:
        return [each.strip() for each in named.split(",")][:number]
    if number is None:
        number = probe().cuda if needs_probe("auto") else 0
    return [str(gpu) for gpu in range(number)]


def run_workers(
    scheduler: str, *, root: Path, gpus: int | None, cpus: int | None, say: Callable[[str], None]
) -> None:
    """Run workers in the site at `root` until the first of them ends, or this process does.

    Args:
        scheduler: its address.
        root: the site's folder.
        gpus: how many GPUs to use; None: all there are.
        cpus: how many workers without a GPU; None: one if there is no GPU.
        say: takes a line for each worker.

    Raises:
        SchedulerError: Dask is not installed, or nobody answers.
        StillroomError: no worker was asked for, or one ended by itself.
    """
    if importlib.util.find_spec("distributed") is None:
        raise SchedulerError("a worker needs Dask", hint="pip install 'stillroom[dask]'")
    reach(scheduler, timeout=30)
    ids = visible_gpus(gpus)
    planned = workers(scheduler, gpus=ids, cpus=int(not ids) if cpus is None else cpus)
    if not planned:
        raise StillroomError("there is nothing to start", hint="ask for --cpus or --gpus")
    with contextlib.ExitStack() as running:
        started = []
        for worker in planned:
            environment = {
                **os.environ,
                "CUDA_VISIBLE_DEVICES": worker.gpu,
                **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
            }
            process = subprocess.Popen(worker.command, cwd=root, env=environment)
            running.callback(_end, process)
            started.append(process)
            say(f"Worker {process.pid}: " + (f"GPU {worker.gpu}" if worker.gpu else "CPU"))
        while all(process.poll() is None for process in started):
            time.sleep(TICK)
    raise StillroomError("a worker has ended, and with it the others")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
