"""`hearken export` of sounds: from a search, a saved search, a collection; and what does not go together."""

from __future__ import annotations

import json

import pytest

from hearken.library.notebook import Notebook, SoundKey
from hearken.search.library import Library
from hearken.types import Span
from tests.cli.little_library import little_library


@pytest.fixture
def library(tmp_path, monkeypatch) -> str:
    return str(little_library(tmp_path, monkeypatch))


def test_a_search_and_a_saved_search(cli, library, tmp_path) -> None:
    out = str(tmp_path / "x.json")
    done = json.loads(cli("export", "--search", "dog", "-k", "2", "--out", out, "--library", library, "--json").out)
    assert done == {"library": library, "out": out, "format": "json", "num_sounds": 2, "complete": True}
    with Notebook(library) as notebook:
        notebook.put_search("Rain", {"q": "rain", "folder": "field"})
    assert cli("export", "--saved", "rain", "--out", out, "--library", library).code == 0
    with open(out) as file:
        found = json.load(file)
    assert (found["title"], [each["path"].rpartition("/")[2] for each in found["sounds"]]) == ("rain", ["rain two.wav"])


def test_a_collection(cli, library, tmp_path) -> None:
    out = str(tmp_path / "x.json")
    assert cli("export", "--collection", "Favourites", "--out", out, "--library", library).code == 1
    with Library(library) as opened:
        records = {record.path.rpartition("/")[2]: record for record in opened.parts().store.files()}
    copy = records["copy of dog.wav"]
    with Notebook(library) as notebook:
        notebook.add_item(1, SoundKey(copy.content_hash, copy.path), Span(1.0, 2.5))
        notebook.add_item(1, SoundKey(records["thing.wav"].content_hash, ""))
        notebook.add_item(1, SoundKey("00" * 16, "/gone.wav"))
        notebook.put_note(SoundKey(copy.content_hash, copy.path), "Rex")
    result = cli("export", "--collection", "favourites", "--out", out, "--library", library)
    assert "1 sound of 'favourites' are not in the library" in result.err or "not in the library" in result.err
    with open(out) as file:
        sounds = {each["path"].rpartition("/")[2]: each for each in json.load(file)["sounds"]}
    assert (sounds["copy of dog.wav"]["start_s"], sounds["copy of dog.wav"]["end_s"], sounds["copy of dog.wav"]["note"]) == (
        1.0,
        2.5,
        "Rex",
    )
    assert (sounds["thing.wav"]["end_s"], sounds["thing.wav"]["score"]) == (5.0, None)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Nothing to export is named"),
        (("--search", "dog"), "--out PLACE is missing"),
        (("--search", "dog", "--saved", "x", "--out", "x.csv"), "--search and --saved exclude each other"),
        (("runs/a", "--search", "dog", "--out", "x.csv"), "MODEL belongs to the export of a model"),
        (("--search", "dog", "--int8", "--out", "x.csv"), "--int8 belongs to the export of a model"),
    ],
)
def test_what_does_not_go_together(cli, arguments, told) -> None:
    code, _, err = cli("export", *arguments)
    assert code == 2
    assert told in " ".join(err.replace("│", " ").split())
