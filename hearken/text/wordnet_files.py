"""Readers of WordNet's files: Princeton's `data.*` and `index.*`, in a folder or a zip file, and synsets as JSON lines.

The format of Princeton's files is that of its manual page wndb(5WN).
"""

from __future__ import annotations

import gzip
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple, NoReturn

from hearken.errors import DataError, MissingDataError, show
from hearken.limits import MAX_TABLE_MB


class Synset(NamedTuple):
    """One meaning: its part of speech (n, v, a or r; satellites, s, are adjectives), its category such as `noun.animal`, and the words that have it."""

    pos: str
    category: str
    lemmas: tuple[str, ...]


class Sense(NamedTuple):
    """A meaning of one word. `rank` 0 is what the word means first.

    Princeton's files say in which order; elsewhere the rank is the word's place among the synset's words, of which the first
    names the thing best: 'dog' is first of (dog, domestic dog), but last of (pawl, detent, click, dog).
    """

    synset: Synset
    rank: int


Pairs = Iterator[tuple[str, Sense]]
_PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
_TYPES = {"n": "n", "v": "v", "a": "a", "s": "a", "r": "r"}
_CATEGORIES = str.split(
    "adj.all adj.pert adv.all noun.Tops noun.act noun.animal noun.artifact noun.attribute noun.body noun.cognition noun.communication "
    "noun.event noun.feeling noun.food noun.group noun.location noun.motive noun.object noun.person noun.phenomenon noun.plant "
    "noun.possession noun.process noun.quantity noun.relation noun.shape noun.state noun.substance noun.time verb.body verb.change "
    "verb.cognition verb.communication verb.competition verb.consumption verb.contact verb.creation verb.emotion verb.motion "
    "verb.perception verb.possession verb.social verb.stative verb.weather adj.ppl"
)
"""By the number that a line of `data.*` has: lexnames(5WN)."""
_MAX_BYTES = MAX_TABLE_MB * 1_000_000
_AGAIN = "Install WordNet again, or name another by --wordnet."


def read_files(path: Path) -> Pairs:
    """Yield (word, meaning) for every word of the WordNet at `path`: a folder, a .zip, a .jsonl or a .jsonl.gz.

    Raises MissingDataError where a file is not there, DataError, with file and line, for anything that is not as it should be.
    """
    if path.is_dir():
        if (path / "data.noun").is_file():
            return _princeton(str(path), lambda name: (path / name).open("rb"))
        found = sorted([*path.glob("*.jsonl.gz"), *path.glob("*.jsonl")])
        if len(found) == 1:
            return _json_lines(found[0])
        raise MissingDataError(f"{show(path)} holds no data.noun, and not one .jsonl.gz.", "Give the folder that has WordNet's files.")
    return _zipped(path) if path.suffix == ".zip" else _json_lines(path)


def _zipped(path: Path) -> Pairs:
    try:
        with zipfile.ZipFile(path) as archive:
            inner = next((name for name in archive.namelist() if name.rsplit("/", 1)[-1] == "data.noun"), None)
            if inner is None:
                raise MissingDataError(f"{show(path)} holds no data.noun.", _AGAIN)
            folder = inner.removesuffix("data.noun")
            yield from _princeton(str(path), lambda name: archive.open(folder + name))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        _fail(str(path), None, f"this zip file cannot be read: {show(str(error))}")
    except OSError as error:
        _fail(str(path), None, f"it cannot be read: {error.strerror or show(str(error))}")


def _princeton(where: str, opened: Callable[[str], IO[bytes]]) -> Pairs:
    for part, pos in _PARTS.items():
        synsets = dict(_synsets(f"{where}/data.{part}", _lines(where, f"data.{part}", opened)))
        yield from _ranked(f"{where}/index.{part}", pos, _lines(where, f"index.{part}", opened), synsets)


