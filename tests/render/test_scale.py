import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.render.scale import number, scale

FINITE = st.floats(-1e9, 1e9, allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-9)


def test_linear_axis_from_zero_ends_at_a_round_number():
    axis = scale([0.03, 0.87], zero=True)
    assert (axis.low, axis.high) == (0, 1)
    assert axis.ticks == (
        (0, "0"), (0.2, "0.2"), (0.4, "0.4"), (pytest.approx(0.6), "0.6"), (0.8, "0.8"), (1, "1")
    )  # fmt: skip
    assert axis.at(0.25) == 0.25


def test_linear_axis_ends_at_its_values():
    axis = scale([3, 17])
    assert (axis.low, axis.high) == (3, 17)
    assert [text for _, text in axis.ticks] == ["5", "10", "15"]


def test_logarithmic_axis_marks_powers_of_ten():
    axis = scale([1, 10, 2000], log=True)
    assert [text for _, text in axis.ticks] == ["1", "10", "100", "1000"]
    assert axis.at(1) == 0
    assert axis.at(2000) == 1
    assert axis.at(10) == pytest.approx(math.log(10) / math.log(2000))


def test_logarithmic_axis_over_less_than_a_power_marks_round_values():
    assert [text for _, text in scale([15, 80], log=True).ticks] == ["20", "50"]


def test_logarithmic_axis_puts_zero_at_its_lower_end():
    axis = scale([0, 0.1, 1], log=True)
    assert axis.low == 0.1
    assert axis.at(0) == axis.at(-1) == 0


@pytest.mark.parametrize("log", [False, True])
def test_one_value_still_makes_an_axis(log):
    axis = scale([5], log=log)
    assert axis.low < 5 < axis.high
    assert axis.at(5) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(
    ("values", "log"), [([], False), ([0, -1], True), ([math.nan], False), ([math.inf], True)]
)
def test_nothing_to_show_is_an_error(values, log):
    with pytest.raises(ValueError, match="an axis needs"):
        scale(values, log=log)


@given(st.lists(FINITE, min_size=1, max_size=20), st.booleans())
def test_values_stand_in_their_order_within_the_axis(values, zero):
    axis = scale(values, zero=zero)
    positions = [axis.at(value) for value in sorted(values)]
    assert all(0 <= position <= 1 for position in positions)
    assert positions == sorted(positions)


@given(st.lists(st.floats(1e-9, 1e9), min_size=1, max_size=20))
def test_ticks_of_a_logarithmic_axis_are_few_and_within_it(values):
    axis = scale(values, log=True)
    assert len(axis.ticks) <= 12
    assert all(0 <= position <= 1 for position, _ in axis.ticks)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (1, "1"), (-0.5, "−0.5"), (1234.5678, "1235"), (0.000012345, "1.234 × 10⁻⁵"),
        (0.1234567, "0.1235"), (1e8, "10⁸"), (-2e-9, "−2 × 10⁻⁹"), (100, "100"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_a_reader(value, text):
    assert number(value) == text
