"""Clotho v2.1: 15 to 30 s of Freesound with five captions each, and the test clips of the DCASE captioning task.

Captions are `clotho_captions_<split>.csv`; facts about the recordings are `clotho_metadata_<split>.csv` (or, in the TAU graded
relevances, `<split>_audio_metadata.csv`), which may be missing: then there are no tags and no origins. How long the clips are
that are whole recordings stands only in WavCaps' copy, `wavcaps_json/<train|val|test>.json`, which may be missing too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip
from hearken.data.rows import Row, read_csv, read_json_records, read_text, unique
from hearken.errors import DataError

RATE_HZ = 44_100
"""The sample rate that `start_end_samples` counts in; lengths by it agree with the sounds to 0.1 ms."""
CAPTIONS = tuple(f"caption_{number}" for number in range(1, 6))
TEST = "test"
_WAVCAPS = (
    "https://raw.githubusercontent.com/XinhaoMei/WavCaps/a5a9649ce305d7fe82cfcf5d6a4a12f03df9ef1e/retrieval/data/Clotho/json_files/{name}"
)
_URL = "https://zenodo.org/record/{record}/files/{name}?download=1"
_DOUBLED = {
    ("development", "City Ambience w_ Car Passing_1-2.wav"),
    ("development", "FREEZER_DOOR_OPEN_CLOSE.wav"),
    ("validation", "01 A pug struggles to breathe 1_14_2008.wav"),
    ("validation", "Bus(Drive_Reverse)_1-2.wav"),
}
"""Four file names stand in two splits, for excerpts of one recording: these carry their split in the id, the later ones do not."""
_IN_WAVCAPS = {"development": "train", "validation": "val", "evaluation": "test"}
_NUMBER = re.compile(r"(\d+)(\.0)?")
_SAMPLES = re.compile(r"\[(\d{1,12}), ?(\d{1,12})\]")


def clip_id(split: str, name: str) -> str:
    """Return the id of a clip: its file name, or `SPLIT/NAME` for the four names that a later split holds as well."""
    return f"{split}/{name}" if (split, name) in _DOUBLED else name


def read(folder: Path, splits: Iterable[str]) -> Iterator[Clip]:
    """Yield the clips of the `splits`, in the order of the files. Raises MissingDataError, DataError."""
    seen: set[str] = set()
    for split in splits:
        for clip in _read_test(folder) if split == TEST else _read_split(folder, split):
            known = clip if clip.id not in seen else replace(clip, id=f"{split}/{clip.id}")
            seen.add(known.id)
            yield known


def _read_split(folder: Path, split: str) -> Iterator[Clip]:
    facts, lengths = _facts(folder, split), _lengths(folder, split)
    for row in unique(read_csv(folder / f"clotho_captions_{split}.csv", ("file_name", *CAPTIONS)), "file_name"):
        name = row.file_name("file_name")
        clip = Clip(id=clip_id(split, name), split=split, audio=f"{split}/{name}", captions=tuple(map(row.exact, CAPTIONS)))
        fact = facts.pop(name, None)
        clip = describe(clip, fact) if fact else clip
        yield clip if clip.duration_s is not None else replace(clip, duration_s=lengths.get(name))
    for fact in facts.values():
        fact.fail("the captions have no such clip; the two files belong to different splits or versions.")


def _facts(folder: Path, split: str) -> dict[str, Row]:
    """Return the rows of the split's metadata by file name; none if there is no such file."""
    for name in (f"clotho_metadata_{split}.csv", f"{split}_audio_metadata.csv"):
        if (folder / name).is_file():
            return {row.file_name("file_name"): row for row in unique(read_metadata(folder / name), "file_name")}
    return {}


def _lengths(folder: Path, split: str) -> dict[str, float]:
    """Return the seconds of each clip by file name, as WavCaps measured them; none if there is no such file."""
    path = folder / "wavcaps_json" / f"{_IN_WAVCAPS.get(split, split)}.json"
    if not path.is_file():
        return {}
    rows = read_json_records(path, "data", ("wav", "duration"))
    return {row.exact("wav").rsplit("/", 1)[-1]: row.number("duration", minimum=0.0) for row in rows}


def _read_test(folder: Path) -> Iterator[Clip]:
    for row in unique(read_metadata(folder / "clotho_metadata_test.csv", delimiter=";"), "file_name"):
        name = row.file_name("file_name")
        yield describe(Clip(id=name, split=TEST, audio=f"{TEST}/{name}"), row)


def read_metadata(path: Path, *, delimiter: str = ",", required: Sequence[str] = ("file_name",)) -> Iterator[Row]:
    """Yield the rows of a table of Clotho clips. Raises MissingDataError, DataError.

    The published ones are ISO-8859-1, copies are UTF-8: text with an accent is never both.
    """
    try:
        read_text(path)
        encoding = "utf-8-sig"
    except DataError:
        encoding = "iso-8859-1"
    return read_csv(path, required, encoding=encoding, delimiter=delimiter)


def describe(clip: Clip, row: Row) -> Clip:
    """Return `clip` with what a row of metadata knows: keywords, Freesound id, place in the recording, author and licence.

    A field without a digit where a number belongs ("Not found", "NA") means that nobody knows. Raises DataError.
    """
    start_s, duration_s = _place(row)
    return replace(
        clip,
        tags=tuple(tag.strip() for tag in row.text("keywords", default="").split(";") if tag.strip()),
        origins=origins(row),
        start_s=start_s,
        duration_s=duration_s,
        author=row.text("manufacturer", default=""),
        licence=row.text("license", default=""),
    )


