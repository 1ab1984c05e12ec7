"""Texts that teach words without sound: texts with tags, and pairs of texts that mean the same sound.

`shared` is a folder with `captions/` and `weights/`. Read are AudioCaps *train* and WavText5K (both MIT), AudioSet's list of classes
(CC BY 4.0) and ontology (CC BY-SA 4.0), and the Open English WordNet (CC BY 4.0). Nothing of a dev, validation or test split is read.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from pocket_data import synsets
from pocket_phrasings import bare, by_rules, without_determiner

from hearken.data.scenes.clause import Clause, parse_clause
from hearken.data.scenes.verbs import GERUNDS

Pair = tuple[str, str]
Triple = tuple[str, str, str]
"""A text, another that is true of the same, and one that is nearly the same and is not."""
CLASSES = Path(__file__).with_name("pocket_classes.txt")
_NUMBER = re.compile(r"\s*[#(]?\d+\)?\s*$")
_SOUNDING = re.compile(
    r"\b(?:sounds?|noises?|cry|cries|calls?|bark|roar|song|ring(?:ing|s)?|bells?|whistl\w+|horns?|drums?|instruments?|musical|hum|buzz\w*|"
    r"chirp\w*|siren|alarm|engine|motor|explo\w+|thunder|rain|storm|wind|splash\w*|crackl\w+|rattl\w+|laugh\w*|footsteps?|firearm|gun)\b",
    re.IGNORECASE,
)
_KINDS = frozenset(
    str.split(
        "noun.animal noun.artifact noun.event noun.phenomenon noun.act noun.communication verb.communication verb.contact verb.perception "
        "verb.motion verb.weather verb.body"
    )
)
_ALWAYS = frozenset(("noun.event", "noun.phenomenon", "verb.perception", "verb.weather"))
_KEYS = {
    each: "".join(row[max(0, place - 1) : place] + row[place + 1 : place + 2])
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm")
    for place, each in enumerate(row)
}


def class_rows(shared: Path) -> list[tuple[str, str]]:
    """Return (mid, name) of AudioSet's 527 classes in the tagger's order."""
    with open(shared / "weights" / "audioset" / "class_labels_indices.csv", newline="", encoding="utf-8") as file:
        return [(row["mid"], row["display_name"]) for row in csv.DictReader(file)]


def ontology(shared: Path) -> list[dict[str, object]]:
    """Return the nodes of AudioSet's ontology as its file has them: id, name, description, child_ids."""
    nodes: list[dict[str, object]] = json.loads((shared / "weights" / "audioset" / "ontology.json").read_text(encoding="utf-8"))
    return nodes


def tagged(shared: Path) -> list[dict[str, object]]:
    """Return texts with the indices of the tags that they are about: AudioCaps train captions, names of classes, and of their groups.

    The name of a group ('Domestic animals, pets') has the tags of all classes below it.
    """
    rows = class_rows(shared)
    index = {mid: place for place, (mid, _) in enumerate(rows)}
    found: list[dict[str, object]] = []
    with open(shared / "weights" / "audioset" / "audiocaps_x_audioset_labels.jsonl", encoding="utf-8") as file:
        for row in map(json.loads, file):
            tags = sorted(index[mid] for mid in row["mids"] if mid in index)
            if row["split"] == "train" and tags:
                found.append({"text": row["caption"], "tags": tags, "how": "audiocaps"})
    found += [{"text": text, "tags": list(tags), "how": "written"} for tags, texts in read_classes() for text in texts]
    nodes = {str(node["id"]): node for node in ontology(shared)}
    for mid, node in nodes.items():
        below = sorted(index[each] for each in _below(mid, nodes) if each in index)
        own = [index[mid]] if mid in index else []
        for name in names_of(str(node["name"])):
            if own:
                found.append({"text": name, "tags": own, "how": "class"})
            elif 0 < len(below) <= 60:
                found.append({"text": name, "tags": below, "how": "group"})
    return found


