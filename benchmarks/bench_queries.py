"""Do queries as people type them find what captions find? With the reading of `Library.understand`, and as typed.

    python benchmarks/bench_queries.py --shared ../shared [--model pocket] [--library FOLDER] [--json out.json]

Indexes the dev split of `shared/audio` (kept in --library), then asks every caption of the split through `Library.search`, by sound
alone: as it is; with one and with two typing errors; as keywords; as its one most telling word; inside a request; as a name of
a file; in capitals; with a long story behind it; in British words; with a negation behind it. Imitations of sounds ("woof") are
asked for all clips whose caption says what makes them. Prints mAP with 95 % bootstrap intervals over queries, the paired
difference that reading makes, how many texts it changed, and what it costs. Errors are drawn with a seed; nothing is chosen
by the results.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from bench_retrieval import interval, read_dev

import hearken
from hearken.limits import MAX_HITS
from hearken.metrics.ranks import ranks_of_tables
from hearken.metrics.retrieval import average_precision
from hearken.search.wording import understand
from hearken.text.dictionary import english
from hearken.text.stop_words import STOP_WORDS

LETTERS = "abcdefghijklmnopqrstuvwxyz"
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
STORY = (
    " I made this recording last summer with a small recorder that a friend of mine had lent me, close to the place where my parents live. "
    "It was a warm day and I had been waiting for several hours before anything happened at all. The levels were set by hand, the file was "
    "not processed afterwards, and I hope that somebody can use it for a film, a game or a piece of music of their own."
)
BRITISH = {
    "truck": "lorry", "trucks": "lorries", "gasoline": "petrol", "tire": "tyre", "tires": "tyres", "airplane": "aeroplane", "faucet": "tap",
    "vacuum cleaner": "hoover", "trash": "rubbish", "color": "colour", "highway": "motorway", "elevator": "lift", "wrench": "spanner",
    "television": "telly", "fire truck": "fire engine", "rooster": "cockerel", "windshield": "windscreen", "cell phone": "mobile phone",
    "stove": "hob", "gray": "grey", "stroller": "pram", "garbage": "rubbish", "gas station": "petrol station", "theater": "theatre",
}  # fmt: skip
IMITATIONS = {
    "woof woof": r"\bdogs? (?:\w+ )?bark|\bbarks?\b", "arf": r"\bdogs? (?:\w+ )?bark", "awooo": r"\bhowl", "meow": r"\bmeow", "purrr": r"\bpurr", "moooo": r"\bmoos?\b|\bcows?\b",
    "baa baa": r"\bsheep\b|\bbleat", "oink oink": r"\bpigs?\b|\boink", "neigh": r"\bneigh|\bhorse whinn", "cock-a-doodle-doo": r"\brooster|\bcrows?\b.*rooster|\bcockerel",
    "bawk bawk": r"\bhens?\b|\bchickens?\b|\bcluck", "quack quack": r"\bquack|\bducks?\b", "tweet tweet": r"\bchirp|\bbirds? (?:is|are|sing)", "cuckoo cuckoo": r"\bcuckoo",
    "hoo hoo": r"\bowls?\b|\bhoot", "caw caw": r"\bcaws?\b|\bcawing", "ribbit": r"\bfrogs?\b|\bcroak", "bzzzz": r"\bbees?\b|\bbuzz", "roaaar": r"\blions?\b|\broars?\b",
    "zzzzz": r"\bsnor", "hahaha": r"\blaugh", "achoo": r"\bsneez", "ahem": r"\bcough|throat", "waaah": r"\bbab(?:y|ies)\b.*\bcr(?:y|ies)", "aaargh": r"\bscream",
    "glug glug": r"\bdrink|\bgulp|\bgurgl", "lub dub": r"\bheart", "knock knock": r"\bknock", "ding dong": r"\bdoorbell", "ring ring": r"\bphone.*ring|\btelephone",
    "tick tock": r"\bclock|\btick", "vroom": r"\bengine|\brev", "beep beep": r"\bhorn\b|\bhonk", "choo choo": r"\btrain\b", "nee naw": r"\bsiren", "ka-ching": r"cash register",
    "pew pew": r"\blaser", "bang bang": r"\bgun|\bshot", "kaboom": r"\bexplo", "boing": r"\bspring\b|\bboing", "drip drop": r"\bdrip", "blub blub": r"\bbubbl", "pitter patter": r"\brain\b",
    "tap tap tap": r"\bfootstep|\bwalk", "clip clop": r"\bhoo(?:f|v)|\bhorse", "snip snip": r"\bscissors", "clap clap": r"\bclap|\bapplau", "hee haw": r"\bdonkey|\bbray",
}  # fmt: skip


def typing_error(word: str, generator: np.random.Generator) -> str:
    """Return `word` with a letter left out, added, swapped with the next or replaced by a key beside it; mostly not the first."""
    kind = int(generator.integers(4))
    place = int(generator.integers(1, len(word))) if generator.random() < 0.9 else 0
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        added = word[place] if generator.random() < 0.5 else LETTERS[generator.integers(26)]
        return word[:place] + added + word[place:]
    if kind == 2:
        place = min(place, len(word) - 2)
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    row = next(keys for keys in KEYS if word[place] in keys)
    beside = row.index(word[place]) + int(generator.choice([-1, 1]))
    return word[:place] + row[beside if 0 <= beside < len(row) else row.index(word[place]) - np.sign(beside)] + word[place + 1 :]


def telling(text: str) -> list[str]:
    """Return the words of a caption that mean something, of at least three letters."""
    return [word for word in re.findall(r"[a-z]+", text.lower()) if word not in STOP_WORDS and len(word) >= 3]


def with_errors(text: str, count: int, generator: np.random.Generator) -> str:
    """Return `text` with `count` of its telling words mistyped, as far as there are so many."""
    words = telling(text)
    for index in generator.permutation(len(words))[:count]:
        text = re.sub(rf"\b{words[index]}\b", typing_error(words[index], generator), text, count=1, flags=re.IGNORECASE)
    return text


def rarest(text: str) -> str:
    """Return the telling word that captions use least."""
    counts = english().counts
    return min(telling(text), key=lambda word: (counts.get(word, 0), word), default=text)


def british(text: str) -> str:
    """Return `text` in British words."""
    for american in sorted(BRITISH, key=len, reverse=True):
        text = re.sub(rf"\b{american}\b", BRITISH[american], text, flags=re.IGNORECASE)
    return text


def bare(text: str) -> str:
    """Return a caption as part of another sentence."""
    return (text[0].lower() + text[1:]).rstrip(".")


def variants(captions: list[str]) -> dict[str, list[str]]:
    """Return each caption in every guise, by name; a guise that does not fit leaves it as it is."""
    generator = np.random.default_rng(8)
    unwanted = ("music", "speech", "wind", "traffic noise", "rain", "people talking")
    ways: dict[str, Callable[[str], str]] = {
        "as it is": lambda text: text,
        "one typing error": lambda text: with_errors(text, 1, generator),
        "two typing errors": lambda text: with_errors(text, 2, generator),
        "keywords": lambda text: " ".join(telling(text)) or text,
        "one word": rarest,
        "in a request": lambda text: f"Could you find me the sound of {bare(text)}, please?",
        "as a file name": lambda text: "_".join(telling(text) or [text]) + "_03.wav",
        "in capitals": str.upper,
        "before a long story": lambda text: text.rstrip(".") + "." + STORY,
        "British": british,
        "without something": lambda text: f"{bare(text)} without {unwanted[int(generator.integers(len(unwanted)))]}",
    }
    return {name: [way(text) for text in captions] for name, way in ways.items()}


def scores_of(library: hearken.Library, files: list[str], queries: list[str], *, as_typed: bool) -> np.ndarray:
    """Return scores (queries, files), each by the best moment."""
    column = {name: index for index, name in enumerate(files)}
    scores = np.full((len(queries), len(files)), -2.0)
    for row, query in zip(scores, queries, strict=True):
        for hit in library.search(query, k=MAX_HITS, fold=False, names=False, captions=False, as_typed=as_typed):
            row[column[Path(hit.path).name]] = hit.score
    return scores


def compare(name: str, library: hearken.Library, files: list[str], queries: list[str], relevant: np.ndarray) -> dict[str, object]:
    """Print and return mAP as typed, mAP as understood, and the paired difference, each with its interval."""
    readings = [understand(query) for query in queries]
    changed = np.array([each.text != query or each.not_text is not None for each, query in zip(readings, queries, strict=True)])
    typed = scores_of(library, files, queries, as_typed=True)
    read = typed.copy()  # what reading leaves as it is need not be asked twice
    if changed.any():
        read[changed] = scores_of(library, files, [queries[index] for index in np.flatnonzero(changed)], as_typed=False)
    values = [average_precision(ranks_of_tables(scores, relevant)) for scores in (typed, read)]
    rows = {"as typed": values[0], "understood": values[1], "gain": values[1] - values[0]}
    text = "   ".join(f"{key} {row.mean():+.3f} [{interval(row)[0]:+.3f}, {interval(row)[1]:+.3f}]" for key, row in rows.items())
    print(f"{name:20s} {len(queries):4d} queries, {changed.sum():4d} changed   {text}", flush=True)
    return {"queries": len(queries), "changed": int(changed.sum())} | {
        key: [float(row.mean()), *interval(row)] for key, row in rows.items()
    }


def measure(library: hearken.Library, files: list[str], captions: list[str]) -> dict[str, object]:
    """Print all figures and return them by guise."""
    queries = sorted(set(captions))
    relevant = np.array([[caption == query for caption in captions] for query in queries])
    found: dict[str, object] = {}
    for name, texts in variants(queries).items():
        told = np.array([text != query for text, query in zip(texts, queries, strict=True)]) | (name == "as it is")
        found[name] = compare(name, library, files, [text for text, is_told in zip(texts, told, strict=True) if is_told], relevant[told])
    fitting = np.array([[bool(re.search(pattern, caption.lower())) for caption in captions] for pattern in IMITATIONS.values()])
    there = fitting.any(axis=1)
    imitations = [text for text, is_there in zip(IMITATIONS, there, strict=True) if is_there]
    found["imitations"] = compare("imitations", library, files, imitations, fitting[there])
    return found


def cost_ms(texts: list[str]) -> tuple[float, float]:
    """Return the median and the 95th percentile of what understanding a text takes, in milliseconds of processor time."""
    took = []
    for text in texts:
        start = time.process_time()
        understand(text)
        took.append((time.process_time() - start) * 1000)
    return float(np.median(took)), float(np.percentile(took, 95))


def main() -> None:
    """Index, ask and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--library", type=Path, help="where the library is kept from run to run")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    files, captions = read_dev(options.shared)
    with tempfile.TemporaryDirectory() as place, hearken.Library(options.library or Path(place) / "lib", model=options.model) as library:
        print(library.index([options.shared / "audio" / "dev"], jobs=1), flush=True)
        guises = variants(sorted(set(captions)))
        for name in ("as it is", "two typing errors"):
            understand(guises[name][0])
            median_ms, slow_ms = cost_ms(guises[name])
            print(f"understanding, {name}: {median_ms:.2f} ms (median), {slow_ms:.2f} ms (95 %)", flush=True)
        figures = measure(library, files, captions)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
