"""Where the sound of a clip lies on disk, also where archives were unpacked or converted in another way than the publisher's.

A file at the very path that the tables name always counts. For other clips, the folder is walked once, and a file of the
same name in other clothes counts: another audio format, another folder, letters composed in another way (NFC, NFD), another
case, `:` and its like replaced as systems that know no such names do it, the `Y` before a YouTube id there or not, or the place in the video behind it. Never
counts what is another clip's: a file that another clip names, or one that lies in the folder of another split.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hearken.audio.source import AUDIO_SUFFIXES
from hearken.data.card import Card
from hearken.data.clip import Clip, Corpus
from hearken.data.table import definition, parse_reference
from hearken.errors import DataError, MissingDataError, show

_FORBIDDEN = re.compile(r'[<>:"|?*]')
_FORBIDDEN_AND_SPACE = re.compile(r'\s*[<>:"|?*]\s*')
_VIDEO_CHARS = 11
_EXCERPT_S = 10.0  # that is how long AudioSet's are
_YOUTUBE = re.compile(r"Y?[\w-]{11}", re.ASCII)
_WORDS = re.compile(r"[^a-z0-9]+")
_SAME = {
    "development": "train", "dev": "train", "training": "train", "valid": "val", "validation": "val", "evaluation": "test", "eval": "test",
    "testing": "test",
}  # fmt: skip
_SPLIT_WORDS = frozenset({"train", "val", "test"})


def audio_path(corpus: Corpus, clip: Clip) -> Path | None:
    """Return the file of `clip`, None if it is not here. Raises as `locate` does; for many clips, that is quicker."""
    return locate(replace(corpus, clips=(clip,))).get(clip.id)


def locate(corpus: Corpus) -> dict[str, Path]:
    """Return clip id -> file for all clips of `corpus` whose sound is here, in the order of the clips.

    Raises DataError where two files fit equally well, or one file fits two clips; it names both.
    """
    exact = _exact(corpus)
    others = [clip for clip in corpus.clips if clip.id not in exact and not os.path.isabs(clip.audio)]
    found = exact | (_alike(corpus, others, set(exact.values())) if others else {})
    return {clip.id: found[clip.id] for clip in corpus.clips if clip.id in found}


def _exact(corpus: Corpus) -> dict[str, Path]:
    """Return the clips whose file is where the tables say, by one listing of each folder."""
    listings: dict[str, frozenset[str]] = {}
    found = {}
    for clip in corpus.clips:
        path = os.path.join(corpus.folder, clip.audio)
        folder, name = os.path.split(path)
        if folder not in listings:
            listings[folder] = frozenset(_files(folder))
        if name in listings[folder]:
            found[clip.id] = Path(path)
    return found


def _files(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.is_file())
    except (OSError, ValueError):  # no such folder, or a NUL in its name: then there is nothing
        return


@dataclass(frozen=True)
class _File:
    """A sound on disk: its path, and its folders below that of the corpus, folded."""

    path: Path
    folders: tuple[str, ...]


def _alike(corpus: Corpus, clips: list[Clip], taken: set[Path]) -> dict[str, Path]:
    """Return what the walk finds for `clips`, whose own paths are empty. Files in `taken` belong to others."""
    by_name = _walk(corpus.folder, taken)
    words = _split_words(corpus, {folder for files in by_name.values() for file in files for folder in file.folders})
    found: dict[str, Path] = {}
    owners: dict[Path, Clip] = {}
    for clip in clips:
        path = _best(clip, [file for file in _candidates(clip, by_name, words) if file.path.is_file()])  # no link to nothing, no pipe
        if path is None:
            continue
        owner = owners.setdefault(path, clip)
        if owner.audio != clip.audio:
            raise DataError(
                f"{show(path)} could be the sound of {show(owner.audio)!r} as well as of {show(clip.audio)!r}.",
                "Put the files where the corpus has them, below its folder.",
            )
        found[clip.id] = path
    return found


def _walk(folder: Path, taken: set[Path]) -> dict[str, list[_File]]:
    """Return folded stem -> sounds below `folder`; hidden folders and files are left out, folders reached twice count once."""
    found: dict[str, list[_File]] = defaultdict(list)
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        status = os.stat(place)
        key = (status.st_dev, status.st_ino)
        if key in seen:
            folders.clear()
            continue
        seen.add(key)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        below = tuple(_fold(part) for part in Path(place).relative_to(folder).parts)
        for name in sorted(names):
            stem, suffix = os.path.splitext(name)
            path = Path(place, name)
            if suffix.lower() in AUDIO_SUFFIXES and not name.startswith(".") and path not in taken:
                found[_fold(stem)].append(_File(path, below))
    return found


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _candidates(clip: Clip, by_name: dict[str, list[_File]], words: _SplitWords) -> list[_File]:
    own = words.among((*clip.audio.split("/")[:-1], clip.split))
    files = []
    for stem in _stems(clip):
        for file in by_name.get(_fold(stem), ()):
            theirs = words.among(file.folders)
            if (not theirs or theirs & own) and (not _is_video(clip) or _same_letters(file.path.stem, stem)):
                files.append(file)
    return files


def _stems(clip: Clip) -> Iterable[str]:
    """Return the names, without suffix, under which the sound of `clip` may lie; each once."""
    stem = os.path.splitext(clip.audio.rsplit("/", 1)[-1])[0]
    named, suffix = os.path.splitext(clip.id.rsplit("/", 1)[-1])
    stems = [stem, named] if suffix.lower() in AUDIO_SUFFIXES else [stem]  # the table's name and the archive's may differ
    for each in filter(_FORBIDDEN.search, tuple(stems)):
        stems += [_FORBIDDEN_AND_SPACE.sub("_", each), *(_FORBIDDEN.sub(mark, each) for mark in ("_", "", "-"))]
    if _is_video(clip):
        stems += [stem[1:] if stem.startswith("Y") and len(stem) == _VIDEO_CHARS + 1 else f"Y{stem}"]
        stems += [each + place for each in stems for place in _places(clip)]
    return dict.fromkeys(stems)


def _places(clip: Clip) -> list[str]:
    """Return how downloaders write, behind the id of a video, where an excerpt of 10 s begins and ends."""
    if clip.start_s is None:
        return []
    start, end = clip.start_s, clip.start_s + _EXCERPT_S
    return [
        f"_{start:.0f}",
        f"_{start:.0f}_{end:.0f}",
        f"_{start:.3f}_{end:.3f}",
        f"_{1000 * start:.0f}_{1000 * end:.0f}",
        f"_{1000 * start:.0f}",
    ]


def _is_video(clip: Clip) -> bool:
    """Say whether the file is named by a YouTube id, in which case matters."""
    stem = os.path.splitext(clip.audio.rsplit("/", 1)[-1])[0]
    return bool(_YOUTUBE.fullmatch(stem)) and any(origin.startswith("youtube:") for origin in clip.origins)


def _same_letters(one: str, other: str) -> bool:
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def _best(clip: Clip, files: list[_File]) -> Path | None:
    """Return the file that fits best. Raises DataError where two do."""
    if not files:
        return None
    wanted = tuple(map(_fold, clip.audio.split("/")[:-1]))
    name = clip.audio.rsplit("/", 1)[-1]

    def rank(file: _File) -> tuple[int, bool, bool, bool]:
        suffix = os.path.splitext(name)[1].lower()
        return (
            _common_end(file.folders, wanted),
            file.path.suffix.lower() == suffix,
            _same_letters(file.path.name, name),
            file.path.name == name,
        )

    ranked = sorted(files, key=rank, reverse=True)
    if len(ranked) > 1 and rank(ranked[0]) == rank(ranked[1]):
        raise DataError(
            f"{show(clip.audio)!r} could be {show(ranked[0].path)} as well as {show(ranked[1].path)}.",
            "Remove one of them, or move it away.",
        )
    return ranked[0].path


def _common_end(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count


def none_here(reference: str) -> MissingDataError:
    """Return the error for a corpus of which not one sound is here."""
    return MissingDataError(f"None of the sounds of {show(reference)} is here.", way_to_sounds(reference))


def way_to_sounds(reference: str) -> str:
    """Return what to do where sounds of a corpus are not here: known ones can be brought, and of a user's own the paths may be wrong."""
    if card_of(reference) is None and not reference.startswith("hf:"):
        return "Paths in a table are relative to the table's folder, or whole."
    return "`hearken data prepare` brings them, or says how to."


