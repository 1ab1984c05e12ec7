import json
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from hearken.data.clip import Clip, Corpus
from hearken.data.scenes.survey import KEPT, Bad, answers, bad_json, survey
from hearken.errors import AudioReadError, MissingDataError, WorkerDiedError
from tests.data.scenes.small_sounds import RATE_HZ, write_corpus


def run(corpus, out: Path, licences=()):
    told: list[tuple[int, int | None]] = []
    out.mkdir(exist_ok=True)
    return survey(corpus, out, RATE_HZ, licences, 2, lambda done, total: told.append((done, total))), told


def test_sources_come_in_the_order_of_the_corpus_and_the_bad_are_told(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    (tmp_path / "in" / "broken.wav").write_bytes(b"RIFF nothing good")
    clips = (Clip("0broken", "", "broken.wav", ("A dog barks.",)), *corpus.clips, Clip("gone", "", "gone.wav", ("A cat meows.",)))
    found, told = run(replace(corpus, clips=clips), tmp_path / "out")
    assert [source.id for source in found.sources] == [clip.id for clip in corpus.clips]
    assert [(bad.id, bad.error) for bad in found.bad] == [("0broken", "AudioFormatError"), ("gone", "MissingDataError")]
    assert (told[0], told[-1]) == ((0, 7), (7, 7))
    assert found.sources[0].measure.onset_s == pytest.approx(0.5, abs=0.011)


def test_what_was_measured_is_kept_and_a_torn_line_is_not(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    first, _ = run(corpus, tmp_path / "out")
    kept = tmp_path / "out" / KEPT
    kept.write_text("".join(kept.read_text().splitlines(keepends=True)[:-1]) + '{"key": "x", "mea')
    again, told = run(corpus, tmp_path / "out")
    assert told[0] == (5, 6)
    assert again.sources == first.sources


def test_a_changed_file_is_measured_again(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "in")
    run(corpus, tmp_path / "out")
    (tmp_path / "in" / "dog.wav").write_bytes((tmp_path / "in" / "bell.wav").read_bytes())
    again, told = run(corpus, tmp_path / "out")
    assert told[0] == (5, 6)
    assert again.sources[0].measure.duration_s == 2.5


def test_licences(tmp_path: Path) -> None:
    found, _ = run(write_corpus(tmp_path / "in"), tmp_path / "out", ("cc0*", "CC BY 4*"))
    assert [source.id for source in found.sources] == ["dog", "door", "bell", "step", "fan"]
    assert found.num_other_licence == 1


def requests(folder: Path, names: list[str]) -> list[dict]:
    return [{"path": str(folder / name), "rate_hz": RATE_HZ, "whole": False} for name in names]


def test_every_request_gets_its_answer_and_errors_are_answers(tmp_path: Path) -> None:
    names = [clip.audio for clip in write_corpus(tmp_path).clips]
    found = {Path(request["path"]).name: answer for request, answer in answers(requests(tmp_path, [*names, "none.wav"]), 2)}
    assert set(found) == {*names, "none.wav"}
    assert isinstance(found["none.wav"], AudioReadError)
    assert found["dog.wav"][0]["duration_s"] == 1.5


def test_a_dead_process_costs_its_request_alone(tmp_path: Path) -> None:
    write_corpus(tmp_path, names=("dog",))
    bad = {"path": str(tmp_path / "dog.wav")}  # no rate: the handler fails and the process ends
    found = [answer for _, answer in answers([bad, *requests(tmp_path, ["dog.wav"])], 1)]
    assert isinstance(found[0], WorkerDiedError)
    assert found[1][0]["num_bursts"] == 1


def test_closing_early_ends_the_processes(tmp_path: Path) -> None:
    write_corpus(tmp_path, names=("dog",))
    before = {child.pid for child in psutil.Process().children()}
    running = answers(requests(tmp_path, ["dog.wav"] * 50), 1)
    next(running)
    running.close()
    assert [child for child in psutil.Process().children() if child.pid not in before] == []


def test_the_ledger() -> None:
    assert json.loads(bad_json([Bad("1", "a.wav", "DataError", "Odd: \udce9")])) == {
        "id": "1", "path": "a.wav", "error": "DataError", "message": "Odd: \udce9",
    }  # fmt: skip


def test_a_corpus_without_its_sounds_is_told_as_one_thing(tmp_path: Path) -> None:
    corpus = Corpus("mine.csv", tmp_path, (Clip("a", "all", "a.wav"), Clip("b", "all", "b.wav")))
    with pytest.raises(MissingDataError, match=r"None of the sounds of mine\.csv is here"):
        survey(corpus, tmp_path, 32_000, (), 1, lambda done, total: None)
