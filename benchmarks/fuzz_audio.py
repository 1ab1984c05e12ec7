"""Decode thousands of damaged sound files: ``python benchmarks/fuzz_audio.py [--count 5000] [--seed 0] [--keep FOLDER]``.

Every container is damaged at random and decoded in the isolated process. Each file must come back as sound or as a named
error. Prints a summary; exits with 1 when an exception of another kind was raised in the worker or in this process, and
keeps the files that ended a worker in FOLDER.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.audio.mutating import Outcome, fuzz


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    start_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcome = fuzz(options.count, options.seed, Path(folder))
    wall_s = time.perf_counter() - start_s
    show(outcome, options.seed, wall_s)
    if options.keep:
        keep(outcome, options.keep)
    total = sum(outcome.results.values())
    bugs = [death for death in outcome.deaths if "failed with" in death]
    print(
        f"{total} of {options.count} files accounted for, {len(outcome.deaths)} ended their worker, {len(bugs)} by an error without a name"
    )
    return 1 if bugs or total != options.count else 0


def show(outcome: Outcome, seed: int, wall_s: float) -> None:
    """Print counts by result, then by container."""
    print(
        f"seed {seed}, {sum(outcome.results.values())} mutated files, {wall_s:.0f} s, slowest {outcome.slowest_s:.2f} s ({outcome.slowest_kind})"
    )
    for result, count in outcome.results.most_common():
        print(f"  {count:7d}  {result}")
    for kind, results in outcome.by_kind.items():
        sound = sum(count for result, count in results.items() if result.startswith("decoded"))
        died = results["worker died"]
        print(f"  {kind:16s} decoded {sound:5d}   named error {sum(results.values()) - sound - died:5d}   worker died {died}")
    for death in outcome.deaths[:20]:
        print(f"  died: {death}")


def keep(outcome: Outcome, folder: Path) -> None:
    """Write the files that ended a worker."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(outcome.killers):
        (folder / f"killer-{number:04d}").write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
