from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from hearken.errors import HearkenError
from hearken.evaluate.beforehand import check_model, check_task, check_wish
from hearken.evaluate.evaluate import Wish
from hearken.metrics.relevance import Relevance
from tests.evaluate.asking import small_task


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (Wish(definition="dcase22"), "no definition"), (Wish(metrics=("mAP@0",)), "no metric"), (Wish(metrics=()), "no metric"),
        (Wish(metrics=("nDCG@10",)), "no metric to ask for"), (Wish(interval="jacknife"), "no interval 'jacknife'"),
        (Wish(accelerator="gpu"), "no accelerator 'gpu'"), (Wish(precision="16"), "no precision '16'"), (Wish(ways=("i2t",)), "no direction 'i2t'"),
        (Wish(max_duration_s=0.0), "cannot be cut to 0 s"), (Wish(max_duration_s=float("inf")), "cannot be cut"),
        (Wish(tta="4:2x2", windows="10"), "do not go together"),
    ],
)  # fmt: skip
def test_wishes_that_cannot_be_fulfilled(wish: Wish, message: str) -> None:
    with pytest.raises(HearkenError, match=message):
        check_wish(wish)


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")
def test_strategies_and_windows() -> None:
    pytest.importorskip("onnx")
    check_wish(Wish(tta="4:2x2"))
    check_wish(Wish(windows="own,10/5"))
    for wish, message in ((Wish(tta="100:5x21"), "are for 105 inputs"), (Wish(windows="ten"), "no view of a sound")):
        with pytest.raises(HearkenError, match=message):
            check_wish(wish)


def test_wishes_for_which_torch_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.zoo.install.find_spec", lambda _: None)
    for wish in (Wish(tta="4:2x2"), Wish(windows="10")):
        with pytest.raises(
            HearkenError, match=f"--{'tta' if wish.tta else 'windows'} needs torch .* pocket and other exported models alone do not"
        ):
            check_wish(wish)
    check_wish(Wish())


def test_the_nearest_name_is_in_the_hint() -> None:
    with pytest.raises(HearkenError) as caught:
        check_model("pokcet")
    assert caught.value.hint.startswith("Did you mean pocket? Models here: pocket")
    with pytest.raises(HearkenError) as caught:
        check_wish(Wish(interval="Bootstrap"))
    assert caught.value.hint.startswith("Did you mean bootstrap?")


def test_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hearken.zoo.install.find_spec", lambda _: True)
    check_model("pocket")
    check_model("owner/name-that-may-be-on-the-hub")
    (tmp_path / "runs" / "done").mkdir(parents=True)
    (tmp_path / "runs" / "done" / "run.json").write_text("{}")
    for name, message in (("pokcet", "no model 'pokcet'"), ("runs/donee", "no model 'runs/donee'"), ("done", "has no model yet")):
        with pytest.raises(HearkenError, match=message):
            check_model(name)
    (tmp_path / "runs" / "done" / "best").mkdir()
    (tmp_path / "runs" / "done" / "best" / "config.json").write_text("{}")
    check_model("done")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "model.safetensors").write_bytes(b"")
    check_model("weights")
    monkeypatch.setattr("hearken.zoo.install.find_spec", lambda _: None)
    for name in ("done", "weights"):
        with pytest.raises(HearkenError, match="needs torch"):
            check_model(name)


def test_definitions_that_do_not_go_with_a_task() -> None:
    several = small_task(queries=("rain",), relevance=Relevance.from_lists([[0, 1]], 3))
    with pytest.raises(HearkenError, match="1 of 1 queries of small has more than one clip, and dcase"):
        check_task(several, "dcase", Wish())
    check_task(several, "dcase2025", Wish())
    check_task(small_task(), "dcase", Wish(ways=("t2a",)))
    with pytest.raises(HearkenError, match="text to audio alone"):
        check_task(small_task(), "dcase", Wish(ways=("a2t",)))


def test_variations_of_other_captions(tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    path.write_text('[{"clip": "a", "caption": "thunder", "variations": ["a storm"]}]')
    check_task(small_task(), "any-of-n", Wish(variations="the sound of {}"))
    with pytest.raises(HearkenError, match=r"v\.json"):
        check_task(small_task(), "any-of-n", Wish(variations=str(path)))
