import io
import re
import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image as Pillow

from stillroom.media.encode import EncodeError, encode
from stillroom.media.kinds import Video


def drifting(frames=6, height=48, width=64):
    """A coloured wave that drifts to the right."""
    t, y, x = np.mgrid[:frames, :height, :width]
    waves = [np.sin((x - 2 * t) / 9 + shift) * np.cos(y / 11) for shift in (0, 1, 2)]
    return np.stack(waves, axis=-1) / 2 + 0.5


def frames_of(content, tmp_path):
    """Return the decoded frames and what ffmpeg says about the film."""
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-i", path, "-f", "rawvideo"]
    done = subprocess.run([*ffmpeg, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    about = done.stderr.decode()
    width, height = map(int, re.search(r"Video: .* (\d+)x(\d+)", about).groups())
    return np.frombuffer(done.stdout, np.uint8).reshape(-1, height, width, 3), about


def test_a_film_comes_back_with_its_colours(tmp_path):
    pixels = drifting()
    encoded = encode("film", Video(pixels, fps=12))
    decoded, about = frames_of(encoded.files["main"].content, tmp_path)
    assert decoded.shape == pixels.shape
    assert np.abs(decoded / 255 - pixels).mean() < 0.02
    assert re.search(r"Video: h264 .*yuv420p\(tv, bt709.*12 fps", about)
    assert encoded.meta == {"width": 64, "height": 48, "frames": 6, "fps": 12, "seconds": 0.5}


def test_flat_colours_do_not_shift(tmp_path):
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [30, 90, 160]], np.uint8)
    pixels = np.broadcast_to(colours[:, None, None], (4, 32, 32, 3))
    decoded, _ = frames_of(encode("film", Video(pixels)).files["main"].content, tmp_path)
    assert np.abs(decoded.astype(int) - pixels).max() <= 6


def test_odd_sizes_are_made_even_by_repeating_the_edge(tmp_path):
    encoded = encode("film", Video(drifting(height=31, width=33)))
    decoded, _ = frames_of(encoded.files["main"].content, tmp_path)
    assert decoded.shape[1:3] == (32, 34)
    assert (encoded.meta["height"], encoded.meta["width"]) == (32, 34)
    assert np.abs(decoded[:, -1].astype(int) - decoded[:, -2]).mean() < 4


def test_grey_becomes_colour(tmp_path):
    decoded, _ = frames_of(
        encode("film", Video(drifting()[..., 0])).files["main"].content, tmp_path
    )
    assert np.abs(decoded[..., 0].astype(int) - decoded[..., 2]).max() <= 4


def test_the_poster_is_the_frame_asked_for():
    pixels = np.zeros((3, 16, 16, 3))
    pixels[2] = 1
    poster = encode("film", Video(pixels, poster=2)).files["poster"]
    assert poster.name.startswith("film.poster.")
    with Pillow.open(io.BytesIO(poster.content)) as opened:
        assert np.asarray(opened.convert("RGB")).min() >= 250


def test_nothing_in_the_file_tells_when_or_with_what_it_was_made():
    content = encode("film", Video(drifting())).files["main"].content
    assert b"Lavf" not in content
    # The creation time in the header: four zero bytes after version and flags.
    header = content.index(b"mvhd")
    assert content[header + 8 : header + 16] == bytes(8)


def test_the_header_comes_before_the_frames():
    content = encode("film", Video(drifting())).files["main"].content
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize(
    ("film", "message"),
    [
        (Video(np.zeros((2, 4, 4, 4))), "no transparency"),
        (Video(np.zeros((2, 4, 4, 3)), fps=0), "fps is 0"),
        (Video(np.zeros((2, 4, 4, 3)), poster=2), "poster is frame 2; there are 0 to 1"),
        (Video(np.zeros((4, 4))), r"expected \[frames, height, width, channels\]"),
    ],
)
def test_what_is_no_film_is_refused(film, message):
    with pytest.raises(EncodeError, match=message):
        encode("film", film)
