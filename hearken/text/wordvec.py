"""Readers of public word vectors: word2vec's binary and text formats, and `.npz`; no pickle anywhere.

The Google News file (3 000 000 words, 300 numbers each, 3.6 GB) is read as a stream, so a vocabulary of a few thousand
words needs no more memory than these words. Every number in a header is checked before it is believed.

Legend: `N` words, `D` numbers of a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hearken.errors import InputError, show
from hearken.limits import MAX_VECTOR_DIM, MAX_WORD_BYTES, MAX_WORDS
from hearken.types import FloatArray

_NUMBER = np.dtype("<f4")
_Reader = Callable[[BinaryIO, str, Collection[str] | None], "WordVectors"]


@dataclass(frozen=True)
class WordVectors:
    """`words` (N, unique) and their `vectors` (N, D) float32, in the order of the file."""

    words: tuple[str, ...]
    vectors: FloatArray


def read_vectors(path: Path, vocabulary: Collection[str] | None = None) -> WordVectors:
    """Return the word vectors of a file: `.bin` (word2vec binary), `.npz` (arrays `words` and `vectors`), else word2vec text.

    With `vocabulary`, only these words are kept. A word that comes twice counts once, the first time. Raises InputError
    for a file that is missing, damaged, cut off, beyond the limits, or holds numbers that are not finite.
    """
    readers: dict[str, _Reader] = {".bin": _read_binary, ".npz": _read_npz}
    name = show(path)
    try:
        with path.open("rb") as stream:
            return readers.get(path.suffix.lower(), _read_text)(stream, name, vocabulary)
    except OSError as error:
        raise InputError(f"The word vectors {name} cannot be read: {error.strerror or error}.") from error


def _header(stream: BinaryIO, name: str) -> tuple[int, int]:
    """Count and size from the first line, checked."""
    parts = stream.readline(64).split()
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        raise InputError(f"{name} is no word2vec file: its first line does not say how many words of which size follow.")
    count, dim = (int(part) for part in parts)
    if not (1 <= count <= MAX_WORDS and 1 <= dim <= MAX_VECTOR_DIM):
        raise InputError(f"{name} announces {count} words of {dim} numbers; the limits are {MAX_WORDS} and {MAX_VECTOR_DIM}.")
    return count, dim


def _read_binary(stream: BinaryIO, name: str, vocabulary: Collection[str] | None) -> WordVectors:
    count, dim = _header(stream, name)
    return _collect(_binary_rows(stream, name, count, dim), name, dim, vocabulary)


def _binary_rows(stream: BinaryIO, name: str, count: int, dim: int) -> Iterator[tuple[str, FloatArray]]:
    for number in range(count):
        word = _word(stream, name)
        data = stream.read(dim * _NUMBER.itemsize)
        if len(data) < dim * _NUMBER.itemsize:
            raise InputError(f"{name} is cut off: it announces {count} words and ends in number {number + 1}.")
        yield word, np.frombuffer(data, _NUMBER)


def _word(stream: BinaryIO, name: str) -> str:
    """The next word, which ends at a blank; some writers put a line break before it."""
    held = bytearray()
    while len(held) <= MAX_WORD_BYTES:
        byte = stream.read(1)
        if byte == b" " and held:
            return held.decode(errors="replace")
        if not byte:
            raise InputError(f"{name} is cut off within a word.")
        if byte not in b"\n ":
            held += byte
    raise InputError(f"{name} is damaged: a word is longer than {MAX_WORD_BYTES} bytes.")


def _read_text(stream: BinaryIO, name: str, vocabulary: Collection[str] | None) -> WordVectors:
    count, dim = _header(stream, name)
    return _collect(_text_rows(stream, name, count, dim), name, dim, vocabulary)


def _text_rows(stream: BinaryIO, name: str, count: int, dim: int) -> Iterator[tuple[str, FloatArray]]:
    longest = MAX_WORD_BYTES + 32 * dim
    for number in range(count):
        word, *numbers = stream.readline(longest).rstrip().split(b" ")
        if len(numbers) != dim:
            raise InputError(f"Line {number + 2} of {name} has {len(numbers)} numbers, not {dim}.")
        try:
            with np.errstate(over="ignore"):  # too large a number is infinite, which `_collect` refuses
                yield word.decode(errors="replace"), np.array([float(text) for text in numbers]).astype(np.float32)
        except ValueError as error:
            raise InputError(f"Line {number + 2} of {name} holds something that is no number.") from error


def _read_npz(stream: BinaryIO, name: str, vocabulary: Collection[str] | None) -> WordVectors:
    import zipfile

    try:
        with np.load(stream, allow_pickle=False) as arrays:
            words, vectors = arrays["words"], arrays["vectors"]
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{name} is no .npz with the arrays words and vectors: {error}.") from error
    if words.dtype.kind != "U" or words.ndim != 1 or vectors.ndim != 2 or len(words) != len(vectors) or vectors.dtype.kind != "f":
        raise InputError(f"{name}: words must be N texts and vectors N x D floats.")
    if len(words) > MAX_WORDS or not 1 <= vectors.shape[1] <= MAX_VECTOR_DIM:
        raise InputError(f"{name} holds {vectors.shape}; the limits are {MAX_WORDS} words of {MAX_VECTOR_DIM} numbers.")
    return _collect(zip(map(str, words), vectors.astype(np.float32), strict=True), name, vectors.shape[1], vocabulary)


def _collect(rows: Iterator[tuple[str, FloatArray]], name: str, dim: int, vocabulary: Collection[str] | None) -> WordVectors:
    wanted = None if vocabulary is None else frozenset(vocabulary)
    kept: dict[str, FloatArray] = {}
    for word, vector in rows:
        if (wanted is None or word in wanted) and word not in kept:
            if not np.isfinite(vector).all():
                raise InputError(f"{name}: the vector of {word!r} is not finite.")
            kept[word] = vector
    return WordVectors(tuple(kept), np.stack(list(kept.values())).astype(np.float32) if kept else np.empty((0, dim), np.float32))
