"""How long a build takes that has nothing to do: `python benchmarks/no_op.py [SITE]`.

Without SITE it scaffolds one. Each run is a new process, as an author starts it. The median must
stay under 0.3 s; the program ends with 1 if it does not.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LIMIT = 0.3  # seconds
RUNS = 15
STILLROOM = [sys.executable, "-m", "stillroom"]


def main() -> None:
    """Build once, then time builds that find nothing to do."""
    with tempfile.TemporaryDirectory() as scratch:
        site = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch) / "journal"
        if len(sys.argv) == 1:
            subprocess.run([*STILLROOM, "new", "site", site], check=True, capture_output=True)
        subprocess.run([*STILLROOM, "build"], cwd=site, check=True)
        times = {
            name: [measure(command, site) for _ in range(RUNS)]
            for name, command in {
                "python -c ''": [sys.executable, "-c", ""],
                "stillroom --help": [*STILLROOM, "--help"],
                "stillroom build": [*STILLROOM, "build"],
            }.items()
        }
    for name, measured in times.items():
        median = statistics.median(measured)
        print(f"{name:18} median {median:.3f} s, best {min(measured):.3f} s, of {RUNS} runs")
    if statistics.median(times["stillroom build"]) > LIMIT:
        sys.exit(f"a build with nothing to do should take at most {LIMIT} s")


def measure(command: list[str], folder: Path) -> float:
    """Seconds of one run."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
