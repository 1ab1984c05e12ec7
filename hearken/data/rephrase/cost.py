"""What a run may cost, before it starts: an estimate that says how it was made."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hearken.data.rephrase.run import Question
from hearken.errors import DataError, MissingDataError, show

CHARS_PER_TOKEN = 4.0
_MESSAGE_TOKENS = 8  # around a message: role and marks
_LINE_TOKENS = 4  # of each answer: number, full stop, line break
_ANSWER_TOKENS = 18  # of a caption of some twelve words, where there is no source caption to go by
_MILLION = 1_000_000

Count = Callable[[str], int]


@dataclass(frozen=True)
class Estimate:
    """Requests, tokens in and out, and the price in the currency of the prices, None where none were given; `method` says how."""

    num_requests: int
    tokens_in: int
    tokens_out: int
    price: float | None
    method: str


def by_characters(text: str) -> int:
    """Return about how many tokens `text` has: one for every four characters, as is usual for English."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def by_tokenizer(path: Path) -> Count:
    """Return a counter that uses a `tokenizer.json`. Raises MissingDataError, or DataError for a file that is none."""
    from tokenizers import Tokenizer

    if not path.is_file():
        raise MissingDataError(f"There is no tokenizer {show(path)}.", "Give the model's tokenizer.json, or leave --tokenizer out.")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception
        raise DataError(f"{show(path)} is no tokenizer: {show(str(error))}.", "Give the model's tokenizer.json.") from error
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def estimate(
    open_questions: Sequence[Question],
    num: int,
    *,
    count: Count = by_characters,
    max_tokens: int | None = None,
    price_in: float | None = None,
    price_out: float | None = None,
) -> Estimate:
    """Return what asking `open_questions` may take; prices are per million tokens. Attempts that fail are not in it."""
    tokens_in = sum(count(question.query) + _MESSAGE_TOKENS for question in open_questions)
    tokens_out = sum(_answer_tokens(question, num, count, max_tokens) for question in open_questions)
    known = price_in is not None or price_out is not None
    price = (tokens_in * (price_in or 0.0) + tokens_out * (price_out or 0.0)) / _MILLION if known else None
    tokens = f"{CHARS_PER_TOKEN:g} characters a token" if count is by_characters else "counted by the tokenizer"
    method = f"{tokens}; an answer as long as its caption, or {_ANSWER_TOKENS} tokens; without what a model thinks first"
    return Estimate(len(open_questions), tokens_in, tokens_out, price, method)


def _answer_tokens(question: Question, num: int, count: Count, max_tokens: int | None) -> int:
    each = count(question.item.caption) if question.item.caption else _ANSWER_TOKENS
    wanted = num * (each + _LINE_TOKENS)
    return wanted if max_tokens is None else min(wanted, max_tokens)
