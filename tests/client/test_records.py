import pytest

from hearken.client.records import LibraryStatus, RemoteHit, record

ANSWER = {
    "id": 3, "name": "a.wav", "folder": "Sounds", "path": "Sounds/a.wav", "absolute_path": None, "duration_s": 2.0, "rate_hz": 44_100,
    "num_channels": 1, "format": "wav", "caption": "A dog.", "labels": ["Dog"], "noted": True, "collections": [1], "start_s": 0.5, "end_s": 1.0,
    "score": 0.4, "confidence": 0.9, "weak": False, "duplicates": [{"id": 4, "name": "b.wav", "folder": "Sounds"}], "from_the_future": 1,
}  # fmt: skip


def test_an_answer_becomes_a_record():
    hit = record(RemoteHit, ANSWER)
    assert hit.labels == ("Dog",)
    assert hit.collections == (1,)
    plain = hit.hit
    assert (plain.path, plain.start_s, plain.end_s, plain.machine_caption) == ("Sounds/a.wav", 0.5, 1.0, "A dog.")
    assert plain.duplicates == ("Sounds/b.wav",)
    assert record(RemoteHit, ANSWER | {"absolute_path": "/x/a.wav"}).hit.path == "/x/a.wav"


def test_what_is_missing_is_told():
    with pytest.raises(TypeError):
        record(RemoteHit, {"id": 1})
    assert record(LibraryStatus, {"name": "a", "state": "absent"}).num_files == 0
