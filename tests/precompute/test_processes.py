"""Real worker processes: ended, killed, interrupted, orphaned."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from computing import Recorder, Site, figure, recipe_text
from stillroom.precompute.run import run_plan

pytestmark = pytest.mark.slow

STEPS = (
    recipe_text(
        "quick",
        "import os, torch\n"
        "facts = {'pid': os.getpid(), 'threads': torch.get_num_threads()}\n"
        "return Result(facts=facts)",
        "n: int = 0",
    )
    + recipe_text(
        "endless",
        "import os, time, torch\n"
        "from pathlib import Path\n"
        "run.save_checkpoint({'w': torch.ones(2)}, n=1)\n"
        "Path(note).write_text(str(os.getpid()))\n"
        "while True:\n"
        "    time.sleep(0.05)",
        "note: str",
        "cost='hours'",
    )
    + recipe_text("suicide", "import os\nos.kill(os.getpid(), 9)", options="cost='minutes'")
    + recipe_text("stray", "import helpers\nreturn Result()")
)

BUILD = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from computing import *
site = Site.__new__(Site)
site.root, site.article = Path(sys.argv[2]), Path(sys.argv[2]) / "articles" / "a"
if __name__ == "__main__":
    plan = site.plan(
        figure("endless", params={"note": str(site.root / "note")}), figure("quick", "fig-b")
    )
    run_plan(plan, site.settings, store=site.store, jobs=2, device="cpu", report=Recorder())
"""


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, STEPS)


def run(site, *figures, jobs=2, report=None):
    plan = site.plan(*figures)
    return run_plan(
        plan,
        site.settings,
        store=site.store,
        jobs=jobs,
        device="cpu",
        report=report or Recorder(),
    )


def gone(pid):
    """Whether no such process runs (a zombie has ended)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_steps_run_in_workers_with_one_thread_each_and_nothing_stays(site):
    outcome = run(site, *(figure("quick", f"fig-{n}", params={"n": n}) for n in range(3)))
    facts = [each.manifest.facts for each in outcome.results.values()]
    pids = {each["pid"] for each in facts}
    assert len(facts) == 3
    assert 1 <= len(pids) <= 2
    assert os.getpid() not in pids
    assert {each["threads"] for each in facts} == {1}
    assert all(map(gone, pids))


def test_a_worker_that_dies_takes_only_its_step_along(site):
    told = Recorder()
    outcome = run(site, figure("suicide"), figure("quick", "fig-b"), jobs=1, report=told)
    [failure] = outcome.failures
    assert failure.step.recipe == "suicide"
    assert failure.error.startswith("its worker process died")
    assert set(outcome.results) == {("a", "fig-b")}


def test_only_recipes_can_be_imported_from_the_site(site, monkeypatch):
    site.write("helpers.py", "")
    monkeypatch.chdir(site.root)
    monkeypatch.syspath_prepend(str(site.root))
    [failure] = run(site, figure("stray")).failures
    assert failure.error == "ModuleNotFoundError: No module named 'helpers'"


def start_build(site, request):
    script = site.root / "build_site.py"
    script.write_text(BUILD)
    tests = str(request.config.rootpath / "tests")
    build = subprocess.Popen(
        [sys.executable, str(script), tests, str(site.root)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    note = site.root / "note"
    wait_for(lambda: build.poll() is not None or (note.exists() and note.read_text()))
    wait_for(lambda: list((site.root / "assets/.cache").glob("quick/*/manifest.json")))
    return build, int(note.read_text())


def check_what_is_left(site, worker):
    wait_for(lambda: gone(worker), 10)
    plan = site.plan(
        figure("endless", params={"note": str(site.root / "note")}), figure("quick", "fig-b")
    )
    assert {step.recipe: step.state for step in plan.steps} == {
        "endless": "stale",
        "quick": "fresh",
    }
    checkpoints = list((site.root / ".stillroom/checkpoints").iterdir())
    assert len(checkpoints) == 1  # the step goes on from here the next time
    site.store.sweep()
    assert list((site.root / "assets/.cache/.partial").rglob("*")) == []


def test_ctrl_c_ends_workers_promptly_and_keeps_what_is_finished(site, request):
    build, worker = start_build(site, request)
    begun = time.monotonic()
    os.killpg(build.pid, signal.SIGINT)  # as a terminal does: to workers too
    _, stderr = build.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert build.returncode == -signal.SIGINT
    assert stderr.count("Traceback") == 1  # the coordinator's own; the command line catches it
    check_what_is_left(site, worker)


def test_kill_9_leaves_no_broken_asset_and_no_orphan(site, request):
    build, worker = start_build(site, request)
    build.kill()
    build.wait()
    check_what_is_left(site, worker)
    build.stderr.close()
