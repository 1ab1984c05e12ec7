"""Exported, checked, and only then in its place: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from hearken.errors import InputError, ModelError  # noqa: E402
from hearken.export import graphs  # noqa: E402
from hearken.export.folder import Card  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from hearken.runtime.catalog import model_info  # noqa: E402
from hearken.runtime.model import Model  # noqa: E402
from hearken.zoo.publish import check_target, publish, put_in_place  # noqa: E402
from tests.export.tiny_dual import tiny_dual  # noqa: E402

CARD = Card("mine", "a test", "CC0")


@pytest.fixture(scope="module")
def dual() -> DualEncoder:
    return tiny_dual(segment_s=0.5)


def test_what_is_published_is_checked_and_described(dual: DualEncoder, tmp_path: Path) -> None:
    told: list[str] = []
    made = publish(dual, tmp_path / "home" / "mine", CARD, tell=told.append)
    assert (made.name, made.folder, made.int8, made.loss) == ("mine", tmp_path / "home" / "mine", (), None)
    assert made.parity.ok
    info = model_info(made.folder)
    assert (info.digest, info.size_bytes) == (made.digest, made.size_bytes)
    assert told == ["writing the graphs", "checking them against the network"]
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["mine"]


def test_eight_bits_are_measured(dual: DualEncoder, tmp_path: Path) -> None:
    made = publish(dual, tmp_path / "mine", CARD, int8=True)
    assert made.int8 == ("text.onnx",)
    assert made.loss
    assert made.loss.audio_min == pytest.approx(1, abs=1e-5)
    assert made.loss.text_min < 0.99999
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_wrong_graphs_leave_nothing_and_keep_what_was_there(dual: DualEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = publish(dual, tmp_path / "mine", CARD).digest
    right = graphs.SegmentFeatures.forward
    monkeypatch.setattr(graphs.SegmentFeatures, "forward", lambda self, mel, wave=None: right(self, mel, wave) + 0.5)
    with pytest.raises(ModelError, match="Nothing was kept"):
        publish(dual, tmp_path / "mine", CARD)
    assert model_info(tmp_path / "mine").digest == before
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_older_model_is_replaced(dual: DualEncoder, tmp_path: Path) -> None:
    first = publish(dual, tmp_path / "mine", CARD)
    second = publish(dual, tmp_path / "mine", CARD, segment_s=0.25)
    assert first.digest != second.digest
    assert Model(tmp_path / "mine").policy.frame_s == 0.25
    assert np.isfinite(Model(tmp_path / "mine").encode_text(["a dog"])).all()


def test_what_is_no_model_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").touch()
    (tmp_path / "empty").mkdir()
    for name in ("notes", "notes/a.txt"):
        with pytest.raises(InputError, match="it is no model"):
            check_target(tmp_path / name)
    check_target(tmp_path / "empty")
    check_target(tmp_path / "new")


def test_a_failed_move_brings_the_old_model_back(tmp_path: Path) -> None:
    (tmp_path / "aside").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "config.json").touch()
    with pytest.raises(FileNotFoundError):
        put_in_place(tmp_path / "aside" / "missing", tmp_path / "old")
    assert (tmp_path / "old" / "config.json").exists()
