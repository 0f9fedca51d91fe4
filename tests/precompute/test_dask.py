import sys

import pytest
from distributed import LocalCluster

from computing import Recorder, Site, figure, recipe_text
from stillroom.precompute.dask import SchedulerError, dask_slots
from stillroom.precompute.run import run_plan

STEPS = (
    recipe_text(
        "train",
        "import torch\n"
        "print('training')\n"
        "run.progress(1, 2)\n"
        "return Result(facts={'n': n}, assets={'net': Weights({'w': torch.ones(n)})})",
        "n: int = 3",
        "cost='hours'",
    )
    + recipe_text(
        "show",
        "return Result(facts={'sum': float(net.tensors('net')['w'].sum())})",
        "net: Annotated[Stored, Upstream('train')]",
    )
    + recipe_text("bad", "raise ValueError('no')")
)


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        dashboard_address=":0",
        resources={"GPU": 1},
        protocol="tcp",
    ) as running:
        yield running


def run(site, address, report, *figures, device="cpu"):
    return run_plan(
        site.plan(*figures),
        site.settings,
        store=site.store,
        scheduler=address,
        device=device,
        report=report,
    )


def test_steps_run_in_a_cluster_whose_workers_have_the_site(tmp_path, cluster, monkeypatch):
    site = Site(tmp_path, STEPS)
    monkeypatch.chdir(tmp_path)
    told = Recorder()
    outcome = run(site, cluster.scheduler_address, told, figure("show"), figure("bad", "fig-b"))
    assert outcome.results["a", "fig-a"].manifest.facts == {"sum": 3.0}
    [failure] = outcome.failures
    assert (failure.error, "recipes.py" in failure.trace) == ("ValueError: no", True)
    assert ("said", "train", "training") in told.told
    assert ("progressed", "train", 1, 2) in told.told
    assert site.plan(figure("show")).stale == ()


def test_a_worker_whose_copy_of_the_site_differs_refuses(tmp_path, cluster, monkeypatch):
    here, there = Site(tmp_path / "here", STEPS), Site(tmp_path / "there", STEPS)
    there.replace("recipes.py", "'n': n", "'n': n + 1")
    monkeypatch.chdir(there.root)
    outcome = run(here, cluster.scheduler_address, Recorder(), figure("train"))
    [failure] = outcome.failures
    assert failure.error.startswith("the worker has other source for recipes")


def test_a_slot_a_thread_and_one_a_declared_gpu(cluster):
    for device, expected in [("cpu", ["cpu"]), ("auto", ["cuda", "cpu"])]:
        slots = dask_slots(cluster.scheduler_address, device=device)
        for slot in slots:
            slot.close()
        assert [slot.device for slot in slots] == expected


def test_without_dask_the_remedy_is_the_exact_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(SchedulerError) as caught:
        dask_slots("tcp://127.0.0.1:1", device="cpu")
    assert caught.value.hint == "pip install 'stillroom[dask]'"


@pytest.mark.parametrize("address", ["nonsense", "tcp://host", "host:port", "tcp://host:99999999"])
def test_what_is_no_address_is_told_at_once(address):
    with pytest.raises(SchedulerError, match="is not the address of a scheduler"):
        dask_slots(address, device="cpu")


def test_a_scheduler_that_does_not_answer_is_told():
    with pytest.raises(SchedulerError, match="no Dask scheduler answers at tcp"):
        dask_slots("tcp://127.0.0.1:1", device="cpu", timeout=0.5)
