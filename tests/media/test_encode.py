import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stillroom.media.encode import EncodeError, encode
from stillroom.media.kinds import Chart, Frames, Image, Packed, Video, Weights

RNG = np.random.default_rng(7)
ROWS = [{"x": i, "y": i * i, "g": "ab"[i % 2]} for i in range(5)]
ASSETS = {
    "image": Image(RNG.random((9, 7, 3))),
    "frames": Frames(RNG.random((5, 4, 6, 3))),
    "video": Video(RNG.random((4, 16, 16, 3))),
    "packed": Packed(RNG.normal(size=(3, 4))),
    "weights": Weights({"b": torch.arange(3.0), "a": torch.eye(2)}),
    "chart": Chart(
        {
            "data": {"values": ROWS},
            "mark": {"type": "point", "clip": True},
            "encoding": {
                "x": {"field": "x", "type": "quantitative"},
                "y": {"field": "y", "type": "quantitative"},
            },
        }
    ),
}


@pytest.mark.parametrize("kind", ASSETS)
def test_the_same_asset_gives_the_same_bytes(kind):
    first = encode("it", ASSETS[kind])
    assert encode("it", ASSETS[kind]) == first
    assert first.kind == kind


@pytest.mark.parametrize("kind", ASSETS)
def test_files_are_named_after_the_asset(kind):
    encoded = encode("my-asset_2", ASSETS[kind])
    assert "main" in encoded.files
    for file in encoded.files.values():
        assert file.name.startswith("my-asset_2.")
        assert file.content
        assert "/" in file.media_type
    assert len({file.name for file in encoded.files.values()}) == len(encoded.files)


@pytest.mark.parametrize("name", ["", "Upper", "a b", "../up", "a.b", "-x", "é"])
def test_a_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(EncodeError, match="a name is lower-case letters"):
        encode(name, ASSETS["image"])


def test_what_is_no_asset_is_refused_with_the_kinds_there_are():
    with pytest.raises(EncodeError, match=r"a ndarray is not one of Chart, .*Image"):
        encode("picture", np.zeros((2, 2)))


def test_an_error_names_the_asset_and_its_kind():
    with pytest.raises(EncodeError, match=r"asset 'cat' \(image\): 1 of 4 values are NaN"):
        encode("cat", Image(np.array([[0, 1], [np.nan, 0]])))


def test_encoding_arrays_imports_no_torch():
    code = (
        "import sys, numpy as np\n"
        "from stillroom.media.encode import encode\n"
        "from stillroom.media.kinds import Frames, Image, Packed, Weights\n"
        "encode('a', Image(np.zeros((2, 2))))\n"
        "encode('a', Frames(np.zeros((2, 2, 2))))\n"
        "encode('a', Packed(np.zeros(3)))\n"
        "encode('a', Weights({'w': np.zeros(3)}))\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@given(st.sampled_from([torch.float64, torch.float32, torch.float16, torch.bfloat16]))
def test_a_tensor_and_the_array_of_its_values_are_the_same(dtype):
    tensor = torch.linspace(-0.5, 1.5, 24).to(dtype).reshape(2, 4, 3).requires_grad_()
    array = tensor.detach().double().numpy()
    assert encode("it", Image(tensor)) == encode("it", Image(array))
