"""The search of the audio captioning transformer's own code: always the likeliest beginning first, whatever its length.

All beginnings of a clip wait in one queue, ranked like captions (`beam.score`: by their mean log-probability as published). The first is taken
out; if it ends it is the answer, else its `beam` likeliest continuations go into the queue. Nothing is ever thrown away, so that the search
returns to a short beginning when a long one disappoints. Written from the facts of XinhaoMei/ACT, `tools/beam.py` (`beam_decode`); what differs:
captions have at most `max_tokens` tokens, and several clips are asked about together where their beginnings are equally long. It asks the
network more often than `beam.beam_search`, one beginning at a time, and is here to decode as the paper did.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count as counting

import numpy as np

from hearken.caption.beam import MAX_ROWS, DoubleArray, Step, Written, asked, score
from hearken.caption.decoding import Decoding

MAX_QUEUE = 2000
"""How many beginnings may wait before the authors' code gives up on a clip."""


@dataclass
class _Queue:
    """The search for one clip. An entry is (-score, sum, order of arrival, tokens, whether they end)."""

    number: int
    entries: list[tuple[float, float, int, tuple[int, ...], bool]] = field(default_factory=lambda: [(0.0, 0.0, 0, (), False)])
    finished: list[Written] = field(default_factory=list)
    size: int = 1
    order: Iterator[int] = field(default_factory=lambda: counting(1))


def best_first_search(
    step: Step, num_clips: int, *, start: int, end: int, decoding: Decoding, max_rows: int = MAX_ROWS
) -> list[Written]:  # fmt: skip
    """Return the caption that is found first for each of `num_clips` clips; arguments and errors as for `best_first_lists`."""
    return [found[0] for found in best_first_lists(step, num_clips, start=start, end=end, decoding=decoding, max_rows=max_rows)]


def best_first_lists(
    step: Step, num_clips: int, *, start: int, end: int, decoding: Decoding, wanted: int = 1, max_rows: int = MAX_ROWS
) -> list[list[Written]]:  # fmt: skip
    """Return the first `wanted` captions that are found for each clip, the best first; at least one, and fewer than `wanted` where there are.

    `decoding.beam` is how many continuations of a beginning are kept. Where nothing ends before MAX_QUEUE beginnings wait, the best of them
    stands for a caption, as in the authors' code. Raises ModelError for answers of `step` that are no log-probabilities.
    """
    queues = [_Queue(number) for number in range(num_clips)]
    while True:
        taken = [(queue, entry) for queue in queues if (entry := _take(queue, wanted)) is not None]
        if not taken:
            break
        for size in sorted({len(tokens) for _, (_, tokens) in taken}):
            alike = [pair for pair in taken if len(pair[1][1]) == size]
            for first in range(0, len(alike), max_rows):
                _continue(step, alike[first : first + max_rows], start, end, decoding)
    return [sorted(queue.finished, key=lambda written: -written.score) or [_given_up(queue)] for queue in queues]


def _take(queue: _Queue, wanted: int) -> tuple[float, tuple[int, ...]] | None:
    """The next beginning to continue, its sum and tokens; None when the search is over. What ends is kept on the way."""
    while queue.size <= MAX_QUEUE and queue.entries and len(queue.finished) < wanted:
        negative, total, _, tokens, ends = heapq.heappop(queue.entries)
        if not ends:
            return total, tokens
        queue.finished.append(Written(tokens, -negative))
    return None


def _continue(
    step: Step, alike: list[tuple[_Queue, tuple[float, tuple[int, ...]]]], start: int, end: int, decoding: Decoding
) -> None:  # fmt: skip
    """Put the likeliest continuations of beginnings of one length into their queues."""
    answer = asked(step, [tokens for _, (_, tokens) in alike], [queue.number for queue, _ in alike], start, decoding.no_repeat)
    for (queue, (total, tokens)), row in zip(alike, answer, strict=True):
        places = [end] if len(tokens) >= decoding.max_tokens else _likeliest(row, decoding.beam)
        for token in places:
            more = total + float(row[token])
            if np.isfinite(more):
                ranked = score(more, len(tokens) + 1, decoding.length_power)
                longer = tokens if token == end else (*tokens, token)
                heapq.heappush(queue.entries, (-ranked, more, next(queue.order), longer, token == end))
        queue.size += len(places) - 1


def _likeliest(row: DoubleArray, beam: int) -> list[int]:
    return [int(place) for place in np.argsort(-row, kind="stable")[:beam]]


def _given_up(queue: _Queue) -> Written:
    if not queue.entries:
        return Written((), float("-inf"))
    negative, _, _, tokens, _ = queue.entries[0]
    return Written(tokens, -negative)
