"""An installed Stillroom has all that a build needs: templates, fonts, views, the scaffold."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [path] = folder.glob("stillroom-*.whl")
    with zipfile.ZipFile(path) as opened:
        return set(opened.namelist())


def test_every_template_travels(wheel):
    files = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "templates").rglob("*")
        if path.is_file()
    }
    assert len(files) > 50
    assert {f"stillroom/{name}" for name in files} <= wheel


def test_the_package_travels_with_its_data(wheel):
    package = ROOT / "build" / "stillroom"
    files = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix in {".py", ".js", ".csl", ".typed"}
    }
    assert {"cli.py", "serve.js", "py.typed"} <= files
    assert {f"stillroom/{name}" for name in files} <= wheel


def test_nothing_else_travels_but_the_licence(wheel):
    others = {name for name in wheel if not name.startswith("stillroom/")}
    assert {name.partition(".dist-info/")[2] for name in others} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
    }
