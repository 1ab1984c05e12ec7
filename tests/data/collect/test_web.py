"""One request: what comes is given as it is, within its bounds, and what does not come whole is an error."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import pytest

from hearken.data.collect.web import BrokenError, TooLargeError, ask
from tests.data.collect.local_site import Answer, LocalSites

DATA = b"0123456789" * 30_000


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalSites]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with LocalSites() as sites:
        yield sites


def get(sites: LocalSites, answer: Answer, max_bytes: int = 10**6, longest_s: float = 10.0) -> tuple[int, bytes]:
    sites.routes["soundbible", "/x"] = answer
    with ask(sites.urls["soundbible"] + "/x", {"X-Name": "v"}, timeout_s=0.3, longest_s=longest_s) as response:
        return response.status, b"".join(response.chunks(max_bytes))


@pytest.mark.parametrize("status", [200, 301, 404, 503])
def test_every_status_comes_as_it_is(sites: LocalSites, status: int) -> None:
    assert get(sites, Answer(DATA, status, {"Location": "/y"})) == (status, DATA)
    assert sites.log[0].headers["x-name"] == "v"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_packed_bodies_are_unpacked(sites: LocalSites, pack) -> None:
    name = "gzip" if pack is gzip.compress else "deflate"
    assert get(sites, Answer(pack(DATA), headers={"Content-Encoding": name}))[1] == DATA
    with pytest.raises(BrokenError, match="ends too early"):
        get(sites, Answer(pack(DATA)[:-20], headers={"Content-Encoding": name}))
    with pytest.raises(BrokenError, match="is damaged"):
        get(sites, Answer(b"plain", headers={"Content-Encoding": name}))


def test_what_is_too_large_is_refused_packed_or_not(sites: LocalSites) -> None:
    with pytest.raises(TooLargeError, match="300000 bytes are announced, more than 1000"):
        get(sites, Answer(DATA), 1000)
    bomb = gzip.compress(bytes(50_000_000))
    with pytest.raises(TooLargeError, match="more than 100000 bytes came"):
        get(sites, Answer(bomb, headers={"Content-Encoding": "gzip"}), 100_000)


def test_broken_answers(sites: LocalSites) -> None:
    with pytest.raises(BrokenError, match="299900 bytes are missing"):
        get(sites, Answer(DATA, cut=100))
    with pytest.raises(BrokenError, match="timed out"):
        get(sites, Answer(DATA, stall_s=0.6))
    with pytest.raises(BrokenError, match="took too long"):
        get(sites, Answer(DATA), longest_s=-1.0)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "file:///etc/passwd", "http://[::1", "http://127.0.0.1:1/a b"])
def test_addresses_that_lead_nowhere(url: str) -> None:
    with pytest.raises(BrokenError), ask(url, {}, timeout_s=0.3, longest_s=1.0):
        pass
