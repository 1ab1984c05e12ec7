import gzip
import json

import numpy as np
import pytest

pytest.importorskip("torch")
from pocket_calibration import balanced, fit, fit_logistic, shares, wordings
from pocket_trials import (
    IN_A_ROW,
    KINDS,
    NOT_IN_A_ROW,
    SILENT,
    SIZES,
    Row,
    Sequel,
    Sound,
    file_scores,
    kinds_of_sounds,
    moment_scores,
    sequel_trials,
    silent_texts,
    silent_trials,
    sound_of,
    trials,
)

from hearken.types import Embedded, Span

X, Y = (np.eye(2, dtype=np.float32)[axis] for axis in range(2))


def toward(score):
    """A vector (2,) with this cosine to X."""
    return np.array([score, np.sqrt(1 - score**2)], np.float32)


def sound(caption, score, category="animal"):
    row = toward(score)[None]
    return Sound(caption, category, "g", row[0], row, np.zeros((0, 2), np.float32), np.zeros((1, 2), np.int64))


def test_a_recording_s_windows_are_told_apart_by_scale():
    windows = np.stack([toward(each) for each in (0.1, 0.2, 0.3, 0.4)])
    spans = (Span(0.0, 1.0), Span(0.5, 1.5), Span(1.0, 2.0), Span(0.0, 2.0))
    made = sound_of(Row(None, "a", "b", "c"), Embedded(X, windows, spans))
    assert (len(made.moments), len(made.contexts), made.num_windows) == (3, 1, 4)
    assert made.holding.tolist() == [[0, 1]] * 3
    assert file_scores([made], X[None])[0, 0] == pytest.approx(0.35, abs=1e-3)


def test_kinds_are_means_of_a_caption_s_recordings():
    captions, kinds = kinds_of_sounds([sound("b", 1.0), sound("a", 0.0), sound("b", 0.0)])
    assert captions == ["a", "b"]
    assert kinds[0].tolist() == Y.tolist()
    assert kinds[1] == pytest.approx([0.5**0.5] * 2)


def test_libraries_hold_what_their_kind_says():
    held = [sound("dog", 0.9), sound("dog", 0.8), sound("puppy", 0.7), sound("cat", 0.6), sound("car", 0.5, "vehicle")]
    near = np.array([[1.0, 1.0, 0.9, 0.4, 0.1]])
    found = list(trials(held, ["dog"], X[None], near, seed=0))
    assert [(trial.kind, trial.size) for trial in found] == [(kind, size) for size in SIZES for kind in KINDS]
    hits = {trial.kind: (trial.hit, trial.num_windows) for trial in found if trial.size == SIZES[-1]}
    assert hits == {"present": (0, 5), "caption": (2, 3), "similar": (3, 2), "category": (4, 1)}


def test_a_small_library_of_what_is_present_holds_one_of_it():
    held = [sound("dog", 0.9), *[sound(f"other {place}", 0.1) for place in range(300)]]
    found = list(trials(held, ["dog"], X[None], np.zeros((1, 301)), seed=1, repeats=3))
    assert [(trial.hit, trial.num_windows) for trial in found if trial.kind == "present"] == [(0, 50)] * 3 + [(0, 200)] * 3 + [(0, 301)] * 3


def in_a_row(*scores):
    """A recording with a moment for each of `scores`."""
    moments = np.stack([toward(score) for score in scores])
    return Sound("", "", "g", moments[0], moments, np.zeros((0, 2), np.float32), np.zeros((len(scores), 2), np.int64))


def test_of_a_recording_of_several_sounds_the_one_at_the_best_moment_is_the_hit():
    captions, near = ["dog", "cat", "puppy", "car"], np.array([[1.0, 0.1, 0.8, 0.0]])
    found = [
        Sequel(in_a_row(0.2, 0.9), np.array([0, 1])),
        Sequel(in_a_row(0.3, 0.1), np.array([1, 3])),
        Sequel(in_a_row(0.9, 0.8), np.array([3, 2])),
    ]
    assert moment_scores(found[0].sound, X[None]).argmax() == 1
    told = {
        (trial.kind, trial.size): (trial.hit, trial.num_windows) for trial in sequel_trials(found, captions, ["dog"], X[None], near, seed=0)
    }
    assert told[IN_A_ROW, SIZES[0]] == (1, 2)  # at its best moment the cat is heard: a wrong hit in a library that holds a dog
    assert told[NOT_IN_A_ROW, SIZES[0]] == (1, 2)  # neither dog nor puppy: the second recording alone
    assert told[IN_A_ROW, SIZES[-1]] == (1, 4)


