import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.media import palette
from stillroom.media.files import EncodeError

MAPS = ["sequential", "diverging"]
STYLES = Path(__file__).parents[2] / "templates" / "css"


def lightness(rgb):
    """OKLab's lightness of sRGB in [0, 1], by the forward transform."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ]
    )
    return np.cbrt(cones) @ [0.2104542553, 0.7936177850, -0.0040720468]


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", MAPS)
def test_a_map_stays_inside_srgb(name):
    colours = np.array([palette.curve(name, t) for t in np.linspace(0, 1, 1001)])
    assert colours.min() >= 0
    assert colours.max() <= 1


def test_lightness_rises_evenly_along_the_sequential_map():
    steps = np.diff(lightness(np.array([palette.curve("sequential", i / 20) for i in range(21)])))
    assert steps == pytest.approx(np.full(20, 0.68 / 20), abs=1e-6)


def test_both_halves_of_the_diverging_map_are_equally_light():
    values = lightness(np.array([palette.curve("diverging", i / 20) for i in range(21)]))
    assert values == pytest.approx(values[::-1], abs=1e-6)
    assert values[10] == pytest.approx(0.96, abs=1e-6)
    assert np.ptp(palette.curve("diverging", 0.5)) < 1e-6


@pytest.mark.parametrize("name", MAPS)
def test_straight_lines_between_the_stops_are_the_map(name):
    stops = np.array([[int(s[i : i + 2], 16) for i in (1, 3, 5)] for s in palette.stops(name)])
    place = np.linspace(0, palette.STOPS - 1, palette.SIZE)
    drawn = np.stack([np.interp(place, range(palette.STOPS), stops[:, c]) for c in range(3)], 1)
    assert np.abs(drawn - np.array(palette.table(name))).max() <= 4


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.sampled_from(MAPS))
def test_values_take_the_colour_of_their_place(values, name):
    colours = palette.apply(np.array(values), -10.0, 30.0, name)
    assert colours.dtype == np.uint8
    for value, colour in zip(values, colours, strict=True):
        place = min(max((value + 10) / 40, 0), 1)
        near = [palette.curve(name, min(max(place + d, 0), 1)) for d in (-0.5 / 255, 0.5 / 255)]
        low, high = np.min(near, 0) * 255 - 1, np.max(near, 0) * 255 + 1
        assert (low <= colour).all()
        assert (colour <= high).all()


def test_apply_adds_an_axis():
    assert palette.apply(np.zeros((2, 3)), -1, 1, "diverging").shape == (2, 3, 3)


def test_apply_refuses_nan_and_an_empty_range():
    with pytest.raises(EncodeError, match="1 of 2 values are NaN"):
        palette.apply([0, np.nan], 0, 1)
    with pytest.raises(EncodeError, match="expected low < high, not 1 and 1"):
        palette.apply([0.0], 1, 1)


@pytest.mark.parametrize(("scheme", "paper"), [(0, "#fffdf9"), (1, "#14151a")])
def test_categories_stand_out_from_paper(scheme, paper):
    for colours in palette.CATEGORIES:
        light, dark = sorted([luminance(colours[scheme]), luminance(paper)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3


def test_the_style_sheet_has_the_same_colours():
    text = " ".join("".join(p.read_text("utf-8") for p in STYLES.glob("*.css")).split())
    declared = dict(re.findall(r"--(c\d|sequential|diverging): ([^;]+);", text))
    expected = dict(re.findall(r"--([\w]+): ([^;]+);", palette.css()))
    assert declared == expected
