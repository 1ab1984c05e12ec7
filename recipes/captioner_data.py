"""What the captioner's recipe learns from: pocket's vectors of real recordings, of mixtures of two, and of captions alone.

`shared` is a folder with `audio/metadata.csv`, `audio/train`, `audio/dev` and `captions/`. Only the train split of anything is read for
training; dev clips are read for measuring alone.

Legend: `S` places, `D` embedding size, `R` rows.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hearken.audio.decode import decode
from hearken.caption.heard import heard_of
from hearken.data.scenes.phrases import shipped_phrases
from hearken.runtime.model import Model
from hearken.runtime.pool import FileEmbedder
from hearken.types import EmbeddedFile, FloatArray

MAX_WORDS = 14
_OVERLAPPING, _IN_SEQUENCE = ("and", "as", "with", "while"), ("followed by", "then", "and then", "before")
_MAX_S, _LEAST_S = 10, 0.2


@dataclass(frozen=True)
class Heard:
    """A sound as the decoder reads it, `places` (S, D), and its caption; `license` is that of the recording."""

    places: FloatArray
    caption: str
    file: str = ""
    license: str = ""


def real_sounds(shared: Path, split: str, *, jobs: int = 2) -> list[Heard]:
    """Return the recordings of a split, in the order of the table."""
    rows = [row for row in _rows(shared) if row["split"] == split and (split != "train" or row["train_allowed"] == "yes")]
    embedder = FileEmbedder("pocket")
    paths = [str(shared / "audio" / row["file"]) for row in rows]
    found = {path: reply for path, reply in embedder.embed_files(paths, jobs=jobs) if isinstance(reply, EmbeddedFile)}
    return [
        Heard(heard_of(found[path].vectors), row["caption"], row["file"], row["license"])
        for path, row in zip(paths, rows, strict=True)
        if path in found
    ]


def mixtures(shared: Path, sounds: Sequence[Heard], model: Model, count: int, generator: np.random.Generator) -> list[Heard]:
    """Return `count` mixtures of two recordings with different captions, joined by words as often as real captions use them.

    Two thirds sound at the same time, at levels that differ by 6 dB at most; the others one after the other.
    """
    by_caption: dict[str, list[str]] = {}
    for sound in sounds:
        by_caption.setdefault(sound.caption, []).append(sound.file)
    captions, made = sorted(by_caption), list[Heard]()
    while len(made) < count:
        names = [captions[number] for number in generator.choice(len(captions), 2, replace=False)]
        one, two = (_piece(shared, by_caption[name][generator.integers(len(by_caption[name]))], model.rate_hz) for name in names)
        if min(len(one), len(two)) < _LEAST_S * model.rate_hz:
            continue
        two = two * np.float32(10 ** (generator.uniform(-6, 6) / 20))
        together = generator.random() < 2 / 3
        wave = _laid_over(one, two, generator) if together else np.concatenate([one, two])
        vectors = model.embed([np.clip(wave, -1, 1).astype(np.float32)])
        made.append(Heard(heard_of(vectors), joined(*names, _OVERLAPPING if together else _IN_SEQUENCE, generator)))
    return made


def joined(first: str, second: str, joints: Sequence[str], generator: np.random.Generator) -> str:
    """Return two captions as one, with one of `joints` between them, drawn by how often real captions have it."""
    weights = np.array([shipped_phrases().joints[joint] for joint in joints], float)
    joint = joints[generator.choice(len(joints), p=weights / weights.sum())]
    return f"{first.rstrip('.')} {joint} {second[0].lower()}{second[1:]}"


def plain_captions(shared: Path) -> list[str]:
    """Return AudioCaps' train captions (MIT) of at most MAX_WORDS words."""
    with open(shared / "captions" / "audiocaps" / "v1" / "train.csv", newline="", encoding="utf-8") as file:
        captions = {row["caption"].strip() for row in csv.DictReader(file)}
    return sorted(caption for caption in captions if 0 < len(caption.split()) <= MAX_WORDS)


def text_vectors(texts: Sequence[str], model: Model, cache: Path) -> FloatArray:
    """Return pocket's vectors (R, D) of texts; they are kept in `cache`, for they take minutes."""
    stored = cache / "texts.npz"
    key = json.dumps([model.digest, *texts])
    if stored.exists():
        kept = np.load(stored)
        if str(kept["key"]) == key:
            return np.array(kept["vectors"])
    vectors = np.concatenate([model.encode_text(texts[start : start + 256]) for start in range(0, len(texts), 256)])
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(stored, vectors=vectors, key=np.array(key))
    return vectors


def _rows(shared: Path) -> list[dict[str, str]]:
    with open(shared / "audio" / "metadata.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _piece(shared: Path, file: str, rate_hz: int) -> FloatArray:
    """The first seconds of a recording at one loudness: the level below which 95 % of its samples are is 0.1."""
    samples = decode(shared / "audio" / file, rate_hz=rate_hz).samples[: _MAX_S * rate_hz]
    level = float(np.quantile(np.abs(samples), 0.95)) if len(samples) else 1.0
    return (samples * (0.1 / (level + 1e-4))).astype(np.float32)


def _laid_over(one: FloatArray, two: FloatArray, generator: np.random.Generator) -> FloatArray:
    """Two sounds added, the shorter at a drawn place of the longer."""
    wave = np.zeros(max(len(one), len(two)), np.float32)
    for sound in (one, two):
        start = int(generator.integers(0, len(wave) - len(sound) + 1))
        wave[start : start + len(sound)] += sound
    return wave
