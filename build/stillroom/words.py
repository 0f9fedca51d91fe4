"""Numbers as people read them, in the terminal and on pages."""

from __future__ import annotations


def count(number: int, noun: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def size(number: float) -> str:
    """A number of bytes with at most three digits: ``812 B``, ``3.4 kB``, ``12 MB``."""
    for unit in ("B", "kB", "MB"):
        if number < 999.5:
            return f"{number:.{int(unit != 'B' and number < 9.95)}f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def duration(seconds: float) -> str:
    """A length of time: ``0.4 s``, ``12 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
