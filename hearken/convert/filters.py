"""The frozen filters that many public files carry: compared with the front end that we would put in their place.

Weights fed with another spectrogram than they learnt from give wrong vectors and no error. So a file's own short-time
Fourier kernels and mel bands must be ours, to rounding.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hearken.audio.front_ends import FRONT_ENDS
from hearken.audio.melspec import FrontEnd
from hearken.convert.rules import check_fit
from hearken.errors import CheckpointError
from hearken.frontend.constants import panns_constants

FILTERS = "filters."
TOLERANCE = 1e-4
"""Largest difference allowed, as a part of the largest filter value; files made by other versions of librosa differ by 1e-6."""


def looks_like(filters: Mapping[str, Tensor], front_end: FrontEnd) -> bool:
    """Say whether `filters` (names with FILTERS before them) are those of `front_end`."""
    ours = {FILTERS + name: tensor for name, tensor in panns_constants(front_end).items()}
    return all(
        name in ours and tensor.shape == ours[name].shape and _difference(tensor, ours[name]) <= TOLERANCE
        for name, tensor in filters.items()
    )


def check_filters(filters: Mapping[str, Tensor], front_end: FrontEnd, what: str) -> None:
    """Raise CheckpointError, saying which front end they look like, unless `filters` are all those of `front_end`."""
    if looks_like(filters, front_end):
        check_fit(filters, {FILTERS + name: tensor for name, tensor in panns_constants(front_end).items()}, what)
        return
    known = [name for name, other in FRONT_ENDS.items() if _has_filters(other) and looks_like(filters, other)]
    resembled = f"they look like {' or '.join(known)}" if known else "they are like none that Hearken knows"
    raise CheckpointError(
        f"The file's own front end is not {front_end.name}, which {what} expects: {resembled}.", "Name the right architecture with --as."
    )


def _has_filters(front_end: FrontEnd) -> bool:
    """Say whether torchlibrosa's extractor can stand for this front end: a periodic window as long as the transform."""
    return front_end.win_length == front_end.n_fft and front_end.periodic_window and front_end.mel == "slaney"


def _difference(theirs: Tensor, ours: Tensor) -> float:
    return float((theirs.float() - ours).abs().max() / ours.abs().max())
