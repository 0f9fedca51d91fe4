"""What all tests share: things that take seconds to make, made once for all workers."""

import os
from pathlib import Path

import pytest
from filelock import FileLock

from stillroom.render.vega import vega_bundle


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what all workers of this run share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def scratch(run_folder: Path) -> Path:
    """A site's scratch folder with the Vega libraries in it, for others to link to."""
    folder = run_folder / "scratch"
    with FileLock(f"{folder}.lock"):
        vega_bundle(folder)
    return folder


@pytest.fixture(scope="session")
def lend_vega(scratch: Path):
    """Give a site in a folder the Vega libraries: ``lend_vega(root)``."""

    def lend(root: Path) -> None:
        own = root / ".stillroom"
        own.mkdir(parents=True, exist_ok=True)
        for path in scratch.glob("vega-*.js"):
            (own / path.name).hardlink_to(path)

    return lend
