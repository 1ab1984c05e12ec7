"""Downloads against servers that behave, and against servers that do not; all of them on this machine."""

from __future__ import annotations

import hashlib
import http.server
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hearken.data import download as module
from hearken.data.download import Expected
from hearken.errors import DownloadError
from tests.local_server import LocalServer, send_head, without_proxies

DATA = bytes(number % 251 for number in range(700_000))
WAITED: list[float] = []
REFUSALS = {"gone": (404, {}), "forbidden": (403, {}), "elsewhere": (302, {"Location": "file:///etc/passwd"})}
SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA).hexdigest()


def download(*arguments: Any, **options: Any) -> str:
    """The function under test, with a clock that does not make us wait."""
    WAITED.clear()
    return module.download(*arguments, **{"sleep": WAITED.append} | options)


class Server:
    """One file under several roofs; `seen` are the paths and ranges asked for, `ills` what happens to the next requests.

    An ill is a status with headers, a number of bytes after which the connection ends, or "stall": nothing more comes.
    """

    def __init__(self) -> None:
        self.data, self.etag, self.seen = DATA, '"v1"', []
        self.ills: list[tuple[int, dict[str, str]] | int | str] = []
        self.released = threading.Event()
        self.cut_after: int | None = None
        self._server = LocalServer(self.answer)
        self.address = self._server.address

    def close(self) -> None:
        self.released.set()
        self._server.close()

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        asked = request.headers.get("Range")
        self.seen.append((request.path, asked))
        kind = request.path.split("/")[1]
        ill = self.ills.pop(0) if self.ills else self.cut_after
        if isinstance(ill, tuple):
            return send_head(request, *ill)
        if kind in REFUSALS:
            return send_head(request, *REFUSALS[kind])
        if kind == "moved":
            return send_head(request, 302, {"Location": f"{self.address}/ranges/x.bin"})
        return self.serve(request, kind, asked, ill)

    def serve(self, request: http.server.BaseHTTPRequestHandler, kind: str, asked: str | None, ill: int | str | None) -> None:
        start = int(asked[6:-1]) if asked and kind in ("ranges", "shifted") else 0
        if request.headers.get("If-Range") not in (None, self.etag):
            start = 0
        if start >= len(self.data) > 0:
            send_head(request, 416, {"Content-Range": f"bytes */{len(self.data)}"})
            return
        body = self.data[start:]
        request.send_response(206 if start else 200)
        if start:
            claimed = start + (1 if kind == "shifted" else 0)
            request.send_header("Content-Range", f"bytes {claimed}-{len(self.data) - 1}/{len(self.data)}")
        if kind != "unsized":
            request.send_header("Content-Length", str(len(body)))
        if kind != "unmarked":
            request.send_header("ETag", self.etag)
        request.send_header("Content-Type", "text/html; charset=utf-8" if kind == "page" else "application/octet-stream")
        request.end_headers()
        request.wfile.write(body[: 100_000 if ill == "stall" else ill])
        if ill == "stall":
            request.wfile.flush()
            self.released.wait(10)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    without_proxies(monkeypatch)
    server = Server()
    yield server
    server.close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "sub" / "x.bin"


def others(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path != target)


def fill_part(target: Path, url: str, data: bytes, version: str | None) -> None:
    target.parent.mkdir(exist_ok=True)
    target.with_name("x.bin.part").write_bytes(data)
    target.with_name("x.bin.part.json").write_text(json.dumps({"url": url, "version": version}))


@pytest.mark.parametrize("kind", ["ranges", "whole", "unsized", "moved", "unmarked"])
def test_a_file_comes_whole_and_is_told_of(server: Server, target: Path, kind: str) -> None:
    told = []
    found = download(
        f"{server.address}/{kind}/x.bin", target, Expected(len(DATA), SHA256, MD5), on_progress=lambda *counts: told.append(counts)
    )
    assert (found, target.read_bytes()) == (SHA256, DATA)
    assert told[-1] == (len(DATA), None if kind == "unsized" else len(DATA))
    assert len(told) >= 3
    assert others(target) == []


