"""How the captioner's options are chosen on train: by banks that lack the sounds, or the captions, that they are asked about.

Legend: `N` clips, `C` captions, `D` embedding size, `S` places of a sound: its own vector, then those of its windows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from caption_figures import Sentences, goodness, items
from caption_texts import Clip
from numpy.typing import NDArray

from hearken.caption.patterns import Bank, Joining, caption_of
from hearken.types import FloatArray

Encode = Callable[[Sequence[str]], FloatArray]
"""Texts to their vectors (len(texts), D)."""
_FEW = 20
NEVER = 9.0  # a margin that no window reaches
MARGINS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, NEVER)


@dataclass(frozen=True)
class Settings:
    """All numbers of the recipe; `training.json` records them. `most_joined`: the share of sounds with one event that two may be told of."""

    seed: int = 7
    folds: int = 5
    shares: tuple[float, ...] = (0.3, 0.5, 0.7)
    bonuses: tuple[float, ...] = (0.0, 0.05, 0.1)
    extras: tuple[int, ...] = (0, 2000, 4000)
    apart: float = 0.93
    apart_known: float = 0.95
    most_joined: float = 0.0
    mixtures: int = 240


@dataclass(frozen=True)
class Sounds:
    """Clips (N) and what is heard of each: places (S, D)."""

    clips: tuple[Clip, ...]
    heard: tuple[FloatArray, ...]

    def only(self, which: NDArray[np.bool_]) -> Sounds:
        """Return those of the clips that `which` (N,) says."""
        chosen = np.flatnonzero(which).tolist()
        return Sounds(tuple(self.clips[i] for i in chosen), tuple(self.heard[i] for i in chosen))

    @property
    def captions(self) -> list[str]:
        """The caption of each clip."""
        return [clip.caption for clip in self.clips]


def bank_of(sounds: Sounds, extra: Sequence[str], words: Encode) -> Bank:
    """Return the bank of the captions of `sounds` with their recordings, and of `extra` captions without any."""
    captions = sorted(set(sounds.captions))
    owners = np.array([captions.index(caption) for caption in sounds.captions])
    order = np.argsort(owners, kind="stable")
    heard = np.stack([places[0] for places in sounds.heard])[order]
    return Bank((*captions, *extra), words((*captions, *extra)), heard, owners[order])


def nearest(bank: Bank, heard: Sequence[FloatArray]) -> tuple[list[str], FloatArray]:
    """Return the caption of each sound by its own vector alone, and how well it fits (N,)."""
    scores = bank.scores(np.stack([places[0] for places in heard]))
    return [bank.texts[place] for place in scores.argmax(axis=1)], scores.max(axis=1)


@dataclass(frozen=True)
class Fold:
    """A bank of all but the sounds `left_out`, with as many extra captions as any choice needs, the last `num_extra` of its texts."""

    bank: Bank
    num_extra: int
    left_out: NDArray[np.int64]

    def with_options(self, share: float, bonus: float, extra: int) -> Bank:
        """Return the bank with these options."""
        keep = len(self.bank.texts) - self.num_extra + min(extra, self.num_extra)
        return replace(self.bank, texts=self.bank.texts[:keep], words=self.bank.words[:keep], examples_share=share, words_bonus=bonus)


def folds_by(keys: Sequence[str], count: int, seed: int) -> NDArray[np.int64]:
    """Return the fold (N,) of each clip; clips of one key are in one fold."""
    unique, places = np.unique(np.array(keys), return_inverse=True)
    return np.asarray((np.random.default_rng(seed).permutation(len(unique)) % count)[places])


def of_folds(train: Sounds, folds: Sequence[Fold], options: tuple[float, float, int]) -> tuple[list[str], list[str], FloatArray]:
    """Return candidates, references and scores of all clips, each by the bank that lacks it."""
    candidates: list[str] = []
    references: list[str] = []
    scores: list[FloatArray] = []
    for fold in folds:
        texts, fit = nearest(fold.with_options(*options), [train.heard[i] for i in fold.left_out])
        candidates += texts
        references += [train.clips[i].caption for i in fold.left_out]
        scores.append(fit)
    return candidates, references, np.concatenate(scores)


def choose_options(
    train: Sounds, folds: dict[str, list[Fold]], chosen: Settings, sentences: Sentences
) -> tuple[tuple[float, float, int], list[dict[str, Any]]]:
    """Return (share, bonus, extra) with the best mean goodness of both kinds of folds, and the table of all that were tried.

    Share and bonus are chosen with as many extra captions as there may be, then their number.
    """
    rows: list[dict[str, Any]] = []

    def best_of(grid: Iterable[tuple[float, float, int]]) -> tuple[float, float, int]:
        for share, bonus, extra in grid:
            found = {kind: goodness(*of_folds(train, each, (share, bonus, extra))[:2], sentences) for kind, each in folds.items()}
            rows.append({"share": share, "bonus": bonus, "extra": extra, **found, "mean": sum(found.values()) / len(found)})
            print(json.dumps(rows[-1]), flush=True)
        best = max(rows, key=lambda row: row["mean"])
        return best["share"], best["bonus"], best["extra"]

    share, bonus, most = best_of(product(chosen.shares, chosen.bonuses, [max(chosen.extras)]))
    return best_of((share, bonus, extra) for extra in chosen.extras if extra != most), rows


def unsure_below(scores: FloatArray, right: NDArray[np.bool_], share: float = 1 / 3) -> float:
    """Return the highest score, in hundredths, below which fewer than `share` of the captions are right; 0 where there is none."""
    for hundredths in range(100, 0, -1):
        below = scores < hundredths / 100
        if below.sum() >= _FEW and right[below].mean() < share:
            return hundredths / 100
    return 0.0


@dataclass(frozen=True)
class Mixture:
    """Two clips of one fold that were really mixed: what is heard of them, and both captions in one sentence."""

    fold: int
    heard: FloatArray
    caption: str


def choose_margin(
    train: Sounds, folds: dict[str, list[Fold]], mixtures: Sequence[Mixture], options: tuple[float, float, int], chosen: Settings,
    sentences: Sentences,
) -> tuple[float, list[dict[str, float]]]:  # fmt: skip
    """Return the smallest margin by which no more than `most_joined` of sounds with one event, long enough for two, get two; and the table of all."""
    banks = {kind: [fold.with_options(*options) for fold in each] for kind, each in folds.items()}
    groups = {
        kind: [(bank, train.heard[i], train.clips[i].caption) for fold, bank in zip(each, banks[kind], strict=True) for i in fold.left_out]
        for kind, each in folds.items()
    }
    groups = {f"one event, {kind}": [row for row in group if len(row[1]) > 2] for kind, group in groups.items()}
    groups["mixtures"] = [(banks["known"][each.fold], each.heard, each.caption) for each in mixtures]
    rows: list[dict[str, float]] = [{"margin": margin} for margin in MARGINS]
    for name, group in groups.items():
        for row, texts, share in zip(rows, *_by_margin([(bank, heard) for bank, heard, _ in group]), strict=True):
            found = items(texts, [caption for *_, caption in group], sentences)
            row.update({f"{name}: {metric}": float(values.mean()) for metric, values in found.items()} | {f"{name}: joined": share})
    return next(row["margin"] for row in rows if all(row[f"one event, {kind}: joined"] <= chosen.most_joined for kind in folds)), rows


def _by_margin(sounds: Sequence[tuple[Bank, FloatArray]]) -> tuple[list[list[str]], list[float]]:
    """Return, for each of MARGINS, the captions of `sounds` and the share of joined ones; what one margin leaves alone, larger ones do too."""
    alone = [caption_of(bank, heard[:1], Joining(NEVER)).text for bank, heard in sounds]
    texts, found, shares = [""] * len(sounds), [], []
    for margin in MARGINS:
        texts = [
            one if before == one else caption_of(bank, heard, Joining(margin)).text
            for (bank, heard), one, before in zip(sounds, alone, texts, strict=True)
        ]
        found.append(texts)
        shares.append(float(np.mean([one != two for one, two in zip(texts, alone, strict=True)])))
    return found, shares
