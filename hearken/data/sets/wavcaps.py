"""WavCaps: 400 000 recordings of four sources with captions that a language model made of their descriptions (Mei et al., 2023).

Each source is a split and a JSON file: `{"num_captions_per_audio": 1, "data": [{"id", "caption", "duration", ...}]}`.
`description` and `href` are read by nobody here; `audio` holds a path on the authors' machine and is not used either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip
from hearken.data.rows import Row, read_json_records, unique

_HUB = "https://huggingface.co/datasets/cvssp/WavCaps/resolve/85a0c21e26fa7696a5a74ce54fada99a9b43c6de"
_CODE = "https://raw.githubusercontent.com/XinhaoMei/WavCaps/a5a9649ce305d7fe82cfcf5d6a4a12f03df9ef1e/data"
_AAC = "https://raw.githubusercontent.com/Labbeti/aac-datasets/631524fb86eef351c1848e42196fbe5cf62442e4/data/wavcaps"
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
    File(
        "json_files/blacklist/blacklist_exclude_all_ac.json",
        (f"{_CODE}/json_files/blacklist/blacklist_exclude_all_ac.json",),
        size_bytes=1_525_390,
        sha256="ab53786c5d0a0fe174013395cae46dfcec8676ba71c8539605691290b63b4803",
    ),
    File(
        "json_files/blacklist/blacklist_exclude_test_ac.json",
        (f"{_CODE}/json_files/blacklist/blacklist_exclude_test_ac.json",),
        size_bytes=77_724,
        sha256="54a84d4e24f5c7eda582ce75d0e34eae51a22df9f1a946db9e43501a6fb386a8",
    ),
    File(
        "json_files/blacklist/blacklist_exclude_ub8k_esc50_vggsound.json",
        (f"{_CODE}/json_files/blacklist/blacklist_exclude_ub8k_esc50_vggsound.json",),
        size_bytes=473_374,
        sha256="64e278412489767ce8578e651985c310d8409ed78855bfcc78f9e398ca838c50",
    ),
    File(
        "blacklist_audiocaps.full.csv",
        (f"{_AAC}/blacklist_audiocaps.full.csv",),
        size_bytes=1_220_292,
        sha256="22b0c8dd38f19c394202af397521a8829ab429cf7ec3d53f1a9900d2fcdb063c",
        splits=("audioset",),
    ),
    File(
        "blacklist_clotho.full.csv",
        (f"{_AAC}/blacklist_clotho.full.csv",),
        size_bytes=86_989,
        sha256="ce5c1837363d05cb74a60a004c392442f923945d99c1b387a3937e93a5ce7ef1",
        splits=("freesound",),
    ),
    File(
        "blacklist_clotho.full.v2.csv",
        (f"{_AAC}/blacklist_clotho.full.v2.csv",),
        size_bytes=99_788,
        sha256="e49bceb098800f4329db3041bbc6fa4d8dbdbd262bf7415b5a7f5bad95ec64a6",
        splits=("freesound",),
    ),
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
