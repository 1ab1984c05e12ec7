from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from hearken.errors import InputError
from hearken.search.library import Library
from hearken.server.live import Live, Lives
from hearken.server.settings import Settings
from hearken.server.state import Models, Shelved
from tests.server.serving import FakeModel, make_library


@pytest.fixture
def live(tmp_path: Path):
    library = make_library(tmp_path)
    (tmp_path / "more").mkdir()
    shelved = Shelved("small", library, Models(FakeModel()), Settings((library,), num_searchers=2, roots=(tmp_path / "more",)))
    made = Live(shelved)
    yield made
    made.close()
    shelved.close()


def test_folders_are_those_of_the_library_and_of_the_server(live: Live, tmp_path: Path) -> None:
    assert live.roots() == [str(tmp_path / "Sounds"), str(tmp_path / "more")]


def test_a_library_to_be_made_has_only_the_servers(tmp_path: Path) -> None:
    settings = Settings((tmp_path / "new.hearken", tmp_path / "other.hearken"), roots=(tmp_path,))
    first, other = (Live(Shelved(path.name, path, Models(), settings)) for path in settings.libraries)
    assert first.roots() == [str(tmp_path)]
    with pytest.raises(InputError, match="No folder"):
        other.start_indexing(captions=False, retry_failed=False)


def test_a_look_tells_what_others_did_and_is_quiet_otherwise(live: Live, tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    live.news.publish = lambda kind, text: told.append((kind, text))  # type: ignore[method-assign]
    live.look()
    live.look()
    assert [(kind, json.loads(text)["num_files"]) for kind, text in told] == [("library", 5)]
    assert not live.is_look_due
    (tmp_path / "Sounds" / "new.wav").write_bytes(b"new" * 200)
    with Library(live.shelved.path, FakeModel()) as writer:
        writer.index(tmp_path / "Sounds", jobs=1)
    live.look()
    assert json.loads(told[-1][1])["num_files"] == 6


def test_closing_ends_a_run_soon_and_keeps_what_is_done(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(60):
        (tmp_path / "more" / f"{number}.wav").write_bytes(number.to_bytes(2, "big") * 200)
    model = FakeModel(delay_s=0.1)
    monkeypatch.setattr(Live, "_model", lambda self: model)
    live.start_indexing(captions=False, retry_failed=False)
    deadline = time.monotonic() + 20
    while live.indexing.job.num_done < 12:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    begin_s = time.monotonic()
    live.close()
    assert time.monotonic() - begin_s < 3
    assert live.indexing.job.state == "stopped"
    with Library(live.shelved.path, FakeModel()) as library:
        assert 8 <= library.info().stats.num_files < 65


def test_each_library_has_one(live: Live) -> None:
    lives = Lives()
    assert lives.of(live.shelved) is lives.of(live.shelved)
    lives.end_streams()
    lives.close()
