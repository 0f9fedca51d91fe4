"""A number axis for the small plots that templates draw: where a value stands, and round ticks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

_SUPERSCRIPTS = str.maketrans("+-0123456789", "⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high`.

    Attributes:
        low, high: the ends; with `log` both are above zero.
        log: whether equal distances are equal ratios.
        ticks: (position in [0, 1], text) of round values within the ends.
    """

    low: float
    high: float
    log: bool
    ticks: tuple[tuple[float, str], ...]

    def at(self, value: float) -> float:
        """Return where `value` stands, from 0 at `low` to 1 at `high`; outside values at an end."""
        return _position(value, self.low, self.high, self.log)


def scale(
    values: Iterable[float], *, log: bool = False, zero: bool = False, steps: int = 4
) -> Scale:
    """Make an axis that holds `values`.

    A linear axis ends at round numbers when it is to start at `zero`; otherwise it ends at the
    values. A logarithmic axis leaves out values that are not above zero: they stand at its lower
    end.

    Args:
        values: at least one finite number; with `log` at least one above zero.
        log: make it logarithmic.
        zero: let a linear axis of values from 0 up start at 0.
        steps: about how many intervals its ticks make.

    Raises:
        ValueError: there is nothing to show.
    """
    shown = [float(value) for value in values]
    if not all(math.isfinite(value) for value in shown):
        raise ValueError("an axis needs finite numbers")
    if log:
        shown = [value for value in shown if value > 0]
    if not shown:
        raise ValueError("an axis needs a number above zero" if log else "an axis needs a number")
    low, high = min(shown), max(shown)
    if log:
        return _logarithmic(low, high, steps)
    if zero and low >= 0:
        low = 0.0
        step = _round_step((high - low) / steps)
        high = math.ceil(high / step - 1e-9) * step if step else 0.0
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = _round_step((high - low) / steps)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    marks = [count * step for count in range(first, last + 1)]
    return _with_ticks(low, high, False, marks)


def _logarithmic(low: float, high: float, steps: int) -> Scale:
    if low == high:
        low, high = low / 2, high * 2
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 1:
        stride = max(1, round((last - first) / steps))
        marks = [10.0**power for power in range(first, last + 1, stride)]
    else:  # less than two powers of ten: round values at a ratio of about two
        marks = [digit * 10.0**power for power in range(first - 1, last + 1) for digit in (1, 2, 5)]
    return _with_ticks(low, high, True, [mark for mark in marks if _within(mark, low, high)])


def _with_ticks(low: float, high: float, log: bool, marks: Iterable[float]) -> Scale:
    ticks = tuple((_position(mark, low, high, log), number(mark)) for mark in marks)
    return Scale(low, high, log, ticks)


def _within(mark: float, low: float, high: float) -> bool:
    return low * (1 - 1e-9) <= mark <= high * (1 + 1e-9)


def _position(value: float, low: float, high: float, log: bool) -> float:
    if log:
        if value <= 0:
            return 0.0
        value, low, high = math.log(value), math.log(low), math.log(high)
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _round_step(step: float) -> float:
    """Return the number nearest to `step` in ratio that is 1, 2 or 5 times a power of ten."""
    if step <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(step))
    return min((digit * power for digit in (1, 2, 5, 10)), key=lambda s: abs(math.log(s / step)))


def powers_of_ten(text: str) -> str:
    """Write what Python writes as ``1.5e-07`` as ``1.5 × 10⁻⁷``, and ``1e-07`` as ``10⁻⁷``."""
    mantissa, mark, exponent = text.partition("e")
    if not mark or not exponent.lstrip("+-").isdigit():
        return text
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return {"1": power, "-1": f"-{power}"}.get(mantissa, f"{mantissa} × {power}")


def number(value: float, digits: int = 4) -> str:
    """Write a number for a reader: 0.1235, −2 × 10⁻⁹; at most `digits` significant digits."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        text = powers_of_ten(re.sub(r"\.?0+e", "e", f"{value:.{digits - 1}e}"))
    else:
        places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:.{places}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")
