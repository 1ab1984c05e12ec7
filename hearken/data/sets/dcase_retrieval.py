"""The hidden evaluation set of DCASE 2022 task 6b, language-based audio retrieval: 1000 clips and 1000 queries, and no answers.

The challenge of 2023 used the same set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip, Query
from hearken.data.rows import unique
from hearken.data.sets.clotho import AUDIO_LICENCE, CITATION, LICENCE, TEST, archive, describe, read_metadata

_COLON = re.compile(r" ?: ?")
_TABLE = "retrieval_audio_metadata.csv"
_QUERIES = "retrieval_captions.csv"


def audio_name(name: str) -> str:
    """Return the name of the file in the archive: `:`, with the spaces around it, is `_` there, as many file systems need it."""
    return _COLON.sub("_", name)


def read(folder: Path, splits: Iterable[str]) -> Iterator[Clip]:
    """Yield the clips, whose ids are the names that a submission has to give. Raises MissingDataError, DataError."""
    for split in splits:
        for row in unique(read_metadata(folder / _TABLE), "file_name"):
            name = row.file_name("file_name")
            yield describe(Clip(id=name, split=split, audio=f"{TEST}/{audio_name(name)}"), row)


def read_queries(folder: Path, splits: Iterable[str]) -> Iterator[Query]:
    """Yield the queries, verbatim; which clips they mean was never published. Raises MissingDataError, DataError."""
    for _ in splits:
        for row in read_metadata(folder / _QUERIES, required=("caption",)):
            yield Query(row.exact("caption"))


# Digests: the table of aac-datasets, src/aac_datasets/datasets/functional/clotho.py.
_URL = "https://zenodo.org/record/6590983/files/{name}?download=1"
DCASE_RETRIEVAL = Definition(
    card=Card(
        name="dcase-retrieval",
        title="DCASE 2022 task 6b, evaluation",
        summary="The hidden test of the retrieval challenges of 2022 and 2023: clips and queries, without the answers.",
        licence=LICENCE,
        audio_licence=AUDIO_LICENCE,
        homepage="https://zenodo.org/record/6590983",
        citation=f'H. Xie, S. Lipping and T. Virtanen, "Language-based Audio Retrieval Task in DCASE 2022 Challenge", 2022; {CITATION}',
        splits=(Split(TEST, 1000, 0, num_queries=1000),),
        files=(
            File(path=_QUERIES, urls=(_URL.format(name=_QUERIES),), md5="f9e810118be00c64ea8cd7557816d4fe"),
            File(path=_TABLE, urls=(_URL.format(name=_TABLE),), md5="1301db07acbf1e4fabc467eb54e0d353"),
            archive("retrieval_audio.7z", 6590983, "24102395fd757c462421a483fba5c407", TEST),
        ),
        size="about 2 GB",
        text_source="Human captions (crowd)",
        notes=(
            "Not meant for training or for tuning. The queries' clips are secret: only the challenge could score them.",
            "Three names of the table hold ':'; in the archive there is '_' instead.",
        ),
    ),
    read=read,
    read_queries=read_queries,
)
