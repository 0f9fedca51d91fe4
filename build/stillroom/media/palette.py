"""The colours of data: eight categories, a sequential and a diverging map, in Python and CSS.

The categories are Okabe and Ito's (Color Universal Design, 2008), chosen to stay apart for the
colour-blind; their black, which vanishes on dark paper, is grey here. The maps are curves in OKLCh,
the polar form of OKLab (Ottosson, "A perceptual color space for image processing", 2020), with t
from 0 to 1:

- sequential: lightness 0.27 + 0.68 t, hue 300° - 195° t, chroma 0.08 + 0.07 t²;
- diverging, with s = abs(2 t - 1): lightness 0.96 - 0.48 s, chroma 0.13 s, hue 250° below the
  middle and 45° above.

Lightness is linear, so equal steps in a value look equally large, and survive in grey. Both stay
inside sRGB.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CATEGORIES = (
    "#0072b2",  # blue
    "#d55e00",  # vermilion
    "#009e73",  # bluish green
    "#cc79a7",  # reddish purple
    "#e69f00",  # orange
    "#56b4e9",  # sky blue
    "#f0e442",  # yellow
    "#999999",  # grey
)
SIZE = 256  # entries of a map
STOPS = 17  # of them in CSS; in between, sRGB is straight to within 2 of 255
Map = Literal["sequential", "diverging"]
Colour = tuple[int, int, int]


def oklch(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    """Convert OKLCh, hue in degrees, to sRGB; a channel outside [0, 1] is outside the gamut."""
    a = chroma * math.cos(math.radians(hue))
    b = chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _gamma(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _gamma(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _gamma(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _gamma(linear: float) -> float:
    """The transfer curve of sRGB (IEC 61966-2-1)."""
    if linear <= 0.0031308:
        return 12.92 * linear
    return float(1.055 * linear ** (1 / 2.4) - 0.055)


def curve(name: Map, t: float) -> tuple[float, float, float]:
    """Return the sRGB colour, channels in [0, 1], of the map `name` at `t` in [0, 1]."""
    if name == "sequential":
        return oklch(0.27 + 0.68 * t, 0.08 + 0.07 * t**2, 300 - 195 * t)
    s = abs(2 * t - 1)
    return oklch(0.96 - 0.48 * s, 0.13 * s, 250 if t < 0.5 else 45)


def table(name: Map) -> tuple[Colour, ...]:
    """Return the 256 colours of a map, channels 0 to 255."""
    colours = (curve(name, index / (SIZE - 1)) for index in range(SIZE))
    return tuple((round(r * 255), round(g * 255), round(b * 255)) for r, g, b in colours)


def stops(name: Map) -> tuple[str, ...]:
    """Return 17 evenly spaced colours of a map as ``#rrggbb``, for charts and CSS."""
    colours = (curve(name, index / (STOPS - 1)) for index in range(STOPS))
    return tuple("#" + "".join(f"{round(channel * 255):02x}" for channel in c) for c in colours)


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
    """Return the declarations of the data colours: ``--c1`` to ``--c8``, and lists of stops.

    ``--sequential`` and ``--diverging`` are comma-separated, for
    ``linear-gradient(to right, var(--sequential))``.
    """
    lines = [f"--c{number}: {colour};" for number, colour in enumerate(CATEGORIES, start=1)]
    lines += [f"--{name}: {', '.join(stops(name))};" for name in ("sequential", "diverging")]
    return "\n".join(lines) + "\n"
