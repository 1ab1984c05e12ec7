from __future__ import annotations

from pathlib import Path

import pytest

from hearken.library.notebook import Notebook, SoundKey
from hearken.search.library import Library
from hearken.types import Span
from tests.server.serving import FakeModel, client_of, make_library

BASE = "/api/v1/libraries/small"


@pytest.fixture
def own(tmp_path: Path):
    """A library of this test alone, and a client."""
    library = make_library(tmp_path)
    with client_of(library) as client:
        yield client, library


def ids_of(client) -> dict[str, int]:
    return {each["name"]: each["id"] for each in client.get(f"{BASE}/sounds").json()["sounds"]}


def test_favourites_are_there_from_the_beginning(own) -> None:
    client, library = own
    (favourites,) = client.get(f"{BASE}/collections").json()["collections"]
    assert (favourites["id"], favourites["name"], favourites["num_items"]) == (1, "Favourites", 0)
    assert not (library / "notebook.sqlite").exists(), "reading makes nothing"


def test_a_star_and_a_span_come_and_go(own) -> None:
    client, _ = own
    ids = ids_of(client)
    star = client.post(f"{BASE}/collections/1/items", json={"id": ids["dog.wav"]})
    assert star.status_code == 201
    assert (star.json()["start_s"], star.json()["hit"]["name"], star.json()["hit"]["end_s"]) == (None, "dog.wav", 5.0)
    again = client.post(f"{BASE}/collections/1/items", json={"id": ids["dog.wav"]})
    assert again.json()["item"] == star.json()["item"]
    client.post(f"{BASE}/collections/1/items", json={"id": ids["dog.wav"], "start_s": 1, "end_s": 99})
    whole = client.get(f"{BASE}/collections/1").json()
    assert [(item["start_s"], item["end_s"], item["name"]) for item in whole["items"]] == [(1.0, 5.0, "dog.wav"), (None, None, "dog.wav")]
    assert whole["items"][0]["hit"]["start_s"] == 1.0
    assert (whole["total"], whole["num_items"]) == (2, 2)
    assert client.get(f"{BASE}/sounds/{ids['dog.wav']}").json()["collections"] == [1]
    assert [each["name"] for each in client.get(f"{BASE}/sounds", params={"collection": 1}).json()["sounds"]] == ["dog.wav"]
    page = client.get(f"{BASE}/collections/1", params={"limit": 1, "offset": 1}).json()
    assert [item["item"] for item in page["items"]] == [star.json()["item"]]
    assert client.delete(f"{BASE}/collections/1/items", params={"item": star.json()["item"]}).json() == {"num_removed": 1}
    assert client.delete(f"{BASE}/collections/1/items", params={"id": ids["dog.wav"]}).json() == {"num_removed": 1}
    assert client.delete(f"{BASE}/collections/1/items", params={"id": ids["dog.wav"]}).json() == {"num_removed": 0}


def test_collections_are_made_renamed_and_deleted(own) -> None:
    client, _ = own
    made = client.post(f"{BASE}/collections", json={"name": "Doors"})
    assert (made.status_code, made.json()["name"]) == (201, "Doors")
    place = f"{BASE}/collections/{made.json()['id']}"
    assert client.post(f"{BASE}/collections", json={"name": "Doors"}).status_code == 422
    assert client.patch(place, json={"name": "Gates"}).json()["name"] == "Gates"
    assert client.delete(place).status_code == 204
    for answer in (
        client.get(place),
        client.delete(place),
        client.patch(place, json={"name": "x"}),
        client.delete(f"{place}/items?item=1"),
    ):
        assert answer.status_code == 404
    assert client.delete(f"{BASE}/collections/1").status_code == 422
    assert client.patch(f"{BASE}/collections/1", json={"name": "x"}).status_code == 422


def test_what_makes_no_sense_is_refused(own) -> None:
    client, _ = own
    dog = ids_of(client)["dog.wav"]
    place = f"{BASE}/collections/1/items"
    for body in (
        {},
        {"id": 0},
        {"id": dog, "start_s": -1},
        {"id": dog, "start_s": 4, "end_s": 2},
        {"id": dog, "start_s": 50},
        {"id": dog, "x": 1},
    ):
        assert client.post(place, json=body).status_code == 422, body
    assert client.post(place, json={"id": 9999}).status_code == 404
    assert client.post(f"{BASE}/collections/99/items", json={"id": dog}).status_code == 404
    assert client.delete(place).status_code == 422
    assert client.delete(place, params={"id": dog, "item": 1}).status_code == 422
    assert client.delete(place, params={"id": 9999}).status_code == 404
    assert client.get(f"{BASE}/collections/1", params={"limit": 0}).status_code == 422
    assert client.get(f"{BASE}/collections/0").status_code == 404
    assert client.post(f"{BASE}/collections", json={"name": "\u202e"}).status_code == 422


def test_a_collection_survives_what_happens_to_the_index(own) -> None:
    client, library = own
    ids, sounds = ids_of(client), library.parent / "Sounds"
    for name in ("dog.wav", "rain.wav", "bird.flac"):
        client.post(f"{BASE}/collections/1/items", json={"id": ids[name]})
    (sounds / "pets" / "dog.wav").rename(sounds / "hound.wav")  # moved
    (sounds / "bird.flac").unlink(missing_ok=True)
    (sounds / "pets" / "bird.flac").unlink()  # gone
    for path in library.glob("library.sqlite*"):  # and the library is made anew
        path.unlink()
    with Library(library, FakeModel()) as made:
        made.index(sounds, jobs=1)
    items = client.get(f"{BASE}/collections/1").json()["items"]
    assert [(item["name"], item["hit"] is None) for item in items] == [("bird.flac", True), ("rain.wav", False), ("hound.wav", False)]
    bird = items[0]["item"]
    assert client.delete(f"{BASE}/collections/1/items", params={"item": bird}).json() == {"num_removed": 1}


def test_a_star_and_a_note_of_a_file_that_was_edited_in_place_can_be_taken_away(own) -> None:
    client, library = own
    dog = ids_of(client)["dog.wav"]
    place = f"{BASE}/sounds/{dog}"
    with Library(library, model=FakeModel()) as opened:
        path = opened.parts().store.files([dog])[0].path
    with Notebook(library) as notebook:
        earlier = SoundKey("00" * 16, path)
        notebook.add_item(1, earlier, Span(50, 60))
        notebook.put_note(earlier, "mine")
    assert (client.get(place).json()["collections"], client.get(f"{place}/note").json()) == ([1], {"text": "mine"})
    hit = client.get(f"{BASE}/collections/1").json()["items"][0]["hit"]
    assert (hit["start_s"], hit["end_s"]) == (0.0, hit["duration_s"]), "the stretch was cut off"
    rows = client.post(f"{BASE}/export", json={"format": "json", "items": [{"id": dog, "start_s": 0, "end_s": 1}]}).json()
    assert rows["sounds"][0]["note"] == "mine"
    client.put(f"{place}/note", json={"text": ""})
    assert client.delete(f"{BASE}/collections/1/items", params={"id": dog}).json() == {"num_removed": 1}
    after = client.get(place).json()
    assert (after["collections"], after["note"]) == ([], "")
