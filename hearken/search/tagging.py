"""Labels for the sounds of a library from any list of words, by the vectors that are stored: no sound is read again.

A label is worth the cosine of its prompts' mean vector with the sound's clip vector. How much is enough differs from model to model.
For *pocket* it was chosen on its training recordings (1 987, the five best of AudioSet's 527 names) so that 7 of 10 labels given are right, which
includes broader names of what is heard; of recordings that it had never heard (1 597 of other sources), 68 % of the labels given are right, and 8 of 10
sounds get one. Of other models nobody knows it: then each sound gets its best label alone, unless a score is given.

Legend: `S` sounds, `C` labels, `D` embedding size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hearken.errors import InputError, QueryError, show
from hearken.library.notebook import Label, Notebook, SoundKey
from hearken.library.protocol import Store
from hearken.library.snapshot import Snapshot
from hearken.library.whereabouts import marks_of
from hearken.search.answer import Parts
from hearken.text.prompts import PROMPTS, prompts_of, read_label
from hearken.types import FloatArray, Progress, silent

SOURCE = "tag"
"""What labels that were given here have as their source in a notebook; others stay untouched."""
MIN_SCORES = {"pocket": 0.55}
"""By name of the model: the least score of a label that is given."""
DEFAULT_TOP = 5
AUDIOSET = Path(__file__).parents[1] / "assets" / "labels" / "audioset.txt"
_MAX_LIST_BYTES = 1 << 20
_SOUNDS_PER_BLOCK = 4_096
_TEXTS_PER_CALL = 256
_SOUNDS_PER_COMMIT = 5_000
_LIST_SUFFIXES = (".txt", ".csv", ".tsv", ".lst", ".list", ".md")
_PATH_STARTS = ("/", "~", "./", "../")

EncodeText = Callable[[Sequence[str]], FloatArray]


@dataclass(frozen=True)
class Tagged:
    """One sound with its files and the `labels` that it was given, best first, each with its score from -1 to 1."""

    content_hash: str
    paths: tuple[str, ...]
    labels: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class TagRequest:
    """Which labels to choose from, how many a sound gets at most, and the least score (None: the model's, see `MIN_SCORES`)."""

    labels: tuple[str, ...]
    top: int = DEFAULT_TOP
    min_score: float | None = None


def read_labels(wanted: str | None) -> tuple[str, ...]:
    """Return the labels that are meant: AudioSet's 527 names for None, else those in a file, one a line, or those in the text, by commas.

    In a file, empty lines and those that begin with `#` are passed over. What is read alike is taken once. Raises InputError for a list
    that is empty or too long, a file that cannot be read, and what is called as a file is but is none: its name must not become a label.
    """
    if wanted is None:
        return tuple(AUDIOSET.read_text(encoding="utf-8").splitlines())
    path = Path(wanted).expanduser()
    is_file = "," not in wanted and _is_file(path)
    if not is_file and "," not in wanted and (path.suffix.lower() in _LIST_SUFFIXES or wanted.startswith(_PATH_STARTS)):
        raise InputError(f"There is no list of labels {show(path)}.", 'Give a file with one label a line, or such as "dog,rain,door".')
    found = _lines(path) if is_file else wanted.split(",")
    kept: dict[str, str] = {}
    for label in found:
        if read_label(label):
            kept.setdefault(read_label(label), " ".join(label.split()))
    if not kept:
        raise InputError(f"There is no label in {show(wanted)!r}.", 'Give a file with one label a line, or such as "dog,rain,door".')
    return tuple(kept.values())


def label_vectors(labels: Sequence[str], encode_text: EncodeText) -> FloatArray:
    """Return the unit vectors (C, D) of labels: of each, the mean of the unit vectors of its prompts."""
    texts = [text for label in labels for text in prompts_of(label)]
    parts = [encode_text(texts[start : start + _TEXTS_PER_CALL]) for start in range(0, len(texts), _TEXTS_PER_CALL)]
    every = np.concatenate(parts).astype(np.float32).reshape(len(labels), len(PROMPTS), -1)
    every /= np.maximum(np.linalg.norm(every, axis=2, keepdims=True), 1e-9)
    mean = every.mean(axis=1)
    return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9), np.float32)


def least_score(model: str, request: TagRequest) -> float | None:
    """Return the least score of a label for a model of this name, None where nobody knows: then only the best label is given."""
    return MIN_SCORES.get(model) if request.min_score is None else request.min_score


