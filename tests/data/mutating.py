"""Damage at random to the tables of corpora: every loader must end in a result or in a DataError that names the file.

A case is a small corpus or a user's table, one of whose files is changed in one to three places. It depends on the seed and
its number alone, so that each can be repeated. What is broken as CSV, JSON or YAML has to be named with a line.
"""

from __future__ import annotations

import shutil
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hearken.data.blacklists import PUBLISHED, read_blacklist
from hearken.data.load import load
from hearken.data.rows import Row, read_csv, read_json_records, read_jsonl, read_lines, read_yaml
from hearken.data.sets.macs import read_competence
from hearken.data.table import CORPORA
from hearken.data.unpickle import read_pickle
from hearken.errors import DataError
from tests.data.mutants import damaged, judged
from tests.data.samples import FILES, dumped

USERS = {
    "users.csv": b'file,caption,tags,split,duration,start_time\na/rain.wav,"Rain, softly.",rain;wet,train,2.5,1\nb.wav,A dog.,"[\'dog\']",test,,\n',
    "users.tsv": b'path\tcaption_1\tcaption_2\tlabels\nx.wav\tone\ttwo\ta;b\n"y.wav"\tthree\t\t\n',
    "users.json": b'{"num_captions_per_audio": 2, "data": [\n{"audio": "x.wav", "captions": ["one", "two"], "tags": ["a"]},\n{"audio": "y.wav", "caption": "b"}]}',
    "list.json": b'[{"file_name": "x.wav", "text": "one", "origins": ["freesound:1"]}]',
    "users.jsonl": b'{"file": "x.wav", "caption": "one", "duration_s": 1.5}\n\n{"file": "y.wav", "captions": ["two"], "start_s": 0}\n',
}
FOLDER = {
    "train/rain.wav": b"", "train/rain.txt": b"Rain falls.\nIt rains.\n", "dog.flac": b"", "dog.json": b'{"text": ["A dog."], "tag": ["dog"], "title": "Rex"}',
}  # fmt: skip
BARE = {
    "rows.csv": b'id,text,number,list\r\n1,"Rain, ""softly"".",2.5,"[\'a\', \'b\']"\r\n2,Wind,1,[]\r\n',
    "rows.json": b'{"other": {"data": []}, "data": [\n {"id": "1", "text": "Rain", "number": 2.5, "list": ["a"]},\n {"id": 2, "text": "Wind"}\n]}',
    "rows.jsonl": b'{"id": "1", "text": "Rain", "number": "2.5", "list": ["a"]}\n{"id": 2, "text": "Wind", "list": "[\'b\']"}\n',
    "rows.yaml": b"rows:\n- {id: 1, text: 'Rain', list: [a, b]}\n- id: 2\n  text: |\n    Wind\n    blows\n  when: 2021-07-22\n  number: 1.5e3\n  none: ~\n",
    "rows.txt": b"07000001\r\n\r\n  07000002\n",
    "rows.pkl": dumped({"a": ["x", "y"], "b": "z", "c": [1, 2.5, None, True, ("t",)]}, 2),
    "competence.csv": b"annotator_id\tcompetence\n1\t0.5\n2\t0\n",
    PUBLISHED["dcase2025"].file.path: b"sound_id\n354184\nNot found\n",
}


@dataclass(frozen=True)
class Case:
    """A loader and the files that it reads, any of which may be damaged."""

    name: str
    files: dict[str, bytes]
    run: Callable[[Path], object]


def cases() -> tuple[Case, ...]:
    """Every loader of the table, the loaders of users' data, and the readers below them."""
    return (
        *(Case(name, FILES[name], _loader(name)) for name in CORPORA),
        *(Case(name, {name: content}, lambda folder, name=name: load(folder / name)) for name, content in USERS.items()),
        Case("folder", FOLDER, load),
        *(Case(name, {name: BARE[name]}, _reader(name)) for name in BARE),
    )


def _loader(name: str) -> Callable[[Path], object]:
    return lambda folder: load(name, folder=folder)


def _reader(name: str) -> Callable[[Path], object]:
    return lambda folder: _READERS[name](folder / name)


def _used(rows: Iterator[Row]) -> list[object]:
    """Read the rows and ask each for all that callers ask for."""
    return [(row.text("text", default=""), row.seconds("number"), row.texts("list"), row.text("id")) for row in rows]


_READERS: dict[str, Callable[[Path], object]] = {
    "rows.csv": lambda path: _used(read_csv(path, ("id", "text"))),
    "rows.json": lambda path: _used(read_json_records(path, "data", ("id",))),
    "rows.jsonl": lambda path: _used(read_jsonl(path, ("id",))),
    "rows.yaml": read_yaml,
    "rows.txt": lambda path: list(read_lines(path)),
    "rows.pkl": read_pickle,
    "competence.csv": read_competence,
    PUBLISHED["dcase2025"].file.path: read_blacklist,
}


# Runs ------------------------------------------------------------------------------------------------------------------


@dataclass
class Failure:
    """A case that did not end as it should."""

    number: int
    case: str
    file: str
    what: str
    content: bytes


@dataclass
class Outcome:
    """How the cases of a run ended."""

    results: Counter[str] = field(default_factory=Counter)
    by_case: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: str = ""


def fuzz(count: int, seed: int, folder: Path, *, first: int = 0, known: tuple[Case, ...] | None = None) -> Outcome:
    """Run the cases `first` to `first + count - 1` of `seed` on `known` (all that there are), with their files below `folder`."""
    outcome = Outcome()
    known = known or cases()
    for case in known:
        shutil.rmtree(folder / case.name, ignore_errors=True)
        for path, content in case.files.items():
            (folder / case.name / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / case.name / path).write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a warning would be an exception with a strict interpreter
        for number in range(first, first + count):
            _run(known[number % len(known)], number, seed, folder, outcome)
    return outcome


def _run(case: Case, number: int, seed: int, folder: Path, outcome: Outcome) -> None:
    generator = np.random.default_rng([seed, number])
    name = sorted(case.files)[int(generator.integers(len(case.files)))]
    content = damaged(case.files[name], generator)
    path = folder / case.name / name
    path.write_bytes(content)
    start_s = time.perf_counter()
    result = _result(case, folder, name)
    took_s = time.perf_counter() - start_s
    path.write_bytes(case.files[name])
    if took_s > outcome.slowest_s:
        outcome.slowest_s, outcome.slowest = took_s, f"case {number}, {case.name}"
    short = result.split("\n", 1)[0]
    outcome.results[short] += 1
    outcome.by_case.setdefault(case.name, Counter())[short] += 1
    if short.startswith("BUG"):
        outcome.failures.append(Failure(number, case.name, name, result, content))


def _result(case: Case, folder: Path, name: str) -> str:
    """Return how the loader ended: `loaded`, the kind of the named error, or `BUG` and what is wrong with it."""
    try:
        case.run(folder / case.name)
    except DataError as error:
        return judged(error, folder / case.name / name, (case.name, *case.files))
    except Exception as error:  # noqa: BLE001 - that is what we look for
        return f"BUG: {type(error).__name__}\n{traceback.format_exc()}"
    return "loaded"
