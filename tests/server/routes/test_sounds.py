import pytest

from tests.server.serving import client_of, make_library

BASE = "/api/v1/libraries/small"


def names(answer):
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["sounds"]]


def test_all_sounds_in_pages(client):
    whole = client.get(f"{BASE}/sounds")
    assert whole.json()["total"] == 6
    assert len(names(whole)) == 6
    parts = [names(client.get(f"{BASE}/sounds", params={"limit": 4, "offset": offset})) for offset in (0, 4, 8)]
    assert parts[0] + parts[1] == names(whole)
    assert parts[2] == []


@pytest.mark.parametrize(
    ("sort", "expected"),
    [("name", "bell"), ("duration", "dog.wav"), ("added", None)],
)
def test_orders(client, sort, expected):
    answer = client.get(f"{BASE}/sounds", params={"sort": sort}).json()["sounds"]
    if expected is None:
        assert [each["id"] for each in answer] == sorted((each["id"] for each in answer), reverse=True)
    else:
        assert answer[0]["name"].startswith(expected)
    if sort == "duration":
        lengths = [each["duration_s"] for each in answer]
        assert lengths == sorted(lengths)


def test_filters(client):
    assert names(client.get(f"{BASE}/sounds", params={"format": "flac"})) == ["bird.flac"]
    answer = client.get(f"{BASE}/sounds", params={"folder": "Sounds/pets", "limit": 1})
    assert answer.json()["total"] == 2
    assert len(names(answer)) == 1
    assert client.get(f"{BASE}/sounds", params={"min_duration_s": 3, "max_duration_s": 2}).status_code == 422
    assert names(client.get(f"{BASE}/sounds", params={"collection": 1})) == []


def test_one_sound_in_full(client, ids):
    answer = client.get(f"{BASE}/sounds/{ids['water stereo.mp3']}").json()
    assert (answer["num_channels"], answer["container"], answer["format"], answer["codec"]) == (2, "mp3", "mp3", "pcm_s16le")
    assert (answer["size_bytes"], answer["tags"], answer["note"], answer["copies"]) == (900, {"title": "Take five"}, "", [])
    assert client.get(f"{BASE}/sounds/999").status_code == 404


def test_copies_are_told(tmp_path):
    library = make_library(tmp_path, ("a/dog.wav", "rain.wav"))
    (tmp_path / "Sounds/b").mkdir()
    (tmp_path / "Sounds/b/copy.wav").write_bytes((tmp_path / "Sounds/a/dog.wav").read_bytes())
    from hearken.search.library import Library
    from tests.server.serving import FakeModel

    with Library(library, FakeModel()) as opened:
        opened.index(tmp_path / "Sounds", jobs=1)
    with client_of(library) as client:
        found = {each["name"]: each["id"] for each in client.get(f"{BASE}/sounds").json()["sounds"]}
        answer = client.get(f"{BASE}/sounds/{found['dog.wav']}").json()
        assert answer["copies"] == [{"id": found["copy.wav"], "name": "copy.wav", "folder": "Sounds/b"}]


def test_folders_can_be_given_back_as_filters(client):
    folders = client.get(f"{BASE}/folders").json()["folders"]
    assert [(each["path"], each["name"], each["depth"], each["num_files"]) for each in folders] == [
        ("Sounds", "Sounds", 0, 6),
        ("Sounds/pets", "pets", 1, 2),
    ]
    for each in folders:
        assert client.get(f"{BASE}/sounds", params={"folder": each["path"]}).json()["total"] == each["num_files"]


def test_failures(client):
    answer = client.get(f"{BASE}/failures").json()
    assert answer["total"] == 1
    (failure,) = answer["failures"]
    assert (failure["name"], failure["folder"], failure["stage"], failure["error"]) == (
        "broken.wav",
        "Sounds",
        "decode",
        "AudioFormatError",
    )
    assert client.get(f"{BASE}/failures", params={"offset": 1}).json()["failures"] == []
