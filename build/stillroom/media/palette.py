"""The colours of data, in Python as in ``templates/css``: eight categories and two maps.

The categories are Okabe and Ito's (Color Universal Design, 2008), chosen to stay apart for the
colour-blind. Each is made darker or lighter where its contrast with light or dark paper was under
3:1, and grey stands for black. The maps are curves in OKLCh, the polar form of OKLab (B. Ottosson,
"A perceptual color space for image processing", 2020), with t from 0 to 1:

- sequential: lightness 0.27 + 0.68 t, hue 300° - 195° t, chroma 0.08 + 0.07 t²;
- diverging, with s = abs(2 t - 1): lightness 0.96 - 0.48 s, chroma 0.13 s, hue 250° below the
  middle and 45° above. So each half is a straight line in OKLab, which CSS can draw itself.

Lightness is linear, so order and steps survive in grey and in any kind of colour vision. Both maps
stay inside sRGB.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

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
SIZE = 256  # entries of a map
STOPS = 17  # of them in CSS; between them sRGB is straight to within 4 of 255
Map = Literal["sequential", "diverging"]
Triple = tuple[float, float, float]


def oklch(lightness: float, chroma: float, hue: float) -> Triple:
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


def curve(name: Map, t: float) -> Triple:
    """Return the sRGB colour, channels in [0, 1], of the map `name` at `t` in [0, 1]."""
    if name == "sequential":
        return oklch(0.27 + 0.68 * t, 0.08 + 0.07 * t**2, 300 - 195 * t)
    s = abs(2 * t - 1)
    return oklch(0.96 - 0.48 * s, 0.13 * s, 250 if t < 0.5 else 45)


@cache
def table(name: Map) -> tuple[tuple[int, int, int], ...]:
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
    """Return the declarations of the data colours: ``--c1`` to ``--c8``, and each map's stops."""
    lines = [
        f"--c{number}: light-dark({light}, {dark});"
        for number, (light, dark) in enumerate(CATEGORIES, start=1)
    ]
    lines += [f"--{name}: {', '.join(stops(name))};" for name in get_args(Map)]
    return "\n".join(lines) + "\n"
