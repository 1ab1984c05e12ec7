"""Faults of the server under load (H5, H6, H9-H12): slow clients, many, gone ones, signals, and a library that changes under it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("fastapi")

from hearken.audio.sounds import synthesise
from hearken.audio.synth import RATE_HZ, save_wav
from hearken.library.records import AddRoot, ModelRecord, RemoveFile
from hearken.search.library import Library
from hearken.server import run as running
from hearken.server.patience import Patience
from tests.fakes import near_words
from tests.processes import python
from tests.server.serving import FakeModel, get, listening, make_library, raw
from tests.small_library import SmallLibrary

BASE = "/api/v1/libraries/small"
SOUNDS = ("dog_bark", "rain", "church_bell", "siren")
STRACE = shutil.which("strace")
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def answer(connection, request):
    """Ask through a connection that stays open; return status and body."""
    connection.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
    while len(body) < length:
        body += received(connection)
    return int(head.split()[1]), body


def received(connection):
    data = connection.recv(1 << 16)
    if not data:
        raise ConnectionError("it ended in the midst")
    return data


def asking(target):
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def reset(connection):
    """Break a connection off, as a client does that is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def opened_files():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return found


def num_sockets():
    return sum(each.startswith("socket:") for each in opened_files())


def until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    library = make_library(tmp_path_factory.mktemp("load"))
    (library.parent / "Sounds/rain.wav").write_bytes(os.urandom(1 << 20) * 8)  # more than sockets buffer
    with listening(library) as opened:
        yield opened


@linux
def test_fault_H10_clients_that_vanish_leave_nothing_behind(port):
    searching, streaming = asking(f"{BASE}/search?q=dog"), asking(f"{BASE}/sounds/{id_of(port, 'rain.wav')}/media")
    assert get(port, f"{BASE}/search?q=dog")[0] == 200
    before, threads, dice = num_sockets(), threading.active_count(), random.Random(0)

    def vanish(number):
        connection = connect(port)
        if number % 3 == 0:  # in the midst of a sound
            connection.sendall(streaming)
            connection.recv(dice.choice((1, 1000, 60_000)))
        elif number % 3 == 1:  # in the midst of a search
            connection.sendall(searching)
            time.sleep(dice.uniform(0, 0.01))
        else:  # in the midst of the request
            connection.sendall(searching[: dice.randrange(1, len(searching))])
        reset(connection)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(vanish, range(500)))
    until(lambda: not any(each.endswith("rain.wav") for each in opened_files()))
    until(lambda: num_sockets() <= before + 2)
    assert sum(each.endswith("small.hearken/library.sqlite") for each in opened_files()) <= 2 * 4  # two searchers, two lookers
    assert threading.active_count() <= threads + 40  # the pool of threads is bounded

    def statuses():
        with ThreadPoolExecutor(64) as pool:
            return {status for status, _, _ in pool.map(lambda _: get(port, f"{BASE}/search?q=dog"), range(128))}

    until(lambda: statuses() == {200})  # all places are free again: searches that nobody waits for any more are soon done


def id_of(port, name):
    return next(each["id"] for each in json.loads(get(port, f"{BASE}/sounds")[2])["sounds"] if each["name"] == name)


@linux
def test_fault_H6_sixty_four_connections_get_right_answers(port):
    targets = [f"{BASE}/search?q=dog", f"{BASE}/search?q=siren", f"{BASE}/sounds", f"{BASE}/sounds/1", f"{BASE}/sounds/1/media", "/"]

    def told(target, body):
        return [hit["id"] for hit in json.loads(body)["hits"]] if "/search" in target else body

    truth = {target: told(target, get(port, target)[2]) for target in targets}
    before = num_sockets()
    ends_s, wrong, counted = time.monotonic() + 3.0, [], []

    def user(number):
        dice = random.Random(number)
        with connect(port) as connection:
            while time.monotonic() < ends_s:
                target = dice.choice(targets)
                status, body = answer(connection, asking(target))
                counted.append(target)
                if status != 200 or told(target, body) != truth[target]:
                    wrong.append((target, status, body[:200]))

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(user, range(64)))
    assert wrong == []
    assert len(counted) > 64
    until(lambda: num_sockets() <= before + 2)


