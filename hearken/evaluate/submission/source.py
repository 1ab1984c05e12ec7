"""What a submission can be made of: an evaluation that `hearken evaluate` left in a folder, or a .npz of scores or vectors.

Legend: `Q` queries, `N` clips, `D` embedding.
"""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hearken.errors import InputError, SubmissionError, show
from hearken.evaluate.submission.truth import Truth
from hearken.metrics.definitions import DEFINITIONS
from hearken.metrics.scores import Scores, TableScores, VectorScores

if TYPE_CHECKING:
    from hearken.evaluate.store import Stored

_ARRAYS = "It holds `scores` (Q, N), or `text` (Q, D) and `audio` (N, D); and `queries` (Q) and `clips` (N), unless --truth has them in this order."
_NAMES = ("scores", "text", "audio", "queries", "clips")
_DAMAGE = (
    ValueError, KeyError, EOFError, TypeError, AttributeError, NotImplementedError, OverflowError, zipfile.BadZipFile, zlib.error,
    SyntaxError, tokenize.TokenError, RecursionError, MemoryError,
)  # fmt: skip
"""What numpy raises of an archive that is none, of a header that is no Python, and of a shape larger than memory."""
_DEVELOPMENT = "clotho-evaluation"


@dataclass(frozen=True, eq=False)
class Source:
    """`scores` (Q, N) of `queries` (Q) for `clips` (N), file names; `figures` of the development-testing split, {} if they are of another, of a part of it, or of captions that were merged."""

    scores: Scores
    queries: tuple[str, ...]
    clips: tuple[str, ...]
    figures: Mapping[str, float] = field(default_factory=dict)


def open_source(path: Path, truth: Truth | None = None) -> Source:
    """Return what lies at `path`, a folder of an evaluation or a .npz; `truth` names queries and clips where a .npz does not.

    Raises EvaluationError for a folder that holds no evaluation, SubmissionError for a file that is not as it should be.
    """
    if path.is_dir():
        from hearken.evaluate.store import load

        stored = load(path)
        return Source(stored.scores, stored.task.queries, stored.task.clips, _figures(stored))
    if path.suffix.lower() != ".npz":
        raise SubmissionError(
            f"{show(path)} is neither the folder of an evaluation nor a .npz.", "`hearken evaluate --out DIR` writes one."
        )
    return _of_arrays(path, truth)


def _figures(stored: Stored) -> dict[str, float]:
    """The figures to hand in: of all of the development-testing split, and of every caption by itself as the challenge counts them."""
    rule = DEFINITIONS.get(stored.definition)
    if stored.task.name != _DEVELOPMENT or rule is None or rule.merged or stored.facts.get("clips_failed"):
        return {}
    return {name.removeprefix("t2a_"): figure.value for name, figure in stored.figures.items() if name.startswith("t2a_")}


def _of_arrays(path: Path, truth: Truth | None) -> Source:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays: dict[str, NDArray[Any]] = {name: stored[name] for name in _NAMES if name in stored}
    except OSError as error:
        raise SubmissionError(f"{show(path)} cannot be read: {error.strerror or show(str(error))}.", "Check the path.") from error
    except _DAMAGE as error:
        raise SubmissionError(f"{show(path)} is no .npz of plain arrays: {show(str(error))}.", _ARRAYS) from error
    scores = _scores(path, arrays)
    queries = _texts(path, arrays.get("queries"), "queries", truth.queries if truth else None)
    clips = _texts(path, arrays.get("clips"), "clips", truth.clips if truth else None)
    return Source(scores, queries, clips)


def _scores(path: Path, arrays: Mapping[str, NDArray[Any]]) -> Scores:
    for array in (arrays[name] for name in ("scores", "text", "audio") if name in arrays):
        if array.dtype.kind != "f":
            raise SubmissionError(f"{show(path)}: scores and vectors are floats, not {array.dtype}.", _ARRAYS)
    if "scores" not in arrays and not ("text" in arrays and "audio" in arrays):
        raise SubmissionError(f"{show(path)} has neither `scores` nor `text` and `audio`.", _ARRAYS)
    try:
        return TableScores(arrays["scores"]) if "scores" in arrays else VectorScores(arrays["text"], arrays["audio"])
    except InputError as error:
        raise SubmissionError(f"{show(path)}: {error.message}", _ARRAYS) from error


def _texts(path: Path, array: NDArray[Any] | None, name: str, known: tuple[str, ...] | None) -> tuple[str, ...]:
    if array is None:
        if not known:
            raise SubmissionError(f"{show(path)} does not say what its {name} are.", _ARRAYS)
        return known
    if array.ndim != 1 or array.dtype.kind != "U":
        raise SubmissionError(f"{show(path)}: `{name}` should be a row of texts.", _ARRAYS)
    return tuple(map(str, array))
