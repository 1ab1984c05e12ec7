"""What a submission is held against: the queries, the names of the clips, and which clips answer which query, where that is known.

Captions and names are verbatim, as the challenge published them: white space at the end of a caption belongs to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hearken.data.clip import Clip, Corpus
from hearken.data.rows import Row, read_csv
from hearken.errors import DataError, EvaluationError, MissingDataError, show
from hearken.evaluate.task import Task
from hearken.metrics.relevance import Relevance

_CAPTION = "caption"
_FILE_NAME = "file_name"
_NUMBERED = re.compile(r"caption_([0-9]{1,3})")
_MULTIPLE = ("query", "audio_filenames")
_FOLDER_MARK = re.compile(r"[/\\]")


@dataclass(frozen=True)
class Truth:
    """The `queries` in the published order; equal ones stay apart, each with answers of its own.

    `clips` are the names of all clips that can be found, () where nobody lists them; `answers` the names of the clips that answer each
    query, None where they are secret.
    """

    name: str
    queries: tuple[str, ...]
    clips: tuple[str, ...] = ()
    answers: tuple[tuple[str, ...], ...] | None = None

    @property
    def num_equal(self) -> int:
        """How many queries have the words of an earlier one."""
        return len(self.queries) - len(set(self.queries))

    def names(self) -> tuple[str, ...]:
        """The names of the clips, or at least of those that answer a query."""
        return self.clips or tuple(dict.fromkeys(name for names in self.answers or () for name in names))

    def known_as(self, name: str) -> str:
        """The clip that a file means by `name`: the one of this name, or the only one whose path ends in it; else `name` itself."""
        return self._by_base_name.get(name, name)

    @cached_property
    def _by_base_name(self) -> dict[str, str]:
        """Clips that are paths, by the names of their files: without those that share it, or have the name of another clip."""
        names = self.names()
        counts = Counter(map(base_name, names))
        return {base_name(name): name for name in names if is_path(name) and counts[base_name(name)] == 1}

    def to_task(self, clips: Sequence[str]) -> Task:
        """Return the task of finding the answers among `clips`. Raises EvaluationError where they are secret or not among these."""
        if self.answers is None:
            raise EvaluationError(
                f"Nobody knows which clips answer the queries of {show(self.name)}.",
                "Only the organisers could score it; it can be checked.",
            )
        numbers = {name: number for number, name in enumerate(clips)}
        if lost := [name for names in self.answers for name in names if name not in numbers]:
            raise EvaluationError(f"{show(self.name)} has an answer {show(lost[0])!r} that is none of the clips.")
        relevance = Relevance.from_lists([[numbers[name] for name in names] for names in self.answers], len(clips))
        return Task(self.name, tuple(clips), self.queries, relevance, record={"equal_captions": self.num_equal})


def truth_of(source: Truth | Task | Corpus | Path | str, *, folder: Path | None = None) -> Truth:
    """Return what `source` asks.

    It is a CSV with captions in the format of Clotho (`file_name,caption_1,...,caption_5`), of the hidden sets (`retrieval_captions.csv`, column
    `caption`) or of DCASE 2025 (`query,audio_filenames`); or what `hearken.data.load` knows, such as `clotho-evaluation`, `dcase2025`
    or `dcase-retrieval` (`folder`: where its files are); or a task or corpus that is open.

    Raises EvaluationError where there is no query or two clips have one name, and what `load` raises: MissingDataError, DataError.
    """
    if isinstance(source, Truth):
        found = source
    elif isinstance(source, Task):
        found = _of_task(source)
    elif isinstance(source, Corpus):
        found = _of_corpus(source, folder)
    else:
        found = _of_file(Path(source)) if Path(source).suffix.lower() == ".csv" else _of_reference(str(source), folder)
    if not found.queries:
        raise EvaluationError(f"{show(found.name)} has no query.", "Name a table with captions.")
    if len(set(found.clips)) < len(found.clips):
        twice = Counter(found.clips).most_common(1)[0][0]
        raise EvaluationError(f"{show(found.name)} has two clips called {show(twice)!r}.", "Name one split of it.")
    return found


def _of_task(task: Task) -> Truth:
    answers = tuple(tuple(task.clips[item] for item in task.relevance.of(query)) for query in range(len(task.queries)))
    return Truth(task.name, task.queries, task.clips, answers if all(answers) else None)


def _of_file(path: Path) -> Truth:
    """The truth of a CSV file, whose header says of which kind it is."""
    try:
        rows = list(read_csv(path, ()))
    except MissingDataError as error:
        raise MissingDataError(error.message, "Check the path.") from error
    columns = set(rows[0].values) if rows else set()
    captions = sorted((int(found[1]), name) for name in columns if (found := _NUMBERED.fullmatch(name)))
    if _FILE_NAME in columns and captions:
        return _of_clotho(path, rows, [name for _, name in captions])
    if columns.issuperset(_MULTIPLE):
        return Truth(path.name, tuple(row.exact("query") for row in rows), (), tuple(_several(row) for row in rows))
    if columns == {_CAPTION}:
        return Truth(path.name, tuple(row.exact(_CAPTION) for row in rows))
    if "file_name_1" in columns:
        raise EvaluationError(f"{show(path)} is a submission, not what one is held against.", "Name the table of captions.")
    return _of_reference(str(path), None)


def _of_clotho(path: Path, rows: list[Row], captions: list[str]) -> Truth:
    queries: list[str] = []
    answers: list[tuple[str, ...]] = []
    for row in rows:
        for column in captions:
            queries.append(row.exact(column))
            answers.append((row.exact(_FILE_NAME),))
    return Truth(path.name, tuple(queries), tuple(row.exact(_FILE_NAME) for row in rows), tuple(answers))


def _several(row: Row) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(row.texts("audio_filenames")))
    return names or row.fail("'audio_filenames' is empty.")


def _of_reference(reference: str, folder: Path | None) -> Truth:
    from hearken.data.load import load

    return _of_corpus(load(reference, folder=folder), folder)


def _of_corpus(corpus: Corpus, folder: Path | None) -> Truth:
    """The truth of a corpus: its own queries, or else the captions of its clips."""
    if not corpus.queries:
        pairs = [(caption, file_name(clip)) for clip in corpus.clips for caption in clip.captions]
        clips = tuple(map(file_name, corpus.clips))
        return Truth(corpus.reference, tuple(caption for caption, _ in pairs), clips, tuple((clip,) for _, clip in pairs))
    among = corpus.clips or _clips_of(corpus.reference, folder)
    names = {clip.id: file_name(clip) for clip in among}
    found = [(query.text, tuple(names.get(clip, clip) for clip, grade in query.relevant if grade > 0.0)) for query in corpus.queries]
    secret = not any(answers for _, answers in found)
    asked = [pair for pair in found if pair[1] or secret]
    answers = None if secret else tuple(answers for _, answers in asked)
    return Truth(corpus.reference, tuple(text for text, _ in asked), tuple(names.values()), answers)


def _clips_of(reference: str, folder: Path | None) -> tuple[Clip, ...]:
    """The clips that a corpus of queries alone is about, where their tables are here; () where they are not, or nobody knows whose."""
    from hearken.data.load import load
    from hearken.data.table import definition, parse_reference

    try:
        name, splits = parse_reference(reference)
        whose = definition(name).clips_of
        parts = [load(f"{whose}-{split}", folder=folder and folder.parent / whose) for split in splits] if whose else []
    except DataError:
        return ()
    return tuple(clip for part in parts for clip in part.clips)


def is_path(name: str) -> bool:
    """Say whether there are folders in the name of a clip."""
    return _FOLDER_MARK.search(name) is not None


def base_name(name: str) -> str:
    """Return the name of a file without its folders, as a submission has it."""
    return _FOLDER_MARK.split(name)[-1]


def file_name(clip: Clip) -> str:
    """Return the name that a clip is known by: its id, without the split that stands before it where two splits share a name."""
    return clip.id.removeprefix(f"{clip.split}/")
