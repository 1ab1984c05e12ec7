"""The conversation with an endpoint: one question, an answer or the reason why there is none, within bounds of time and size."""

from __future__ import annotations

import contextlib
import http
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hearken.data.patience import MAX_WAIT_S, PASSING, wait_s
from hearken.data.rephrase.cache import Message, Record
from hearken.data.rephrase.endpoint import KEY_VARIABLE, Endpoint, is_local
from hearken.errors import EndpointError, MissingExtraError, extra_hint, show

if TYPE_CHECKING:
    import urllib3

_MAX_BYTES = 8_000_000
_CHUNK_BYTES = 1 << 16
_MIN_KEY_CHARS = 8  # a shorter one is a placeholder such as "none", and blotting it out would eat words
_SHOWN_CHARS = 300
_AGAIN = PASSING | {409, *range(500, 600)}
_FATAL: dict[int, tuple[str, str]] = {
    http.HTTPStatus.UNAUTHORIZED: ("refuses the key", f"Set ${KEY_VARIABLE} to a valid key."),
    http.HTTPStatus.PAYMENT_REQUIRED: ("wants to be paid", "Look after the account; the same command then goes on."),
    http.HTTPStatus.FORBIDDEN: ("forbids this", f"Look whether the key in ${KEY_VARIABLE} may use the model."),
    http.HTTPStatus.NOT_FOUND: ("knows no such address or model", "Check --endpoint (it mostly ends with /v1) and --model."),
    http.HTTPStatus.METHOD_NOT_ALLOWED: ("takes no questions at this address", "Check --endpoint: it mostly ends with /v1."),
}


@dataclass(frozen=True)
class Failed:
    """No answer came: the `reason` in one word, what the server or the network said, after how many `attempts`."""

    reason: str
    detail: str
    attempts: int = 1
    again: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Client:
    """Asks one endpoint, from several threads at once. `sleep` waits (s) between attempts; if it returns true, there is no other."""

    def __init__(self, endpoint: Endpoint, *, jobs: int = 1, sleep: Callable[[float], object] = time.sleep) -> None:
        self.endpoint = endpoint
        self._sleep = sleep
        self._pool = _pool(endpoint, jobs)
        self._reached = False

    def ask(self, messages: Sequence[Message], key: str) -> Record | Failed:
        """Return the answer to `messages` as a record for the cache under `key`, or why there is none after all attempts.

        Raises EndpointError where no question can be answered: refused, unknown, redirected, or never reached.
        """
        body = json.dumps({"model": self.endpoint.model, "messages": list(messages), **self.endpoint.parameters}).encode()
        failed = Failed("no_attempt", "")
        for attempt in range(1, self.endpoint.attempts + 1):
            answer = self._once(body)
            if not isinstance(answer, Failed):
                return {"key": key, **answer}
            failed = Failed(answer.reason, answer.detail, attempt)
            if not answer.again:
                break
            if attempt < self.endpoint.attempts and self._sleep(min(MAX_WAIT_S, wait_s(attempt, answer.headers))):
                break
        if failed.reason == "unreachable" and not self._reached:
            raise EndpointError(
                f"{show(self.endpoint.base)} cannot be reached: {failed.detail}.", "Is the server running, and is --endpoint right?"
            )
        return failed

    def _once(self, body: bytes) -> dict[str, Any] | Failed:
        import urllib3
        from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError

        deadline_s = time.monotonic() + self.endpoint.timeout_s
        try:
            response = self._pool.request(
                "POST", self.endpoint.address, body=body, headers=self._headers(), timeout=urllib3.Timeout(self.endpoint.timeout_s),
                retries=False, redirect=False, preload_content=False,
            )  # fmt: skip
            self._reached = True
            try:
                content = _read(response, deadline_s)
            finally:
                response.close()
        except (NewConnectionError, ConnectTimeoutError, ProxyError) as error:
            return Failed("unreachable", self._clean(_brief(error)), again=True)
        except (TimeoutError, urllib3.exceptions.TimeoutError) as error:
            return Failed("timeout", self._clean(_brief(error)) or f"no answer within {self.endpoint.timeout_s:g} s", again=True)
        except (HTTPError, OSError) as error:
            return Failed("broken_off", self._clean(_brief(error)), again=True)
        if isinstance(content, Failed):
            return content
        return self._judged(response, self._clean(content.decode("utf-8", "replace")))

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "hearken"}
        return headers | ({"Authorization": f"Bearer {self.endpoint.key}"} if self.endpoint.key else {})

    def _clean(self, text: str) -> str:
        """Blot out the key, also where a server wrote its characters as escapes of JSON."""
        key = self.endpoint.key
        if len(key) < _MIN_KEY_CHARS:
            return text
        if "\\" in text:
            with contextlib.suppress(ValueError, RecursionError):
                text = json.dumps(json.loads(text)).replace(json.dumps(key)[1:-1], "[key]")
        return text.replace(key, "[key]")

    def _judged(self, response: urllib3.BaseHTTPResponse, text: str) -> dict[str, Any] | Failed:
        status = response.status
        if status == http.HTTPStatus.OK:
            return read_answer(text)
        said = _said(text)
        server = show(self.endpoint.base)
        if status in _FATAL or (status == http.HTTPStatus.TOO_MANY_REQUESTS and "insufficient_quota" in text):
            what, hint = _FATAL.get(status, _FATAL[http.HTTPStatus.PAYMENT_REQUIRED])
            raise EndpointError(f"{server} {what} ({status}): {said}", hint)
        if 300 <= status < 400:
            target = show(self._clean(response.headers.get("Location", "elsewhere")))
            raise EndpointError(f"{server} sends us to {target}.", "Give that as --endpoint if you trust it; redirects are not followed.")
        return Failed(f"status_{status}", said, again=status in _AGAIN, headers=response.headers)


