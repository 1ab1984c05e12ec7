"""Captions without a decoder: the nearest of many real captions, and two of them joined as people join events.

A bank holds captions with their text vectors, and for those that recordings are known of the vectors of such recordings. A sound is
compared with both (one space); the best caption wins. Where some windows plainly hold something else, its caption is joined to the
first by the words that real captions use most (`hearken/data/scenes`): 'followed by' in sequence, 'as' at the same time.

Legend: `C` captions, `R` recordings, `D` embedding size, `S` places of a sound: its own vector, then those of its windows.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hearken.caption.decoding import Decoding
from hearken.caption.folder import CaptionerFolder, read_folder
from hearken.caption.heard import MadeCaption
from hearken.data.scenes.clause import parse_clause
from hearken.data.scenes.phrases import Phrases, shipped_phrases
from hearken.errors import InputError, ModelError, show
from hearken.types import FloatArray


@dataclass(frozen=True)
class Bank:
    """Real captions: `texts`, their vectors `words` (C, D); and `sounds` (R, D), recordings in the order of their caption, `owners` (R,).

    All vectors have unit length, all are of one dual encoder. `examples_share` is how much the nearest recording of a caption counts
    beside its words; `words_bonus` is what a caption without recordings gets on top of its cosine, which is the lower of the two kinds.
    """

    texts: tuple[str, ...]
    words: FloatArray
    sounds: FloatArray
    owners: NDArray[np.int64]
    examples_share: float = 0.5
    words_bonus: float = 0.05

    def scores(self, places: FloatArray) -> FloatArray:
        """Return how well each caption fits each of `places` (S, D): (S, C)."""
        fit: FloatArray = places @ self.words.T + np.float32(self.words_bonus)
        if len(self.owners):
            known, starts = np.unique(self.owners, return_index=True)
            nearest = np.maximum.reduceat(places @ self.sounds.T, starts, axis=1)
            share = np.float32(self.examples_share)
            fit[:, known] = share * nearest + (1 - share) * (fit[:, known] - np.float32(self.words_bonus))
        return fit


@dataclass(frozen=True)
class Joining:
    """When a second caption is told: it fits some window better than the first by `margin`, and their words' cosine is below `apart`."""

    margin: float = 0.15
    apart: float = 0.5


class PatternCaptioner:
    """The captioner in `folder`, of design ``patterns``; the seam of `captioner.OnnxCaptioner`; it searches no words, so that `decoding` changes nothing."""

    def __init__(self, folder: Path | CaptionerFolder) -> None:
        self._folder = folder if isinstance(folder, CaptionerFolder) else read_folder(Path(folder))
        self.name, self.digest, self.model_digest = self._folder.name, self._folder.digest, self._folder.model_digest
        self.unsure_below = self._folder.unsure_below

    def captions(self, heard: Sequence[FloatArray], decoding: Decoding | None = None) -> list[MadeCaption]:  # noqa: ARG002 - the seam's
        """Return a caption for each of `heard`, places (S, D) as `heard_of` makes them; the score is how well the first event fits, 0 to 1.

        Raises InputError for places of another size, ModelError where the bank is damaged.
        """
        for places in heard:
            if places.ndim != 2 or not len(places) or places.shape[1] != self._folder.dim:
                raise InputError(f"The captioner {show(self.name)} cannot read vectors of shape {places.shape}.")
        return [caption_of(self._bank, places, self._joining) for places in heard]

    def warm(self) -> None:
        """Load and check it now rather than at the first sound. Raises ModelError."""
        self._bank  # noqa: B018 - a cached property

    @property
    def _joining(self) -> Joining:
        return Joining(**self._folder.config.get("patterns", {}))

    @cached_property
    def _bank(self) -> Bank:
        try:
            return read_bank(self._folder.read("bank.json"), self._folder.read("bank.npy"), self._folder.dim)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ModelError(f"The bank of captions in {show(self._folder.path)} cannot be read: {error}.") from error


