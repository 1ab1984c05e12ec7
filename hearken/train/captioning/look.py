"""How good a captioner is on clips that it does not learn from: how well it foresees their captions, and what it writes itself.

Sounds are heard whole or from their start, nothing is drawn, and captions are greedy, so the same weights give the same figures.

Legend: `N` clips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from hearken.errors import DataError, show
from hearken.metrics.captioning.cider_d import cider_d
from hearken.models.captioner import Captioner
from hearken.models.decoder import Heard
from hearken.train.captioning.lesson import lesson, token_loss
from hearken.train.captioning.write import captions
from hearken.train.feed.held_out import HeldOut
from hearken.train.step import autocast, exact
from hearken.train.validate import evaluating, grouped, padded

_CAPTIONS_AT_ONCE = 32


@torch.no_grad()
def look(
    captioner: Captioner, loss: nn.Module, held_out: HeldOut, *, precision: str = "32", stop: Callable[[], bool] = bool
) -> dict[str, float]:
    """Return `CIDEr-D` of the greedy captions (0 to 10) and the mean `loss` of a token over all captions of all clips.

    Every caption of a clip is a reference. `stop` may break it off with KeyboardInterrupt. Raises DataError when not one clip can be read.
    """
    references = references_of(held_out)
    device = next(captioner.parameters()).device
    written: list[str] = []
    known: list[tuple[str, ...]] = []
    total, count = 0.0, 0
    with evaluating(captioner), evaluating(loss):
        for group in grouped(held_out.sounds()):
            if stop():
                raise KeyboardInterrupt
            of_group = [references[number] for number, _ in group]
            wave, lengths = padded([samples for _, samples in group])
            with autocast(device, precision):
                heard = captioner.hear(wave.to(device), lengths)
                written += captions(captioner, heard)
                some = _losses(captioner, loss, heard, of_group)
            known += of_group
            total, count = total + some[0], count + some[1]
    pairs = [(mine, theirs) for mine, theirs in zip(written, known, strict=True) if theirs]
    if not pairs:
        raise DataError(f"None of the {len(held_out.clips)} clips of {show(held_out.name)} can be read.", "`hearken data check` says why.")
    score = cider_d([mine for mine, _ in pairs], [theirs for _, theirs in pairs]).value
    return {"CIDEr-D": score, "loss": total / max(1, count)}


def references_of(held_out: HeldOut) -> list[tuple[str, ...]]:
    """Return the captions of each clip (N)."""
    columns = held_out.relevant.T
    return [tuple(held_out.queries[number] for number in np.flatnonzero(column).tolist()) for column in columns]


def _losses(captioner: Captioner, loss: nn.Module, heard: Heard, references: Sequence[Sequence[str]]) -> tuple[float, int]:
    """The sum of the loss over the tokens of all references, and how many these are."""
    pairs = [(row, text) for row, texts in enumerate(references) for text in texts]
    total, count, device = 0.0, 0, heard.values.device
    for start in range(0, len(pairs), _CAPTIONS_AT_ONCE):
        some = pairs[start : start + _CAPTIONS_AT_ONCE]
        taught = lesson(captioner.vocabulary, [text for _, text in some]).to(device)
        logits = captioner(taught.tokens, heard.rows(torch.tensor([row for row, _ in some], device=device)), taught.padding)
        of_some, num = token_loss(loss, exact(logits), taught)
        total, count = total + float(of_some), count + int(num)
    return total, count
