"""The text side of the DCASE 2022 baseline: the mean of word2vec vectors (Xie et al. 2022).

Legend: `B` batch, `W` words of the longest caption, `N` words of the vocabulary, `D` embedding.
"""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from torch import Tensor, nn

from hearken.errors import InputError
from hearken.models.config import TextConfig
from hearken.models.text import TextTower
from hearken.text.normalize import TextPolicy, text_policy
from hearken.text.wordvec import WordVectors

MODEL_TYPE = "word_mean"
UNKNOWN = "<unk>"
"""The word that stands for every other: row 0, a vector of zeros until it is trained."""


class WordMean(TextTower):
    """Frozen word vectors, averaged.

    `config.architecture` holds `num_words` (N, with UNKNOWN), `dim` (D), and `exact`: with it, as in the authors' code,
    the sum is divided by the padded length W, so that a caption's vector is shorter the longer its batch mates are; the
    direction, all that an L2-normalised model sees, is the same. Without it, by the caption's own number of words.
    """

    def __init__(self, config: TextConfig, tokenizer: Tokenizer | None = None) -> None:
        chosen: dict[str, Any] = {"exact": True, **config.architecture}
        super().__init__(config, chosen["dim"], tokenizer)
        self.exact = bool(chosen["exact"])
        self.embedding = nn.Embedding(chosen["num_words"], chosen["dim"]).requires_grad_(False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return embeddings (B, D) of word numbers (B, W); `attention_mask` (B, W) is 1 on words, 0 on padding."""
        mask = attention_mask.unsqueeze(-1).to(self.embedding.weight.dtype)
        total: Tensor = (self.embedding(input_ids) * mask).sum(1)
        return total / (input_ids.shape[1] if self.exact else mask.sum(1).clamp(min=1))


def word_mean(words: WordVectors, policy: TextPolicy | None = None, *, exact: bool = True) -> WordMean:
    """Return the encoder with these word vectors; `policy` is "words" by default (lower case, no punctuation).

    Raises InputError when there is no word.
    """
    if not words.words:
        raise InputError("There are no word vectors.", "Give a file of them, or a vocabulary that it knows.")
    names = [UNKNOWN, *(word for word in words.words if word != UNKNOWN)]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(names)}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    architecture = {"model_type": MODEL_TYPE, "num_words": len(names), "dim": words.vectors.shape[1], "exact": exact}
    encoder = WordMean(TextConfig("word2vec", architecture, "mean", policy or text_policy("words")), tokenizer)
    rows = [row for word, row in zip(words.words, words.vectors, strict=True) if word != UNKNOWN]
    with torch.no_grad():
        encoder.embedding.weight[0].zero_()
        for number, row in enumerate(rows, start=1):
            encoder.embedding.weight[number] = torch.from_numpy(row)
    return encoder.eval()
