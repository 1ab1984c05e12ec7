"""What a submission can be made of: an evaluation that `hearken evaluate` left in a folder, or a .npz of scores or vectors.

Legend: `Q` queries, `N` clips, `D` embedding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from hearken.errors import EvaluationError, SubmissionError, show
from hearken.evaluate.score_files import read_npz
from hearken.evaluate.submission.truth import Truth
from hearken.metrics.definitions import DEFINITIONS
from hearken.metrics.scores import Scores

if TYPE_CHECKING:
    from hearken.evaluate.store import Stored

_UNNAMED = "Name them in the arrays `queries` (Q) and `clips` (N), or give --truth, which has them in this order."
_SHOWN = 8
_DEVELOPMENT = "clotho-evaluation"


@dataclass(frozen=True, eq=False)
class Source:
    """`scores` (Q, N) of `queries` (Q) for `clips` (N), file names; `figures` of the development-testing split.

    There are none, {}, where they are of another split, of a part of it, or of captions that were merged.
    """

    scores: Scores
    queries: tuple[str, ...]
    clips: tuple[str, ...]
    figures: Mapping[str, float] = field(default_factory=dict)


def open_source(path: Path, truth: Truth | None = None) -> Source:
    """Return what lies at `path`, a folder of an evaluation or a .npz; `truth` names queries and clips where a .npz does not.

    Raises EvaluationError for a folder that holds no evaluation and an .npz that is not as it should be, SubmissionError for other files, and where
    nobody names queries and clips.
    """
    if path.is_dir():
        from hearken.evaluate.store import is_evaluation, load

        if not is_evaluation(path):
            _refuse_folder(path)
        stored = load(path)
        return Source(stored.scores, stored.task.queries, stored.task.clips, _figures(stored))
    if path.suffix.lower() != ".npz":
        raise SubmissionError(
            f"{show(path)} is neither the folder of an evaluation nor a .npz.", "`hearken evaluate --out DIR` writes one."
        )
    return _of_arrays(path, truth)


def _refuse_folder(path: Path) -> NoReturn:
    """Raise EvaluationError for a folder that holds no evaluation, with those that lie in it."""
    from hearken.evaluate.classify import RECORD as ZERO_SHOT
    from hearken.evaluate.store import RECORD
    from hearken.runtime.catalog import RUN_RECORD

    if (path / ZERO_SHOT).is_file():
        raise EvaluationError(
            f"{show(path)} holds figures of zero-shot classification.", "A submission is made of an evaluation of retrieval."
        )
    what = "a run" if (path / RUN_RECORD).is_file() else "a folder"
    found = [show(record.parent) for pattern in (f"evaluations/*/{RECORD}", f"*/{RECORD}") for record in sorted(path.glob(pattern))]
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    hint = f"Name an evaluation in it: {', '.join(found[:_SHOWN])}{more}." if found else "`hearken evaluate --out DIR` makes an evaluation."
    raise EvaluationError(f"{show(path)} is {what}, not an evaluation.", hint)


def _figures(stored: Stored) -> dict[str, float]:
    """The figures to hand in: of all of the development-testing split, and of every caption by itself as the challenge counts them."""
    rule = DEFINITIONS.get(stored.definition)
    is_part = stored.task.record.get("clips_without_sound") or stored.facts.get("clips_failed")
    if stored.task.name != _DEVELOPMENT or is_part or rule is None or rule.merged:
        return {}
    return {name.removeprefix("t2a_"): figure.value for name, figure in stored.figures.items() if name.startswith("t2a_")}


def _of_arrays(path: Path, truth: Truth | None) -> Source:
    found = read_npz(path)
    queries = _known(path, found.queries, "queries", truth.queries if truth else None)
    clips = _known(path, found.clips, "clips", truth.clips if truth else None)
    return Source(found.scores, queries, clips)


def _known(path: Path, own: tuple[str, ...] | None, name: str, known: tuple[str, ...] | None) -> tuple[str, ...]:
    """The names in the file, or else those of the truth."""
    if own is None and not known:
        raise SubmissionError(f"{show(path)} does not say what its {name} are.", _UNNAMED)
    return own if own is not None else known or ()
