import io
import re

import pytest
from rich.console import Console

from computing import Site, figure, recipe_text
from stillroom.precompute import progress
from stillroom.precompute.display import Rich
from stillroom.precompute.progress import Plain, reporter

STEPS = recipe_text("one", "print('[half]')\nrun.progress(1, 2, 'epochs')\nreturn Result()") + (
    recipe_text("two", "raise ValueError('no [luck]')")
    + recipe_text("three", params="net: Annotated[Stored, Upstream('two')]")
)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, STEPS)


def test_plain_lines_say_everything_in_order(site):
    stream = io.StringIO()
    site.run(site.plan(figure("one"), figure("three", "fig-b")), Plain(stream))
    assert re.sub(r"in \d+\.\d s", "in 0.0 s", stream.getvalue()) == (
        "3 steps to compute\n"
        "fig-a · one: started on cpu (never computed)\n"
        "fig-a · one: | [half]\n"
        "[1/3] fig-a · one: done in 0.0 s\n"
        "fig-b · two: started on cpu (never computed)\n"
        "[2/3] fig-b · two: failed: ValueError: no [luck]\n"
        "  recipes.py:12, in two\n"
        "    raise ValueError('no [luck]')\n"
        "[3/3] fig-b · three: failed: it needs the result of 'two', which failed\n"
    )


def test_plain_progress_is_sparing(site, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    plain = Plain(stream)
    [step] = site.plan(figure("one")).steps
    plain.planned([step])
    plain.started(step, "cuda:0")
    for second in range(25):
        now[0] = second
        plain.progressed(step, progress.Progress(second, 30, "epochs"))
    assert [line for line in stream.getvalue().splitlines() if " of " in line] == [
        "fig-a · one: 10 of 30 epochs",
        "fig-a · one: 20 of 30 epochs",
    ]


def test_the_live_display_shows_steps_device_and_time_left(site, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    rich = Rich(console)
    [step] = site.plan(figure("one")).steps
    rich.planned([step])
    rich.started(step, "cuda:0")
    now[0] = 30.0
    rich.progressed(step, progress.Progress(1, 4, "epochs [1]"))
    with console.capture() as shown:
        console.print(rich.display)
    assert "fig-a · one" in shown.get()
    assert "cuda:0" in shown.get()
    assert "1 min 30 s left" in shown.get()
    assert "epochs [1]" in shown.get()
    assert "0 of 1 steps" in shown.get()
    rich.closed()


def test_the_live_display_leaves_a_line_a_step(site):
    console = Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)
    site.run(site.plan(figure("one"), figure("three", "fig-b")), Rich(console))
    text = console.file.getvalue()
    assert "fig-a · one │ [half]" in text
    assert re.search(r"✓ fig-a · one \d\.\d s \(never computed\)", text)
    assert "✗ fig-b · two: ValueError: no [luck]" in text
    assert "recipes.py:12, in two" in text


def test_a_pipe_gets_plain_lines(monkeypatch):
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert isinstance(reporter(), Plain)
