"""Easy data augmentation of captions (EDA: Wei and Zou, EMNLP-IJCNLP 2019): replace, insert, swap and delete words.

The four operations and their strength `alpha` are the paper's. Its synonyms are all that WordNet has for a word, in any
meaning and form, which turns 'a dog barks' into 'a frank tan'. Here a synonym must fit the part of speech that the place of
the word shows, must take the same form ('cars' -> 'automobiles'), and must mean first what the word means first; `a` and `an`
follow. Swaps and deletions break the grammar on purpose, as in the paper: choose the operations if that is not wanted.

Randomness comes from one Generator, drawn in a fixed order: the same seed gives the same texts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from hearken.augment.words import Word, join, split
from hearken.errors import InputError
from hearken.text.inflect import Reading, inflect, readings
from hearken.text.stop_words import STOP_WORDS as FUNCTION_WORDS
from hearken.text.wordnet import WordNet

Operation = Literal["replace", "insert", "swap", "delete"]
OPERATIONS: tuple[Operation, ...] = get_args(Operation)
_Operator = Callable[[list[Word], int, "Eda", np.random.Generator], list[Word]]
_FEW_MEANINGS = 3  # up to here a word's synonyms may be words that mean another thing first
_TRIES = 8  # for each text that is wanted: operations may undo each other or find nothing to do

STOP_WORDS = FUNCTION_WORDS | frozenset(
    str.split(
        "above all almost although always among anybody anyone away back below either else ever everyone everything further how inside "
        "least less like nearby neither never now once one outside per rather several since somebody someone something though three till "
        "together toward towards two until upon well whether whole why within "
    )
)
"""Words that are never replaced. Function words, as in the paper, and the numbers and places that captions count and point with."""
_NOUN_PLACE = frozenset(
    str.split(
        "a an the his her its their this that some any each every one two three several many few no another of by with in on from into against"
    )
)
_CONCRETE = frozenset(
    str.split(
        "noun.animal noun.artifact noun.body noun.event noun.object noun.person noun.phenomenon noun.plant noun.Tops "
        "verb.change verb.communication verb.contact verb.creation verb.motion verb.perception verb.stative verb.weather adj.all adv.all"
    )
)
"""The categories of meanings that things which sound, and their sounds, have. 'wind' is weather before it is 'malarkey'."""
_BEFORE_PARTICIPLES = frozenset(str.split("is are was were while keeps starts begins continues stops"))
_BROAD = frozenset(
    str.split(
        "be call come do drive fall get give go have head keep leave let make move open play put run set sound start stop take turn use work"
    )
)
"""Verbs that mean too many things to be replaced, or to replace, without understanding."""


@dataclass(frozen=True)
class Eda:
    """How texts are changed: the `operations`, how many words each touches (`alpha` of all, at least one), and which synonyms count.

    `vocabulary` (lower case) restricts synonyms to known words, such as all that the captions of a corpus use. `any_sense` is
    the paper's way: every synonym in every meaning. Raises InputError for an alpha outside 0 to 1, or no operation.
    """

    wordnet: WordNet
    alpha: float = 0.1
    operations: tuple[Operation, ...] = OPERATIONS
    vocabulary: Collection[str] | None = None
    any_sense: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha <= 1.0:
            raise InputError(f"alpha must be above 0 and at most 1, not {self.alpha:g}.")
        if not self.operations:
            raise InputError("EDA has nothing to do.", f"Operations: {', '.join(OPERATIONS)}.")


def operations_of(text: str) -> tuple[Operation, ...]:
    """Return the operations in a list such as 'replace,delete'. Raises InputError for any other word."""
    names = [name.strip() for name in text.split(",")]
    found = tuple(operation for name in names for operation in OPERATIONS if operation == name)
    if len(found) != len(names):
        raise InputError(f"{text!r} is no list of operations.", f"Operations: {', '.join(OPERATIONS)}.")
    return found


def augment(text: str, num: int, eda: Eda, generator: np.random.Generator) -> tuple[str, ...]:
    """Return up to `num` texts that differ from `text` and from each other, by the operations in turn.

    Fewer come back where there is not enough to change; none for a text without words.
    """
    words, capital = split(text)
    amount = max(1, int(eda.alpha * len(words)))
    found: dict[str, None] = {}
    for attempt in range(_TRIES * num if words else 0):
        if len(found) == num:
            break
        operation = eda.operations[attempt % len(eda.operations)]
        changed = join(_OPERATORS[operation](words, amount, eda, generator), capital)
        if changed != join(words, capital):
            found[changed] = None
    return tuple(found)


def replace_words(words: list[Word], amount: int, eda: Eda, generator: np.random.Generator) -> list[Word]:
    """Replace `amount` words that are no stop words by synonyms; fewer, if fewer have any."""
    places = [index for index, word in enumerate(words) if word.core.lower() not in STOP_WORDS]
    changed, done = list(words), 0
    for index in generator.permutation(len(places)):
        place = places[int(index)]
        if done < amount and (options := synonyms(words, place, eda)):
            changed[place] = replace(words[place], core=options[int(generator.integers(len(options)))], changed=True)
            done += 1
    return changed


def insert_words(words: list[Word], amount: int, eda: Eda, generator: np.random.Generator) -> list[Word]:
    """Insert synonyms of `amount` words at random places."""
    changed = list(words)
    for _ in range(amount):
        places = [index for index, word in enumerate(words) if word.core.lower() not in STOP_WORDS]
        for index in generator.permutation(len(places)):
            if options := synonyms(words, places[int(index)], eda):
                new = Word(options[int(generator.integers(len(options)))], changed=True)
                changed.insert(int(generator.integers(len(changed) + 1)), new)
                break
    return changed


def swap_words(words: list[Word], amount: int, eda: Eda, generator: np.random.Generator) -> list[Word]:  # noqa: ARG001 - one kind of function
    """Swap two random words, `amount` times; punctuation keeps its place."""
    changed = list(words)
    for _ in range(amount if len(words) > 1 else 0):
        one, other = (int(index) for index in generator.choice(len(changed), size=2, replace=False))
        changed[one], changed[other] = (
            replace(changed[one], core=changed[other].core, changed=True),
            replace(changed[other], core=changed[one].core, changed=True),
        )
    return changed


def delete_words(words: list[Word], amount: int, eda: Eda, generator: np.random.Generator) -> list[Word]:  # noqa: ARG001 - one kind of function
    """Delete each word with probability `eda.alpha`; where all would go, one stays. A last word leaves its full stop behind."""
    stays = generator.random(len(words)) >= eda.alpha
    if not stays.any():
        stays[int(generator.integers(len(words)))] = True
    kept = [replace(word, changed=bool(index) and not stays[index - 1]) for index, word in enumerate(words) if stays[index]]
    return [*kept[:-1], replace(kept[-1], after=words[-1].after or kept[-1].after.rstrip(",;:"))]


_OPERATORS: dict[Operation, _Operator] = {"replace": replace_words, "insert": insert_words, "swap": swap_words, "delete": delete_words}


def synonyms(words: Sequence[Word], place: int, eda: Eda) -> tuple[str, ...]:
    """Return what may stand for the word at `place`, in its form, in a fixed order.

    Empty where its part of speech cannot be told, where its form cannot be made, or where nothing means the same.
    """
    word = words[place].core.lower()
    if word in STOP_WORDS or not word.isalpha():
        return ()
    if eda.any_sense:
        return tuple(lemma for lemma in eda.wordnet.synonyms(word) if lemma.lower() not in STOP_WORDS)
    for reading in readings(word):
        if eda.wordnet.senses(reading.base, reading.pos) and _stands_as(reading, words, place, eda.wordnet):
            return tuple(dict.fromkeys(lemma for lemma in _in_form(reading, eda) if lemma != word))
    return ()


def _in_form(reading: Reading, eda: Eda) -> list[str]:
    if reading.base in _BROAD:
        return []
    few = len(eda.wordnet.salient(reading.base, reading.pos)) <= _FEW_MEANINGS
    reach = 1 if few and eda.vocabulary is not None else 0
    close = eda.wordnet.close_synonyms(reading.base, reading.pos, _CONCRETE, reach=reach)
    forms = (inflect(lemma, reading.form) for lemma in close if lemma.isalpha() and lemma not in _BROAD and lemma not in STOP_WORDS)
    alike = [form for form in forms if form.endswith("ly") or not reading.base.endswith("ly")]  # 'slow' for 'slowly' is slang
    return [form for form in alike if form and (eda.vocabulary is None or form in eda.vocabulary)]


def _stands_as(reading: Reading, words: Sequence[Word], place: int, wordnet: WordNet) -> bool:
    """Say whether the word at `place` plainly is what `reading` says, by its ending and its neighbours; in doubt, no."""
    before = words[place - 1].core.lower() if place and not words[place - 1].after else ""
    after = words[place + 1].core.lower() if place + 1 < len(words) and not words[place].after else ""
    described = before in _NOUN_PLACE or (before not in STOP_WORDS and bool(wordnet.senses(before, "a")))
    if reading.pos == "n":  # 'the loud cars pass', 'a dog.', 'birds sing'
        acts = (reading.form == "plural" or after.endswith(("s", "ing"))) and _may_be("v", after, wordnet)
        ended = not after or after in STOP_WORDS or acts
        bare = reading.form == "plural" and (not before or before in STOP_WORDS) and not _may_be("v", words[place].core.lower(), wordnet)
        return ended and (described or bare)
    if reading.pos == "v":
        if reading.form == "third":  # 'a dog barks'
            return not described and before not in STOP_WORDS and _may_be("n", before, wordnet)
        return before in _BEFORE_PARTICIPLES if reading.form == "ing" else reading.form == "past" and before in ("is", "are", "being")
    if reading.pos == "a":  # 'a quick step', not 'a stone wall'
        return before in _NOUN_PLACE and _may_be("n", after, wordnet) and not wordnet.senses(reading.base, "n")
    return reading.base.endswith("ly")


def _may_be(pos: str, word: str, wordnet: WordNet) -> bool:
    return any(reading.pos == pos and wordnet.senses(reading.base, pos) for reading in readings(word)) if word else False
