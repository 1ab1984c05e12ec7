import numpy as np
import pytest

from hearken.audio.length import LengthPolicy
from hearken.library.scales import scales_of

TWICE = LengthPolicy(8, 2, 16, window_num_frames=4, hop_num_frames=2, context_num_frames=16, context_hop_num_frames=8)
"""Frames of 0.25 s: moments of 1 s every 0.5 s, contexts of 4 s every 2 s."""


def rows_of(*durations_s, policy=TWICE):
    """The spans (N, 2) of files of these lengths, and where each begins."""
    files = [[(span.start_s, span.end_s) for span in policy.spans(round(8 * duration_s))] for duration_s in durations_s]
    starts = np.cumsum([0, *map(len, files)])[:-1]
    return np.array([span for spans in files for span in spans], np.float64).reshape(-1, 2), starts


def held(scales, row):
    return list(range(scales.first[row], scales.stop[row]))


def test_contexts_begin_where_the_start_comes_again():
    spans, starts = rows_of(0.5, 3.0, 6.0)
    scales = scales_of(spans, starts)
    assert starts.tolist() == [0, 1, 7]  # 1 moment; 5 moments and 1 context; 11 moments and 2 contexts
    assert np.flatnonzero(scales.is_context).tolist() == [6, 18, 19]
    assert held(scales, 0) == []
    assert [held(scales, row) for row in range(1, 6)] == [[6]] * 5
    # moments of the last file have their middles at 0.5, 1, ..., 5.5 s; its contexts last from 0 to 4 and from 2 to 6 s
    assert [held(scales, row) for row in range(7, 18)] == [[18]] * 3 + [[18, 19]] * 5 + [[19]] * 3
    assert held(scales, 18) == held(scales, 19) == []
    assert scales.most == 2


def test_a_context_moved_back_to_the_end_makes_three():
    spans, starts = rows_of(6.25)
    scales = scales_of(spans, starts)
    assert spans[scales.is_context].tolist() == [[0, 4], [2, 6], [2.25, 6.25]]
    contexts = np.flatnonzero(scales.is_context)
    assert held(scales, 5) == contexts.tolist()  # from 2.5 to 3.5 s
    assert scales.most == 3


@pytest.mark.parametrize("durations_s", [(), (1.0,), (0.25, 5.0, 60.0)])
def test_models_of_one_scale_have_no_contexts(durations_s):
    spans, starts = rows_of(*durations_s, policy=LengthPolicy(8, 2, 16, window_num_frames=4, hop_num_frames=2))
    scales = scales_of(spans, starts)
    assert not scales.is_context.any()
    assert scales.most == 0
    assert (scales.first == scales.stop).all()
    assert len(scales.first) == len(spans)


def test_every_middle_is_held_by_the_contexts_of_its_own_file_and_no_others():
    durations_s = [0.25 * count for count in range(1, 60)]
    spans, starts = rows_of(*durations_s)
    scales = scales_of(spans, starts)
    for number, start in enumerate(starts):
        stop = starts[number + 1] if number + 1 < len(starts) else len(spans)
        rows = np.arange(start, stop)
        contexts = rows[scales.is_context[rows]]
        for row in rows[~scales.is_context[rows]]:
            middle = spans[row].mean()
            assert held(scales, row) == [context for context in contexts if spans[context, 0] <= middle <= spans[context, 1]]
        assert len(contexts) == 0 or all(held(scales, row) for row in rows[~scales.is_context[rows]])
        assert (len(contexts) > 0) == (durations_s[number] > 1)


def test_times_of_the_longest_sounds_do_not_run_into_the_next_file():
    spans = np.array([[86_000, 86_001], [86_000, 90_000], [86_000, 90_000], [0, 1], [0, 5]], np.float64)
    scales = scales_of(spans, np.array([0, 3]))
    assert scales.is_context.tolist() == [False, True, True, False, True]
    assert held(scales, 0) == [1, 2]
    assert held(scales, 3) == [4]
