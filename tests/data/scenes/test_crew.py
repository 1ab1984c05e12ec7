from __future__ import annotations

from pathlib import Path

import pytest

from hearken.audio.worker import Worker
from hearken.data.scenes.crew import work
from hearken.errors import HearkenError, WorkerDiedError
from tests.data.scenes.small_sounds import RATE_HZ, write_corpus

MODULE = "hearken.data.scenes.worker"


def requests(folder: Path, names: list[str]) -> list[dict]:
    return [{"path": str(folder / name), "rate_hz": RATE_HZ, "whole": False} for name in names]


def test_every_request_gets_its_answer_and_errors_are_answers(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path)
    names = [clip.audio for clip in corpus.clips]
    answers = {
        Path(request["path"]).name: answer for request, answer in work(requests(tmp_path, [*names, "none.wav"]), lambda: Worker(MODULE), 2)
    }
    assert set(answers) == {*names, "none.wav"}
    assert isinstance(answers["none.wav"], HearkenError)
    assert answers["dog.wav"][0]["duration_s"] == 1.5


def test_a_dead_process_costs_its_request_alone(tmp_path: Path) -> None:
    write_corpus(tmp_path, names=("dog",))
    bad = {"path": str(tmp_path / "dog.wav")}  # no rate: the handler fails and the process ends
    good = requests(tmp_path, ["dog.wav"])[0]
    answers = [answer for _, answer in work([bad, good], lambda: Worker(MODULE), 1)]
    assert isinstance(answers[0], WorkerDiedError)
    assert answers[1][0]["num_bursts"] == 1


def test_closing_early_ends_the_processes(tmp_path: Path) -> None:
    write_corpus(tmp_path, names=("dog",))
    workers: list[Worker] = []

    def make() -> Worker:
        workers.append(Worker(MODULE))
        return workers[-1]

    running = work(requests(tmp_path, ["dog.wav"] * 50), make, 1)
    next(running)
    running.close()
    assert [worker.pid for worker in workers] == [None]


def test_an_error_of_the_requests_is_raised() -> None:
    def broken():
        raise ValueError("no more")
        yield {}

    with pytest.raises(ValueError, match="no more"):
        list(work(broken(), lambda: Worker(MODULE), 1))
