import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from computing import Site
from stillroom.diagnostics import StillroomError
from stillroom.precompute.dask_workers import run_workers, visible_gpus, workers


@pytest.fixture
def scheduler():
    with LocalCluster(
        n_workers=0, processes=False, dashboard_address=":0", protocol="tcp"
    ) as running:
        yield running.scheduler_address


def test_workers_have_one_thread_and_see_one_gpu_or_none(tmp_path, scheduler):
    Site(tmp_path)
    command = [sys.executable, "-m", "stillroom", "worker", scheduler, "--gpus", "1", "--cpus", "1"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "7,8"}
    started = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        with Client(scheduler, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            found = client.scheduler_info(n_workers=-1)["workers"]
            seen = client.run(lambda: (os.environ["CUDA_VISIBLE_DEVICES"], str(Path.cwd())))
        assert {each["nthreads"] for each in found.values()} == {1}
        assert {
            (found[address]["resources"].get("GPU"), *values) for address, values in seen.items()
        } == {(1, "7", str(tmp_path)), (None, "", str(tmp_path))}
        started.send_signal(signal.SIGTERM)
        assert started.wait(30) == 143
    finally:
        started.kill()
        started.communicate()


@pytest.mark.parametrize(
    ("visible", "number", "expected"),
    [("", 2, ["0", "1"]), ("4, 5", None, ["4", "5"]), ("4,5", 1, ["4"]), ("", 0, [])],
)
def test_gpus_are_those_this_process_may_use(visible, number, expected, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert visible_gpus(number) == expected


def test_only_workers_with_a_gpu_declare_it():
    planned = workers("tcp://host:1", gpus=["0", "3"], cpus=1)
    assert [("GPU=1" in each.command, each.gpu) for each in planned] == [
        (True, "0"),
        (True, "3"),
        (False, ""),
    ]


def test_there_must_be_something_to_start(tmp_path, scheduler):
    with pytest.raises(StillroomError, match="nothing to start"):
        run_workers(scheduler, root=tmp_path, gpus=0, cpus=0, say=print)
