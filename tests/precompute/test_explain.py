from dataclasses import replace

import pytest

from stillroom.precompute.explain import differences
from stillroom.precompute.manifest import Ingredients

OLD = Ingredients(
    format_version=1,
    media_version=1,
    recipe="waves",
    params={"components": [1, 10], "image": "cat.png"},
    seed=0,
    draft=False,
    source={"recipes": "aa", "stillroom.models.pictures": "bb"},
    packages={"torch": "2.12.0"},
    inputs={"cat.png": "cc"},
    needs={"net": "dd"},
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ()),
        (
            {"params": {"components": [1, 10, 100], "image": "cat.png"}},
            ("components [1, 10] → [1, 10, 100]",),
        ),
        (
            {"params": {"components": [1, 10], "size": 8}},
            ("image is gone", "size 8 is new"),
        ),
        ({"params": {"components": [1, 10.0], "image": "cat.png"}}, (
            "components [1, 10] → [1, 10.0]",)),
        ({"params": {"components": [True, 10], "image": "cat.png"}}, (
            "components [1, 10] → [true, 10]",)),
        ({"params": {"components": list(range(40)), "image": "cat.png"}}, (
            f"components [1, 10] → {str(list(range(40)))[:57]}…",)),
        ({"source": {"recipes": "aa", "stillroom.models.pictures": "xx"}}, (
            "stillroom.models.pictures changed",)),
        ({"source": {"recipes": "aa", "recipes.new": "x"}}, (
            "recipes.new is imported now", "stillroom.models.pictures is no longer imported")),
        ({"packages": {"torch": "2.13.0"}}, ("torch 2.12.0 → 2.13.0",)),
        ({"inputs": {"cat.png": "xx"}}, ("cat.png changed",)),
        ({"needs": {"net": "xx"}}, ("the result for net changed",)),
        ({"needs": {}}, ()),
        ({"seed": 3}, ("seed 0 → 3",)),
        ({"format_version": 2, "media_version": 3}, ("format 1 → 2", "media format 1 → 3")),
        ({"recipe": "rays", "seed": 1}, ("recipe waves → rays",)),
        ({"seed": 1, "packages": {"torch": "3"}}, ("seed 0 → 1", "torch 2.12.0 → 3")),
    ],
)  # fmt: skip
def test_each_difference_has_its_words(change, words):
    assert differences(OLD, replace(OLD, **change)) == words
