"""Exported, checked, and only then in its place: whole or not at all."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from hearken.errors import InputError, ModelError  # noqa: E402
from hearken.export import graphs, quantize  # noqa: E402
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
        with pytest.raises(InputError, match="holds more than an exported model"):
            check_target(tmp_path / name)
    check_target(tmp_path / "empty")
    check_target(tmp_path / "new")


def test_a_place_where_nothing_can_be_written_is_known_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"nothing can be written to .*file\.") as caught:
        check_target(tmp_path / "file" / "mine")
    assert "$HEARKEN_MODELS" in caught.value.hint
    monkeypatch.setattr("hearken.zoo.publish.os.access", lambda folder, mode: False)
    with pytest.raises(InputError, match="nothing can be written"):
        check_target(tmp_path / "a" / "b")


def test_trained_weights_are_not_replaced_by_their_export(dual: DualEncoder, tmp_path: Path) -> None:
    dual.save_pretrained(tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(InputError, match="holds more than an exported model"):
        publish(dual, tmp_path / "run", CARD)
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_a_model_with_a_users_file_in_it_is_not_replaced(dual: DualEncoder, tmp_path: Path) -> None:
    publish(dual, tmp_path / "mine", CARD)
    check_target(tmp_path / "mine")
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(InputError, match="holds more than an exported model"):
        check_target(tmp_path / "mine")


def test_what_a_killed_export_left_goes_after_a_day(dual: DualEncoder, tmp_path: Path) -> None:
    names = [".mine.part-00000000", ".mine.part-11111111", ".yours.part-00000000", ".mine"]
    for name in names:
        (tmp_path / name / "whole").mkdir(parents=True)
        if not name.endswith("1"):
            os.utime(tmp_path / name, (1e9, 1e9))
    publish(dual, tmp_path / "mine", CARD)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names[1:], "mine"])


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no other system lists what is mapped")
@pytest.mark.parametrize("int8", [False, True])
def test_nothing_is_open_any_more_when_the_model_is_moved(
    dual: DualEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, int8: bool
) -> None:
    """Windows moves no folder with a mapped file in it."""
    monkeypatch.setattr(graphs, "SPLIT_BYTES", 100_000)
    monkeypatch.setattr(quantize, "measure", partial(quantize.measure, names=["rain"]))
    mapped: list[bool] = []

    def look(folder: Path) -> list[str]:
        return [line for line in Path("/proc/self/maps").read_text().splitlines() if str(folder) in line]

    def move(made: Path, target: Path) -> None:
        assert (made / "audio_frames.onnx.data").exists()
        open_one = Model(made)
        open_one.warm_audio()
        mapped.extend([bool(look(made))])
        del open_one
        mapped.extend([bool(look(made.parent))])
        put_in_place(made, target)

    monkeypatch.setattr("hearken.zoo.publish.put_in_place", move)
    publish(dual, tmp_path / "mine", CARD, int8=int8)
    assert mapped == [True, False]


def test_a_failed_move_brings_the_old_model_back(tmp_path: Path) -> None:
    (tmp_path / "aside").mkdir()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "config.json").touch()
    with pytest.raises(FileNotFoundError):
        put_in_place(tmp_path / "aside" / "missing", tmp_path / "old")
    assert (tmp_path / "old" / "config.json").exists()
