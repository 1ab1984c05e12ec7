import csv
import dataclasses
import io
import json
import zipfile

import pytest

from hearken.search.listing import Line
from tests.server.serving import client_of, make_library, save_tone

EXPORT = "/api/v1/libraries/small/export"


def ask(client, kind="csv", **more):
    return client.post(EXPORT, json={"format": kind, "items": [{"id": 1, "start_s": 1.0, "end_s": 2.0, "score": 0.5}, {"id": 2}], **more})


def test_lists(client, ids, small):
    rows = list(csv.DictReader(io.StringIO(ask(client).text)))
    assert len(rows) == 2
    assert (rows[0]["start_s"], rows[0]["end_s"], rows[0]["score"]) == ("1.0", "2.0", "0.5")
    assert rows[0]["path"].startswith(str(small.parent.resolve()))
    assert float(rows[1]["end_s"]) == float(rows[1]["duration_s"])
    answer = ask(client, "json", pad_s=0.5)
    assert answer.headers["content-disposition"].startswith('attachment; filename="hearken-small-2.json"')
    first = json.loads(answer.text)["sounds"][0]
    assert (first["start_s"], first["end_s"]) == (0.5, 2.5)
    assert ask(client, "m3u").text.startswith("#EXTM3U")
    assert ask(client, "labels").text.startswith("1.000000\t2.000000\t")
    assert ask(client, "raven").text.startswith("Selection\t")


def test_a_reader_elsewhere_is_told_no_folders(small):
    with client_of(small, host="0.0.0.0", token="t" * 12) as client:
        client.headers["Authorization"] = "Bearer " + "t" * 12
        text = ask(client).text
        assert "Sounds/" in text
        assert str(small.parent) not in text


@pytest.mark.parametrize(
    "body",
    [
        {"format": "exe", "items": [{"id": 1}]},
        {"format": "csv", "items": []},
        {"format": "csv", "items": [{"id": 999_999}]},
        {"format": "csv", "items": [{"id": 1, "start_s": 3, "end_s": 2}]},
        {"format": "csv", "items": [{"id": 1, "start_s": 9000, "end_s": 9001}]},
        {"format": "csv", "items": [{"id": 1}], "pad_s": -1},
        {"format": "csv", "items": [{"id": 1, "path": "/etc/passwd"}]},
        {"format": "csv", "items": [{"id": 1}] * 10_001},
    ],
)
def test_what_makes_no_sense(client, body):
    assert client.post(EXPORT, json=body).status_code == 422


def test_a_zip_holds_the_sounds_and_says_which_are_missing(tmp_path):
    library = make_library(tmp_path, ("dog_bark.wav", "siren.wav", "thunder.wav"))
    sounds = tmp_path / "Sounds"
    for name in ("dog_bark", "thunder"):
        save_tone(sounds / f"{name}.wav")
    (sounds / "siren.wav").unlink()
    with client_of(library) as client:
        items = [{"id": number, "start_s": 0.1, "end_s": 0.6} for number in (1, 2, 3)]
        answer = client.post(EXPORT, json={"format": "zip", "items": items})
        assert answer.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            rows = list(csv.DictReader(io.StringIO(archive.read("list.csv").decode())))
            assert len(archive.namelist()) == 3
        assert sum(bool(row["problem"]) for row in rows) == 1
        assert not any("/" in row["problem"] for row in rows)
        assert client.post(EXPORT, json={"format": "zip", "items": [{"id": 1}] * 1001}).status_code == 413


def test_a_stretch_shorter_than_a_millisecond_does_not_break_the_zip(tmp_path):
    library = make_library(tmp_path, ("dog_bark.wav", "siren.wav"))
    for name in ("dog_bark", "siren"):
        save_tone(tmp_path / "Sounds" / f"{name}.wav")
    with client_of(library) as client:
        items = [{"id": 1, "start_s": 0.0001, "end_s": 0.0004}, {"id": 2, "start_s": 0.1, "end_s": 0.6}]
        answer = client.post(EXPORT, json={"format": "zip", "items": items})
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert len(archive.namelist()) == 3


def test_a_zip_for_a_reader_elsewhere_tells_no_folders(small):
    """Its sounds are none, so the list says why each is not there."""
    with client_of(small, host="0.0.0.0", token="t" * 12) as client:
        client.headers["Authorization"] = "Bearer " + "t" * 12
        items = [{"id": 1, "start_s": 0.1, "end_s": 0.6}, {"id": 2, "start_s": 0.1, "end_s": 0.6}]
        answer = client.post(EXPORT, json={"format": "zip", "items": items})
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            text = archive.read("list.csv").decode()
    assert text.count("no sound that can be read") == 2
    assert str(small.parent) not in text


def test_a_list_in_json_has_the_fields_that_are_documented(client, ids):
    assert list(json.loads(ask(client, "json").text)["sounds"][0]) == [field.name for field in dataclasses.fields(Line)]
