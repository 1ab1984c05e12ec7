import numpy as np
import pytest
from pocket_mine import Wanted, is_single, mine, says_the_same, short_list, stems


@pytest.mark.parametrize("text", ["A dog barks and a man talks", "Rain, thunder", "My dog", "Dog 2", "a b c d e f g h i j k"])
def test_what_tells_of_more_or_of_the_recording_is_left_out(text: str) -> None:
    assert not is_single(text)
    assert is_single("A dog barks")


def test_stems_ignore_forms_and_small_words() -> None:
    assert stems("The dogs are barking") == stems("a dog barks") == {"dog", "bark"}


def test_a_candidate_may_neither_add_nor_leave_out() -> None:
    core, alike = stems("A dog barks"), [stems("a hound barks")]
    assert says_the_same(stems("dog barking"), core, alike)
    assert says_the_same(stems("barking hound"), core, alike)
    assert not says_the_same(stems("a dog barks loudly at night"), core, alike)
    assert not says_the_same(stems("a dog"), core, alike)
    assert not says_the_same(frozenset(), core, alike)


def test_words_vectors_and_tags_must_all_agree() -> None:
    vectors = np.eye(4, dtype=np.float32)
    texts = ["Dog barking", "A barking hound", "A cat meows"]
    near = np.stack([vectors[0], vectors[0], vectors[0]])
    wanted = Wanted("A dog barks", ("a hound barks",), frozenset({0}))
    assert mine([wanted], texts, near, vectors[:1], vectors) == {"A dog barks": ["A barking hound", "Dog barking"]}
    far = np.stack([vectors[1], vectors[0], vectors[0]])
    assert mine([wanted], texts, far, vectors[:1], vectors) == {"A dog barks": ["A barking hound"]}
    other = np.concatenate([np.zeros((1, 4)), np.eye(4)]).astype(np.float32)  # the nearest tags are now 1, and zeros
    assert mine([Wanted("A dog barks", (), frozenset({9}))], texts, near, vectors[:1], other) == {"A dog barks": []}


def test_only_what_words_allow_is_encoded() -> None:
    assert short_list(["A cat", "Dog barking", "Rain"], [Wanted("A dog barks", (), frozenset())]) == ["Dog barking"]
