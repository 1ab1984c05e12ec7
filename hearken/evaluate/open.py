"""From the names of corpora to what is asked of a model: the task, and where its sounds are. Needs no torch.

Legend: `N` clips, `Q` queries.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hearken.data.load import HUB
from hearken.data.table import CORPORA
from hearken.errors import EvaluationError, MissingDataError, show
from hearken.evaluate.nearest import nearest
from hearken.evaluate.task import Task
from hearken.metrics.relevance import IntArray, Relevance
from hearken.train.feed.asked import Asked, ask
from hearken.train.feed.corpora import Opened, Place, open_corpus
from hearken.train.feed.failures import Failures
from hearken.train.feed.held_out import Listening
from hearken.train.feed.sounds import Sounds

_NAMED = 5  # of the clips whose sound is not here


@dataclass(frozen=True, eq=False)
class OpenTask:
    """A task, and the places of its sounds (N); None for a clip that has none here. `recordings` (N) numbers what the clips were cut from.

    `references` are what its corpora were opened by.
    """

    task: Task
    places: tuple[Place | None, ...]
    recordings: IntArray | None = None
    references: tuple[str, ...] = ()

    def listening(self, rate_hz: int, max_duration_s: float | None, *, jobs: int, ledger: Path | None = None) -> Listening:
        """Return the sounds at `rate_hz`, at most the first `max_duration_s` of each; what cannot be read is noted in `ledger`."""
        num_samples = None if max_duration_s is None else max(1, round(max_duration_s * rate_hz))
        places = tuple(place for place in self.places if place is not None)
        if len(places) < len(self.places):
            raise EvaluationError(f"Sounds of {show(self.task.name)} are not here.", "`hearken data check` says which.")
        return Listening(self.task.clips, places, Sounds(rate_hz, num_samples, cache_mb=0), Failures(ledger), jobs)


def open_task(
    references: Sequence[str], *, merged: bool, need_sounds: bool = True, need_queries: bool = True, captions_alone: bool = False
) -> OpenTask:
    """Return what the corpora `references` ask together; `hearken data list` names them, or they are tables, folders, packs.

    With `merged`, equal captions are one query that all their clips answer; without, each caption belongs to its clip alone. Where sounds
    are needed, clips without one are left out, with the queries that only they answer; `task.record` counts both, and names the first clips.
    With `captions_alone`, the captions of clips are asked also where a corpus has queries of its own.
    Raises what `open_corpus` raises, MissingDataError where there is no such file, no clip is left, or none of the queries that are needed, and
    EvaluationError where two of the corpora have a clip in common: it would stand in its own way.
    """
    for each in references:
        _check_there(each)
    parts = [open_corpus(each) for each in references]
    if captions_alone:
        parts = [replace(opened, corpus=replace(opened.corpus, queries=())) for opened in parts]
    _check_apart(references, parts)
    missing: list[str] = []
    asked = ask(parts, merged=merged, need_sounds=need_sounds, need_queries=need_queries, left_out=lambda _, clip: missing.append(clip.id))
    task = task_of(asked)
    if missing:
        task.record["first_without_sound"] = missing[:_NAMED]
    if asked.elsewhere:
        told = [f"{said} (at {os.path.relpath(place)})" for said, place in asked.elsewhere[:_NAMED]]
        task.record.update(sounds_elsewhere=len(asked.elsewhere), first_elsewhere=told)
    return OpenTask(task, asked.places, recordings_of(asked.origins), tuple(references))


def _check_there(reference: str) -> None:
    """Raise MissingDataError for what looks like the path of a file, where there is none; a word alone may be the name of a corpus."""
    path = reference if os.path.exists(reference) else reference.rpartition(":")[0] or reference
    looks = bool(Path(path).suffix) or "/" in path or os.sep in path
    if not looks or os.path.exists(path) or reference.startswith(HUB) or any(reference.startswith(name) for name in CORPORA):
        return
    folder = os.path.dirname(path)
    near = nearest(os.path.basename(path), os.listdir(folder or os.curdir)) if os.path.isdir(folder or os.curdir) else ""
    hint = f"Did you mean {show(os.path.join(folder, near))}?" if near else "Check the path."
    raise MissingDataError(f"{show(path)} is not there.", hint)


def task_of(asked: Asked) -> Task:
    """Return `asked` as a task; it has grades only where they are not all the same."""
    relevance = Relevance.from_lists(asked.grades, len(asked.clips))
    grades = np.array([grades[item] for grades in asked.grades for item in sorted(grades)], np.float64)
    graded = grades if len(np.unique(grades)) > 1 else None
    paths = tuple(place if isinstance(place, str) else "" for place in asked.places)
    times = Counter(place for place in asked.places if place is not None)
    record = asked.record | {
        "captions_worded_alike": asked.num_worded_alike, "clips_of_one_file": sum(count for count in times.values() if count > 1),
    }  # fmt: skip
    return Task(asked.name, asked.clips, asked.queries, relevance, graded, paths, asked.labels, record)


def recordings_of(origins: Sequence[Sequence[str]]) -> IntArray:
    """Return the number of the recording of each clip (N,): clips with an origin in common are of one, a clip without any is one of its own."""
    groups = list(range(len(origins)))

    def first(clip: int) -> int:
        while groups[clip] != clip:
            groups[clip] = clip = groups[groups[clip]]
        return clip

    seen: dict[str, int] = {}
    for clip, own in enumerate(origins):
        for origin in own:
            here, there = first(clip), first(seen.setdefault(origin, clip))
            groups[max(here, there)] = min(here, there)
    return np.unique([first(clip) for clip in range(len(origins))], return_inverse=True)[1].astype(np.int64)


def restricted(task: Task, clips: Sequence[int] | IntArray) -> tuple[Task, IntArray]:
    """Return `task` with these clips alone (numbers, ascending), and the numbers of the queries that are left: those that one of them answers.

    `record` says how many went: a smaller set of clips is an easier task.
    """
    kept = np.asarray(clips, np.int64)
    if len(kept) == len(task.clips):
        return task, np.arange(len(task.queries))
    number = np.full(len(task.clips), -1)
    number[kept] = np.arange(len(kept))
    stays = number[task.relevance.items] >= 0
    queries = np.unique(task.relevance.queries[stays])
    starts = np.concatenate([[0], np.cumsum(np.bincount(task.relevance.queries[stays], minlength=len(task.queries))[queries])])
    relevance = Relevance(number[task.relevance.items[stays]], starts.astype(np.int64), len(kept))
    gone = {"clips_unreadable": len(task.clips) - len(kept), "queries_of_unreadable": len(task.queries) - len(queries)}
    return replace(
        task,
        clips=tuple(task.clips[each] for each in kept),
        queries=tuple(task.queries[each] for each in queries),
        relevance=relevance,
        grades=None if task.grades is None else task.grades[stays],
        paths=tuple(task.paths[each] for each in kept) if task.paths else (),
        labels=tuple(task.labels[each] for each in kept) if task.labels else (),
        record=task.record | gone,
    ), queries


def _check_apart(references: Sequence[str], parts: Sequence[Opened]) -> None:
    """Raise EvaluationError where a clip comes twice, by corpus, split and id; Clotho has names that are in two splits, of different sounds."""
    owners: dict[tuple[str, str, str], int] = {}
    for number, opened in enumerate(parts):
        for clip in opened.clips:
            other = owners.setdefault((opened.identity, clip.split, clip.id), number)
            if other != number:
                raise EvaluationError(
                    f"{show(references[other])} and {show(references[number])} both have the clip {show(clip.id)}.",
                    "Name each clip's corpus once.",
                )
