"""Captions as numbers to read and to say."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from hearken.models.decoder import MAX_TOKENS
from hearken.text.vocabulary import WordVocabulary
from hearken.train.captioning.lesson import lesson, token_loss

WORDS = WordVocabulary(["<sos>", "<eos>", "<pad>", "<unk>", "a", "dog", "barks"])


def test_what_is_read_and_what_is_said() -> None:
    taught = lesson(WORDS, ["A dog barks.", "a cat"])
    assert taught.tokens.tolist() == [[0, 4, 5, 6], [0, 4, 3, 2]]
    assert taught.targets.tolist() == [[4, 5, 6, 1], [4, 3, 1, 2]]
    assert taught.padding.tolist() == [[False, False, False, False], [False, False, False, True]]


def test_where_the_end_is_the_padding_the_end_still_counts() -> None:
    words = WordVocabulary(["<sos>", "<eos>", "a", "dog"])
    taught = lesson(words, ["a dog", "a"])
    assert taught.targets.tolist() == [[2, 3, 1], [2, 1, 1]]
    assert taught.padding.tolist() == [[False, False, False], [False, False, True]]


def test_a_caption_that_is_too_long_has_no_end() -> None:
    taught = lesson(WORDS, ["dog " * 200])
    assert taught.tokens.shape == (1, MAX_TOKENS)
    assert taught.tokens[0, :2].tolist() == [0, 5]
    assert taught.targets[0].tolist() == [5] * MAX_TOKENS
    assert lesson(WORDS, ["dog " * (MAX_TOKENS - 1)]).targets[0, -1] == WORDS.end


def test_the_loss_is_of_the_tokens_alone() -> None:
    taught = lesson(WORDS, ["a dog barks", "a"])
    logits = torch.zeros(2, 4, len(WORDS))
    logits[1, 2:] = 1e3 * torch.randn(2, len(WORDS), generator=torch.Generator().manual_seed(1))
    total, count = token_loss(nn.CrossEntropyLoss(), logits, taught)
    assert int(count) == 6
    assert float(total) / 6 == pytest.approx(math.log(7), rel=1e-6)
