import threading
import time
from concurrent.futures import Future

import pytest

from computing import Recorder, Site, figure, recipe_text
from stillroom.diagnostics import Diagnostics, Location
from stillroom.precompute.key import key_of
from stillroom.precompute.run import TICK
from stillroom.testing import InlineSlot

STEPS = (
    recipe_text("good", "return Result(facts={'x': x})", "x: int = 1")
    + recipe_text("bad", "import math\nvalue = math.sqrt(x)\nreturn Result()", "x: int = -1")
    + recipe_text("needy", params="net: Annotated[Stored, Upstream('bad')]")
    + recipe_text(
        "slow", "print('so', 'far')\nrun.progress(1, 2)\nreturn Result()", options="cost='hours'"
    )
)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, STEPS)


def test_a_failure_stops_only_what_needs_it(site):
    told = Recorder()
    plan = site.plan(figure("needy"), figure("good", "fig-b"), figure("slow", "fig-c"))
    outcome = site.run(plan, told)
    assert set(outcome.results) == {("a", "fig-b"), ("a", "fig-c")}
    assert [(each.step.recipe, each.blocked_by) for each in outcome.failures] == [
        ("bad", ""),
        ("needy", "bad"),
    ]
    assert outcome.failures[0].error == "ValueError: math domain error"
    assert outcome.failures[1].error == "it needs the result of 'bad', which failed"
    assert told.told[-1] == ("closed",)
    # What has finished is kept: only the failed step and its dependent are left.
    left = site.plan(figure("needy"), figure("good", "fig-b"), figure("slow", "fig-c")).stale
    assert [step.recipe for step in left] == ["bad", "needy"]


def test_a_failure_is_located_in_the_article_and_in_the_recipe(site):
    where = Location("articles/a/index.md", 41, 3)
    diagnostics = Diagnostics()
    for failure in site.run(site.plan(figure("bad", location=where))).failures:
        failure.tell(diagnostics)
    assert list(map(str, diagnostics.errors)) == [
        "articles/a/index.md:41:3: F024 figure 'fig-a' could not be computed: recipe 'bad': "
        "ValueError: math domain error\n"
        "  recipes.py:11, in bad\n"
        "    value = math.sqrt(x)"
    ]


def test_progress_and_prints_are_passed_on(site):
    told = Recorder()
    site.run(site.plan(figure("slow")), told)
    assert told.told == [
        ("started", "slow", "cpu"),
        ("said", "slow", "so far"),
        ("progressed", "slow", 1, 2),
        ("finished", "slow", {}),
        ("closed",),
    ]


def test_warnings_and_unfinished_lines_are_passed_on(tmp_path):
    body = "import sys\nprint('careful', file=sys.stderr)\nprint('so far', end='')\nreturn Result()"
    site, told = Site(tmp_path, recipe_text("one", body)), Recorder()
    site.run(site.plan(figure("one")), told)
    assert [each[2] for each in told.told if each[0] == "said"] == ["careful", "so far"]


def test_long_steps_go_first_and_to_accelerators_and_quick_ones_to_the_cpu(site):
    cpu, gpu = InlineSlot(site.root), InlineSlot(site.root, "meta")
    told = Recorder()
    plan = site.plan(figure("good"), figure("slow", "fig-b"))
    outcome = site.run(plan, told, slots=[cpu, gpu])
    assert [job.recipe for job in gpu.jobs] == ["slow"]
    assert [job.recipe for job in cpu.jobs] == ["good"]
    assert outcome.results["a", "fig-b"].manifest.provenance.device == "meta"
    assert told.told[0] == ("started", "slow", "meta")


def test_two_builds_share_work(site):
    plan = site.plan(figure("good"))
    slots = [InlineSlot(site.root), InlineSlot(site.root)]
    told = [Recorder(), Recorder()]
    builds = [
        threading.Thread(target=site.run, args=(plan, *each))
        for each in zip(told, [[slot] for slot in slots], strict=True)
    ]
    with site.store.claim(key_of(plan.steps[0].ingredients)):
        for build in builds:
            build.start()
        time.sleep(3 * TICK)
        assert [slot.jobs for slot in slots] == [[], []]  # both wait for the one with the claim
    for build in builds:
        build.join()
    assert sorted(len(slot.jobs) for slot in slots) == [0, 1]
    assert sorted(each.told[-2][0] for each in told) == ["finished", "reused"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("return 3", "returned int instead of a Result"),
        (
            "return Result(facts={'x': float('nan')})",
            "fact 'x' should be a finite number, not nan",
        ),
        (
            "return Result(facts={'x': [1]})",
            "fact 'x' should be a number or a text, not [1]",
        ),
        (
            "import numpy\nreturn Result(facts={'x': numpy.ones(2)})",
            "fact 'x' is an array, not a number",
        ),
        (
            "return Result(tables={'t': {'a': [1], 'b': [1, 2]}})",
            "the columns of table 't' differ in length: {'a': 1, 'b': 2}",
        ),
        (
            "return Result(data={'x': float('inf')})",
            "its data or tables cannot be stored: data.x is inf; JSON has only finite numbers",
        ),
        ("raise SystemExit('enough')", "SystemExit: enough"),
        ("raise KeyError", "KeyError"),
        ("return Result(assets={'../x': Image([[0]])})", "asset '../x': a name is"),
        (
            "return Result(facts={'a b': 1})",
            "fact 'a b': a name is letters, digits and '_', and no digit first",
        ),
        ("return Result(assets={'x': 3})", "asset 'x': a int is not one of"),
    ],
)
def test_what_cannot_be_stored_fails_its_step(tmp_path, body, error):
    site = Site(tmp_path, recipe_text("one", body))
    [failure] = site.run(site.plan(figure("one"))).failures
    assert failure.error.startswith(error)
    assert list(site.store.manifests("one")) == []