def tag(parts: Parts, request: TagRequest, *, on_progress: Progress = silent) -> list[Tagged]:
    """Return every sound of an open library with its labels, none for some, in the order of their first files' paths.

    Raises QueryError for a request that makes no sense, StoreError, ModelMismatchError, ModelError.
    """
    if request.top < 1 or not (request.min_score is None or -1.0 <= request.min_score <= 1.0):
        raise QueryError("A sound gets at least 1 label, and a score is from -1 to 1.")
    encoder, _ = parts.ready()
    vectors = label_vectors(request.labels, encoder.encode_text)
    least = least_score(encoder.name, request)
    top = min(request.top if least is not None else 1, len(request.labels))
    found: dict[str, tuple[tuple[str, float], ...]] = {}
    paths: dict[str, list[str]] = {}
    with parts.store.snapshot():
        for hashes, names, clips in _sounds(parts.store, parts.cache.snapshot(), on_progress):
            scores = clips @ vectors.T
            chosen = np.argsort(-scores, axis=1, kind="stable")[:, :top]
            for number, (content_hash, path) in enumerate(zip(hashes, names, strict=True)):
                paths.setdefault(content_hash, []).append(path)
                if content_hash not in found:
                    best = [(request.labels[place], round(float(scores[number, place]), 4)) for place in chosen[number].tolist()]
                    found[content_hash] = tuple(each for each in best if least is None or each[1] >= least)
    made = [Tagged(content_hash, tuple(sorted(paths[content_hash])), labels) for content_hash, labels in found.items()]
    return sorted(made, key=lambda each: each.paths)


def keep(folder: str, made: Sequence[Tagged]) -> int:
    """Write the labels into the notebook of the library in `folder`, in place of all that were given here before; return how many sounds
    have some. Labels of other sources stay. Raises StoreError.
    """
    labelled = [each for each in made if each.labels]
    with Notebook(folder) as notebook:
        notebook.clear_labels(SOURCE)
        for start in range(0, len(labelled), _SOUNDS_PER_COMMIT):
            notebook.put_all_labels(
                ((SoundKey(each.content_hash, each.paths[0]), each.labels) for each in labelled[start : start + _SOUNDS_PER_COMMIT]),
                source=SOURCE,
            )
    return len(labelled)


def kept(parts: Parts) -> list[Tagged]:
    """Return the sounds of an open library that have labels in its notebook, by whomever, in the order of their paths. Raises StoreError."""
    paths: dict[str, list[str]] = {}
    labels: dict[str, tuple[Label, ...]] = {}
    records = parts.store.files()
    marks = marks_of(parts.store, records)
    for record in records:
        paths.setdefault(record.content_hash, []).append(record.path)
        if record.id in marks and marks[record.id].labels:
            labels.setdefault(record.content_hash, marks[record.id].labels)
    found = [
        Tagged(content_hash, tuple(sorted(paths[content_hash])), tuple((each.label, each.score) for each in own))
        for content_hash, own in labels.items()
    ]
    return sorted(found, key=lambda each: each.paths)


def _sounds(store: Store, snapshot: Snapshot, on_progress: Progress) -> Iterator[tuple[list[str], list[str], FloatArray]]:
    """Yield content hash, path and clip vector (S, D) of all living files, block by block."""
    numbers = np.flatnonzero(snapshot.alive)
    for start in range(0, len(numbers), _SOUNDS_PER_BLOCK):
        block = numbers[start : start + _SOUNDS_PER_BLOCK]
        records = {record.id: record for record in store.files(snapshot.file_ids[block].tolist())}
        known = [
            (int(number), records[int(file_id)])
            for number, file_id in zip(block, snapshot.file_ids[block], strict=True)
            if int(file_id) in records
        ]
        clips = np.asarray(snapshot.clips(np.array([number for number, _ in known], np.int64)), np.float32)
        yield [record.content_hash for _, record in known], [record.path for _, record in known], clips
        on_progress(min(start + _SOUNDS_PER_BLOCK, len(numbers)), len(numbers))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_LIST_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"The list of labels {show(path)} cannot be read: {error.strerror}.", "Check the path and its permissions."
        ) from error
    if len(data) > _MAX_LIST_BYTES:
        raise InputError(f"The list of labels {show(path)} is larger than 1 MB.", "Give a file with one label a line.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"The list of labels {show(path)} is not UTF-8 text.", "Give a text file with one label a line.") from error
    return [line for line in text.splitlines() if not line.lstrip().startswith("#")]
