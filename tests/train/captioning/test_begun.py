"""A captioner gets its words from the captions of its run, once and for all."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hearken.errors import ModelError, RunError
from hearken.train.build import build_tower_of
from hearken.train.captioning.begun import BegunCaptioner, WholeCaptioner, learn
from hearken.train.recipe import AudioPart, DecoderPart
from tests.train.captioning.small_captioner import ACT, captioner

CAPTIONS = ("A dog barks.", "Rain falls, a dog barks.")


def begun(**decoder: object) -> BegunCaptioner:
    audio, config = build_tower_of(AudioPart("act", "random", dict(ACT), segment_s=0.5), 7)
    part = DecoderPart(**{"width": 16, "num_layers": 1, "num_heads": 2, "hidden": 24, **decoder})  # type: ignore[arg-type]
    return BegunCaptioner(audio, config, part, 7)


def complete(made: BegunCaptioner, kept: Path, captions: tuple[str, ...] = CAPTIONS, **how: bool) -> object:
    return made.complete(lambda: captions, kept, **{"is_new": True, "is_first": True, **how}, wait=lambda: None)  # type: ignore[arg-type]


def test_words_are_those_of_the_captions_and_are_kept(tmp_path: Path) -> None:
    made = complete(begun(), tmp_path / "words.json")
    words = ["<sos>", "<eos>", "<pad>", "<unk>", "a", "barks", "dog", "falls", "rain"]
    assert list(made.vocabulary.words) == words  # type: ignore[attr-defined]
    again = complete(begun(), tmp_path / "words.json", ("other words",), is_new=False)
    assert list(again.vocabulary.words) == words, "a run that goes on keeps its words"  # type: ignore[attr-defined]
    other = complete(begun(), tmp_path / "words.json", ("other words",))
    assert len(other.vocabulary) == 6, "a new run does not take those of an old one"  # type: ignore[attr-defined]
    assert complete(begun(), tmp_path / "none.json", is_new=False).vocabulary.words == made.vocabulary.words  # type: ignore[attr-defined]


def test_what_is_random_is_a_function_of_the_seed(tmp_path: Path) -> None:
    states = [complete(begun(), tmp_path / "words.json").state_dict() for _ in range(2)]  # type: ignore[attr-defined]
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_a_further_process_reads_what_the_first_one_wrote(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        complete(begun(), tmp_path / "words.json", is_first=False)
    complete(begun(), tmp_path / "words.json")
    assert len(complete(begun(), tmp_path / "words.json", ("x",), is_first=False).vocabulary) == 9  # type: ignore[attr-defined]


def test_rare_words_and_pieces() -> None:
    assert "rain" not in learn(DecoderPart(least_count=2), CAPTIONS).to_json()["words"]
    pieces = learn(DecoderPart(vocabulary="pieces", num_pieces=300), CAPTIONS)
    assert pieces.kind == "pieces"
    assert len(pieces) <= 300
    assert pieces.to_json() == learn(DecoderPart(vocabulary="pieces", num_pieces=300), CAPTIONS).to_json()


def test_what_cannot_be_written_or_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written"):
        complete(begun(), tmp_path / "no" / "folder" / "words.json")
    (tmp_path / "words.json").write_text("[]")
    with pytest.raises(ModelError, match="damaged"):
        complete(begun(), tmp_path / "words.json", is_new=False)


def test_a_whole_captioner_has_its_words(tmp_path: Path) -> None:
    made = captioner()
    whole = WholeCaptioner(made)
    assert whole.audio is made.audio
    assert whole.complete(lambda: CAPTIONS, tmp_path / "words.json", is_new=True, is_first=True, wait=lambda: None) is made
    assert not list(tmp_path.iterdir())
