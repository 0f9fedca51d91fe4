import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from rendering import findings, small_site
from stillroom.diagnostics import Diagnostics
from stillroom.render.files import Files, picture_size
from stillroom.render.output import Output
from stillroom.render.site import render_site
from stillroom.source.article import read_articles


def test_hrefs_are_relative_and_safe(tmp_path):
    output = Output(tmp_path)
    files = Files(output, "articles/a")
    href = files.add("my picture (1).png", b"x")
    assert href == "my-picture-1-.2d711642b7.png"
    assert f"articles/a/{href}" in output
    assert files.href("static/a.css") == "../../static/a.css"
    assert files.href("articles/b/index.html") == "../b/index.html"
    assert Files(output, "").href("static/a.css") == "static/a.css"


def test_equal_content_is_written_once_but_keeps_its_kind(tmp_path):
    files = Files(Output(tmp_path), "a")
    assert files.add("one.png", b"x") == files.add("two.png", b"x")
    assert files.add("one.txt", b"x").endswith(".txt")


def picture(kind, orientation=1):
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new("RGB", (6, 4)).save(out, kind, exif=exif)
    return out.getvalue()


def svg(attributes):
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}></svg>'.encode()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.png", picture("PNG"), (6, 4)),
        ("a.jpg", picture("JPEG"), (6, 4)),
        ("turned.jpg", picture("JPEG", orientation=6), (4, 6)),
        ("a.webp", picture("WEBP"), (6, 4)),
        ("a.gif", picture("GIF"), (6, 4)),
        ("a.svg", svg('viewBox="0 0 30.4 20"'), (30, 20)),
        ("b.svg", svg('width="12px" height="7" viewBox="0 0 30 20"'), (12, 7)),
        ("c.svg", svg('width="100%" height="100%" viewBox="0,0,30,20"'), (30, 20)),
    ],
)
def test_the_size_of_a_picture(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    assert picture_size(tmp_path / name) == expected


def test_the_size_of_a_film(tmp_path):
    import imageio.v3 as iio

    frames = np.zeros((3, 16, 32, 3), np.uint8)
    iio.imwrite(tmp_path / "a.mp4", frames, fps=10, codec="libx264", macro_block_size=2)
    assert picture_size(tmp_path / "a.mp4") == (32, 16)


def test_the_size_of_a_film_that_a_phone_turned(tmp_path):
    """The matrix of the track's header is a quarter turn; sizes may have 64 bits."""
    matrix = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    header = box(b"tkhd", bytes(40) + matrix + struct.pack(">II", 32 << 16, 16 << 16))
    sound = box(b"tkhd", bytes(40) + matrix + bytes(8))
    movie = box(b"moov", box(b"trak", sound) + box(b"trak", header))
    big = struct.pack(">I4sQ", 1, b"mdat", 16 + 5) + bytes(5)
    (tmp_path / "a.mp4").write_bytes(box(b"ftyp", b"isom") + big + movie)
    assert picture_size(tmp_path / "a.mp4") == (16, 32)


def box(name, content):
    return struct.pack(">I4s", 8 + len(content), name) + content


@hypothesis_settings(deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_make_the_reader_of_films_fail_otherwise(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    path.write_bytes(box(b"moov", box(b"trak", content)) + content)
    with pytest.raises(ValueError, match=r"a\.mp4 cannot be read as a film"):
        picture_size(path)


@pytest.mark.parametrize("name", ["a.png", "a.svg", "b.svg", "a.mp4"])
def test_f011_a_picture_that_cannot_be_read(tmp_path, name):
    content = svg('width="12em"') if name == "b.svg" else b"no picture"
    figure = f"Text.\n\n:::{{figure}} {name}\n---\nname: fig-a\nalt: A.\n---\nCaption.\n:::\n"
    settings = small_site(tmp_path, article=figure, files={name: content})
    diagnostics = Diagnostics()
    articles = read_articles(settings, diagnostics)
    render_site(articles, {}, settings, diagnostics, output=Output(settings.site))
    [found] = findings(diagnostics)
    assert found.startswith("articles/waves/index.md:10:1: F011 " + name + " cannot be read as ")
