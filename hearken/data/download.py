"""Files from the web: whole and checked, or not at all.

Bytes go to `NAME.part`; a run that was cut off goes on from there (HTTP ranges, guarded by the server's own mark of the
file's version); when all is there and its size and digest are right, a rename makes it visible. Only `http` and `https`.
Servers that are busy or broken for a moment are asked again, after a while that grows, or that they name themselves.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from pathlib import Path
from typing import Any

from hearken.data import partial
from hearken.data.patience import MAX_WAIT_S, PASSING, wait_s
from hearken.errors import DownloadError, show
from hearken.types import Progress, silent

Sleep = Callable[[float], None]
"""Waits for so many seconds; tests hand in one that does not."""
TIMEOUT_S = 30.0
_ATTEMPTS = 5  # requests in a row that may fail; one that brought something starts the count anew
_CHUNK_BYTES = 1 << 18
_AGAIN = "Run the command again to go on."
_MOVED = "The file may have moved: open the address in a browser."
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)")


@dataclass(frozen=True)
class Expected:
    """What is known of a file before it comes: `size` in bytes, `sha256` and `md5` in hex; None where nobody published it."""

    size: int | None = None
    sha256: str | None = None
    md5: str | None = None

    @property
    def has_digest(self) -> bool:
        """Say whether a wrong file would be noticed for sure."""
        return bool(self.sha256 or self.md5)


def download(
    urls: str | Sequence[str],
    path: Path,
    expected: Expected | None = None,
    *,
    on_progress: Progress | None = None,
    timeout_s: float = TIMEOUT_S,
    sleep: Sleep = time.sleep,
) -> str:
    """Bring the file at `urls` to `path` and return its SHA-256 in hex; a file that is already there is only checked.

    Several URLs are the parts of one file, in order. `timeout_s` bounds each wait for the server's next bytes, `sleep` waits
    between requests after timeouts, broken connections and answers such as 429 and 503, whose Retry-After is kept to.
    Raises DownloadError, which says how to go on without a network, when the server cannot be reached five times in a row,
    refuses, asks to wait for more than MAX_WAIT_S, or brings something else than `expected`.
    """
    import filelock

    urls = [urls] if isinstance(urls, str) else list(urls)
    expected = expected or Expected()
    for url in urls:
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise DownloadError(f"The address {show(url)} is neither http nor https.", "Give the path of the file instead.")
    if path.is_file():
        return _checked(path, expected, urls, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(_beside(path, ".lock"), timeout=0)
    try:
        with lock:
            try:
                if not path.is_file():
                    _bring(_Job(urls, urls[0], path, partial.part_of(path), expected, on_progress or silent, timeout_s, sleep))
            finally:
                _beside(path, ".lock").unlink(missing_ok=True)
    except filelock.Timeout as error:
        raise DownloadError(f"Another process is bringing {show(path)} just now.", "Wait until it is done.") from error
    except OSError as error:
        raise DownloadError(f"The download to {show(path)} failed: {error.strerror or error}.", _way_out(urls, path)) from error
    return _sha256(path)


def _bring(job: _Job) -> None:
    if len(job.urls) == 1:
        _fetch(job)
    else:
        _fetch_parts(job)
    _checked(job.part, job.expected, job.urls, job.path, discard=True)
    partial.finish(job.part, job.path)


def _fetch_parts(job: _Job) -> None:
    """Bring every part to a file of its own, then put them in a row."""
    pieces = [_beside(job.path, f".part{number}") for number in range(1, len(job.urls) + 1)]
    before = 0
    for url, piece in zip(job.urls, pieces, strict=True):
        if not piece.is_file():
            temp = partial.part_of(piece)
            _fetch(replace(job, url=url, part=temp, expected=Expected(), on_progress=_shifted(job.on_progress, before)))
            partial.finish(temp, piece)
        before += piece.stat().st_size
    with job.part.open("wb") as whole:
        for piece in pieces:
            with piece.open("rb") as file:
                shutil.copyfileobj(file, whole, _CHUNK_BYTES)
    for piece in pieces:
        piece.unlink()


def _shifted(on_progress: Progress, before: int) -> Progress:
    return lambda done, total: on_progress(before + done, None)  # noqa: ARG005 - the size of parts to come is unknown


@dataclass(frozen=True)
class _Job:
    """One URL on its way into `part`; `urls` and `path` are what the user asked for."""

    urls: list[str]
    url: str
    path: Path
    part: Path
    expected: Expected
    on_progress: Progress
    timeout_s: float
    sleep: Sleep

    def error(self, message: str, first: str = _AGAIN) -> DownloadError:
        return DownloadError(message, _way_out(self.urls, self.path, first))


def _fetch(job: _Job) -> None:
    """Fill `job.part`, going on after failures that may pass as long as now and then something comes."""
    failures = 0
    while True:
        before = partial.num_bytes(job.part)
        try:
            if _fetch_once(job):
                return
            continue
        except urllib.error.HTTPError as error:
            error.close()
            if error.code not in PASSING:
                raise job.error(f"The server refused {show(job.url)}: {error.code} {show(str(error.reason))}.", _MOVED) from error
            failure: Exception = error
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            failure = error
        has_grown = partial.num_bytes(job.part) > before
        failures = 0 if has_grown else failures + 1
        if failures == _ATTEMPTS:
            raise _gave_up(job, failure) from failure
        if not has_grown:
            _wait(job, failure, failures)


def _gave_up(job: _Job, failure: Exception) -> DownloadError:
    reason: object = failure.reason if isinstance(failure, urllib.error.URLError) else failure
    text = f"{failure.code} {reason}" if isinstance(failure, urllib.error.HTTPError) else str(reason) or type(failure).__name__
    num_kept = partial.num_bytes(job.part)
    kept = f" {num_kept} bytes are kept." if num_kept else ""
    return job.error(f"The download of {show(job.url)} broke off: {show(text)}.{kept}")


def _wait(job: _Job, failure: Exception, failures: int) -> None:
    """Wait after so many failures in a row, unless the server asks for more than MAX_WAIT_S."""
    seconds = wait_s(failures, dict(failure.headers) if isinstance(failure, urllib.error.HTTPError) else None)
    if seconds > MAX_WAIT_S:
        message = f"The server of {show(job.url)} is busy and asks to come back in {seconds:.0f} s."
        raise job.error(message, "Run the command again then.") from failure
    job.sleep(seconds)


def _fetch_once(job: _Job) -> bool:
    """Ask once for what is missing and write what comes. True when the file is complete, False to ask again."""
    have, version = _resumable(job)
    request = urllib.request.Request(job.url, headers={"Accept-Encoding": "identity", "User-Agent": "hearken"})  # noqa: S310 - scheme was checked
    if have:
        request.add_header("Range", f"bytes={have}-")
        if version:
            request.add_header("If-Range", version)
    try:
        response = _opener().open(request, timeout=job.timeout_s)
    except urllib.error.HTTPError as error:
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not have:
            raise
        error.close()
        if _total(error.headers) == have:
            return True
        job.part.unlink()
        return False
    with response:
        return _write(job, response, have)


def _write(job: _Job, response: Any, have: int) -> bool:  # noqa: ANN401 - urllib's responses have no common type
    headers: Message = response.headers
    if "text/html" in headers.get("Content-Type", "") and job.path.suffix not in (".html", ".htm"):
        raise job.error(f"The server answered with a web page instead of the file {show(job.url)}.", _MOVED)
    resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
    if resumed and not (headers.get("Content-Range") or "").startswith(f"bytes {have}-"):
        job.part.unlink(missing_ok=True)
        raise http.client.HTTPException("another part came than was asked for")
    start = have if resumed else 0
    length = headers.get("Content-Length")
    total = start + int(length) if length and length.isdecimal() else None
    _check_offer(job, total, start)
    if not resumed:
        partial.begin(job.part, job.url, partial.version_of(headers.get("ETag"), headers.get("Last-Modified")))
    done = start
    with job.part.open("r+b" if resumed else "wb") as file:
        file.seek(start)
        while chunk := response.read1(_CHUNK_BYTES):  # `read` would lose the beginning of a chunk whose rest never comes
            file.write(chunk)
            done += len(chunk)
            job.on_progress(done, total)
        file.flush()
        os.fsync(file.fileno())
    if total is not None and done < total:
        raise http.client.IncompleteRead(b"", total - done)
    return True


def _check_offer(job: _Job, total: int | None, start: int) -> None:
    """Refuse, before anything is written, a file of the wrong size or one that the disk cannot hold."""
    if total is None:
        return
    if job.expected.size is not None and total != job.expected.size:
        job.part.unlink(missing_ok=True)
        raise job.error(f"The server offers {total} bytes for {show(job.url)}; the published file has {job.expected.size}.", _MOVED)
    if shutil.disk_usage(job.part.parent).free < total - start:
        raise job.error(f"The disk of {show(job.part.parent)} has no room for {total} bytes.", "Make room and run the command again.")


def _resumable(job: _Job) -> tuple[int, str]:
    """Bytes of `job.part` to go on from, and the version that they are of; 0 if it cannot be known to be the same file."""
    have, version = partial.kept(job.part, job.url)
    return (have, version) if version or job.expected.has_digest else (0, "")


def _total(headers: Message) -> int | None:
    found = _RANGE.fullmatch(headers.get("Content-Range") or "")
    return int(found[2]) if found else None


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but not from https to http."""

    def redirect_request(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:  # noqa: ANN401
        if req.type == "https" and not newurl.startswith("https:"):
            raise urllib.error.HTTPError(newurl, code, "redirect to an address without encryption", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """An opener for http and https alone: no files, no ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(), _NoDowngrade(),
        urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor(), urllib.request.UnknownHandler(),
    ):  # fmt: skip
        opener.add_handler(handler)
    return opener


def _checked(file: Path, expected: Expected, urls: list[str], path: Path, *, discard: bool = False) -> str:
    """Return the SHA-256 of `file`. Raises DownloadError, and removes it if told to `discard`, when it is another one."""
    wrong = list(_differences(file, expected))
    if not wrong:
        return _sha256(file)
    if discard:
        partial.discard(file)
        raise DownloadError(f"What came for {show(path)} is not the published file: {wrong[0]}.", _way_out(urls, path))
    raise DownloadError(f"The file {show(path)} is not the published one: {wrong[0]}.", "Remove it, and the command brings it again.")


def verify(file: Path, expected: Expected) -> str:
    """Return the SHA-256 of `file` in hex. Raises DownloadError if it is not what is `expected`."""
    return _checked(file, expected, [], file)


def _differences(file: Path, expected: Expected) -> Iterator[str]:
    size = file.stat().st_size
    if expected.size not in (None, size):
        yield f"it has {size} bytes, not {expected.size}"
    for name, wanted in (("sha256", expected.sha256), ("md5", expected.md5)):
        if wanted:
            with file.open("rb") as stream:
                found = hashlib.file_digest(stream, name).hexdigest()
            if found != wanted.lower():
                yield f"its {name.upper()} is {found}, not {wanted}"


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _way_out(urls: Sequence[str], path: Path, first: str = _AGAIN) -> str:
    what = urls[0] if len(urls) == 1 else f"the {len(urls)} parts from {urls[0]} on, joined in order,"
    return f"{first} Without a network: get {show(what)} elsewhere and put it at {show(path)}."


def tidy(path: Path) -> None:
    """Remove what a download that was killed after its last step left beside the whole file at `path`. Raises OSError."""
    partial.discard(partial.part_of(path))
    _beside(path, ".lock").unlink(missing_ok=True)


def num_bytes_there(path: Path) -> int:
    """Return how many bytes of the file that will be at `path` an earlier download has left."""
    return partial.num_bytes(partial.part_of(path))


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)
