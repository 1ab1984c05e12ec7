"""The DCASE 2022 baseline's text side against its authors' numbers, and words as a user gives them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from hearken.errors import InputError  # noqa: E402
from hearken.models.config import TextConfig  # noqa: E402
from hearken.models.wordmean import UNKNOWN, WordMean, word_mean  # noqa: E402
from hearken.text.wordvec import WordVectors  # noqa: E402
from tests.golden.filling import HERE, assert_close, value  # noqa: E402

GOLDEN = np.load(Path(HERE) / "models" / "dcase2022_crnn.npz")
TABLE = "text_enc.word_enc.embedding.weight"


def golden_output(*, exact: bool, mask_it: bool = True) -> torch.Tensor:
    encoder = WordMean(TextConfig("word2vec", {"model_type": "word_mean", "num_words": 50, "dim": 300, "exact": exact}, "mean"))
    encoder.embedding.weight.copy_(torch.from_numpy(value(TABLE, (50, 300))))
    ids, lengths = torch.from_numpy(GOLDEN["text.ids"]), torch.from_numpy(GOLDEN["text.lens"])
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long() if mask_it else torch.ones_like(ids)
    return encoder(ids, mask)


def test_golden_numbers_of_the_authors() -> None:
    out = golden_output(exact=True)
    assert_close(GOLDEN, "text.raw", out, atol=1e-6)
    assert_close(GOLDEN, "text.normalised", functional.normalize(out, dim=-1), atol=1e-6)


def test_a_mean_over_the_true_length_or_without_mask_would_be_seen() -> None:
    with pytest.raises(AssertionError):
        assert_close(GOLDEN, "text.raw", golden_output(exact=False), atol=1e-4)
    with pytest.raises(AssertionError):
        assert_close(GOLDEN, "text.normalised", golden_output(exact=True, mask_it=False), atol=1e-4)
    assert_close(
        GOLDEN, "text.normalised", functional.normalize(golden_output(exact=False), dim=-1), atol=1e-6
    )  # the direction is the same


VECTORS = WordVectors(("dog", "rain"), np.array([[1.0, 0.0], [0.0, 4.0]], np.float32))


def test_words_to_vectors() -> None:
    encoder = word_mean(VECTORS, exact=False)
    ids, mask = encoder.tokenize(["Dog, rain!", "a dog"])
    assert ids.tolist() == [[1, 2], [0, 1]]
    assert mask.tolist() == [[1, 1], [1, 1]]
    assert encoder.encode(["Dog, rain!", "a dog"]).tolist() == [[0.5, 2.0], [0.5, 0.0]]  # an unknown word is a zero


def test_exact_divides_by_the_longest_caption_of_the_batch() -> None:
    assert word_mean(VECTORS).encode(["dog", "rain rain rain rain"]).tolist() == [[0.25, 0.0], [0.0, 4.0]]
    assert word_mean(VECTORS, exact=False).encode(["dog", "rain rain"]).tolist() == [[1.0, 0.0], [0.0, 4.0]]


def test_vectors_are_frozen_and_a_word_called_unknown_is_not_kept_twice() -> None:
    encoder = word_mean(WordVectors((UNKNOWN, "dog"), np.ones((2, 2), np.float32)))
    assert [p.requires_grad for p in encoder.parameters()] == [False]
    assert encoder.embedding.weight.tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_no_words_no_encoder() -> None:
    with pytest.raises(InputError, match="no word vectors"):
        word_mean(WordVectors((), np.zeros((0, 2), np.float32)))
