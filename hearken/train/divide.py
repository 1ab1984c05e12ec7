"""A user's sounds in two: those to learn from, and those to see whether it helped. No recording is on both sides.

Where clips say to which split they belong, that is followed. Otherwise whole recordings are held out: clips belong together that have an
origin in common (`freesound:117790`, or the column `group` of a table), or are one file. Which recordings it are is a function of their
names and the seed, and of nothing else: more sounds in the table move few of those that were there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hearken.data.clip import Clip, Corpus
from hearken.errors import DataError, MissingDataError, RunError, show
from hearken.files import write_whole
from hearken.train.feed.corpora import Opened, Place

SHARE = 0.2
"""How much of the clips is held out where nothing else says which."""
MOST = 500
"""More clips than that are not held out: they say no more about a model, and would be better learnt from."""
LEAST_TRAINING, LEAST_VALIDATION = 8, 4
VALIDATION_NAMES = frozenset(("val", "valid", "validation", "dev"))
TEST_NAMES = frozenset(("test", "testing", "eval", "evaluation"))


@dataclass(frozen=True)
class Division:
    """Clips with sound and captions to learn from (`training`) and to look at (`validation`), where they lie, and `how` that was decided.

    Clips of test splits are in neither: `num_test`. `num_silent` and `num_wordless` could not be used: their sound is not here, or they
    have no caption.
    """

    training: tuple[Clip, ...]
    validation: tuple[Clip, ...]
    places: Mapping[str, Place]
    how: str
    num_test: int = 0
    num_silent: int = 0
    num_wordless: int = 0


def divide(opened: Opened, *, share: float = SHARE, seed: int = 0, validate: bool = True) -> Division:
    """Return a corpus divided, by its splits or with about `share` of its clips held out; without `validate` all are to learn from.

    Raises MissingDataError where no sound is here, DataError where there are no captions, too few clips, or but one recording.
    """
    corpus, places = opened.corpus, opened.places
    usable = tuple(clip for clip in corpus.clips if clip.id in places and any(caption.strip() for caption in clip.captions))
    num_silent = sum(clip.id not in places for clip in corpus.clips)
    _check_usable(corpus, usable, num_silent)
    training, validation, num_test = _by_splits(usable)
    how = "by its splits"
    if not validate:
        training, validation, how = training + validation, (), "none of it"
    elif not validation:
        training, validation = _by_recordings(corpus, training, places, share, seed)
        how = "whole recordings" if any(clip.origins for clip in training + validation) else "whole files"
    if len(training) < LEAST_TRAINING or (validate and len(validation) < LEAST_VALIDATION):
        raise _too_few(corpus, training, validation)
    return Division(training, validation, places, how, num_test, num_silent, len(corpus.clips) - num_silent - len(usable))


def write_table(clips: Sequence[Clip], places: Mapping[str, Place], path: Path) -> None:
    """Write clips as a table of JSON lines that `hearken.data.load` reads, with the whole paths of their sounds.

    Raises RunError when it cannot be written, DataError for the sounds of packs, which have no paths.
    """
    if not all(isinstance(places[clip.id], str) for clip in clips):
        raise DataError("A pack cannot be divided.", "Give its source, or other sounds to validate with: --validation REF.")
    rows = (
        {
            "file": os.path.abspath(str(places[clip.id])), "captions": list(clip.captions), "split": clip.split, "origins": list(clip.origins),
            "licence": clip.licence, "author": clip.author, **({} if clip.duration_s is None else {"duration_s": clip.duration_s}),
        }
        for clip in clips
    )  # fmt: skip
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, "".join(json.dumps(row) + "\n" for row in rows).encode(), alone=True)
    except OSError as error:
        raise RunError(f"The table {show(path)} cannot be written: {error.strerror or error}.", "Check the space left.") from error


def recordings(clips: Sequence[Clip], places: Mapping[str, Place]) -> list[list[int]]:
    """Return the numbers of the clips that are of one recording, for each: they share an origin or a file, directly or over others."""
    above = list(range(len(clips)))

    def root(number: int) -> int:
        while above[number] != number:
            above[number] = number = above[above[number]]
        return number

    first: dict[str, int] = {}
    for number, clip in enumerate(clips):
        for name in (*clip.origins, f"file:{places[clip.id]}"):
            above[root(number)] = root(first.setdefault(name, number))
    found: dict[int, list[int]] = {}
    for number in range(len(clips)):
        found.setdefault(root(number), []).append(number)
    return list(found.values())


def _by_splits(clips: tuple[Clip, ...]) -> tuple[tuple[Clip, ...], tuple[Clip, ...], int]:
    """Training and validation as the splits are called, and how many are of a test split. Where all are held out, none is."""
    names = {clip.split: clip.split.lower() for clip in clips}
    if all(name in VALIDATION_NAMES | TEST_NAMES for name in names.values()):
        return clips, (), 0
    validation = tuple(clip for clip in clips if names[clip.split] in VALIDATION_NAMES)
    training = tuple(clip for clip in clips if names[clip.split] not in VALIDATION_NAMES | TEST_NAMES)
    return training, validation, len(clips) - len(validation) - len(training)


def _by_recordings(
    corpus: Corpus, clips: tuple[Clip, ...], places: Mapping[str, Place], share: float, seed: int
) -> tuple[tuple[Clip, ...], tuple[Clip, ...]]:
    """Hold out recordings, in the order of a hash of their names, until there are enough; one that is too long a series for that stays."""
    groups = recordings(clips, places)
    if len(groups) == 1 and len(clips) > 1:
        raise DataError(f"All clips of {show(corpus.reference)} are of one recording, so none can be held out.", _OWN_VALIDATION)
    wanted = min(MOST, max(LEAST_VALIDATION, round(share * len(clips))))
    held_out: set[int] = set()
    for group in sorted(groups, key=lambda group: _order(min(_name(clips[number]) for number in group), seed)):
        if len(held_out) < wanted and len(held_out) + len(group) <= max(1.5 * wanted, LEAST_VALIDATION):
            held_out.update(group)
    sides: tuple[list[Clip], list[Clip]] = [], []
    for number, clip in enumerate(clips):
        sides[number in held_out].append(clip)
    return tuple(sides[0]), tuple(sides[1])


def _name(clip: Clip) -> str:
    return min(clip.origins, default=clip.id)


def _order(name: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


_OWN_VALIDATION = "Give other sounds to validate with: --validation REF."


def _check_usable(corpus: Corpus, usable: Sequence[Clip], num_silent: int) -> None:
    name = show(corpus.reference)
    if corpus.clips and num_silent == len(corpus.clips):
        raise MissingDataError(f"None of the sounds of {name} is here.", "Paths in a table are relative to the table's folder, or whole.")
    if not usable:
        raise DataError(
            f"No clip of {name} has a caption.", "A table has captions in a column `caption`, a folder in a .txt file beside each sound."
        )


def _too_few(corpus: Corpus, training: Sequence[Clip], validation: Sequence[Clip]) -> DataError:
    return DataError(
        f"{show(corpus.reference)} has too few clips with sound and caption: {len(training)} to learn from and {len(validation)} to hold out; "
        f"{LEAST_TRAINING} and {LEAST_VALIDATION} is the least.",
        "Some dozens of clips are a beginning, hundreds are better. --validation REF takes other sounds to look at.",
    )
