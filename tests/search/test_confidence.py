import json
import math

import numpy as np
import pytest

from hearken.errors import DigestError, ModelError
from hearken.search.confidence import (
    BANK,
    FEATURES,
    RECORD,
    Calibration,
    Heard,
    calibration_of,
    features,
    hear,
    read_calibration,
    softmax,
    unit,
    write_calibration,
)

X, Y, Z, W = (np.eye(4, dtype=np.float32)[axis] for axis in range(4))
DIGEST = "a" * 64


def toward(score, rest=W):
    """A vector (D,) with this cosine to X."""
    return (score * X + math.sqrt(1 - score**2) * rest).astype(np.float32)


def heard(moment=X, context=X, around=X):
    return Heard(moment[None], context[None], around[None])


def calibration(**weights):
    return Calibration(np.stack([X, Y]), np.stack([X, Z]), np.array([weights.get(name, 0.0) for name in FEATURES]), -1.0, 0.2)


def test_features_by_hand():
    found = features(X, heard(toward(0.5), toward(0.25), toward(0.75)), 100, np.stack([Y, X]), np.stack([Z, X]))
    values = dict(zip(FEATURES, found[0].tolist(), strict=True))
    assert [values[name] for name in ("moment", "context", "around")] == pytest.approx([0.5, 0.25, 0.75])
    assert [values[name] for name in ("mean", "spread", "best", "best_5", "best_20")] == pytest.approx([0.5, 0.5, 1.0, 0.0, 0.0])
    together = toward(0.5) + toward(0.25)
    like_x = float(together[0]) / float(np.linalg.norm(together)) / 0.06
    assert values["alike"] == pytest.approx(math.exp(like_x) / (math.exp(like_x) + 1), rel=1e-5)  # the hit is no bit like Y
    assert values["windows"] == pytest.approx(math.sqrt(math.log(100)))


def test_the_query_s_captions_count_for_what_the_hit_sounds_like():
    bank, words = np.stack([X, Y]), np.stack([toward(0.9), toward(0.1)])
    good, bad = (features(X, heard(each, each, each), 1, bank, words)[0, FEATURES.index("alike")] for each in (X, Y))
    assert (good, bad) == (pytest.approx(0.9, abs=1e-3), pytest.approx(0.1, abs=1e-3))


def test_confidence_is_the_logistic_of_weighted_features():
    made = calibration(context=4.0)
    found = made.confidence(X, Heard(*(np.stack([X, W]) for _ in range(3))), 1)
    assert found.tolist() == pytest.approx([1 / (1 + math.exp(-3)), 1 / (1 + math.exp(1))])


def test_one_window_is_enough():
    assert features(X, heard(), 1, np.stack([X]), np.stack([X]))[0, FEATURES.index("windows")] == 0.0


def test_the_best_moment_inside_is_heard_with_its_best_context_and_what_is_around():
    moments = np.stack([toward(0.9), toward(0.5), toward(0.6), toward(0.1)])
    contexts = np.stack([toward(0.2, Y), toward(0.7, Z), X, toward(0.3), toward(0.3), toward(0.4, Y)])
    holding = np.array([[0, 1], [0, 2], [1, 2], [5, 6]])
    found = hear(X, moments, contexts, holding, np.array([False, True, True, True]))
    assert found.moment[0].tolist() == moments[2].tolist()  # 0.6 + 0.7 beats 0.5 + 0.7 and 0.1 + 0.4; the first is outside
    assert found.context[0].tolist() == contexts[1].tolist()
    assert found.around[0] == pytest.approx(unit(contexts[:4].mean(axis=0)))
    last = hear(X, moments, contexts, holding, np.array([False, False, False, True]))
    assert last.around[0] == pytest.approx(unit(contexts[3:].mean(axis=0)))


def test_windows_of_one_scale_are_their_own_contexts():
    moments = np.stack([toward(0.1), toward(0.8)])
    found = hear(X, moments, np.zeros((0, 4), np.float32), np.zeros((2, 2), np.int64), np.ones(2, bool))
    assert found.moment[0].tolist() == found.context[0].tolist() == moments[1].tolist()
    assert found.around[0] == pytest.approx(unit(moments.mean(axis=0)))


def test_softmax_of_large_values():
    assert softmax(np.array([[1000.0, 1000.0, -1000.0]], np.float32)).tolist() == [[0.5, 0.5, 0.0]]


def test_zeros_have_no_direction():
    assert unit(np.zeros((1, 4), np.float32)).tolist() == [[0.0] * 4]


@pytest.fixture
def folder(tmp_path):
    write_calibration(tmp_path, DIGEST, calibration(moment=2.5, alike=-1.0), {"held out": 3})
    return tmp_path


def test_what_was_written_is_read(folder):
    made = read_calibration(folder, DIGEST)
    assert made is not None
    assert made.sounds.tolist() == [X.tolist(), Y.tolist()]
    assert made.words.tolist() == [X.tolist(), Z.tolist()]
    assert dict(zip(FEATURES, made.weights.tolist(), strict=True)) == {**dict.fromkeys(FEATURES, 0.0), "moment": 2.5, "alike": -1.0}
    assert (made.offset, made.weak_below) == (-1.0, 0.2)
    assert json.loads((folder / RECORD).read_text())["figures"] == {"held out": 3}


def test_a_model_without_one_or_another_model_has_none(folder, tmp_path_factory):
    assert read_calibration(tmp_path_factory.mktemp("empty"), DIGEST) is None
    assert read_calibration(folder, "b" * 64) is None
    record = json.loads((folder / RECORD).read_text())
    (folder / RECORD).write_text(json.dumps({**record, "format": 2}))
    assert read_calibration(folder, DIGEST) is None


def test_a_model_in_no_folder_has_none(folder):
    class Loaded:
        digest = DIGEST

    assert calibration_of(Loaded()) is None
    Loaded.folder = folder
    assert calibration_of(Loaded()) is not None


def test_a_damaged_bank_is_named(folder):
    data = bytearray((folder / BANK).read_bytes())
    data[-1] ^= 1
    (folder / BANK).write_bytes(bytes(data))
    with pytest.raises(DigestError, match=r"calibration\.npy is damaged"):
        read_calibration(folder, DIGEST)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": "x"}', "[" * 100_000])
def test_a_record_that_is_none_is_named(folder, text):
    (folder / RECORD).write_text(text)
    with pytest.raises(ModelError, match=r"calibration\.json cannot be read"):
        read_calibration(folder, DIGEST)


def test_a_bank_that_is_not_there_and_a_weight_that_is_missing_are_named(folder):
    record = json.loads((folder / RECORD).read_text())
    del record["weights"]["alike"]
    (folder / RECORD).write_text(json.dumps(record))
    with pytest.raises(ModelError, match="alike"):
        read_calibration(folder, DIGEST)
    write_calibration(folder, DIGEST, calibration(), {})
    (folder / BANK).unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        read_calibration(folder, DIGEST)