def test_fault_H5_half_requests_hold_nobody_up_and_are_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "Patience", lambda connections: Patience(connections, wait_s=2.0, max_waiting=150))
    library = make_library(tmp_path)
    with served(library, monkeypatch) as port:
        alone = times_of(port)
        slow = [connect(port) for _ in range(200)]
        for connection in slow:
            connection.sendall(b"GET /api/v1 HTTP/1.1\r\nHost: local")
        among = times_of(port)
        assert np.percentile(among, 99) < max(2 * np.percentile(alone, 99), 0.5)
        started_s = time.monotonic()
        dropping = slow[-20:]
        ended = set()
        while len(ended) < len(slow):
            assert time.monotonic() - started_s < 15
            for connection in dropping:  # drop by drop is no way around it
                try:
                    connection.sendall(b"h")
                except OSError:
                    ended.add(connection)
            ended |= {connection for connection in slow if connection not in ended and is_closed(connection)}
            time.sleep(0.2)
        assert get(port, "/api/v1")[0] == 200
        for connection in slow:
            connection.close()


def is_closed(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        connection.settimeout(30)


def times_of(port):
    took = []
    with connect(port) as connection:
        for _ in range(60):
            started_s = time.monotonic()
            assert answer(connection, asking(f"{BASE}/search?q=dog"))[0] == 200
            took.append(time.monotonic() - started_s)
    return took


@contextmanager
def served(library, monkeypatch):
    """The server as `run` runs it, over the fake model, in a thread."""
    from hearken.server.settings import Settings
    from tests.server.serving import app_of

    servers = []

    class Noted(running._Server):
        def __init__(self, config, app):
            super().__init__(config, app)
            servers.append(self)

    monkeypatch.setattr(running, "_Server", Noted)
    monkeypatch.setattr(running, "create_app", lambda settings: app_of(*settings.libraries))
    with socket.create_server(("127.0.0.1", 0), backlog=256) as opened:
        arguments = {"target": running.run, "args": (Settings((library,)), opened), "kwargs": {"grace_s": 1}}
        thread = threading.Thread(**arguments, daemon=True)
        thread.start()
        until(lambda: servers and servers[0].started)
        try:
            yield opened.getsockname()[1]
        finally:
            servers[0].should_exit = True
            thread.join(30)
            assert not thread.is_alive()


def test_fault_H11_a_request_that_never_ends_does_not_keep_the_server(tmp_path, monkeypatch):
    library = make_library(tmp_path)
    with served(library, monkeypatch) as port, connect(port) as connection:
        connection.sendall(f"POST {BASE}/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n".encode())
        connection.sendall(b"Content-Type: multipart/form-data; boundary=XX\r\n\r\n--XX")
        time.sleep(0.3)
        started_s = time.monotonic()
    assert time.monotonic() - started_s < 10


COLOURS = ("red", "blue")
NUM_COLOURED = 20


def coloured(folder, colour):
    """A library of twenty sounds of one colour, all of them dogs."""
    model = FakeModel()
    library = SmallLibrary(folder, model.dim, model=ModelRecord(model.name, model.digest, model.dim))
    library.store.apply([AddRoot("/sounds"), *sounds_of(library, colour)])
    return library


def sounds_of(library, colour):
    dogs = [near_words("dog", f"{colour}{number}".encode(), library.dim) for number in range(NUM_COLOURED)]
    return [library.sound(f"/sounds/{colour}/dog {colour} {number}.wav", [dog]) for number, dog in enumerate(dogs)]


def search_while(port, write):
    """Search and browse from eight connections while `write` runs; return all statuses, and the colours that each answer had."""
    seen, statuses, done = set(), set(), threading.Event()

    def user(number):
        target = f"{BASE}/search?q=dog&limit=50" if number % 2 else f"{BASE}/sounds?limit=50"
        while not done.is_set():
            status, _, body = get(port, target)
            statuses.add(status)
            if status == 200:
                told = json.loads(body)
                names = [each["name"] for each in told.get("hits", told.get("sounds"))]
                seen.add((len(names), frozenset(name.split()[1] for name in names)))

    with ThreadPoolExecutor(8) as pool:
        users = [pool.submit(user, number) for number in range(8)]
        try:
            write()
        finally:
            done.set()
        for each in users:
            each.result()
    return statuses, seen


PURE = {(NUM_COLOURED, frozenset({colour})) for colour in COLOURS}


def test_fault_H12_a_commit_while_serving_is_seen_whole_or_not_at_all(tmp_path):
    library = coloured(tmp_path / "small.hearken", "red")

    def write():
        for turn in range(10):
            gone = [RemoveFile(record.id) for record in library.store.files()]
            library.store.apply([*gone, *sounds_of(library, COLOURS[(turn + 1) % 2])])
            time.sleep(0.15)

    with listening(tmp_path / "small.hearken") as port:
        assert get(port, f"{BASE}/search?q=dog")[0] == 200
        statuses, seen = search_while(port, write)
    library.close()
    assert statuses == {200}
    assert seen == PURE


def test_fault_H12_a_library_put_in_the_place_of_another_is_served_at_once(tmp_path):
    place = tmp_path / "small.hearken"
    coloured(place, "red").close()

    def write():
        for turn in range(8):
            coloured(tmp_path / f"new{turn}", COLOURS[(turn + 1) % 2]).close()
            place.rename(tmp_path / f"old{turn}")
            (tmp_path / f"new{turn}").rename(place)
            time.sleep(0.3)

    with listening(place) as port:
        assert get(port, f"{BASE}/search?q=dog")[0] == 200
        statuses, seen = search_while(port, write)
        last = json.loads(get(port, f"{BASE}/search?q=dog&limit=50")[2])["hits"]
    assert statuses <= {200, 409}  # 409: between the two renames there is no library
    assert seen == PURE
    assert {hit["name"].split()[1] for hit in last} == {"red"}


PROGRAM = "from hearken.cli.main import run\nrun(['serve', '--library', *sys.argv[1:], '--port', '0'])"


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """A library of imitated sounds that the built-in model really heard."""
    folder = tmp_path_factory.mktemp("heard")
    (folder / "Sounds").mkdir()
    for name in SOUNDS:
        save_wav(folder / "Sounds" / f"{name}.wav", synthesise(name)[: 2 * RATE_HZ])
    with Library(folder / "small.hearken") as made:
        made.index(folder / "Sounds", jobs=1)
    return folder / "small.hearken"


@contextmanager
def serving(library, *before):
    """A real `hearken serve` in a process of its own, perhaps below another program; yields process and port."""
    with subprocess.Popen([*before, *python(PROGRAM, library)], stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            line = next(each for each in process.stderr if "http://" in each)
            port = int(line.rstrip().rstrip("/").rsplit(":", 1)[1])
            until(lambda: is_up(port), 60)
            yield process, port
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def is_up(port):
    try:
        return get(port, f"{BASE}/search?q=dog")[0] == 200
    except OSError:
        return False


def test_fault_H11_told_to_end_it_finishes_what_it_began(heard):
    with serving(heard) as (process, port):
        broken, counted = [], []

        def user(number):
            target = f"{BASE}/search?q=a+dog+barks+{number}" if number % 2 else f"{BASE}/sounds/1/excerpt?start_s=0.{number:02}&end_s=1.9"
            try:
                with connect(port) as connection:
                    while True:
                        try:
                            counted.append(answer(connection, asking(target))[0])
                        except ConnectionError:
                            return  # it ended between two answers, or did not take the question any more
            except ConnectionRefusedError:
                return
            except (OSError, ValueError, TypeError) as error:
                broken.append(repr(error))

        with ThreadPoolExecutor(20) as pool:
            for number in range(20):
                pool.submit(user, number)
            until(lambda: len(counted) >= 40, 60)
            started_s = time.monotonic()
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
            took_s = time.monotonic() - started_s
        rest = process.stderr.read()
    assert code == 0, rest
    assert took_s < 10 + 5  # 10 s for requests, the rest for a machine that is busy with other tests
    assert set(counted) == {200}
    assert broken == []
    assert "Traceback" not in rest


def test_fault_H11_killed_it_serves_the_same_again_and_keeps_what_it_said_it_kept(heard):
    kept = []
    for _ in range(2):
        with serving(heard) as (process, port):
            before = hits(port)
            assert [each["text"] for each in noted(port, kept)] == [text for _, text in kept]
            ends = threading.Event()

            def write(port=port, ends=ends):
                for number in range(10_000):
                    text = f"note {number}"
                    try:
                        request = f"PUT {BASE}/sounds/1/note HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
                        body = json.dumps({"text": text})
                        told = raw(port, f"{request}Content-Length: {len(body)}\r\n\r\n{body}".encode())
                    except OSError:
                        break
                    if b" 200 " not in told[:20]:
                        break
                    kept[:] = [(1, text)]
                ends.set()

            threading.Thread(target=write, daemon=True).start()
            until(lambda: kept)
            time.sleep(0.3)
            os.killpg(process.pid, signal.SIGKILL)
            assert ends.wait(30)
            said = kept[0][1]
        with serving(heard) as (process, port):
            assert hits(port) == before
            (note,) = noted(port, kept)
            number = int(said.split()[1])
            assert note["text"] in {said, f"note {number + 1}"}  # the last may have been written before its answer could be sent
            kept[:] = [(1, note["text"])]
    assert kept


def hits(port):
    return [(hit["id"], hit["name"], hit["score"]) for hit in json.loads(get(port, f"{BASE}/search?q=church+bells")[2])["hits"]]


def noted(port, kept):
    return [json.loads(get(port, f"{BASE}/sounds/{sound}/note")[2]) for sound, _ in kept]


ADDRESSES = (
    "http://198.51.100.7/sound.wav", "https://example.org/a.mp3", "ftp://198.51.100.7/x", "file:///etc/passwd", "data:audio/wav;base64,UklGRg==",
    "//198.51.100.7/share/x.wav", "\\\\198.51.100.7\\share\\x.wav", "gopher://198.51.100.7:70/", "http://[2001:db8::1]/", "rtsp://198.51.100.7/live",
    "concat:http://198.51.100.7/a|http://198.51.100.7/b", "tcp://198.51.100.7:1", "smb://198.51.100.7/x", "jar:http://198.51.100.7!/", "dict://198.51.100.7/",
)  # fmt: skip
PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nhttp://198.51.100.7/segment.ts\n"
SDP = b"v=0\no=- 0 0 IN IP4 198.51.100.7\ns=x\nc=IN IP4 198.51.100.7\nt=0 0\nm=audio 5004 RTP/AVP 0\n"


@pytest.mark.skipif(STRACE is None, reason="there is no strace")
def test_fault_H9_it_calls_nobody(heard, tmp_path):
    from urllib.parse import quote

    log = tmp_path / "calls"
    watched = (STRACE, "-f", "-q", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(log))
    one_call = "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('198.51.100.7', 9))"  # sends nothing
    subprocess.run([*watched, *python(one_call)], check=True, timeout=120)
    assert len(abroad(log)) == 1
    with serving(heard, *watched) as (process, port):
        asked = [f"{BASE}/search?q={quote(each)}" for each in ADDRESSES]
        asked += [
            f"{BASE}/search?q=dog&{name}={quote(each, safe='')}" for name in ("folder", "not", "label", "format") for each in ADDRESSES[:4]
        ]
        asked += [f"{BASE}/sounds/1{rest}" for rest in ("", "/media", "/excerpt?end_s=1", "/excerpt?format=flac", "/peaks", "/spectrogram")]
        asked += ["/", "/api/v1", "/api/v1/libraries", f"{BASE}/map", f"{BASE}/sounds", f"/{ADDRESSES[0]}", ADDRESSES[0]]
        statuses = [get(port, target)[0] for target in asked]
        assert set(statuses) <= {200, 202, 404, 422}
        assert statuses.count(200) > 20
        contents = (PLAYLIST, SDP, b"<html>", ADDRESSES[0].encode(), Path(heard.parent / "Sounds/rain.wav").read_bytes())
        for name in ADDRESSES[:6]:
            for content in contents:
                assert upload(port, name, content) in {200, 422}
        assert upload(port, "a.m3u8", PLAYLIST) == 422
        assert upload(port, "a.sdp", SDP) == 422
        for name in ADDRESSES[:3]:
            assert post_json(port, f"{BASE}/searches", {"name": name, "query": {"q": name}}) == 201
        assert post_json(port, f"{BASE}/export", {"format": "zip", "items": [{"id": 1}]}) == 200
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
    assert abroad(log) == []


def abroad(log):
    """Calls that leave this machine, or ask for somebody's address (a resolver may be on this machine), out of what strace wrote."""
    calls = [each for each in log.read_text().splitlines() if "sa_family=AF_INET" in each]
    return [each for each in calls if not re.search(r'"(127\.0\.0\.1|::1)"', each) or "htons(53)" in each]


def upload(port, name, content):
    body = f'--XX\r\nContent-Disposition: form-data; name="sound"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n--XX--\r\n"
    head = f"POST {BASE}/search HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=XX\r\n"
    return int(raw(port, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body).split()[1])


def post_json(port, target, value):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{target}", json.dumps(value).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as told:
        told.read()
        return told.status
