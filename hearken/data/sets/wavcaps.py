"""WavCaps: 400 000 recordings of four sources with captions that a language model made of their descriptions (Mei et al., 2023).

Each source is a split and a JSON file: `{"num_captions_per_audio": 1, "data": [{"id", "caption", "duration", ...}]}`.
`href` is read by nobody here; `audio` holds a path on the authors' machine and is not used either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hearken.data.blacklists import PUBLISHED
from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip
from hearken.data.rows import Row, read_json_records, unique

_HUB = "https://huggingface.co/datasets/cvssp/WavCaps/resolve/85a0c21e26fa7696a5a74ce54fada99a9b43c6de"
_CODE = "https://raw.githubusercontent.com/XinhaoMei/WavCaps/a5a9649ce305d7fe82cfcf5d6a4a12f03df9ef1e/data"
_WAVEFORMS = "mnt/fast/nobackup/scratch4weeks/xm00178/WavCaps/data/waveforms"  # the archives were packed with these folders


@dataclass(frozen=True)
class _Source:
    """One of the four: its folder and file, what an identifier looks like, and the origin that it stands for."""

    folder: str
    file: str
    identifier: re.Pattern[str]
    origin: str

    @property
    def table(self) -> str:
        return f"json_files/{self.folder}/{self.file}"


_NUMBER = re.compile(r"([0-9]+)")
_SOURCES = {
    "freesound": _Source("FreeSound", "fsd_final.json", _NUMBER, "freesound"),
    "bbc": _Source("BBC_Sound_Effects", "bbc_final.json", re.compile(r"([A-Za-z0-9_-]+)"), "bbc"),
    "soundbible": _Source("SoundBible", "sb_final.json", _NUMBER, "soundbible"),
    "audioset": _Source("AudioSet_SL", "as_final.json", re.compile(r"Y([A-Za-z0-9_-]{11})(?:\.wav)?"), "youtube"),
}


def read(folder: Path, splits: tuple[str, ...]) -> Iterator[Clip]:
    """Yield the clips of WavCaps: `json_files/FreeSound/fsd_final.json` and the like below `folder`. Raises as `Definition` says."""
    for split in splits:
        source = _SOURCES[split]
        for row in unique(read_json_records(folder / source.table, "data", ("id", "caption")), "id"):
            yield _clip(row, split, source)


def _clip(row: Row, split: str, source: _Source) -> Clip:
    written = row.text("id")
    found = source.identifier.fullmatch(written)
    if found is None:
        row.fail(f"'id' is none of {source.folder}: {written[:40]!a}.")
    stem = written.removesuffix(".wav")
    number = found[1].lower() if split == "bbc" else found[1]  # capitals matter to YouTube alone; the BBC's come in both
    return Clip(
        id=f"{split}-{stem}",
        split=split,
        audio=f"{_WAVEFORMS}/{source.folder}_flac/{stem}.flac",
        captions=(row.exact("caption"),) if row.text("caption", default="") else (),
        title=row.text("title", default="") or row.text("file_name", default=""),
        description=row.text("description", default=""),
        tags=_tags(row, "category" if split == "bbc" else "tags"),
        duration_s=row.seconds("duration"),
        origins=(f"{source.origin}:{number}",),
        author=row.text("author", default=""),
    )


def _tags(row: Row, name: str) -> tuple[str, ...]:
    """Return Freesound's list of tags, or the BBC's categories, which are a list as Python writes it."""
    value = row.values.get(name)
    if isinstance(value, str) and not value.startswith("["):
        return (row.text(name),) if value.strip() else ()
    return tuple(tag for tag in row.texts(name) if tag)


def _by_hand(split: str, parts: str) -> File:
    folder = _SOURCES[split].folder
    return File(
        path=f"Zip_files/{folder}/{folder}.zip",
        holds="audio",
        unpack_to=".",
        splits=(split,),
        how=f"Fetch its {parts} parts (.z01, .z02, ..., .zip) into Zip_files/{folder} from the Hugging Face data set cvssp/WavCaps: "
        f"`hf download cvssp/WavCaps --repo-type dataset --include 'Zip_files/{folder}/*' --local-dir .` in the corpus' folder.",
    )


_FILES = (
    File("json_files/FreeSound/fsd_final.json", (f"{_HUB}/json_files/FreeSound/fsd_final.json",), splits=("freesound",)),
    File("json_files/BBC_Sound_Effects/bbc_final.json", (f"{_HUB}/json_files/BBC_Sound_Effects/bbc_final.json",), splits=("bbc",)),
    File(
        "json_files/SoundBible/sb_final.json",
        (f"{_CODE}/json_files/SoundBible/sb_final.json",),
        size_bytes=469_675,
        sha256="c64329d13c58322d932a7e802c3f4b95d1fcd2ba0e52083cecb35a41b00f6a1c",
        splits=("soundbible",),
    ),
    File("json_files/AudioSet_SL/as_final.json", (f"{_HUB}/json_files/AudioSet_SL/as_final.json",), splits=("audioset",)),
    *(entry.file for entry in PUBLISHED.values() if entry.corpus == "wavcaps"),
    _by_hand("freesound", "more than a hundred"),
    _by_hand("bbc", "some 25"),
    File(
        "Zip_files/SoundBible/SoundBible.zip",
        (f"{_HUB}/Zip_files/SoundBible/SoundBible.zip",),
        holds="audio",
        unpack_to=".",
        splits=("soundbible",),
    ),
    _by_hand("audioset", "8"),
)

WAVCAPS = Definition(
    Card(
        name="wavcaps",
        title="WavCaps",
        summary="Recordings of Freesound, BBC, SoundBible and AudioSet with captions by a language model.",
        licence="academic use only",
        audio_licence="research only; Freesound's recordings under their own licences, the BBC's under RemArc",
        homepage="https://github.com/XinhaoMei/WavCaps",
        citation="X. Mei et al. WavCaps: A ChatGPT-Assisted Weakly-Labelled Audio Captioning Dataset for Audio-Language Multimodal "
        "Research. IEEE/ACM TASLP, 2024. arXiv:2303.17395",
        splits=(
            Split("freesound", 262_300, 262_300),
            Split("bbc", 31_201, 31_201),
            Split("soundbible", 1_232, 1_232),
            Split("audioset", 108_317, 108_317),
        ),
        files=_FILES,
        size="770 GB of sound at 32 kHz",
        text_source="ChatGPT, from the descriptions that people had given",
        notes=(
            "It holds recordings of Clotho (freesound) and AudioCaps (audioset): use a blacklist before you test on those.",
            "Of the 1 232 clips of soundbible, 1 225 are in WavText5K as well.",
            (
                "Counts differ by where one looks (issue 13 of the repository): 31 291 was once said of the BBC, whose JSON has 31 201; "
                "the first archives held 214 208 files for Freesound and 1 320 for SoundBible, whose JSON has 1 232."
            ),
            "`audio` in the JSON is a placeholder or a path on the authors' machine, as are the folders in the archives.",
            "`duration` is that of the JSON, which is not always that of the file: `hearken data check` measures.",
            "fsd_final_2s.json, beside fsd_final.json, is a selection by length and is not read.",
            "AudioSet's clips have no start time here; they are the ten seconds that AudioSet names.",
        ),
    ),
    read=read,
)
