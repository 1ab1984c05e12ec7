"""Losses of a captioner: cross-entropy of the next token, by itself and with smoothed labels.

Label smoothing (Szegedy et al. 2016, section 7) asks for the right token with 1 - s and for each other with s / (V - 1), so that no token is
ever certain; ACT (Mei et al. 2021) trains with s = 0.1. Equal to `LabelSmoothingLoss` of XinhaoMei/ACT, `tools/utils.py`, which also says what
an ignored token means there: rows that it is the target of add nothing, no row is asked for it, and the mean still runs over all rows, so that
the loss shrinks as a batch holds more padding. `average="counted"`, which is the default, divides by the rows that count.

Legend: `N` rows (tokens of all captions of a batch), `V` vocabulary.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from hearken.errors import InputError

Average = Literal["counted", "rows"]


class LabelSmoothing(nn.Module):
    """Cross-entropy against labels smoothed by `smoothing` (0 to below 1); see above.

    `ignore` is a token that is never asked for (None: there is none). `average` says what the sum over rows is divided by: the rows that count,
    or all as in ACT's code. Raises InputError for other values.
    """

    def __init__(self, smoothing: float = 0.1, ignore: int | None = None, average: Average = "counted") -> None:
        super().__init__()
        if not 0.0 <= smoothing < 1.0:
            raise InputError(f"Labels are smoothed by at least 0 and less than 1, not by {smoothing}.")
        if average not in ("counted", "rows"):
            raise InputError(f"A loss of captions is no mean over {average!r}.", "One of counted, rows.")
        if ignore is not None and ignore < 0:
            raise InputError(f"The token to be ignored is a number of the vocabulary, not {ignore}.")
        self.smoothing, self.ignore, self.average = float(smoothing), ignore, average

    def forward(self, logits: Tensor, targets: Tensor, counted: Tensor | None = None) -> Tensor:
        """Return the loss () of `logits` (N, V) for the tokens `targets` (N,), in float32 even where autocast is on.

        `counted` (N,) is true for rows that count (None: all do); where a caption's end also fills a batch up, as in ACT's files, only this
        can tell the end from what is behind it. A batch in which no row counts has loss zero. Raises InputError for other shapes.
        """
        if logits.ndim != 2 or targets.shape != logits.shape[:1] or (counted is not None and counted.shape != targets.shape):
            raise InputError(
                f"A loss of captions takes rows of scores and one token for each, not shapes {_shapes(logits, targets, counted)}."
            )
        with torch.autocast(logits.device.type, enabled=False):
            wide = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
            rows = torch.ones_like(targets, dtype=torch.bool) if counted is None else counted.bool()
            rows = rows if self.ignore is None else rows & (targets != self.ignore)
            total = (self._of_rows(wide.log_softmax(-1), targets) * rows).sum()
            return total / self._divisor(rows)

    def _of_rows(self, log_probabilities: Tensor, targets: Tensor) -> Tensor:
        """The loss (N,) of each row: the right token apart, all others together."""
        right = log_probabilities.gather(1, targets[:, None])[:, 0]
        if not self.smoothing:
            return -right
        others = log_probabilities.sum(-1) - right
        if self.ignore is not None:
            others = others - log_probabilities[:, self.ignore]
        return -(1 - self.smoothing) * right - self.smoothing / (log_probabilities.shape[1] - 1) * others

    def _divisor(self, rows: Tensor) -> Tensor:
        count = rows.sum() if self.average == "counted" else torch.tensor(rows.numel(), device=rows.device)
        return count.clamp(min=1)


class CrossEntropy(LabelSmoothing):
    """The same without smoothing: the mean of -log p of the right tokens."""

    def __init__(self, ignore: int | None = None, average: Average = "counted") -> None:
        super().__init__(0.0, ignore, average)


def _shapes(*tensors: Tensor | None) -> str:
    return " and ".join(str(tuple(tensor.shape)) for tensor in tensors if tensor is not None)
