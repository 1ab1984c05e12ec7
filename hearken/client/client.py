"""The client: one method for each thing that a server does. Errors of the server come back as errors of `hearken.errors`."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from hearken import errors
from hearken.client.records import Found, LibraryStatus, Page, RemoteHit, RemoteSound, record
from hearken.errors import EndpointError, HearkenError, InputError, show

DEFAULT_ADDRESS = "http://127.0.0.1:8642"
_TIMEOUT_S = 60.0
_CHUNK_BYTES = 1 << 16
_KINDS = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, HearkenError)}
Option = str | int | float | bool | Sequence[str] | Sequence[int] | None
_PARAMETERS = {"not_text": "not", "formats": "format", "rates_hz": "rate_hz", "num_channels": "channels", "labels": "label"}


def connect(
    address: str = DEFAULT_ADDRESS, *, token: str | None = None, library: str | None = None, timeout_s: float = _TIMEOUT_S
) -> Client:
    """Return a client of the server at `address`; `library` is the one it asks, by default the server's first.

    Raises EndpointError where no server answers, InputError for an address that is none.
    """
    client = Client(address, token=token, library=library, timeout_s=timeout_s)
    if library is None:
        names = client.about()["libraries"]
        client = Client(address, token=token, library=names[0], timeout_s=timeout_s)
    return client


class Client:
    """A server's library; see `connect`. Holds no connection open. Methods raise EndpointError and what the server itself raised."""

    def __init__(self, address: str, *, token: str | None = None, library: str | None = None, timeout_s: float = _TIMEOUT_S) -> None:
        if not address.startswith(("http://", "https://")):
            raise InputError(f"{show(address)!r} is no address of a server.", f"It looks like {DEFAULT_ADDRESS}.")
        self.address, self.library = address.rstrip("/"), library
        self._token, self._timeout_s = token, timeout_s

    def about(self) -> dict[str, Any]:
        """Return version, names of libraries, limits and features of the server."""
        return self._json("")

    def status(self) -> LibraryStatus:
        """Return what the library holds."""
        return record(LibraryStatus, self._json(self._place("")))

    def search(self, text: str, k: int = 20, **options: Option) -> list[RemoteHit]:
        """Return at most `k` hits for a description of a sound, best first. `options` as of `find`."""
        return list(self.find(text, k, **options).hits)

    def similar(self, sound: int | str | os.PathLike[str], k: int = 20, **options: Option) -> list[RemoteHit]:
        """Return at most `k` hits that sound like one of the library, by its id, or like a file here, which is sent to the server.

        Of a sound of the library, `like_start_s` and `like_end_s` name a stretch. Raises InputError for a file that cannot be read.
        """
        if isinstance(sound, int):
            return list(self.find(None, k, like=sound, **options).hits)
        name = os.path.basename(os.fspath(sound))
        try:
            with open(sound, "rb") as file:
                content = file.read()
        except OSError as error:
            raise InputError(f"{show(os.fspath(sound))} cannot be read: {error.strerror}.") from error
        body, kind = _form(name, content)
        return list(_found(self._json(self._place("/search", {"limit": k, **options}), body=body, kind=kind)).hits)

    def find(self, text: str | None = None, k: int = 20, **options: Option) -> Found:
        """Return the whole answer of a search.

        `options` are those of `hearken.Library.search` (not_text, moments, min_duration_s, max_duration_s, formats, rates_hz, num_channels,
        labels, collection, as_typed) and of the HTTP interface (folder, offset, like, like_start_s, like_end_s, sound_only).
        """
        return _found(self._json(self._place("/search", {"q": text, "limit": k, **options})))

    def sounds(self, offset: int = 0, limit: int = 50, **options: Option) -> Page:
        """Return a page of the sounds; `options` are filters as of `find`, and `sort`: name, duration or added."""
        answer = self._json(self._place("/sounds", {"offset": offset, "limit": limit, **options}))
        return Page(int(answer["total"]), tuple(record(RemoteSound, each) for each in answer["sounds"]))

    def sound(self, sound_id: int) -> dict[str, Any]:
        """Return all that is known of one sound."""
        return self._json(self._place(f"/sounds/{sound_id}"))

    def media(self, sound_id: int) -> bytes:
        """Return the file of a sound as it is."""
        return b"".join(self._chunks(self._place(f"/sounds/{sound_id}/media")))

    def excerpt(self, sound_id: int, start_s: float, end_s: float, format: str = "wav") -> bytes:  # noqa: A002  what the server calls it
        """Return a stretch of a sound as the bytes of a file, wav or flac, with all channels at their own rate."""
        return b"".join(self._chunks(self._place(f"/sounds/{sound_id}/excerpt", {"start_s": start_s, "end_s": end_s, "format": format})))

    def export(self, hits: Sequence[RemoteHit], format: str = "csv", *, pad_s: float = 0.0) -> bytes:  # noqa: A002  as above
        """Return a list of hits as a file: csv, json, m3u, labels (Audacity), raven, or zip with the sounds cut out."""
        items = [{"id": hit.id, "start_s": hit.start_s, "end_s": hit.end_s, "score": hit.score} for hit in hits]
        body = json.dumps({"format": format, "items": items, "pad_s": pad_s}).encode()
        return b"".join(self._chunks(self._place("/export"), body=body, kind="application/json"))

    def _place(self, path: str, parameters: Mapping[str, Any] | None = None) -> str:
        if self.library is None:
            raise InputError("No library is named.", "Use `hearken.client.connect`.")
        given = {_PARAMETERS.get(name, name): _plain(value) for name, value in (parameters or {}).items() if value is not None}
        query = urlencode(given, doseq=True, errors="replace")
        return f"/libraries/{quote(self.library, safe='')}{path}" + (f"?{query}" if query else "")

    def _json(self, place: str, *, body: bytes | None = None, kind: str = "") -> dict[str, Any]:
        try:
            answer = json.loads(b"".join(self._chunks(place, body=body, kind=kind)))
        except ValueError as error:
            raise EndpointError(f"{show(self.address)} answers, but is no Hearken server.") from error
        if not isinstance(answer, dict):
            raise EndpointError(f"{show(self.address)} answers, but is no Hearken server.")
        return answer

    def _chunks(self, place: str, *, body: bytes | None = None, kind: str = "") -> Iterator[bytes]:
        headers = {"Accept": "*/*", **({"Content-Type": kind} if kind else {})}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(f"{self.address}/api/v1{place}", body, headers)  # noqa: S310  checked to be http(s)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy stands before one's own machine
        try:
            with opener.open(request, timeout=self._timeout_s) as answer:
                yield from _read(answer)
        except urllib.error.HTTPError as error:
            raise _told(error) from error
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise EndpointError(
                f"The server at {show(self.address)} does not answer: {show(str(reason))}.", "Start it with `hearken serve`."
            ) from error


