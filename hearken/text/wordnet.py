"""WordNet: which words may stand for which, by meaning.

Two kinds of files are read: Princeton's own (`data.noun`, `index.noun` and so on in a folder or in NLTK's zip file), and one
JSON object per synset and line (`id`, `lex`, `lemmas`), plain or gzipped, as can be made of the Open English WordNet. Only
lemmas and categories are kept: loading takes about a second. Nothing is ever fetched.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from hearken.errors import MissingDataError, show
from hearken.text.wordnet_files import Sense, Synset, read_files

_USUAL_LEMMAS = 5  # what follows is rare or slang: 'tyke', 'nipper' and 'fry' for 'child'
_NAMES = ("wordnet", "wordnet31", "wordnet2021", "wordnet2022")
_NLTK = ("~/nltk_data", "/usr/share/nltk_data", "/usr/local/share/nltk_data", "/usr/lib/nltk_data", "/usr/local/lib/nltk_data")
_USUAL = ("/usr/share/wordnet", "/usr/local/share/wordnet", "/usr/local/WordNet-3.0/dict", "/opt/homebrew/opt/wordnet/dict")


class WordNet:
    """Looks words up; `senses` maps a word in lower case to its meanings."""

    def __init__(self, senses: Mapping[str, tuple[Sense, ...]]) -> None:
        self._senses = senses

    def __len__(self) -> int:
        return len(self._senses)

    def senses(self, word: str, pos: str | None = None) -> tuple[Sense, ...]:
        """Return the meanings of `word` (as in the dictionary; any case), by rank, those of equal rank in the order of the file."""
        found = self._senses.get(word.lower(), ())
        return found if pos is None else tuple(sense for sense in found if sense.synset.pos == pos)

    def synonyms(self, word: str, pos: str | None = None) -> tuple[str, ...]:
        """Return all words that share a meaning with `word`, without it, in the order of `senses`."""
        lemmas = (lemma for sense in self.senses(word, pos) for lemma in sense.synset.lemmas)
        return tuple(dict.fromkeys(lemma for lemma in lemmas if lemma.lower() != word.lower()))

    def salient(self, word: str, pos: str) -> tuple[Synset, ...]:
        """Return the meanings that `word` has first of all: those of its lowest rank as this part of speech."""
        senses = self.senses(word, pos)
        return tuple(sense.synset for sense in senses if sense.rank == senses[0].rank)

    def close_synonyms(self, word: str, pos: str, categories: Iterable[str] | None = None, *, reach: int = 0) -> tuple[str, ...]:
        """Return the synonyms in what `word` means first, if that is what they mean first as well; of `categories`, if given.

        So 'automobile' is one of 'car', and 'machine', which means other things first, is not. With `reach`, a synonym may
        mean as many other things before. Names, words in capitals and what stands far back in a synset are left out.
        """
        wanted = None if categories is None else frozenset(categories)
        found: dict[str, None] = {}
        for synset in self.salient(word, pos):
            if wanted is None or synset.category in wanted:
                for lemma in synset.lemmas[:_USUAL_LEMMAS]:
                    if lemma != word.lower() and lemma == lemma.lower() and self._distance(lemma, synset) <= reach:
                        found[lemma] = None
        return tuple(found)

    def _distance(self, word: str, synset: Synset) -> int:
        """How many ranks `synset` is behind what `word` means first."""
        senses = self.senses(word, synset.pos)
        return min((sense.rank - senses[0].rank for sense in senses if sense.synset == synset), default=len(senses))


def from_senses(ranked: Iterable[tuple[str, Sense]]) -> WordNet:
    """Return the WordNet of (word, meaning) pairs; the words are sorted into lower case, the meanings by rank."""
    senses: dict[str, list[Sense]] = {}
    for word, sense in ranked:
        senses.setdefault(word.lower(), []).append(sense)
    return WordNet({word: tuple(sorted(found, key=_rank)) for word, found in senses.items()})


def _rank(sense: Sense) -> int:
    return sense.rank


def find_wordnet(path: Path | None = None) -> Path:
    """Return where a WordNet is: `path`, or $HEARKEN_WORDNET, or the usual places. Raises MissingDataError if there is none."""
    named = path or (Path(os.environ["HEARKEN_WORDNET"]).expanduser() if os.environ.get("HEARKEN_WORDNET") else None)
    if named is not None:
        if not named.exists():
            raise MissingDataError(f"There is no WordNet at {show(named)}.", _HINT)
        return named
    for place in usual_places():
        if place.exists():
            return place
    raise MissingDataError("There is no WordNet on this machine.", _HINT)


_HINT = (
    "Name one by --wordnet or $HEARKEN_WORDNET: a folder with Princeton's data.noun and index.noun (Debian's package "
    "wordnet-base), NLTK's corpora/wordnet, or a .jsonl.gz of synsets."
)


def usual_places() -> Iterator[Path]:
    """Yield where packages and NLTK put WordNet, the first choice first."""
    yield from map(Path, _USUAL)
    roots = [*filter(None, os.environ.get("NLTK_DATA", "").split(os.pathsep)), *_NLTK]
    for root in roots:
        for name in _NAMES:
            yield Path(root).expanduser() / "corpora" / name
            yield Path(root).expanduser() / "corpora" / f"{name}.zip"


def load_wordnet(path: Path | None = None) -> WordNet:
    """Return the WordNet at `path`, at $HEARKEN_WORDNET, or at a usual place.

    Raises MissingDataError where there is none, DataError (with file and line) where a file is not what it should be.
    """
    return from_senses(read_files(find_wordnet(path)))