def caption_of(bank: Bank, places: FloatArray, joining: Joining, phrases: Phrases | None = None) -> MadeCaption:
    """Return the caption of a sound with `places` (S, D), by `bank`; `phrases` are counts of function words (None: those that are shipped)."""
    scores = bank.scores(places)
    first = int(scores[0].argmax())
    score = float(scores[0, first])
    windows = scores[1:]
    if len(windows) < 2:
        return MadeCaption(bank.texts[first], score)
    gains = windows - windows[:, [first]]
    gains[:, bank.words @ bank.words[first] >= joining.apart] = -np.inf
    second = int(gains.max(axis=0).argmax())
    if gains[:, second].max() < joining.margin:
        return MadeCaption(bank.texts[first], score)
    order = order_of(gains[:, second] > 0)
    pair = (bank.texts[second], bank.texts[first]) if order < 0 else (bank.texts[first], bank.texts[second])
    return MadeCaption(joined(*pair, phrases or shipped_phrases(), in_sequence=order != 0), score)


def order_of(is_second: NDArray[np.bool_]) -> int:
    """Return 1 where the second event holds the last windows (N,) and no others, -1 where it holds the first ones, 0 for all else."""
    changes = int(np.count_nonzero(np.diff(is_second)))
    if changes != 1:
        return 0
    return 1 if is_second[-1] else -1


def joined(first: str, second: str, phrases: Phrases, *, in_sequence: bool) -> str:
    """Return one sentence about two events: the second after the first, or (not `in_sequence`) at the same time.

    Of the words that can join them, those that real captions use most are taken. What cannot be joined stays as two sentences.
    """
    one, two = parse_clause(first), parse_clause(second)
    if one.is_whole or two.is_whole:
        return f"{_sentence(one.text)} {'Then' if in_sequence else 'At the same time,'} {two.text}."
    allowed = ("followed by", "then", "and then") if in_sequence else ("as", "while")
    joint = max(allowed, key=lambda word: phrases.joints.get(word, 0))
    ending = two.noun if joint == "followed by" else two.progressive or two.simple
    return _sentence(f"{one.progressive or one.simple} {joint} {ending}")


def read_bank(table: bytes, vectors: bytes, dim: int) -> Bank:
    """Return the bank of `bank.json` (captions, owners, examples_share, words_bonus) and `bank.npy` ((C + R, D) int8).

    Raises ValueError, KeyError or TypeError for what does not fit together.
    """
    value = json.loads(table)
    texts, owners = tuple(" ".join(str(text).split()) for text in value["captions"]), np.array(value["owners"], np.int64)
    rows = np.load(io.BytesIO(vectors), allow_pickle=False)
    if rows.shape != (len(texts) + len(owners), dim) or not texts or (np.diff(owners) < 0).any():
        raise ValueError(f"{rows.shape} for {len(texts)} captions and {len(owners)} recordings of size {dim}")
    if len(owners) and not 0 <= owners[0] <= owners[-1] < len(texts):
        raise ValueError("a recording of no caption")
    unit = rows.astype(np.float32)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-9)
    return Bank(texts, unit[: len(texts)], unit[len(texts) :], owners, float(value["examples_share"]), float(value["words_bonus"]))


def write_bank(bank: Bank) -> tuple[bytes, bytes]:
    """Return `bank.json` and `bank.npy`, which `read_bank` takes; vectors are rounded to 8 bits (cosine to the original over 0.999)."""
    table = {
        "captions": list(bank.texts), "owners": bank.owners.tolist(),
        "examples_share": bank.examples_share, "words_bonus": bank.words_bonus,
    }  # fmt: skip
    rows = np.concatenate([bank.words, bank.sounds])
    rows = np.rint(rows * (127 / np.abs(rows).max(axis=1, keepdims=True))).astype(np.int8)
    buffer = io.BytesIO()
    np.save(buffer, rows, allow_pickle=False)
    return json.dumps(table, ensure_ascii=False).encode(), buffer.getvalue()


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
