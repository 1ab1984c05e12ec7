"""How good a submission is: its figures by the definition of its challenge, with the intervals of the task paper.

Equal captions stay queries of their own: the public scorer keys its dictionary by the caption (eval_script.py, load_clotho_csv), so that of
two clips with one caption the last one alone counts.

Legend: `Q` queries, `N` clips.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from hearken.data.clip import Corpus
from hearken.errors import show
from hearken.evaluate.evaluation import Direction, Evaluation
from hearken.evaluate.submission.challenges import AUTO, DEPTH, Challenge
from hearken.evaluate.submission.check import Checked, check_submission
from hearken.evaluate.submission.lists import Lists
from hearken.evaluate.submission.matrix import Matrix
from hearken.evaluate.submission.truth import Truth, truth_of
from hearken.evaluate.task import Task
from hearken.metrics.confidence import jackknife
from hearken.metrics.definitions import definition, values_of
from hearken.metrics.ranks import Ranks, ranks_of, ranks_of_lists
from hearken.metrics.scores import TableScores

_DEEPEST = 16
_SEVERAL = "dcase2025"
"""The definition for lists where people found several clips to fit a query; that of the years before 2025 knows one."""


def score_submission(
    path: Path | str, truth: Truth | Task | Corpus | Path | str, *, challenge: str = AUTO, lenient: bool = False, system: str = "", by: str = ""
) -> Evaluation:  # fmt: skip
    """Return the figures, text to audio, of the submission at `path` held against `truth` (all that `truth_of` takes).

    mAP@10, R@1, R@5 and R@10, for tables of scores mAP@16 first; 95 % intervals by the jackknife over queries (Xie et al. 2022, section 4.1).
    Ties of scores count against the system. `by` names another definition than the challenge's, `system` another name than the file's. `lenient`
    scores a file with missing rows, which count 0. `facts` hold the digest of the file, what was left out, and what should be known.

    Raises SubmissionError with all faults of the file, EvaluationError where the answers are secret, and what `truth_of` raises.
    """
    path = Path(path)
    known = truth_of(truth)
    checked = check_submission(path, challenge, known, lenient=lenient)
    checked.refuse()
    return evaluate(checked, known, system=system or path.name, by=by)


def evaluate(checked: Checked, truth: Truth, *, system: str, by: str = "") -> Evaluation:
    """Return the figures of a submission without a fault. Raises EvaluationError where the answers are secret or `truth` is another."""
    content = checked.content
    task = truth.to_task(truth.clips or _all_clips(content, truth))
    rule = by or _rule(checked.challenge, task)
    ranks = _ranks_of_lists(content, task) if isinstance(content, Lists) else _ranks_of_matrix(content, task)
    values = {metric: values_of(ranks, metric, definition(rule)) for metric in checked.challenge.figures if _is_told(metric, ranks)}
    figures = {metric: jackknife(each) for metric, each in values.items()}
    direction = Direction(figures, values, np.arange(len(task.queries)), task.owners, ranks)
    return Evaluation(system, task.name, task.digest, rule, {"t2a": direction}, _facts(checked, task))


def _all_clips(content: Lists | Matrix, truth: Truth) -> tuple[str, ...]:
    """The clips where nobody lists them: those that answer a query, and those that the file names."""
    return tuple(dict.fromkeys((*truth.names(), *content.clips)))


def _rule(challenge: Challenge, task: Task) -> str:
    """The definition of the challenge; where it knows one answer and queries have several, that of 2025."""
    several = bool((task.relevance.counts > 1).any())
    return _SEVERAL if several and definition(challenge.definition).single else challenge.definition


def _is_told(metric: str, ranks: Ranks) -> bool:
    """Say whether the lists are long enough for a metric: mAP@16 is not told by ten names."""
    return ranks.depth is None or int(metric.partition("@")[2]) <= ranks.depth


def _ranks_of_lists(content: Lists, task: Task) -> Ranks:
    numbers = {name: number for number, name in enumerate(task.clips)}
    translated = [numbers[name] for name in content.clips]
    lists = [[translated[item] for item in content.ranked[row]] if row is not None else [] for row in content.of_queries]
    return ranks_of_lists(lists, task.relevance, depth=DEPTH)


def _ranks_of_matrix(content: Matrix, task: Task) -> Ranks:
    """The ranks of a table of scores; a query without a row has none. Its columns are brought into the order of the task."""
    columns = {name: column for column, name in enumerate(content.clips)}
    table = content.scores[:, [columns[name] for name in task.clips]]
    asked = np.array([query for query, row in enumerate(content.of_queries) if row is not None], np.int64)
    rows = [row for row in content.of_queries if row is not None]
    found = ranks_of(TableScores(table[rows]), task.relevance.take(asked))
    counts = np.zeros(len(task.queries), np.int64)
    counts[asked] = np.diff(found.starts)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    depth = None if len(asked) == len(task.queries) else max(len(task.clips), _DEEPEST)  # all ranks are told but those of missing rows
    return Ranks(found.values, starts, task.relevance.counts, len(task.clips), depth)


def _facts(checked: Checked, task: Task) -> dict[str, Any]:
    with checked.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "submission": show(checked.path.name),
        "sha256": digest,
        "challenge": checked.challenge.name,
        "rows": checked.num_rows,
        "queries": len(task.queries),
        "clips": len(task.clips),
        "queries_without_row": sum(row is None for row in checked.content.of_queries),
        "equal_captions": task.record["equal_captions"],
        "notes": list(checked.notes),
    }
