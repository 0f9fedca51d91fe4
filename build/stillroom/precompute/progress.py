"""What a run tells a person: plain lines, nothing, or the live display of `display`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Protocol, TextIO

from stillroom.precompute.manifest import Manifest
from stillroom.precompute.plan import Step
from stillroom.recipe import Progress
from stillroom.words import count, duration


class Reporter(Protocol):
    """Is told of a run as it happens; `planned` comes first, `closed` last, however it ends."""

    def planned(self, steps: Sequence[Step]) -> None:
        """These steps are to run."""

    def started(self, step: Step, device: str) -> None:
        """A step runs on a device."""

    def progressed(self, step: Step, progress: Progress) -> None:
        """A step got this far."""

    def said(self, step: Step, line: str) -> None:
        """A recipe printed a line."""

    def finished(self, step: Step, manifest: Manifest) -> None:
        """A step was computed and stored."""

    def reused(self, step: Step) -> None:
        """A step need not run: its upstreams gave what they gave before."""

    def failed(self, step: Step, error: str, trace: str) -> None:
        """A step has no result; `trace` holds the recipe's own frames, or nothing."""

    def closed(self) -> None:
        """The run is over."""


class Quiet:
    """Tells nothing."""

    def planned(self, steps: Sequence[Step]) -> None:
        """Say nothing."""

    def started(self, step: Step, device: str) -> None:
        """Say nothing."""

    def progressed(self, step: Step, progress: Progress) -> None:
        """Say nothing."""

    def said(self, step: Step, line: str) -> None:
        """Say nothing."""

    def finished(self, step: Step, manifest: Manifest) -> None:
        """Say nothing."""

    def reused(self, step: Step) -> None:
        """Say nothing."""

    def failed(self, step: Step, error: str, trace: str) -> None:
        """Say nothing."""

    def closed(self) -> None:
        """Say nothing."""


class Plain(Quiet):
    """A line an event, for logs and pipes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._total = 0
        self._over = 0
        self._told: dict[str, float] = {}

    def planned(self, steps: Sequence[Step]) -> None:
        """Say how many."""
        self._total = len(steps)
        self._line(f"{count(self._total, 'step')} to compute")

    def started(self, step: Step, device: str) -> None:
        """Say which, where, why, and how long it took the last time."""
        before = f", {duration(step.expected)} the last time" if step.expected else ""
        self._line(f"{step.label}: started on {device}{before} ({why(step)})")
        self._told[step.id] = time.monotonic()

    def progressed(self, step: Step, progress: Progress) -> None:
        """Say how far, every ten seconds at most."""
        now = time.monotonic()
        if now - self._told.get(step.id, now) >= 10:
            self._told[step.id] = now
            note = f" {progress.note}" if progress.note else ""
            self._line(f"{step.label}: {progress.done:g} of {progress.total:g}{note}")

    def said(self, step: Step, line: str) -> None:
        """Repeat it."""
        self._line(f"{step.label}: | {line}")

    def finished(self, step: Step, manifest: Manifest) -> None:
        """Say how long it took."""
        self._step_over(f"{step.label}: done in {duration(manifest.provenance.seconds)}")

    def reused(self, step: Step) -> None:
        """Say that it need not run."""
        self._step_over(f"{step.label}: unchanged")

    def failed(self, step: Step, error: str, trace: str) -> None:
        """Say why, and where in the recipe."""
        self._step_over(f"{step.label}: failed: {error}" + (f"\n{trace}" if trace else ""))

    def _step_over(self, text: str) -> None:
        self._over += 1
        self._line(f"[{self._over}/{self._total}] {text}")

    def _line(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


def reporter() -> Reporter:
    """Return what suits the standard error stream: a live display in a terminal, else lines."""
    if not sys.stderr.isatty():
        return Plain()
    from stillroom.precompute.display import Rich

    return Rich()


def why(step: Step) -> str:
    """Return why a step must run, in a few words."""
    return "; ".join(step.reasons)
