"""What the pipeline tells an author: where, which rule, what was expected.

Nothing here raises on the first problem: a stage collects all problems of a run, and the command
line prints them at once as ``file:line:column: CODE message``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]


class StillroomError(Exception):
    """A problem that is the user's to mend: shown as one sentence, never as a traceback.

    Attributes:
        exit_code: what the command ends with (see ``docs/command-line.md``).
        hint: what to do about it, or an empty string.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file an author wrote; `path` is relative to the site's root, POSIX style."""

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One finding; `code` is a key of `stillroom.rules.RULES`."""

    location: Location
    code: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        mark = "" if self.severity == "error" else "warning: "
        return f"{self.location}: {self.code} {mark}{self.message}"


@dataclass(slots=True)
class Diagnostics:
    """The findings of one run, in no particular order until asked."""

    found: list[Diagnostic] = field(default_factory=list)

    def error(self, location: Location, code: str, message: str) -> None:
        """Record something that stops the article from being built."""
        self.found.append(Diagnostic(location, code, message))

    def warning(self, location: Location, code: str, message: str) -> None:
        """Record something an author should know, and that stops nothing."""
        self.found.append(Diagnostic(location, code, message, "warning"))

    @property
    def errors(self) -> list[Diagnostic]:
        """All errors, by place."""
        return sorted({d for d in self.found if d.severity == "error"})

    @property
    def warnings(self) -> list[Diagnostic]:
        """All warnings, by place."""
        return sorted({d for d in self.found if d.severity == "warning"})


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name closest to `name`, else ``""``.

    Upper and lower case are the same here, so that ``Cat.PNG`` is near ``cat.png``.
    """
    by_lower = {each.lower(): each for each in sorted(known)}
    close = difflib.get_close_matches(str(name).lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""
