"""Pictures that need no download: they are inside the scikit-image wheel.

An author writes ``skimage:chelsea``. Credits follow scikit-image's own documentation of its data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from stillroom.diagnostics import StillroomError, nearest

PREFIX = "skimage:"


@dataclass(frozen=True, slots=True)
class Picture:
    """A built-in picture.

    Attributes:
        name: as an author writes it after ``skimage:``.
        file: its file in the wheel.
        title: what it shows, as a label.
        credit: who made it.
        licence: under which terms it may be used.
    """

    name: str
    file: str
    title: str
    credit: str
    licence: str


CC0 = "CC0 1.0"
PUBLIC = "public domain"
PICTURES: Mapping[str, Picture] = MappingProxyType(
    {
        picture.name: picture
        for picture in (
            Picture("astronaut", "astronaut.png", "Astronaut", "NASA", PUBLIC),
            Picture("brick", "brick.png", "Brick wall", "CC0Textures", CC0),
            Picture("camera", "camera.png", "Photographer", "Lav Varshney", CC0),
            Picture("chelsea", "chelsea.png", "Cat", "Stéfan van der Walt", CC0),
            Picture("coffee", "coffee.png", "Coffee", "Rachel Michetti", CC0),
            Picture(
                "coins",
                "coins.png",
                "Greek coins",
                "Brooklyn Museum",
                "no known copyright restrictions",
            ),
            Picture("grass", "grass.png", "Grass", "linolafett", CC0),
            Picture("gravel", "gravel.png", "Gravel", "CC0Textures", CC0),
            Picture("hubble", "hubble_deep_field.jpg", "Galaxies", "NASA and ESA", PUBLIC),
            Picture("retina", "retina.jpg", "Retina", "Mikael Häggström", CC0),
            Picture("rocket", "rocket.jpg", "Rocket", "SpaceX", PUBLIC),
        )
    }
)


def read(name: str) -> bytes:
    """Return the content of the picture's file.

    Args:
        name: with or without the prefix ``skimage:``.

    Raises:
        StillroomError: no picture has this name, or scikit-image is not installed.
    """
    name = name.removeprefix(PREFIX)
    if name not in PICTURES:
        raise StillroomError(
            f"unknown built-in picture '{name}'{nearest(name, PICTURES)}",
            f"the pictures are {', '.join(sorted(PICTURES))}",
        )
    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise StillroomError(
            f"the picture '{PREFIX}{name}' is inside scikit-image, which is not installed",
            "pip install scikit-image",
        )
    return (Path(package.origin).parent / "data" / PICTURES[name].file).read_bytes()
