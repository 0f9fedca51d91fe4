import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.words import count, duration, size


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.7, "1 min 0 s"),
        (200, "3 min 20 s"),
        (3600, "1 h 0 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_lengths_of_time_for_people(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_960, "10 kB"),
        (999_600, "1.0 MB"),
        (12_345_678, "12 MB"),
        (2.5e9, "2.5 GB"),
    ],
)
def test_sizes_for_people(number, text):
    assert size(number) == text


@given(st.integers(0, 10**9))
def test_a_size_has_at_most_three_digits(number):
    assert sum(each.isdigit() for each in size(number)) <= 3


def test_counts():
    assert (count(1, "error"), count(0, "error")) == ("1 error", "0 errors")
