"""SoundDescs: the BBC's archive of sound effects with the archive's own descriptions (Koepke et al., 2022).

Three lists of identifiers are the splits; `descriptions.pkl` and `categories.pkl` hold identifier -> text and -> categories.
Where the descriptions are not here, those of the BBC's earlier public catalogue (`BBCSoundEffects.csv`) stand in: for half.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hearken.data.card import Card, Definition, File, Split
from hearken.data.clip import Clip
from hearken.data.rows import Row, fail, parse_json, read_csv, read_lines, read_text, unique
from hearken.data.unpickle import read_pickle
from hearken.errors import MissingDataError, show

_REPOSITORY = "https://raw.githubusercontent.com/akoepke/audio-retrieval-benchmark/55dce738ebe3e3e9fe700d3f439ce41c4d27faec"
_CATALOGUE = "https://raw.githubusercontent.com/FThompson/BBCSoundDownloader/063537f49e7bef7ae31d287836823f7cce27f422"
_IDENTIFIER = re.compile(r"[a-z0-9_-]+")
_NO_CATEGORY = "None"


def read(folder: Path, splits: tuple[str, ...]) -> Iterator[Clip]:
    """Yield the clips of the lists `train_list.txt`, `val_list.txt` and `test_list.txt` below `folder`.

    A clip that nobody described here has no caption, and stays. Raises as `Definition` says.
    """
    catalogue = _read_catalogue(folder)
    descriptions = _read_descriptions(folder, catalogue)
    categories = _read_categories(folder)
    seen: set[str] = set()
    for split in splits:
        path = _first(folder, f"{split}_list.txt", f"sounddescs_{split}_list.txt")
        for line, identifier in read_lines(path):
            if not _IDENTIFIER.fullmatch(identifier):
                fail(path, line, f"this is no identifier: {identifier[:40]!a}.")
            if identifier in seen:
                fail(path, line, f"{identifier[:40]} was there before.")
            seen.add(identifier)
            yield Clip(
                id=identifier,
                split=split,
                audio=f"audios/{identifier}/{identifier}.wav",
                captions=descriptions.get(identifier, ()),
                tags=tuple(tag for tag in categories.get(identifier, ()) if tag != _NO_CATEGORY),
                duration_s=catalogue.get(identifier, ("", None))[1],
                origins=(f"bbc:{identifier}",),
            )


def _first(folder: Path, *names: str) -> Path:
    """Return the first of these files that is there; the first name if none is."""
    return next((folder / name for name in names if (folder / name).is_file()), folder / names[0])


def _read_catalogue(folder: Path) -> dict[str, tuple[str, float | None]]:
    """Return identifier -> (description, seconds) of the BBC's catalogue, whose `location` is `07076051.wav`; empty where it is not here."""
    path = folder / "BBCSoundEffects.csv"
    if not path.is_file():
        return {}
    rows = unique(read_csv(path, ("location", "description", "secs")), "location")
    return {
        row.text("location").lower().removesuffix(".wav"): (_description(row), row.seconds("secs")) for row in rows
    }  # fmt: skip


def _description(row: Row) -> str:
    return row.exact("description") if row.text("description", default="") else ""


def _read_descriptions(folder: Path, catalogue: dict[str, tuple[str, float | None]]) -> dict[str, tuple[str, ...]]:
    path = folder / "descriptions.pkl"
    if path.is_file():
        return _texts(path, read_pickle(path))
    if not catalogue:
        raise MissingDataError(
            f"Neither descriptions.pkl nor BBCSoundEffects.csv is in {show(folder)}.",
            "`hearken data prepare sounddescs` brings them, or says what to put where.",
        )
    return {identifier: (text,) for identifier, (text, _) in catalogue.items() if text}


