"""Devices: what ``--device`` means on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from stillroom.diagnostics import StillroomError


class DeviceError(StillroomError):
    """The device that was asked for is not there."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Hardware:
    """What torch can compute on here: the number of CUDA devices, whether there is Apple's MPS."""

    cuda: int = 0
    mps: bool = False
    torch: str = ""


def probe() -> Hardware:
    """Ask torch. This imports it, so it runs in a worker."""
    import torch

    return Hardware(
        torch.cuda.device_count() if torch.cuda.is_available() else 0,
        torch.backends.mps.is_available(),
        str(torch.__version__),
    )


def needs_probe(device: str) -> bool:
    """Whether torch must be asked before `choose`: not for the CPU, nor where only that can be."""
    if device == "cpu":
        return False
    if device == "auto":
        no_driver = Path("/proc").exists() and not Path("/proc/driver/nvidia").exists()
        return not (no_driver or metadata.version("torch").endswith("+cpu"))
    return True


def choose(device: str, hardware: Hardware) -> tuple[str, ...]:
    """Return the accelerators to use, a worker each; none means the CPU alone.

    Args:
        device: ``auto`` (all CUDA devices, else the CPU), ``cpu``, ``cuda`` (all), ``cuda:N`` or
            ``mps``. MPS has no double precision, so it is used only when asked for.
        hardware: what there is.

    Raises:
        DeviceError: it is not there, or no device is called that.
    """
    if device in {"auto", "cpu"}:
        return tuple(f"cuda:{n}" for n in range(hardware.cuda)) if device == "auto" else ()
    if device == "mps":
        if not hardware.mps:
            raise DeviceError(
                "there is no MPS device here", hint="use --device cpu, or leave --device away"
            )
        return ("mps",)
    numbered = re.fullmatch(r"cuda(?::(\d+))?", device)
    if numbered is None:
        raise DeviceError(
            f"unknown device '{device}'", hint="use auto, cpu, cuda, cuda:N (N from 0) or mps"
        )
    if hardware.cuda == 0:
        raise DeviceError(
            f"torch {hardware.torch} finds no CUDA device here",
            hint="use --device cpu, or install a CUDA build of torch and the driver",
        )
    if numbered[1] is None:
        return tuple(f"cuda:{n}" for n in range(hardware.cuda))
    if int(numbered[1]) >= hardware.cuda:
        last = f"cuda:{hardware.cuda - 1}"
        raise DeviceError(
            f"there is no device '{device}' here; the last one is {last}", hint=f"use {last}"
        )
    return (device,)
