"""Answers whose bytes may be asked for in part (RFC 9110, section 14): one range at a time, of a file or of bytes in memory.

Never trusted as anything but sound: the media type comes from a closed table, and a browser that is shown the address runs nothing
from it.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import formatdate
from typing import Protocol
from urllib.parse import quote_from_bytes

from anyio.to_thread import run_sync
from fastapi import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from hearken.library.records import FileRecord
from hearken.server.contract import HEAD
from hearken.server.problems import problem, respond
from hearken.server.threads import threads_for

CHUNK_BYTES = 256 * 1024
_MAX_HEADER_CHARS = 100  # two numbers of 20 digits, and room
_RANGE = re.compile(r"\s*bytes\s*=\s*(?:(\d{1,20})\s*-\s*(\d{1,20})?|-\s*(\d{1,20}))\s*", re.ASCII)
_OTHER_UNIT = re.compile(r"\s*(?!bytes\b)[\w!#$%&'*+.^`|~-]+\s*=", re.ASCII)
_SANDBOX = "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
_TYPES = {
    "wav": "audio/wav", "w64": "audio/x-w64", "aiff": "audio/aiff", "au": "audio/basic", "caf": "audio/x-caf", "flac": "audio/flac",
    "mp3": "audio/mpeg", "aac": "audio/aac", "ogg": "audio/ogg", "mp4": "audio/mp4", "matroska": "audio/webm", "wv": "audio/x-wavpack",
    "tta": "audio/x-tta", "ape": "audio/x-ape", "asf": "audio/x-ms-wma", "ac3": "audio/ac3", "eac3": "audio/eac3", "amr": "audio/amr",
}  # fmt: skip


class Source(Protocol):
    """Bytes to send."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...

    def read(self, offset: int, count: int) -> bytes:
        """Return at most `count` bytes from `offset` on; called in a thread."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


@dataclass(frozen=True)
class FileSource:
    """An open file, of `size` bytes when it was opened."""

    descriptor: int
    size: int

    def read(self, offset: int, count: int) -> bytes:
        """Return a part."""
        if hasattr(os, "pread"):
            return os.pread(self.descriptor, count, offset)
        os.lseek(self.descriptor, offset, os.SEEK_SET)  # on Windows; nobody else uses the descriptor
        return os.read(self.descriptor, count)

    def close(self) -> None:
        """Close the file."""
        os.close(self.descriptor)


@dataclass(frozen=True)
class BytesSource:
    """Bytes in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.data)

    def read(self, offset: int, count: int) -> bytes:
        """Return a part."""
        return self.data[offset : offset + count]

    def close(self) -> None:
        """Nothing is open."""


class Ranged(Response):
    """Sends `source`, all or the range that the request asks for, and closes it.

    `etag` names these bytes (without quotes); `name` is what the file is called when it is kept.
    """

    def __init__(
        self,
        source: Source,
        request: Request,
        *,
        etag: str,
        media_type: str,
        name: str,
        download: bool = False,
        cache: str = "private, max-age=0, must-revalidate",
        modified_s: float | None = None,
    ) -> None:
        self._source, self._request, self._etag = source, request, f'"{etag}"'
        self._common = {
            "Accept-Ranges": "bytes",
            "Cache-Control": cache,
            "Content-Disposition": disposition(name, download=download),
            "Content-Security-Policy": _SANDBOX,
            "Content-Type": media_type,
            "ETag": self._etag,
        }
        if modified_s is not None:
            self._common["Last-Modified"] = formatdate(max(0.0, modified_s), usegmt=True)
        super().__init__(headers=self._common)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            await self._answer()(scope, receive, send)
        finally:
            self._source.close()

    def _answer(self) -> Response:
        headers, size = self._request.headers, self._source.size
        if _names(headers.get("if-none-match", ""), self._etag):
            return Response(status_code=304, headers={name: self._common[name] for name in ("ETag", "Cache-Control")})
        wanted = headers.get("range")
        if wanted is not None and headers.get("if-range", self._etag) != self._etag:
            wanted = None  # it is another file by now: all of it
        if wanted is None or (len(wanted) <= _MAX_HEADER_CHARS and _OTHER_UNIT.match(wanted)):
            return self._part(0, size, 200)
        bounds = parse_range(wanted, size)
        if bounds is None:
            refused = {"Content-Range": f"bytes */{size}", "Accept-Ranges": "bytes"}
            return respond(problem(416, f"There is no such range: the file has {size} bytes.", "Ask for one range at a time.", refused))
        return self._part(*bounds, 206)

    def _part(self, start: int, stop: int, status: int) -> Response:
        headers = {**self._common, "Content-Length": str(stop - start)}
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{self._source.size}"
        if self._request.scope.get(HEAD):
            return Response(status_code=status, headers=headers)
        return StreamingResponse(self._chunks(start, stop), status, headers)

    async def _chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
        threads = threads_for(self._request, "send")
        while start < stop:
            chunk = await run_sync(self._source.read, start, min(CHUNK_BYTES, stop - start), limiter=threads)
            if not chunk:
                raise OSError("the file became shorter while it was being sent")  # breaks the connection off: the length was announced
            start += len(chunk)
            yield chunk


def file_body(descriptor: int, request: Request, record: FileRecord, *, download: bool = False) -> Ranged:
    """Return the answer that sends the open file of `record`; its ETag tells the content, and whether the file changed since."""
    status = os.fstat(descriptor)
    etag = f"{record.content_hash[:16]}-{status.st_size:x}-{status.st_mtime_ns:x}"
    source = FileSource(descriptor, status.st_size)
    kind = media_type(record)
    return Ranged(source, request, etag=etag, media_type=kind, name=record.path, download=download, modified_s=status.st_mtime)


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return start and end (one past last) of the one range of bytes that `header` asks for, or None where there is no such range."""
    found = _RANGE.fullmatch(header) if len(header) <= _MAX_HEADER_CHARS else None
    if found is None:
        return None
    first, last, suffix = (None if part is None else int(part) for part in found.groups())
    start = max(0, size - (suffix or 0)) if first is None else first
    stop = size if last is None else min(last + 1, size)
    return (start, stop) if start < stop else None


def _names(header: str, etag: str) -> bool:
    """Say whether an If-None-Match header names `etag`."""
    return header.strip() == "*" or etag in (each.strip().removeprefix("W/") for each in header[:4_000].split(","))


def media_type(record: FileRecord) -> str:
    """Return the media type of a sound file, by its container: never one that a browser would run."""
    return _TYPES.get(record.container, "application/octet-stream")


def disposition(name: str, *, download: bool) -> str:
    """Return the header Content-Disposition for a file that may have any name; of a path, the last part counts."""
    raw = os.fsencode(os.path.basename(name)) or b"sound"
    plain = re.sub(r"[^\w .()+-]", "_", raw.decode("ascii", "replace"), flags=re.ASCII)
    return f"{'attachment' if download else 'inline'}; filename=\"{plain}\"; filename*=UTF-8''{quote_from_bytes(raw, safe='')}"
