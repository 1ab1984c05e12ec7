from pathlib import Path

from hearken.library.store import DATABASE_NAME
from tests.server.serving import NAMES, client_of, make_library


def test_what_a_library_holds(client):
    answer = client.get("/api/v1/libraries/small")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["name"], told["state"], told["num_files"], told["num_failed"], told["num_skipped"]) == ("small", "ready", 6, 1, 0)
    assert told["model"] == {"name": "fake", "digest": "0" * 31 + "f", "dim": 16}
    assert told["formats"] == {"wav": 4, "flac": 1, "mp3": 1}
    assert told["rates_hz"] == {"44100": 5, "48000": 1}
    assert told["channels"] == {"1": 5, "2": 1}
    assert [(root["name"], root["present"]) for root in told["roots"]] == [("Sounds", True)]
    assert len(told["examples"]) == 6
    assert told["size_bytes"] > 10_000
    assert client.get("/api/v1/libraries").json()["libraries"] == [told]


def test_several_libraries_an_absent_and_a_broken_one(tmp_path):
    good, other = make_library(tmp_path / "one"), make_library(tmp_path / "two", NAMES[:2])
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / DATABASE_NAME).write_bytes(b"nothing of ours" * 100)
    with client_of(good, other, tmp_path / "absent", tmp_path / "broken", roots=(tmp_path,)) as client:
        told = client.get("/api/v1/libraries").json()["libraries"]
        assert [(each["name"], each["state"], each["num_files"]) for each in told] == [
            ("small", "ready", 5),
            ("small-2", "ready", 2),
            ("absent", "absent", 0),
            ("broken", "broken", 0),
        ]
        assert told[3]["problem"]["code"] == "damaged"
        assert str(tmp_path) not in str(told)
        assert [len(each["roots"]) for each in told] == [2, 1, 0, 0]
        assert client.get("/api/v1/libraries/small-2/search", params={"q": "dog"}).json()["hits"][0]["name"] == "dog.wav"
        absent = client.get("/api/v1/libraries/absent/search", params={"q": "dog"})
        assert (absent.status_code, absent.json()["error"]["code"]) == (409, "library_not_found")
        assert client.get("/api/v1/libraries/none").status_code == 404
        damaged = client.get("/api/v1/libraries/broken/search", params={"q": "dog"})
        assert damaged.json()["error"]["code"] == "damaged"


def test_a_library_that_is_made_while_the_server_runs_is_there(tmp_path):
    with client_of(tmp_path / "small.hearken") as client:
        assert client.get("/api/v1/libraries/small").json()["state"] == "absent"
        make_library(tmp_path)
        assert client.get("/api/v1/libraries/small").json()["state"] == "ready"
        assert client.get("/api/v1/libraries/small/search", params={"q": "dog"}).json()["hits"][0]["name"] == "dog.wav"


def test_a_root_that_is_away_is_told(tmp_path):
    with client_of(make_library(tmp_path)) as client:
        (tmp_path / "Sounds").rename(tmp_path / "Away")
        assert [root["present"] for root in client.get("/api/v1/libraries/small").json()["roots"]] == [False]
        assert Path(tmp_path / "Away").is_dir()
