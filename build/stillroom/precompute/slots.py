"""Slots: places where one step at a time runs, each in front of a `concurrent.futures.Executor`.

A local slot has a worker process of its own, so that a worker that dies takes only its step along.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Protocol

from stillroom.precompute import worker
from stillroom.precompute.device import Hardware, choose, needs_probe, probe
from stillroom.precompute.job import Answer, Job
from stillroom.precompute.worker import Message


class Slot(Protocol):
    """Where one step at a time runs.

    Attributes:
        device: what its steps compute on, as torch names it.
    """

    device: str

    def submit(self, job: Job) -> Future[Answer]:
        """Start computing."""

    def messages(self) -> Iterator[Message]:
        """What the running step has said since the last time."""

    def restart(self) -> None:
        """Be ready again after the worker died."""

    def close(self) -> None:
        """End the worker at once; what it has not finished is lost."""


class LocalSlot:
    """A worker process on this machine."""

    def __init__(self, device: str, root: Path) -> None:
        self.device = device
        self._root = root
        self.restart()

    def restart(self) -> None:
        """Begin with a new process, started at the first job."""
        context = multiprocessing.get_context("spawn")
        self._reader, self._writer = context.Pipe(duplex=False)
        self._executor: Executor = ProcessPoolExecutor(
            1,
            mp_context=context,
            initializer=worker.begin,
            initargs=(self._root, self._writer),
        )
        self._process: multiprocessing.process.BaseProcess | None = None

    def submit(self, job: Job) -> Future[Answer]:
        """Start computing in the worker process."""
        with self._started():
            return self._executor.submit(worker.execute, job)

    def probe(self) -> Future[Hardware]:
        """Ask torch in the worker process what it can compute on."""
        with self._started():
            return self._executor.submit(probe)

    def messages(self) -> Iterator[Message]:
        """What the running step has said since the last time."""
        with contextlib.suppress(EOFError, OSError):
            while self._reader.poll():
                yield self._reader.recv()

    def close(self) -> None:
        """End the process at once: an idle one would take a second to take torch apart."""
        if self._process is not None:
            self._process.kill()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._reader.close()
        self._writer.close()

    @contextlib.contextmanager
    def _started(self) -> Iterator[None]:
        """The first job starts the process: note which it is, and keep Ctrl-C from it."""
        if self._process is not None:
            yield
            return
        before = set(multiprocessing.active_children())
        with _no_interrupt():
            yield
        started = set(multiprocessing.active_children()) - before
        self._process = started.pop() if started else None
        self._writer.close()


def local_slots(root: Path, *, device: str, jobs: int, steps: tuple[int, int]) -> list[Slot]:
    """Return slots on this machine: one an accelerator, `jobs` at most for the CPU.

    Args:
        root: the site's folder.
        device: as the user named it.
        jobs: CPU workers at most.
        steps: how many steps take seconds, and how many take longer; no slot is made in vain.

    Raises:
        DeviceError: the device is not there.
    """
    first = LocalSlot("cpu", root)
    try:
        hardware = first.probe().result() if needs_probe(device) else Hardware()
        accelerators = choose(device, hardware)
    except BaseException:
        first.close()
        raise
    quick, slow = steps
    used = accelerators[: max(slow, 1)] if slow else ()
    for_cpu = quick if accelerators else quick + slow
    cpu = [first, *(LocalSlot("cpu", root) for _ in range(1, min(jobs, max(for_cpu, 1))))]
    return [*(LocalSlot(each, root) for each in used), *cpu]


def available_cpus() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Hold SIGINT back; a process started meanwhile never gets one from the terminal."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
