"""Zero-shot classification by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hearken.errors import EvaluationError
from hearken.evaluate.zero_shot import zero_shot

AXES = {"cat": [1.0, 0.0, 0.0], "dog": [0.0, 1.0, 0.0], "rain": [0.0, 0.0, 1.0]}
CLIPS = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.5, 1.0], [1.0, 0.0, 3.0]])
LABELS = [("cat",), ("dog",), ("dog",), ("rain",), ()]


def encode(texts: list[str]) -> np.ndarray:
    return np.array([AXES[text] for text in texts])


def test_one_label_a_clip_by_hand() -> None:
    found = zero_shot(CLIPS, LABELS, encode)
    assert found.classes == ("cat", "dog", "rain")
    assert found.without_label == 1
    assert found.clips.tolist() == [0, 1, 2, 3]
    assert found.first.tolist() == [0, 1, 0, 2]
    assert found.ranks.tolist() == [1, 1, 2, 1]
    assert found.table.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    assert found.figures["top-1"].value == 0.75
    assert found.figures["recall"].value == pytest.approx((1 + 0.5 + 1) / 3)
    assert "top-5" not in found.figures
    dog = found.of_classes[1]
    assert (dog.num_clips, dog.num_predicted) == (2, 1)
    assert dog.recall is not None
    assert dog.precision is not None
    assert (dog.recall.value, dog.precision.value) == (0.5, 1.0)
    # dog ranks clips 1 (0.89), 2 and 3 (0.447 each: the wrong one first), 0: 1/1 and 2/3
    assert dog.average_precision is not None
    assert dog.average_precision.value == pytest.approx((1 + 2 / 3) / 2)
    assert found.figures["mAP"].value == pytest.approx((1 + (1 + 2 / 3) / 2 + 1) / 3)
    assert found.chance["top-1"] == pytest.approx(1 / 3)
    assert found.chance["majority"] == 0.5


def test_every_figure_is_the_mean_of_its_values() -> None:
    found = zero_shot(CLIPS, LABELS, encode)
    for name, figure in found.figures.items():
        assert found.values[name].mean() == pytest.approx(figure.value)
        assert figure.low < figure.value < figure.high


def test_several_labels_a_clip() -> None:
    found = zero_shot(CLIPS[:4], [("cat", "dog"), ("dog", "rain"), ("cat", "dog"), ("dog",)], encode)
    assert found.figures["top-1"].value == 0.75
    assert found.table.tolist() == [[2, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert found.figures["recall"].value == pytest.approx((2 / 2 + 1 / 4 + 0 / 1) / 3)
    assert found.chance["top-1"] == pytest.approx((2 / 3 * 3 + 1 / 3) / 4)


def test_constant_scores_gain_nothing() -> None:
    found = zero_shot(np.ones((4, 3)), LABELS[:4], encode)
    assert found.figures["top-1"].value == 0.0
    assert found.figures["recall"].value == 0.0
    assert found.figures["mAP"].value < found.chance["mAP"]


def test_a_class_that_no_clip_has_is_counted_and_in_no_mean() -> None:
    found = zero_shot(CLIPS[:2], [("cat",), ("dog",)], encode, classes=["cat", "dog", "rain"])
    assert found.classes_without_clip == ("rain",)
    assert found.of_classes[2].recall is None
    assert found.figures["recall"].value == 1.0
    assert found.figures["mAP"].value == 1.0
    without = zero_shot(CLIPS[:2], [("cat",), ("dog",)], encode)
    assert without.chance["top-1"] == 0.5
    assert found.chance["top-1"] == pytest.approx(1 / 3)


def test_of_a_class_with_one_clip_nobody_can_say_how_sure_it_is() -> None:
    cat = zero_shot(CLIPS, LABELS, encode).of_classes[0]
    assert cat.average_precision is not None
    assert cat.recall is not None
    assert (cat.average_precision.low, cat.average_precision.high, cat.average_precision.method) == (1.0, 1.0, "")
    assert cat.recall.low == pytest.approx(0.20655, abs=1e-5)


def test_clips_of_one_recording_are_left_out_together() -> None:
    clips, labels = np.tile(CLIPS[:4], (5, 1)), LABELS[:4] * 5
    alone = zero_shot(clips, labels, encode).figures["top-1"]
    together = zero_shot(clips, labels, encode, clusters=np.tile(np.arange(4), 5)).figures["top-1"]
    assert alone.value == together.value == 0.75
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_templates_reach_the_encoder() -> None:
    asked: list[str] = []

    def noting(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return encode([text.split()[-1] for text in texts])

    found = zero_shot(CLIPS, LABELS, noting, ("a {}", "the {}"))
    assert set(asked) == {"a cat", "the cat", "a dog", "the dog", "a rain", "the rain"}
    assert found.templates == ("a {}", "the {}")


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([("cat",)], None, "vectors of 2 clips, and labels of 1"),
        ([(), ()], None, "No clip has a label"),
        ([("cat",), ("cat",)], None, "1 different classes of 1"),
        ([("cat",), ("dog",)], ["cat", "rain"], "1 labels are none of the 2 classes; the first is 'dog'"),
        ([("cat",), ("cat",)], ["cat", "dog", "cat"], "2 different classes of 3"),
    ],
)
def test_what_is_refused(labels: list[tuple[str, ...]], classes: list[str] | None, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        zero_shot(CLIPS[:2], labels, encode, classes=classes)


def test_a_clip_without_direction_is_refused_by_number() -> None:
    with pytest.raises(EvaluationError, match="clip 1"):
        zero_shot(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), [("cat",), ("dog",)], encode)
