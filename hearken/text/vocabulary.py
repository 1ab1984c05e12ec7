"""What a captioner writes with: a vocabulary turns captions into numbers and numbers back into captions.

Two kinds, both plain data that travel in a model's folder:

* ``words`` (the audio captioning transformer, Mei et al. 2021): captions in lower case without punctuation, one number for each word;
* ``pieces`` (a byte-pair encoding, Sennrich et al. 2016): parts of words, so that nothing is unknown and a small table goes far. Capitals
  and stops are dropped here too: a captioner should learn what is heard, not how somebody ended a sentence.

Numbers: `start` stands before a caption, `end` behind it, `pad` fills a batch and is never written. In ACT's own files `pad` is `end`.
"""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from hearken.errors import ModelError

START, END, PAD, UNKNOWN = "<sos>", "<eos>", "<pad>", "<unk>"


class Vocabulary(Protocol):
    """Captions to numbers and back."""

    kind: str
    start: int
    end: int
    pad: int

    def __len__(self) -> int:
        """How many numbers there are, V."""
        ...

    def encode(self, caption: str) -> list[int]:
        """Return the numbers of a caption, without `start` and `end`."""
        ...

    def decode(self, numbers: Sequence[int]) -> str:
        """Return the caption that `numbers` say, up to the first `end`; marks are left out."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values, which `read_vocabulary` takes."""
        ...


class WordVocabulary:
    """One number for each of `words`, which hold the marks `<sos>` and `<eos>`, and may hold `<pad>` and `<unk>`.

    `dropped` are the characters that captions lose; those of ACT keep their apostrophes and hyphens. Raises ModelError where a mark is
    missing or a word is there twice.
    """

    kind = "words"

    def __init__(self, words: Sequence[str], dropped: str = string.punctuation) -> None:
        self.words, self.dropped = tuple(words), dropped
        self._numbers = {word: number for number, word in enumerate(self.words)}
        if len(self._numbers) != len(self.words) or START not in self._numbers or END not in self._numbers:
            raise ModelError(f"A vocabulary holds {START} and {END}, and every word once.")
        self.start, self.end = self._numbers[START], self._numbers[END]
        self.pad = self._numbers.get(PAD, self.end)
        self._unknown = self._numbers.get(UNKNOWN)
        self._marks = {self.start, self.end, self.pad} | ({self._unknown} if self._unknown is not None else set())

    @classmethod
    def learn(cls, captions: Iterable[str], *, least: int = 1) -> WordVocabulary:
        """Return the vocabulary of all words that `captions` hold at least `least` times, the most frequent first."""
        counts = Counter(word for caption in captions for word in plain(caption).split())
        words = sorted((word for word, count in counts.items() if count >= least), key=lambda word: (-counts[word], word))
        return cls([START, END, PAD, UNKNOWN, *words])

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, caption: str) -> list[int]:
        """Return the numbers of a caption's words; unknown words are `<unk>` where there is one, and else left out."""
        found = (self._numbers.get(word, self._unknown) for word in plain(caption, self.dropped).split())
        return [number for number in found if number is not None]

    def decode(self, numbers: Sequence[int]) -> str:
        """Return the caption of `numbers`."""
        return " ".join(self.words[number] for number in _until(numbers, self.end) if number not in self._marks)

    def to_json(self) -> dict[str, Any]:
        """Return kind, words, and the characters that captions lose."""
        return {"kind": self.kind, "words": list(self.words), "dropped": self.dropped}


class PieceVocabulary:
    """Parts of words, by a byte-pair encoding of the library `tokenizers`, given as its JSON text. Raises ModelError for a damaged one."""

    kind = "pieces"

    def __init__(self, tokenizer_json: str) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_str(tokenizer_json)
        except Exception as error:  # the library raises nothing narrower
            raise ModelError(f"The vocabulary is damaged: {error}.") from error
        self.start, self.end, self.pad = (self._mark(mark) for mark in (START, END, PAD))

    def _mark(self, mark: str) -> int:
        number = self._tokenizer.token_to_id(mark)
        if number is None:
            raise ModelError(f"A vocabulary holds {START}, {END} and {PAD}.")
        return int(number)

    @classmethod
    def learn(cls, captions: Iterable[str], *, size: int = 4000) -> PieceVocabulary:
        """Return a vocabulary of at most `size` parts of words, learnt from `captions`."""
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=[START, END, PAD], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        )
        tokenizer.train_from_iterator((plain(caption) for caption in captions), trainer)
        return cls(tokenizer.to_str())

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    def encode(self, caption: str) -> list[int]:
        """Return the numbers of a caption's parts."""
        return list(self._tokenizer.encode(plain(caption)).ids)

    def decode(self, numbers: Sequence[int]) -> str:
        """Return the caption of `numbers`."""
        return str(self._tokenizer.decode(list(_until(numbers, self.end)), skip_special_tokens=True)).strip()

    def to_json(self) -> dict[str, Any]:
        """Return kind and the tokenizer's own JSON, nested."""
        return {"kind": self.kind, "tokenizer": json.loads(self._tokenizer.to_str())}


def read_vocabulary(mapping: Mapping[str, Any]) -> Vocabulary:
    """Return the vocabulary that `to_json` wrote. Raises ModelError for anything else."""
    kind, words, tokenizer = mapping.get("kind"), mapping.get("words"), mapping.get("tokenizer")
    dropped = mapping.get("dropped", string.punctuation)
    if kind == "words" and isinstance(words, list) and all(isinstance(word, str) for word in words) and isinstance(dropped, str):
        return WordVocabulary(words, dropped)
    if kind == "pieces" and isinstance(tokenizer, Mapping):
        return PieceVocabulary(json.dumps(tokenizer))
    raise ModelError(f"There is no vocabulary of kind {kind!r} in this.", "It may be of a newer Hearken.")


def plain(caption: str, dropped: str = string.punctuation) -> str:
    """Return a caption as captioners learn it: lower case, without the `dropped` characters, one blank between words."""
    return " ".join(caption.lower().translate(str.maketrans("", "", dropped)).split())


def _until(numbers: Sequence[int], end: int) -> list[int]:
    kept = []
    for number in numbers:
        if number == end:
            break
        kept.append(int(number))
    return kept
