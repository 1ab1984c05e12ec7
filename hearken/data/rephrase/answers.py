"""Reads a model's numbered answers and judges them by a named policy: what is refused, what is only counted.

What is wrong with the structure (no numbers, too few, an introduction, a refusal) says that the model did not do what it was
asked, and the whole answer is rejected. What is wrong with the style says less: the first answer in Table 1 of Primus et al.
(2023), "The sound of nails tapping on a metal surface is heard.", breaks their own rule against "heard", and they trained
with it. So the policy `paper` counts such answers and keeps them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hearken.errors import InputError

Level = Literal["reject", "drop", "warn"]
"""Reject the whole answer; drop the line (or the remark); keep it and count."""
REASONS = {
    "empty": "there is no text",
    "refusal": "the model refuses or talks about itself",
    "no_sound": "the model says that the text is not about sound",
    "cut_off": "the answer ended at the limit of tokens",
    "introduction": "there is text before the first number",
    "remark": "there is text without a number after an answer",
    "unnumbered": "no line begins with a number",
    "numbering": "the numbers do not go 1, 2, 3 ...",
    "count": "there are more or fewer answers than asked for",
    "blank": "a number has no answer",
    "duplicate": "two answers are the same",
    "copy": "an answer is the text that was to be rephrased",
    "too_long": "an answer has 20 words or more",
    "forbidden": "an answer uses 'heard', 'recorded' or 'recording'",
    "nothing_left": "no answer was left",
}
"""What can be wrong with an answer."""
MAX_WORDS = 19
_STRICT: dict[str, Level] = dict.fromkeys(REASONS, "reject")
POLICIES: dict[str, dict[str, Level]] = {
    "paper": _STRICT | {"duplicate": "drop", "copy": "drop", "too_long": "warn", "forbidden": "warn"},
    "strict": _STRICT,
    "lenient": _STRICT
    | {"introduction": "drop", "remark": "drop", "numbering": "warn", "count": "warn", "blank": "drop", "duplicate": "drop"}
    | {"copy": "drop", "too_long": "drop", "forbidden": "warn"},
}
"""By name: what follows from each reason."""

_NUMBERED = re.compile(r"[(*_]{0,3}(\d{1,3})\s?(?:[.):](?!\d)|-\s)[)*_]{0,2}\s*(.*)", re.DOTALL)
_THOUGHT = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_FORBIDDEN = re.compile(r"\b(?:heard|recorded|recording)\b", re.IGNORECASE)
_REFUSAL = re.compile(
    r"\b(?:as an ai\b|i(?:['’]m| am) (?:sorry|unable|not able)|i (?:apologi[sz]e|can(?:not|['’]t|not)|won['’]t)\b|as a language model)",
    re.IGNORECASE,
)
_NO_SOUND = re.compile(r"\W*(?:1\W{1,3})?(?:none|failure)\W*", re.IGNORECASE)
_QUOTES = "\"'“”‘’*_ \t"


@dataclass(frozen=True)
class Judgement:
    """The `texts` to use, "" or the `reason` why there are none, and how often each weaker fault was met."""

    texts: tuple[str, ...]
    reason: str = ""
    faults: tuple[tuple[str, int], ...] = ()


def policy_of(name: str) -> dict[str, Level]:
    """Return the policy `name`. Raises InputError if there is none."""
    if name not in POLICIES:
        raise InputError(f"There is no policy {name!r}.", f"Policies: {', '.join(POLICIES)}.")
    return POLICIES[name]


def judge(text: str, num: int, policy: str = "paper", *, source: str = "", finish_reason: str | None = None) -> Judgement:
    """Return what is to be done with an answer that should have `num` numbered lines about `source`.

    Blank lines, quotes around an answer and a model's `<think>` block do not count. One answer alone needs no number.
    """
    levels = policy_of(policy)
    text = _THOUGHT.sub("", text, count=1).strip() if text.lstrip().startswith("<think>") else text.strip()
    found: Counter[str] = Counter()
    lines, numbers = _numbered(text, num, found)
    for reason in _of_the_whole(text, lines, numbers, num, finish_reason):
        found[reason] += 1
    kept: dict[str, str] = {}
    for line in lines:
        faults = list(_of_a_line(line, kept, source))
        found.update(faults)
        if all(levels[fault] == "warn" for fault in faults):
            kept[_plain(line)] = line
    if not kept:
        found["nothing_left"] += 1
    reason = next((name for name in REASONS if found[name] and levels[name] == "reject"), "")
    faults_met = tuple((name, found[name]) for name in REASONS if found[name])
    return Judgement(() if reason else tuple(kept.values()), reason, faults_met)


def _numbered(text: str, num: int, found: Counter[str]) -> tuple[list[str], list[int]]:
    """The answers and their numbers; lines that have none are counted as an introduction or a remark."""
    rows = [row.strip() for row in text.splitlines() if row.strip()]
    if num == 1 and len(rows) == 1 and not _NUMBERED.fullmatch(rows[0]):
        return [rows[0].strip(_QUOTES)], [1]
    lines, numbers = [], []
    for row in rows:
        if parts := _NUMBERED.fullmatch(row):
            numbers.append(int(parts[1]))
            lines.append(_unquoted(parts[2]))
        else:
            found["remark" if lines else "introduction"] += 1
    if rows and not lines:
        del found["introduction"]
        found["unnumbered"] += 1
    return lines, numbers


def _unquoted(line: str) -> str:
    """Without quotes or stars around it; an apostrophe at one end alone belongs to a word."""
    line = line.strip("* \t")
    paired = len(line) > 1 and line[0] in "\"'“‘" and line[-1] in "\"'”’"
    return line.strip(_QUOTES) if paired else line.strip('" \t')


def _of_the_whole(text: str, lines: list[str], numbers: list[int], num: int, finish_reason: str | None) -> Iterator[str]:
    if not text:
        yield "empty"
        return
    if _NO_SOUND.fullmatch(text):
        yield "no_sound"
    if _REFUSAL.search(text):
        yield "refusal"
    if finish_reason == "length":
        yield "cut_off"
    if lines and len(lines) != num:
        yield "count"
    if numbers != list(range(1, len(numbers) + 1)):
        yield "numbering"


def _of_a_line(line: str, kept: dict[str, str], source: str) -> Iterator[str]:
    plain = _plain(line)
    if not plain:
        yield "blank"
        return
    if plain in kept:
        yield "duplicate"
    if plain == _plain(source):
        yield "copy"
    if len(line.split()) > MAX_WORDS:
        yield "too_long"
    if _FORBIDDEN.search(line):
        yield "forbidden"


def _plain(text: str) -> str:
    """What two texts are compared by: their letters and digits, in small letters."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))
