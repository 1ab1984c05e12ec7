from __future__ import annotations

import contextlib
import json
import time
import traceback
from pathlib import Path

import pytest

from hearken.errors import HearkenError, StoreError
from hearken.server import maps
from hearken.server.maps import Map, Maps, load, save
from hearken.server.settings import Settings
from hearken.server.state import Models, Shelved
from tests.server.serving import FakeModel, make_library

MADE = Map("lib", "model", 3, {"id": [1, 2], "version": [1, 2], "x": [0.0, 1.0], "y": [0.5, 0.25], "group": [0, 0]}, [{"name": "Dogs"}])


@pytest.fixture
def shelved(tmp_path: Path):
    library = make_library(tmp_path, [f"dog {number}.wav" for number in range(6)])
    made = Shelved("small", library, Models(FakeModel()), Settings((library,), num_searchers=2))
    yield made
    made.close()


def finish(made: Maps) -> None:
    deadline = time.monotonic() + 60
    while made.is_computing:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_map_is_kept_whole_or_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    assert load(path) is None
    save(path, MADE)
    assert load(path) == MADE
    text = path.read_text()
    for damaged in (text[:-2], text.replace("0.25", "0.35"), "[]", text.replace('"layout":1', '"layout":2')):
        path.write_text(damaged)
        assert load(path) is None
    save(tmp_path / "no folder" / "map.json", MADE)  # cannot be kept: no error


def test_how_much_has_changed() -> None:
    assert MADE.change({1: 1, 2: 2}) == 0.0
    assert MADE.change({1: 1, 2: 9}) == 1.0  # one gone, one new
    assert MADE.change({1: 1}) == 1.0
    assert MADE.change({1: 1, 2: 2, 3: 3, 4: 4}) == 0.5
    assert MADE.change({}) == 2.0


def test_news_come_and_little_change_makes_no_new_map(shelved: Shelved, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    made = Maps(shelved, told.append)
    assert made.answer()[0] == 202
    finish(made)
    status, body = made.answer()
    assert status == 200
    assert json.loads(told[0]) == {"state": "ready", "generation": json.loads(body)["generation"]}
    assert made.answer()[1] is made.answer()[1], "made once for a state of the library"
    assert not made.is_computing
    again = Maps(shelved, told.append)
    assert again.answer() == (200, body), "from the cache"
    made.close()
    again.close()


def test_what_went_wrong_is_told_and_tried_again_after_a_rest(shelved: Shelved, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Maps(shelved, lambda text: None)
    calls: list[int] = []

    def fail(self: Maps) -> None:
        calls.append(1)
        raise OSError("no memory")

    monkeypatch.setattr(Maps, "_make", fail)
    with contextlib.suppress(StoreError):  # it may have failed already
        made.answer()
    finish(made)
    for _ in range(2):
        with pytest.raises(StoreError, match="could not be made"):
            made.answer()
    assert len(calls) == 1
    monkeypatch.setattr(maps, "_REST_S", 0.0)
    with contextlib.suppress(StoreError):
        made.answer()
    finish(made)
    assert len(calls) == 2


def test_an_error_of_the_process_is_named(shelved: Shelved, monkeypatch: pytest.MonkeyPatch) -> None:
    body = {"kind": "error", "class": "MissingExtraError", "message": "m", "hint": "h"}
    monkeypatch.setattr(Maps, "_ask", lambda self, terms: (body, []))
    made = Maps(shelved, lambda text: None)
    with contextlib.suppress(HearkenError):  # it may be there already
        made.answer()
    finish(made)
    with pytest.raises(HearkenError) as caught:
        made.answer()
    assert type(caught.value).__name__ == "MissingExtraError"


def test_closing_breaks_off_what_is_being_made(shelved: Shelved) -> None:
    made = Maps(shelved, lambda text: None)
    made.answer()
    begin_s = time.monotonic()
    made.close()
    assert time.monotonic() - begin_s < 6
    assert not made.is_computing
    assert not (shelved.path / "cache" / "map.json").exists()


def test_an_error_that_is_told_often_does_not_grow(shelved: Shelved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Maps, "_ask", lambda self, terms: ({"kind": "error", "class": "MissingExtraError", "message": "m", "hint": ""}, []))
    made = Maps(shelved, lambda text: None)
    with contextlib.suppress(HearkenError):  # it may be there already
        made.answer()
    finish(made)
    lengths = []
    for _ in range(5):
        with pytest.raises(HearkenError) as caught:
            made.answer()
        lengths.append(len(list(traceback.walk_tb(caught.value.__traceback__))))
    assert lengths[-1] == lengths[0]
