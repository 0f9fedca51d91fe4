import pytest

from stillroom.precompute import device
from stillroom.precompute.device import DeviceError, Hardware, choose, needs_probe, probe
from stillroom.precompute.slots import local_slots

NONE = Hardware(torch="2.13.0+cpu")
TWO = Hardware(cuda=2, torch="2.13.0+cu130")
APPLE = Hardware(mps=True)


@pytest.mark.parametrize(
    ("name", "hardware", "expected"),
    [
        ("auto", NONE, ()),
        ("auto", TWO, ("cuda:0", "cuda:1")),
        ("auto", APPLE, ()),
        ("cpu", TWO, ()),
        ("cuda", TWO, ("cuda:0", "cuda:1")),
        ("cuda:1", TWO, ("cuda:1",)),
        ("mps", APPLE, ("mps",)),
    ],
)
def test_devices_by_name(name, hardware, expected):
    assert choose(name, hardware) == expected


@pytest.mark.parametrize(
    ("name", "hardware", "message", "hint"),
    [
        ("cuda", NONE, "torch 2.13.0+cpu finds no CUDA device here", "use --device cpu"),
        ("cuda:0", NONE, "torch 2.13.0+cpu finds no CUDA device here", "use --device cpu"),
        ("cuda:2", TWO, "there is no device 'cuda:2' here; the last one is cuda:1", "use cuda:1"),
        ("mps", TWO, "there is no MPS device here", "use --device cpu"),
        ("gpu", TWO, "unknown device 'gpu'", "use auto, cpu, cuda, cuda:N"),
        ("cuda:x", TWO, "unknown device 'cuda:x'", "use auto, cpu, cuda, cuda:N"),
    ],
)
def test_what_is_not_there_is_an_error_of_use(name, hardware, message, hint):
    with pytest.raises(DeviceError) as caught:
        choose(name, hardware)
    assert str(caught.value) == message
    assert caught.value.hint.startswith(hint)
    assert caught.value.exit_code == 2


def test_torch_is_asked_only_where_it_may_find_something(monkeypatch):
    assert not needs_probe("cpu")
    assert needs_probe("cuda")
    monkeypatch.setattr(device.metadata, "version", lambda _: "2.13.0+cpu")
    assert not needs_probe("auto")


def test_the_probe_agrees_with_torch():
    import torch

    assert probe().cuda == (torch.cuda.device_count() if torch.cuda.is_available() else 0)
    assert probe().torch == torch.__version__


@pytest.mark.parametrize(
    ("steps", "jobs", "expected"),
    [
        ((5, 0), 3, ["cpu", "cpu", "cpu"]),
        ((1, 5), 3, ["cuda:0", "cuda:1", "cpu"]),
        ((4, 1), 3, ["cuda:0", "cpu", "cpu", "cpu"]),
        ((1, 0), 8, ["cpu"]),
    ],
)
def test_a_slot_a_gpu_and_no_slot_in_vain(tmp_path, monkeypatch, steps, jobs, expected):
    monkeypatch.setattr("stillroom.precompute.slots.needs_probe", lambda _: False)
    monkeypatch.setattr("stillroom.precompute.slots.Hardware", lambda: TWO)
    slots = local_slots(tmp_path, device="auto", jobs=jobs, steps=steps)
    try:
        assert [slot.device for slot in slots] == expected
    finally:
        for slot in slots:
            slot.close()


@pytest.mark.slow
def test_a_device_that_is_not_there_is_told_before_anything_runs(tmp_path):
    import torch

    name = "cuda" if torch.backends.mps.is_available() else "mps"
    with pytest.raises(DeviceError):
        local_slots(tmp_path, device=name, jobs=2, steps=(1, 1))
