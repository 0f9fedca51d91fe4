"""Who made the pictures inside the scikit-image wheel, which need no download.

An author writes ``skimage:chelsea``. The credits are those of scikit-image's documentation of its
data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PREFIX = "skimage:"


@dataclass(frozen=True, slots=True)
class Picture:
    """A built-in picture.

    Attributes:
        name: as an author writes it after ``skimage:``.
        title: what it shows, as a label.
        credit: who made it.
        licence: under which terms it may be used.
    """

    name: str
    title: str
    credit: str
    licence: str


CC0 = "CC0 1.0"
PUBLIC = "public domain"
PICTURES: Mapping[str, Picture] = MappingProxyType(
    {
        picture.name: picture
        for picture in (
            Picture("astronaut", "Astronaut", "NASA", PUBLIC),
            Picture("brick", "Brick wall", "CC0Textures", CC0),
            Picture("camera", "Photographer", "Lav Varshney", CC0),
            Picture("chelsea", "Cat", "Stéfan van der Walt", CC0),
            Picture("coffee", "Coffee", "Rachel Michetti", CC0),
            Picture(
                "coins",
                "Greek coins",
                "Brooklyn Museum",
                "no known copyright restrictions",
            ),
            Picture("grass", "Grass", "linolafett", CC0),
            Picture("gravel", "Gravel", "CC0Textures", CC0),
            Picture("hubble_deep_field", "Galaxies", "NASA and ESA", PUBLIC),
            Picture("retina", "Retina", "Mikael Häggström", CC0),
            Picture("rocket", "Rocket", "SpaceX", PUBLIC),
        )
    }
)
