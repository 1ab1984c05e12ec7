"""Which caption of a table belongs to which clip; what does not fit is told with counts and the nearest name.

Legend: `N` clips.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from hearken.audio.source import AUDIO_SUFFIXES
from hearken.errors import EvaluationError, show
from hearken.evaluate.captioning.table import CaptionTable
from hearken.evaluate.captioning.task import CaptionTask
from hearken.evaluate.nearest import nearest

_SHOWN = 3
_MOST_TRIED = 20_000  # names that the nearest is looked for among


def own_task(table: CaptionTable) -> CaptionTask:
    """Return the task that a table brings itself, with its references; clips that have no name are called by their rows, from 1.

    Raises EvaluationError for a table without references, and a clip that comes twice.
    """
    if not table.references:
        raise EvaluationError(
            f"{show(table.path)} has captions and no references to hold them against.",
            "Name the corpus with --data, or put the references into columns caption_1, caption_2, ... beside caption_predicted.",
        )
    if table.names_clips:
        _check_once(table, table.clips, table.lines)
    clips = table.clips if table.names_clips else tuple(str(number) for number in range(1, len(table.candidates) + 1))
    return CaptionTask(table.path.name, clips, table.references)


def matched(table: CaptionTable, task: CaptionTask, *, lenient: bool = False) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Return the captions (N) of `table` in the order of the clips of `task`, and what to put on record.

    A clip is known by its id, or else by the last part of it, with or without an ending, where that is one clip's alone. With `lenient`, a clip
    that has none has an empty caption, which fits nothing, and captions of clips that the task does not know are left out. Raises
    EvaluationError for clips that the task does not know (with `lenient`: if it knows none), that come twice, and that are missing.
    """
    if not table.names_clips:
        hint = "A column file_name, file or clip says it."
        raise EvaluationError(f"{show(table.path)} does not say which clip of {show(task.name)} each caption is of.", hint)
    names = _names(task.clips)
    numbers = [next((names[key] for key in _keys(clip) if names.get(key) is not None), None) for clip in table.clips]
    unknown = [clip for clip, number in zip(table.clips, numbers, strict=True) if number is None]
    if unknown and (not lenient or len(unknown) == len(numbers)):
        near = nearest(unknown[0], task.clips[:_MOST_TRIED])
        raise EvaluationError(
            f"{show(table.path)} has captions for {_count(unknown, 'clip')} that {show(task.name)} does not have: {_first(unknown)}.",
            (f"Did you mean {show(near)} by {show(unknown[0])}? " if near else "")
            + "Take these rows out, or name another corpus."
            + ("" if lenient or len(unknown) == len(numbers) else " --lenient leaves them out."),
        )
    found = [(number, text, line) for number, text, line in zip(numbers, table.candidates, table.lines, strict=True) if number is not None]
    _check_once(table, [task.clips[number] for number, _, _ in found], [line for *_, line in found])
    captions = {number: text for number, text, _ in found}
    missing = [clip for number, clip in enumerate(task.clips) if number not in captions]
    if missing and not lenient:
        raise EvaluationError(
            f"{show(table.path)} has no caption for {_count(missing, 'clip')} of the {len(task.clips)} of {show(task.name)}: {_first(missing)}.",
            "--lenient takes them as empty captions, which fit nothing.",
        )
    record: dict[str, Any] = {"captions_missing": len(missing), "first_missing": missing[:_SHOWN]} if missing else {}
    record |= {"captions_of_others": len(unknown), "first_of_others": unknown[:_SHOWN]} if unknown else {}
    record |= {"captions_of_stretches": table.num_stretches} if table.num_stretches else {}
    return tuple(captions.get(number, "") for number in range(len(task.clips))), record


def _check_once(table: CaptionTable, clips: Sequence[str], numbers: Sequence[int]) -> None:
    counts = Counter(clips)
    twice = [clip for clip, count in counts.items() if count > 1]
    if twice:
        lines = [line for line, clip in zip(numbers, clips, strict=True) if clip == twice[0]]
        raise EvaluationError(
            f"{show(table.path)} has more than one caption for {_count(twice, 'clip')}: {_first(twice)} "
            f"(the first on lines {', '.join(map(str, lines[:_SHOWN]))}).",
            "One caption for each clip.",
        )


def _keys(clip: str) -> tuple[str, ...]:
    """What a clip may be called, its id first. What follows a dot is an ending where it is one of sounds: "v1.2" has none."""
    last = PurePosixPath(clip.replace("\\", "/"))
    return (clip, f"/{last.name}", f"//{last.stem if last.suffix.lower() in AUDIO_SUFFIXES else last.name}")


def _names(clips: Sequence[str]) -> dict[str, int | None]:
    """The number of the clip that each key means; None where several have it."""
    names: dict[str, int | None] = {}
    for number, clip in enumerate(clips):
        for key in dict.fromkeys(_keys(clip)):
            names[key] = None if key in names else number
    return names


def _first(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(show(name) for name in names[:_SHOWN]) + more


def _count(names: Sequence[str], noun: str) -> str:
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'}"
