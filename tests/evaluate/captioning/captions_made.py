"""Captions whose scores can be had by hand: one said as a person said it, one too short, one empty."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from hearken.evaluate.captioning.figures import CaptionEvaluation, measure
from hearken.evaluate.captioning.task import CaptionTask
from hearken.evaluate.captioning.writers import Made
from hearken.evaluate.open import OpenTask
from hearken.types import Failure, Progress

CLIPS = ("a.wav", "b.wav", "c.wav")
CANDIDATES = ("a dog barks", "rain falls", "")
REFERENCES = (("a dog barks", "the dog barks loudly"), ("heavy rain falls on a roof",), ("wind",))
METRICS = ("BLEU-1", "ROUGE-L", "CIDEr-D")


def small_task(name: str = "mine.csv") -> CaptionTask:
    return CaptionTask(name, CLIPS, REFERENCES, {"corpora": [name]})


def evaluated(
    system: str = "me", candidates: Sequence[str] = CANDIDATES, metrics: Sequence[str] = METRICS, interval: str = "bootstrap"
) -> CaptionEvaluation:
    return measure(system, small_task(), candidates, metrics=metrics, interval=interval, facts={"digest": "d"})


def write_csv(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def write_own(path: Path, candidates: Sequence[str] = CANDIDATES) -> Path:
    """A table with its own references, as aac-metrics has it."""
    rows = [(clip, mine, *own, *[""] * (2 - len(own))) for clip, mine, own in zip(CLIPS, candidates, REFERENCES, strict=True)]
    return write_csv(path, [("file_name", "caption_predicted", "caption_1", "caption_2"), *rows])


def write_candidates(path: Path, candidates: Sequence[str] = CANDIDATES) -> Path:
    """A table of clips and captions alone."""
    return write_csv(path, [("file_name", "caption"), *zip(CLIPS, candidates, strict=True)])


def write_captioned_corpus(folder: Path) -> str:
    """A corpus of three empty sounds with the references as captions, and one clip without any."""
    folder.mkdir()
    rows = [{"file": clip, "captions": list(own)} for clip, own in zip((*CLIPS, "d.wav"), (*REFERENCES, ()), strict=True)]
    for row in rows:
        (folder / str(row["file"])).write_bytes(b"")
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


class FakeWriter:
    """Writes captions by the name of the clip; clips that it has none for cannot be read."""

    def __init__(self, captions: dict[str, str] | None = None) -> None:
        self.captions = dict(zip(CLIPS, CANDIDATES, strict=True)) if captions is None else captions

    def write(self, asked: OpenTask, *, on_progress: Progress) -> Made:
        found = {number: self.captions[clip] for number, clip in enumerate(asked.task.clips) if clip in self.captions}
        on_progress(len(found), len(asked.task.clips))
        failed = tuple(
            Failure(clip, "read", "AudioError", f"{clip} cannot be read.") for clip in asked.task.clips if clip not in self.captions
        )
        return Made(found, failed, {"model": "fake"})
