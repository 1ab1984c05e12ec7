"""The ways in which clips of one corpus can be in another: one function for each, which yields what it finds, clip by clip."""

from __future__ import annotations

import functools
import hashlib
import math
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hearken.data.blacklists import Blacklist
from hearken.data.clip import Clip
from hearken.errors import DataError, show

_APOSTROPHES = re.compile("['’`]")
_NO_WORD = re.compile(r"[\W_]+")
_CHUNK_BYTES = 1 << 20
_HEAD_BYTES = 1 << 16  # enough to tell apart sounds of one length, whose headers are equal


@dataclass(frozen=True)
class Leak:
    """A clip that is trained on and is, or may be, tested on: its ids in both corpora, and what they share.

    `kind` is one of `leakage.KINDS`; `held_out` is "" for a clip that is on a blacklist. For sound, `offset_s` is where the
    training clip begins in the other one (negative: the other one begins in it), and `strength` the share of landmarks, 0 to 1.
    """

    kind: str
    training: str
    held_out: str
    detail: str
    offset_s: float | None = None
    strength: float | None = None


def same_origins(training: Iterable[Clip], held_out: Iterable[Clip]) -> Iterator[Leak]:
    """Yield the pairs of clips that were cut from one recording, wherever in it they begin."""
    owners = defaultdict(list)
    for clip in held_out:
        for origin in clip.origins:
            owners[origin].append(clip.id)
    for clip in training:
        for origin in clip.origins:
            yield from (Leak("origin", clip.id, other, origin) for other in owners.get(origin, ()))


def listed(training: Iterable[Clip], blacklist: Blacklist) -> Iterator[Leak]:
    """Yield the clips that were cut from a recording on the list."""
    for clip in training:
        yield from (Leak("blacklist", clip.id, "", origin) for origin in clip.origins if origin in blacklist.origins)


def same_captions(training: Iterable[Clip], held_out: Iterable[Clip]) -> Iterator[Leak]:
    """Yield each training clip with each of its captions that the other corpus has too, and the first clip that has it there."""
    owners: dict[str, str] = {}
    for clip in held_out:
        for caption in clip.captions:
            owners.setdefault(plain(caption), clip.id)
    owners.pop("", None)
    for clip in training:
        for caption in dict.fromkeys(map(plain, clip.captions)):
            if caption in owners:
                yield Leak("caption", clip.id, owners[caption], caption)


def plain(caption: str) -> str:
    """Return a caption without case, punctuation, accents' encoding and superfluous white space: what is compared of it."""
    text = unicodedata.normalize("NFKC", caption).casefold()
    return _NO_WORD.sub(" ", _APOSTROPHES.sub("", text)).strip()


def same_files(training: Mapping[str, Path], held_out: Mapping[str, Path]) -> Iterator[Leak]:
    """Yield the pairs of clips (id -> file) whose files are equal byte for byte.

    Only files of equal size are opened, and only those that begin alike are read to the end. Empty files, as broken downloads
    leave them, hold nothing to share. Raises DataError for a file that cannot be read.
    """
    sides = [{clip: (path, _size(path)) for clip, path in files.items()} for files in (training, held_out)]
    common = {size for _, size in sides[0].values()} & {size for _, size in sides[1].values()} - {0}
    begins = [{clip: (path, size, _digest(path, _HEAD_BYTES)) for clip, (path, size) in side.items() if size in common} for side in sides]
    alike = {key[1:] for key in begins[0].values()} & {key[1:] for key in begins[1].values()}
    whole = functools.cache(_digest)
    owners: dict[str, list[str]] = defaultdict(list)
    for clip, (path, *key) in begins[1].items():
        if tuple(key) in alike:
            owners[whole(path)].append(clip)
    for clip, (path, *key) in begins[0].items():
        if tuple(key) in alike:
            yield from (Leak("file", clip, other, f"SHA-256 {whole(path)[:16]}") for other in owners.get(whole(path), ()))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error


def _digest(path: Path, most: float = math.inf) -> str:
    """Return the SHA-256 of a file, or of its first `most` bytes."""
    digest, left = hashlib.sha256(), most
    try:
        with path.open("rb") as file:
            while chunk := file.read(int(min(left, _CHUNK_BYTES))):
                digest.update(chunk)
                left -= len(chunk)
    except OSError as error:
        raise _unreadable(path, error) from error
    return digest.hexdigest()


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(f"{show(os.fspath(path))} cannot be read: {error.strerror or error}.", "Check the file and its permissions.")
