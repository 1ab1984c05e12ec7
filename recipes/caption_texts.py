"""Which real captions a bank of captions may hold: those of the training sounds, and well-formed ones of two open corpora.

`shared` is a folder with `audio/metadata.csv` and `captions/`. Only the train split of anything is read.

Legend: `C` captions, `D` embedding size.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hearken.data.scenes.clause import parse_clause
from hearken.data.scenes.verbs import BASES, GERUNDS, THIRDS
from hearken.text.vocabulary import plain
from hearken.types import FloatArray

AUDIOCAPS, WAVTEXT5K = "AudioCaps (train)", "WavText5K"
MIN_WORDS, MAX_WORDS = 3, 12
_BLOCK = 512
_PLURALS = ("people", "children", "men", "women", "sheep", "geese")
_FILE_NAME = "the sound of "
_NOT_HEARD = re.compile(
    r"[^A-Za-z ,'.-]|\b(?:i|i'm|i've|me|my|we|our|us|you|your|thanks|please|recorded|recording|recordings|record|records|microphone|mic|zoom|"
    r"stereo|mono|sample|samples|loop|take|effect|effects|sfx|wav|mp|version|domain|royalty|perfect|great|good|nice|cool|pretty|excellent|"
    r"guy|awesome|should|could|would|best|video|videos|game|movie|film|camera|volume|edited|file|files|clip|track|test|foley|tv)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Clip:
    """One row of `audio/metadata.csv`; clips of one `group` were cut from the same recording."""

    file: str
    caption: str
    group: str
    source: str
    license: str


def clips_of(shared: Path, split: str) -> list[Clip]:
    """Return the clips of `split`, for train those alone that may be trained on, in the order of the table."""
    with open(shared / "audio" / "metadata.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split and (split != "train" or row["train_allowed"] == "yes")]
    return [Clip(row["file"], row["caption"], row["group"], row["source"], row["license"]) for row in rows]


def is_sentence(caption: str) -> bool:
    """Say whether a label of the training sounds is one: 'The sound of dig snappy.' is the name of a file."""
    return not caption.lower().startswith(_FILE_NAME)


def corpus_captions(shared: Path, known: Sequence[str]) -> dict[str, str]:
    """Return caption -> corpus of all sentences that a person would write of a sound, without those of `known`.

    AudioCaps (train split only) and WavText5K (descriptions); one that both have is AudioCaps'. Those written most often come first, then
    short ones, then by the alphabet.
    """
    with open(shared / "captions" / "audiocaps" / "v1" / "train.csv", newline="", encoding="utf-8") as file:
        heard = _sentences([row["caption"] for row in csv.DictReader(file)])
    with open(shared / "captions" / "wavtext5k" / "WavText5K.csv", newline="", encoding="utf-8") as file:
        listed = _sentences([row["description"] for row in csv.DictReader(file)])
    corpora = dict.fromkeys(listed, WAVTEXT5K) | dict.fromkeys(heard, AUDIOCAPS)
    words, counts = {plain(caption) for caption in known}, heard + listed
    order = sorted(corpora, key=lambda text: (-counts[text], len(text.split()), text))
    return {text: corpora[text] for text in order if plain(text) not in words}


def as_sentence(text: str) -> str:
    """Return `text` with a capital and a stop; "" for what no person would write as the caption of a sound.

    That is numbers, the first person and the second, equipment, praise, names (a capital inside), more than one sentence, less than 3 words or
    more than 12, and what has no verb that we know.
    """
    bare = " ".join(text.split()).rstrip(" .")
    words = bare.split()
    if not MIN_WORDS <= len(words) <= MAX_WORDS or "." in bare or "--" in bare or _NOT_HEARD.search(bare):
        return ""
    if any(word != word.lower() for word in words[1:]) or not has_verb(bare):
        return ""
    return f"{bare[0].upper()}{bare[1:]}."


def has_verb(text: str) -> bool:
    """Say whether `text` is a clause with a finite verb, as 'a dog barks' and 'dogs are barking', and 'a dog barking' is not."""
    words = text.rstrip(".").lower().split()
    kinds = [_kind(words, place) for place in range(1, len(words))]
    verbs = [kind for kind in kinds if kind]
    clause = parse_clause(text)
    return verbs[:1] == ["finite"] and clause.text in (clause.simple, clause.progressive)


def spread(texts: Sequence[str], vectors: FloatArray, known: FloatArray, count: int, *, apart: float, apart_known: float) -> list[int]:
    """Return the places of at most `count` of `texts`, in order, that tell something new.

    One is taken whose vector (C, D) has a cosine below `apart_known` with all of `known`, and below `apart` with all taken before.
    """
    free = (vectors @ known.T).max(axis=1) < apart_known
    taken: list[int] = []
    for start in range(0, len(texts), _BLOCK):
        near = vectors[start : start + _BLOCK] @ vectors.T >= apart
        for place in range(start, min(start + _BLOCK, len(texts))):
            if free[place] and len(taken) < count and not near[place - start, taken].any():
                taken.append(place)
    return taken


def _kind(words: Sequence[str], place: int) -> str:
    """What the word at `place` is: a "finite" verb, a "gerund", or "" for neither."""
    word, before = words[place], words[place - 1]
    if word in ("is", "are") or word in THIRDS or (word in BASES and (before in _PLURALS or before.endswith("s"))):
        return "finite"
    return "gerund" if word in GERUNDS else ""


def _sentences(texts: Sequence[str]) -> Counter[str]:
    """How often each sentence comes, of those that `as_sentence` lets pass."""
    return Counter(text for text in map(as_sentence, texts) if text)