def origins(row: Row) -> tuple[str, ...]:
    """Return the Freesound recording that `sound_id` names; none where nobody knows it. Raises DataError for what is no number."""
    written = row.text("sound_id", default="")
    if not any(char.isdigit() for char in written):
        return ()
    found = _NUMBER.fullmatch(written)
    return (f"freesound:{found.group(1)}",) if found and written.isascii() else row.wrong("sound_id", written, int)


def _place(row: Row) -> tuple[float | None, float | None]:
    """Return where the clip begins in its recording and how long it is, in seconds; None where nobody says (a whole recording)."""
    written = row.text("start_end_samples", default="")
    if not any(char.isdigit() for char in written):
        return None, None
    found = _SAMPLES.fullmatch(written)
    start, end = map(int, found.groups()) if found and written.isascii() else (0, 0)
    if start >= end:
        row.fail(f"'start_end_samples' should be the first sample and a later one, such as [0, 882000], not {written[:60]!r}.")
    return start / RATE_HZ, (end - start) / RATE_HZ


def _files(split: str, captions: str, metadata: str, lengths: tuple[int, str], audio: str) -> tuple[File, ...]:
    names = ((f"clotho_captions_{split}.csv", captions), (f"clotho_metadata_{split}.csv", metadata))
    texts = (File(path=name, urls=(_URL.format(record=4783391, name=name),), md5=md5, splits=(split,)) for name, md5 in names)
    name = f"{_IN_WAVCAPS[split]}.json"
    size, sha256 = lengths
    seconds = File(f"wavcaps_json/{name}", urls=(_WAVCAPS.format(name=name),), size_bytes=size, sha256=sha256, splits=(split,))
    return (*texts, seconds, archive(f"clotho_audio_{split}.7z", 4783391, audio, split))


def archive(name: str, record: int, md5: str, split: str) -> File:
    """Return an archive of sounds at Zenodo; it holds one folder."""
    return File(path=name, urls=(_URL.format(record=record, name=name),), md5=md5, holds="audio", unpack_to=".", splits=(split,))


CITATION = (
    'K. Drossos, S. Lipping and T. Virtanen, "Clotho: an Audio Captioning Dataset", Proc. IEEE ICASSP 2020, pp. 736-740, '
    "doi 10.1109/ICASSP40776.2020.9052990."
)
LICENCE = "Tampere University licence: not commercial, with attribution"
AUDIO_LICENCE = "Creative Commons, another one for each clip: CC0, BY, BY-NC, Sampling+ (see Clip.licence)"
# MD5: the table of aac-datasets, src/aac_datasets/datasets/functional/clotho.py. SHA-256: as in WavCaps' repository at that commit.
CLOTHO = Definition(
    card=Card(
        name="clotho",
        title="Clotho v2.1",
        summary="15 to 30 s of Freesound recordings, five captions each by people who only heard them.",
        licence=LICENCE,
        audio_licence=AUDIO_LICENCE,
        homepage="https://zenodo.org/record/4783391",
        citation=CITATION,
        splits=(
            Split("development", 3839, 19195),
            Split("validation", 1045, 5225),
            Split("evaluation", 1045, 5225),
            Split(TEST, 1043, 0, by_name=True),
        ),
        files=(
            *_files(
                "development",
                "d4090b39ce9f2491908eebf4d5b09bae",
                "170d20935ecfdf161ce1bb154118cda5",
                (2298630, "f18f3bb71f122aea91f1f7c45b10db310c393a9da6bede194c6f5115b675945e"),
                "c8b05bc7acdb13895bb3c6a29608667e",
            ),
            *_files(
                "validation",
                "5879e023032b22a2c930aaa0528bead4",
                "2e010427c56b1ce6008b0f03f41048ce",
                (622204, "ac38cfef630e1661ea9f44556a0b658cca8a9927f21582607747ed6fc580be72"),
                "7dba730be08bada48bd15dc4e668df59",
            ),
            *_files(
                "evaluation",
                "1b16b9e57cf7bdb7f13a13802aeb57e2",
                "13946f054d4e1bf48079813aac61bf77",
                (623658, "4671210b4fc89910452d32a80a524e76d09f496584befe5e025d30d7e35ace4f"),
                "4569624ccadf96223f19cb59fe4f849f",
            ),
            File(
                path="clotho_metadata_test.csv",
                urls=(_URL.format(record=3865658, name="clotho_metadata_test.csv"),),
                md5="52f8ad01c229a310a0ff8043df480e21",
                splits=(TEST,),
            ),
            archive("clotho_audio_test.7z", 3865658, "9b3fe72560a621641ff4351ba1154349", TEST),
        ),
        size="6.5 GB of archives, 11 GB of sound; clotho-test 2 GB more",
        text_source="Human captions (crowd)",
        notes=(
            "Zenodo's page and Primus et al. 2023 say 3840 development clips, Zenodo 1046 validation clips: the files hold 3839 and 1045.",
            "Table 1 of WavText5K (5929 clips, 29 645 captions, 37.05 h, 21 words at most, 11.34 on average) is what the files hold.",
            "Freesound 137692 is in development and in evaluation, 66304 and 86161 are in validation and in evaluation: excerpts that overlap.",
            "Freesound 86163 is in development and in validation, whole in both; so is 130603, in excerpts that overlap.",
            "Four of those five pairs share the file name as well: the id of the one in the earlier split is SPLIT/NAME.",
            "1774 clips are whole recordings, whose lengths are known from WavCaps' copy of the tables alone.",
            "WavCaps holds recordings of Clotho, test clips among them: train on both only behind its blacklist.",
            "19 clips have no Freesound id ('Not found'); 14 captions end in a space, three file names begin with one: both are kept.",
            "clotho-test has the clips of the DCASE captioning task, without captions; `clotho` alone is the three splits that have some.",
        ),
    ),
    read=read,
)
