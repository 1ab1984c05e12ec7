"""When does it happen? How well a search tells start and end of what a text describes, against the best window and chance.

    python benchmarks/bench_moments.py REF [--split NAME] [--num 200] [--model pocket] [--work FOLDER] [--jobs N]
    python benchmarks/bench_moments.py --truth FILE.jsonl --audio FOLDER [--model pocket] [--answers FILE.jsonl]

With REF, a corpus that the model should not have been trained on, it composes scenes (every clause of a foreground event, such as 'a dog
barks', is a query in its own scene) and joins real clips one behind the other (every caption is a query in its own row of clips). Both
are indexed, and every query is searched in its own recording alone. With --truth it does so with recordings and queries of one's own or of
CASTELLA, in the format of DCASE 2026's moment retrieval (`hearken/evaluate/moments.py`): FOLDER holds the recordings, named by `vid`.

A span is right at an IoU if its intersection with a true one is that share of their union. R@1 asks for the hit that a search gives,
R@5 and mAP (mean over IoU 0.5 to 0.95) for the moments that a search of all moments gives. Beside it, of the same vectors: the window with
the best cosine, at each scale of the model; and chance, spans as long as those found at random places. Intervals are over recordings. At the
end it tells how many hits are marked as weak: of those that overlap the event at an IoU of 0.5, and of those that miss it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hearken.audio.decode import decode, open_stream
from hearken.data.clip import Corpus
from hearken.data.load import load
from hearken.data.scenes.compose import MANIFEST, compose
from hearken.data.scenes.encode import encode
from hearken.data.scenes.plan import Settings
from hearken.evaluate.moments import FoundSpan, MomentQuery, moments_jsonl, read_moments, write_answers
from hearken.library.records import DoubleArray
from hearken.library.scales import scales_of
from hearken.metrics.confidence import Interval, bootstrap
from hearken.metrics.spans import average_precision, recall, start_errors
from hearken.runtime.model import Model, load_model
from hearken.search.library import Library
from hearken.types import Span

RATE_HZ = 32_000
MAX_CLIP_S = 15.0
MIN_CLIP_S = 0.3
LEAST_S = 0.5
MAX_FOUND = 10
Spans = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Answered:
    """A query with the spans that each system finds, best first, and whether the hit is `weak`.

    Under "scores" are the scores of the spans under "moments".
    """

    query: MomentQuery
    found: dict[str, Spans]
    weak: bool


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference", nargs="?")
    parser.add_argument("--split", action="append")
    parser.add_argument("--num", type=int, default=200, help="scenes, and as many rows of clips")
    parser.add_argument("--clips", type=int, default=6, help="clips in a row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--work", type=Path, help="keep scenes, rows and libraries here; they are used again")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--answers", type=Path)
    options = parser.parse_args()
    model = load_model(options.model)
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        if options.truth:
            answered = answer(model, read_moments(options.truth), options.audio, work / f"library-{model.digest[:12]}", options.jobs)
            if all(each.query.spans for each in answered):  # an evaluation set keeps its truth to itself
                report(str(options.truth), answered)
            if options.answers:
                write_answers(options.answers, [each.query for each in answered], [scored(each) for each in answered])
            return
        corpus = load(options.reference)
        corpus = corpus.only(options.split) if options.split else corpus
        compose(corpus, work / "scenes", Settings(seed=options.seed), options.num, jobs=options.jobs)
        join(corpus, work / "rows", options.num, options.clips, options.seed)
        for name, queries in (("scenes", scene_queries(work / "scenes")), ("rows", read_moments(work / "rows" / "truth.jsonl"))):
            (work / f"{name}.jsonl").write_text(moments_jsonl(queries), encoding="utf-8")
            library = work / f"{name}-{model.digest[:12]}"
            report(f"{name} of {options.reference}", answer(model, queries, work / name / "audio", library, options.jobs))


def scene_queries(folder: Path) -> list[MomentQuery]:
    """Return the queries of composed scenes; events with one clause in one scene are one query, those that the background is, none."""
    queries = []
    for record in map(json.loads, (folder / MANIFEST).read_text(encoding="utf-8").splitlines()):
        behind = {event["clause"] for event in record["events"] if event["background"]}
        spans: dict[str, list[Span]] = {}
        for event in record["events"]:
            if event["clause"] not in behind:
                spans.setdefault(event["clause"], []).append(Span(event["start_s"], event["end_s"]))
        name, duration_s = record["id"], record["duration_s"]
        queries += [MomentQuery(f"{name}_{i}", text, name, duration_s, tuple(true)) for i, (text, true) in enumerate(spans.items())]
    return queries


def join(corpus: Corpus, folder: Path, num: int, num_clips: int, seed: int) -> None:
    """Write `num` rows of clips with different captions, each cut to `MAX_CLIP_S` at most, and the truth about them; what is there stays."""
    truth = folder / "truth.jsonl"
    if truth.exists():
        return
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    clips = [clip for clip in corpus.clips if clip.captions]
    generator = np.random.default_rng(seed)
    queries = []
    for number in range(num):
        name, parts, told = f"row-{number:06d}", [], []
        for index in generator.permutation(len(clips)):
            text = clips[index].captions[0]
            samples = decode(corpus.folder / clips[index].audio, rate_hz=RATE_HZ).samples if text not in [each[0] for each in told] else []
            spare = len(samples) - round(MAX_CLIP_S * RATE_HZ)
            start = int(generator.integers(spare + 1)) if spare > 0 else 0
            if len(samples) >= MIN_CLIP_S * RATE_HZ:
                begin = sum(map(len, parts)) / RATE_HZ
                parts.append(samples[start : start + round(MAX_CLIP_S * RATE_HZ)])
                told.append((text, Span(round(begin, 3), round(begin + len(parts[-1]) / RATE_HZ, 3))))
            if len(parts) == num_clips:
                break
        (folder / "audio" / f"{name}.flac").write_bytes(encode(np.concatenate(parts), RATE_HZ, "flac"))
        queries += [MomentQuery(f"{name}_{i}", text, name, told[-1][1].end_s, (span,)) for i, (text, span) in enumerate(told)]
    truth.write_text(moments_jsonl(queries), encoding="utf-8")


def answer(model: Model, queries: list[MomentQuery], audio: Path, place: Path, jobs: int) -> list[Answered]:
    """Index the recordings in `audio` as the library `place`, and return what each system finds for each query in its recording."""
    files = {path.stem: path for path in sorted(audio.rglob("*")) if path.is_file()}
    used = {query.recording for query in queries}
    windows = {name: windows_of(model, files[name]) for name in sorted(used)}
    generator = np.random.default_rng(0)
    answered = []
    with Library(place, model.folder) as library:
        library.index(audio, jobs=jobs)
        for query in queries:
            found = search_spans(library, query.text, files[query.recording])
            found |= {f"best {scale}": [best] for scale, best in best_windows(model, query.text, windows[query.recording]).items()}
            found["chance"] = [moved(span, query.duration_s, generator) for span in found["hearken"]]
            weak = found.pop("weak")
            answered.append(Answered(query, found, weak))
    return answered


def search_spans(library: Library, text: str, path: Path) -> dict[str, Any]:
    """Return the hit in one file, and all its moments, with their scores."""
    asked: dict[str, Any] = {"path_glob": f"*/{path.name}", "names": False, "captions": False, "fold": False}
    one, all_ = library.search(text, 1, **asked), library.search(text, MAX_FOUND, moments=True, **asked)
    moments = [(hit.start_s, hit.end_s) for hit in all_]
    return {
        "hearken": [(hit.start_s, hit.end_s) for hit in one],
        "weak": one[0].weak,
        "moments": moments,
        "scores": [(hit.score,) for hit in all_],
    }


def windows_of(model: Model, path: Path) -> tuple[np.ndarray, DoubleArray]:
    """Return the vectors (N, D) and spans (N, 2) of a file's windows."""
    with open_stream(path, model.rate_hz) as stream:
        embedded = model.embed(stream)
    return embedded.windows.astype(np.float16), np.array([[span.start_s, span.end_s] for span in embedded.spans])


