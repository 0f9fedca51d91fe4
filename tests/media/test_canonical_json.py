import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stillroom.media.files import EncodeError
from stillroom.media.json import dumps

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def close(a, b):
    if isinstance(a, float):
        return isinstance(b, float) and math.isclose(a, b, rel_tol=1e-6)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(close, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(close(a[key], b[key]) for key in a)
    return a == b and type(a) is type(b)


@given(VALUES)
def test_what_is_written_reads_back_to_seven_digits(value):
    assert close(value, json.loads(dumps(value)))


@given(VALUES)
def test_writing_again_changes_nothing(value):
    written = dumps(value)
    assert dumps(json.loads(written)) == written


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_no_more_than_seven_digits(value):
    mantissa = dumps(value).decode().lower().partition("e")[0]
    digits = mantissa.lstrip("-").replace(".", "").strip("0")
    assert len(digits) <= 7


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.1 + 0.2, "0.3"),
        (np.float32(0.1), "0.1"),
        (-0.0, "0.0"),
        (1.0, "1.0"),
        (1, "1"),
        (True, "true"),
        (np.bool_(True), "true"),
        (np.int64(3), "3"),
        (1 / 3, "0.3333333"),
        (1234567890.0, "1234568000.0"),
        (torch.tensor(2.5), "2.5"),
        (torch.eye(2, dtype=torch.int64), "[[1,0],[0,1]]"),
        (torch.tensor([0.1], requires_grad=True), "[0.1]"),
        (np.array([[0.1, 1e-9]]), "[[0.1,1e-09]]"),
        ({"b": (1, 2), "a": range(2)}, '{"b":[1,2],"a":[0,1]}'),
        ("é €", '"é €"'),
    ],
)
def test_examples(value, written):
    assert dumps(value).decode() == written


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("nan"), "value is nan"),
        ({"curve": [{"error": 1.0}, {"error": float("inf")}]}, r"curve\[1\].error is inf"),
        ({"a": np.array([1.0, np.nan])}, r"a\[1\] is nan"),
        ({1: 2}, "value has the key 1"),
        ({"a": {None: 2}}, "a has the key None"),
        ({"a": {1, 2}}, "a is a set"),
        (2**53 + 1, "beyond the exact numbers"),
        ([object()], r"\[0\] is a object"),
        (b"bytes", "value is a bytes"),
        (np.array([1j]), r"\[0\] is a complex"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_place(value, message):
    with pytest.raises(EncodeError, match=message):
        dumps(value)
