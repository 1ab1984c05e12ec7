from urllib.parse import unquote_to_bytes

import pytest

from tests.server.serving import STRANGE, client_of, make_library

BASE = "/api/v1/libraries/small/sounds"
DOG = b"A" * 500


@pytest.fixture
def dog(ids):
    return f"{BASE}/{ids['dog.wav']}/media"


def test_the_whole_file(client, dog):
    answer = client.get(dog)
    assert (answer.status_code, answer.content) == (200, DOG)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-disposition"].startswith('inline; filename="dog.wav"')
    assert client.get(dog, params={"download": True}).headers["content-disposition"].startswith("attachment")


def test_a_range_of_it(client, dog):
    answer = client.get(dog, headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content, answer.headers["content-range"]) == (206, DOG[10:20], "bytes 10-19/500")
    assert client.get(dog, headers={"Range": "bytes=500-"}).status_code == 416


def test_head_tells_the_same_without_a_body(client, dog):
    for headers in ({}, {"Range": "bytes=10-19"}):
        whole, head = client.get(dog, headers=headers), client.head(dog, headers=headers)
        assert head.content == b""
        assert {**head.headers, "date": ""} == {**whole.headers, "date": ""}
        assert head.status_code == whole.status_code


def test_what_the_browser_has_is_not_sent_again(client, dog):
    etag = client.get(dog).headers["etag"]
    known = client.get(dog, headers={"If-None-Match": f'"other", W/{etag}'})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", etag)
    assert client.get(dog, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get(dog, headers={"Range": "bytes=0-1", "If-Range": etag}).status_code == 206
    assert client.get(dog, headers={"Range": "bytes=0-1", "If-Range": '"other"'}).status_code == 200


def test_a_file_that_changed_has_another_tag(tmp_path):
    with client_of(make_library(tmp_path, ("dog.wav",))) as client:
        before = client.get(f"{BASE}/1/media").headers["etag"]
        (tmp_path / "Sounds/dog.wav").write_bytes(b"changed")
        after = client.get(f"{BASE}/1/media", headers={"Range": "bytes=0-1", "If-Range": before})
        assert (after.status_code, after.content) == (200, b"changed")


def test_any_name_can_be_kept(client, ids):
    (strange,) = (number for name, number in ids.items() if name.startswith("bell"))
    told = client.get(f"{BASE}/{strange}/media", params={"download": True}).headers["content-disposition"]
    assert unquote_to_bytes(told.partition("UTF-8''")[2]) == STRANGE.encode("utf-8", "surrogateescape")


def test_what_is_not_there(client):
    for wrong in ("0", "-1", "999999", "x", "1.0", "٣", "9" * 30):
        assert client.get(f"{BASE}/{wrong}/media").status_code == 404
