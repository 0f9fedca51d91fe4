"""The colours of data, in Python as in ``templates/css``: eight categories and two maps.

The categories are Okabe and Ito's (Color Universal Design, 2008), chosen to stay apart for the
colour-blind, with each made darker or lighter where its contrast with light or dark paper was under
3:1, and grey in place of black. The sequential map passes through eleven colours of viridis (S. van
der Walt and N. Smith, 2015), the diverging one through nine of our own, from blue to copper. Between
evenly spaced stops both go straight through OKLab (B. Ottosson, "A perceptual color space for image
processing", 2020), as CSS does in ``linear-gradient(in oklab, var(--sequential))``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# On light and on dark paper.
CATEGORIES = (
    ("#0072b2", "#5cabef"),  # blue
    ("#d55e00", "#ff8a3d"),  # vermilion
    ("#008a63", "#2fc49a"),  # bluish green
    ("#b3568a", "#e39cc4"),  # reddish purple
    ("#b37a00", "#f0b63c"),  # orange
    ("#2b8cc4", "#97d7ff"),  # sky blue
    ("#8a8000", "#f0e442"),  # yellow
    ("#6b6b6b", "#a8a8a8"),  # grey
)
STOPS = {
    "sequential": (
        *("#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c"),
        *("#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725"),
    ),
    "diverging": (
        *("#08519c", "#3f7fb9", "#7eabd2", "#bcd4e6", "#f5f2ec"),
        *("#f3cdb4", "#e69c73", "#cd6a3a", "#a63603"),
    ),
}
SIZE = 256  # entries of a map
Map = Literal["sequential", "diverging"]
Triple = tuple[float, float, float]


def to_oklab(colour: str) -> Triple:
    """Convert ``#rrggbb`` to OKLab: lightness from 0 to 1, and a and b, which are 0 for greys."""
    r, g, b = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    medium = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def from_oklab(lightness: float, a: float, b: float) -> Triple:
    """Convert OKLab to sRGB; a channel outside [0, 1] is a colour outside the gamut."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _gamma(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _gamma(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _gamma(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _linear(channel: float) -> float:
    """The inverse of `_gamma`."""
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _gamma(linear: float) -> float:
    """The transfer curve of sRGB (IEC 61966-2-1)."""
    return 12.92 * linear if linear <= 0.0031308 else float(1.055 * linear ** (1 / 2.4) - 0.055)


def colour(name: Map, t: float) -> Triple:
    """Return the sRGB colour, channels in [0, 1], of the map `name` at `t` in [0, 1]."""
    stops = STOPS[name]
    segment = min(int(t * (len(stops) - 1)), len(stops) - 2)
    part = t * (len(stops) - 1) - segment
    low, high = to_oklab(stops[segment]), to_oklab(stops[segment + 1])
    lightness, a, b = ((1 - part) * x + part * y for x, y in zip(low, high, strict=True))
    red, green, blue = from_oklab(lightness, a, b)
    return min(max(red, 0.0), 1.0), min(max(green, 0.0), 1.0), min(max(blue, 0.0), 1.0)


@cache
def table(name: Map) -> tuple[tuple[int, int, int], ...]:
    """Return the 256 colours of a map, channels 0 to 255."""
    colours = (colour(name, index / (SIZE - 1)) for index in range(SIZE))
    return tuple((round(r * 255), round(g * 255), round(b * 255)) for r, g, b in colours)


def apply(values: Any, low: float, high: float, name: Map = "sequential") -> NDArray[np.uint8]:
    """Colour numbers.

    Args:
        values: floats of any shape; what is outside [low, high] takes the colour of the end.
        low: the value of the first colour.
        high: the value of the last colour; more than `low`.
        name: which map.

    Returns:
        uint8 array of the shape of `values` with an axis of 3 (RGB) added.

    Raises:
        EncodeError: NaN among the values, or `high` not above `low`.
    """
    import numpy as np

    from stillroom.media.arrays import to_numpy
    from stillroom.media.files import EncodeError

    array = to_numpy(values).astype(np.float64)
    if np.isnan(array).any():
        raise EncodeError(f"{int(np.isnan(array).sum())} of {array.size} values are NaN")
    if not low < high:
        raise EncodeError(f"expected low < high, not {low} and {high}")
    index = np.rint(np.clip((array - low) / (high - low), 0, 1) * (SIZE - 1)).astype(np.intp)
    colours: NDArray[np.uint8] = np.array(table(name), np.uint8)[index]
    return colours


def css() -> str:
    """Return the declarations of the data colours: ``--c1`` to ``--c8``, and each map's stops."""
    lines = [
        f"--c{number}: light-dark({light}, {dark});"
        for number, (light, dark) in enumerate(CATEGORIES, start=1)
    ]
    lines += [f"--{name}: {', '.join(stops)};" for name, stops in STOPS.items()]
    return "\n".join(lines) + "\n"