def test_numbers_of_numpy_and_torch_may_be_facts(tmp_path):
    body = (
        "import numpy, torch\n"
        "return Result(facts={'a': numpy.float32(0.5), 'b': torch.tensor(3), 'c': numpy.True_})"
    )
    site = Site(tmp_path, recipe_text("one", body))
    [result] = site.build(figure("one")).results.values()
    assert repr(result.manifest.facts) == "{'a': 0.5, 'b': 3, 'c': True}"


def test_a_worker_with_other_source_refuses(site):
    plan = site.plan(figure("good"))
    site.replace("recipes.py", "'x': x", "'x': -x")
    [failure] = site.run(plan).failures
    assert failure.error.startswith("the worker has other source for recipes; it was changed")


def test_a_worker_with_another_package_refuses(tmp_path, monkeypatch):
    site = Site(tmp_path, recipe_text("one", options="packages=['rich']"))
    plan = site.plan(figure("one"))
    monkeypatch.setattr("stillroom.precompute.worker.metadata.version", lambda _: "0.1")
    [failure] = site.run(plan).failures
    assert failure.error.startswith("the worker has rich 0.1, but the plan was made with")


def test_a_worker_of_another_version_refuses(site, monkeypatch):
    monkeypatch.setattr("stillroom.precompute.worker.FORMAT_VERSION", 99)
    [failure] = site.run(site.plan(figure("good"))).failures
    assert failure.error.startswith("the worker runs another version of Stillroom")


def test_a_full_disk_fails_the_step_and_not_the_build(site, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    plan = site.plan(figure("good"))
    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    [failure] = site.run(plan).failures
    assert failure.error == "its result cannot be stored: No space left on device"


def test_an_executor_that_fails_by_itself_is_told(site):
    class Broken(InlineSlot):
        def submit(self, job):
            future = Future()
            future.set_exception(RuntimeError(f"the cluster lost '{job.recipe}'"))
            return future

    [failure] = site.run(site.plan(figure("good")), slots=[Broken(site.root)]).failures
    assert failure.error == "its worker failed: RuntimeError: the cluster lost 'good'"


def test_an_interrupt_ends_the_workers_and_keeps_what_is_finished(site):
    class Interrupted(InlineSlot):
        closed = False

        def submit(self, job):
            if job.recipe == "slow":
                return super().submit(job)
            raise KeyboardInterrupt

        def close(self):
            self.closed = True

    slot = Interrupted(site.root)
    told = Recorder()
    plan = site.plan(figure("good"), figure("slow", "fig-b"))
    with pytest.raises(KeyboardInterrupt):
        site.run(plan, told, slots=[slot])
    assert slot.closed
    assert told.told[-1] == ("closed",)
    assert [step.recipe for step in site.plan(figure("good"), figure("slow", "fig-b")).stale] == [
        "good"
    ]


def test_a_checkpoint_is_found_again_and_removed_after_success(tmp_path):
    body = (
        "import torch\n"
        "kept = run.load_checkpoint()\n"
        "begun = kept[1]['done'] if kept else 0\n"
        "for done in range(begun, 4):\n"
        "    run.save_checkpoint({'w': torch.ones(2)}, done=done)\n"
        "    if done == 2 and not kept:\n"
        "        raise RuntimeError('the lights went out')\n"
        "return Result(facts={'begun': begun})"
    )
    site = Site(tmp_path, recipe_text("one", body))
    [failure] = site.run(site.plan(figure("one"))).failures
    assert failure.error == "RuntimeError: the lights went out"
    [result] = site.build(figure("one")).results.values()
    assert result.manifest.facts == {"begun": 2}
    assert list((tmp_path / ".stillroom" / "checkpoints").iterdir()) == []


def test_the_global_generators_are_seeded_in_case_a_recipe_uses_them(tmp_path):
    body = (
        "import random, numpy, torch\n"
        "values = [random.random(), float(numpy.random.rand()), float(torch.rand(1))]\n"
        "return Result(data={'values': values})"
    )
    site = Site(tmp_path, recipe_text("one", body))
    one, two = (
        site.run(site.plan(figure("one", seed=seed), force=True)).results["a", "fig-a"].manifest
        for seed in (3, 3)
    )
    assert one.output == two.output
    other = site.build(figure("one", seed=4)).results["a", "fig-a"].manifest
    assert all(a != b for a, b in zip(one.data["values"], other.data["values"], strict=True))


def test_source_date_epoch_is_the_date_of_a_result(site, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    [result] = site.build(figure("good")).results.values()
    assert result.manifest.provenance.date == "1970-01-01T00:00:00+00:00"
    assert result.manifest.provenance.peak_memory > 10_000_000
