"""Kill training with SIGKILL at random moments, again and again, and see whether it ends with the very same weights.

    python benchmarks/kill_train.py [FOLDER] [--count 20] [--seed 0] [--clips 48] [--epochs 6]

A real `hearken train` learns from some of the sounds of FOLDER (without one, from sounds that are synthesised): a narrow PaSST with patchout
and a tiny BERT with dropout, PairMix, noise, SpecAugment, accumulation, warm-up and cosine, averaged weights, validation, early
stopping. It is killed and gone on with (`--resume`, with one or two processes that decode) until it is done, and begins anew in
another folder until there were `--count` kills. One in four ends by SIGTERM instead, which has to leave a checkpoint within 10 s.

After every kill each checkpoint that is there must be whole. What a run leaves in the end, weights of the last step and of the best epoch,
the optimizer's state, and all lines of log.jsonl but how quick it was, must be as an uninterrupted run leaves it, byte for byte.
Exit code 1, with the seed, when anything is wrong.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from hearken.train.runs.checkpoint import last_checkpoint
from hearken.train.runs.run import RECORD, RunFolder

ROOT = Path(__file__).resolve().parents[1]
STOP_S = 10.0
"""A run that is told to stop may take so long to write its checkpoint and end."""
TERMS = 0.25
WORDS = ("a", "dog", "barks", "rain", "falls", "on", "the", "roof", "bird", "sings", "far", "away", "loud", "water")


def recipe(table: Path, epochs: int) -> dict[str, Any]:
    """Return a recipe with everything in it that draws by chance or remembers something."""
    return {
        "model": {
            "audio": {"name": "passt_tiny", "weights": "random", "segment_s": 1.0, "jitter_hz": [10, 2000], "options": {"patchout": [2, 1]}},
            "text": {"name": "bert-tiny", "weights": "random", "dropout": 0.1},
            "dim": 32,
            "temperature": {"kind": "abs", "value": 0.05},
        },
        "data": {"train": [{"corpus": str(table), "splits": ["train"]}], "validation": [f"{table}:validation"], "max_duration_s": 1.5},
        "augment": [{"name": "gain"}, {"name": "noise"}, {"name": "pairmix", "share": 0.5}, {"name": "spec_augment", "rule": "passt"}],
        "loss": {"name": "nt_xent"},
        "optimizer": {"name": "adamw", "rate": 1e-3, "weight_decay": 0.01},
        "training": {
            "epochs": epochs, "batch": 12, "accumulate": 2, "average": 0.9, "clip_norm": 1.0, "seed": 5, "patience": max(2, epochs - 1),
        },
    }  # fmt: skip


class Trial:
    """An uninterrupted run, and runs that are killed on the way to the same."""

    def __init__(self, place: Path, sounds: list[Path], epochs: int, seed: int) -> None:
        self.place, self.random = place, random.Random(seed)
        table, self.recipe = place / "clips.jsonl", place / "small.yaml"
        table.write_text("".join(json.dumps(row) + "\n" for row in rows(sounds)))
        self.recipe.write_text(json.dumps(recipe(table, epochs)))  # JSON is YAML
        self.errors = place / "errors.txt"
        start_s = time.monotonic()
        assert self.start(place / "whole").wait() == 0, f"the uninterrupted run failed: {self.errors.read_text()}"
        self.train_s = time.monotonic() - start_s
        self.whole = left(place / "whole")
        self.num_steps = len({line["step"] for line in self.whole["log"]})
        self.slowest_stop_s = 0.0

    def start(self, folder: Path, *, jobs: int = 1) -> subprocess.Popen[bytes]:
        """Start training in a process group of its own."""
        words = ["train", str(self.recipe), "--run", str(folder), "--resume", "--no-export", "--accelerator", "cpu", "--jobs", str(jobs)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "hearken", *words, "--json"]
        with self.errors.open("wb") as errors:
            return subprocess.Popen(
                command, env=environment, cwd=self.place, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
            )

    def interrupted(self, folder: Path) -> int:
        """Train, and kill it at a random moment; return the signal that ended it, 0 when it was done before."""
        process = self.start(folder, jobs=self.random.choice((1, 2)))
        try:
            code = process.wait(self.random.uniform(0.1, 0.9) * self.train_s)
        except subprocess.TimeoutExpired:
            if self.random.random() < TERMS:
                return self.terminated(process)
            process.send_signal(signal.SIGKILL)
            code = process.wait()
        assert code in (0, -signal.SIGKILL), f"training ended with {code}: {self.errors.read_text()}"
        return -code

    def terminated(self, process: subprocess.Popen[bytes]) -> int:
        """Tell a process to stop, and wait for it."""
        start_s = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        self.slowest_stop_s = max(self.slowest_stop_s, time.monotonic() - start_s)
        assert code in (0, 128 + signal.SIGTERM, -signal.SIGTERM), f"SIGTERM ended training with {code}: {self.errors.read_text()}"
        return 0 if code == 0 else signal.SIGTERM

    def round(self, number: int) -> tuple[int, int]:
        """Train in a new folder, through kills, until it is done; return how often it was killed, and told to stop."""
        folder, ended = self.place / f"run{number}", [0, 0]
        while by := self.interrupted(folder):
            ended[by == signal.SIGTERM] += 1
            check(folder)
        found = left(folder)
        for name, wanted in self.whole.items():
            assert found[name] == wanted, f"{name} is not as without a kill"
        return ended[0], ended[1]


def rows(sounds: list[Path]) -> list[dict[str, Any]]:
    """Return a table of clips, every sixth of them to validate with, whose captions are words by their numbers; half of them have two."""
    made = []
    for number, path in enumerate(sounds):
        chance = random.Random(number)
        captions = [" ".join(chance.choices(WORDS, k=6)) for _ in range(1 + number % 2)]
        made.append({"file": str(path), "split": "validation" if number % 6 == 5 else "train", "captions": captions})
    return made


def check(folder: Path) -> None:
    """Every checkpoint of a killed run is whole, and the run can be read."""
    if not (folder / RECORD).exists():
        return
    warnings: list[str] = []
    run = RunFolder.open(folder)
    last_checkpoint(run, warn=warnings.append)
    assert warnings == [], warnings
    last = 0
    for line in run.log_path.read_bytes().splitlines() if run.log_path.exists() else ():
        step = json.loads(line)["step"]
        assert step in (last, last + 1), f"step {step} comes after step {last} in the log"
        last = step


def left(folder: Path) -> dict[str, Any]:
    """Return what a finished run leaves, without what may differ: the times."""
    log = [json.loads(line) for line in (folder / "log.jsonl").read_bytes().splitlines()]
    run = RunFolder.open(folder)
    last = last_checkpoint(run)
    assert last is not None
    files = {path: path.name for path in (last.folder / "model.safetensors", last.folder / "state.safetensors")}
    files[run.best_path / "model.safetensors"] = "best"
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for path, name in files.items()}
    lines = [{key: value for key, value in line.items() if key != "clips_per_s"} for line in log]
    return {"steps": last.step, "facts": last.facts, "log": lines, "data": run.record["data"], **digests}


def main() -> int:
    """Run the kills; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=20, help="kills")
    parser.add_argument("--clips", type=int, default=48)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--stop-s", type=float, default=STOP_S, help="seconds that a stop may take; more on a machine that is busy")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else time.time_ns() % 2**32
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="hearken-kill-") as name:
        place = Path(name).resolve()
        try:
            trial = Trial(place, chosen(options.folder, place, options.clips), options.epochs, seed)
            print(f"an uninterrupted run: {trial.num_steps} steps in {trial.train_s:.0f} s", flush=True)
            kills = terms = rounds = 0
            while kills < options.count:
                more, told = trial.round(rounds)
                kills, terms, rounds = kills + more, terms + told, rounds + 1
                print(f"{kills} kills, {terms} times told to stop, {rounds} rounds", flush=True)
            print(f"every run ended as the uninterrupted one; told to stop, the slowest took {trial.slowest_stop_s:.1f} s")
            assert trial.slowest_stop_s <= options.stop_s, f"stopping took {trial.slowest_stop_s:.1f} s"
        except AssertionError as error:
            print(f"seed {seed}: {error}")
            return 1
    return 0


def chosen(folder: Path | None, place: Path, count: int) -> list[Path]:
    """Return `count` sounds, spread over those of a folder; without one, of synthesised sounds."""
    if folder is None:
        from benchmarks.kill_loader import make_sounds

        return sorted(make_sounds(place / "sounds", count).iterdir())
    paths = sorted(path.resolve() for path in folder.rglob("*") if path.is_file())
    return paths[:: max(1, len(paths) // count)][:count]


if __name__ == "__main__":
    sys.exit(main())
