"""A captioner's folder: what it must say of itself, and what its identity depends on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hearken.caption.decoding import Decoding
from hearken.caption.folder import digest_of, read_folder
from hearken.errors import DigestError, FormatVersionError, ModelError
from tests.caption.tiny import write_folder

FILES = {"decoder.onnx": b"d", "vocabulary.json": b"v"}


def test_what_a_folder_says(tmp_path: Path) -> None:
    found = read_folder(write_folder(tmp_path, FILES, name="mine"))
    assert (found.name, found.design, found.dim, found.max_places, found.decoding) == (
        "mine",
        "decoder",
        2,
        17,
        Decoding(beam=2, max_tokens=6),
    )
    assert found.read("vocabulary.json") == b"v"
    (tmp_path / "vocabulary.json").write_bytes(b"w")
    with pytest.raises(DigestError, match=r"vocabulary\.json is damaged"):
        found.read("vocabulary.json")


def test_identity_is_what_decides_about_captions(tmp_path: Path) -> None:
    config = json.loads((write_folder(tmp_path, FILES) / "config.json").read_text())
    assert digest_of(config) == digest_of({**config, "name": "other", "unsure_below": 0.5, "summary": "other", "licence": "other"})
    for key, value in (
        ("files", {}),
        ("model_digest", "e"),
        ("decoding", {}),
        ("dim", 3),
        ("max_places", 2),
        ("design", "patterns"),
        ("patterns", {}),
    ):
        assert digest_of(config) != digest_of({**config, key: value}), key


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "dual"}, "is no captioner"),
        ({"format": 2}, "has format 2; this Hearken reads up to 1"),
        ({"format": "new"}, "cannot be read"),
        ({"dim": "2", "licence": None}, "lacks licence, dim"),
        ({"design": "sung"}, "names a design 'sung'"),
        ({"files": {"decoder.onnx": "0"}}, r"makes no sense: vocabulary\.json"),
        ({"unsure_below": "0.5"}, "has no number in unsure_below"),
        ({"max_places": 0}, "makes no sense: its sizes"),
        ({"decoding": {"beams": 3}}, "misnames something"),
        ({"decoding": {"beam": 0}}, "misnames something"),
    ],
)
def test_what_cannot_be(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    write_folder(tmp_path, FILES, **changes)
    with pytest.raises((ModelError, FormatVersionError), match=told):
        read_folder(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"kind": "captioner"}'])
def test_no_configuration(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"config\.json cannot be read"):
        read_folder(tmp_path)


def test_the_score_below_which_it_is_mostly_wrong(tmp_path: Path) -> None:
    assert read_folder(write_folder(tmp_path, FILES, unsure_below=-0.5)).unsure_below == -0.5
