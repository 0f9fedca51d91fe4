import os
import subprocess
import sys

import pytest

from stillroom.settings import Settings
from stillroom.stamp import check_stamp, installed_packages, snapshot, stamp_path, write_stamp

OPTIONS = {"articles": [], "draft": False}


@pytest.fixture
def settings(tmp_path):
    made = Settings(root=tmp_path, source=tmp_path / "stillroom.toml")
    for name in ("stillroom.toml", "articles/a/index.md", "assets/r/k/manifest.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"output": 1, "provenance": 1}')
    made.site.mkdir()
    (made.site / "index.html").write_text("page")
    write_stamp(
        made, snapshot(made), made.site, options=OPTIONS, results=["r/k"], warnings=["a warning"]
    )
    return made


def why(settings, **options):
    return check_stamp(settings, settings.site, options={**OPTIONS, **options})[0]


def test_a_finished_build_is_recognised_with_its_warnings(settings):
    assert check_stamp(settings, settings.site, options=OPTIONS) == ("", ("a warning",))


def test_without_a_stamp_there_is_work(settings):
    stamp_path(settings, settings.site).unlink()
    assert why(settings) == "there is no earlier build"


@pytest.mark.parametrize(
    "name",
    ["stillroom.toml", "articles/a/index.md", "assets/r/k/manifest.json", "site/index.html"],
)
def test_every_input_and_output_counts(settings, name):
    (settings.root / name).write_text('{"output": 2}')
    assert why(settings) == f"{name} changed"
    (settings.root / name).unlink()
    assert why(settings) == f"{name} is gone"


@pytest.mark.parametrize(
    "name",
    [
        "articles/b/index.md",
        "templates/page.html",
        "recipes/own.py",
        "recipes.py",
        "views/own/view.js",
        "site/more.html",
    ],
)
def test_a_new_file_counts(settings, name):
    path = settings.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("new")
    assert why(settings) == f"{name} is new"


def test_a_touched_file_with_the_same_content_does_not_count(settings):
    os.utime(settings.root / "articles/a/index.md", (1, 1))
    assert why(settings) == ""


def test_the_same_size_and_another_time_is_compared_by_content(settings):
    path = settings.root / "articles/a/index.md"
    path.write_text(path.read_text().replace("1", "2"))
    os.utime(path, (1, 1))
    assert why(settings) == "articles/a/index.md changed"


def test_an_edit_during_the_build_is_not_missed(settings):
    before = snapshot(settings)
    (settings.root / "articles/a/index.md").write_text("edited while building")
    write_stamp(settings, before, settings.site, options=OPTIONS)
    assert why(settings) == "articles/a/index.md changed"


def test_results_that_the_site_does_not_show_do_not_count(settings):
    other = settings.assets / ".cache" / "other" / "k"
    other.mkdir(parents=True)
    (other / "manifest.json").write_text("new")
    assert why(settings) == ""


def test_a_file_that_goes_during_the_build_is_not_missed(settings):
    before = snapshot(settings)
    (settings.root / "articles/a/index.md").unlink()
    write_stamp(settings, before, settings.site, options=OPTIONS)
    assert why(settings) == "articles/a/index.md is gone"


def test_a_result_computed_again_with_the_same_output_does_not_count(settings):
    path = settings.assets / "r" / "k" / "manifest.json"
    path.write_text('{"output": 1, "provenance": "another day"}')
    assert why(settings) == ""


def test_bytecode_does_not_count(settings):
    cache = settings.root / "articles/a/__pycache__"
    cache.mkdir()
    (cache / "recipes.cpython-311.pyc").write_bytes(b"code")
    assert why(settings) == ""


def test_options_count_and_each_folder_has_a_stamp_of_its_own(settings):
    assert why(settings, articles=["a"]) == "the options of the build changed"
    assert why(settings, draft=True) == "the options of the build changed"
    draft = settings.scratch / "draft"
    assert check_stamp(settings, draft, options=OPTIONS)[0] == "there is no earlier build"


def test_installed_versions_count(settings, monkeypatch):
    monkeypatch.setattr("stillroom.stamp.installed_packages", lambda: ("numpy-1.dist-info",))
    assert why(settings) == "the installed packages changed"


def test_installed_packages_name_versions():
    assert any(name.lower().startswith("click-8") for name in installed_packages())


@pytest.mark.parametrize("content", ["", "[]", "{", '{"version": 1}', '{"version": 1, "files": 3}'])
def test_a_damaged_stamp_means_work(settings, content):
    stamp_path(settings, settings.site).write_text(content)
    assert why(settings) == "the stamp cannot be read"


def test_checking_imports_nothing_heavy():
    code = (
        "import sys, pathlib; from stillroom.stamp import snapshot; "
        "from stillroom.settings import Settings; "
        "import stillroom.cli, stillroom.pipeline; snapshot(Settings(root=pathlib.Path('x'))); "
        "print([m for m in ('torch', 'numpy', 'pydantic', 'markdown_it', 'jinja2', 'PIL', "
        "'asyncio', 'hashlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
