import io
import json
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

pytest.importorskip("fastapi")

from hearken.client import Client, connect
from hearken.errors import EndpointError, InputError, LibraryNotFoundError, QueryError
from tests.server.serving import NAMES, listening, make_library, save_tone

TOKEN = "correct horse"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return make_library(tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="module")
def client(place):
    with listening(place) as port:
        yield connect(f"http://127.0.0.1:{port}")


def test_searching_as_with_a_library(client, place):
    hits = client.search("a dog barks", k=2, not_text="rain", moments=False)
    assert hits[0].name == "dog.wav"
    assert hits[0].hit.path == str(place.parent.resolve() / "Sounds/pets/dog.wav")
    assert hits[0].hit.score == hits[0].score
    assert [hit.name for hit in client.search("dog", formats=["flac"], min_duration_s=0.5)] == ["bird.flac"]
    found = client.find("dgo barking", k=1)
    assert found.has_more
    assert any("dog" in note for note in found.notes)


def test_more_like_a_sound_and_a_sound_that_is_sent(client, tmp_path):
    dog = client.search("dog", k=1)[0]
    assert "dog.wav" not in [hit.name for hit in client.similar(dog.id)]
    assert len(client.similar(dog.id, k=2, like_start_s=1.0, like_end_s=2.0)) == 2
    save_tone(tmp_path / 'b"ark.wav')
    assert client.similar(tmp_path / 'b"ark.wav', k=1)[0].name == "dog.wav"
    with pytest.raises(InputError, match="cannot be read"):
        client.similar(tmp_path / "none.wav")


def test_looking_around(client):
    status = client.status()
    assert (status.state, status.num_files, status.formats["wav"]) == ("ready", len(NAMES), 3)
    page = client.sounds(limit=2, sort="duration")
    assert (page.total, len(page.sounds)) == (5, 2)
    assert client.sound(page.sounds[0].id)["codec"] == "pcm_s16le"
    assert client.media(page.sounds[0].id) == b"A" * 500


def test_export(client):
    hits = client.search("dog", k=2)
    assert b"dog.wav" in client.export(hits)
    assert len(json.loads(client.export(hits, "json"))["sounds"]) == 2
    with zipfile.ZipFile(io.BytesIO(client.export(hits, "zip"))) as archive:
        assert "list.csv" in archive.namelist()


def test_errors_are_those_of_the_server(client, tmp_path):
    with pytest.raises(QueryError, match="lasts"):
        client.search("dog", min_duration_s=3, max_duration_s=2)
    with pytest.raises(EndpointError, match="no parameter"):
        client.search("dog", colour="red")
    with pytest.raises(EndpointError, match="nothing here"):
        client.media(999)
    with pytest.raises(InputError, match="no address"):
        connect("ftp://127.0.0.1")
    with pytest.raises(InputError, match="No library"):
        Client("http://127.0.0.1:1").search("dog")
    with listening(tmp_path / "absent") as port, pytest.raises(LibraryNotFoundError):
        connect(f"http://127.0.0.1:{port}").search("dog")


def test_a_server_that_is_not_there():
    with pytest.raises(EndpointError, match="does not answer") as caught:
        connect("http://127.0.0.1:9")
    assert "hearken serve" in caught.value.hint


def test_a_token(place):
    with listening(place, token=TOKEN) as port:
        with pytest.raises(EndpointError, match="token"):
            connect(f"http://127.0.0.1:{port}")
        assert connect(f"http://127.0.0.1:{port}", token=TOKEN).search("dog", k=1)


class Other(BaseHTTPRequestHandler):
    def do_GET(self):
        status = 200 if "html" in self.path else 500
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b"<html>" if status == 200 else b"{}")

    def log_message(self, *_):
        pass


def test_a_server_of_another_kind():
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for path in ("/html", "/error"):
            with pytest.raises(EndpointError, match="no Hearken server"):
                connect(f"http://127.0.0.1:{server.server_port}{path}")
        server.shutdown()
