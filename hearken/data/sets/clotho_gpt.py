"""ClothoV2_GPT: five paraphrases of every training caption of Clotho by GPT-3.5, guided by the Freesound keywords (Primus et al. 2023).

The layout is that of the authors, and of the files that Hearken's own paraphrases are written to: a JSON list of objects with
`path` of the clip, `caption` and `variations`; what else the authors kept (query, response, usage) is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Variation
from hearken.data.rows import Row, read_json_records
from hearken.data.sets.clotho import clip_id

FILE = "variations.json"


def read_variations_file(path: Path) -> Iterator[Variation]:
    """Yield the records of a file of variations, in order. Raises MissingDataError, DataError.

    The clip is what `clip` says, if it is there, or else the file that `path` ends in, by its id in Clotho.
    """
    for row in read_json_records(path, None, ("caption", "variations")):
        texts = tuple(text.strip() for text in row.texts("variations") if text.strip())
        if not texts:
            row.fail("there is no variation in it.")
        yield Variation(clip=_clip(row), caption=row.exact("caption"), texts=texts)


def _clip(row: Row) -> str:
    if "clip" in row.values:
        return row.exact("clip")
    *folders, name = re.split(r"[/\\]", row.exact("path"))
    if not name.strip():
        row.wrong("path", row.values["path"], Path)
    return clip_id(folders[-1], name) if folders else name


def read_variations(folder: Path, splits: Iterable[str]) -> Iterator[Variation]:
    """Yield the published variations; all are of the development split. Raises MissingDataError, DataError."""
    for _ in splits:
        yield from read_variations_file(folder / FILE)


CLOTHO_GPT = Definition(
    card=Card(
        name="clotho-gpt",
        title="ClothoV2_GPT",
        summary="Five paraphrases of each training caption of Clotho by GPT-3.5, with the Freesound keywords as a guide.",
        licence="none stated; made from Clotho's captions (not commercial)",
        audio_licence="that of Clotho",
        homepage="https://github.com/OptimusPrimus/dcase2023_task6b",
        citation='P. Primus, K. Koutini and G. Widmer, "Advancing Natural-Language Based Audio Retrieval with PaSST and Large '
        'Audio-Caption Data Sets", DCASE 2023 Workshop.',
        splits=(Split("development", 0, 0, num_variations=None),),
        files=(
            File(
                path=FILE,
                urls=(
                    "https://raw.githubusercontent.com/OptimusPrimus/dcase2023_task6b/29ae1c914036b6331a5ad88307c8268131d6d165/clotho_gpt/variations.json",
                ),
                how=f"Copy clotho_gpt/{FILE} of the authors' repository to this place, or write one: `hearken data rephrase clotho-development`.",
            ),
        ),
        text_source="GPT-3.5 from human captions and keywords",
        notes=(
            "The authors published neither a checksum nor a count; 19 195 records, one for each caption, would be all.",
            "Their script cuts the answers at line ends and does not check that there are five.",
        ),
    ),
    read_variations=read_variations,
    clips_of="clotho",
)
