"""Captions without a model: sentences around a clip's labels or keywords, and its title where nothing better is known.

No article is put before a label itself, because nothing here knows whether 'rain' can be counted: 'a dog sound', not 'a dog'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from hearken.data.rephrase.items import Item
from hearken.text.inflect import article, readings
from hearken.text.wordnet import WordNet

MAX_LABELS = 4
"""More than that in one sentence is a list, not a caption."""
PATTERNS = (
    "The sound of {all}.",
    "There is the sound of {all}.",
    "{All}.",
    "This sounds like {all}.",
    "Sounds of {all}.",
    "{A} {first} sound.",
    "{A} {first} sound with {rest}.",
    "{A} {first} sound together with {rest}.",
    "One can hear {all}.",
    "{All} can be made out.",
)
_SILENT = frozenset(
    str.split(
        "ambience ambiance ambient atmos atmosphere geotag owi 44k 48k 96k aif aiff ambisonic ambisonics audio binaural clean clip closeup download effect effects field fieldrecording flac foley free "
        "freesound fx h1 h1n h2 h2n h4 h4n h5 h6 hd hq loop loopable mic microphone mono mp3 ms ortf processed raw record recorded recorder "
        "recording recordings royalty sample sampled samples sfx sonido sony sound sounddesign soundeffect sounds soundscape stereo tascam test "
        "track unprocessed wav wave xy zoom zoom-h4n design library project studio source olympus edirol rode sennheiser marantz"
    )
)
"""Keywords about recordings and not about what sounds: as words of a keyword, not as parts of words."""
_PLACES = frozenset(
    str.split(
        "airport apartment backyard bathroom bedroom building city country countryside environment factory farm field fields forest garden "
        "hall hallway home house indoor indoors kitchen landscape library mall market museum nature neighborhood office outdoor outdoors park "
        "restaurant road room school shop station store street suburb supermarket swamp town village weather window woods workshop yard"
    )
)
"""Labels that say where; they stand for a sound only if there is no other label."""
_SOUNDING = frozenset(
    str.split(
        "noun.animal noun.artifact noun.body noun.event noun.food noun.object noun.person noun.phenomenon noun.plant noun.substance noun.Tops "
        "noun.act noun.communication verb.communication verb.contact verb.creation verb.motion verb.perception verb.weather verb.body "
        "verb.change verb.stative verb.consumption"
    )
)
_NUMBER = re.compile(r"\d")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_EXTENSION = re.compile(r"\.(?:wav|mp3|flac|ogg|aiff?|m4a)\b", re.IGNORECASE)


def from_template(item: Item, num: int, generator: np.random.Generator, wordnet: WordNet | None = None) -> tuple[str, ...]:
    """Return up to `num` different sentences about an item, drawn by `generator`; none where it has neither labels nor a title.

    Labels are drawn too: up to `MAX_LABELS`, in their order. With one label there are fewer sentences than with several.
    A WordNet keeps out what makes no sound (places, seasons, adjectives, words that it does not have) and finds singulars.
    """
    labels = speaking(item.keywords, wordnet) or speaking([item.title], wordnet)
    found: dict[str, None] = {}
    while labels and len(found) < num:
        before = len(found)
        for index in generator.permutation(len(PATTERNS)):
            amount = int(generator.integers(1, min(MAX_LABELS, len(labels)) + 1)) if len(labels) > 1 else 1
            chosen = [labels[place] for place in sorted(generator.choice(len(labels), size=amount, replace=False))]
            if (len(chosen) > 1 or "{rest}" not in PATTERNS[int(index)]) and len(found) < num:
                found[fill(PATTERNS[int(index)], chosen, wordnet)] = None
        if len(found) == before:
            break
    return tuple(found)


def fill(pattern: str, labels: Sequence[str], wordnet: WordNet | None = None) -> str:
    """Return `pattern` with the labels in it: {all}, {first} and {rest}, {A} for the article; {All} begins with a capital."""
    whole = listed(labels)
    first = _singular(labels[0], wordnet)
    values = {
        "all": whole,
        "All": whole[:1].upper() + whole[1:],
        "A": article(first).capitalize(),
        "first": first,
        "rest": listed(labels[1:]),
    }
    return pattern.format(**values)


def listed(labels: Sequence[str]) -> str:
    """Return 'a', 'a and b', or 'a, b and c'."""
    return " and ".join(filter(None, [", ".join(labels[:-1]), *labels[-1:]]))


def speaking(keywords: Sequence[str], wordnet: WordNet | None = None) -> list[str]:
    """Return the labels that say what sounds, as plain small words: no devices, formats, dates; of 'rustle' and 'rustling' the first."""
    found: dict[frozenset[str], str] = {}
    for keyword in keywords:
        words = [word.lower() for word in _WORD.findall(_EXTENSION.sub("", keyword).replace("_", " "))]
        telling = [word for word in words if word not in _SILENT and not _NUMBER.search(word)]
        telling = telling if any(len(word) > 2 for word in telling) and len(telling) >= len(words) / 2 else []
        if telling and (wordnet is None or _may_sound(telling[-1], wordnet)):
            found.setdefault(frozenset(map(_stem, telling)), " ".join(telling))
    labels = [found[stem] for stem in found if not any(stem < other for other in found)]
    return [label for label in labels if label not in _PLACES] or labels


def _may_sound(word: str, wordnet: WordNet) -> bool:
    """Say whether `word` is one that WordNet has, in small letters, as a thing or an event, or an -ing form of doing something."""
    telling = [reading for reading in readings(word) if (reading.pos, reading.form) in (("n", "base"), ("n", "plural"), ("v", "ing"))]
    return any(
        reading.base in synset.lemmas and synset.category in _SOUNDING
        for reading in telling
        for synset in wordnet.salient(reading.base, reading.pos)
    )


def _singular(label: str, wordnet: WordNet | None) -> str:
    """Return 'bird' for 'birds', where a WordNet says that this is what it is; else the label."""
    *others, last = label.split(" ")
    for reading in readings(last):
        if wordnet and wordnet.senses(reading.base, reading.pos):
            return " ".join([*others, reading.base]) if reading.form == "plural" and reading.pos == "n" else label
    return label


def _stem(word: str) -> str:
    """The shortest word that `word` may be a form of: the same for 'rustle', 'rustles' and 'rustling'."""
    bases = [reading.base for reading in readings(word)]
    return min(bases, key=lambda base: (len(base.rstrip("e")), base)).rstrip("e")