def test_a_file_that_is_there_needs_no_server(target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(DATA)
    assert download("http://127.0.0.1:9/x.bin", target, Expected(sha256=SHA256)) == SHA256
    with pytest.raises(DownloadError, match="is not the published one: its SHA256") as caught:
        download("http://127.0.0.1:9/x.bin", target, Expected(sha256="0" * 64))
    assert "Remove it" in caught.value.hint
    assert target.is_file()


def test_a_broken_connection_goes_on_where_it_broke(server: Server, target: Path) -> None:
    server.cut_after = 300_000
    assert download(f"{server.address}/ranges/x.bin", target) == SHA256
    assert [asked for _, asked in server.seen] == [None, "bytes=300000-", "bytes=600000-"]


def test_a_server_that_never_gets_on_is_given_up_and_what_came_is_kept(server: Server, target: Path) -> None:
    server.cut_after = 300_000
    with pytest.raises(DownloadError, match=r"broke off.*300000 bytes are kept") as caught:
        download(f"{server.address}/whole/x.bin", target)  # it ignores ranges, so each try ends at the same byte
    assert "Run the command again" in caught.value.hint
    assert str(target) in caught.value.hint
    assert others(target) == ["x.bin.part", "x.bin.part.json"]
    server.cut_after = None
    assert download(f"{server.address}/whole/x.bin", target) == SHA256


def test_a_second_run_asks_only_for_the_rest(server: Server, target: Path) -> None:
    url = f"{server.address}/ranges/x.bin"
    fill_part(target, url, DATA[:500_000], '"v1"')
    assert download(url, target) == SHA256
    assert server.seen == [("/ranges/x.bin", "bytes=500000-")]


@pytest.mark.parametrize("version", ['"v0"', None])
def test_a_file_that_may_have_changed_begins_anew(server: Server, target: Path, version: str | None) -> None:
    url = f"{server.address}/ranges/x.bin"
    fill_part(target, url, b"of another version", version)
    assert download(url, target) == SHA256
    assert server.seen == [("/ranges/x.bin", "bytes=18-" if version else None)]


def test_without_a_version_the_digest_decides(server: Server, target: Path) -> None:
    url = f"{server.address}/ranges/x.bin"
    fill_part(target, url, DATA[:100], None)
    assert download(url, target, Expected(sha256=SHA256)) == SHA256
    assert server.seen == [("/ranges/x.bin", "bytes=100-")]


@pytest.mark.parametrize(("data", "asks"), [(DATA, 1), (DATA + b"too much", 2)])
def test_nothing_left_to_send(server: Server, target: Path, data: bytes, asks: int) -> None:
    url = f"{server.address}/ranges/x.bin"
    fill_part(target, url, data, '"v1"')
    assert download(url, target) == SHA256
    assert len(server.seen) == asks


def test_a_range_that_was_not_asked_for_is_not_believed(server: Server, target: Path) -> None:
    url = f"{server.address}/shifted/x.bin"
    fill_part(target, url, DATA[:100], '"v1"')
    assert download(url, target) == SHA256


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (Expected(sha256="1" * 64), "not the published file: its SHA256 is "),
        (Expected(md5="1" * 32), "not the published file: its MD5 is "),
        (Expected(size=5), "offers 700000 bytes .* the published file has 5"),
    ],
)
def test_another_file_than_published_leaves_nothing(server: Server, target: Path, expected: Expected, message: str) -> None:
    with pytest.raises(DownloadError, match=message):
        download(f"{server.address}/ranges/x.bin", target, expected)
    assert not target.exists()
    assert others(target) == []


def test_a_size_nobody_announced_is_checked_at_the_end(server: Server, target: Path) -> None:
    with pytest.raises(DownloadError, match="it has 700000 bytes, not 5"):
        download(f"{server.address}/unsized/x.bin", target, Expected(size=5))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("gone", "refused .*: 404 Not Found"),
        ("forbidden", "403"),
        ("page", "a web page instead of the file"),
        ("elsewhere", "refused|broke off"),
    ],
)
def test_refusals(server: Server, target: Path, kind: str, message: str) -> None:
    with pytest.raises(DownloadError, match=message) as caught:
        download(f"{server.address}/{kind}/x.bin", target)
    assert "Without a network" in caught.value.hint
    assert "may have moved" in caught.value.hint or kind == "elsewhere"
    assert not target.exists()
    assert len(server.seen) <= module._ATTEMPTS


def test_nobody_listens(target: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DownloadError, match=r"broke off: .*refused") as caught:
        download(f"http://127.0.0.1:{port}/x.bin", target)
    assert f"get http://127.0.0.1:{port}/x.bin elsewhere and put it at {target}" in caught.value.hint


def test_a_server_that_says_nothing_is_not_waited_for_long(target: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(DownloadError, match="timed out"):
            download(f"http://127.0.0.1:{mute.getsockname()[1]}/x.bin", target, timeout_s=0.05)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/x", "x.bin"])
def test_other_addresses_are_refused(target: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="neither http nor https"):
        download(url, target)


def test_no_step_back_from_encryption() -> None:
    import urllib.error
    import urllib.request
    from email.message import Message

    request = urllib.request.Request("https://host/x")
    with pytest.raises(urllib.error.HTTPError, match="without encryption") as caught:
        module._NoDowngrade().redirect_request(request, None, 302, "Found", Message(), "http://host/x")
    caught.value.close()


def test_parts_are_put_in_a_row_and_none_is_asked_for_twice(server: Server, target: Path) -> None:
    urls = [f"{server.address}/ranges/{number}" for number in (1, 2, 3)]
    server.cut_after = 0
    with pytest.raises(DownloadError, match="broke off"):
        download(urls, target)
    server.cut_after = None
    target.with_name("x.bin.part1.part").rename(target.with_name("x.bin.part1"))
    target.with_name("x.bin.part1").write_bytes(b"first ")
    target.with_name("x.bin.part1.part.json").unlink()
    server.seen.clear()
    told = []
    download(urls, target, Expected(size=6 + 2 * len(DATA)), on_progress=lambda *counts: told.append(counts))
    assert target.read_bytes() == b"first " + DATA + DATA
    assert [path for path, _ in server.seen] == ["/ranges/2", "/ranges/3"]
    assert told[-1] == (6 + 2 * len(DATA), None)
    assert others(target) == []


def test_a_full_disk_is_noticed_before_it_is_full(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10}))
    with pytest.raises(DownloadError, match="no room for 700000 bytes") as caught:
        download(f"{server.address}/ranges/x.bin", target)
    assert caught.value.hint.startswith("Make room")


