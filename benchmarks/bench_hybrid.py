"""Do machine-made captions help search? Search with and without them, on real recordings, with intervals.

    python benchmarks/bench_hybrid.py --shared ../shared                      # the captioner that comes with Hearken
    python benchmarks/bench_hybrid.py --shared ../shared --stand-in           # what the nearest training sounds are called
    python benchmarks/bench_hybrid.py --shared ../shared --choose             # the weights, on the train split alone

Indexes a split of `shared/audio` through `Library.index(captions=True)`, then asks every natural caption of the split through
`Library.search` (sound and machine-made captions: no names, no folding). Clips with the same caption are relevant. Prints mAP and P@10
with 95 % bootstrap intervals over queries, with and without captions, and their difference (paired), for several weights of
words and meaning; the weights that search uses are marked. Beside it: how often the captioner's caption is the right one, and how search
does by captions alone.

`--choose` is how the weights were chosen, without a look at dev: each training sound is captioned by its neighbours among sounds of other
groups (recordings of one file, one uploader's take), so no sound is told by itself. Queries whose sounds are all of one group cannot be
captioned rightly so; the others are told apart. The dual encoder has learnt from this split, so search without captions looks
better there than on new sounds, and captions worse: what is chosen errs to the careful side.

Embedding takes some minutes; `--keep FOLDER` keeps the libraries for the next time.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import hearken
from hearken.caption.heard import MadeCaption
from hearken.library.store import CACHE_NAME, open_store
from hearken.library.vectors import VectorCache
from hearken.limits import MAX_HITS
from hearken.metrics.ranks import ranks_of_tables
from hearken.metrics.retrieval import average_precision, precision_at
from hearken.search import captions as weights_of
from hearken.search.captions import CaptionCache, bonus_of
from hearken.types import FloatArray

sys.path.insert(0, str(Path(__file__).parent))
from bench_retrieval import MIN_RELEVANT, describe, interval

WEIGHTS = ((0.01, 0.0), (0.0, 0.01), (0.005, 0.005), (0.01, 0.01), (0.02, 0.02), (0.05, 0.05), (0.1, 0.1), (0.3, 0.3))
NUM_NEIGHBOURS = 5
TAU = 0.05
Row = dict[str, str]


def read_split(shared: Path, split: str) -> list[Row]:
    """Return the rows of one split."""
    with open(shared / "audio" / "metadata.csv", newline="", encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["split"] == split]


def clips_of(place: Path, rows: list[Row]) -> FloatArray:
    """Return the clip vectors (R, D) of `rows` out of the library that has them."""
    with open_store(place) as store:
        ids = {Path(path).name: known.id for path, known in store.known_files().items()}
        found = {item.file_id: item.clip.astype(np.float32) for item in store.read_vectors(ids.values())}
    return np.stack([found[ids[Path(row["file"]).name]] for row in rows])


@dataclass
class NearestCaption:
    """A captioner that knows no words: the caption that most of the nearest training sounds have, near ones counting more.

    With `leave_out`, a sound of the training set is captioned by sounds of other groups only.
    """

    clips: FloatArray
    rows: list[Row]
    model_digest: str
    leave_out: bool = False
    name: str = "stand-in"
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        parts = [self.clips.tobytes(), *(row["caption"].encode() for row in self.rows), bytes([self.leave_out])]
        self.digest = hashlib.blake2b(b"".join(parts), digest_size=16).hexdigest()

    def warm(self) -> None:
        """Nothing is to be loaded."""

    def captions(self, heard: Sequence[FloatArray], decoding: object = None) -> list[MadeCaption]:  # noqa: ARG002
        """Return a caption for each of `heard`, whose first row is the clip's vector."""
        return [self._caption(self.clips @ places[0]) for places in heard]

    def _caption(self, cosines: FloatArray) -> MadeCaption:
        if self.leave_out:
            own = self.rows[int(cosines.argmax())]["group"]
            cosines = np.where([row["group"] == own for row in self.rows], -1.0, cosines)
        votes: dict[str, float] = {}
        for place in np.argsort(-cosines, kind="stable")[:NUM_NEIGHBOURS]:
            votes[self.rows[place]["caption"]] = votes.get(self.rows[place]["caption"], 0.0) + float(np.exp((cosines[place] - 1) / TAU))
        best = max(sorted(votes), key=lambda caption: votes[caption])
        return MadeCaption(best, votes[best])


def searched(library: hearken.Library, names: list[str], queries: list[str], *, captions: bool) -> np.ndarray:
    """Return the scores (queries, files) that search gives; a file that it does not return scores below all others."""
    column = {name: place for place, name in enumerate(names)}
    scores = np.full((len(queries), len(names)), -2.0)
    for row, query in zip(scores, queries, strict=True):
        for hit in library.search(query, k=MAX_HITS, fold=False, names=False, captions=captions):
            if (name := Path(hit.path).name) in column:
                row[column[name]] = hit.score
    return scores