def read_classes(path: Path = CLASSES) -> list[tuple[tuple[int, ...], tuple[str, ...]]]:
    """Return (tags, texts) of each line 'tag+tag: text | text' of `path`; '#' begins a remark.

    Raises ValueError, with the line, for others.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            key, _, rest = line.partition(":")
            texts = tuple(part.strip() for part in rest.split("|") if part.strip())
            if not texts or not all(part.isdigit() for part in key.split("+")):
                raise ValueError(f"{path.name}, line {number}: not 'tag+tag: text | text'.")
            found.append((tuple(sorted(map(int, key.split("+")))), texts))
    return found


def names_of(name: str) -> list[str]:
    """Return 'vehicle horn', 'car horn' and 'honking' for 'Vehicle horn, car horn, honking'; without what stands in brackets."""
    parts = re.sub(r"\s*\([^)]*\)", "", name).split(", ")
    return list(dict.fromkeys(part[:1].lower() + part[1:] for part in parts if part))


def _below(mid: str, nodes: dict[str, dict[str, object]]) -> Iterator[str]:
    children = nodes[mid]["child_ids"] if mid in nodes else []
    for child in children if isinstance(children, list) else []:
        yield str(child)
        yield from _below(str(child), nodes)


def wavtext_pairs(shared: Path) -> list[Pair]:
    """Return (title, description) of the same sound, where the two are not the same words; numbers behind titles are left out."""
    found: dict[Pair, None] = {}
    with open(shared / "captions" / "wavtext5k" / "WavText5K.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            title, description = _NUMBER.sub("", row["title"].strip()), row["description"].strip()
            long = not 2 <= len(description.split()) <= 25
            if title and not long and not title.startswith("ID_") and set(bare(description).split()) != set(bare(title).split()):
                found[title, description] = None
    return list(found)


def wordnet_pairs(shared: Path, words: frozenset[str]) -> list[Pair]:
    """Return (gloss, names) of what sounds: synsets of sounds, and those that have one of `words` and a kind that can sound."""
    found: list[Pair] = []
    for row in synsets(shared):
        lemmas = [lemma for lemma in row["lemmas"] if lemma == lemma.lower()][:3]
        if row["lex"] not in _KINDS or not lemmas:
            continue
        is_sound = bool(_SOUNDING.search(row["defn"])) and row["lex"] != "noun.communication"
        if (is_sound and (row["lex"] in _ALWAYS or not words.isdisjoint(lemmas))) or (
            row["lex"] == "noun.animal" and not words.isdisjoint(lemmas)
        ):
            found.append((row["defn"].split(";")[0], " or ".join(lemmas)))
    return found


def ontology_pairs(shared: Path) -> list[Pair]:
    """Return (first sentence of the description, name). The descriptions are CC BY-SA 4.0: a model may want to do without."""
    pairs = ((str(node["description"]).split(". ")[0].strip(), str(node["name"])) for node in ontology(shared))
    return [(description, name) for description, name in pairs if len(description.split()) > 3]


def plain_pairs(captions: Sequence[str], num: int, generator: np.random.Generator) -> list[Pair]:
    """Return `num` pairs of a caption and another form of it, by the rules of `pocket_phrasings`."""
    found: list[Pair] = []
    for place in generator.permutation(len(captions)):
        if len(found) >= num:
            break
        caption = captions[int(place)]
        if len(caption.split()) <= 9 and (
            forms := [each.text for each in by_rules(parse_clause(caption)) if bare(each.text) != bare(caption)]
        ):
            found.append((caption, forms[int(generator.integers(len(forms)))]))
    return found


_JOINTS = re.compile(r"^(?P<a>[^,]+?),? (?P<joint>followed by|and then|then|before) (?P<b>[^,]+)$")


def order_triples(captions: Sequence[str]) -> list[Triple]:
    """Return (caption, another way to say it, the same in the wrong order) of captions that join exactly two events.

    'Dogs barking followed by a man talking' -> 'a man talking after dogs barking', and 'a man talking followed by dogs barking'.
    """
    found: list[Triple] = []
    for caption in captions:
        text = caption.rstrip(" .")
        match = _JOINTS.match(f"{text[:1].lower()}{text[1:]}")
        if match is None or re.search(r"\b(?:then|followed|before|after|while|as)\b", f"{match['a']} {match['b']}"):
            continue
        one, two, joint = match["a"], match["b"], match["joint"]
        if min(len(one.split()), len(two.split())) < 2 or bare(one) == bare(two) or {"it", "its", "they"} & set(f"{one} {two}".split()):
            continue
        if joint == "followed by":
            others = (f"first {one}, then {two}", f"{two} after {one}", f"{one} then {two}")
        else:
            others = (f"{one} followed by {two}", f"first {one}, then {two}", f"{two} after {one}")
        found.append((caption, others[len(found) % 3], f"{two} {joint} {one}"))
    return found


_JOINING = re.compile(r"\b(?:then|followed|before|after|while|as|with|and|without|along)\b")
_TOGETHER = re.compile(r"^(?P<a>[^,]+?),? (?P<joint>while|as|with|and) (?P<b>[^,]+)$")


def source_triples(captions: Sequence[str]) -> list[Triple]:
    """Return (caption, the same said the other way round, with the sources exchanged) of captions of two things at the same time.

    'A man talks while a dog barks' -> 'a dog barking while a man is talking', and 'a dog talking while a man barks' in such forms.
    """
    found: list[Triple] = []
    for caption, one, two in _halves(captions, ("while", "as", "and")):
        (who, does), (whom, acts) = _split(one.noun), _split(two.noun)
        if who and whom and not set(who.split()) & set(whom.split()) - {"a", "an", "the"} and does.split()[0] != acts.split()[0]:
            found.append((caption, f"{two.noun} and {one.noun}", f"{who} {acts} and {whom} {does}"))
    return found


def negation_triples(captions: Sequence[str]) -> list[Triple]:
    """Return (caption, another way to say it, the same without the second thing) of captions 'a man talking with a dog barking'."""
    return [
        (caption, f"{two.noun} and {one.noun}", f"{one.noun} {('without', 'but no')[place % 2]} {without_determiner(two.noun)}")
        for place, (caption, one, two) in enumerate(_halves(captions, ("with",)))
    ]


def _halves(captions: Sequence[str], joints: tuple[str, ...]) -> Iterator[tuple[str, Clause, Clause]]:
    """Yield the captions that join exactly two things by one of `joints`, with both."""
    for caption in captions:
        text = caption.rstrip(" .")
        match = _TOGETHER.match(f"{text[:1].lower()}{text[1:]}")
        if match is None or match["joint"] not in joints or _JOINING.search(f"{match['a']} {match['b']}"):
            continue
        one, two = parse_clause(match["a"]), parse_clause(match["b"])
        if not {"it", "its", "they", "their", "he", "she"} & set(text.split()) and _split(one.noun)[0] and _split(two.noun)[0]:
            yield caption, one, two


def _split(noun: str) -> tuple[str, str]:
    """Return who and what they do, of 'a dog barking in the yard'; two empty texts where nobody does anything."""
    words = noun.split()
    place = next((place for place, word in enumerate(words[1:], start=1) if word in GERUNDS), None)
    return (" ".join(words[:place]), " ".join(words[place:])) if place is not None and words[0] not in GERUNDS else ("", "")


def misspelt(text: str, generator: np.random.Generator) -> str:
    """Return `text` with one slip of the keys in a word of four or more letters: two swapped, one lost, doubled, or its neighbour's."""
    words = text.split()
    places = [place for place, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    if not places:
        return text
    place = places[int(generator.integers(len(places)))]
    word, at = words[place], int(generator.integers(1, len(words[place]) - 1))
    near = _KEYS.get(word[at].lower(), "") or word[at]
    slips = (
        f"{word[:at]}{word[at + 1]}{word[at]}{word[at + 2 :]}",
        f"{word[:at]}{word[at + 1 :]}",
        f"{word[:at]}{word[at]}{word[at:]}",
        f"{word[:at]}{near[int(generator.integers(len(near)))]}{word[at + 1 :]}",
    )
    words[place] = slips[int(generator.integers(len(slips)))]
    return " ".join(words)


def telling_nouns(texts: Sequence[str]) -> frozenset[str]:
    """Return all words and pairs of words of `texts`, for looking them up."""
    found: set[str] = set()
    for text in texts:
        words = bare(without_determiner(text)).split()
        found.update(words)
        found.update(f"{one} {two}" for one, two in pairwise(words))
    return frozenset(found)
