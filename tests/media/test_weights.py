import numpy as np
import pytest
import torch
from safetensors.torch import load

from stillroom.media.encode import EncodeError, encode
from stillroom.media.kinds import Weights

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool]


@pytest.mark.parametrize("dtype", DTYPES)
def test_tensors_come_back_exactly(dtype):
    tensor = torch.arange(6).reshape(2, 3).to(dtype)
    stored = load(encode("net", Weights({"w": tensor})).files["main"].content)
    assert stored["w"].dtype == dtype
    assert torch.equal(stored["w"], tensor)


def test_the_order_of_the_names_does_not_count():
    a, b = torch.rand(3), torch.rand(2, 2)
    assert encode("net", Weights({"a": a, "b": b})) == encode("net", Weights({"b": b, "a": a}))


def test_arrays_and_tensors_give_the_same_file():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    expected = encode("net", Weights({"w": array}))
    assert encode("net", Weights({"w": torch.tensor(array)})) == expected
    mixed = encode("net", Weights({"v": torch.ones(1), "w": array}))
    assert torch.equal(load(mixed.files["main"].content)["w"], torch.tensor(array))


def test_tensors_that_share_memory_or_are_turned_are_stored():
    shared = torch.arange(6.0).reshape(2, 3)
    stored = load(encode("net", Weights({"a": shared, "b": shared.T})).files["main"].content)
    assert torch.equal(stored["b"], shared.T)


def test_meta_counts_the_parameters():
    encoded = encode("net", Weights({"w": torch.zeros(2, 3), "b": torch.zeros(3)}))
    assert encoded.meta == {"parameters": 9, "shapes": {"b": [3], "w": [2, 3]}}


def test_no_tensors_are_refused():
    with pytest.raises(EncodeError, match="at least one tensor"):
        encode("net", Weights({}))
