"""How long the composer takes, beside the physical limit: decoding the same seconds of sound alone.

    python benchmarks/bench_compose.py REF [--split NAME] [--num 1000] [--jobs 2]

Prints the time of the survey (every recording is measured once), of the scenes, and of decoding the finished scenes, in one run.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from hearken.audio.decode import decode
from hearken.data.load import load
from hearken.data.scenes.compose import compose
from hearken.data.scenes.plan import Settings


class Clock:
    """Remembers when each phase had its first and its last report."""

    def __init__(self) -> None:
        self.first = self.last = time.monotonic()
        self.started = False

    def __call__(self, *_progress: int | None) -> None:
        """Take the time of a report."""
        self.last = time.monotonic()
        if not self.started:
            self.first, self.started = self.last, True

    @property
    def seconds(self) -> float:
        """From the first report to the last."""
        return self.last - self.first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference")
    parser.add_argument("--split", action="append")
    parser.add_argument("--num", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    corpus = load(options.reference)
    corpus = corpus.only(options.split) if options.split else corpus
    load_before = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    with tempfile.TemporaryDirectory() as folder:
        listening, composing = Clock(), Clock()
        began = time.monotonic()
        report = compose(corpus, Path(folder), Settings(), options.num, jobs=options.jobs, on_survey=listening, on_scene=composing)
        took_s = time.monotonic() - began
        began = time.monotonic()
        for path in sorted((Path(folder) / "audio").iterdir()):
            decode(path)
        decoding_s = time.monotonic() - began
    print(f"{report.num_sources} recordings measured in {listening.seconds:.0f} s")
    print(f"{report.num_scenes} scenes ({report.duration_s / 3600:.1f} h) in {composing.seconds:.0f} s by {options.jobs} processes")
    print(f"all in {took_s:.0f} s: {report.duration_s / took_s:.0f} times as fast as they sound; load before {load_before:.1f}")
    print(f"decoding the scenes alone, one process: {decoding_s:.0f} s; composing takes {composing.seconds / decoding_s:.1f} times that")


if __name__ == "__main__":
    main()
