"""What a smoke run learns from: a few sounds with captions, as a table on disk with everything else that a recipe may ask for.

With a corpus, the sounds are its own (of the split `train`, where it has one); without, they are imitations made from numbers, as
`hearken demo` has them. What is written is always the same for the same corpus, so that a smoke run can be gone on with.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hearken.audio.sounds import synthesise
from hearken.audio.synth import save_wav
from hearken.data.clip import Clip, Corpus
from hearken.data.load import load
from hearken.data.locate import locate
from hearken.errors import MissingDataError, show
from hearken.files import write_whole

NUM_TRAIN, NUM_VALIDATION, NUM_TEST = 6, 3, 3
NUM_DOUBLED = 2
"""So many of the clips to train on have a second caption: eight pairs of six clips."""
MAX_CLIP_S = 30.0
WORD_DIM = 300
_SEED = 5
_NUM_VARIATIONS = 3
_CAPTIONS = {  # those that take little time to make
    "rain": "Rain is falling on a roof.", "sea_waves": "Waves come in at a beach.", "dog_bark": "A dog barks twice.",
    "heartbeat": "A heart is beating.", "drum_beat": "Somebody plays the drums.", "ticking_clock": "A clock is ticking.",
    "campfire": "A fire crackles.", "telephone": "An old telephone rings.", "steam": "Steam is let off.",
    "alarm_clock": "An alarm clock beeps.", "glass_clink": "Two glasses touch.", "wind_chime": "A wind chime sounds.",
}  # fmt: skip


@dataclass(frozen=True)
class Material:
    """Files of a smoke run: the `table` of its clips, `variations` of their captions, `words` with vectors."""

    table: Path
    variations: Path
    words: Path


def write_material(folder: Path, corpus: str | None = None) -> Material:
    """Write the material of smoke runs on `corpus` (None: imitated sounds) below `folder`, unless it is there, and return it.

    Raises what `load` and `locate` raise, and MissingDataError where fewer than a dozen of the corpus' clips can be used.
    """
    name = hashlib.sha256(os.fsencode(os.path.abspath(corpus) if corpus and os.path.exists(corpus) else corpus or "")).hexdigest()[:16]
    place = folder / name
    material = Material(place / "clips.jsonl", place / "variations.json", place / "words.npz")
    if material.table.is_file():  # the last that is written
        return material
    place.mkdir(parents=True, exist_ok=True)
    found = _imitated(place / "sounds") if corpus is None else _chosen(load(corpus), corpus)
    rows = _rows(found)
    captions = [str(caption) for row in rows for caption in row["captions"]]  # type: ignore[attr-defined]
    write_whole(material.variations, _variations(rows))
    with material.words.open("wb") as stream:
        np.savez(stream, **_words(captions))  # type: ignore[arg-type]
    write_whole(material.table, "".join(json.dumps(row) + "\n" for row in rows).encode())
    return material


def _imitated(folder: Path) -> list[tuple[str, str]]:
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name, caption in _CAPTIONS.items():
        path = folder / f"{name}.wav"
        save_wav(path, synthesise(name))
        found.append((str(path.absolute()), caption))
    return found


def _chosen(corpus: Corpus, name: str) -> list[tuple[str, str]]:
    """Return file and caption of the first clips of a corpus that can be used; where it has a split `train`, of that alone."""
    clips = [clip for clip in corpus.clips if clip.split == "train"] or list(corpus.clips)
    places = locate(corpus)
    wanted = NUM_TRAIN + NUM_VALIDATION + NUM_TEST
    found = [(str(places[clip.id].absolute()), clip.captions[0]) for clip in clips if _is_usable(clip) and clip.id in places]
    if len(found) < wanted:
        raise MissingDataError(
            f"{show(name)} has {len(found)} clips with a caption and a sound of at most {MAX_CLIP_S:g} s here; a smoke run needs {wanted}.",
            "Leave the corpus out: then sounds are made for it.",
        )
    return found[:wanted]


def _is_usable(clip: Clip) -> bool:
    return bool(clip.captions) and (clip.duration_s is None or clip.duration_s <= MAX_CLIP_S)


def _rows(found: list[tuple[str, str]]) -> list[dict[str, object]]:
    splits = ["train"] * NUM_TRAIN + ["validation"] * NUM_VALIDATION + ["test"] * NUM_TEST
    rows: list[dict[str, object]] = []
    for number, ((file, caption), split) in enumerate(zip(found, splits, strict=True)):
        captions = [caption, f"One can hear this: {caption}"] if number < NUM_DOUBLED else [caption]
        rows.append({"file": file, "split": split, "captions": captions, "title": Path(file).stem, "description": caption})
    return rows


def _variations(rows: Iterable[dict[str, object]]) -> bytes:
    """Return variations of every caption, for the table whose clips have the name of their file as id."""
    found = [
        {"clip": row["file"], "caption": caption, "variations": [f"{caption} ({number})" for number in range(_NUM_VARIATIONS)]}
        for row in rows
        for caption in row["captions"]  # type: ignore[attr-defined]
    ]
    return json.dumps(found).encode()


def _words(captions: Iterable[str]) -> dict[str, np.ndarray]:
    words = sorted({word for caption in captions for word in re.findall(r"[a-z]+", caption.lower())})
    vectors = np.random.default_rng(_SEED).normal(size=(len(words), WORD_DIM)).astype(np.float32)
    return {"words": np.array(words), "vectors": vectors}
