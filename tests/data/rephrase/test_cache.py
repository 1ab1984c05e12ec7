"""Answers that stay: written whole, found again, never lost, never written by two."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hearken.data.rephrase.cache import AnswerCache, key_of, read_cache
from hearken.errors import DataError

MESSAGES = [{"role": "user", "content": "say it"}]


def record(key: str, text: str = "1. a") -> dict[str, object]:
    return {"key": key, "text": text, "finish_reason": "stop", "prompt_tokens": 1, "completion_tokens": 2, "response": {"id": key}}


def test_what_is_put_in_is_there_next_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "answers.jsonl"
    with AnswerCache(path) as cache:
        cache.put(record("k", "ä\n☂"))
        assert "k" in cache
    with AnswerCache(path) as cache:
        assert len(cache) == 1
        assert cache.get("k") == record("k", "ä\n☂")
        assert cache.get("other") is None
    assert list(read_cache(path)) == [record("k", "ä\n☂")]
    assert list(read_cache(tmp_path / "none")) == []


def test_the_last_answer_counts_and_the_first_is_kept(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "a") as cache:
        cache.put(record("k", "1. bad"))
        cache.put(record("k", "1. good"))
        assert (len(cache), cache.num_asked_again) == (1, 1)
    with AnswerCache(tmp_path / "a") as cache:
        assert cache.get("k") == record("k", "1. good")
    assert len((tmp_path / "a").read_text().splitlines()) == 2


@pytest.mark.parametrize("kept", range(1, 30, 4))
def test_half_a_line_at_the_end_is_cut_off(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a"
    with AnswerCache(path) as cache:
        cache.put(record("one"))
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:kept])
    assert [found["key"] for found in read_cache(path)] == ["one"]
    with AnswerCache(path) as cache:
        assert len(cache) == 1
        cache.put(record("two"))
    assert [found["key"] for found in read_cache(path)] == ["one", "two"]


@pytest.mark.parametrize("line", ["{", "[]", "{}", '{"key": 1, "text": "a", "response": {}}', '{"key": "k", "text": "a", "response": 1}'])
def test_damage_in_the_middle_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a"
    path.write_text(json.dumps(record("one")) + f"\n{line}\n" + json.dumps(record("two")) + "\n")
    with pytest.raises(DataError, match=rf"{path}, line 2: "), AnswerCache(path):
        pass
    with pytest.raises(DataError, match="line 2"):
        list(read_cache(path))
    path.write_text("")
    with AnswerCache(path) as cache:  # the lock was given back
        assert len(cache) == 0


def test_two_runs_cannot_write_the_same(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from hearken.data.rephrase.cache import AnswerCache\nAnswerCache(Path(sys.argv[1])).__enter__()"
    with AnswerCache(tmp_path / "a"):
        other = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], capture_output=True, text=True, timeout=60)
        assert "Another run writes to" in other.stderr
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path / "a")], capture_output=True, timeout=60).returncode == 0


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "a") as cache:

        def write(name: int) -> None:
            for number in range(20):
                cache.put(record(f"{name}-{number}", "x" * 500))

        threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({found["key"] for found in read_cache(tmp_path / "a")}) == 80


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with AnswerCache(tmp_path / "a") as cache:
        cache.put(record("one"))
        write = os.write
        monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:10]))
        with pytest.raises(DataError, match="cannot be used: the disk took only a part"):
            cache.put(record("two"))
        monkeypatch.setattr(os, "write", write)
        assert "two" not in cache
        cache.put(record("three"))
    assert [found["key"] for found in read_cache(tmp_path / "a")] == ["one", "three"]


def test_what_cannot_be_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be used"), AnswerCache(tmp_path):
        pass
    with pytest.raises(DataError, match="cannot be used"):
        list(read_cache(tmp_path))


def test_the_key_is_that_of_the_content() -> None:
    key = key_of("m", {"seed": 1}, MESSAGES)
    assert len(key) == 64
    assert key == key_of("m", {"seed": 1}, [dict(MESSAGES[0])])
    others = [
        key_of("n", {"seed": 1}, MESSAGES),
        key_of("m", {"seed": 2}, MESSAGES),
        key_of("m", {}, MESSAGES),
        key_of("m", {"seed": 1}, [{"role": "user", "content": "say it "}]),
    ]
    assert len({key, *others}) == 5


@pytest.mark.parametrize("content", ['[{"caption": "a"}]', "file,caption\na.wav,rain", '{"key": "k"'])
def test_a_file_of_somebody_else_is_not_cut(tmp_path: Path, content: str) -> None:
    (tmp_path / "a").write_text(content)
    with pytest.raises(DataError, match="a, line "), AnswerCache(tmp_path / "a"):
        pass
    assert (tmp_path / "a").read_text() == content


def test_zeros_at_the_end_are_cut_off(tmp_path: Path) -> None:
    with AnswerCache(tmp_path / "a") as cache:
        cache.put(record("one"))
    whole = (tmp_path / "a").read_bytes()
    (tmp_path / "a").write_bytes(whole + bytes(4096))
    with AnswerCache(tmp_path / "a") as cache:
        assert cache.get("one") == record("one")
    assert (tmp_path / "a").read_bytes() == whole


def test_an_answer_comes_back_as_a_later_run_finds_it(tmp_path: Path) -> None:
    """Or what is written of it would depend on where a run was cut off."""
    odd = record("k") | {"response": {"z": 1, "a": 2}}
    with AnswerCache(tmp_path / "a") as cache:
        cache.put(odd)
        now = json.dumps(cache.get("k"))
    with AnswerCache(tmp_path / "a") as cache:
        assert json.dumps(cache.get("k")) == now != json.dumps(odd)
