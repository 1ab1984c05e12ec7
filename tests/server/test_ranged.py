import os
from types import SimpleNamespace

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from hearken.server.ranged import BytesSource, FileSource, Ranged, disposition, parse_range


def answer(data, **headers):
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    sent = []

    async def receive():
        await anyio.sleep(30)

    async def send(message):
        sent.append(message)

    async def ask():
        asked = Request({**scope, "app": SimpleNamespace(state=SimpleNamespace())})
        made = Ranged(BytesSource(data), asked, etag="e", media_type="audio/wav", name="a.wav")
        await made({**scope, "asgi": {"spec_version": "2.4"}}, receive, send)

    anyio.run(ask)
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:])


def test_bytes_in_memory_have_ranges_too():
    data = bytes(range(200)) * 3000
    assert answer(data)[2] == data
    status, headers, body = answer(data, range="bytes=5-299999")
    assert (status, body) == (206, data[5:300_000])
    assert headers[b"content-range"] == b"bytes 5-299999/600000"
    assert answer(b"", range="bytes=0-")[0] == 416


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 20))
def test_ranges_are_those_of_a_slice(first, last, size):
    expected = bytes(range(size))[first : last + 1] if first <= last else b""
    found = parse_range(f"bytes={first}-{last}", size)
    assert (b"" if found is None else bytes(range(size))[slice(*found)]) == expected
    suffix = parse_range(f"bytes=-{last}", size)
    assert (b"" if suffix is None else bytes(range(size))[slice(*suffix)]) == (bytes(range(size))[-last:] if last else b"")


@pytest.mark.parametrize("system", ["Linux", "Windows"])
def test_a_file_is_read_anywhere(tmp_path, monkeypatch, system):
    if system == "Windows":  # which has no pread
        monkeypatch.delattr(os, "pread")
    (tmp_path / "a").write_bytes(bytes(range(100)))
    source = FileSource(os.open(tmp_path / "a", os.O_RDONLY), 100)
    try:
        assert (source.read(90, 20), source.read(3, 2), source.read(100, 5)) == (bytes(range(90, 100)), b"\x03\x04", b"")
    finally:
        source.close()


@given(st.text(max_size=150))
def test_any_header_is_parsed_or_refused(header):
    found = parse_range(header, 10)
    assert found is None or 0 <= found[0] < found[1] <= 10


@pytest.mark.parametrize(
    ("name", "plain"),
    [("/x/a b.wav", 'filename="a b.wav"'), ('a"\r\n.wav', 'filename="a___.wav"'), ("", 'filename="sound"'), ("é.wav", 'filename="__.wav"')],
)
def test_names_in_headers(name, plain):
    assert plain in disposition(name, download=True)
