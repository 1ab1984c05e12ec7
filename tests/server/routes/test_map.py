from __future__ import annotations

import time
from pathlib import Path

from hearken.search.library import Library
from tests.server.serving import FakeModel, client_of, make_library

PLACE = "/api/v1/libraries/small/map"


def test_a_map_is_made_kept_and_follows_the_library(tmp_path: Path) -> None:
    library = make_library(tmp_path, [f"{word} {number}.wav" for word in ("dog", "rain", "bell") for number in range(4)])
    with client_of(library) as client:
        first = client.get(PLACE)
        assert (first.status_code, first.json()["state"]) == (202, "computing")
        deadline = time.monotonic() + 60
        while (answer := client.get(PLACE)).status_code == 202:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        made = answer.json()
        assert (made["state"], made["stale"], len(made["points"]["id"])) == ("ready", False, 12)
        assert all(0 <= value <= 1 for value in made["points"]["x"] + made["points"]["y"])
        assert max(made["points"]["group"]) == len(made["groups"]) - 1
        assert sum(group["num"] for group in made["groups"]) == 12
        assert all(group["name"] for group in made["groups"])
    gone = next((tmp_path / "Sounds").glob("dog 0.wav"))
    gone.unlink()
    with Library(library, FakeModel()) as writer:
        writer.index(tmp_path / "Sounds", jobs=1)
    with client_of(library) as client:
        kept = client.get(PLACE).json()
        assert (kept["state"], len(kept["points"]["id"])) == ("ready", 11), "the map of before, without what is gone"
        assert kept["stale"], "a twelfth has changed: a new one is on its way"


def test_a_library_of_two_sounds_has_no_map(tmp_path: Path) -> None:
    with client_of(make_library(tmp_path, ["a.wav", "b.wav"])) as client:
        answer = client.get(PLACE)
        assert (answer.status_code, answer.json()["state"], answer.json()["groups"]) == (200, "empty", [])


def test_no_library_no_map(tmp_path: Path) -> None:
    with client_of(tmp_path / "small.hearken") as client:
        assert client.get(PLACE).status_code == 409
