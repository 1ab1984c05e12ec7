"""Captions of sound files and folders: found as `hearken index` finds them, heard in isolated processes."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

from hearken.caption.captioner import VectorCaptioner
from hearken.caption.decoding import Decoding
from hearken.caption.heard import MadeCaption, heard_of, stretches
from hearken.errors import InputError
from hearken.library.records import Found
from hearken.library.scan import scan
from hearken.types import EmbeddedFile, Embedder, Failure, Span

MIN_EVERY_S = 2.0
"""Shorter stretches than that would all have the same windows."""
SILENCE = MadeCaption("Silence.", 0.0)
"""What is said of a file without any sound in it: nothing needs to be guessed there."""


@dataclass(frozen=True)
class CaptionedSpan:
    """A stretch of a sound and what a machine wrote about it."""

    span: Span
    made: MadeCaption


@dataclass(frozen=True)
class CaptionedFile:
    """A file and what a machine wrote about it: all of it in `made`, and, where asked for, each stretch in `spans`."""

    path: str
    made: MadeCaption
    duration_s: float
    spans: tuple[CaptionedSpan, ...] = ()


Told = CaptionedFile | Failure


def check_every(every_s: float | None) -> None:
    """Raise InputError for stretches shorter than MIN_EVERY_S; None (no stretches) is right."""
    if every_s is not None and every_s < MIN_EVERY_S:
        raise InputError(f"Stretches of {every_s:g} s are too short to be told apart.", f"Give at least {MIN_EVERY_S:g} s.")


def find_sounds(places: Iterable[str | os.PathLike[str]]) -> tuple[list[str], list[Failure]]:
    """Return the sound files of `places` (files, folders), absolute and in the order of `scan`, each once; and what was left alone, why.

    What is skipped for its name (hidden files, second names of a file) is no failure; what cannot be read is one. A file that is
    named by the user is taken whatever it is called.
    """
    paths: list[str] = []
    failures: list[Failure] = []
    for place in dict.fromkeys(os.path.realpath(os.path.expanduser(place)) for place in places):
        for found in scan([place]):
            if isinstance(found, Found):
                paths.append(found.path)
            elif found.error not in ("Hidden", "SecondName"):
                failures.append(found.failure)
    return list(dict.fromkeys(paths)), failures


def caption_embedded(
    captioner: VectorCaptioner, path: str, embedded: EmbeddedFile, *, decoding: Decoding | None = None, every_s: float | None = None
) -> CaptionedFile:
    """Return the captions of a file whose vectors are here: of all of it, and with `every_s` of each stretch of so many seconds.

    Neighbours with the same caption become one stretch; where that leaves one which says the same as the whole, there is none. Raises what
    the captioner raises.
    """
    if "silent" in embedded.flags:
        return CaptionedFile(path, SILENCE, embedded.duration_s)
    parts = stretches(embedded.vectors, embedded.duration_s, every_s) if every_s else []
    parts = parts if len(parts) > 1 else []
    made = captioner.captions([heard_of(vectors) for vectors in (embedded.vectors, *(part for _, part in parts))], decoding)
    spans = merged([CaptionedSpan(span, each) for (span, _), each in zip(parts, made[1:], strict=True)])
    says_more = any(each.made.text != made[0].text for each in spans)
    return CaptionedFile(path, made[0], embedded.duration_s, spans if says_more else ())


def merged(spans: Sequence[CaptionedSpan]) -> tuple[CaptionedSpan, ...]:
    """Return `spans` with neighbours of the same caption made one, whose score is the best of theirs."""
    joined: list[CaptionedSpan] = []
    for each in spans:
        if joined and joined[-1].made.text == each.made.text:
            before = joined.pop()
            score = max(before.made.score, each.made.score)
            joined.append(CaptionedSpan(Span(before.span.start_s, each.span.end_s), MadeCaption(each.made.text, score)))
        else:
            joined.append(each)
    return tuple(joined)


def caption_files(
    captioner: VectorCaptioner, embedder: Embedder, paths: Sequence[str], *, jobs: int, decoding: Decoding | None = None,
    every_s: float | None = None,
) -> Generator[Told, None, None]:  # fmt: skip
    """Yield the captions of `paths`, or why there are none, as each gets ready.

    Each file is heard in an isolated process: one that crashes it is a Failure of its own. Raises InputError as `check_every` does,
    ModelError for a model or captioner that cannot be used.
    """
    check_every(every_s)
    results = embedder.embed_files(iter(paths), jobs=jobs)
    try:
        for path, result in results:
            if isinstance(result, Failure):
                yield result
            else:
                yield caption_embedded(captioner, path, result, decoding=decoding, every_s=every_s)
    finally:
        close = getattr(results, "close", None)  # a generator stops its workers now, not when it is collected
        if close is not None:
            close()
