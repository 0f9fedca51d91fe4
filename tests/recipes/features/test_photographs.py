import numpy as np
import pytest
from PIL import Image

from stillroom.models.pictures import PICTURES
from stillroom.recipes.features.photographs import photographs


def test_a_folder_is_read_by_name_without_what_is_no_picture(tmp_path):
    for name, grey in (("b.png", 255), ("A.PNG", 0)):
        Image.fromarray(np.full((4, 6, 3), grey, np.uint8)).save(tmp_path / name, "PNG")
    (tmp_path / "notes.txt").write_text("not a picture")
    found = photographs(tmp_path)
    assert list(found) == ["A.PNG", "b.png"]
    assert found["A.PNG"].shape == (3, 4, 6)
    assert (found["A.PNG"].max(), found["b.png"].min()) == (0, 1)


def test_the_built_in_ones_are_there():
    found = photographs()
    assert list(found) == list(PICTURES)
    assert all(each.shape[0] == 3 and 0 <= each.min() < each.max() <= 1 for each in found.values())


def test_a_folder_without_pictures_says_so(tmp_path):
    with pytest.raises(ValueError, match="no picture in"):
        photographs(tmp_path)
