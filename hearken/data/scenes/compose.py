"""The run of the composer: survey the recordings, make what scenes are missing, write the manifest.

A scene is there when its truth is there: the sound file is renamed into place first, then the JSON. So a run that was cut off
goes on where it stopped, and the same seed yields the same bytes however many processes make them.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hearken.audio.wire import Message
from hearken.data.clip import Corpus
from hearken.data.scenes import truth
from hearken.data.scenes.encode import FORMATS, Format
from hearken.data.scenes.phrases import PATH as PHRASES_PATH
from hearken.data.scenes.plan import Settings
from hearken.data.scenes.sources import Source, classify, digest, to_json
from hearken.data.scenes.survey import Answer, Bad, answers, bad_json, survey
from hearken.errors import DataError, HearkenError, show
from hearken.files import write_whole
from hearken.types import Progress, silent

VERSION = 1
"""Of the recipe: another one makes other scenes of the same seed."""
MANIFEST, SOURCES, SETTINGS, LEDGER = "scenes.jsonl", "sources.jsonl", "compose.json", "failures.jsonl"
MAX_SCENE_S = 300.0
LABELS = ("audacity", "raven", "dcase")


@dataclass(frozen=True)
class Report:
    """What a run came to: counts, why recordings were not used, and the ledger of those that failed."""

    folder: str
    manifest: str
    num_scenes: int
    num_new: int
    duration_s: float
    num_sources: int
    num_events: int
    num_backgrounds: int
    num_other_licence: int
    unused: dict[str, int]
    licences: tuple[str, ...]
    bad: tuple[Bad, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)


def compose(
    corpus: Corpus,
    out: Path,
    settings: Settings,
    num: int,
    *,
    kind: Format = "flac",
    licences: Sequence[str] = (),
    labels: Sequence[str] = (),
    jobs: int = 1,
    on_survey: Progress | None = None,
    on_scene: Progress | None = None,
) -> Report:
    """Make scenes 0 to `num` - 1 of `corpus` in the folder `out`, and return what came of it.

    `licences` are patterns such as 'CC0*' that the licence of a source must fit. Raises DataError for settings that make no
    sense, for a folder that holds other scenes, and where the corpus has no event; what fails alone goes to the ledger.
    """
    _check(settings, num, kind, labels)
    with _locked(out):
        found = survey(corpus, out, settings.rate_hz, licences, jobs, on_survey or silent)
        sorted_out = [classify(source) for source in found.sources]
        unused = Counter(reason for _, reason in sorted_out if reason)
        if not any(material.is_event for material, _ in sorted_out):
            raise DataError(f"No recording of {show(corpus.reference)} can be an event.", _why(unused, found.bad, found.num_other_licence))
        _claim(out, settings, found.sources, kind)
        missing = [number for number in range(num) if not _is_there(out, number, kind)]
        bad = [*found.bad, *_make(out, settings, missing, num, kind, jobs, on_scene or silent)]
        records = list(_records(out, num))
        _write_tables(out, records, labels)
        write_whole(out / LEDGER, bad_json(bad).encode(), alone=True)
    return Report(
        folder=str(out),
        manifest=str(out / MANIFEST),
        num_scenes=len(records),
        num_new=sum(_is_there(out, number, kind) for number in missing),
        duration_s=round(sum(record["duration_s"] for record in records), 2),
        num_sources=len(found.sources),
        num_events=sum(material.is_event for material, _ in sorted_out),
        num_backgrounds=sum(material.is_background for material, _ in sorted_out),
        num_other_licence=found.num_other_licence,
        unused=dict(unused.most_common()),
        licences=tuple(sorted({licence for record in records for licence in record["licences"]})),
        bad=tuple(bad),
    )


def _check(settings: Settings, num: int, kind: str, labels: Sequence[str]) -> None:
    if not 2.0 <= settings.min_duration_s <= settings.max_duration_s:
        raise DataError("A scene lasts at least 2 s, and its shortest length is not above its longest.", "Give other durations.")
    if settings.max_duration_s > MAX_SCENE_S:
        raise DataError(f"A scene lasts at most {MAX_SCENE_S:g} s.", "Give a shorter duration.")
    if num < 1 or settings.max_events < 1 or settings.seed < 0 or settings.num_captions < 1:
        raise DataError("Scenes, events and captions are counted from 1, and the seed from 0.", "Give other numbers.")
    if kind not in FORMATS or any(label not in LABELS for label in labels):
        raise DataError(f"There is no such format. Sound: {', '.join(FORMATS)}. Labels: {', '.join(LABELS)}.", "Give one of these.")


def _why(unused: Counter[str], bad: Sequence[Bad], num_other_licence: int) -> str:
    reasons = [f"{_of(count)}: {reason}" for reason, count in unused.most_common(3)]
    reasons += [f"{_of(len(bad))} cannot be read, such as {show(bad[0].id)}: {show(bad[0].message)}"] if bad else []
    reasons += [f"{_of(num_other_licence)}: another licence"] if num_other_licence else []
    return "; ".join(reasons) or "It has no clips."


def _of(count: int) -> str:
    return f"{count} recording{'' if count == 1 else 's'}"


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Make the folders and keep other runs out of them. Raises DataError."""
    import filelock

    try:
        for folder in (out, out / "audio", out / "truth"):
            folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(out / ".lock", timeout=0)
        with lock:
            yield
    except filelock.Timeout as error:
        raise DataError(f"Another process is composing into {show(out)} just now.", "Wait until it is done.") from error
    except OSError as error:
        raise DataError(f"{show(out)} cannot be written: {error.strerror or error}.", "Choose another folder, or make room.") from error


