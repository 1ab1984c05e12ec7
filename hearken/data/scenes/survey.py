"""Measuring all recordings of a corpus once, in several processes; what is measured is kept, so that a run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hearken.audio.crew import as_ready
from hearken.audio.wire import Array, Message
from hearken.audio.worker import Worker
from hearken.data.clip import Clip, Corpus
from hearken.data.locate import locate, none_here
from hearken.data.scenes.clause import parse_clause
from hearken.data.scenes.measure import Measure
from hearken.data.scenes.sources import Source, caption_of, label_of, licence_allows
from hearken.errors import HearkenError
from hearken.types import Progress

Answer = tuple[Message, list[Array]]
WORKER = "hearken.data.scenes.worker"
KEPT = "measured.jsonl"


@dataclass(frozen=True)
class Bad:
    """A recording that cannot be used, or a scene that could not be made, and why: one line of the ledger."""

    id: str
    path: str
    error: str
    message: str


@dataclass(frozen=True)
class Survey:
    """The sources in the order of the corpus, what failed, and how many clips the licence left out."""

    sources: tuple[Source, ...]
    bad: tuple[Bad, ...]
    num_other_licence: int


def survey(corpus: Corpus, out: Path, rate_hz: int, licences: Sequence[str], jobs: int, on_progress: Progress) -> Survey:
    """Measure the clips of `corpus` whose licence fits, and keep what is measured in `out`.

    Raises what `locate` raises, and MissingDataError where no recording is here; one that is missing or cannot be read
    becomes a `Bad`.
    """
    clips = [clip for clip in corpus.clips if licence_allows(clip.licence, licences)]
    paths = {clip_id: str(path.absolute()) for clip_id, path in locate(corpus).items()}
    if clips and not paths:
        raise none_here(corpus.reference)
    bad = [Bad(clip.id, clip.audio, "MissingDataError", "The file is not there.") for clip in clips if clip.id not in paths]
    found = [clip for clip in clips if clip.id in paths]
    measured = _read(out / KEPT)
    wanted = {clip.id: _request(clip, paths[clip.id], rate_hz) for clip in found}
    missing = [request for request in wanted.values() if _key(request) not in measured]
    done = len(found) - len(missing)
    on_progress(done, len(found))
    with (out / KEPT).open("a", encoding="utf-8") as file:
        for request, answer in answers(missing, min(jobs, len(missing))):
            done += 1
            on_progress(done, len(found))
            if isinstance(answer, HearkenError):
                bad.append(Bad(request["id"], request["path"], type(answer).__name__, answer.message))
                continue
            measured[_key(request)] = Measure(**answer[0])
            file.write(json.dumps({"key": _key(request), "measure": answer[0]}) + "\n")
            file.flush()
    sources = tuple(_source(clip, paths[clip.id], measured[_key(wanted[clip.id])]) for clip in found if _key(wanted[clip.id]) in measured)
    return Survey(sources, tuple(sorted(bad, key=lambda each: each.id)), len(corpus.clips) - len(clips))


def answers(requests: Iterable[Message], jobs: int) -> Iterator[tuple[Message, Answer | HearkenError]]:
    """Yield each request with its answer, or the error that it makes, as it gets ready; a process that dies costs its request alone."""

    def work(worker: Worker, request: Message) -> tuple[Message, Answer | HearkenError]:
        try:
            return request, worker.request(request)
        except HearkenError as error:
            return request, error

    with closing(as_ready(requests, work, lambda: Worker(WORKER), jobs)) as results:
        yield from results


def _request(clip: Clip, path: str, rate_hz: int) -> Message:
    status = Path(path).stat()
    whole = parse_clause(caption_of(clip)).has_several_actions
    return {"id": clip.id, "path": path, "rate_hz": rate_hz, "whole": whole, "size": status.st_size, "changed": status.st_mtime_ns}


def _key(request: Message) -> str:
    return json.dumps([request[name] for name in ("path", "rate_hz", "whole", "size", "changed")])


def _read(path: Path) -> dict[str, Measure]:
    """Return what an earlier run measured; a line that was cut off is measured again."""
    return dict(_records(path))


def _records(path: Path) -> Iterator[tuple[str, Measure]]:
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            value: Any = json.loads(line)
            yield value["key"], Measure(**value["measure"])
        except (ValueError, KeyError, TypeError):
            continue


def _source(clip: Clip, path: str, measure: Measure) -> Source:
    return Source(clip.id, path, label_of(clip), caption_of(clip), measure, clip.split, clip.origins, clip.licence, clip.author)


def bad_json(bad: Sequence[Bad]) -> str:
    """Return the ledger as JSON lines."""
    return "".join(json.dumps(asdict(each), ensure_ascii=True) + "\n" for each in bad)