def told_by_captions(place: Path, names: list[str], queries: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return what captions tell of each query and file (queries, files), before it is weighed: by words, and by meaning."""
    vectors = hearken.load_model("pocket").encode_text(queries)
    before = weights_of.WORDS_WEIGHT, weights_of.MEANING_WEIGHT
    with open_store(place) as store:
        snapshot, known = VectorCache(place / CACHE_NAME, store).snapshot(), CaptionCache(store).known()
        ids = {Path(path).name: file.id for path, file in store.known_files().items()}
        numbers = snapshot.numbers_of(np.array([ids[name] for name in names]))
        told = []
        try:
            for weights_of.WORDS_WEIGHT, weights_of.MEANING_WEIGHT in ((1.0, 0.0), (0.0, 1.0)):
                rows = [
                    bonus_of(known, snapshot, vector, store.match_captions(query))[numbers]
                    for vector, query in zip(vectors, queries, strict=True)
                ]
                told.append(np.stack(rows))
        finally:
            weights_of.WORDS_WEIGHT, weights_of.MEANING_WEIGHT = before
    return told[0], told[1]


def compare(library: hearken.Library, rows: list[Row], *, by_group: bool) -> dict[str, object]:
    """Print and return all figures of a library whose sounds are `rows`."""
    names, captions = [Path(row["file"]).name for row in rows], [row["caption"] for row in rows]
    queries = sorted(set(captions))
    relevant = np.array([[caption == query for caption in captions] for query in queries])
    often = relevant.sum(axis=1) >= MIN_RELEVANT
    groups = np.array([len({row["group"] for row in rows if row["caption"] == query}) for query in queries])
    parts: dict[str, np.ndarray] = {"all": often | True, f">= {MIN_RELEVANT} relevant": often}
    parts |= {">= 2 groups": groups > 1} if by_group else {}
    print(f"{len(queries)} queries, {len(names)} clips; queries with " + ", ".join(f"{name}: {part.sum()}" for name, part in parts.items()))
    made = {Path(hit.path).name: hit.machine_caption for hit in library.search(queries[0], k=MAX_HITS, fold=False)}
    right = np.mean([made.get(name) == caption for name, caption in zip(names, captions, strict=True)])
    print(f"the captioner's caption is the clip's own, word for word: {right:.3f}; {len(set(made.values()))} different captions\n")

    plain = searched(library, names, queries, captions=False)
    told = told_by_captions(library.path, names, queries)
    base = average_precision(ranks_of_tables(plain, relevant))
    top = precision_at(ranks_of_tables(plain[often], relevant[often]), 10)
    figures: dict[str, object] = {"mAP without": base.mean(), "P@10 without": top.mean(), "right": float(right)}
    print("without captions", *(describe(f"mAP, {name}", base[part]) for name, part in parts.items()), describe("P@10", top), sep="\n")
    used = (weights_of.WORDS_WEIGHT, weights_of.MEANING_WEIGHT)
    for words, meaning in dict.fromkeys((*WEIGHTS, used)):
        scores = plain + words * told[0] + meaning * told[1]
        precision = average_precision(ranks_of_tables(scores, relevant))
        gain_top = precision_at(ranks_of_tables(scores[often], relevant[often]), 10) - top
        mark = "  <- what search uses" if (words, meaning) == used else ""
        print(f"words {words:g}, meaning {meaning:g}{mark}", describe("mAP", precision), sep="\n")
        print(*(describe(f"gain in mAP, {name}", (precision - base)[part]) for name, part in parts.items()), sep="\n")
        print(describe("gain in P@10", gain_top))
        low, high = interval(precision - base)
        figures[f"{words:g}, {meaning:g}"] = {"mAP": precision.mean(), "gain": (precision - base).mean(), "low": low, "high": high}
    alone = [average_precision(ranks_of_tables(each, relevant)).mean() for each in told]
    print(f"captions alone: mAP {alone[0]:.4f} by words, {alone[1]:.4f} by meaning")
    some = slice(None, None, max(1, len(queries) // 10))
    apart = np.abs(searched(library, names, queries[some], captions=True) - (plain + used[0] * told[0] + used[1] * told[1])[some]).max()
    print(f"what search itself gives with captions differs from this sum by at most {apart:.0e}")
    return figures


def indexed(shared: Path, split: str, keep: Path) -> Path:
    """Return the library of a split, made now or before."""
    place = keep / f"{split}.hearken"
    with hearken.Library(place) as library:
        print(f"{split}: {library.index(shared / 'audio' / split)}", flush=True)
    return place


def run(shared: Path, keep: Path, options: argparse.Namespace) -> dict[str, object]:
    """Index, caption and compare, as the options say."""
    split = "train" if options.choose else "dev"
    place, captioner = indexed(shared, split, keep), options.captioner
    if options.choose or options.stand_in:
        train = read_split(shared, "train")
        clips = clips_of(indexed(shared, "train", keep), train)
        captioner = NearestCaption(clips, train, hearken.load_model("pocket").digest, leave_out=options.choose)
    with hearken.Library(place, captioner=captioner) as library:
        print(f"{library.caption()} sounds captioned: {library.info().stats.captioners}")
        rows = [row for row in read_split(shared, split) if Path(row["file"]).name not in options.leave_out]
        return compare(library, rows, by_group=options.choose)


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--captioner", help="its name or folder; by default the one that comes with Hearken")
    parser.add_argument("--stand-in", action="store_true", help="caption by the nearest training sounds")
    parser.add_argument("--choose", action="store_true", help="the train split, each sound captioned by other groups")
    parser.add_argument("--leave-out", nargs="*", default=[], metavar="NAME", help="files that do not count, such as known leaks")
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        keep = options.keep or Path(place)
        keep.mkdir(exist_ok=True)
        figures = run(options.shared, keep, options)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
