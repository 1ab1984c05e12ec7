"""Write the words that searching knows: hearken/assets/words, from captions that may be shipped, WordNet and a tokenizer.

    python recipes/word_list.py --shared ../shared [--out FOLDER]

* `sounds.txt`: what captions of sounds are made of, with how often: a typing error may be corrected to one of these. From
  AudioCaps (train split) and WavText5K, both MIT, and the names of AudioSet's ontology (CC BY 4.0); only counts of single
  words are kept, no caption.
* `english.txt`: what else is a word and therefore no typing error: single words of the Open English WordNet (CC BY 4.0 and the
  Princeton WordNet licence), words of the BERT vocabulary that MiniLM uses (Apache-2.0) that no rule derives from those, and
  some words of the trade.

Slips that several writers made are in captions too ("continous"). A word that neither of the others knows is therefore dropped
where a more frequent one differs by a single slip, and where it is rare.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from pocket_data import synsets

from hearken.text.inflect import readings
from hearken.text.spelling import slips

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "hearken" / "assets" / "words"
VOCABULARY = ROOT / "hearken" / "assets" / "pocket" / "tokenizer.json"
MIN_COUNT = 2
MIN_UNKNOWN_COUNT = 4  # of words that are in captions alone
NAME_COUNT = 10  # a word of the ontology's names counts as if so many captions more had it
TRADE = str.split(
    "aftertouch agogo amb ambience bansuri bodhran bongo bongos bouzouki bpm cabasa cajon cavaquinho clavinet clave cowbell cuica darbuka dholak "
    "djembe dubstep duduk edm env erhu ext flexatone flugelhorn foley fx gamelan guiro guqin guzheng handpan hey hihat kalimba kazoo koto lofi loop looped "
    "loopable madal mbira mellotron misc mridangam oneshot ostinato otamatone oud percussive pitter pizzicato qanun rainstick reverb reverberant riser "
    "santoor sarangi sarod sfx shamisen shekere sitar soundscape staccato stylophone subwoofer surdo synth synths tabla taiko tanbur tanpura "
    "timbales toms tremolo ukulele vaporwave veena vibraslap vibrato vocoder walla whoosh wobble zurna"
)
"""Words of those who record and make sounds that dictionaries often lack."""
_WORD = re.compile(r"[a-z]+")
_MIN_PIECE = 4  # shorter entries of the vocabulary are mostly abbreviations, and typing errors of real words


def captions(shared: Path) -> Iterator[str]:
    """Yield the captions of AudioCaps' train split, and the titles and descriptions of WavText5K."""
    with (shared / "captions" / "audiocaps" / "v1" / "train.csv").open(encoding="utf-8", newline="") as file:
        yield from (row["caption"] for row in csv.DictReader(file))
    with (shared / "captions" / "wavtext5k" / "WavText5K.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield from (row["title"], row["description"])


def ontology_words(shared: Path) -> set[str]:
    """Return the words of the names in AudioSet's ontology."""
    entries = json.loads((shared / "weights" / "audioset" / "ontology.json").read_text(encoding="utf-8"))
    return {word for entry in entries for word in _WORD.findall(entry["name"].lower())}


def wordnet_words(shared: Path) -> set[str]:
    """Return the lemmas of WordNet that are one word in lower-case letters."""
    return {lemma for entry in synsets(shared) for lemma in entry["lemmas"] if _WORD.fullmatch(lemma)}


def vocabulary_words(tokenizer: Path) -> set[str]:
    """Return the whole words of a WordPiece tokenizer."""
    pieces = json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"]
    return {piece for piece in pieces if len(piece) >= _MIN_PIECE and _WORD.fullmatch(piece)}


def derived(word: str, bases: Collection[str]) -> bool:
    """Is `word` a form of one of `bases`?"""
    return any(reading.base in bases for reading in readings(word))


def sound_words(counts: Counter[str], english: Collection[str]) -> dict[str, int]:
    """Return the words of captions that a typing error may stand for, with their counts."""
    sure = {word: count for word, count in counts.items() if count >= MIN_COUNT and derived(word, english)}
    rest = ((word, count) for word, count in counts.items() if count >= MIN_UNKNOWN_COUNT and word not in sure and len(word) > 1)
    return sure | {word: count for word, count in rest if not _slip(word, count, sure)}


def _slip(word: str, count: int, sure: dict[str, int]) -> bool:
    return any(
        other_count > count and abs(len(other) - len(word)) <= 1 and slips(word, other, 1.0) <= 1.0 for other, other_count in sure.items()
    )


def main() -> None:
    """Count and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    counts = Counter(word for caption in captions(options.shared) for word in _WORD.findall(caption.lower()))
    named = ontology_words(options.shared)
    counts.update(dict.fromkeys(named, NAME_COUNT))
    lemmas = wordnet_words(options.shared)
    pieces = vocabulary_words(VOCABULARY)
    sounds = sound_words(counts, lemmas | pieces | named | set(TRADE))
    others = sorted((lemmas | set(TRADE) | {piece for piece in pieces if not derived(piece, lemmas)}) - set(sounds))
    options.out.mkdir(parents=True, exist_ok=True)
    ranked = sorted(sounds.items(), key=lambda item: (-item[1], item[0]))
    (options.out / "sounds.txt").write_text("".join(f"{word} {count}\n" for word, count in ranked), encoding="utf-8")
    (options.out / "english.txt").write_text("\n".join(others) + "\n", encoding="utf-8")
    print(f"{len(sounds)} words of captions and {len(others)} others -> {options.out}")


if __name__ == "__main__":
    main()