def best_windows(model: Model, text: str, windows: tuple[np.ndarray, DoubleArray]) -> dict[str, tuple[float, float]]:
    """Return the window with the best cosine at each scale."""
    vectors, spans = windows
    scores = vectors.astype(np.float32) @ model.encode_text([text])[0]
    contexts = scales_of(spans, np.zeros(1, np.int64)).is_context
    long = contexts if contexts.any() else ~contexts
    moment, context = np.where(~contexts, scores, -np.inf).argmax(), np.where(long, scores, -np.inf).argmax()
    return {"moment": tuple(spans[moment].tolist()), "context": tuple(spans[context].tolist())}


def moved(span: tuple[float, float], duration_s: float, generator: np.random.Generator) -> tuple[float, float]:
    """Return a span of the same length at a random place."""
    length_s = min(span[1] - span[0], duration_s)
    start_s = float(generator.uniform(0.0, duration_s - length_s)) if duration_s > length_s else 0.0
    return start_s, start_s + length_s


def scored(each: Answered) -> tuple[FoundSpan, ...]:
    """Return the moments found as answers: the hit of the search first, as it is the surest, then what does not overlap it."""
    scores = [score for (score,) in each.found["scores"]]
    first = each.found["hearken"][0]
    rest = [(span, score) for span, score in zip(each.found["moments"], scores, strict=True) if span[1] <= first[0] or span[0] >= first[1]]
    spans = [(first, max(scores)), *rest][:MAX_FOUND]
    return tuple(FoundSpan(Span(*span), score) for span, score in spans)


