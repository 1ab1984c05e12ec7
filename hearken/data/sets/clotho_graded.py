"""TAU Audio-Text Graded Relevances 2023: how well 17 clips each fit 200 captions of every split of Clotho, from 0 to 100, by the crowd."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Query
from hearken.data.rows import Row, read_csv, unique
from hearken.data.sets.clotho import clip_id

_BEST = 100.0


def read_queries(folder: Path, splits: Iterable[str]) -> Iterator[Query]:
    """Yield the rated captions in the order of the ratings; grades are ratings / 100, and 0.0 means: people found no match.

    Clips go by their id in Clotho where `audio_metadata/<split>_audio_metadata.csv` is there, else by their `fid`.
    Raises MissingDataError, DataError.
    """
    for split in splits:
        texts = {row.text("tid"): row for row in unique(read_csv(_path(folder, "text_data", split), ("tid", "text")), "tid")}
        clips = _clips(folder, split)
        for text, rated in _rated(_path(folder, "relevance_data", split), texts, clips):
            yield Query(text, tuple(sorted(rated.items(), key=lambda pair: -pair[1])))


def _path(folder: Path, kind: str, split: str) -> Path:
    return folder / kind / f"{split}_{ {'text_data': 'text', 'relevance_data': 'relevances'}[kind] }.csv"


def _clips(folder: Path, split: str) -> dict[str, str] | None:
    """Return the id in Clotho by `fid`; None without the file that knows."""
    path = folder / "audio_metadata" / f"{split}_audio_metadata.csv"
    if not path.is_file():
        return None
    return {row.text("fid"): clip_id(split, row.file_name("file_name")) for row in unique(read_csv(path, ("fid", "file_name")), "fid")}


def _rated(path: Path, texts: dict[str, Row], clips: dict[str, str] | None) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each caption with its grades by clip, in order of appearance."""
    grades: dict[str, dict[str, float]] = {}
    for row in read_csv(path, ("tid", "fid", "rating")):
        tid, fid = row.text("tid"), row.text("fid")
        if tid not in texts:
            row.fail("the table of texts has no such 'tid'.")
        if clips is not None and fid not in clips:
            row.fail("the metadata has no such 'fid'.")
        of_text = grades.setdefault(tid, {})
        clip = fid if clips is None else clips[fid]
        if clip in of_text:
            row.fail("this pair was rated before.")
        of_text[clip] = _grade(row)
    for tid, rated in grades.items():
        yield texts[tid].exact("text"), rated


def _grade(row: Row) -> float:
    rating = row.number("rating", minimum=0.0)
    return rating / _BEST if rating <= _BEST else row.fail("'rating' is more than 100.")


_URL = "https://raw.githubusercontent.com/xieh97/retrieval-relevance-crowdsourcing/6b7dbbedd862a90ca0e9702c64442b0e0ad3737a/data/{path}"
_FILES = (  # size and digest as in the repository at that commit
    ("relevance_data/development_relevances.csv", 109_814, "9c03ee8e1d16ca353b02c80846460db66947dc778be4fb16feec552078709725"),
    ("relevance_data/validation_relevances.csv", 109_604, "0d973671a2a81a797e49b11a173134046143c7ecfc6f9768259878073570f8dd"),
    ("relevance_data/evaluation_relevances.csv", 109_596, "f71efb2d00bac52f2b3d61a4ac02fc2ccfd7f46e3655dfc117de4a2ddcbb239c"),
    ("text_data/development_text.csv", 4_005_939, "ee4e7f9e07595e401bf10cbcad111dfa9e58d95b549f87b5d57e83b890eb4cc1"),
    ("text_data/validation_text.csv", 1_093_339, "414897036e008b4320e74012ea4cdfbfc066775fb24290430f156c3761a7c240"),
    ("text_data/evaluation_text.csv", 1_083_913, "485969a0a369a2b87567767ec45e5b11f0bdb8b941768a60b89fb50a7bfe4640"),
    ("audio_metadata/development_audio_metadata.csv", 949_803, "ec43c70ab01bbf91d1cfeac72cacdba0112dbebd1821bf9701b5a38b31a49cc8"),
    ("audio_metadata/validation_audio_metadata.csv", 256_158, "93dd92fb8cef3d3bdcf7cd1f0df5bbf986f34257463b78883a58ef2e5392c9ce"),
    ("audio_metadata/evaluation_audio_metadata.csv", 257_706, "ee982ff0e673e776eac28cc05aa6023dd88bd9d9b7db85975f7dd42331168026"),
)
CLOTHO_GRADED = Definition(
    card=Card(
        name="clotho-graded",
        title="TAU Audio-Text Graded Relevances 2023",
        summary="Ratings from 0 to 100 of how well 17 clips fit each of 200 captions, for every split of Clotho.",
        licence="MIT; the captions are Clotho's (not commercial)",
        audio_licence="that of Clotho",
        homepage="https://github.com/xieh97/retrieval-relevance-crowdsourcing",
        citation='H. Xie, K. Khorrami, O. Räsänen and T. Virtanen, "Crowdsourcing and Evaluating Text-Based Audio Retrieval Relevances", '
        "DCASE 2023 Workshop, pp. 226-230, arXiv 2306.09820.",
        splits=tuple(Split(name, 0, 0, num_queries=200) for name in ("development", "validation", "evaluation")),
        files=tuple(
            File(path=path, urls=(_URL.format(path=path),), size_bytes=size, sha256=sha256, splits=(path.split("/")[1].split("_")[0],))
            for path, size, sha256 in _FILES
        ),
        size="8 MB",
        text_source="Human captions and ratings (crowd)",
        notes=(
            "3400 ratings a split: for each caption its own clip, one at random and 15 candidates.",
            "Clips that nobody rated are unknown, not wrong.",
            "A caption's own clip is rated 69 to 76 on average, not 100.",
            "The table of texts has a few captions otherwise than Clotho v2.1 (35, 15 and 6 of a split).",
        ),
    ),
    read_queries=read_queries,
    clips_of="clotho",
)
