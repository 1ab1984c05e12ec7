"""Load thousands of damaged tables: ``python benchmarks/fuzz_tables.py [--count 100000] [--seed 0] [--first 0] [--keep FOLDER]``.

A small copy of every corpus of the table, users' tables and folders, and the readers below them (CSV, JSON, JSON lines, YAML,
lists, pickles) are damaged at random, one file at a time, and loaded. Each must end in a result or in a DataError that names
the file, and the line where the syntax is broken. Prints a table of outcomes; exits with 1 at any other end, whose input is
kept in FOLDER with its number: ``--first NUMBER --count 1`` repeats it.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.data.mutating import Outcome, fuzz

SHOWN = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-tables-failures"))
    options = parser.parse_args()
    start_s = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        outcome = fuzz(options.count, options.seed, Path(folder), first=options.first)
    show(outcome, options.seed, time.perf_counter() - start_s)
    keep(outcome, options.seed, options.keep)
    return 1 if outcome.failures else 0


def show(outcome: Outcome, seed: int, wall_s: float) -> None:
    """Print counts by result, then by loader."""
    count = sum(outcome.results.values())
    print(f"seed {seed}, {count} damaged tables, {wall_s:.0f} s, slowest {outcome.slowest_s:.2f} s ({outcome.slowest})")
    for result, number in outcome.results.most_common():
        print(f"  {number:7d}  {result}")
    for case, results in sorted(outcome.by_case.items()):
        bugs = sum(number for result, number in results.items() if result.startswith("BUG"))
        named = sum(results.values()) - results["loaded"] - bugs
        print(
            f"  {case:16s} loaded {results['loaded']:6d}   named error {named:6d}   with a line {results['DataError with a line']:6d}   bugs {bugs}"
        )
    print(f"{count - len(outcome.failures)} of {count} ended in a result or a named error")


def keep(outcome: Outcome, seed: int, folder: Path) -> None:
    """Write the inputs of what failed, and say what happened."""
    for failure in outcome.failures:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{seed}-{failure.number}-{failure.case}-{Path(failure.file).name}"
        path.write_bytes(failure.content)
    for failure in outcome.failures[:SHOWN]:
        print(f"\ncase {failure.number} of seed {seed}: {failure.case}, {failure.file}, kept in {folder}\n{failure.what}")


if __name__ == "__main__":
    sys.exit(main())
