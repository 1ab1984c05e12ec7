"""The captioner on ONNX Runtime, against a network whose answers are worked out by hand."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from hearken.caption.captioner import OnnxCaptioner, sentence
from hearken.caption.decoding import Decoding
from hearken.errors import DigestError, InputError, ModelError
from tests.caption.tiny import MODEL_DIGEST, write_captioner, write_folder

DOG, RAIN = np.float32([[1.0, 0.0], [0.5, 0.0]]), np.float32([[-1.0, 0.0]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_captioner(tmp_path / "tiny")


def by_hand(pull: float) -> float:
    """Mean log-probability of 'a dog barks' and its end where the first number heard has the mean `pull`."""
    others = math.exp(-4)
    first = 2 * pull - math.log(math.exp(2 * pull) + 1 + 6 * others)  # 'a', 'rain', and six that are not allowed
    later = -math.log(1 + 6 * others + math.exp(2 * pull - 4))  # one that is, six that are not, and 'a'
    return (first + 3 * later) / 4


def test_captions_and_scores_by_hand(folder: Path) -> None:
    captioner = OnnxCaptioner(folder)
    assert (captioner.name, captioner.model_digest, captioner.decoding) == ("tiny", MODEL_DIGEST, Decoding(beam=2, max_tokens=6))
    dog, rain = captioner.captions([DOG, RAIN])
    assert (dog.text, rain.text) == ("A dog barks.", "Rain falls.")
    assert dog.score == pytest.approx(by_hand(0.75), abs=1e-5)


def test_company_changes_nothing(folder: Path) -> None:
    captioner = OnnxCaptioner(folder)
    generator = np.random.default_rng(3)
    heard = [generator.standard_normal((places, 2)).astype(np.float32) for places in (1, 5, 17)]
    assert captioner.captions(heard) == [captioner.captions([each])[0] for each in heard]


def test_decoding_that_is_asked_for_counts(folder: Path) -> None:
    captioner = OnnxCaptioner(folder)
    assert captioner.captions([DOG], Decoding(beam=1, max_tokens=2))[0].text == "A dog."


@pytest.mark.parametrize("shape", [(2,), (0, 2), (3, 4), (18, 2)])
def test_other_places_are_refused(folder: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="cannot read vectors of shape"):
        OnnxCaptioner(folder).captions([np.zeros(shape, np.float32)])


def test_a_damaged_network_is_an_error_of_its_own(folder: Path) -> None:
    (folder / "decoder.onnx").write_bytes(b"nothing")
    with pytest.raises(DigestError, match=r"decoder\.onnx is damaged"):
        OnnxCaptioner(folder).warm()


def test_what_is_no_network_or_vocabulary(tmp_path: Path) -> None:
    files = {"decoder.onnx": b"nothing", "vocabulary.json": b'{"kind": "words", "words": ["<sos>", "<eos>"]}'}
    with pytest.raises(ModelError, match=r"cannot run .*decoder\.onnx"):
        OnnxCaptioner(write_folder(tmp_path / "one", files)).warm()
    whole = write_captioner(tmp_path / "two")
    broken = {"decoder.onnx": (whole / "decoder.onnx").read_bytes(), "vocabulary.json": b"["}
    with pytest.raises(ModelError, match=r"vocabulary in .* cannot be read"):
        OnnxCaptioner(write_folder(tmp_path / "three", broken)).warm()


def test_a_network_for_vectors_of_another_size(tmp_path: Path) -> None:
    two = write_captioner(tmp_path / "two")
    files = {each: (two / each).read_bytes() for each in ("decoder.onnx", "vocabulary.json")}
    captioner = OnnxCaptioner(write_folder(tmp_path / "three", files, dim=3))
    with pytest.raises(ModelError, match=r"decoder\.onnx cannot be run: .*"):
        captioner.captions([np.zeros((1, 3), np.float32)])


def test_sentences() -> None:
    texts = ("a dog barks", " TV. ", "", "rain\nfalls  hard")
    assert [sentence(text) for text in texts] == ["A dog barks.", "TV.", "", "Rain falls hard."]
