"""What the pocket recipe looks at after each run: retrieval and order on the dev split."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from pocket_data import POLICY, Clip
from pocket_scenes import inner, sentence
from torch import Tensor

from hearken.metrics.ranks import ranks_of_tables
from hearken.metrics.retrieval import average_precision, precision_at
from hearken.models.pocket import PocketAudio, slope_of
from hearken.search.scores import MOMENT_SHARE

Texts = Callable[[list[str]], np.ndarray]
"""Embeds texts (len(texts), D)."""
_NUM_PAIRS = 300
_ORDERS = ("{a}, then {b}", "{a} followed by {b}", "{b} after {a}")


def frames_of_clips(audio: PocketAudio, clips: list[Clip], chunk: int = 1024) -> list[Tensor]:
    """Return the features (K, C) of every clip, chunk by chunk as at run time."""
    rows = []
    with torch.no_grad():
        for clip in clips:
            mel = torch.from_numpy(clip.mel.astype(np.float32))[None]
            rows.append(torch.cat([audio.frames(part) for part in mel.split(chunk, dim=1)], dim=1)[0])
    return rows


def heads(audio: PocketAudio, pieces: list[Tensor], *, slope: bool) -> Tensor:
    """Return one embedding (len(pieces), D) of each piece of features (K, C)."""
    with torch.no_grad():
        pooled = torch.stack([piece.mean(0) for piece in pieces])
        slopes = torch.stack([slope_of(piece[None])[0] for piece in pieces]) if slope else None
        return audio.head(pooled, slopes)


def file_scores(audio: PocketAudio, frames: list[Tensor], queries: np.ndarray, *, slope: bool) -> np.ndarray:
    """Return what a search would score (queries, files): the best of moment and context together."""
    windows = [POLICY.windows(len(rows)) for rows in frames]
    vectors = heads(audio, [rows[a:b] for rows, found in zip(frames, windows, strict=True) for a, b in found], slope=slope).numpy()
    scores, columns, first = queries @ vectors.T, [], 0
    for found in windows:
        part = scores[:, first : first + len(found)]
        first += len(found)
        moments = next((place for place in range(1, len(found)) if found[place][0] == 0), len(found))
        best = part[:, :moments]
        if moments < len(found):
            middles = np.array([(a + b) / 2 for a, b in found[:moments]])
            holds = np.array([[a <= middle <= b for middle in middles] for a, b in found[moments:]])
            context = np.where(holds[None], part[:, moments:, None], -1.0).max(1)
            best = MOMENT_SHARE * best + (1 - MOMENT_SHARE) * context
        columns.append(best.max(1))
    return np.stack(columns, axis=1)


def figures_of(scores: np.ndarray, queries: list[str], clips: list[Clip], known: set[str]) -> dict[str, float]:
    """Return figures of `scores` (queries, clips): the clips with a query's caption are relevant; `known` are the train captions."""
    relevant = np.array([[clip.caption == query for clip in clips] for query in queries])
    often = relevant.sum(axis=1) >= 5
    precision = average_precision(ranks_of_tables(scores, relevant))
    return {
        "mAP": float(precision.mean()),
        "mAP_5plus": float(precision[often].mean()),
        "P@10_5plus": float(precision_at(ranks_of_tables(scores[often], relevant[often]), 10).mean()),
        "mAP_unseen": float(precision[[query not in known for query in queries]].mean()),
        "queries": len(queries),
        "queries_5plus": int(often.sum()),
    }


def order_share(audio: PocketAudio, texts: Texts, frames: list[Tensor], clips: list[Clip]) -> float:
    """Return for how many pairs of clips, one after the other, the text with the right order is nearer than the other."""
    generator = np.random.default_rng(0)
    short = [place for place, rows in enumerate(frames) if len(rows) <= 32]
    joined, right, wrong = [], [], []
    while len(joined) < _NUM_PAIRS:
        one, two = generator.choice(short, 2, replace=False)
        if clips[one].caption == clips[two].caption:
            continue
        joined.append(torch.cat([frames[one], frames[two]]))
        form = _ORDERS[len(joined) % len(_ORDERS)]
        a, b = inner(clips[one].caption), inner(clips[two].caption)
        right.append(sentence(form.format(a=a, b=b)))
        wrong.append(sentence(form.format(a=b, b=a)))
    heard = heads(audio, joined, slope=True).numpy()
    return float(((heard * texts(right)).sum(1) > (heard * texts(wrong)).sum(1)).mean())


def measure_towers(audio: PocketAudio, texts: Texts, clips: list[Clip], known: set[str], *, slope: bool = True) -> dict[str, float]:
    """Return the dev figures of an audio tower and of what embeds `texts`: by whole clips, as a search scores, and with `slope` of order."""
    queries = sorted({clip.caption for clip in clips})
    frames = frames_of_clips(audio, clips)
    asked = texts(queries)
    whole = asked @ heads(audio, frames, slope=slope).numpy().T
    found = figures_of(file_scores(audio, frames, asked, slope=slope), queries, clips, known)
    found["mAP_whole_clip"] = figures_of(whole, queries, clips, known)["mAP"]
    return found | ({"order": order_share(audio, texts, frames, clips)} if slope else {})
