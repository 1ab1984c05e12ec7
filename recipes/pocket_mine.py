"""What other people wrote of the same sounds: captions of open corpora that say what a caption says, and no more.

A candidate is taken for a caption if its words are the caption's (or those of its phrasings), if it names both what sounds and what it
does, if the sentence encoder finds the two near, and if its nearest AudioSet tags are among those that a tagger hears in the caption's
clips. Each test alone lets wrong ones pass; together they are strict.

Legend: `C` captions, `N` candidates, `M` tags, `D` embedding size.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pocket_phrasings import bare

from hearken.text.stop_words import STOP_WORDS
from hearken.types import FloatArray

MAX_WORDS = 10
MIN_SIMILARITY = 0.62
MAX_MINED = 8
NEAREST_TAGS, HEARD_TAGS = 3, 25
_SEVERAL = re.compile(
    r"[;:/]|\b(?:and|then|while|as|with|followed|before|after|"
    r"along|among|between|during|until|plus|or|but|without|no|not|over|alongside)\b",
    re.IGNORECASE,
)
_NEUTRAL = frozenset(
    str.split("sound sounds sounding noise noises heard hear audio make makes making made something someone somebody being person")
)
_WRITTEN_OFF = re.compile(
    r"[0-9!?\"()]|\b(?:i|my|me|you|your|great|good|perfect|recorded|recording|effect|effects|sample|loop|wav|free)\b", re.IGNORECASE
)
_ENDINGS = ("ings", "ing", "ies", "es", "ed", "s", "er", "y", "e")


@dataclass(frozen=True)
class Wanted:
    """A caption, the texts that mean the same, and the tags that a tagger hears in its clips (may be empty: then it is not asked)."""

    caption: str
    alike: tuple[str, ...]
    tags: frozenset[int]


def candidates(shared: Path) -> list[str]:
    """Return AudioCaps train captions and WavText5K titles and descriptions that tell of one thing in few words, each once."""
    with open(shared / "captions" / "audiocaps" / "v1" / "train.csv", newline="", encoding="utf-8") as file:
        found = [row["caption"] for row in csv.DictReader(file)]
    with open(shared / "captions" / "wavtext5k" / "WavText5K.csv", newline="", encoding="utf-8") as file:
        found += [text for row in csv.DictReader(file) for text in (row["description"], re.sub(r"\s*\d+$", "", row["title"]))]
    plain: dict[str, str] = {}
    for text in sorted(set(found)):
        if is_single(text):
            plain.setdefault(bare(text), " ".join(text.split()))
    return list(plain.values())


def is_single(text: str) -> bool:
    """Say whether a text is of one thing: 1 to 10 words, nothing that joins, numbers, or speaks of the recording."""
    count = len(text.split())
    return 1 <= count <= MAX_WORDS and not _SEVERAL.search(text) and not _WRITTEN_OFF.search(text) and ", " not in text and text.isascii()


def stems(text: str) -> frozenset[str]:
    """Return the stems of the words that tell: 'dogs barking loudly' and 'a dog barks, loud' have nearly the same."""
    words = [word for word in bare(text).split() if word == "without" or (word not in STOP_WORDS and word not in _NEUTRAL)]
    return frozenset(stem(word) for word in words)


def stem(word: str) -> str:
    """Return the word less one ending, and less a doubled last letter."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def says_the_same(candidate: frozenset[str], caption: frozenset[str], alike: Sequence[frozenset[str]]) -> bool:
    """Say whether a candidate's stems add nothing to a caption's and leave nothing out: those of one text, or of one and its likes.

    At least one stem is the caption's own; all that are not are those of one text of `alike`, and it has all stems of the caption or of
    that text.
    """
    if not candidate or not caption:
        return False
    if candidate == caption:
        return True
    return any(candidate <= (caption | other) and (candidate >= other or candidate >= caption) and other for other in alike)


def mine(
    wanted: Sequence[Wanted], texts: Sequence[str], vectors: FloatArray, own: FloatArray, tag_vectors: FloatArray
) -> dict[str, list[str]]:
    """Return caption -> up to `MAX_MINED` of `texts` that say the same, the nearest first.

    `vectors` (N, D), `own` (C, D) and `tag_vectors` (M, D) are unit-length embeddings of texts, captions and names of tags.
    """
    all_stems = [stems(text) for text in texts]
    nearest = np.argsort(-(vectors @ tag_vectors.T), axis=1)[:, :NEAREST_TAGS]
    found: dict[str, list[str]] = {}
    for each, vector in zip(wanted, own, strict=True):
        core, alike = stems(each.caption), [stems(text) for text in each.alike]
        near = vectors @ vector
        fits = [
            place
            for place in np.flatnonzero(near >= MIN_SIMILARITY)
            if says_the_same(all_stems[place], core, alike) and (not each.tags or not each.tags.isdisjoint(nearest[place].tolist()))
        ]
        fits.sort(key=lambda place: (-near[place], texts[place]))
        found[each.caption] = [texts[place] for place in fits[:MAX_MINED] if bare(texts[place]) != bare(each.caption)]
    return found


def short_list(texts: Sequence[str], wanted: Sequence[Wanted]) -> list[str]:
    """Return the texts that `mine` could take for any caption by their words alone, so that only those need be encoded."""
    known = [(stems(each.caption), [stems(text) for text in each.alike]) for each in wanted]
    by_stem: dict[str, list[int]] = {}
    for place, (core, alike) in enumerate(known):
        for part in core.union(*alike):
            by_stem.setdefault(part, []).append(place)
    kept = []
    for text in texts:
        own = stems(text)
        places = sorted({place for part in own for place in by_stem.get(part, ())})
        if any(says_the_same(own, *known[place]) for place in places):
            kept.append(text)
    return kept
