from __future__ import annotations

from pathlib import Path

from hearken.library.notebook import Notebook
from tests.server.serving import client_of, make_library

BASE = "/api/v1/libraries/small"


def test_notes_are_written_read_and_taken_away(tmp_path: Path) -> None:
    with client_of(make_library(tmp_path)) as client:
        sound = client.get(f"{BASE}/sounds").json()["sounds"][0]
        place = f"{BASE}/sounds/{sound['id']}/note"
        assert client.get(place).json() == {"text": ""}
        assert client.put(place, json={"text": " loud\r\n at 0:03\u0000 "}).json() == {"text": "loud\n at 0:03"}
        assert client.get(place).json() == {"text": "loud\n at 0:03"}
        full = client.get(f"{BASE}/sounds/{sound['id']}").json()
        assert (full["noted"], full["note"]) == (True, "loud\n at 0:03")
        assert client.put(place, json={"text": ""}).json() == {"text": ""}
        assert client.get(f"{BASE}/sounds/{sound['id']}").json()["noted"] is False


def test_wrong_notes_are_refused(tmp_path: Path) -> None:
    with client_of(make_library(tmp_path)) as client:
        place = f"{BASE}/sounds/1/note"
        assert client.put(place, json={"text": "x" * 10_001}).status_code == 422
        assert client.put(place, json={}).status_code == 422
        assert client.put(place, json={"text": None}).status_code == 422
        assert client.put(f"{BASE}/sounds/999/note", json={"text": "x"}).status_code == 404
        assert client.get(f"{BASE}/sounds/999/note").status_code == 404


def test_labels_are_counted(tmp_path: Path) -> None:
    library = make_library(tmp_path)
    with client_of(library) as client:
        assert client.get(f"{BASE}/labels").json() == {"labels": []}
        with Notebook(library) as notebook:
            notebook.put_all_labels([("00" * 16, [("Dog", 1.0)]), ("11" * 16, [("Dog", 0.5), ("Rain\x1b", 0.2)])])
        assert client.get(f"{BASE}/labels").json() == {"labels": [{"label": "Dog", "num_sounds": 2}, {"label": "Rain", "num_sounds": 1}]}
