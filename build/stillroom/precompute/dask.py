"""Steps on many machines, through a Dask cluster that is already running (``--scheduler``).

Each worker needs Stillroom and a copy of the site, and runs in the site's folder. It refuses a step
if its copy of the recipe's source differs. Steps that take longer than seconds go to workers that
declare the resource GPU, if there are any; `stillroom.precompute.dask_workers` starts such workers.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import socket
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stillroom.diagnostics import StillroomError
from stillroom.precompute.job import Answer, Job
from stillroom.precompute.worker import Message, compute
from stillroom.recipe import Progress


class SchedulerError(StillroomError):
    """The cluster cannot be used."""

    exit_code = 2


class DaskSlot:
    """A share of a cluster: one step at a time, wherever the scheduler puts it."""

    def __init__(self, device: str, executor: Executor, topic: str, close: Callable[[], None]):
        self.device = device
        self._executor = executor
        self._topic = topic
        self._close = close
        self._said: deque[Message] = deque()

    def submit(self, job: Job) -> Future[Answer]:
        """Start computing somewhere."""
        self._said.clear()
        return self._executor.submit(functools.partial(remote, topic=self._topic), job)

    def hear(self, event: tuple[float, str]) -> None:
        """Take what a worker logged on this slot's topic."""
        kind, *value = json.loads(event[1])
        self._said.append(Progress(*value) if kind == "progress" else value[0])

    def messages(self) -> Iterator[Message]:
        """What the running step has said since the last time."""
        while self._said:
            yield self._said.popleft()

    def restart(self) -> None:
        """Do nothing: the cluster replaces its workers itself."""

    def close(self) -> None:
        """Leave the cluster, which lives on; a step that still runs is cancelled."""
        self._executor.shutdown(wait=False)
        self._close()


def remote(job: Job, *, topic: str) -> Answer:
    """Compute a job in a Dask worker, whose folder is the site's."""
    import distributed

    from stillroom.settings import find_settings

    log = distributed.get_worker().log_event

    def say(message: Message) -> None:
        value = (
            ["progress", *asdict(message).values()]
            if isinstance(message, Progress)
            else ["line", message]
        )
        log(topic, json.dumps(value))

    return compute(job, find_settings(Path.cwd()).root, say)


def dask_slots(scheduler: str, *, device: str, timeout: float = 30) -> list[Any]:
    """Return a slot for each thread of the cluster, and one for each GPU it declares.

    Args:
        scheduler: its address, such as ``tcp://10.0.0.1:8786``.
        device: ``cpu`` keeps all steps from GPUs; ``auto`` and ``cuda`` use those declared.
        timeout: seconds to wait for the scheduler and its first worker.

    Raises:
        SchedulerError: Dask is not installed, nobody answers, or there is no worker.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise SchedulerError(
            "--scheduler needs Dask", hint="pip install 'stillroom[dask]'"
        ) from error
    reach(scheduler, timeout=timeout)
    open_client: Any = Client  # it ships no types
    try:
        client = open_client(scheduler, timeout=timeout, set_as_default=False)
    except (OSError, ValueError) as error:
        raise _nobody(scheduler) from error
    try:
        client.wait_for_workers(1, timeout=timeout)
    except TimeoutError as error:
        client.close()
        raise SchedulerError(
            f"the scheduler at {scheduler} has no worker",
            hint=f"start one in the site's folder: stillroom worker {scheduler}",
        ) from error

    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    threads = sum(worker["nthreads"] for worker in workers)
    gpus = sum(int(worker["resources"].get("GPU", 0)) for worker in workers)
    devices = [*(["cuda"] * gpus if device != "cpu" else []), *["cpu"] * threads]
    slots = []
    open_slots = len(devices)

    def close() -> None:
        nonlocal open_slots
        open_slots -= 1
        if open_slots == 0:
            with contextlib.suppress(TimeoutError):
                client.close()

    for each in devices:
        topic = f"stillroom-{uuid.uuid4().hex}"
        wanted = {"resources": {"GPU": 1}} if each == "cuda" else {}
        slot = DaskSlot(each, client.get_executor(pure=False, **wanted), topic, close)
        client.subscribe_topic(topic, slot.hear)
        slots.append(slot)
    return slots


def reach(scheduler: str, *, timeout: float) -> None:
    """Knock at the scheduler, since a Dask client that nobody answers takes a minute to give up.

    Raises:
        SchedulerError: `scheduler` is no address, or nobody answers there.
    """
    found = re.fullmatch(r"(?:\w+://)?\[?([^/\s\]]+)\]?:(\d{1,5})", scheduler)
    if found is None:
        raise SchedulerError(
            f"'{scheduler}' is not the address of a scheduler",
            hint="write it as tcp://host:8786",
        )
    try:
        socket.create_connection((found[1], int(found[2])), timeout=timeout).close()
    except (OSError, OverflowError) as error:
        raise _nobody(scheduler) from error


def _nobody(scheduler: str) -> SchedulerError:
    return SchedulerError(
        f"no Dask scheduler answers at {scheduler}", hint="start one with: dask scheduler"
    )