def _read(answer: BinaryIO) -> Iterator[bytes]:
    while chunk := answer.read(_CHUNK_BYTES):
        yield chunk


def _plain(value: Option) -> Option:
    return str(value).lower() if isinstance(value, bool) else value


def _found(answer: Mapping[str, Any]) -> Found:
    hits = tuple(record(RemoteHit, each) for each in answer["hits"])
    notes = tuple((answer.get("understood") or {}).get("notes", ()))
    return Found(hits, bool(answer["has_more"]), bool(answer["nothing_fits"]), float(answer["took_ms"]), notes)


def _form(name: str, content: bytes) -> tuple[bytes, str]:
    """Return a multipart form with the one field `sound`, and its media type."""
    boundary = secrets.token_hex(16)
    safe = "".join(char if char.isprintable() and char not in '"\\' else "_" for char in name).encode("utf-8", "replace")
    head = b'--%s\r\nContent-Disposition: form-data; name="sound"; filename="%s"\r\nContent-Type: application/octet-stream\r\n\r\n'
    body = head % (boundary.encode(), safe) + content + b"\r\n--%s--\r\n" % boundary.encode()
    return body, f"multipart/form-data; boundary={boundary}"


def _told(error: urllib.error.HTTPError) -> HearkenError:
    """Return the error that a server answered with, of its own class where we know it."""
    with error:
        try:
            told = json.loads(error.read(_CHUNK_BYTES))["error"]
            code, message, hint = str(told["code"]), str(told["message"]), str(told["hint"])
        except (ValueError, KeyError, TypeError):
            return EndpointError(f"The server answers with status {error.code}, and is perhaps no Hearken server.")
    name = "".join(part.capitalize() for part in code.split("_")) + "Error"
    kind = _KINDS.get(name, EndpointError)
    return kind(message, hint)
