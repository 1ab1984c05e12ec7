"""How likely a hit is what was asked for: what a score of 0.31 means for this query.

A cosine alone does not tell. For "a dog barks" sounds of other things score 0.2 and dogs 0.5; for a query in unusual words the right
sound may score 0.25. So a hit is compared with what the model knows: a bank of *kinds of sounds* (the mean vector of the training
recordings that share a caption), each with the vector of its caption. From it come three things:

* where the scores of known kinds of sounds lie for this query: their mean, spread, and the best ones;
* which kinds the hit sounds like, and how near the captions of these are to the query: a crow is no good answer to "a violin", whatever
  the cosine, if it sounds like crows most of all;
* and how many windows were searched, as the best of many is high by chance.

A logistic regression on these (`FEATURES`) gives the probability. It was fitted by `recipes/pocket_calibration.py` on recordings
that the model in question had not learned from. A model has it in `calibration.json` and `calibration.npy` beside its configuration; they name the
digest of the model that they are for, and are no part of that digest.

Legend: `H` hits, `M` moments, `C` contexts, `S` kinds of sounds, `D` embedding size.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hearken.errors import DigestError, ModelError, show
from hearken.library.blocks import IntArray
from hearken.library.records import DoubleArray
from hearken.library.snapshot import BoolArray
from hearken.types import FloatArray

FORMAT = 1
RECORD, BANK = "calibration.json", "calibration.npy"
FEATURES = ("moment", "context", "around", "mean", "spread", "best", "best_5", "best_20", "alike", "windows")
"""Cosines of the query with the hit's moment, context and surroundings; mean, spread, best, sixth and twenty-first best of its cosines with the
kinds of sounds; mean cosine of the query with the captions of what the hit sounds like; root of the logarithm of the windows searched."""

AROUND = 2  # contexts on either side, 5 s each way for pocket
_SHARPNESS = 0.06  # of the softmax over kinds of sounds; .03 and .12 did as well on held-out training sounds
_MAKE_ANEW = "Make the calibration again (recipes/pocket_calibration.py), remove it, or install the model again."


class Heard(NamedTuple):
    """What is to be judged, all unit length: `moment`, its best `context`, and what is `around` it, each (H, D)."""

    moment: FloatArray
    context: FloatArray
    around: FloatArray


@dataclass(frozen=True, eq=False)
class Calibration:
    """The bank, `sounds` (S, D) with their captions' `words` (S, D), and the regression: a weight for each of `FEATURES`, an `offset`.

    A hit whose confidence is less than `weak_below` counts as weak.
    """

    sounds: FloatArray
    words: FloatArray
    weights: DoubleArray
    offset: float
    weak_below: float

    def confidence(self, query: FloatArray, heard: Heard, num_windows: int) -> DoubleArray:
        """Return the probability (H,) that each sound of `heard` is what `query` (D,) asks for, the best of `num_windows` >= 1 windows."""
        values = features(query, heard, num_windows, self.sounds, self.words) @ self.weights + self.offset
        probability: DoubleArray = 1 / (1 + np.exp(-values))
        return probability


def features(query: FloatArray, heard: Heard, num_windows: int, sounds: FloatArray, words: FloatArray) -> DoubleArray:
    """Return `FEATURES` (H, 10) of the hits in `heard` for `query` (D,), against the bank `sounds` (S, D) and `words` (S, D)."""
    known = np.sort(sounds @ query)[::-1]
    usual = [known.mean(), known.std(), *(known[min(place, len(known) - 1)] for place in (0, 5, 20))]
    tall = np.tile([*usual, math.sqrt(math.log(max(num_windows, 1)))], (len(heard.moment), 1))
    alike = softmax(unit(heard.moment + heard.context) @ sounds.T / _SHARPNESS) @ (words @ query)
    cosines = [part @ query for part in heard]
    return np.column_stack([*cosines, tall[:, :-1], alike, tall[:, -1]]).astype(np.float64)


def hear(query: FloatArray, moments: FloatArray, contexts: FloatArray, holding: IntArray, inside: BoolArray) -> Heard:
    """Return what is heard (H = 1) at the best moment of one file, out of the `moments` (M, D) that are `inside` (M,) its hit, at least one.

    `holding` (M, 2) tells which of its `contexts` (C, D) hold the middle of each moment, as first and one past last. Moments without
    any, as all of models with one scale, are their own contexts.
    """
    if not len(contexts):
        contexts, holding = moments, np.column_stack([np.arange(len(moments)), np.arange(1, len(moments) + 1)])
    own, wide = moments @ query, contexts @ query
    held = np.array([first + int(wide[first:stop].argmax()) for first, stop in holding])
    best = int(np.where(inside, own + wide[held], -np.inf).argmax())
    near = contexts[max(0, held[best] - AROUND) : held[best] + AROUND + 1]
    return Heard(moments[best : best + 1], contexts[held[best] : held[best] + 1], unit(near.mean(axis=0, keepdims=True)))


def unit(vectors: FloatArray) -> FloatArray:
    """Return vectors (·, D) at unit length; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: FloatArray = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def softmax(values: FloatArray) -> FloatArray:
    """Return the softmax of each row of `values` (H, S)."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    shares: FloatArray = powers / powers.sum(axis=1, keepdims=True)
    return shares


def write_calibration(folder: Path, digest: str, made: Calibration, figures: Mapping[str, Any]) -> None:
    """Write `made` into a model's folder, for the model with `digest`; `figures` go along for people to read.

    The bank is kept in 16 bits; vectors of unit length lose nothing that a ranking could tell.
    """
    buffer = io.BytesIO()
    np.save(buffer, np.stack([made.sounds, made.words]).astype(np.float16), allow_pickle=False)
    record = {
        "format": FORMAT,
        "model": digest,
        "files": {BANK: hashlib.sha256(buffer.getvalue()).hexdigest()},
        "weights": dict(zip(FEATURES, made.weights.tolist(), strict=True)),
        "offset": made.offset,
        "weak_below": made.weak_below,
        "figures": figures,
    }
    (folder / BANK).write_bytes(buffer.getvalue())
    (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def read_calibration(folder: Path, digest: str) -> Calibration | None:
    """Return the calibration in a model's folder, or None where there is none for the model with this `digest`.

    One for another digest, or of a newer format, is passed over. Raises ModelError for one that cannot be read, DigestError for a
    bank that is not the one it was written with.
    """
    place = folder / RECORD
    try:
        record = json.loads(place.read_text(encoding="utf-8"))
        if int(record["format"]) > FORMAT or record["model"] != digest:
            return None
        data = (folder / BANK).read_bytes()
        if hashlib.sha256(data).hexdigest() != record["files"][BANK]:
            raise DigestError(f"The file {show(folder / BANK)} is damaged: its SHA-256 is not the one in {RECORD}.", _MAKE_ANEW)
        sounds, words = np.load(io.BytesIO(data), allow_pickle=False).astype(np.float32)
        weights = np.array([float(record["weights"][name]) for name in FEATURES])
        return Calibration(sounds, words, weights, float(record["offset"]), float(record["weak_below"]))
    except FileNotFoundError as error:
        if error.filename == str(place):
            return None
        raise _unreadable(place, error) from error
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise _unreadable(place, error) from error


def calibration_of(model: object) -> Calibration | None:
    """Return the calibration of a loaded model, None where it lies in no folder or has none. Raises as `read_calibration` does."""
    folder, digest = getattr(model, "folder", None), getattr(model, "digest", "")
    return None if folder is None else read_calibration(Path(folder), digest)


def _unreadable(place: Path, error: Exception) -> ModelError:
    return ModelError(f"The calibration {show(place)} cannot be read: {error!r}.", _MAKE_ANEW)