def _lines(where: str, name: str, opened: Callable[[str], IO[bytes]]) -> list[str]:
    """The lines of one file; those of the licence, which begin with two spaces, are empty."""
    try:
        with opened(name) as stream:
            content = stream.read(_MAX_BYTES + 1)
    except (FileNotFoundError, KeyError) as error:
        raise MissingDataError(f"{show(where)} holds no {name}.", _AGAIN) from error
    except OSError as error:
        _fail(f"{where}/{name}", None, f"it cannot be read: {error.strerror or show(str(error))}")
    if len(content) > _MAX_BYTES:
        _fail(f"{where}/{name}", None, f"it is larger than {MAX_TABLE_MB} MB")
    lines = content.decode("utf-8", "replace").split("\n")
    return ["" if line.startswith("  ") else line for line in lines]


def _synsets(name: str, lines: list[str]) -> Iterator[tuple[str, Synset]]:
    """Offset -> synset, from the lines `offset lex_filenum ss_type w_cnt word lex_id [word lex_id...] ...`."""
    for number, line in enumerate(lines, start=1):
        if line:
            cells = line.split(" ", 4)
            try:
                count = int(cells[3], 16)
                words = cells[4].split(" ", 2 * count)[: 2 * count : 2]
                synset = Synset(_TYPES[cells[2]], _CATEGORIES[int(cells[1])], tuple(_plain(word) for word in words))
            except (IndexError, ValueError, KeyError):
                _fail(name, number, "this line describes no synset")
            if len(words) != count or not count:
                _fail(name, number, f"this line announces {count} words and has {len(words)}")
            yield cells[0], synset


def _plain(word: str) -> str:
    """A lemma in plain spelling: blanks for underscores, and without the mark for where an adjective may stand, such as `(p)`."""
    return word.partition("(")[0].replace("_", " ")


def _ranked(name: str, pos: str, lines: list[str], synsets: dict[str, Synset]) -> Pairs:
    """The meanings of each word in the order that its line has: `lemma pos synset_cnt ... synset_offset [synset_offset...]`."""
    for number, line in enumerate(lines, start=1):
        if line:
            cells = line.split()
            try:
                count = int(cells[2])
                found = [synsets[offset] for offset in cells[-count:]]
            except (IndexError, ValueError, KeyError):
                _fail(name, number, "this line describes no word of the data file beside it")
            if cells[1] != pos or count < 1 or len(cells) < 6 + count:
                _fail(name, number, "this line describes no word of the data file beside it")
            for rank, synset in enumerate(found):
                yield _plain(cells[0]), Sense(synset, rank)


def _json_lines(path: Path) -> Pairs:
    name = str(path)
    for number, line in enumerate(_unpacked(path).split(b"\n"), start=1):
        if line.strip():
            synset = _synset(name, number, line)
            for rank, lemma in enumerate(synset.lemmas):
                yield lemma, Sense(synset, rank)


def _unpacked(path: Path) -> bytes:
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
            content = stream.read(_MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise MissingDataError(f"{show(path)} is not there.", "Name a WordNet by --wordnet or $HEARKEN_WORDNET.") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        _fail(str(path), None, f"this gzip file is damaged: {show(str(error))}")
    except OSError as error:
        _fail(str(path), None, f"it cannot be read: {error.strerror or show(str(error))}")
    if len(content) > _MAX_BYTES:
        _fail(str(path), None, f"it is larger than {MAX_TABLE_MB} MB")
    return content


def _synset(name: str, number: int, line: bytes) -> Synset:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        _fail(name, number, "this is no JSON")
    if not isinstance(value, dict):
        _fail(name, number, "this is no object")
    known, category, lemmas = (value.get(key) for key in ("id", "lex", "lemmas"))
    if not isinstance(known, str) or known[-1:] not in _TYPES:
        _fail(name, number, "'id' should end with n, v, a, s or r")
    if not isinstance(category, str):
        _fail(name, number, "'lex' should be text")
    if not isinstance(lemmas, list) or not lemmas or not all(isinstance(lemma, str) and lemma.strip() for lemma in lemmas):
        _fail(name, number, "'lemmas' should be a list of words")
    return Synset(_TYPES[known[-1]], category, tuple(lemmas))


def _fail(name: str, line: int | None, message: str) -> NoReturn:
    where = show(name) if line is None else f"{show(name)}, line {line}"
    raise DataError(f"{where}: {message}.", _AGAIN)
