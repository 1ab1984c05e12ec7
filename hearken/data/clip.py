"""What a corpus is made of: clips with captions, queries with relevant clips, captions with variations.

These are plain facts out of published files. Where the sound lies on disk is another matter: `locate.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

ORIGINS = ("freesound", "youtube", "soundbible", "bigsoundbank", "bbc", "tau", "esc50")
"""Where recordings come from. An origin is written `freesound:117790`; equal origins mean the same recording."""
GROUP = "group"
"""Before the colon where no site but the user says which recording it is: the column `group` of a table."""


@dataclass(frozen=True)
class Clip:
    """One sound of a corpus and what is said about it.

    `audio` is a path relative to the corpus' folder, with `/`, as the publisher unpacks it; `id` is unique within the corpus.
    `duration_s` is what the publisher says, None where nobody does; `start_s` is where the clip begins in its original.
    `origins` say which recordings it was cut from (see `ORIGINS`). Captions are verbatim: no case or punctuation is changed.
    `description` is what the publisher of the sound wrote, where captions were made of it or beside it.
    """

    id: str
    split: str
    audio: str
    captions: tuple[str, ...] = ()
    title: str = ""
    tags: tuple[str, ...] = ()
    duration_s: float | None = None
    start_s: float | None = None
    origins: tuple[str, ...] = ()
    licence: str = ""
    author: str = ""
    description: str = ""


@dataclass(frozen=True)
class Query:
    """A text and the clips that answer it: `relevant` holds (clip id, grade) pairs, best first.

    Grade 1.0 means plainly relevant, 0.0 means that people looked and found no match; whatever is not listed was not judged.
    """

    text: str
    relevant: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Variation:
    """A caption of a clip and other ways to say it."""

    clip: str
    caption: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Corpus:
    """Clips, in the order of the published files, with the `queries` and `variations` where the corpus has such.

    `reference` is what it was loaded by, such as `clotho-evaluation` or the path of a table; the clips' `audio` is below `folder`.
    """

    reference: str
    folder: Path
    clips: tuple[Clip, ...]
    queries: tuple[Query, ...] = ()
    variations: tuple[Variation, ...] = ()

    @property
    def num_captions(self) -> int:
        """How many captions all clips have together."""
        return sum(len(clip.captions) for clip in self.clips)

    @property
    def splits(self) -> tuple[str, ...]:
        """The names of the splits, in order of appearance."""
        return tuple(dict.fromkeys(clip.split for clip in self.clips))

    def only(self, splits: Iterable[str]) -> Corpus:
        """Return the corpus with the clips of these splits alone."""
        wanted = set(splits)
        return replace(self, clips=tuple(clip for clip in self.clips if clip.split in wanted))
