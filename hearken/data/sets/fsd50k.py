"""FSD50K: recordings of Freesound with labels of the AudioSet ontology (Fonseca et al., 2020); for zero-shot checks.

`FSD50K.ground_truth/dev.csv` has `fname,labels,mids,split`, `eval.csv` the same without `split`; `fname` is the Freesound id.
Labels are kept as published (`Accelerating_and_revving_and_vroom`); there are no captions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip
from hearken.data.rows import Row, fail, parse_json, read_csv, read_text, unique
from hearken.data.sets.freesound import freesound_id

_ZENODO = "https://zenodo.org/records/4060432/files"
_PART_BYTES = 3_221_225_472


def read(folder: Path, splits: tuple[str, ...]) -> Iterator[Clip]:
    """Yield the clips of FSD50K below `folder`; titles, authors and licences where `FSD50K.metadata` is there. Raises as `Definition` says."""
    if {"train", "val"} & set(splits):
        yield from _read_half(folder, "dev", splits)
    if "eval" in splits:
        yield from _read_half(folder, "eval", splits)


def _read_half(folder: Path, half: str, splits: tuple[str, ...]) -> Iterator[Clip]:
    required = ("fname", "labels", "mids", "split") if half == "dev" else ("fname", "labels", "mids")
    about = _read_metadata(folder / "FSD50K.metadata" / f"{half}_clips_info_FSD50K.json")
    for row in unique(read_csv(folder / "FSD50K.ground_truth" / f"{half}.csv", required), "fname"):
        clip = _clip(row, half, about.get(row.text("fname"), {}))
        if clip.split in splits:
            yield clip


def _clip(row: Row, half: str, values: dict[str, Any]) -> Clip:
    number = freesound_id(row, "fname")
    split = row.text("split") if half == "dev" else half
    if split not in ("train", "val", "eval"):
        row.fail(f"'split' should be train or val, not {split[:40]!a}.")
    info = Row(row.path, row.line, values)
    return Clip(
        id=number,
        split=split,
        audio=f"FSD50K.{half}_audio/{number}.wav",
        title=info.text("title", default=""),
        tags=tuple(label for label in row.text("labels").split(",") if label),
        origins=(f"freesound:{number}",),
        licence=info.text("license", default=""),
        author=info.text("uploader", default=""),
    )


def _read_metadata(path: Path) -> dict[str, dict[str, Any]]:
    """Return Freesound id -> what its uploader says, each of whose values that we use is text; empty where there is no such file."""
    if not path.is_file():
        return {}
    value = parse_json(path, read_text(path))
    if not isinstance(value, dict):
        fail(path, 1, "this is no object of Freesound ids.")
    for number, about in value.items():
        if not isinstance(about, dict):
            fail(path, None, f"what stands under {number[:40]!a} is no object.")
        whole = Row(path, 1, about)
        for name in ("title", "license", "uploader"):
            whole.text(name, default="")
    return value


def _audio(name: str, half: str, size_bytes: int, md5: str) -> File:
    whole = name.endswith(".zip")
    splits = ("train", "val") if half == "dev" else ("eval",)
    return File(name, (f"{_ZENODO}/{name}",), size_bytes, md5, holds="audio", unpack_to="." if whole else None, splits=splits)


def _table(name: str, size_bytes: int, md5: str) -> File:
    return File(name, (f"{_ZENODO}/{name}",), size_bytes, md5, unpack_to=".")


_FILES = (
    _table("FSD50K.ground_truth.zip", 334_701, "ca27382c195e37d2269c4c866dd73485"),
    _table("FSD50K.metadata.zip", 6_700_838, "b9ea0c829a411c1d42adb9da539ed237"),
    _table("FSD50K.doc.zip", 6_984, "3516162b82dc2945d3e7feba0904e800"),
    _audio("FSD50K.dev_audio.z01", "dev", _PART_BYTES, "faa7cf4cc076fc34a44a479a5ed862a3"),
    _audio("FSD50K.dev_audio.z02", "dev", _PART_BYTES, "8f9b66153e68571164fb1315d00bc7bc"),
    _audio("FSD50K.dev_audio.z03", "dev", _PART_BYTES, "1196ef47d267a993d30fa98af54b7159"),
    _audio("FSD50K.dev_audio.z04", "dev", _PART_BYTES, "d088ac4e11ba53daf9f7574c11cccac9"),
    _audio("FSD50K.dev_audio.z05", "dev", _PART_BYTES, "81356521aa159accd3c35de22da28c7f"),
    _audio("FSD50K.dev_audio.zip", "dev", 2_306_663_327, "c480d119b8f7a7e32fdb58f3ea4d6c5a"),
    _audio("FSD50K.eval_audio.z01", "eval", _PART_BYTES, "3090670eaeecc013ca1ff84fe4442aeb"),
    _audio("FSD50K.eval_audio.zip", "eval", 3_037_675_767, "6fa47636c3a3ad5c7dfeba99f2637982"),
)

FSD50K = Definition(
    Card(
        name="fsd50k",
        title="FSD50K",
        summary="Recordings of Freesound with 200 labels of the AudioSet ontology, for zero-shot checks.",
        licence="CC BY 4.0 (labels); ask the authors for commercial use",
        audio_licence="CC0, CC BY, CC BY-NC or CC Sampling+, by clip",
        homepage="https://zenodo.org/records/4060432",
        citation="E. Fonseca, X. Favory, J. Pons, F. Font, X. Serra. FSD50K: an Open Dataset of Human-Labeled Sound Events. IEEE/ACM TASLP "
        "30, 2022. arXiv:2010.00475",
        splits=(Split("train", 36_796, 0), Split("val", 4_170, 0), Split("eval", 10_231, 0)),
        files=_FILES,
        size="24.7 GB of sound in archives, 108 hours",
        text_source="labels by people; no captions",
        notes=(
            "Labels are the clips' tags, as published: underscores for blanks, and the labels above each in the ontology as well.",
            "The two archives of sound are split: the parts .z01, .z02, ... belong beside the .zip.",
            "Its clips are recordings of Freesound, as are those of Clotho and WavCaps: the origins tell which are the same.",
        ),
    ),
    read=read,
)
