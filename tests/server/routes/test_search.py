import numpy as np
import pytest

from hearken.server import uploads
from tests.server.serving import client_of, make_library, save_tone

SEARCH = "/api/v1/libraries/small/search"
FIELDS = {
    "id", "name", "folder", "path", "absolute_path", "start_s", "end_s", "score", "confidence", "weak", "duration_s", "rate_hz",
    "num_channels", "format", "caption", "duplicates", "labels", "noted", "collections",
}  # fmt: skip


def names(answer):
    assert answer.status_code == 200, answer.text
    return [hit["name"] for hit in answer.json()["hits"]]


def test_a_description_finds_the_sound_and_its_moment(client, small):
    answer = client.get(SEARCH, params={"q": "a dog barks", "limit": 3})
    hit = answer.json()["hits"][0]
    assert set(hit) == FIELDS
    assert (hit["name"], hit["folder"], hit["path"]) == ("dog.wav", "Sounds/pets", "Sounds/pets/dog.wav")
    assert hit["absolute_path"] == str(small.parent.resolve() / "Sounds/pets/dog.wav")
    assert 0 <= hit["start_s"] < hit["end_s"] <= hit["duration_s"] == 5.0
    assert answer.json()["query"]["q"] == "a dog barks"
    assert answer.json()["understood"]["text"] == "a dog barks"
    assert answer.json()["took_ms"] > 0
    assert answer.headers["cache-control"] == "no-store"


def test_pages_follow_each_other_without_gap_or_repetition(client):
    whole = names(client.get(SEARCH, params={"q": "rain", "limit": 200}))
    assert len(whole) == 6
    paged = []
    for offset in range(0, 6, 2):
        answer = client.get(SEARCH, params={"q": "rain", "limit": 2, "offset": offset})
        assert answer.json()["has_more"] is (offset < 4)
        paged += names(answer)
    assert paged == whole
    assert client.get(SEARCH, params={"q": "rain", "offset": 9000}).json()["hits"] == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"format": "flac"}, {"bird.flac"}),
        ({"format": ["flac", "mp3"]}, {"bird.flac", "water stereo.mp3"}),
        ({"folder": "Sounds/pets"}, {"dog.wav", "bird.flac"}),
        ({"folder": "pets/"}, {"dog.wav", "bird.flac"}),
        ({"folder": "*rain*"}, {"rain.wav"}),
        ({"folder": "../../.."}, None),
        ({"rate_hz": 48_000}, {"siren 48k.wav"}),
        ({"channels": 2}, {"water stereo.mp3"}),
        ({"min_duration_s": 8.5, "max_duration_s": 9.5}, {"water stereo.mp3"}),
        ({"label": "nothing"}, set()),
        ({"collection": 1}, set()),
    ],
)
def test_filters(client, filters, expected):
    found = names(client.get(SEARCH, params={"q": "dog", **filters}))
    assert len(found) == 6 if expected is None else set(found) == expected


def test_like_a_sound_of_the_library(client, ids):
    answer = client.get(SEARCH, params={"like": ids["dog.wav"]})
    assert "dog.wav" not in names(answer)
    assert len(names(answer)) == 5
    assert answer.json()["understood"] is None
    assert answer.json()["hits"][0]["confidence"] is None
    part = client.get(SEARCH, params={"like": ids["dog.wav"], "like_start_s": 2.0, "like_end_s": 4.0, "q": "dog", "not": "rain"})
    assert "dog.wav" not in names(part)
    assert part.json()["query"]["like_start_s"] == 2.0


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"q": ""},
        {"q": "   "},
        {"q": "a" * 1001},
        {"q": "dog", "limit": 0},
        {"q": "dog", "limit": 201},
        {"q": "dog", "offset": -1},
        {"q": "dog", "min_duration_s": "nan"},
        {"q": "dog", "min_duration_s": 5, "max_duration_s": 4},
        {"q": "dog", "unknown": 1},
        {"q": "dog", "moments": "perhaps"},
        {"like": 10**30},
        {"like": 999_999},
        {"like": 1, "like_start_s": 1},
        {"like": 1, "like_start_s": 2, "like_end_s": 1},
        {"q": "dog", "like_start_s": 1, "like_end_s": 2},
        {"not": "dog"},
        {"q": "dog", "rate_hz": [1] * 51},
    ],
)
def test_what_makes_no_sense_is_refused(client, params):
    answer = client.get(SEARCH, params=params)
    assert answer.status_code == 422
    assert set(answer.json()["error"]) == {"code", "message", "hint"}


def test_a_server_for_others_tells_no_path(small):
    with client_of(small, host="0.0.0.0", token="x" * 12) as client:
        answer = client.get(SEARCH, params={"q": "dog"}, headers={"Authorization": "Bearer " + "x" * 12})
        assert answer.json()["hits"][0]["absolute_path"] is None
        assert str(small.parent) not in answer.text


def test_search_by_a_sound_that_is_sent(client, tmp_path, monkeypatch):
    save_tone(tmp_path / "bark.wav")
    answer = client.post(SEARCH, params={"limit": 2}, files={"sound": ("../../bärk.wav", (tmp_path / "bark.wav").read_bytes())})
    assert names(answer)[0] == "dog.wav"
    assert answer.json()["query"]["sound"] == "../../bärk.wav"
    assert answer.json()["understood"] is None
    damaged = client.post(SEARCH, files={"sound": ("x.wav", b"<html>no sound</html>")})
    assert (damaged.status_code, damaged.json()["error"]["code"]) == (422, "audio_format")
    assert "/tmp" not in damaged.text
    monkeypatch.setattr(uploads, "decoded", lambda upload, max_s: (48_000, np.zeros(48_000, np.float32)))
    assert len(names(client.post(SEARCH, params={"not": "rain"}, files={"sound": ("x.wav", b"RIFF")}))) == 6


def test_a_sound_that_is_not_there_any_more_is_still_found(tmp_path):
    with client_of(make_library(tmp_path, ("dog.wav", "rain.wav"))) as client:
        (tmp_path / "Sounds/dog.wav").unlink()
        assert names(client.get(SEARCH, params={"q": "dog"}))[0] == "dog.wav"
