from typing import Annotated

import pytest

from stillroom import Image, ImageFile, Result, Stored, Upstream, Weights, recipe
from stillroom.testing import run_recipe, store_recipe


@recipe(view="table", draft={"steps": 2})
def train(run, *, steps: int = 5, size: tuple[int, int] = (2, 3)):
    import torch

    for _ in run.steps(range(steps)):
        pass
    weights = torch.full(size, float(run.seed))
    return Result(
        facts={"steps": steps, "draft": run.draft},
        data={"third": 1 / 3},
        assets={"net": Weights({"w": weights})},
    )


@recipe(view="image")
def show(run, *, image: ImageFile, net: Annotated[Stored, Upstream("train")]):
    total = float(net.tensors("net")["w"].sum())
    return Result(facts={"sum": total}, assets={"picture": Image(image.pixels((4, 4)))})


def test_a_recipe_runs_as_a_build_would_run_it():
    seen = []
    result = run_recipe(train, steps=3, size=[4, 1], seed=7, progress=seen)
    assert result.facts == {"steps": 3, "draft": False}
    assert result.assets["net"].tensors["w"].shape == (4, 1)
    assert [each.done for each in seen] == [1, 2, 3]


def test_a_draft_is_cheap_unless_told_otherwise():
    assert run_recipe(train, draft=True).facts == {"steps": 2, "draft": True}
    assert run_recipe(train, draft=True, steps=4).facts["steps"] == 4


def test_a_stored_result_is_what_a_recipe_is_handed():
    net = store_recipe(train, seed=2)
    assert net.data == {"third": 0.3333333}
    assert list(net.files) == ["net.safetensors"]
    assert run_recipe(show, image="skimage:chelsea", net=net).facts == {"sum": 12.0}


def test_pictures_are_found_beside_the_test(tmp_path):
    with pytest.raises(ValueError, match=r"the file 'cat.png' does not exist"):
        run_recipe(show, folder=tmp_path, image="cat.png", net=store_recipe(train))


def test_wrong_parameters_are_told_as_an_author_would_be():
    with pytest.raises(ValueError, match="no parameter 'step'; did you mean 'steps'") as caught:
        run_recipe(train, step=1, size=3)
    assert "expected tuple[int, int], not 3" in str(caught.value)
    with pytest.raises(ValueError, match="'net' of recipe 'show': expected what store_recipe"):
        run_recipe(show, image="skimage:chelsea", net={"steps": 3})
