"""Claims in YAML files: what is read, and what is said of what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.errors import InputError
from hearken.evaluate.report.claims import Claim, read_claims


def test_claims(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(
        "- {better: cnn, worse: cnn-triplet, text: NT-Xent first, source: 'Xie, Table 4', metric: t2a_R@1}\n- {better: a, worse: b}\n"
    )
    first, second = read_claims(path)
    assert first == Claim("cnn", "cnn-triplet", "NT-Xent first", "Xie, Table 4", "t2a_R@1")
    assert (second.metric, second.words, first.words) == ("t2a_mAP@10", "a above b", "NT-Xent first")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no list"),
        ("[]", "no list"),
        ("better: a\nworse: b\n", "no list"),
        ("- a\n", "Entry 1 .* no mapping"),
        ("- {better: a, worse: b}\n- {better: a}\n", "Entry 2 .* lacks worse"),
        ("- {}\n", "lacks better and worse"),
        ("- {better: a, worse: 3}\n", "Entry 1 .* no mapping of texts"),
        ("- {better: a, worse: ''}\n", "no mapping of texts"),
        ("- {better: a, worse: b, word: c}\n", "has word, which means nothing"),
        ("- {better: [a\n", "line 2"),
        ("\x07", "no YAML"),
    ],
)
def test_faults_name_the_file_and_the_entry(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=fault) as caught:
        read_claims(path)
    assert "claims.yaml" in caught.value.message


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml cannot be read"):
        read_claims(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match="UTF-8"):
        read_claims(tmp_path / "bytes.yaml")
    (tmp_path / "huge.yaml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(InputError, match="more than"):
        read_claims(tmp_path / "huge.yaml")
