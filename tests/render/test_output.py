import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.diagnostics import StillroomError
from stillroom.render.output import Output, content_name, digest


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_writes_exactly_what_was_planned(tmp_path):
    output = Output(tmp_path / "site")
    output.write("index.html", "<p>é</p>")
    output.write("static/a.0123456789.css", b"a")
    assert not (tmp_path / "site").exists()
    changes = output.commit()
    assert changes.written == ("index.html", "static/a.0123456789.css")
    assert tree(tmp_path / "site") == {
        "index.html": "<p>é</p>".encode(),
        "static/a.0123456789.css": b"a",
    }


def test_unchanged_files_are_not_touched_and_stale_ones_go(tmp_path):
    first = Output(tmp_path)
    first.write("index.html", "one")
    first.write("old/page.html", "old")
    first.commit()
    os.utime(tmp_path / "index.html", (1, 1))
    second = Output(tmp_path)
    second.write("index.html", "one")
    changes = second.commit()
    assert changes.written == ()
    assert changes.removed == ("old/page.html",)
    assert (tmp_path / "index.html").stat().st_mtime == 1
    assert not (tmp_path / "old").exists()


def test_a_page_of_equal_length_is_written_again(tmp_path):
    for text in ("one", "two"):
        output = Output(tmp_path)
        output.write("index.html", text)
        output.commit()
    assert (tmp_path / "index.html").read_text() == "two"


def test_hidden_entries_at_the_top_stay_and_left_over_partial_files_go(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref")
    (tmp_path / ".nojekyll").write_text("")
    (tmp_path / ".index.html.1.partial").write_text("half")
    Output(tmp_path).commit()
    assert tree(tmp_path) == {".git/HEAD": b"ref", ".nojekyll": b""}


def test_copies_a_file(tmp_path):
    (tmp_path / "source.png").write_bytes(b"picture")
    output = Output(tmp_path / "site")
    output.copy("a/b.0123456789.png", tmp_path / "source.png")
    output.commit()
    assert (tmp_path / "site/a/b.0123456789.png").read_bytes() == b"picture"


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a\\b"])
def test_refuses_to_leave_its_folder(tmp_path, path):
    with pytest.raises(ValueError, match="not a path inside the site"):
        Output(tmp_path).write(path, "x")


def test_refuses_two_contents_for_one_path(tmp_path):
    output = Output(tmp_path)
    output.write("index.html", "a")
    output.write("index.html", "a")
    with pytest.raises(ValueError, match="two different files"):
        output.write("index.html", "b")


def test_does_not_write_or_delete_through_a_link(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep.txt").write_text("mine")
    site = tmp_path / "site"
    site.mkdir()
    (site / "articles").symlink_to(outside)
    output = Output(site)
    output.write("articles/index.html", "x")
    with pytest.raises(StillroomError, match="leaves the site's folder"):
        output.commit()
    Output(site).commit()
    assert not (site / "articles").exists()
    assert (outside / "keep.txt").read_text() == "mine"


def test_a_folder_in_the_way_is_a_clear_error(tmp_path):
    (tmp_path / "index.html").mkdir()
    output = Output(tmp_path)
    output.write("index.html", "x")
    with pytest.raises(StillroomError, match="is a folder where a file"):
        output.commit()


def test_a_failed_write_leaves_the_old_page_and_no_partial_file(tmp_path, monkeypatch):
    first = Output(tmp_path)
    first.write("index.html", "old")
    first.commit()

    def full(self, content):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    second = Output(tmp_path)
    second.write("index.html", "new")
    with pytest.raises(StillroomError, match="No space left on device"):
        second.commit()
    monkeypatch.undo()
    assert tree(tmp_path) == {"index.html": b"old"}


def test_a_killed_build_leaves_every_page_whole(tmp_path):
    """Each page names the asset of its version: at any moment that asset must be there, whole."""
    script = tmp_path / "build.py"
    script.write_text(
        textwrap.dedent("""
        import hashlib, itertools, sys
        from pathlib import Path
        from stillroom.render.output import Output
        for version in itertools.count():
            output = Output(Path(sys.argv[1]))
            for page in range(20):
                content = f"{version} {page} ".encode() * 20_000
                name = f"a.{hashlib.sha256(content).hexdigest()[:10]}.bin"
                output.write(name, content)
                output.write(f"{page}.html", f"{name} {version} {page} ")
            output.commit()
            print(version, flush=True)
        """)
    )
    site = tmp_path / "site"
    for delay in (0.0, 0.003, 0.007):
        process = subprocess.Popen(
            [sys.executable, script, site], stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        pages = sorted(site.glob("*.html"))
        assert len(pages) == 20
        for page in pages:
            name, _, rest = page.read_text().partition(" ")
            assert (site / name).read_bytes() == rest.encode() * 20_000


@given(st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True), st.binary())
def test_a_content_name_keeps_its_extension_and_knows_its_content(name, content):
    named = content_name(name, digest(content))
    assert digest(content)[:10] in named
    stem, dot, extension = name.rpartition(".")
    if dot and stem and extension:
        assert named.startswith(stem)
        assert named.endswith(f".{extension}")
