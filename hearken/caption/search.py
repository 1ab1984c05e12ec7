"""The search that a `Decoding` names: `beam.py`, or `best_first.py`, ACT's own; and what no search may write.

Legend: `R` beginnings of captions, `W` tokens of one, `V` vocabulary.
"""

from __future__ import annotations

import numpy as np

from hearken.caption.beam import MAX_ROWS, DoubleArray, IntArray, Step, Written, beam_lists
from hearken.caption.best_first import best_first_lists
from hearken.caption.decoding import Decoding
from hearken.errors import ModelError
from hearken.text.vocabulary import Vocabulary


def search(step: Step, num_clips: int, *, start: int, end: int, decoding: Decoding, max_rows: int = MAX_ROWS) -> list[Written]:
    """Return the caption that `decoding.search` finds for each of `num_clips` clips; arguments and errors as for `beam.beam_lists`."""
    return [found[0] for found in search_lists(step, num_clips, start=start, end=end, decoding=decoding, max_rows=max_rows)]


def search_lists(step: Step, num_clips: int, *, start: int, end: int, decoding: Decoding, max_rows: int = MAX_ROWS) -> list[list[Written]]:
    """Return all captions that it finishes for each clip, the best first: at most `decoding.beam`; a best-first search ends with one.

    Arguments and errors as for `beam.beam_lists`.
    """
    lists = best_first_lists if decoding.search == "best_first" else beam_lists
    return lists(step, num_clips, start=start, end=end, decoding=decoding, max_rows=max_rows)


def spoken(step: Step, vocabulary: Vocabulary) -> Step:
    """Return `step` where marks that stand in no caption, the start and what fills a batch, have no chance, whatever the network says of them.

    What it returns raises ModelError for answers (R, V) about another number of tokens than `vocabulary` has.
    """
    never = sorted({vocabulary.start, vocabulary.pad} - {vocabulary.end})

    def allowed(tokens: IntArray, rows: IntArray) -> DoubleArray:
        answer = np.array(step(tokens, rows), np.float64)
        if answer.ndim != 2 or answer.shape[1] != len(vocabulary):
            raise ModelError(
                f"The captioner's answer {answer.shape} is not about the {len(vocabulary)} tokens of its vocabulary.",
                "Get or train it again.",
            )
        answer[:, never] = -np.inf
        return answer

    return allowed
