"""The card of a corpus: what it is, who may use it, how large it is, and which files it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hearken.data.clip import Clip, Query, Variation


@dataclass(frozen=True)
class Split:
    """The published size of one split: how many clips, captions and queries its published files hold.

    A corpus of queries or variations alone (see `Definition.clips_of`) has no clips of its own. None: nobody published the number.
    A split `by_name` is left out of `NAME` alone: it has to be asked for as `NAME-SPLIT`.
    """

    name: str
    num_clips: int
    num_captions: int
    num_queries: int = 0
    num_variations: int | None = 0
    by_name: bool = False


@dataclass(frozen=True)
class File:
    """A published file. `path` is where it belongs in the corpus' folder, `urls` are its parts in order (none: no public address).

    `size_bytes`, `md5` and `sha256` are None where nobody published them. An archive is unpacked into the folder `unpack_to`
    (`.`: the corpus' own; most archives hold a folder).
    `holds` says what is in it: `text` (captions and tables) or `audio`. `how` tells what a person has to do where there are no `urls`.
    `splits` are those that it belongs to; none means all.
    """

    path: str
    urls: tuple[str, ...] = ()
    size_bytes: int | None = None
    md5: str | None = None
    sha256: str | None = None
    holds: str = "text"
    unpack_to: str | None = None
    how: str = ""
    splits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Card:
    """What a corpus is. `notes` say where a paper's figures differ from the files, and what else a user should know.

    `licence` is that of the captions and tables, `audio_licence` that of the sound. `size` is for people, such as '9 GB'.
    """

    name: str
    title: str
    summary: str
    licence: str
    audio_licence: str
    homepage: str
    citation: str
    splits: tuple[Split, ...]
    files: tuple[File, ...]
    size: str = ""
    language: str = "English"
    text_source: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition:
    """A corpus that Hearken knows: its card, and readers of its published files below a folder.

    A reader takes the corpus' folder and the splits that are wanted; it yields in the order of the files and raises DataError
    (which names file and line) or MissingDataError. `clips_of` names another corpus whose clips the queries or variations are about:
    those of its split of the same name, by their `Clip.id`.
    """

    card: Card
    read: Callable[[Path, tuple[str, ...]], Iterator[Clip]] | None = None
    read_queries: Callable[[Path, tuple[str, ...]], Iterator[Query]] | None = None
    read_variations: Callable[[Path, tuple[str, ...]], Iterator[Variation]] | None = None
    clips_of: str | None = None
