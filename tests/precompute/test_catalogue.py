import subprocess
import sys

import pytest

from computing import Site, recipe_text
from stillroom.precompute.catalogue import BrokenRecipeError, Catalogue, UnknownRecipeError

DOCUMENTED = '''
@recipe(view="chart", cost="minutes", draft={"steps": 2}, packages=["torch", "numpy"])
def descent(run, *, steps: int = 20, net: Annotated[Stored, Upstream("train")]):
    """Go down.

    Args:
        steps: how many.
    """
    return Result()
'''


def test_recipes_are_found_in_the_library_the_site_and_the_article(tmp_path):
    site = Site(tmp_path, recipe_text("of_site"))
    site.write("articles/a/recipes.py", "from stillroom import recipe" + recipe_text("of_article"))
    catalogue = Catalogue(site.settings)
    assert {"spectral-reconstruction", "of-site"} < set(catalogue.names())
    assert set(catalogue.names("a")) - set(catalogue.names()) == {"of-article"}
    with pytest.raises(UnknownRecipeError, match="unknown recipe 'of-article'"):
        catalogue.find("of-article")
    assert str(catalogue.find("of-article", "a").location) == "articles/a/recipes.py:3:1"
    with pytest.raises(UnknownRecipeError, match="did you mean 'of-site'"):
        catalogue.find("off-site")


def test_a_folder_of_recipes_works_like_a_module(tmp_path):
    site = Site(tmp_path)
    (tmp_path / "recipes.py").unlink()
    site.write("recipes/family/one.py", "from stillroom import *\nfrom .two import X" + recipe_text(
        "deep", params="x: int = X"))  # fmt: skip
    site.write("recipes/family/two.py", "X = 5")
    described = Catalogue(site.settings).describe("deep")
    assert described.parameters[0].default == 5
    assert list(described.source) == ["recipes.family.one", "recipes.family.two"]


def test_a_description_has_all_that_a_reader_and_a_plan_want(tmp_path):
    described = Catalogue(Site(tmp_path, DOCUMENTED).settings).describe("descent")
    assert (described.view, described.cost, described.draft) == ("chart", "minutes", {"steps": 2})
    assert described.packages == ("numpy", "torch")
    assert described.summary == "Go down."
    assert described.upstreams == {"net": "train"}
    assert described.parameters[0].doc == "how many."
    assert str(described.location) == "recipes.py:5:1"


def test_two_recipes_of_one_name_are_an_error_with_both_places(tmp_path):
    site = Site(tmp_path, recipe_text("same"))
    site.write("articles/a/recipes.py", "from stillroom import *" + recipe_text("same"))
    [(article, problem)] = Catalogue(site.settings).problems
    assert article == "a"
    assert str(problem) == (
        "articles/a/recipes.py:3:1: F019 the recipe 'same' is already defined at recipes.py:5:1"
    )


def test_a_module_that_is_not_python_is_located(tmp_path):
    site = Site(tmp_path)
    site.write("articles/a/recipes.py", "x = 1\ndef (:\n")
    [(article, problem)] = Catalogue(site.settings).problems
    assert (article, problem.code) == ("a", "F018")
    assert str(problem.location) == "articles/a/recipes.py:2:5"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import nonsense_package\n", "articles/a/recipes.py:2:1: F018 cannot be imported: Module"),
        ("1 / 0\n", "articles/a/recipes.py:2:1: F018 cannot be imported: ZeroDivisionError"),
        ("raise SystemExit(3)\n", "articles/a/recipes.py:2:1: F018 cannot be imported: SystemExit"),
        (
            "import far\n",
            "articles/a/recipes.py:2:1: F018 cannot be imported: ModuleNotFoundError: "
            "No module named 'far'; write: from . import far",
        ),
        (
            "recipe(view='table', packages='torch')\n",
            "articles/a/recipes.py:2:1: F018 cannot be imported: TypeError: "
            "packages should be a list of names: ['torch']",
        ),
        (
            "@recipe\ndef two(run): ...\n",
            "articles/a/recipes.py:2:1: F018 cannot be imported: TypeError: recipe() takes 0",
        ),
        ("from .far import x\n", "articles/a/far.py:1:1: F018 not valid Python: invalid syntax"),
    ],
)
def test_a_module_that_cannot_be_imported_is_located(tmp_path, text, message):
    site = Site(tmp_path)
    site.write("articles/a/recipes.py", f"from stillroom import *\n{text}" + recipe_text("one"))
    site.write("articles/a/far.py", "= 1")
    with pytest.raises(BrokenRecipeError) as caught:
        Catalogue(site.settings).describe("one", "a")
    assert str(caught.value.diagnostic).startswith(message)