def _read_categories(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return identifier -> categories of the pickle, or of a JSON object of the same content; empty where there is neither."""
    path = _first(folder, "categories.pkl", "categories.json", "sounddescs_categories.json")
    if not path.is_file():
        return {}
    return _texts(path, read_pickle(path) if path.suffix == ".pkl" else parse_json(path, read_text(path)))


def _texts(path: Path, value: Any) -> dict[str, tuple[str, ...]]:  # noqa: ANN401 - what a foreign file holds
    """Return identifier -> texts, of an object whose values are texts or lists of texts; empty texts are left out."""
    if not isinstance(value, dict):
        fail(path, None, "this holds no dictionary of identifiers.")
    found = {}
    for identifier, texts in value.items():
        several = [texts] if isinstance(texts, str) else texts
        if not isinstance(identifier, str) or not isinstance(several, list) or not all(isinstance(text, str) for text in several):
            fail(path, None, f"what stands under {str(identifier)[:40]!a} is no text.")
        if any("\0" in text or re.search(r"[\ud800-\udfff]", text) for text in several):
            fail(path, None, f"what stands under {str(identifier)[:40]!a} holds a character that is no text.")
        found[identifier.lower()] = tuple(text for text in several if text.strip())
    return found


def _list(split: str, sha256: str) -> File:
    return File(f"{split}_list.txt", (f"{_REPOSITORY}/data/SoundDescs/{split}_list.txt",), sha256=sha256, splits=(split,))


_FILES = (
    _list("train", "cd4221963a4d4d313ac7215443e53f1daedf8fe6f7feccbc3639b9a47d6a7fe4"),
    _list("val", "5c3c4018cdb590be13fda2f60e172ed3b79c9bf041bcde923000b4a011a841b4"),
    _list("test", "68f9fc580d3483dcb311095b008007e443ae690c7e51fc3fdd50194d17d90716"),
    File("descriptions.pkl", (f"{_REPOSITORY}/sounddescs_data/descriptions.pkl",)),
    File(
        "categories.pkl",
        (f"{_REPOSITORY}/sounddescs_data/categories.pkl",),
        size_bytes=1_469_426,
        sha256="5af877b2b45280c59a731efb4fb1a4d79e65c57acec4f4464e960c2e50e7e169",
    ),
    File(
        "BBCSoundEffects.csv",
        (f"{_CATALOGUE}/BBCSoundEffects.csv",),
        size_bytes=2_078_606,
        sha256="1c086fab6eb0f08dcbdb69b6928f9f4b01d0d8c9a15baaa0047279f35068e30a",
    ),
    File(
        "download_links.txt",
        (f"{_REPOSITORY}/sounddescs_data/download_links.txt",),
        size_bytes=2_199_833,
        sha256="0efc9a5e6926be458a448d960488a31873723a4995bb6aab95c39ef10d82680f",
    ),
    File(
        "audios",
        holds="audio",
        how="Fetch the 33 064 archives of download_links.txt from the BBC, at its pace and under its RemArc licence, and unpack "
        "07076051.wav.zip to audios/07076051/07076051.wav, with names in lower case "
        "(sounddescs_download_audios.py of the authors' repository does both).",
    ),
)

SOUNDDESCS = Definition(
    Card(
        name="sounddescs",
        title="SoundDescs",
        summary="The BBC's archive of sound effects with the archive's own descriptions.",
        licence="RemArc (descriptions of the BBC): personal, educational and research use; lists Apache-2.0",
        audio_licence="RemArc: personal, educational and research use",
        homepage="https://github.com/akoepke/audio-retrieval-benchmark",
        citation="A. S. Koepke, A.-M. Oncescu, J. F. Henriques, Z. Akata, S. Albanie. Audio Retrieval with Natural Language Queries: "
        "A Benchmark Study. IEEE Transactions on Multimedia, 2022. arXiv:2112.09418",
        splits=(Split("train", 23_085, 23_085), Split("val", 4_947, 4_947), Split("test", 4_947, 4_947)),
        files=_FILES,
        size="1 060 hours of sound",
        text_source="the BBC's archivists",
        notes=(
            (
                "Without descriptions.pkl the BBC's catalogue of 2019 (16 011 recordings, one of them in no split) stands in: it describes "
                "11 160 of train, 2 386 of val and 2 464 of test; the other clips stay, without a caption."
            ),
            "descriptions.pkl and categories.pkl are read without running them; no code in them can start.",
            "Categories and links know 33 062 and 33 064 recordings, of which the lists use 32 979.",
            "The BBC writes identifiers in capitals (NHU05030045), the lists in small letters: here they are small.",
            "Some descriptions of the catalogue hold characters that were encoded twice (Â¨ for quotes); they are left as published.",
        ),
    ),
    read=read,
)
