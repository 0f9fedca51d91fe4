"""The coordinator: run the steps of a plan that are not fresh, and store each as it finishes.

One loop over futures. Workers compute and give back bytes; only this process writes the store, so
whatever ends it, what has finished is kept and nothing is broken.
"""

from __future__ import annotations

import contextlib
import graphlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stillroom.diagnostics import Diagnostics
from stillroom.media.kinds import MEDIA_VERSION
from stillroom.precompute.job import Answer, Done, Failed, Job, checkpoint_path
from stillroom.precompute.key import FORMAT_VERSION, key_of, output_of
from stillroom.precompute.manifest import FigureResult, Ingredients, Manifest, Provenance
from stillroom.precompute.memory import Memory
from stillroom.precompute.plan import Plan, Role, Step, remember
from stillroom.precompute.progress import Reporter
from stillroom.precompute.store import Store
from stillroom.recipe import Progress
from stillroom.settings import Settings

if TYPE_CHECKING:
    from stillroom.precompute.slots import Slot

TICK = 0.1  # seconds between looks at what workers say
SLOW_FIRST = {"hours": 0, "minutes": 1, "seconds": 2}


@dataclass(frozen=True, slots=True)
class Failure:
    """A step without a result: what went wrong, or the recipe that it waited for in vain.

    Attributes:
        step: the step.
        error: one sentence.
        trace: the recipe's own frames, or empty.
        blocked_by: the upstream recipe that failed, or empty.
    """

    step: Step
    error: str
    trace: str = ""
    blocked_by: str = ""

    @property
    def roles(self) -> tuple[Role, ...]:
        """The figures it was for."""
        return self.step.roles

    def tell(self, diagnostics: Diagnostics) -> None:
        """Record it (F024) where an author asked for it."""
        trace = f"\n{self.trace}" if self.trace else ""
        for role in self.roles:
            what = f"recipe '{self.step.recipe}'"
            diagnostics.error(
                role.location,
                "F024",
                f"figure '{role.figure.name}' could not be computed: {what}: {self.error}{trace}",
            )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run gave.

    Attributes:
        results: the result of each figure that has one, by slug and name.
        failures: what went wrong.
        computed: how many steps ran to the end.
    """

    results: Mapping[tuple[str, str], FigureResult]
    failures: tuple[Failure, ...]
    computed: int


def run_plan(
    plan: Plan,
    settings: Settings,
    *,
    store: Store,
    jobs: int | None = None,
    device: str = "auto",
    scheduler: str = "",
    report: Reporter,
    slots: Sequence[Slot] = (),
) -> Outcome:
    """Run the steps of `plan` that are not fresh.

    Args:
        plan: what to do.
        settings: the site's settings.
        store: where results go.
        jobs: CPU workers at most; None: as many as there are CPUs.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        scheduler: the address of a Dask scheduler; empty: work on this machine.
        report: is told of everything as it happens.
        slots: where steps run, if neither on this machine nor in a Dask cluster.

    Raises:
        DeviceError, SchedulerError: what was asked for is not there.
        KeyboardInterrupt: after the workers were ended; finished steps are stored.
    """
    coordinator = _Coordinator(plan, settings, store, report)
    if plan.stale:
        store.sweep()
        coordinator.run(
            slots or _slots(plan, settings, jobs=jobs, device=device, scheduler=scheduler)
        )
    return coordinator.outcome()


def _slots(
    plan: Plan, settings: Settings, *, jobs: int | None, device: str, scheduler: str
) -> list[Slot]:
    if scheduler:
        from stillroom.precompute.dask import dask_slots

        return dask_slots(scheduler, device=device)
    from stillroom.precompute.slots import available_cpus, local_slots

    quick = sum(step.description.cost == "seconds" for step in plan.stale)
    return local_slots(
        settings.root,
        device=device,
        jobs=max(jobs or available_cpus(), 1),
        steps=(quick, len(plan.stale) - quick),
    )


@dataclass(slots=True)
class _Running:
    """A step in a slot; `claim` holds the right to compute it."""

    step: Step
    slot: Slot
    claim: contextlib.ExitStack


class _Coordinator:
    """The state of a run: every step is waiting for others, queued, running, done or failed."""

    def __init__(self, plan: Plan, settings: Settings, store: Store, report: Reporter) -> None:
        self._plan = plan
        self._settings = settings
        self._store = store
        self._report = report
        self._memory = Memory(settings)
        self._steps = {step.id: step for step in plan.steps}
        self._order = {step.id: index for index, step in enumerate(plan.steps)}
        self._manifests: dict[str, Manifest] = {}
        self._failures: dict[str, Failure] = {}
        self._queue: list[Step] = []
        self._running: dict[Future[Answer], _Running] = {}
        self._free: list[Slot] = []
        self._computed = 0
        self._sorter = graphlib.TopologicalSorter(
            {step.id: step.needs.values() for step in plan.steps}
        )
        self._sorter.prepare()
        for step in plan.steps:
            if step.manifest is not None:
                self._manifests[step.id] = step.manifest

    def run(self, slots: Sequence[Slot]) -> None:
        """Run until nothing more can be done."""
        self._free = list(slots)
        self._report.planned(self._plan.stale)
        try:
            self._advance()
            while self._queue or self._running:
                self._start_queued()
                self._collect()
        finally:
            for running in self._running.values():
                running.claim.close()
            for slot in slots:
                slot.close()
            self._memory.save()
            self._report.closed()

    def outcome(self) -> Outcome:
        """What has been achieved, and why the rest was not."""
        results = {}
        for wanted in self._plan.wanted:
            manifest = self._manifests.get(wanted.step)
            if manifest is not None:
                results[wanted.slug, wanted.figure.name] = FigureResult(
                    wanted.slug, wanted.figure, wanted.view, manifest
                )
        return Outcome(results, tuple(self._failures.values()), self._computed)

    def _advance(self) -> None:
        """Queue the steps whose upstreams are all there."""
        while ready := self._sorter.get_ready():
            for step_id in ready:
                if step_id in self._manifests:
                    self._sorter.done(step_id)
                else:
                    step = self._steps[step_id]
                    outputs = {name: self._manifests[n].output for name, n in step.needs.items()}
                    self._queue.append(
                        replace(step, ingredients=replace(step.ingredients, needs=outputs))
                    )
        self._queue.sort(
            key=lambda step: (
                SLOW_FIRST.get(step.description.cost, 2),
                -(step.expected or 0),
                self._order[step.id],
            )
        )

    def _start_queued(self) -> None:
        """Give queued steps to free slots."""
        for step in list(self._queue):
            slot = self._slot_for(step)
            if slot is None:
                continue
            claim = contextlib.ExitStack()
            key = key_of(step.ingredients)
            if not claim.enter_context(self._store.claim(key)):
                claim.close()
                continue  # another build computes it: look again at the next tick
            self._queue.remove(step)
            # The key of a waiting step was unknown until now; another build may have been quicker.
            there = None if step.forced else self._store.find(step.recipe, key).manifest
            if there is not None:
                claim.close()
                self._keep(step, there)
                self._report.reused(step)
                continue
            try:
                job = self._job(step, key, slot.device)
            except OSError as error:
                claim.close()
                self._fail(step, Failed(f"an upstream result cannot be read: {error}"))
                continue
            self._free.remove(slot)
            self._running[slot.submit(job)] = _Running(step, slot, claim)
            self._report.started(step, slot.device)
        self._advance()

    def _slot_for(self, step: Step) -> Slot | None:
        """A free slot: an accelerator for long steps if there is one, the CPU for quick ones."""
        slots = [*self._free, *(running.slot for running in self._running.values())]
        slow = step.description.cost != "seconds"
        accelerated = slow and any(slot.device != "cpu" for slot in slots)
        return next((slot for slot in self._free if (slot.device != "cpu") == accelerated), None)

    def _collect(self) -> None:
        """Wait a tick for steps to finish, and pass on what they say."""
        finished, _ = wait(self._running, timeout=TICK, return_when=FIRST_COMPLETED)
        if not self._running:
            time.sleep(TICK)
        for running in self._running.values():
            for message in running.slot.messages():
                if isinstance(message, Progress):
                    self._report.progressed(running.step, message)
                else:
                    self._report.said(running.step, message)
        for future in finished:
            running = self._running.pop(future)
            try:
                self._finish(running, _answer(future, running.slot))
            finally:
                running.claim.close()
                self._free.append(running.slot)
        if finished:
            self._advance()

    def _finish(self, running: _Running, answer: Answer) -> None:
        step = running.step
        if isinstance(answer, Failed):
            self._fail(step, answer)
            return
        manifest = _manifest(step.ingredients, answer)
        try:
            manifest = self._store.write(
                manifest, answer.result_json, answer.files, force=step.forced
            )
        except OSError as error:
            self._fail(step, Failed(f"its result cannot be stored: {error.strerror or error}"))
            return
        checkpoint_path(self._settings.root, manifest.key).unlink(missing_ok=True)
        self._computed += 1
        self._keep(step, manifest)
        self._report.finished(step, manifest)

    def _keep(self, step: Step, manifest: Manifest) -> None:
        self._manifests[step.id] = manifest
        remember(self._memory, step, manifest)
        self._sorter.done(step.id)

    def _fail(self, step: Step, failed: Failed) -> None:
        """Note a failure, and that all steps that need this one cannot run."""
        self._failures[step.id] = failure = Failure(step, failed.error, failed.trace)
        self._report.failed(failure.step, failure.error, failure.trace)
        lost = {step.id}
        for later in self._plan.steps:  # upstreams come before what needs them
            if later.id not in lost and lost & set(later.needs.values()):
                lost.add(later.id)
                if later.id not in self._failures:
                    error = f"it needs the result of '{step.recipe}', which failed"
                    self._failures[later.id] = Failure(later, error, blocked_by=step.recipe)
                    self._report.failed(later, error, "")

    def _job(self, step: Step, key: str, device: str) -> Job:
        """Raises OSError if an upstream result cannot be read."""
        return Job(
            key=key,
            recipe=step.recipe,
            module=step.description.module,
            function=step.description.function,
            params=step.ingredients.params,
            seed=step.ingredients.seed,
            draft=step.ingredients.draft,
            source=step.ingredients.source,
            packages=step.ingredients.packages,
            versions=(FORMAT_VERSION, MEDIA_VERSION),
            inputs=step.inputs,
            stored={n: self._store.stored(self._manifests[i]) for n, i in step.needs.items()},
            device=device,
        )


def _answer(future: Future[Answer], slot: Slot) -> Answer:
    try:
        return future.result()
    except BrokenExecutor:
        slot.restart()
        return Failed("its worker process died; perhaps it was killed or memory ran out")
    except Exception as error:  # what an executor raises of its own, e.g. Dask's KilledWorker
        return Failed(f"its worker failed: {type(error).__name__}: {error}")


def _manifest(ingredients: Ingredients, done: Done) -> Manifest:
    result = json.loads(done.result_json)
    return Manifest(
        key=key_of(ingredients),
        ingredients=ingredients,
        facts=done.facts,
        data=result["data"],
        tables=result["tables"],
        assets=done.assets,
        output=output_of(done.facts, done.result_json, done.assets),
        provenance=Provenance(done.seconds, done.device, done.peak_memory, done.versions, now()),
        folder="",
        frozen=False,
    )


def now() -> str:
    """Return the time in UTC, or the one that SOURCE_DATE_EPOCH asks for."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return moment.isoformat(timespec="seconds")