def test_a_recipe_that_is_none_is_located(tmp_path):
    site = Site(tmp_path, "recipe = lambda view: lambda f: f\n" + recipe_text("fake"))
    with pytest.raises(BrokenRecipeError, match=r"recipes.py:6:1: F018 'fake' is not a recipe"):
        Catalogue(site.settings).describe("fake")


def test_a_changed_module_is_loaded_again_in_the_same_process(tmp_path):
    site = Site(tmp_path, "from recipes_too import X")
    (tmp_path / "recipes.py").unlink()
    site.write("recipes/one.py", "from stillroom import *\nfrom .two import X" + recipe_text(
        "one", params="x: int = X"))  # fmt: skip
    defaults = []
    for value in (1, 2, 3):  # same length, same second: bytecode would hide the change
        site.write("recipes/two.py", f"X = {value}")
        defaults.append(Catalogue(site.settings).describe("one").parameters[0].default)
    assert defaults == [1, 2, 3]


def test_two_sites_in_one_process_do_not_mix(tmp_path):
    for name in ("one", "two", "one"):
        root = tmp_path / name
        if not root.exists():
            Site(root, recipe_text("mine", params=f"x: str = '{name}'"))
        from stillroom.settings import find_settings

        assert Catalogue(find_settings(root)).describe("mine").parameters[0].default == name


def test_a_new_docstring_is_shown_though_it_is_not_in_the_digest(tmp_path):
    site = Site(tmp_path, DOCUMENTED)
    first = Catalogue(site.settings)
    before = first.describe("descent")
    first.save()
    site.replace("recipes.py", "how many.", "how far.")
    after = Catalogue(site.settings).describe("descent")
    assert after.parameters[0].doc == "how far."
    assert after.source == before.source


PLAN_AGAIN = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from computing import Site, figure, states
site = Site.__new__(Site)
site.root, site.article = Path(sys.argv[2]), Path(sys.argv[2]) / "articles" / "a"
plan = site.plan(figure("heavy", params={"x": 2}), figure("heavy", "fig-b", params={"x": "?"}))
print(states(plan), len(site.diagnostics.errors))
print([each for each in ("torch", "pydantic", "numpy", "skimage") if each in sys.modules])
"""


def test_a_second_plan_imports_neither_torch_nor_pydantic(tmp_path, request):
    site = Site(tmp_path, "import torch\n" + recipe_text("heavy", params="x: int"))
    tests = str(request.config.rootpath / "tests")

    def plan():
        command = [sys.executable, "-c", PLAN_AGAIN, tests, str(site.root)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    # One figure is right and one is wrong: both answers are remembered.
    assert "torch" in plan().splitlines()[1]
    assert plan().splitlines() == ["{'heavy': 'stale'} 1", "[]"]
    site.replace("recipes.py", "value': 1", "value': 2")
    assert "torch" in plan().splitlines()[1]


@pytest.mark.parametrize("memo", ["", "[]", '{"engine": 1}', "{"])
def test_a_damaged_memo_is_ignored(tmp_path, memo):
    site = Site(tmp_path, recipe_text("one"))
    Catalogue(site.settings).save()
    site.write(".stillroom/catalogue.json", memo)
    assert "one" in Catalogue(site.settings).names()
