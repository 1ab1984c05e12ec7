"""What `hearken data rephrase` says before and after it asks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from hearken.cli.data.rephrase_asking import Wishes, ask, licence_of
from hearken.data.clip import Clip, Corpus
from hearken.errors import DataError, InputError
from tests.data.rephrase.standin import MODEL, StandIn, standing_in


@pytest.fixture
def server() -> Iterator[StandIn]:
    with standing_in() as server:
        yield server


def corpus(reference: str = "mine.csv") -> Corpus:
    return Corpus(reference, Path("/x"), (Clip("a.wav", "all", "a.wav", ("Rain falls.",)),))


def wishes(server: StandIn, **more: object) -> Wishes:
    return Wishes(endpoint=server.base, model=MODEL, prompt="rephrase", json=True, **more)


def test_the_licence_of_the_captions_is_told(server: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "not commercial" in licence_of(corpus("clotho-development"))
    assert licence_of(corpus()) == ""
    ask(corpus("clotho"), tmp_path / "v.json", wishes(server))
    assert "Licence of the captions" in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("said", "num_asked"), [("y\n", 1), ("n\n", 0), ("\n", 0)])
def test_at_a_terminal_a_run_is_confirmed(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, num_asked: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(said))
    monkeypatch.setattr("sys.stderr", Terminal())
    if num_asked:
        ask(corpus(), tmp_path / "v.json", wishes(server))
    else:
        with pytest.raises(typer.Abort):
            ask(corpus(), tmp_path / "v.json", wishes(server))
    assert len(server.seen) == num_asked


def test_yes_is_said_once(server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(""))
    monkeypatch.setattr("sys.stderr", Terminal())
    ask(corpus(), tmp_path / "v.json", wishes(server, yes=True))
    ask(corpus(), tmp_path / "v.json", wishes(server))  # nothing is left to ask, so nothing is to be confirmed
    assert len(server.seen) == 1


def test_a_file_that_is_not_ours_stays(server: StandIn, tmp_path: Path) -> None:
    (tmp_path / "v.json").write_text("mine")
    with pytest.raises(InputError, match="is there already, and no answers beside it"):
        ask(corpus(), tmp_path / "v.json", wishes(server))
    assert (tmp_path / "v.json").read_text() == "mine"
    assert ask(corpus(), tmp_path / "v.json", wishes(server, overwrite=True))["accepted"] == 1


def test_tokens_are_counted_once_for_each_answer(server: StandIn, tmp_path: Path) -> None:
    twice = Corpus("mine.csv", Path("/x"), (Clip("a.wav", "all", "a.wav", ("Rain falls.", "Rain falls.")),))
    report = ask(twice, tmp_path / "v.json", wishes(server, cache=tmp_path / "kept" / "a.jsonl"))
    assert (report["items"], report["asked_now"], report["accepted"]) == (2, 1, 2)
    assert report["tokens_in"] == len(server.seen[0]) // 4
    assert (tmp_path / "kept" / "a.jsonl").is_file()


def test_two_runs_at_once_are_refused(server: StandIn, tmp_path: Path) -> None:
    from hearken.data.rephrase.cache import AnswerCache

    with AnswerCache(tmp_path / "v.answers.jsonl"), pytest.raises(DataError, match="Another run writes to"):
        ask(corpus(), tmp_path / "v.json", wishes(server))
    assert server.seen == []


def test_a_corpus_without_text(server: StandIn, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no text to ask about"):
        ask(Corpus("mine.csv", Path("/x"), (Clip("a.wav", "all", "a.wav"),)), tmp_path / "v.json", wishes(server))


@pytest.mark.parametrize("name", ["v.json", "./v.json", "v.rejects.jsonl"])
def test_answers_are_not_kept_where_something_else_is_written(
    server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="cannot hold the answers as well"):
        ask(corpus(), Path("v.json"), wishes(server, cache=Path(name), overwrite=True))
    assert server.seen == []
