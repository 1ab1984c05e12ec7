"""The ledger of a check: whole lines count, half lines do not, changed files are heard again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from hearken.data import ledger as module
from hearken.data.clip import Clip, Corpus
from hearken.data.ledger import Heard, Ledger, heard, key_of, ledger_of, measured_s
from hearken.errors import DataError

GOOD = Heard("a/x.wav", 100, 5, duration_s=1.5, rate_hz=8_000, num_channels=2, container="wav", codec="pcm", flags=("silent",), digest="ab")
BAD = Heard("y.wav", 7, 6, "AudioFormatError", "y.wav is no sound.")


def test_what_is_put_is_got_while_the_file_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "l.jsonl"
    with Ledger(path) as ledger:
        ledger.put(GOOD)
        ledger.put(BAD)
    with Ledger(path) as ledger:
        assert ledger.get("a/x.wav", 100, 5) == GOOD
        assert ledger.get("y.wav", 7, 6) == BAD
        assert ledger.get("a/x.wav", 101, 5) is None
        assert ledger.get("a/x.wav", 100, 6) is None
        assert ledger.get("z.wav", 100, 5) is None
    with Ledger(path, again=True) as ledger:
        assert ledger.get("a/x.wav", 100, 5) is None


@pytest.mark.parametrize("rest", ['{"path": "z.wav", "si', "\udcff", "[" * 100_000, '{"path": 5}', "null"])
def test_half_a_line_is_no_line_and_spoils_none(tmp_path: Path, rest: str) -> None:
    path = tmp_path / "l.jsonl"
    with Ledger(path) as ledger:
        ledger.put(GOOD)
    with path.open("a", encoding="utf-8", errors="surrogateescape") as file:
        file.write(rest)
    with Ledger(path) as ledger:
        ledger.put(BAD)
    with Ledger(path) as ledger:
        assert (ledger.get("a/x.wav", 100, 5), ledger.get("y.wav", 7, 6)) == (GOOD, BAD)


def test_the_later_line_counts(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l.jsonl") as ledger:
        ledger.put(BAD)
        ledger.put(Heard("y.wav", 8, 9, digest="cd"))
    with Ledger(tmp_path / "l.jsonl") as ledger:
        assert ledger.get("y.wav", 7, 6) is None
        assert ledger.get("y.wav", 8, 9) == Heard("y.wav", 8, 9, digest="cd")


@pytest.mark.parametrize(
    "change",
    [
        {"path": 1}, {"size": "1"}, {"size": True}, {"mtime_ns": None}, {"duration_s": "1"}, {"duration_s": float("nan")}, {"flags": "silent"},
        {"flags": ["loud"]}, {"digest": None}, {"more": 1},
    ],
)  # fmt: skip
def test_nonsense_is_no_answer(change: dict[str, object]) -> None:
    value = json.loads(json.dumps(asdict(GOOD)))
    assert heard(value) == GOOD
    assert heard(value | change) is None
    assert heard([value]) is None
    assert heard({key: item for key, item in value.items() if key != "size"}) is None


def test_where_ledgers_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert ledger_of(Corpus("clotho-evaluation", tmp_path / "c", ())) == tmp_path / "c" / "checked.jsonl"
    mine = ledger_of(Corpus("my files/t:1.csv", Path("my files"), ()))
    assert mine.parent == tmp_path / "checked"
    assert mine.name.startswith("t_1_csv-")
    assert ledger_of(Corpus("elsewhere/t:1.csv", Path("elsewhere"), ())) != mine


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(DataError, match=r"The ledger .* cannot be kept") as caught:
        Ledger(tmp_path / "x" / "l.jsonl")
    assert "--ledger" in caught.value.hint


def test_a_full_disk(tmp_path: Path) -> None:
    class Full:
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            raise OSError(28, "No space left on device")

    ledger = module.Ledger(tmp_path / "l.jsonl")
    ledger._file.close()
    ledger._file = Full()  # type: ignore[assignment]
    with pytest.raises(DataError, match="No space left"):
        ledger.put(GOOD)
    with pytest.raises(DataError, match="No space left"):
        ledger.__exit__(None, None, None)


def test_lengths_are_those_of_unchanged_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path / "home"))
    clips = tuple(Clip(name, "all", name) for name in ("a.wav", "b.wav", "c.wav", "gone.wav"))
    corpus = Corpus("mine.csv", tmp_path, clips)
    assert measured_s(corpus) == {}
    assert not ledger_of(corpus).exists()
    with Ledger(ledger_of(corpus)) as ledger:
        for name, error in (("a.wav", ""), ("b.wav", "AudioFormatError"), ("c.wav", "")):
            (tmp_path / name).write_bytes(b"12345")
            status = (tmp_path / name).stat()
            ledger.put(Heard(key_of(tmp_path / name, tmp_path), status.st_size, status.st_mtime_ns, error, duration_s=2.5))
    (tmp_path / "c.wav").write_bytes(b"123456")
    assert measured_s(corpus) == {"a.wav": 2.5}


def test_a_file_elsewhere_goes_by_its_whole_path(tmp_path: Path) -> None:
    assert key_of(tmp_path / "a" / "x.wav", tmp_path) == "a/x.wav"
    assert key_of(tmp_path / "x.wav", tmp_path / "a") == str(tmp_path / "x.wav")