def test_a_disk_that_will_not_take_it(server: Server, tmp_path: Path, no_space: Callable[[], None]) -> None:
    no_space()
    with pytest.raises(DownloadError, match="No space left"):
        download(f"{server.address}/ranges/x.bin", tmp_path / "x.bin")


@pytest.fixture
def no_space(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    return lambda: monkeypatch.setattr(module.os, "fsync", full)


def test_two_at_once_do_not_mix(server: Server, target: Path) -> None:
    import filelock

    target.parent.mkdir()
    with filelock.FileLock(target.with_name("x.bin.lock")):
        with pytest.raises(DownloadError, match="Another process is bringing"):
            download(f"{server.address}/ranges/x.bin", target)
    assert server.seen == []


BUSY = {"Retry-After": "7"}


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_server_that_is_ill_for_a_moment_is_asked_again(server: Server, target: Path, status: int) -> None:
    server.ills = [(status, {}), (status, BUSY), 250_000, (status, {})]
    assert download(f"{server.address}/ranges/x.bin", target) == SHA256
    assert WAITED == [0.5, 7.0, 0.5]  # what came in between starts the count anew
    assert [asked for _, asked in server.seen] == [None, None, None, "bytes=250000-", "bytes=250000-"]
    assert others(target) == []


def test_a_server_that_stays_ill_is_given_up_and_what_came_is_kept(server: Server, target: Path) -> None:
    server.ills = [250_000, *[(503, {})] * 9]
    with pytest.raises(DownloadError, match=r"broke off: 503 Service Unavailable\. 250000 bytes are kept") as caught:
        download(f"{server.address}/ranges/x.bin", target)
    assert "Run the command again to go on." in caught.value.hint
    assert WAITED == [0.5, 1.0, 2.0, 4.0]
    server.ills.clear()
    assert download(f"{server.address}/ranges/x.bin", target) == SHA256
    assert server.seen[-1] == ("/ranges/x.bin", "bytes=250000-")


def test_a_server_that_wants_an_hour_is_not_waited_for(server: Server, target: Path) -> None:
    server.ills = [(429, {"Retry-After": "3600"})]
    with pytest.raises(DownloadError, match=r"is busy and asks to come back in 3600 s") as caught:
        download(f"{server.address}/ranges/x.bin", target)
    assert caught.value.hint.startswith("Run the command again then.")
    assert WAITED == []


def test_a_server_that_stops_in_the_middle_is_asked_for_the_rest(server: Server, target: Path) -> None:
    server.ills = ["stall", "stall"]
    assert download(f"{server.address}/ranges/x.bin", target, timeout_s=0.2) == SHA256
    assert [asked for _, asked in server.seen] == [None, "bytes=100000-", "bytes=200000-"]


def test_other_refusals_are_not_repeated(server: Server, target: Path) -> None:
    server.ills = [(501, {})]
    with pytest.raises(DownloadError, match=r"refused .*: 501"):
        download(f"{server.address}/ranges/x.bin", target)
    assert (len(server.seen), WAITED) == (1, [])


def test_without_a_clock_of_ours_it_really_waits(server: Server, target: Path) -> None:
    import time

    server.ills = [(500, {})]
    before_s = time.monotonic()
    module.download(f"{server.address}/ranges/x.bin", target)
    assert time.monotonic() - before_s >= 0.5


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_the_marks_old_bytes_are_not_taken_for_new_ones(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    url = f"{server.address}/ranges/x.bin"
    fill_part(target, url, b"of another version", '"v0"')

    def dying(path: Path, text: str, **options: Any) -> None:
        path.write_bytes(text.encode() if when == "after" else b"")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", dying)
        with pytest.raises(KeyboardInterrupt):
            download(url, target)
    assert download(url, target) == SHA256


def test_going_on_does_not_touch_the_marks(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a run that is killed while it writes them would have to begin anew."""
    url = f"{server.address}/ranges/x.bin"
    fill_part(target, url, DATA[:500_000], '"v1"')
    monkeypatch.delattr(Path, "write_text")
    assert download(url, target) == SHA256
    assert server.seen == [("/ranges/x.bin", "bytes=500000-")]
