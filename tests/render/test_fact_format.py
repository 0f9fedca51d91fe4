import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.diagnostics import Location
from stillroom.render.facts import format_fact, look_up
from stillroom.source.model import FactUse


@pytest.mark.parametrize(
    ("value", "form", "expected"),
    [
        (3, "", "3"),
        (9999, "", "9999"),
        (12345, "", "12,345"),
        (-2, "", "−2"),
        (2.0, "", "2"),
        (0.0, "", "0"),
        (0.123456, "", "0.123"),
        (-0.5, "", "−0.5"),
        (123.456, "", "123"),
        (1234.56, "", "1235"),
        (98765.4, "", "98,765"),
        (1.5e-7, "", "1.5 × 10⁻⁷"),
        (1e-7, "", "10⁻⁷"),
        (-1e20, "", "−10²⁰"),
        (3.2e20, "", "3.2 × 10²⁰"),
        (math.inf, "", "inf"),
        (0.95, ".1%", "95.0%"),
        (1.23456e-9, ".1e", "1.2 × 10⁻⁹"),
        (0.0, ".1e", "0.0 × 10⁰"),
        (-1.5, ".2f", "−1.50"),
        (True, "", "yes"),
        ("tabby cat-like", "", "tabby cat-like"),
    ],
)
def test_shows_a_number_as_a_reader_writes_it(value, form, expected):
    assert format_fact(value, form) == expected


def test_a_form_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="format code"):
        format_fact("text", ".2f")


@given(st.floats(-1e300, 1e300))
def test_three_digits_are_within_half_a_percent(value):
    text = format_fact(value).replace("−", "-").replace(",", "")
    mantissa, _, power = re.sub(r"^(-?)(10[⁻⁰-⁹¹²³])", r"\g<1>1 × \2", text).partition(" × 10")
    digits = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    shown = float(f"{mantissa}e{digits or 0}")
    assert math.isclose(shown, value, rel_tol=5.01e-3)


def use(**changes):
    values = {"article": "a", "figure": "fig-a", "location": Location("a.md"), "table": "curve"}
    return FactUse(**{**values, "column": "error", "variable": "m", "format": ".2f", **changes})


TABLES = {"curve": {"m": [1, 10, 100], "error": [0.5, 0.25, 0.125], "name": ["a", "b", "c"]}}


def test_looks_up_the_row_of_a_variable():
    found = look_up(use(), TABLES, 10)
    assert found.text == "0.25"
    assert json.loads(found.rows) == [[1, "0.50"], [10, "0.25"], [100, "0.12"]]


def test_says_which_row_it_took_when_none_is_equal():
    assert look_up(use(), TABLES, 12).text == "0.25 (at 10)"


def test_looks_up_by_text():
    assert look_up(use(variable="name"), TABLES, "c").text == "0.12"


@pytest.mark.parametrize(
    ("changes", "initial"),
    [
        ({"table": "curv"}, 10),
        ({"column": "eror"}, 10),
        ({"variable": "k"}, 10),
        ({"variable": "name"}, "z"),
        ({}, None),
    ],
)
def test_what_is_not_there_is_none(changes, initial):
    assert look_up(use(**changes), TABLES, initial) is None
