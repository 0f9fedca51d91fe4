import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Pillow

from stillroom.media.encode import EncodeError, encode
from stillroom.media.image import WEBP_SIDE
from stillroom.media.kinds import Frames, Image

CHANNELS = st.sampled_from([1, 3, 4])
SIDE = st.integers(1, 9)
BYTES = st.tuples(SIDE, SIDE, CHANNELS).flatmap(lambda shape: arrays(np.uint8, shape))
SHEETS = st.tuples(st.integers(1, 7), SIDE, SIDE, CHANNELS).flatmap(
    lambda shape: arrays(np.uint8, shape)
)


def decode(file, channels):
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[channels]
    with Pillow.open(io.BytesIO(file.content)) as opened:
        assert file.media_type == f"image/{opened.format.lower()}"
        assert file.name.endswith(f".{opened.format.lower()}")
        pixels = np.asarray(opened.convert(mode))
    return pixels.reshape(*pixels.shape[:2], channels)


def photograph(height=120, width=160):
    """Smooth shapes with grain: what lossy coding is for."""
    y, x = np.mgrid[:height, :width] / 40
    smooth = np.stack([np.sin(x + y), np.cos(x * y / 3), np.sin(y * 2)], axis=-1) / 2 + 0.5
    return np.clip(smooth + np.random.default_rng(0).normal(0, 0.03, smooth.shape), 0, 1)


@settings(deadline=None)
@given(BYTES)
def test_a_lossless_picture_comes_back_exactly(pixels):
    encoded = encode("it", Image(pixels))
    assert np.array_equal(decode(encoded.files["main"], pixels.shape[-1]), pixels)
    assert encoded.meta == {"width": pixels.shape[1], "height": pixels.shape[0], "scale": 1}


@given(arrays(np.float64, (3, 5, 3), elements=st.floats(-100, 100)))
def test_floats_are_clipped_and_rounded_to_the_nearest_of_255(values):
    pixels = decode(encode("it", Image(values)).files["main"], 3)
    assert np.abs(pixels / 255 - np.clip(values, 0, 1)).max() <= 0.5 / 255 + 1e-12


def test_grey_may_leave_its_channel_out():
    grey = np.linspace(0, 1, 30).reshape(5, 6)
    assert encode("it", Image(grey)) == encode("it", Image(grey[..., None]))


def test_booleans_are_black_and_white():
    pixels = decode(encode("it", Image(np.eye(4, dtype=bool))).files["main"], 1)
    assert np.array_equal(pixels[..., 0], np.eye(4, dtype=np.uint8) * 255)


def test_the_smaller_file_wins():
    noise = np.random.default_rng(1).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    assert encode("it", Image(photograph())).files["main"].name == "it.webp"
    assert encode("it", Image(noise)).files["main"].name == "it.png"


def test_lossy_is_smaller_and_close():
    exact = photograph()
    lossy = encode("it", Image(exact, lossless=False)).files["main"]
    lossless = encode("it", Image(exact)).files["main"]
    assert len(lossy.content) < len(lossless.content) / 3
    assert np.abs(decode(lossy, 3) / 255 - exact).mean() < 0.03


def test_lossy_keeps_the_lossless_file_when_that_is_smaller():
    flat = np.zeros((64, 64, 3), np.uint8)
    assert encode("it", Image(flat, lossless=False)) == encode("it", Image(flat))


def test_a_picture_too_long_for_webp_is_png():
    pixels = np.zeros((1, WEBP_SIDE + 1, 3), np.uint8)
    assert encode("it", Image(pixels)).files["main"].name == "it.png"


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.zeros((2, 2, 2)), r"expected \[height, width, channels\].*not shape \[2, 2, 2\]"),
        (np.zeros((0, 2, 3)), r"not shape \[0, 2, 3\]"),
        (np.zeros(3), r"not shape \[3\]"),
        (np.zeros((1, 2, 2, 3)), r"not shape \[1, 2, 2, 3\]"),
        (np.zeros((2, 2), np.int64), "uint8, not int64"),
        (np.zeros((2, 2), complex), "uint8, not complex128"),
        ([[0.0], [0.0, 1.0]], "expected an array"),
        (np.full((2, 2), 255.0), "floats should be in .0, 1., but reach 255"),
        (np.full((2, 2), -np.inf), "but reach inf"),
        (np.full((2, 2), np.nan), "4 of 4 values are NaN"),
    ],
)
def test_what_is_no_picture_is_refused(pixels, message):
    with pytest.raises(EncodeError, match=message):
        encode("it", Image(pixels))


@pytest.mark.parametrize("scale", [0, -1, 1.5])
def test_scale_is_a_whole_number(scale):
    with pytest.raises(EncodeError, match="whole number from 1"):
        encode("it", Image(np.zeros((2, 2)), scale=scale))


@settings(deadline=None)
@given(SHEETS, st.integers(0, 7))
def test_every_frame_is_where_the_meta_says(pixels, columns):
    count, height, width, channels = pixels.shape
    encoded = encode("it", Frames(pixels, columns=min(columns, count), scale=3))
    sheet = decode(encoded.files["main"], channels)
    meta = encoded.meta
    assert (meta["frames"], meta["width"], meta["height"]) == (count, width, height)
    for index in range(count):
        top, left = index // meta["columns"] * height, index % meta["columns"] * width
        frame = sheet[top : top + height, left : left + width]
        assert np.array_equal(frame, pixels[index])


@pytest.mark.parametrize(
    ("shape", "columns"), [((12, 40, 50, 3), 3), ((1, 9, 9, 3), 1), ((4, 10, 1000, 3), 1)]
)
def test_a_sheet_is_nearly_square(shape, columns):
    assert encode("it", Frames(np.zeros(shape))).meta["columns"] == columns


def test_a_sheet_that_browsers_cannot_show_is_refused():
    with pytest.raises(EncodeError, match=r"20 frames of 1000 × 1 in 20 columns make .* a Video"):
        encode("it", Frames(np.zeros((20, 1, 1000)), columns=20))


def test_more_columns_than_frames_are_refused():
    with pytest.raises(EncodeError, match="columns is 4; expected 1 to 3"):
        encode("it", Frames(np.zeros((3, 2, 2)), columns=4))
