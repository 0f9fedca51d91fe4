import pytest

from stillroom.models.pictures import PICTURES, PREFIX
from stillroom.precompute.inputs import read_input
from stillroom.recipe import ImageFile


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_every_picture_is_there_and_has_a_maker(name, tmp_path):
    content = read_input(PREFIX + name, tmp_path)
    pixels = ImageFile(PREFIX + name, content).pixels((20, 30))
    assert pixels.shape == (20, 30, 3)
    assert pixels.std() > 5
    picture = PICTURES[name]
    assert picture.name == name
    assert picture.title
    assert picture.credit
    assert picture.licence
