import itertools

import numpy as np

from hearken.library.records import FileRecord
from hearken.search import folding
from hearken.search.folding import leaders


def record(number, *, content="", duration_s=10.0, flags=(), path="/{0}/take.f{0}"):
    return FileRecord(
        number, path.format(number), 1, 1, content or str(number), duration_s, 44_100, 1, "wav", "pcm", frozenset(flags), {}, 1
    )


def at(cosine):
    """A float16 vector (2,) with this cosine to (1, 0)."""
    return np.array([cosine, np.sqrt(1 - cosine**2)], np.float16)


def lead(records, clips, windows=None):
    windows = [[clip] for clip in clips] if windows is None else windows
    return leaders(records, np.array(clips, np.float16).reshape(-1, 2), lambda index: np.array(windows[index], np.float16))


def test_no_files_no_leaders():
    assert lead([], []) == []


def test_equal_bytes_fold_whatever_the_rest_says():
    records = [record(1, content="x"), record(2), record(3, content="x", duration_s=99, flags=["silent"])]
    assert lead(records, [at(1), at(0.2), at(-1)]) == [0, 1, 0]


def test_the_same_recording_in_another_format_folds():
    assert lead([record(1), record(2, duration_s=10.09)], [at(1), at(0.999)]) == [0, 0]


def test_files_of_one_name_and_two_formats_fold_when_they_are_alike():
    assert lead([record(1), record(2, path="/other/take.f1")], [at(1), at(0.997)]) == [0, 1]
    assert lead([record(1), record(2, path="/mp3/TAKE.mp3")], [at(1), at(0.997)]) == [0, 0]
    assert lead([record(1), record(2, path="/mp3/TAKE.mp3")], [at(1), at(0.99)]) == [0, 1]


def test_other_names_fold_only_when_there_is_next_to_no_difference():
    other = record(2, path="/other.wav")
    assert lead([record(1), other], [at(1), at(1)]) == [0, 0]
    assert lead([record(1), other], [at(1), at(0.9995)]) == [0, 1]
    assert lead([record(1), other], [at(1), at(1)], [[at(1), at(1)], [at(1), at(0.998)]]) == [0, 1]


def test_the_thresholds_are_those_that_the_documentation_tells():
    assert (folding.SAME_CLIP, folding.NAMESAKE_CLIP, folding.SAME_DURATION) == (0.9999, 0.995, 0.01)


def test_another_duration_is_another_recording():
    assert lead([record(1), record(2, duration_s=10.2)], [at(1), at(1)]) == [0, 1]


def test_one_window_that_differs_makes_another_recording():
    clips = [at(1), at(1)]
    assert lead([record(1), record(2)], clips, [[at(1), at(1)], [at(1), at(0.999)]]) == [0, 0]
    assert lead([record(1), record(2)], clips, [[at(1), at(1)], [at(1), at(0.9)]]) == [0, 1]


def test_one_window_more_is_allowed_two_are_not():
    clips = [at(1), at(1)]
    assert lead([record(1), record(2)], clips, [[at(1)] * 3, [at(1)] * 4]) == [0, 0]
    assert lead([record(1), record(2)], clips, [[at(1)] * 3, [at(1)] * 5]) == [0, 1]


def test_silence_is_not_the_same_recording():
    assert lead([record(1, flags=["silent"]), record(2, flags=["silent"]), record(3)], [at(1)] * 3) == [0, 1, 2]


def test_a_file_folds_under_the_best_one_and_never_under_a_folded_one():
    chain = [at(1), at(0.9969), at(np.cos(2 * np.arccos(0.9969)))]  # each like its neighbour, the ends not alike
    assert lead([record(1), record(2), record(3)], chain) == [0, 0, 2]


def test_a_copy_of_a_folded_file_goes_to_its_leader():
    records = [record(1), record(2, content="x"), record(3, content="x")]
    assert lead(records, [at(1), at(1), at(1)]) == [0, 0, 0]


def test_copies_share_their_names_whichever_leads():
    wav, copy = record(1, content="x", path="/police.wav"), record(2, content="x", path="/aaa.wav")
    retagged, mp3 = record(3, path="/bbb.wav"), record(4, path="/police.mp3")
    clips = {1: at(1), 2: at(1), 3: at(1), 4: at(0.997)}
    for order in itertools.permutations([wav, copy, mp3]):
        assert lead(order, [clips[each.id] for each in order]) == [0, 0, 0]
    assert lead([retagged, wav, mp3], [clips[each.id] for each in (retagged, wav, mp3)]) == [0, 0, 0]


def test_zero_vectors_do_not_fold():
    zero = np.zeros(2, np.float16)
    assert lead([record(1), record(2)], [zero, zero]) == [0, 1]


def test_blocks_of_rows_make_no_difference(monkeypatch):
    generator = np.random.default_rng(0)
    kinds = generator.integers(8, size=60)
    clips = [at(np.cos(kind)) for kind in kinds]
    expected = lead([record(number) for number in range(60)], clips)
    assert len(set(expected)) == 8
    monkeypatch.setattr(folding, "_ROWS_PER_BLOCK", 7)
    assert lead([record(number) for number in range(60)], clips) == expected
