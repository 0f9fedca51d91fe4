"""The cases that existing caches get wrong, each by name."""

import pytest

from computing import HEAD, Site, figure, recipe_text

BODY = "return Result(facts={'y': HELPER(x)}, data={'x': x})"


def output(site, *, recipe="one", **params):
    [result] = site.build(figure(recipe, params=params)).results.values()
    return result.manifest.output


def key(site, *, recipe="one", **params):
    plan = site.plan(figure(recipe, params=params))
    assert not site.diagnostics.errors, site.diagnostics.errors
    return plan.steps[-1].id


def any_site(tmp_path, kind="Any"):
    text = f"from typing import Any\n{recipe_text('one', params=f'x: {kind}')}"
    return Site(tmp_path, text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return x + CONSTANT", "return x - CONSTANT"),
        ("CONSTANT = 1", "CONSTANT = 2"),
        ("scale = lambda x: x, lambda x: 2 * x", "scale = lambda x: x, lambda x: 3 * x"),
        ('"""kept\n\n# text"""', '"""kept\n# text"""'),
    ],
)
def test_a_helper_or_constant_in_another_module_changed(tmp_path, old, new):
    site = Site(tmp_path)
    (tmp_path / "recipes.py").unlink()
    imports = "from .deep.helpers import helper as HELPER\n"
    site.write("recipes/one.py", HEAD + imports + recipe_text("one", BODY, "x: int"))
    site.write("recipes/deep/helpers.py", "from ..values import *\n")
    site.write(
        "recipes/values.py",
        "CONSTANT = 1\nscale = lambda x: x, lambda x: 2 * x\ntext = '''kept\n\n# text'''\n"
        "def helper(x):\n    return x + CONSTANT\n".replace("'''", '"""'),
    )
    before = key(site, x=1)
    site.replace("recipes/values.py", old, new)
    assert key(site, x=1) != before
    assert site.plan(figure("one", params={"x": 1})).steps[0].state == "stale"


def test_a_new_helper_runs_and_is_not_served_from_bytecode(tmp_path):
    site = Site(tmp_path)
    (tmp_path / "recipes.py").unlink()
    imports = "from .helpers import HELPER\n"
    site.write("recipes/one.py", HEAD + imports + recipe_text("one", BODY, "x: int"))
    found = []
    for sign in "+-*":  # one length, one second
        site.write("recipes/helpers.py", f"def HELPER(x):\n    return x {sign} 3\n")
        [result] = site.build(figure("one", params={"x": 2})).results.values()
        found.append(result.manifest.facts["y"])
    assert found == [5, -1, 6]


def test_comments_docstrings_blank_lines_captions_and_times_do_not_count(tmp_path):
    site = Site(tmp_path, "def helper(x):\n    return x\n" + recipe_text("one"))
    before = key(site)
    site.replace("recipes.py", "def helper(x):", 'def helper(x):\n    """New."""\n\n    # new')
    changed = figure("one", alt="other", number=7, width="page", bind={"a": "b"}, view="chart")
    assert site.plan(changed).steps[0].id == before


def test_the_folder_of_the_site_does_not_count(tmp_path):
    keys = {key(any_site(tmp_path / name), x=1) for name in ("here", "there")}
    assert len(keys) == 1


TENSOR = recipe_text(
    "one",
    "import numpy, torch\n"
    "array = torch.arange(6.0).reshape(2, 3) + shift\n"
    "array = {'C': array, 'F': array.T.contiguous().T, 'N': numpy.asfortranarray(array)}[order]\n"
    "return Result(assets={'array': Packed(array), 'w': Weights({'w': torch.as_tensor(array)})})",
    "shift: float = 0.0, order: str = 'C'",
)


def test_two_equal_tensors_are_one_output(tmp_path):
    site = Site(tmp_path, TENSOR)
    assert output(site) == output(site, shift=-0.0)


def test_two_different_tensors_are_two_outputs(tmp_path):
    site = Site(tmp_path, TENSOR)
    assert output(site) != output(site, shift=1)


def test_c_and_fortran_order_are_one_output(tmp_path):
    site = Site(tmp_path, TENSOR)
    assert len({output(site, order=order) for order in "CFN"}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (1.0, True),
        (0, False),
        (1, "1"),
        (-1, -2),
        ([1, 2], [12]),
        ([1, [2]], [[1], 2]),
        (0.0, -0.0),
        (None, "null"),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ("\u00e9", "e\u0301"),
    ],
    ids=str,
)
def test_values_that_look_alike_have_two_keys(tmp_path, one, other):
    site = any_site(tmp_path)
    assert key(site, x=one) != key(site, x=other)


def test_the_order_of_a_mapping_does_not_count(tmp_path):
    site = any_site(tmp_path)
    assert key(site, x={"a": 1, "b": [2]}) == key(site, x={"b": [2], "a": 1})


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), float("inf"), {1: 2}, b"x", object()])
def test_sets_nan_and_unknown_types_are_errors(tmp_path, value):
    site = any_site(tmp_path)
    assert site.plan(figure("one", params={"x": value})).steps == ()
    [error] = site.errors()
    assert error.startswith("F014 parameter 'x")


def test_an_int_written_for_a_float_is_that_float(tmp_path):
    site = any_site(tmp_path, "float")
    assert key(site, x=1) == key(site, x=1.0)


def test_a_failed_result_is_not_kept(tmp_path):
    body = "from pathlib import Path\nassert Path(x).exists(), 'not yet'\nreturn Result()"
    site = Site(tmp_path, recipe_text("one", body, "x: str"))
    one = figure("one", params={"x": str(tmp_path / "signal")})
    [failure] = site.build(one).failures
    assert failure.error == "AssertionError: not yet"
    (tmp_path / "signal").touch()
    assert site.plan(one).steps[0].state == "stale"
    assert set(site.build(one).results) == {("a", "fig-a")}


def test_the_content_of_a_picture_counts_and_its_time_does_not(tmp_path):
    import os

    site = Site(tmp_path, recipe_text("one", params="x: ImageFile"))
    (site.article / "cat.png").write_bytes(b"one")
    first = key(site, x="cat.png")
    os.utime(site.article / "cat.png", (1, 1))
    assert key(site, x="cat.png") == first
    (site.article / "cat.png").write_bytes(b"two")
    assert key(site, x="cat.png") != first


def test_a_result_made_twice_is_the_same_bytes(tmp_path):
    site = Site(tmp_path, TENSOR)
    one = site.build(figure("one")).results["a", "fig-a"].manifest
    two = site.build(figure("one"), force=True).results["a", "fig-a"].manifest
    assert (one.output, one.assets) == (two.output, two.assets)
