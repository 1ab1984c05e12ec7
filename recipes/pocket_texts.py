"""Texts for the pocket model: several phrasings of each train caption, texts with tags, and pairs of texts.

    python recipes/pocket_texts.py --shared ../shared --out build/pocket-texts.json --cache build/pocket-cache

The file holds

* `captions`: caption -> [{text, how}]; where `how` is "broader", the text is true and says less;
* `alike`: [caption, caption], pairs that are not to be taught as different;
* `tagged`: {text, tags, how}, tags being indices into AudioSet's 527;
* for experiments `pairs`, `pairs_sharealike`: [text, text] that mean the same sound (the latter from descriptions under CC BY-SA);
* `orders`, `sources`, `negations`: [text, the same in other words, nearly the same and wrong].

It is a function of what is in `shared` alone. Only the train split of anything is read.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from pocket_data import Clip, load_clips
from pocket_mine import HEARD_TAGS, Wanted, candidates, mine, short_list, stems
from pocket_pairs import (
    class_rows,
    misspelt,
    names_of,
    negation_triples,
    ontology_pairs,
    order_triples,
    plain_pairs,
    source_triples,
    tagged,
    telling_nouns,
    wavtext_pairs,
    wordnet_pairs,
)
from pocket_phrasings import Phrasing, bare, key_of, phrasings, read_phrasings
from pocket_towers import initialise

from hearken.models.pocket import PocketAudio

SEED = 8
NUM_PLAIN_PAIRS = 6000
NUM_MISSPELT = 3000
MAX_HEARD_FRAMES, MAX_HEARD_CLIPS = 1024, 12  # 10 s of a dozen clips are enough to say what is heard


def train_captions(shared: Path) -> list[str]:
    """Return the captions of the train split that may be trained on, each once."""
    with open(shared / "audio" / "metadata.csv", newline="", encoding="utf-8") as file:
        return sorted({row["caption"] for row in csv.DictReader(file) if row["split"] == "train" and row["train_allowed"] == "yes"})


def audiocaps_captions(shared: Path) -> list[str]:
    """Return AudioCaps' train captions, each once, in alphabetical order."""
    with open(shared / "captions" / "audiocaps" / "v1" / "train.csv", newline="", encoding="utf-8") as file:
        return sorted({row["caption"].strip() for row in csv.DictReader(file)})


def mined_captions(shared: Path, cache: Path | None) -> dict[str, list[str]]:
    """Return caption -> what others wrote of such a sound (`pocket_mine`).

    With a `cache` of log-mels (`pocket_data.load_clips`), a tagger hears the clips and has a say; without, words alone decide.
    """
    written, captions = read_phrasings(), train_captions(shared)
    audio, words = initialise(shared)
    heard = {} if cache is None else heard_tags(audio, load_clips(shared, "train", cache))
    wanted = [
        Wanted(caption, tuple(each.text for each in phrasings(caption, written) if each.how != "broader"), heard.get(caption, frozenset()))
        for caption in captions
    ]
    texts = short_list(candidates(shared), wanted)
    return mine(wanted, texts, words.in_parts(texts).numpy(), words.in_parts(captions).numpy(), audio.bridge.detach().numpy())


def heard_tags(audio: PocketAudio, clips: Sequence[Clip]) -> dict[str, frozenset[int]]:
    """Return caption -> the tags that `audio` hears most in the clips of that caption."""
    counts: Counter[str] = Counter()
    sums: dict[str, torch.Tensor] = {}
    for clip in clips:
        counts[clip.caption] += 1
        if counts[clip.caption] <= MAX_HEARD_CLIPS:
            mel = torch.from_numpy(clip.mel[:MAX_HEARD_FRAMES].astype(np.float32))[None]
            with torch.no_grad():
                tags = torch.sigmoid(audio.tagger.tags(audio.tagger.hidden(audio.frames(mel).mean(1))))[0]
            sums[clip.caption] = sums.get(clip.caption, torch.zeros_like(tags)) + tags
    return {caption: frozenset(total.topk(min(HEARD_TAGS, len(total))).indices.tolist()) for caption, total in sums.items()}


def alike(phrased: Mapping[str, Sequence[Phrasing]]) -> list[tuple[str, str]]:
    """Return the pairs of captions that are not to be taught as different.

    One text may stand for both, or one says what the other says and more ('A rifle is fired.', 'A rifle is fired indoors.').
    """
    owners: dict[str, set[str]] = {}
    for caption, made in phrased.items():
        for text in {bare(caption), key_of(caption), *(bare(each.text) for each in made if each.how != "broader")}:
            owners.setdefault(text, set()).add(caption)
    pairs = {pair for found in owners.values() for pair in combinations(sorted(found), 2)}
    told = {caption: stems(caption) for caption in sorted(phrased)}
    pairs |= {(one, two) for one, two in combinations(told, 2) if min(len(told[one]), len(told[two])) > 1 and _nested(told[one], told[two])}
    return sorted(pairs)


def _nested(one: frozenset[str], two: frozenset[str]) -> bool:
    """Say whether one text says all that the other says; what is denied ('without breaking') is not said."""
    return not (one | two) & {"without", "fail"} and (one <= two or two <= one)


def texts(shared: Path, mined: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """Return what goes into the file, `mined` (caption -> texts of others) among the phrasings."""
    generator = np.random.default_rng(SEED)
    captions, corpus, written = train_captions(shared), audiocaps_captions(shared), read_phrasings()
    phrased = {caption: phrasings(caption, written, mined.get(caption, ())) for caption in captions}
    pairs = plain_pairs(corpus, NUM_PLAIN_PAIRS, generator)
    slips = [corpus[int(place)] for place in generator.choice(len(corpus), min(NUM_MISSPELT, len(corpus)), replace=False)]
    pairs += [(text, slip) for text in slips if (slip := misspelt(text, generator)) != text]
    pairs += wavtext_pairs(shared)
    names = [name for _, whole in class_rows(shared) for name in names_of(whole)]
    pairs += wordnet_pairs(shared, telling_nouns([*captions, *names]))
    return {
        "captions": {caption: [{"text": each.text, "how": each.how} for each in made] for caption, made in phrased.items()},
        "alike": alike(phrased),
        "tagged": tagged(shared),
        "pairs": pairs,
        "pairs_sharealike": ontology_pairs(shared),
        "orders": order_triples(corpus),
        "sources": source_triples(corpus),
        "negations": negation_triples(corpus),
    }


def write(content: dict[str, object], out: Path) -> None:
    """Write `content` beside `out` and put it there in one move, so that no reader meets half a file."""
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = out.with_name(f"{out.name}.part")
    beside.write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")
    os.replace(beside, out)


def summary(content: Mapping[str, object]) -> str:
    """Return the counts of what was made, a line each."""
    lines = [f"{name}: {len(value)}" for name, value in content.items() if isinstance(value, list | dict)]
    captions = content["captions"]
    hows = Counter(each["how"] for made in captions.values() for each in made) if isinstance(captions, dict) else Counter[str]()
    return "\n".join([*lines, "phrasings: " + ", ".join(f"{count} {how}" for how, count in sorted(hows.items()))])


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line and write the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="log-mels of the clips (made if need be): then a tagger checks what was mined")
    options = parser.parse_args(arguments)
    content = texts(options.shared, mined_captions(options.shared, options.cache))
    write(content, options.out)
    print(summary(content))


if __name__ == "__main__":
    main()
