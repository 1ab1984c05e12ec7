"""A corpus for training or validation, by the name a recipe gives it, with the places of its sounds: files or samples of packs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from hearken.data.clip import Clip, Corpus
from hearken.data.load import load
from hearken.data.locate import card_of, locate
from hearken.data.sets.wavtext5k import CONSTRUCTIONS, caption
from hearken.data.table import definition, parse_reference
from hearken.errors import DataError, RecipeError, show
from hearken.train.feed.packs import Pack, Packed, is_pack

Place = str | Packed
"""Where a sound is: the path of a file, or a sample of a pack."""


@dataclass(frozen=True)
class Opened:
    """A corpus, and where the sound of each clip (by id) is; clips that are not in `places` are not here.

    `identity` is the corpus whose ids the clips have: two corpora of one identity have a clip in common where they have an id in
    common. `lengths_s` are those that a pack knows. `pack` is None for files.
    """

    corpus: Corpus
    places: Mapping[str, Place]
    identity: str
    lengths_s: Mapping[str, float] = field(default_factory=dict)
    pack: Pack | None = None

    @property
    def clips(self) -> tuple[Clip, ...]:
        """All clips, also those without a sound."""
        return self.corpus.clips

    def duration_s(self, clip: Clip) -> float | None:
        """Return the length of a clip as far as anybody says."""
        return self.lengths_s.get(clip.id, clip.duration_s)


def open_corpus(reference: str, *, splits: Iterable[str] = (), construction: str = "") -> Opened:
    """Return the corpus `reference` and the places of its sounds.

    It is a name of `hearken data list`, the path of a table, folder or pack, or `hf:...`; `PATH:SPLIT` is one split of a path.
    `splits` keeps some splits alone. `construction` makes every caption anew of a clip's title and description (WavText5K's choices).
    A corpus of queries alone has the clips of the corpus that they are about.

    Raises RecipeError for unknown splits and constructions, and what `load`, `locate` and `Pack` raise.
    """
    reference, splits = _own_split(reference, tuple(splits))
    if is_pack(reference):
        return _open_pack(reference, splits, construction)
    corpus = _with_clips(load(reference))
    corpus = _worded(_only(corpus, splits), construction)
    return Opened(corpus, {clip: os.fspath(path) for clip, path in locate(corpus).items()}, _identity(reference))


def _own_split(reference: str, splits: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Take `PATH:SPLIT` apart, where PATH is there and `PATH:SPLIT` is not."""
    path, colon, split = reference.rpartition(":")
    if colon and split and os.path.exists(path) and not os.path.exists(reference):
        return path, (split, *splits)
    return reference, splits


def _open_pack(reference: str, splits: tuple[str, ...], construction: str) -> Opened:
    pack = Pack(Path(reference))
    rows = pack.clips()
    ids = {clip.id for clip, _, _ in rows}
    if len(ids) < len(rows):
        raise DataError(f"{show(reference)} holds two clips of one id.", "Pack the corpus again.")
    corpus = _worded(_only(Corpus(reference, pack.folder, tuple(clip for clip, _, _ in rows)), splits), construction)
    places: dict[str, Place] = {clip.id: place for clip, _, place in rows}
    lengths_s = {clip.id: sound.duration_s for clip, sound, _ in rows}
    return Opened(corpus, places, _identity(pack.index.source.reference), lengths_s, pack)


def _with_clips(corpus: Corpus) -> Corpus:
    """Return a corpus of queries alone with the clips that they are about."""
    if corpus.clips or not corpus.queries or card_of(corpus.reference) is None:
        return corpus
    name, splits = parse_reference(corpus.reference)
    about = definition(name).clips_of
    if about is None:
        return corpus
    parts = [load(f"{about}-{split}") for split in splits]
    return replace(corpus, folder=parts[0].folder, clips=tuple(clip for part in parts for clip in part.clips))


def _only(corpus: Corpus, splits: tuple[str, ...]) -> Corpus:
    unknown = sorted(set(splits) - set(corpus.splits))
    if unknown:
        known = ", ".join(map(show, corpus.splits))
        raise RecipeError(f"{show(corpus.reference)} has no split {show(unknown[0])!r}.", f"Its splits are: {known}.")
    return corpus.only(splits) if splits else corpus


def _worded(corpus: Corpus, construction: str) -> Corpus:
    if not construction:
        return corpus
    if construction not in CONSTRUCTIONS:
        raise RecipeError(f"There is no construction {show(construction)!r} of captions.", f"One of {', '.join(CONSTRUCTIONS)}.")
    texts = (caption(clip.title, clip.description, construction) for clip in corpus.clips)
    clips = tuple(replace(clip, captions=(text,) if text else ()) for clip, text in zip(corpus.clips, texts, strict=True))
    return replace(corpus, clips=clips)


def _identity(reference: str) -> str:
    """Return the name of a known corpus without its split, or the whole path of another."""
    if card_of(reference) is not None:
        return parse_reference(reference)[0]
    return reference if reference.startswith("hf:") else os.path.realpath(reference)
