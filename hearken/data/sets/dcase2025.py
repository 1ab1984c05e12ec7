"""The multiple matches of DCASE 2025 task 6: for 1037 captions of Clotho evaluation, all clips of it that people found to fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from hearken.data.blacklists import PUBLISHED
from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Query
from hearken.data.rows import read_csv, unique
from hearken.data.sets.clotho import clip_id

_SPLIT = "evaluation"
_QUERIES = "metadata_eval.csv"


def read_queries(folder: Path, splits: Iterable[str]) -> Iterator[Query]:
    """Yield the queries, verbatim, each with the ids of its clips in Clotho. Raises MissingDataError, DataError."""
    for split in splits:
        for row in unique(read_csv(folder / _QUERIES, ("query", "audio_filenames")), "query"):
            names = row.texts("audio_filenames")
            if not names or len(set(names)) < len(names):
                row.fail("'audio_filenames' should be a list of one or more different names.")
            yield Query(row.exact("query"), tuple((clip_id(split, name), 1.0) for name in names))


_URL = "https://raw.githubusercontent.com/CPJKU/dcase2025_task6_baseline/c78422fcbed579877919620a30075baccf82bf2b/resources/{name}"
# Sizes and digests as in the repository at that commit.
DCASE2025 = Definition(
    card=Card(
        name="dcase2025",
        title="DCASE 2025 task 6, multiple matches",
        summary="All clips of Clotho evaluation that fit each of 1037 of its captions, and the recordings that training must leave out.",
        licence="none stated; the captions are Clotho's (not commercial)",
        audio_licence="that of Clotho",
        homepage="https://github.com/CPJKU/dcase2025_task6_baseline",
        citation="H. Xie, T. Virtanen, B. Weck and P. Primus (organisers), DCASE 2025 Challenge, task 6: Language-Based Audio Retrieval.",
        splits=(Split(_SPLIT, 0, 0, num_queries=1037),),
        files=(
            File(
                path=_QUERIES,
                urls=(_URL.format(name=_QUERIES),),
                size_bytes=160_363,
                sha256="b89605991d1f3018088d5ce8619b7da8fe5e52c9cd576394977f141515f7fc65",
            ),
            PUBLISHED["dcase2025"].file,
        ),
        size="181 kB",
        text_source="Human captions and annotations",
        notes=(
            "3116 pairs, 3.005 for each query (the challenge's page says 2.8), at most 12.",
            "The caption's own clip is among the matches of 991 of the 1037 queries (the page says 46.56 %): it need not be.",
            "The baseline's README says mAP@16, its code computes mAP@10.",
            "The list of excluded recordings has 3080 lines, one of them 'Not found'.",
        ),
    ),
    read_queries=read_queries,
    clips_of="clotho",
)