def test_what_makes_no_sound_has_a_best_hit_all_the_same():
    held = [sound("dog", 0.2), sound("cat", 0.9), sound("car", 0.5)]
    found = list(silent_trials(held, np.stack([X, Y]), 7, seed=0, repeats=2))
    assert [(trial.query, trial.size) for trial in found] == [(number, size) for number in (7, 8) for size in SIZES for _ in range(2)]
    assert {(trial.query, trial.hit, trial.kind, trial.num_windows) for trial in found} == {(7, 1, SILENT, 3), (8, 0, SILENT, 3)}


def test_names_of_what_makes_no_sound_come_from_one_half_of_wordnet(tmp_path):
    folder = tmp_path / "weights" / "wordnet"
    folder.mkdir(parents=True)
    entries = [{"lex": "noun.possession", "lemmas": [f"stock option {place}" for place in range(40)] + ["money", "Wall Street share"]}]
    entries.append({"lex": "noun.animal", "lemmas": ["barking dog"]})
    with gzip.open(folder / "oewn_synsets.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)
    halves = [silent_texts(tmp_path, half, 10, seed=3) for half in (0, 1)]
    assert halves[0] == silent_texts(tmp_path, 0, 10, seed=3)
    assert not set(halves[0]) & set(halves[1])
    assert all(text.startswith("stock option") and len(half) == 10 for half in halves for text in half)


def test_the_logistic_regression_finds_the_log_odds_of_two_groups():
    values, labels = np.repeat([[0.0], [1.0]], 4, axis=0), np.array([1, 0, 0, 0, 1, 1, 1, 0], float)
    assert fit_logistic(values, labels, np.ones(8), 0.0) == pytest.approx([2 * np.log(3), -np.log(3)], abs=1e-5)
    slope = fit_logistic(values, labels, np.ones(8), 1.0)[0]
    assert 0 < slope < 2 * np.log(3)


def test_balance_makes_rare_labels_count_as_much():
    assert balanced(np.array([True, False, False, False])).tolist() == pytest.approx([2.0, 2 / 3, 2 / 3, 2 / 3])


def test_a_tenth_of_what_is_present_is_weak_and_confidence_is_the_share_of_right_hits():
    generator = np.random.default_rng(0)
    present = np.arange(4000) % 2 == 0
    values = np.column_stack([generator.standard_normal(4000) + 2 * present, generator.standard_normal(4000)])
    right = present & (generator.random(4000) < 0.8)
    weights, offset, weak_below = fit(values, present, right, np.arange(4000) // 2 % 5)
    confidence = 1 / (1 + np.exp(-(values @ weights + offset)))
    assert (confidence[present] < weak_below).mean() == pytest.approx(0.1, abs=0.01)
    assert confidence.mean() == pytest.approx(right.mean(), abs=0.01)
    assert abs(weights[1]) < 0.1 * weights[0]


def test_shares_of_weak_hits():
    held = [sound("dog", 0.9), sound("cat", 0.1), sound("car", 0.2, "vehicle")]
    found = list(trials(held, ["dog"], X[None], np.array([[1.0, 0.0, 0.0]]), seed=0))
    told = shares(np.array([0.9 if trial.kind == "present" else 0.1 for trial in found]), found, 0.5)
    assert (told["present, 50"], told["category, all"]) == (0.0, 1.0)


def test_queries_are_captions_and_some_of_their_phrasings(tmp_path):
    assert wordings(["a", "b"], None, 2, 0) == (["a", "b"], ["a", "b"])
    path = tmp_path / "texts.json"
    path.write_text('{"captions": {"a": [{"text": "a1"}, {"text": "a2"}, {"text": "a3"}], "b": []}}')
    texts, asked = wordings(["a", "b"], path, 2, 0)
    assert (len(set(texts)), asked) == (4, ["a", "b", "a", "a"])
