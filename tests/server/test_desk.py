"""What an assistant may ask: right answers in plain values, and refusals that say what to do."""

from __future__ import annotations

import json

import pytest

from hearken.errors import AudioReadError, HearkenError, LibraryNotFoundError, QueryError
from hearken.library.notebook import Notebook, SoundKey
from hearken.search.library import Library
from hearken.server.desk import MAX_LIMIT, Desk, Narrowing, open_libraries
from hearken.types import Span
from tests.fakes import FakeEmbedder

ALL = Narrowing()


def cut(path: str, start_s: float, end_s: float) -> bytes:
    if "thing" in path:
        raise AudioReadError("no such file")
    return f"{path} {start_s} {end_s}".encode()


@pytest.fixture
def desk(tmp_path):
    sounds = tmp_path / "s"
    (sounds / "field").mkdir(parents=True)
    for number, name in enumerate(("dog one.wav", "dog two.wav", "field/rain.wav", "thing.wav")):
        (sounds / name).write_bytes(bytes([65 + number]) * 600)
    (sounds / "copy.wav").write_bytes(b"A" * 600)
    library = Library(tmp_path / "lib", model=FakeEmbedder(dim=256))  # type: ignore[arg-type]
    library.index(sounds, jobs=1)
    made = Desk({"lib": library}, tmp_path / "out", cut)
    yield made
    made.close()


def names(answer: dict) -> list[str]:
    json.dumps(answer)  # plain values only
    return [each["path"].rpartition("/")[2] for each in answer["sounds"]]


def test_searching(desk) -> None:
    found = desk.search(None, "dog", None, 2, ALL)
    assert found["library"] == "lib"
    assert sorted(names(found)) == ["dog one.wav", "dog two.wav"]
    assert {"id", "path", "start_s", "end_s", "duration_s", "score"} <= found["sounds"][0].keys()
    assert names(desk.search("lib", "dog", None, 9, Narrowing(folder="field"))) == ["rain.wav"]
    assert names(desk.search("lib", "dog", None, 9, Narrowing(min_duration_s=99.0))) == []
    like = desk.similar(None, next(each["id"] for each in found["sounds"] if "two" in each["path"]), (None, None), 3, ALL)
    assert "dog two.wav" not in names(like)
    assert names(like)[0] in {"dog one.wav", "copy.wav"}


def test_details_and_description(desk) -> None:
    hit = next(each for each in desk.search(None, "dog one", None, 5, ALL)["sounds"] if "dog one" in each["path"])
    _, library = desk.library(None)
    (record,) = library.parts().store.files([hit["id"]])
    key = SoundKey(record.content_hash, record.path)
    with Notebook(library.path) as notebook:
        notebook.put_labels(key, [("Dog", 0.7)])
        notebook.put_note(key, "Rex")
        notebook.add_item(1, key, Span(1.0, 2.0))
        notebook.put_search("Dogs", {"q": "dog"})
    details = desk.details("lib", hit["id"])
    json.dumps(details)
    assert (details["labels"], details["note"], details["collections"]) == (["Dog"], "Rex", ["Favourites"])
    assert [path.rpartition("/")[2] for path in details["copies"]] == ["copy.wav"]
    about = desk.describe(None)
    json.dumps(about)
    assert (about["num_files"], about["labels"], about["collections"]) == (5, {"Dog": 1}, {"Favourites": 1})
    assert (about["folders"], about["saved_searches"]) == ({"s": 5, "s/field": 1}, ["Dogs"])
    assert desk.search(None, "x", None, 5, Narrowing(labels=["dog"]))["sounds"]
    (item,) = desk.collection(None, "favourites", 5)["sounds"]
    assert (item["start_s"], item["end_s"]) == (1.0, 2.0)


def test_excerpts_go_where_they_may(desk, tmp_path) -> None:
    hit = next(each for each in desk.search(None, "dog one", None, 5, ALL)["sounds"] if "dog one" in each["path"])
    made = desk.excerpt(None, hit["id"], 1.0, 99.0)
    assert made["end_s"] == 6.0
    with open(made["file"], "rb") as file:
        assert file.read() == cut(hit["path"], 1.0, 6.0)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"lib {hit['id']} dog one 1.0s to 6.0s.flac"]
    for start_s, end_s in ((2.0, 1.0), (-1.0, 1.0), (6.0, 7.0), (float("nan"), 1.0), (0.0, 10_000.0)):
        with pytest.raises(HearkenError):
            desk.excerpt(None, hit["id"], start_s, end_s)
    thing = next(each for each in desk.search(None, "thing", None, 9, ALL)["sounds"] if "thing" in each["path"])
    with pytest.raises(AudioReadError):
        desk.excerpt(None, thing["id"], 0.0, 1.0)
    desk.out = None
    with pytest.raises(QueryError, match="No folder"):
        desk.excerpt(None, hit["id"], 0.0, 1.0)


def test_refusals(desk) -> None:
    for asked in (
        lambda: desk.details(None, 999),
        lambda: desk.similar(None, 999, (None, None), 5, ALL),
        lambda: desk.search("other", "x", None, 5, ALL),
        lambda: desk.search(None, "x", None, MAX_LIMIT + 1, ALL),
        lambda: desk.search(None, " ", None, 5, ALL),
        lambda: desk.collection(None, "nothing", 5),
    ):
        with pytest.raises(QueryError):
            asked()


def test_several_libraries_have_different_names(desk, tmp_path) -> None:
    _, library = desk.library(None)
    made = open_libraries([("a", tmp_path), ("a", tmp_path), ("b", tmp_path)], lambda path: library)
    assert list(made) == ["a", "a-2", "b"]
    with pytest.raises(QueryError, match="Name a library; there are: a, b"):
        Desk({"a": library, "b": library}, None, cut).library(None)
    with pytest.raises(LibraryNotFoundError):
        open_libraries([("x", tmp_path / "nothing")])
