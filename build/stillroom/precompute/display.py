"""The live display of a run in a terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

from stillroom.precompute.manifest import Manifest
from stillroom.precompute.progress import Quiet, why
from stillroom.precompute.step import Step
from stillroom.recipe import Progress
from stillroom.words import duration


class Rich(Quiet):
    """A live display: the steps that run, on which device, how far they are, how long is left.

    Attributes:
        display: what is drawn.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True)
        self._steps = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("[dim]{task.fields[device]}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[left]}"),
            TextColumn("[dim]{task.fields[note]}"),
            console=self._console,
        )
        self._overall = Bars(
            TextColumn("[bold]{task.completed:.0f} of {task.total:.0f} steps"),
            BarColumn(bar_width=24),
            console=self._console,
        )
        self.display = Group(self._steps, self._overall)
        self._live = Live(self.display, console=self._console, transient=True)
        self._bars: dict[str, TaskID] = {}
        self._begun: dict[str, float] = {}
        self._all: TaskID | None = None

    def planned(self, steps: Sequence[Step]) -> None:
        """Open the display."""
        self._all = self._overall.add_task("", total=len(steps))
        self._live.start()

    def started(self, step: Step, device: str) -> None:
        """Show a bar, and how long the step took the last time."""
        self._begun[step.id] = time.monotonic()
        left = f"about {duration(step.expected)}" if step.expected else ""
        self._bars[step.id] = self._steps.add_task(
            escape(step.label), total=None, device=device, left=left, note=""
        )

    def progressed(self, step: Step, progress: Progress) -> None:
        """Move the bar and estimate the time left."""
        passed = time.monotonic() - self._begun[step.id]
        left = ""
        if 0 < progress.done <= progress.total:
            left = f"{duration(passed * (progress.total / progress.done - 1))} left"
        self._steps.update(
            self._bars[step.id],
            completed=progress.done,
            total=progress.total,
            left=left,
            note=escape(progress.note),
        )

    def said(self, step: Step, line: str) -> None:
        """Print it above the display."""
        self._console.print(f"[dim]{escape(step.label)} │[/] {escape(line)}")

    def finished(self, step: Step, manifest: Manifest) -> None:
        """Leave a line: how long it took, and why it had to run."""
        took = duration(manifest.provenance.seconds)
        note = f"[dim]{took} ({escape(why(step))})[/]"
        self._step_over(step, f"[green]✓[/] {escape(step.label)} {note}")

    def reused(self, step: Step) -> None:
        """Leave a line."""
        self._step_over(step, f"[green]=[/] {escape(step.label)} [dim]unchanged[/]")

    def failed(self, step: Step, error: str, trace: str) -> None:
        """Leave the error, and where in the recipe it was."""
        where = f"\n[dim]{escape(trace)}[/]" if trace else ""
        self._step_over(step, f"[red]✗[/] {escape(step.label)}: {escape(error)}{where}")

    def closed(self) -> None:
        """Close the display."""
        self._live.stop()

    def _step_over(self, step: Step, line: str) -> None:
        bar = self._bars.pop(step.id, None)
        if bar is not None:
            self._steps.remove_task(bar)
        if self._all is not None:
            self._overall.advance(self._all)
        self._console.print(line, highlight=False)
