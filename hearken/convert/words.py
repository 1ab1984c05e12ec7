"""The list of words that belongs to a converted captioner: what number stands for which word is in no file of weights.

The authors of the audio captioning transformer keep theirs as a pickle, which is never read here. It is made of captions that they publish,
word by word in the order in which they first come (XinhaoMei/ACT, `tools/dataset.py`), so that those captions give the same list.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path

from hearken.errors import InputError, show
from hearken.text.vocabulary import END, START, WordVocabulary

NAMES = ("words_list.txt", "words_list.json", "vocabulary.json")
"""Files that are looked for beside a checkpoint."""
_PICKLES = (".p", ".pkl", ".pickle")
_MAX_BYTES = 64 << 20
_CAPTION = "caption"
_DROPPED = ',.!?;:"'
_WAY_OUT = "Give --vocabulary FILE: the authors' data/csv_files/train.csv, or the list of words, one a line or as a JSON list."


def find_words(given: Path | None, checkpoint: Path, count: int) -> tuple[WordVocabulary, str]:
    """Return the vocabulary of a captioner with `count` words, and where it came from.

    It is read from the file that was `given`, else from one of NAMES beside `checkpoint`: a text with one word a line, a JSON list (or Hearken's
    own `vocabulary.json`), or a table with a column `caption`, whose words are counted as the authors do. Raises InputError where there is none,
    it cannot be read, or it has another number of words.
    """
    path = given or next((place for name in NAMES if (place := checkpoint.parent / name).is_file()), None)
    if path is None:
        raise InputError(f"The file {show(checkpoint)} is a captioner's, and its words are in another file.", _WAY_OUT)
    words = _read(path)
    if len(words) != count:
        message = f"The list {show(path)} has {len(words)} words, the captioner {count}; every word would be another one."
        raise InputError(message, "Give the list that it was trained with.")
    if len(set(words)) != len(words) or not {START, END} <= set(words):
        raise InputError(f"The list {show(path)} must hold {START} and {END}, and every word once.", _WAY_OUT)
    return WordVocabulary(words, _DROPPED), str(path)


def first_come(captions: Iterable[str]) -> list[str]:
    """Return all words of `captions`, START and END in the order in which they first come, as the authors' code numbers them."""
    found: dict[str, None] = {}
    for caption in captions:
        found |= dict.fromkeys([START, *re.sub(f"[{_DROPPED}]", " ", caption.lower()).split(), END])
    return list(found)


def _read(path: Path) -> list[str]:
    if path.suffix in _PICKLES:
        raise InputError(f"The list {show(path)} is a pickle, which can run code and is never read.", _WAY_OUT)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"The list {show(path)} is no list of words: it is too large.", _WAY_OUT)
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(f"The list {show(path)} cannot be read: {error}.", _WAY_OUT) from error
    if path.suffix == ".csv":
        return first_come(_captions(path, text))
    return _from_json(path, text) if path.suffix == ".json" else text.split()


def _captions(path: Path, text: str) -> list[str]:
    try:
        rows = list(csv.DictReader(io.StringIO(text)))
    except csv.Error as error:
        raise InputError(f"The table {show(path)} is damaged: {error}.", _WAY_OUT) from error
    if not rows or any(row.get(_CAPTION) is None for row in rows):
        raise InputError(f"The table {show(path)} has no column {_CAPTION!r} that is filled in every row.", _WAY_OUT)
    return [row[_CAPTION] for row in rows]


def _from_json(path: Path, text: str) -> list[str]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InputError(f"The list {show(path)} is no JSON: {error}.", _WAY_OUT) from error
    words = value.get("words") if isinstance(value, dict) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise InputError(f"The list {show(path)} holds no words.", _WAY_OUT)
    return words
