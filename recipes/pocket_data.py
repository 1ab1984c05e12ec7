"""What the pocket recipe trains on: clips with captions, captions with tags, and plain captions.

`shared` is a folder with `audio/metadata.csv`, `audio/train`, `audio/dev`, `weights/` and `captions/`. Only the train
split of anything is read for training; dev clips are read for measuring alone.

Legend: `L` spectrogram frames, `F` mel bands, `K` feature frames of 32 spectrogram frames, `B` batch, `M` tags.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hearken.audio.decode import decode
from hearken.audio.length import LengthPolicy
from hearken.audio.melspec import PASST_MEL, log_mel
from hearken.types import FloatArray

FRONT_END = PASST_MEL
POLICY = LengthPolicy(
    rate_hz=32_000, frame_num_samples=10_240, chunk_num_samples=327_680,
    window_num_frames=4, hop_num_frames=2, context_num_frames=16, context_hop_num_frames=8,
)  # fmt: skip
FRAME = POLICY.frame_num_samples // FRONT_END.hop  # spectrogram frames in one feature frame
CROPS = (1, 2, 4, 8, 16, 32)  # lengths, in feature frames, that clips are cropped to, so that batches need no padding
BATCH_SIZES = (16, 4, 1)  # few shapes of batches: the convolution library plans each new shape anew, which costs more than running it


@dataclass(frozen=True)
class Clip:
    """One recording: its caption, and its log-mel (L, F) float16, L a multiple of 32."""

    file: str
    caption: str
    group: str
    license: str
    mel: np.ndarray


@dataclass(frozen=True)
class Item:
    """A piece of training sound: log-mel (L, F) float32, and the indices of the clips in it."""

    mel: FloatArray
    members: tuple[int, ...]


@dataclass(frozen=True)
class Batch:
    """Log-mels of one length (B, L, F) float32, and of each the clips (one, or two mixed) that it is made of."""

    mel: FloatArray
    members: tuple[tuple[int, ...], ...]


def load_clips(shared: Path, split: str, cache: Path) -> list[Clip]:
    """Return the clips of `split` (train or dev), decoding each once: log-mels are kept in `cache`, by the names of the files."""
    with open(shared / "audio" / "metadata.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    if split == "train":
        rows = [row for row in rows if row["train_allowed"] == "yes"]
    stored = cache / f"{split}.npz"
    mels: dict[str, np.ndarray] = dict(np.load(stored)) if stored.exists() else {}
    if new := {row["file"]: clip_mel(shared / "audio" / row["file"]) for row in rows if row["file"] not in mels}:
        mels |= new
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(stored, **mels)  # type: ignore[arg-type]
    return [Clip(row["file"], row["caption"], row["group"], row["license"], mels[row["file"]]) for row in rows]


def fold_of(group: str, num_folds: int = 5) -> int:
    """Return the fold of an original recording, by its name alone."""
    return zlib.crc32(group.encode()) % num_folds


def clip_mel(path: Path) -> np.ndarray:
    """Return the log-mel (L, F) float16 of a file, chunk by chunk as at run time."""
    samples = decode(path, rate_hz=FRONT_END.rate_hz).samples
    chunks = (log_mel(POLICY.pad(chunk), FRONT_END) for chunk in POLICY.chunks([samples]))
    return np.concatenate(list(chunks)).astype(np.float16)


def tag_names(shared: Path) -> list[str]:
    """Return the 527 AudioSet names in the tagger's order."""
    with open(shared / "weights" / "audioset" / "class_labels_indices.csv", newline="", encoding="utf-8") as file:
        return [row["display_name"] for row in csv.DictReader(file)]


