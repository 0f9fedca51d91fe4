from typing import Annotated, Any, Literal

import numpy as np
import pytest
from pydantic import Field

from stillroom import ImageFile, Result, Stored, Upstream, recipe
from stillroom.precompute.parameters import (
    Parameter,
    RecipeError,
    argument_docs,
    arguments,
    check,
    parameters,
)

PNG = b"not really"


@recipe(view="table", draft={"steps": 2})
def waves(
    run,
    *,
    image: ImageFile,
    components: Annotated[list[int], Field(min_length=1)],
    steps: Annotated[int, Field(gt=0, le=100)] = 10,
    rate: float = 1,
    neighbours: Literal[4, 8] = 8,
    size: tuple[int, int] = (3, 4),
    others: list[ImageFile] | None = None,
    net: Annotated[Stored, Upstream("train-net")],
):
    return Result()


def messages(raw, of=waves):
    return [f"{each.code} {each.option}: {each.message}" for each in check(of, raw).problems]


def declared(annotation, default=..., **options):
    def broken(run, *, x=default):
        return Result()

    if default is ...:

        def broken(run, *, x):
            return Result()

    broken.__annotations__ = {"x": annotation} if annotation is not None else {}
    return recipe(view="table", **options)(broken)


def test_parameters_are_described_for_people():
    assert parameters(waves) == (
        Parameter("image", "picture", True),
        Parameter("components", "list[int] at least 1 long", True),
        Parameter("steps", "int > 0, ≤ 100", False, 10),
        Parameter("rate", "float", False, 1.0),
        Parameter("neighbours", "4 or 8", False, 8),
        Parameter("size", "tuple[int, int]", False, [3, 4]),
        Parameter("others", "list[picture] or null", False, None),
        Parameter("net", "result of train-net", False, None, "train-net"),
    )


def test_values_after_defaults_are_plain_and_typed():
    checked = check(waves, {"image": "cat.png", "components": [1, 10], "others": ["a.png"]})
    assert checked.problems == ()
    assert checked.images == ("cat.png", "a.png")
    assert repr(checked.params["rate"]) == "1.0"  # a float whether written 1, 1.0 or left out
    assert checked.params == {
        "image": "cat.png",
        "components": [1, 10],
        "steps": 10,
        "rate": 1.0,
        "neighbours": 8,
        "size": [3, 4],
        "others": ["a.png"],
    }


def test_writing_the_default_is_the_same_as_leaving_it():
    short = {"image": "cat.png", "components": [1]}
    full = {**short, "steps": 10, "rate": 1, "neighbours": 8, "size": [3, 4], "others": None}
    assert check(waves, short) == check(waves, full)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"step": 3}, "F013 step: recipe 'waves' has no parameter 'step'; did you mean 'steps'?"),
        ({"steps": "3"}, "F014 steps: parameter 'steps' of recipe 'waves': "
         'expected int > 0, ≤ 100, not "3"'),
        ({"steps": True}, "F014 steps: parameter 'steps' of recipe 'waves': "
         "expected int > 0, ≤ 100, not true"),
        ({"steps": 0}, "F014 steps: parameter 'steps' of recipe 'waves': "
         "expected int > 0, ≤ 100, not 0"),
        ({"neighbours": 6}, "F014 neighbours: parameter 'neighbours' of recipe 'waves': "
         "expected 4 or 8, not 6"),
        ({"components": [1, "a"]}, "F014 components.1: parameter 'components.1' of recipe "
         "'waves': expected a valid integer, not \"a\""),
        ({"components": []}, "F014 components: parameter 'components' of recipe 'waves': "
         "expected list[int] at least 1 long, not []"),
        ({"others": 3}, "F014 others: parameter 'others' of recipe 'waves': "
         "expected list[picture] or null, not 3"),
        ({"rate": float("nan")}, "F014 rate: parameter 'rate' of recipe 'waves': "
         "expected a finite number, not nan"),
        ({"image": np.zeros(2)}, "F014 image: parameter 'image' of recipe 'waves': expected a "
         "number, text, list or mapping, not a value of type ndarray"),
    ],
)  # fmt: skip
def test_wrong_values_are_told_with_what_was_expected(given, expected):
    assert messages({"image": "cat.png", "components": [1], **given}) == [expected]


def test_all_problems_are_told_at_once():
    found = messages({"steps": "x", "stops": 1})
    assert [each.partition(" ")[0] for each in found] == ["F013", "F015", "F015", "F014"]
    assert found[1] == "F015 : recipe 'waves' needs the parameter 'image' (picture)"


def test_arguments_are_what_the_annotations_say():
    checked = check(waves, {"image": "cat.png", "components": [1], "others": ["a.png"]})
    stored = Stored({}, {}, {}, {})
    call = arguments(waves, checked.params, {"cat.png": PNG, "a.png": b"a"}, {"net": stored})
    assert call == {
        "image": ImageFile("cat.png", PNG),
        "components": [1],
        "steps": 10,
        "rate": 1.0,
        "neighbours": 8,
        "size": (3, 4),
        "others": [ImageFile("a.png", b"a")],
        "net": stored,
    }


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (declared(None), "the parameter 'x' has no type"),
        (declared("Nowhere"), "an annotation of recipe 'broken' is wrong"),
        (declared(int, "three"), "the default of parameter 'x' of recipe 'broken': expected int"),
        (declared(float, float("nan")), "the default of parameter 'x'"),
        (declared(set[int], [1]), "'x' should be a number, text, list or mapping"),
        (declared(np.ndarray, 3), "the type of the parameter 'x' cannot be validated"),
        (declared(int, 3, draft={"y": 1}), "sets 'y', which is not a parameter of its own"),
    ],
)
def test_a_wrong_declaration_is_the_recipes_fault(broken, message):
    with pytest.raises(RecipeError, match=message.replace("(", r"\(")):
        parameters(broken)


def test_positional_parameters_are_refused():
    @recipe(view="table")
    def loose(run, x: int = 1):
        return Result()

    with pytest.raises(RecipeError, match=r"write '\*' before the parameter 'x'"):
        parameters(loose)


def test_a_recipe_without_run_is_refused():
    def nothing():
        return Result()

    def named(*, x: int = 1):
        return Result()

    for function in (nothing, named):
        with pytest.raises(RecipeError, match="its first parameter should be 'run: Run'"):
            parameters(recipe(view="table")(function))


def test_anything_may_be_asked_for_if_it_is_json():
    found = check(declared(dict[str, Any]), {"x": {"a": [1, None, {"b": 2.5}]}})
    assert found.params == {"x": {"a": [1, None, {"b": 2.5}]}}


def test_documentation_of_arguments_is_read_from_a_google_docstring():
    args = "Args:\n    one: first\n        of all.\n    two (int): x: y"
    doc = f"Do it.\n\n{args}\n\nReturns:\n    z: no"
    assert argument_docs(doc) == {"one": "first of all.", "two": "x: y"}
    assert argument_docs("Nothing.") == {}
