"""Beam search: the likeliest captions that a captioner could write, found word by word. No network lives here, only its answers.

Of each clip the `beam` likeliest beginnings are kept. Each is continued by every token; those continuations among the best `beam` that end
are finished captions, the best `beam` others go on. A clip is done when it has `beam` finished captions and no beginning is likelier, by what
captions are ranked by, than the worst of them. A caption of `max_tokens` tokens can only end. With a beam of one this is greedy decoding; with
one as large as the number of all captions it is exhaustive.

Captions are ranked by the sum of log-probabilities over count ** `length_power`, where the end counts as a token (Wu et al. 2016,
section 7, without their constant; power 1 is the mean, as ACT ranks). `caption/best_first.py` has the search of ACT's own code.

Legend: `R` rows, beginnings of captions of any clips; `W` tokens of a beginning, `<sos>` first; `V` vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hearken.caption.decoding import Decoding
from hearken.errors import ModelError

IntArray = NDArray[np.int64]
DoubleArray = NDArray[np.float64]
Step = Callable[[IntArray, IntArray], NDArray[np.float32] | NDArray[np.float64]]
"""Beginnings `tokens` (R, W) int64 and the numbers of their clips `rows` (R,) int64 -> log-probabilities (R, V) of the next token.

What must never be written (a mark that fills batches, say) has -inf there."""

MAX_ROWS = 192


@dataclass(frozen=True)
class Written:
    """A caption as `tokens`, without start and end, and the `score` that it was ranked by: at power 1 its mean log-probability."""

    tokens: tuple[int, ...]
    score: float


@dataclass
class _Clip:
    """The search for one clip: beginnings that are still going on, with their sums, the likeliest first, and finished captions."""

    number: int
    going: list[tuple[tuple[int, ...], float]] = field(default_factory=lambda: [((), 0.0)])
    finished: list[Written] = field(default_factory=list)
    done: bool = False


def beam_search(step: Step, num_clips: int, *, start: int, end: int, decoding: Decoding, max_rows: int = MAX_ROWS) -> list[Written]:
    """Return the best caption that was found for each of `num_clips` clips; arguments and errors as for `beam_lists`."""
    return [found[0] for found in beam_lists(step, num_clips, start=start, end=end, decoding=decoding, max_rows=max_rows)]


def beam_lists(step: Step, num_clips: int, *, start: int, end: int, decoding: Decoding, max_rows: int = MAX_ROWS) -> list[list[Written]]:
    """Return the finished captions of each clip, at least one and at most `decoding.beam`, the best first.

    `step` is asked about at most `max_rows` beginnings at a time (and never about less than one clip's). Where no caption could end, because
    the end is impossible, the best beginning stands for one. Which clips go together changes nothing. Raises ModelError for answers of `step`
    that are no log-probabilities.
    """
    at_once = max(1, max_rows // decoding.beam)
    lists: list[list[Written]] = []
    for first in range(0, num_clips, at_once):
        clips = [_Clip(number) for number in range(first, min(first + at_once, num_clips))]
        _search(step, clips, start, end, decoding)
        lists += [clip.finished for clip in clips]
    return lists


def asked(step: Step, beginnings: Sequence[tuple[int, ...]], rows: Sequence[int], start: int, no_repeat: int) -> DoubleArray:
    """Return the log-probabilities (R, V) float64 of what follows `beginnings`, all equally long and without `start`, of clips `rows`.

    A token that would complete a run of `no_repeat` tokens for the second time has -inf. Raises ModelError for what is no log-probability.
    """
    tokens = np.array([(start, *beginning) for beginning in beginnings], np.int64)
    answer = np.array(step(tokens, np.array(rows, np.int64)), np.float64)
    if answer.ndim != 2 or len(answer) != len(tokens) or np.isnan(answer).any() or (answer > 1e-3).any():
        raise ModelError(
            "The captioner's answer is no log-probability for each token.", "Its weights may be damaged; get or train it again."
        )
    if no_repeat:
        for row, beginning in zip(answer, beginnings, strict=True):
            row[list(_repeating(beginning, no_repeat))] = -np.inf
    return answer


def score(total: float, count: int, length_power: float) -> float:
    """Return what a caption of `count` tokens, its end included, is ranked by, where its log-probability is `total`."""
    return float(total / count**length_power) if count else float("-inf")


def _search(step: Step, clips: list[_Clip], start: int, end: int, decoding: Decoding) -> None:
    """Fill the lists of finished captions of `clips`, best first."""
    for count in range(1, decoding.max_tokens + 2):  # tokens that a caption has once this round's is written
        active = [clip for clip in clips if not clip.done]
        if not active:
            return
        beginnings = [beginning for clip in active for beginning, _ in clip.going]
        rows = [clip.number for clip in active for _ in clip.going]
        answer, place = asked(step, beginnings, rows, start, decoding.no_repeat), 0
        for clip in active:
            part = answer[place : (place := place + len(clip.going))]
            if count > decoding.max_tokens:
                _end_all(clip, part[:, end], count, decoding)
            else:
                _grow(clip, part, count, end, decoding)


def _grow(clip: _Clip, answer: DoubleArray, count: int, end: int, decoding: Decoding) -> None:
    """Continue the beginnings of `clip` by one token; `answer` (K, V) says how likely each is."""
    totals = (np.array([total for _, total in clip.going])[:, None] + answer).ravel()
    going: list[tuple[tuple[int, ...], float]] = []
    for rank, place in enumerate(_best(totals, 2 * decoding.beam)):
        row, token = divmod(int(place), answer.shape[1])
        beginning, total = clip.going[row][0], float(totals[place])
        if token != end:
            going.append(((*beginning, token), total))
        elif rank < decoding.beam:
            clip.finished.append(Written(beginning, score(total, count, decoding.length_power)))
    _rank(clip, decoding.beam)
    if not going:
        _end(clip, clip.going, count - 1, decoding)
        return
    clip.going = going[: decoding.beam]
    best = score(clip.going[0][1], count, decoding.length_power)
    clip.done = len(clip.finished) >= decoding.beam and clip.finished[-1].score >= best


def _end_all(clip: _Clip, ends: DoubleArray, count: int, decoding: Decoding) -> None:
    """End every beginning of `clip`, which are as long as a caption may be; `ends` (K,) says how likely each ends there."""
    for (beginning, total), more in zip(clip.going, ends, strict=True):
        if np.isfinite(more):
            clip.finished.append(Written(beginning, score(total + float(more), count, decoding.length_power)))
    _rank(clip, decoding.beam)
    _end(clip, clip.going, count - 1, decoding)


def _end(clip: _Clip, going: list[tuple[tuple[int, ...], float]], count: int, decoding: Decoding) -> None:
    """Close the search: where nothing could end, the best beginning, of `count` tokens, is the answer."""
    clip.done = True
    if not clip.finished:
        beginning, total = going[0]
        clip.finished.append(Written(beginning, score(total, count, decoding.length_power)))


def _rank(clip: _Clip, beam: int) -> None:
    clip.finished.sort(key=lambda written: -written.score)  # stable: of equals, the one that was found first
    del clip.finished[beam:]


def _best(totals: DoubleArray, count: int) -> IntArray:
    """The places of the `count` largest finite numbers, the largest first; of equal ones, the earlier."""
    places = np.arange(len(totals))
    if count < len(totals):
        places = np.flatnonzero(totals >= np.partition(totals, -count)[-count])
    places = places[np.argsort(-totals[places], kind="stable")][:count]
    return places[np.isfinite(totals[places])]


def _repeating(beginning: tuple[int, ...], size: int) -> set[int]:
    """The tokens that would make a run of `size` tokens come twice."""
    if len(beginning) < size:
        return set()
    last = beginning[len(beginning) - size + 1 :]
    return {beginning[i + size - 1] for i in range(len(beginning) - size + 1) if beginning[i : i + size - 1] == last}
