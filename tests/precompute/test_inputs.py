import sys

import pytest

from stillroom.precompute.inputs import MissingInputError, read_input


def test_a_file_of_the_article_is_read(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.png").write_bytes(b"cat")
    assert read_input("pictures/cat.png", tmp_path) == b"cat"


def test_a_picture_of_scikit_image_is_read_without_importing_it(tmp_path):
    before = set(sys.modules)
    assert read_input("skimage:chelsea", tmp_path).startswith(b"\x89PNG")
    assert not {name for name in set(sys.modules) - before if name.startswith("skimage")}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cta.png", "the file 'cta.png' does not exist in the article's folder; did you mean 'cat"),
        ("deep", "the file 'deep' is a folder"),
        ("../secret.png", "'../secret.png' lies outside the article's folder"),
        ("/etc/hostname", "'/etc/hostname' lies outside the article's folder"),
        ("link.png", "'link.png' lies outside the article's folder"),
        ("skimage:chelsae", "scikit-image has no picture 'chelsae'; did you mean 'skimage:chelsea"),
        ("skimage:../__init__", "scikit-image has no picture"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_nearest_name(tmp_path, name, message):
    folder = tmp_path / "article"
    (folder / "deep").mkdir(parents=True)
    (folder / "cat.png").write_bytes(b"cat")
    (tmp_path / "secret.png").write_bytes(b"secret")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(MissingInputError) as caught:
        read_input(name, folder)
    assert str(caught.value).startswith(message)
