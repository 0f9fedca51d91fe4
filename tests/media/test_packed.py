import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from stillroom.media.encode import EncodeError, encode
from stillroom.media.json import dumps
from stillroom.media.kinds import Packed

VALUES = st.floats(-1e30, 1e30, allow_nan=False)
ARRAYS = arrays(np.float64, array_shapes(max_dims=3, max_side=6), elements=VALUES)


def read(encoded):
    """Read as a script does: from the bytes and the meta as JSON has it."""
    meta = json.loads(dumps(encoded.meta))
    codes = np.frombuffer(
        encoded.files["main"].content, {8: "<u1", 16: "<u2", 32: "<f4"}[meta["bits"]]
    )
    values = meta["low"] + codes * meta["step"]
    return values.astype(np.float32).reshape(meta["shape"])


@given(ARRAYS, st.sampled_from([8, 16, 32]))
def test_the_recorded_error_is_the_error(array, bits):
    encoded = encode("it", Packed(array, bits))
    off = np.abs(read(encoded).astype(np.float64) - array).max()
    assert off == pytest.approx(encoded.meta["error"], rel=1e-12, abs=0)


@given(ARRAYS, st.sampled_from([8, 16]))
def test_the_error_is_at_most_half_a_step_beside_float32_itself(array, bits):
    meta = encode("it", Packed(array, bits)).meta
    float32 = np.abs(array).max() * 2**-22 + 2**-149
    assert meta["error"] <= meta["step"] / 2 * (1 + 1e-9) + float32
    assert meta["low"] <= array.min()
    assert meta["low"] + meta["step"] * (2**bits - 1) >= array.max() * (1 - 1e-9) - float32


@given(ARRAYS, st.sampled_from([8, 16, 32]))
def test_low_and_step_survive_json(array, bits):
    meta = encode("it", Packed(array, bits)).meta
    read_back = json.loads(dumps(meta))
    assert (read_back["low"], read_back["step"]) == (meta["low"], meta["step"])


@pytest.mark.parametrize(("bits", "size"), [(8, 12), (16, 24), (32, 48)])
def test_the_file_is_nothing_but_codes(bits, size):
    encoded = encode("it", Packed(np.arange(12.0).reshape(3, 4), bits))
    assert len(encoded.files["main"].content) == size
    assert encoded.meta["shape"] == [3, 4]


def test_sixteen_bits_are_little_endian():
    assert encode("it", Packed([0.0, 1.0])).files["main"].content == b"\x00\x00\xff\xff"


def test_a_constant_has_no_step():
    encoded = encode("it", Packed(np.full(5, -2.5), 8))
    assert encoded.meta["step"] == 0
    assert read(encoded).tolist() == [-2.5] * 5


def test_order_is_by_rows_whatever_the_memory_layout():
    array = np.arange(6.0).reshape(2, 3)
    assert encode("it", Packed(np.asfortranarray(array))) == encode("it", Packed(array))


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (Packed([1.0, np.nan]), "1 of 2 values are no finite float32"),
        (Packed([1.0, 1e39]), "1 of 2 values are no finite float32"),
        (Packed([1.0], bits=12), "bits is 12; expected 8, 16 or 32"),
        (Packed([]), r"at least one; not float64 of shape \[0\]"),
        (Packed(["a"]), "expected real numbers"),
        (Packed([1j]), "expected real numbers"),
    ],
)
def test_what_cannot_be_packed_is_refused(packed, message):
    with pytest.raises(EncodeError, match=message):
        encode("it", packed)