def report(title: str, answered: list[Answered]) -> None:
    """Print the figures of all events and of those that last at least `LEAST_S`."""
    print(f"\n{title}: {len({each.query.recording for each in answered})} recordings")
    for name, least_s in (("all events", 0.0), (f"events of {LEAST_S} s and more", LEAST_S)):
        part = [each for each in answered if max(span.end_s - span.start_s for span in each.query.spans) >= least_s]
        lengths = [span.end_s - span.start_s for each in part for span in each.query.spans]
        print(f"  {name}: {len(part)} queries, median length {np.median(lengths):.2f} s")
        print(f"    {'':<13}{'R@1 IoU .3':>18}{'IoU .5':>18}{'IoU .7':>18}{'any overlap':>18}{'start error: median':>24}{'mean':>8}")
        for system in ("hearken", "best moment", "best context", "chance"):
            print(f"    {system:<13}" + line(part, lambda each, system=system: each.found[system]))
        found = [[(one.span.start_s, one.span.end_s) for one in scored(each)] for each in part]
        true = [[(span.start_s, span.end_s) for span in each.query.spans] for each in part]
        recordings = [each.query.recording for each in part]
        precisions = np.array([average_precision(*pair).mean() for pair in zip(found, true, strict=True)])
        fifth = bootstrap(recall(found, true, k=5, iou=0.5), recordings)
        print(f"    all moments: R@5 IoU .5 {told(fifth)}, mAP {told(bootstrap(precisions, recordings))}")
        hits, weak = [each.found["hearken"] for each in part], np.array([each.weak for each in part])
        right, missed = recall(hits, true, k=1, iou=0.5) > 0, recall(hits, true, k=1, iou=1e-9) == 0
        print(f"    weak: {weak[right].mean():.3f} of hits at IoU .5, {weak[missed].mean():.3f} of hits that miss")


def line(part: list[Answered], spans_of: Callable[[Answered], Spans]) -> str:
    """Return one system's figures."""
    found, recordings = [spans_of(each) for each in part], [each.query.recording for each in part]
    true = [[(span.start_s, span.end_s) for span in each.query.spans] for each in part]
    shares = [bootstrap(recall(found, true, k=1, iou=iou), recordings) for iou in (0.3, 0.5, 0.7, 1e-9)]
    errors = start_errors(found, true)
    median = bootstrap(errors, recordings, statistic="median")
    return "".join(f"{told(share):>18}" for share in shares) + f"{told(median):>24}{errors.mean():>8.2f}"


def told(interval: Interval) -> str:
    """Return a figure with its interval."""
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


if __name__ == "__main__":
    main()
