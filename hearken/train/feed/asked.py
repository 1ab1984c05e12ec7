"""What is asked of a model with some corpora: clips, queries, and which clip answers which query. No torch, and no sound is read.

Legend: `N` clips, `Q` queries.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hearken.data.clip import Clip
from hearken.data.locate import card_of, way_to_sounds
from hearken.errors import MissingDataError, show
from hearken.train.feed.corpora import Opened, Place


@dataclass(frozen=True)
class Asked:
    """Clips by id (N), the `places` of their sounds (None: not here), query texts (Q), and of each query the grades of its clips by number.

    With equal captions `merged`, a caption is one query however many clips have it; else each caption of a clip is a query of its own.
    A query of the corpus' own is one query with all clips graded above 0. `num_worded_alike` counts the captions that another clip has in the
    same words. `origins` are the recordings that each clip was cut from, as far as the corpus says. `elsewhere` are sounds of users' own tables
    that were found in another place than the table says: what it says, and the file. `record` is for files: counts, and a digest
    of all of it.
    """

    name: str
    clips: tuple[str, ...]
    places: tuple[Place | None, ...]
    labels: tuple[tuple[str, ...], ...]
    queries: tuple[str, ...]
    grades: tuple[dict[int, float], ...]
    num_worded_alike: int
    record: dict[str, Any]
    origins: tuple[tuple[str, ...], ...] = ()
    elsewhere: tuple[tuple[str, str], ...] = ()


def ask(
    parts: Sequence[Opened], *, merged: bool = True, need_sounds: bool = True, need_queries: bool = True,
    left_out: Callable[[Opened, Clip], None] = lambda *_: None,
) -> Asked:  # fmt: skip
    """Return what is asked with these corpora together.

    Where sounds are needed, clips without one are left out and `left_out` is told, and so are queries that only they answer.
    Raises MissingDataError if there is no clip, or none of the queries that are needed.
    """
    title = " + ".join(opened.corpus.reference for opened in parts)
    names: list[str] = []
    places: list[Place | None] = []
    labels: list[tuple[str, ...]] = []
    origins: list[tuple[str, ...]] = []
    wanted: list[tuple[str, dict[int, float]]] = []
    for opened in parts:
        here = [clip for clip in opened.clips if not need_sounds or _is_here(opened, clip, left_out)]
        numbers = {clip.id: number for number, clip in enumerate(here, start=len(names))}
        names += [clip.id if len(parts) == 1 else f"{opened.corpus.reference}:{clip.id}" for clip in here]
        places += [opened.places.get(clip.id) for clip in here]
        labels += [clip.tags for clip in here]
        origins += [clip.origins for clip in here]
        wanted += [(text, {numbers[each]: grade for each, grade in grades if each in numbers}) for text, grades in _queries(opened)]
    queries = _merged(wanted) if merged else wanted
    answered = [(text, grades) for text, grades in queries if grades]
    if not names or (need_queries and not answered):
        raise _nothing_asked(parts, title, has_sounds=bool(names), has_texts=bool(wanted))
    record = {
        "corpora": [opened.corpus.reference for opened in parts],
        "clips": len(names),
        "queries": len(answered),
        "clips_without_sound": sum(len(opened.clips) for opened in parts) - len(names),
        "queries_without_clip": len(queries) - len(answered),
        "sha256": _digest(names, answered),
    }
    texts, grades = tuple(text for text, _ in answered), tuple(grades for _, grades in answered)
    return Asked(
        title, tuple(names), tuple(places), tuple(labels), texts, grades, _worded_alike(wanted), record, tuple(origins), _elsewhere(parts)
    )


def _nothing_asked(parts: Sequence[Opened], title: str, *, has_sounds: bool, has_texts: bool) -> MissingDataError:
    """The error for corpora with which nothing can be asked, and what to do: bring the sounds, or write texts."""
    reference = parts[0].corpus.reference
    if not has_sounds:
        return MissingDataError(f"None of the sounds of {show(title)} is here.", way_to_sounds(reference))
    if has_texts or card_of(reference) is not None:
        return MissingDataError(f"No caption or query of {show(title)} is here.", way_to_sounds(reference))
    if parts[0].pack is None and os.path.isdir(reference):
        return MissingDataError(
            f"There are no texts beside the sounds of {show(title)}.", "Beside rain.wav belongs a rain.txt with a caption on each line."
        )
    return MissingDataError(
        f"No clip of {show(title)} has a caption.", "Captions are in the column `caption` of a table, or in texts beside the sounds."
    )


def _elsewhere(parts: Sequence[Opened]) -> tuple[tuple[str, str], ...]:
    """The clips of users' own tables whose sound is another file than the table says (`data/locate.py`): what it says, and what was taken."""
    found = []
    for opened in parts:
        if opened.pack is None and card_of(opened.corpus.reference) is None:
            for clip in opened.clips:
                place = opened.places.get(clip.id)
                if isinstance(place, str) and os.path.normpath(place) != os.path.normpath(os.path.join(opened.corpus.folder, clip.audio)):
                    found.append((clip.audio, place))
    return tuple(found)


def _is_here(opened: Opened, clip: Clip, left_out: Callable[[Opened, Clip], None]) -> bool:
    if clip.id not in opened.places:
        left_out(opened, clip)
    return clip.id in opened.places


def _queries(opened: Opened) -> Iterator[tuple[str, list[tuple[str, float]]]]:
    """Yield texts and the ids and grades of the clips that answer them; a text may come again."""
    if opened.corpus.queries:
        for query in opened.corpus.queries:
            yield query.text.strip(), [(clip, grade) for clip, grade in query.relevant if grade > 0.0]
        return
    for clip in opened.clips:
        for caption in clip.captions:
            if text := caption.strip():
                yield text, [(clip.id, 1.0)]


def _merged(wanted: Sequence[tuple[str, dict[int, float]]]) -> list[tuple[str, dict[int, float]]]:
    found: dict[str, dict[int, float]] = {}
    for text, grades in wanted:
        found.setdefault(text, {}).update(grades)
    return list(found.items())


def _worded_alike(wanted: Sequence[tuple[str, dict[int, float]]]) -> int:
    clips: dict[str, set[int]] = {}
    for text, grades in wanted:
        clips.setdefault(text, set()).update(grades)
    return sum(1 for text, grades in wanted if clips[text] - grades.keys())


def _digest(names: Sequence[str], answered: Sequence[tuple[str, dict[int, float]]]) -> str:
    lines = [*names, "\n", *(f"{text}\1{sorted(grades)}" for text, grades in answered)]
    return hashlib.sha256("\0".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
