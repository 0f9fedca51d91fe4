"""The tutorial does what it says: its commands are run and its files written, in order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial.md"
COMMANDS = ("new", "build", "recipes", "status", "run", "publish")


def fences():
    tokens = MarkdownIt().parse(TUTORIAL.read_text(encoding="utf-8"))
    return [(token.info.split(), token.content) for token in tokens if token.type == "fence"]


def commands(text):
    """Split a console block into commands, each with the lines that it should print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *expected = part.strip("\n").split("\n")
        yield command, [line.strip() for line in expected if line.strip()]


def words(line):
    """Columns are padded to what is longest: only words count."""
    return " ".join(line.split())


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path, lend_vega):
    folder = tmp_path / "home"
    folder.mkdir()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    seen = set()
    for info, content in fences():
        if len(info) == 2:
            path = folder / info[1]
            assert path.parent.is_dir(), f"{path.parent} should be there by now"
            path.write_text(content, encoding="utf-8")
        if info != ["console"]:
            continue
        for command, expected in commands(content):
            if command.startswith("cd "):
                folder = folder / command.removeprefix("cd ")
                lend_vega(folder)
                continue
            seen.add(command.split()[1])
            done = subprocess.run(
                command,
                shell=True,
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{command}\n{done.stderr}"
            printed = words(done.stdout)
            for line in expected:
                assert words(line) in printed, f"{command}\n{done.stdout}"
    assert seen == set(COMMANDS)


def test_the_tutorial_has_files_and_commands():
    kinds = [info[0] for info, _ in fences()]
    assert kinds.count("console") >= 5
    assert sum(len(info) == 2 for info, _ in fences()) == 2
