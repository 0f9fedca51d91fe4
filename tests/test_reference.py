from pathlib import Path

import pytest
from click.testing import CliRunner

from stillroom.cli import cli
from stillroom.diagnostics import Location
from stillroom.precompute.catalogue import Description
from stillroom.precompute.parameters import Parameter
from stillroom.reference import as_markdown, as_table, as_text, split

ROOT = Path(__file__).parents[1]


@pytest.fixture
def description():
    return Description(
        name="some-waves",
        module="m",
        function="some_waves",
        location=Location("recipes.py", 3),
        doc="Add waves.\n\nMore on it.\n\nArgs:\n    count: how many.\n\n"
        "Returns:\n    Facts: ``x``.",
        view="chart",
        cost="minutes",
        draft={"count": 2},
        packages=(),
        parameters=(
            Parameter("count", "int ≥ 1", False, 10, doc="how many."),
            Parameter("picture", "picture", True),
            Parameter("net", "result of train", False, upstream="train"),
            Parameter("kind", '"a" or "b" | "c"', False, "a"),
        ),
        source={},
        texts={},
    )


def test_sections_are_told_from_the_text_and_arguments_left_out(description):
    assert split(description.doc) == ("Add waves.\n\nMore on it.", {"Returns": "Facts: ``x``."})


def test_a_docstring_without_sections_is_all_text():
    assert split("Do it.") == ("Do it.", {})


def test_the_table_has_a_line_a_recipe(description):
    table = as_table([("", description), ("cats", description)])
    assert table.splitlines() == ["some-waves  Add waves.", "some-waves  Add waves. (of cats)"]


def test_the_text_tells_all(description):
    text = as_text(description)
    assert "some-waves: view chart, minutes on a CPU" in text
    assert "  count    int ≥ 1, default 10\n" in text
    assert "  picture  picture, needed\n" in text
    assert "  net      result of train, the parameters of train\n" in text
    assert "In a draft: count: 2" in text
    assert "  params: {picture: …}\n" in text


def test_the_page_escapes_what_would_end_a_cell(description):
    page = as_markdown([("", description)])
    assert "## some-waves" in page
    assert '| `kind` | "a" or "b" \\| "c" | `"a"` |  |' in page
    assert "**Returns.** Facts: ``x``." in page


def test_the_reference_of_recipes_is_current(monkeypatch):
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(cli, ["recipes", "--library", "--markdown"])
    assert done.exit_code == 0, done.output
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    assert page == done.output, "run scripts/docs"
