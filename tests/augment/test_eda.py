"""EDA: what each operation may do to the words, that seeds fix it, and that synonyms fit their place."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.augment.eda import OPERATIONS, Eda, augment, delete_words, insert_words, operations_of, replace_words, swap_words, synonyms
from hearken.augment.words import split
from hearken.errors import InputError
from hearken.text.wordnet import WordNet, from_senses, load_wordnet
from hearken.text.wordnet_files import Sense, Synset
from tests.text.wordnets import SYNSETS

SHARED = Path(__file__).resolve().parents[3] / "shared"
WORDNET = from_senses(
    (lemma, Sense(Synset("a" if number[-1] == "s" else number[-1], lex, tuple(lemmas)), rank))
    for number, lex, lemmas in SYNSETS
    for rank, lemma in enumerate(lemmas)
)
CAPTIONS = st.lists(
    st.sampled_from(["A", "the", "dog", "dogs", "barks,", "car", "is", "humming", "quick", "softly", "and", "3", "man.", "(bark)"]),
    min_size=1,
    max_size=20,
).map(" ".join)
SEEDS = st.integers(0, 2**32)


def words_of(text: str) -> Counter[str]:
    return Counter(word.core.lower() for word in split(text)[0])


def only(operation: str, alpha: float = 0.3) -> Eda:
    return Eda(WORDNET, alpha, operations_of(operation))


def options(text: str, word: str, **more: object) -> tuple[str, ...]:
    words, _ = split(text)
    return synonyms(words, next(place for place, each in enumerate(words) if each.core == word), Eda(WORDNET, **more))


@pytest.mark.parametrize(
    ("text", "word", "wanted"),
    [
        ("A dog barks.", "dog", ("hound",)),
        ("Two dogs bark.", "dogs", ("hounds",)),
        ("A dog barks loudly.", "barks", ("yaps",)),
        ("The bark is loud.", "bark", ("rind",)),
        ("A car is humming.", "humming", ("purring",)),
        ("A man walks.", "walks", ("strolls",)),
        ("Men walk.", "men", ("gentlemen",)),
        ("It 0 barks at the car.", "barks", ()),
        ("He barks at the car.", "barks", ()),
        ("The quick dog", "quick", ("rapid",)),
        ("It rains softly.", "softly", ("gently",)),
        ("The cars hum", "cars", ("automobiles",)),
        ("A 3 dog", "3", ()),
        ("the dog", "the", ()),
        ("A dog barks and barks", "and", ()),
        ("zebra bark zebra", "bark", ()),
    ],
)
def test_synonyms_fit_their_place(text: str, word: str, wanted: tuple[str, ...]) -> None:
    assert options(text, word) == wanted


def test_the_papers_way_takes_them_all() -> None:
    assert options("A dog barks.", "dog", any_sense=True) == ("hound", "pawl")


def test_a_vocabulary_keeps_to_known_words_and_reaches_further() -> None:
    assert options("The car stops.", "car", vocabulary={"machine"}) == ()  # it stands two places behind
    assert options("A dog barks.", "dog", vocabulary={"hound"}) == ("hound",)
    assert options("A dog barks.", "dog", vocabulary=set()) == ()


def test_replacing_keeps_capitals_marks_and_articles() -> None:
    made = augment("A car, parked.", 3, Eda(WORDNET, operations=("replace",)), np.random.default_rng(0))
    assert made == ("An automobile, parked.",)


def test_the_four_operations_by_hand() -> None:
    text = "The dog barks while a car is humming."
    made = augment(text, 4, Eda(WORDNET), np.random.default_rng(1))
    assert len(made) == 4
    replaced, inserted, swapped, deleted = made
    assert len(words_of(text) - words_of(replaced)) == 1
    assert sum(words_of(inserted).values()) == 9
    assert words_of(inserted) > words_of(text)
    assert words_of(swapped) == words_of(text)
    assert words_of(deleted) < words_of(text)
    assert all(caption.endswith(".") for caption in (replaced, swapped, deleted))


@given(CAPTIONS, SEEDS)
def test_what_happens_to_the_words(text: str, seed: int) -> None:
    words, _ = split(text)
    before = Counter(word.core for word in words)
    generator = np.random.default_rng(seed)

    def after(changed: list) -> Counter[str]:
        return Counter(word.core for word in changed)

    replaced = replace_words(words, 2, only("replace"), generator)
    assert len(replaced) == len(words)
    assert sum((after(replaced) - before).values()) <= 2
    inserted = insert_words(words, 2, only("insert"), generator)
    assert before <= after(inserted)
    assert len(inserted) - len(words) in (0, 2)
    swapped = swap_words(words, 3, only("swap"), generator)
    assert after(swapped) == before
    assert [word.after for word in swapped] == [word.after for word in words]
    deleted = delete_words(words, 2, only("delete", 1.0), generator)
    assert len(deleted) == 1
    assert after(delete_words(words, 2, only("delete"), generator)) <= before


@given(CAPTIONS, SEEDS, st.integers(1, 6))
def test_the_same_seed_gives_the_same_texts(text: str, seed: int, num: int) -> None:
    made = [augment(text, num, Eda(WORDNET), np.random.default_rng(seed)) for _ in range(2)]
    assert made[0] == made[1]
    assert len(made[0]) == len(set(made[0])) <= num
    assert text not in made[0]
    assert all(made[0])


@given(st.text(), SEEDS)
@settings(max_examples=50)
def test_any_text_goes_through(text: str, seed: int) -> None:
    augment(text, 3, Eda(WORDNET), np.random.default_rng(seed))


def test_what_there_is_nothing_to_do_with() -> None:
    assert augment("", 3, Eda(WORDNET), np.random.default_rng(0)) == ()
    assert augment("zebra", 3, Eda(WORDNET), np.random.default_rng(0)) == ()
    assert augment("- !", 3, Eda(WORDNET), np.random.default_rng(0)) == ()


@pytest.mark.parametrize("alpha", [0.0, -1.0, 1.1, float("nan")])
def test_wrong_alpha(alpha: float) -> None:
    with pytest.raises(InputError, match="alpha must be above 0"):
        Eda(WORDNET, alpha)


def test_lists_of_operations() -> None:
    assert operations_of(" delete,swap ") == ("delete", "swap")
    assert operations_of(",".join(OPERATIONS)) == OPERATIONS
    for text in ("", "replace,fly", "replace;swap"):
        with pytest.raises(InputError, match="is no list of operations"):
            operations_of(text)
    with pytest.raises(InputError, match="nothing to do"):
        Eda(WORDNET, operations=())


def test_an_empty_wordnet_leaves_swaps_and_deletions() -> None:
    made = augment("the dog barks by the car", 4, Eda(WordNet({})), np.random.default_rng(0))
    assert len(made) == 4
    assert all(words_of(text) <= words_of("the dog barks by the car") for text in made)


@pytest.mark.skipif(not (SHARED / "captions" / "clotho_v2.1").exists(), reason="real captions are not beside the checkout")
def test_real_captions_and_the_real_wordnet() -> None:
    wordnet = load_wordnet(SHARED / "weights" / "wordnet")
    with (SHARED / "captions" / "clotho_v2.1" / "clotho_captions_development.csv").open(encoding="utf-8", newline="") as stream:
        captions = [caption for row in csv.DictReader(stream) for name, caption in row.items() if name != "file_name"]
    counts = Counter(word for caption in captions for word in re.findall("[a-z]+", caption.lower()))
    eda = Eda(wordnet, operations=("replace",), vocabulary={word for word, count in counts.items() if count >= 2})
    pairs: set[tuple[str, str]] = set()
    for index, caption in enumerate(captions[::96][:200]):
        for made in augment(caption, 2, eda, np.random.default_rng(index)):
            old, new = split(caption)[0], split(made)[0]
            pairs |= {(one.core, other.core) for one, other in zip(old, new, strict=True) if one.core != other.core}
    assert {("cars", "automobiles"), ("talking", "speaking"), ("softly", "quietly")} <= pairs
    assert len(pairs) >= 30
    assert not {("dog", "frank"), ("person", "someone"), ("loudly", "loud")} & pairs
