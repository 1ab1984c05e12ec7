"""ESC-50: five-second clips of 50 environmental sounds in five folds (Piczak, 2015); for zero-shot checks.

`meta/esc50.csv` has `filename,fold,target,category,esc10,src_file,take`; `src_file` is the Freesound id. There are no captions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip
from hearken.data.rows import Row, read_csv, unique
from hearken.data.sets.freesound import freesound_id

_COLUMNS = ("filename", "fold", "target", "category", "esc10", "src_file", "take")
_NUM_FOLDS = 5
_FOLD_CLIPS = 400
_DURATION_S = 5.0
_ROOT = "ESC-50-master"


def read(folder: Path, splits: tuple[str, ...]) -> Iterator[Clip]:
    """Yield the clips of ESC-50: below `folder` lies the unpacked archive, or what is in it. Raises as `Definition` says."""
    inside = "" if (folder / "meta" / "esc50.csv").is_file() else f"{_ROOT}/"
    for row in unique(read_csv(folder / f"{inside}meta" / "esc50.csv", _COLUMNS), "filename"):
        clip = _clip(row, inside)
        if clip.split in splits:
            yield clip


def _clip(row: Row, inside: str) -> Clip:
    name, fold, small = row.file_name("filename"), row.text("fold"), row.text("esc10")
    if fold not in {str(number) for number in range(1, _NUM_FOLDS + 1)}:
        row.fail(f"'fold' should be 1 to {_NUM_FOLDS}.")
    if small not in ("True", "False"):
        row.fail("'esc10' should be True or False.")
    return Clip(
        id=name.removesuffix(".wav"),
        split=f"fold{fold}",
        audio=f"{inside}audio/{name}",
        tags=(row.text("category"),),
        duration_s=_DURATION_S,
        origins=(f"freesound:{freesound_id(row, 'src_file')}",),
        licence="CC BY" if small == "True" else "CC BY-NC",
    )


ESC50 = Definition(
    Card(
        name="esc50",
        title="ESC-50",
        summary="Five-second clips of 50 environmental sounds, for zero-shot checks.",
        licence="CC BY-NC 3.0: not for commercial use",
        audio_licence="CC BY-NC 3.0 as a whole, the ten classes of ESC-10 CC BY; authors in the archive's LICENSE",
        homepage="https://github.com/karolpiczak/ESC-50",
        citation="K. J. Piczak. ESC: Dataset for Environmental Sound Classification. ACM Multimedia 2015, pp. 1015-1018. "
        "doi:10.1145/2733373.2806390",
        splits=tuple(Split(f"fold{number}", _FOLD_CLIPS, 0) for number in range(1, _NUM_FOLDS + 1)),
        files=(
            File(f"{_ROOT}/meta/esc50.csv", ("https://raw.githubusercontent.com/karolpiczak/ESC-50/master/meta/esc50.csv",)),
            File(
                f"{_ROOT}.zip",
                ("https://github.com/karolpiczak/ESC-50/archive/master.zip",),
                holds="audio",
                unpack_to=".",
            ),
        ),
        size="0.6 GB, 2.8 hours",
        text_source="labels by people; no captions",
        notes=(
            "Labels are the clips' tags, as published: underscores for blanks (crying_baby).",
            "GitHub packs the archive anew when it likes, so no digest of it is expected.",
            "Fragments of one recording are in one fold; its clips are recordings of Freesound, and WavCaps' third blacklist names them.",
        ),
    ),
    read=read,
)