def _claim(out: Path, settings: Settings, sources: tuple[Source, ...], kind: str) -> None:
    """Write what the scenes are made of, or see that it is the same as before. Raises DataError if not."""
    values = [to_json(source) for source in sources]
    made_of = {
        "version": VERSION,
        "settings": asdict(settings),
        "format": kind,
        "sources": digest({name: value for name, value in each.items() if name != "path"} for each in values),
        "phrases": digest([json.loads(PHRASES_PATH.read_text(encoding="utf-8"))]),
    }
    before = _made_of(out)
    if before != made_of and (before is not None or next((out / "truth").glob("*.json"), None)):
        differing = [name for name in made_of if not isinstance(before, dict) or before.get(name) != made_of[name]]
        raise DataError(
            f"{show(out)} holds scenes that were made otherwise, with other {', '.join(differing)}.",
            "Give another folder, or the same settings and recordings.",
        )
    write_whole(out / SOURCES, "".join(json.dumps(value, ensure_ascii=True) + "\n" for value in values).encode(), alone=True)
    write_whole(out / SETTINGS, (json.dumps(made_of, indent=1) + "\n").encode(), alone=True)


def _made_of(out: Path) -> object:
    """Return what an earlier run wrote of its scenes; None if it is not there, or damaged."""
    try:
        return json.loads((out / SETTINGS).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _make(out: Path, settings: Settings, missing: list[int], num: int, kind: str, jobs: int, on_scene: Progress) -> Iterator[Bad]:
    """Make the missing scenes; yield those that failed."""
    done = num - len(missing)
    on_scene(done, num)
    common: Message = {"settings": asdict(settings), "sources": str((out / SOURCES).absolute()), "format": kind}
    requests = (common | {"number": number} for number in missing)
    for request, answer in answers(requests, min(jobs, len(missing))):
        if isinstance(answer, HearkenError):
            yield Bad(truth.scene_name(request["number"]), "", type(answer).__name__, answer.message)
        else:
            _keep(out, request["number"], answer)
        done += 1
        on_scene(done, num)


def _keep(out: Path, number: int, answer: Answer) -> None:
    """Write a scene: the sound first, for the truth says that all is there."""
    body, (content,) = answer
    record = body["record"]
    write_whole(out / "audio" / Path(record["file"]).name, content.tobytes(), alone=True)
    write_whole(_truth_path(out, number), (json.dumps(record, ensure_ascii=True, indent=1) + "\n").encode(), alone=True)


def _is_there(out: Path, number: int, kind: str) -> bool:
    """Say whether a scene is whole: the truth is written last, but a sound may have been taken away since."""
    return _truth_path(out, number).is_file() and (out / "audio" / f"{truth.scene_name(number)}.{kind}").is_file()


def _truth_path(out: Path, number: int) -> Path:
    return out / "truth" / f"{truth.scene_name(number)}.json"


def _records(out: Path, num: int) -> Iterator[dict[str, Any]]:
    for number in range(num):
        path = _truth_path(out, number)
        try:
            yield json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except ValueError as error:
            raise DataError(f"{show(path)} was changed, and is no JSON now: {error}.", "Remove it, and the scene is made again.") from error


def _write_tables(out: Path, records: list[dict[str, Any]], labels: Sequence[str]) -> None:
    write_whole(out / MANIFEST, "".join(json.dumps(record, ensure_ascii=True) + "\n" for record in records).encode(), alone=True)
    if labels:
        (out / "labels").mkdir(exist_ok=True)
    if "dcase" in labels:
        write_whole(out / "labels" / "events.tsv", truth.dcase_table(records).encode(), alone=True)
    for record in records:
        if "audacity" in labels:
            write_whole(out / "labels" / f"{record['id']}.txt", truth.audacity_labels(record).encode(), alone=True)
        if "raven" in labels:
            write_whole(out / "labels" / f"{record['id']}.selections.txt", truth.raven_table(record).encode(), alone=True)
