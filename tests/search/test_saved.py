"""Saved searches: the same hits as the search that was kept, whoever kept it, and parameters that make no sense."""

from __future__ import annotations

import pytest

from hearken.errors import QueryError
from hearken.library.notebook import Notebook
from hearken.search import saved
from hearken.search.library import Library
from tests.fakes import FakeEmbedder


@pytest.fixture
def library(tmp_path):
    sounds = tmp_path / "s"
    (sounds / "field").mkdir(parents=True)
    for number, name in enumerate(("dog one.wav", "dog two.flac", "field/dog three.wav", "rain.wav")):
        (sounds / name).write_bytes(bytes([65 + number]) * (200 + 400 * number))
    with Library(tmp_path / "lib", model=FakeEmbedder(dim=256)) as made:  # type: ignore[arg-type]
        made.index(sounds, jobs=1)
        yield made


def found(library: Library, query: dict, k: int = 10) -> list[str]:
    return [hit.path.rpartition("/")[2] for hit in saved.answer_saved(library, query, k).hits]


def test_the_parameters_mean_what_they_do_in_a_search(library) -> None:
    expected = [hit.path.rpartition("/")[2] for hit in library.search("dog")]
    assert found(library, {"q": "dog"}) == expected
    assert found(library, {"q": "dog"}, k=1) == expected[:1]
    assert sorted(found(library, {"q": "dog", "format": "wav", "folder": "field"})) == ["dog three.wav"]
    assert sorted(found(library, {"q": "dog", "format": ["flac", "mp3"]})) == ["dog two.flac"]
    assert "dog one.wav" not in found(library, {"q": "dog", "min_duration_s": "5"})


def test_what_a_page_keeps_can_be_run(library) -> None:
    empty = {"q": "", "not": "", "like_start_s": None, "like_end_s": None, "moments": False, "label": [], "rate_hz": [], "folder": ""}
    like = library.parts().store.find(library.search("rain")[0].path)
    names = found(library, {**empty, "like": like})
    assert len(names) == 3
    assert "rain.wav" not in names
    assert found(library, {**empty, "q": "dog", "label": ["Nobody"], "of_the_future": 1}) == []


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "x", "min_duration_s": "long"}, {"q": "x", "rate_hz": ["a"]}, {"like": "x"}])
def test_parameters_that_make_no_sense(library, query) -> None:
    with pytest.raises(QueryError):
        saved.answer_saved(library, query, 3)


def test_names(library) -> None:
    with Notebook(library.path) as notebook:
        for name in ("Dogs", "dogs", "Rain"):
            notebook.put_search(name, {"q": name})
        notebook.create_collection("Best")
    assert saved.names(library.path) == ["Dogs", "dogs", "Rain"]
    assert saved.find_search(library.path, "dogs").query == {"q": "dogs"}
    assert saved.find_search(library.path, "RAIN").name == "Rain"
    for name in ("DOGS", "nothing"):
        with pytest.raises(QueryError, match="no saved search"):
            saved.find_search(library.path, name)
    assert saved.find_collection(library.path, "favourites") == 1
    with pytest.raises(QueryError, match="no collection") as error:
        saved.find_collection(library.path, "Worst")
    assert "Best" in error.value.hint


def test_a_search_in_words() -> None:
    assert saved.told({"q": "rain", "not": "wind", "format": ["wav"], "moments": False, "folder": ""}) == "rain, not wind, format ['wav']"
    assert saved.told({"like": 7}) == "like sound 7"