def synsets(shared: Path) -> Iterator[dict[str, Any]]:
    """Yield the synsets of the Open English WordNet: among others `lex`, `lemmas` and the gloss `defn`."""
    with gzip.open(shared / "weights" / "wordnet" / "oewn_synsets.jsonl.gz", "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def plain_captions(shared: Path) -> list[str]:
    """Return captions whose licence lets a shipped model learn from them: AudioCaps train and WavText5K, both MIT."""
    with open(shared / "captions" / "audiocaps" / "v1" / "train.csv", newline="", encoding="utf-8") as file:
        captions = [row["caption"] for row in csv.DictReader(file)]
    with open(shared / "captions" / "wavtext5k" / "WavText5K.csv", newline="", encoding="utf-8") as file:
        captions += [text for row in csv.DictReader(file) for text in (row["title"], row["description"]) if text]
    return sorted({caption.strip() for caption in captions if caption.strip()})


def epoch_batches(clips: list[Clip], size: int, *, mix: float, seed: int, epoch: int) -> Iterator[list[Batch]]:
    """Yield the steps of one epoch, each a list of equal-length batches that together hold about `size` clips.

    A pure function of (seed, epoch). A share `mix` of the clips also appears mixed with another clip of the step, of another
    caption (PairMix in the mel domain, Kim et al. 2022, here with a level ratio instead of a beta weight).
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(clips))
    for start in range(0, len(order) - size // 2, size):
        chosen = order[start : start + size]
        items = [_crop(clips[i].mel, generator, int(i)) for i in chosen]
        for first in generator.choice(len(chosen), int(mix * len(chosen)), replace=False):
            other = items[generator.integers(len(chosen))]
            if clips[other.members[0]].caption != clips[items[first].members[0]].caption:
                items.append(_mix(items[first], other, generator))
        yield _group([replace(item, mel=_augment(item.mel, generator)) for item in items])


def _crop(mel: np.ndarray, generator: np.random.Generator, index: int) -> Item:
    """Cut anywhere, not only where feature frames begin: such shifts cost nothing and keep sounds from being learned by heart."""
    wanted = max(length for length in CROPS if length <= len(mel) // FRAME)
    return Item(POLICY.crop(mel, wanted * FRAME, generator).astype(np.float32), (index,))


def _mix(one: Item, two: Item, generator: np.random.Generator) -> Item:
    """Add two sounds' mel energies, the second at a random level (± 6.5 dB) and, where it is shorter, at a random place."""
    base, other = one.mel.copy(), two.mel
    length = min(len(base), len(other))
    place, cut = int(generator.integers(len(base) - length + 1)), int(generator.integers(len(other) - length + 1))
    level = float(generator.uniform(-1.5, 1.5)) / FRONT_END.divide
    part = base[place : place + length]
    np.copyto(part, np.logaddexp(part * FRONT_END.divide, (other[cut : cut + length] + level) * FRONT_END.divide) / FRONT_END.divide)
    return Item(base, one.members + two.members)


def _augment(mel: FloatArray, generator: np.random.Generator) -> FloatArray:
    """Random gain (± 8.7 dB) and one small mask in time and frequency (SpecAugment)."""
    floor = (np.log(FRONT_END.log_floor) + FRONT_END.shift) / FRONT_END.divide
    mel = np.maximum(mel + np.float32(generator.uniform(-2.0, 2.0) / FRONT_END.divide), np.float32(floor))
    bands, frames = int(generator.integers(0, 17)), int(generator.integers(0, len(mel) // 8 + 1))
    band, frame = int(generator.integers(mel.shape[1] - bands)), int(generator.integers(len(mel) - frames))
    mel[:, band : band + bands] = 0.0
    mel[frame : frame + frames] = 0.0
    return mel


def _group(items: list[Item]) -> list[Batch]:
    batches = []
    for length in sorted({len(item.mel) for item in items}):
        alike = [item for item in items if len(item.mel) == length]
        while alike:
            count = next(size for size in BATCH_SIZES if size <= len(alike))
            part, alike = alike[:count], alike[count:]
            batches.append(Batch(np.stack([item.mel for item in part]), tuple(item.members for item in part)))
    return batches