def card_of(reference: str) -> Card | None:
    """Return the card of the corpus that `reference` names; None for a user's own."""
    try:
        return definition(parse_reference(reference)[0]).card
    except DataError:
        return None


def _words(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(word for text in texts for word in _WORDS.split(text.lower()))


@dataclass(frozen=True)
class _SplitWords:
    """The words that tell splits apart in names of folders, and what each of them counts as."""

    known: frozenset[str]
    same: Mapping[str, str]

    def among(self, texts: Iterable[str]) -> frozenset[str]:
        """Return those that appear in `texts`."""
        return self.known.intersection(self.same.get(word, word) for word in _words(texts))


def _split_words(corpus: Corpus, folders: Iterable[str]) -> _SplitWords:
    """Return train, val and test, as everybody calls them, and the names of the corpus' own splits.

    Clotho has `evaluation` and `test`. Beside a folder `train`, which Clotho does not know, `test` is what everybody calls so:
    its evaluation, if none of its own names is there and its `test` is not meant.
    """
    card = card_of(corpus.reference)
    own = _words([split.name for split in card.splits] if card else corpus.splits)
    seen = _words(folders)
    if "train" in seen - own and not seen & own & _SAME.keys():
        own = _words(corpus.splits)
    same = {word: other for word, other in _SAME.items() if not {word, other} <= own}
    return _SplitWords((_SPLIT_WORDS | {same.get(word, word) for word in own}) - {"all", ""}, same)