def _pool(endpoint: Endpoint, jobs: int) -> urllib3.PoolManager:
    """Connections, through the proxy that the environment names unless the server is on this machine."""
    try:
        import urllib3
    except ImportError as error:
        raise MissingExtraError("Asking a language model needs urllib3.", extra_hint("data")) from error
    parts = urllib.parse.urlsplit(endpoint.base)
    host = parts.hostname or ""
    proxy = None if is_local(host) or urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(parts.scheme)
    return urllib3.ProxyManager(proxy, maxsize=jobs) if proxy else urllib3.PoolManager(maxsize=jobs)


def _read(response: urllib3.BaseHTTPResponse, deadline_s: float) -> bytes | Failed:
    """The body, piece by piece, so that a server that drips cannot hold us beyond the deadline. Raises TimeoutError there."""
    pieces, num_bytes = [], 0
    while piece := response.read1(_CHUNK_BYTES):
        pieces.append(piece)
        num_bytes += len(piece)
        if num_bytes > _MAX_BYTES:
            return Failed("too_large", f"the answer has more than {_MAX_BYTES} bytes")
        if time.monotonic() > deadline_s:
            raise TimeoutError("the answer came too slowly")
    return b"".join(pieces)


def read_answer(text: str) -> dict[str, Any] | Failed:
    """Return what counts in the body of a good response: `text`, `finish_reason`, tokens used, and all of it as `response`.

    A model that refuses in the field `refusal` has said so as its text. Failed for broken JSON (worth another try) and for
    anything that is no chat completion.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return Failed("no_json", f"the body is no JSON: {show(text[:_SHOWN_CHARS])}", again=True)
    if isinstance(body, dict) and "error" in body and not body.get("choices"):
        return Failed("server_error", _said(text), again=True)
    try:
        choice = body["choices"][0]
        message = choice["message"]
        content = message.get("content") or message.get("refusal") or ""
    except (TypeError, KeyError, IndexError, AttributeError):
        return Failed("wrong_shape", f"the body is no chat completion: {show(text[:_SHOWN_CHARS])}")
    if isinstance(content, list):  # some servers answer in parts, as questions may be asked
        content = "".join(part.get("text", "") for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    if not isinstance(content, str):
        return Failed("wrong_shape", "the content of the message is no text")
    usage = body.get("usage")
    finish_reason = choice.get("finish_reason")
    return {
        "text": content.encode("utf-8", "replace").decode().replace("\0", ""),
        "finish_reason": finish_reason if isinstance(finish_reason, str) else None,
        "prompt_tokens": _count(usage, "prompt_tokens"),
        "completion_tokens": _count(usage, "completion_tokens"),
        "response": body,
    }


def _count(usage: object, name: str) -> int | None:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _said(text: str) -> str:
    """What a server said about an error: its message, or the beginning of what came."""
    try:
        error = json.loads(text)["error"]
        found = error.get("message") if isinstance(error, dict) else error
    except (ValueError, RecursionError, KeyError, TypeError):
        found = None
    return show(" ".join((found if isinstance(found, str) and found else text).split())[:_SHOWN_CHARS]) or "nothing is said"


def _brief(error: Exception) -> str:
    """What happened, without the pool and the addresses that urllib3 puts before it."""
    return show(str(error).rsplit(">: ", 1)[-1].rsplit("): ", 1)[-1][:_SHOWN_CHARS])
