"""A folder of sounds with texts beside them: `rain.wav` and `rain.txt` (a caption on each line) or `rain.json`.

The keys of a JSON text are the columns of a table (`tables.COLUMNS`), as the LAION data sets have `text` and `tag`. A sound
below a folder that is called like a split (`train/`, `test/`, ...) belongs to that split. A sound without a text stays, without
captions: `hearken data stats` and `check` count it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hearken.audio.source import AUDIO_SUFFIXES
from hearken.data.clip import Clip, Corpus
from hearken.data.rows import Row, fail, parse_json, read_lines, read_text
from hearken.data.sets.tables import WHOLE, read_clips
from hearken.errors import DataError, show

SPLITS = frozenset(("train", "training", "dev", "development", "val", "valid", "validation", "eval", "evaluation", "test", "testing"))


def load_folder(folder: Path) -> Corpus:
    """Return the sounds below `folder`, in the order of their paths. Raises DataError where a text is not readable, or no sound is there."""
    clips = tuple(_clip(folder, name) for name in sorted(_sounds(folder)))
    if not clips:
        raise DataError(f"There is no sound in {show(folder)}.", "A corpus is a folder of sounds with .txt or .json files beside them.")
    return Corpus(reference=str(folder), folder=folder, clips=clips)


def _sounds(folder: Path) -> Iterator[str]:
    """Yield the paths of the sounds, relative to `folder` and with `/`; hidden ones and those behind links to folders are left out."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if Path(name).suffix.lower() in AUDIO_SUFFIXES and not name.startswith("."):
                yield (Path(place) / name).relative_to(folder).as_posix()


def _clip(folder: Path, audio: str) -> Clip:
    top = audio.split("/", 1)[0].lower()
    bare = Clip(id=audio, split=top if top in SPLITS and "/" in audio else WHOLE, audio=audio)
    text = (folder / audio).with_suffix(".txt")
    if text.is_file():
        return replace(bare, captions=tuple(line for _, line in read_lines(text)))
    described = text.with_suffix(".json")
    return _described(described, bare) if described.is_file() else bare


def _described(path: Path, bare: Clip) -> Clip:
    values = parse_json(path, read_text(path))
    if not isinstance(values, dict):
        fail(path, None, "this is no object with the caption of a sound.")
    (clip,) = read_clips([Row(path, 1, {"tags": values.get("tag")} | values | {"file": bare.audio})])
    return clip if "split" in values else replace(clip, split=bare.split)
