"""Who may speak to the server: only under its own names, only its own pages, and on an open network only who knows the token.

* The header Host must name this machine, so that no foreign page can reach the server through a name of its own (DNS rebinding).
* What changes something, and searching by upload, is refused to pages of other sites (Origin, Sec-Fetch-Site). There is no CORS.
* With a token: `Authorization: Bearer TOKEN`, or the cookie that `/?token=TOKEN` and `POST /api/v1/token` set.
"""

from __future__ import annotations

import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.datastructures import Headers as HeaderView
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hearken.server.problems import problem, respond
from hearken.server.settings import Settings

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""What the page may load: nothing from anywhere else. Styles set by scripts are allowed, for waveforms draw theirs."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_COOKIE_AGE_S = 30 * 86_400
_ASK = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Hearken</title>
<body style="font:16px system-ui;max-width:28em;margin:15vh auto;padding:0 1em"><h1>Hearken</h1>
<p>This server is open to the network and asks for its token. Whoever started it has it on the screen.</p>
<form action="/" method="get"><label>Token <input name="token" type="password" autofocus required></label> <button>Enter</button></form>
"""


class Headers:
    """Adds the headers that keep a browser from doing more than it should. Answers of the API are not stored, unless a route says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, sending)


class Guard:
    """Lets only those requests through that the module's rules allow."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on. There are no web sockets here."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = self._refusal(scope, HeaderView(scope=scope))
        await (answer or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: HeaderView) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._settings.allows_host(_without_port(hosts[0])):
            return respond(problem(400, "The server does not go by this name.", "Name it with `hearken serve --allow-host`."))
        if scope["method"] not in _SAFE and _is_foreign(headers, hosts[0]):
            return respond(problem(403, "A page of another site may not do this."))
        token = self._settings.token
        return None if token is None else _token_answer(scope, headers, token, self._settings.port)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _is_foreign(headers: HeaderView, host: str) -> bool:
    """Say whether a browser sent the request for a page of another site. Programs that are no browsers send neither header."""
    origin = headers.get("origin")
    if origin is not None and _place_of(origin) != host.lower():
        return True
    return headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}


def _place_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # brackets that hold no address
        return None


def _token_answer(scope: Scope, headers: HeaderView, token: str, port: int) -> Response | None:
    """Return None for a caller who knows the token; else where to enter it, or the cookie for one who has just named it."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    if (kind.lower() == "bearer" and _same(given.strip(), token)) or _same(_cookie(headers, cookie_name(port)), cookie_value(token)):
        return None
    if scope["path"].startswith("/api/"):
        if scope["path"] == "/api/v1/token" and scope["method"] == "POST":
            return None  # the route compares it
        return respond(
            problem(401, "The token is missing or wrong.", "Send it as `Authorization: Bearer TOKEN`.", {"WWW-Authenticate": "Bearer"})
        )
    query = parse_qs(scope["query_string"].decode("latin-1"))
    named = query.pop("token", [""])[-1]
    if named and _same(named, token):
        rest = urlencode(query, doseq=True)
        answer: Response = RedirectResponse(
            "/" + scope["path"].lstrip("/") + (f"?{rest}" if rest else ""), 303
        )  # two slashes would name a host
        set_cookie(answer, token, port)
        return answer
    return HTMLResponse(_ASK, 401, {"Cache-Control": "no-store"})


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def knows_token(given: str, settings: Settings) -> bool:
    """Say whether `given` is the server's token; of a server without one, everything is."""
    return settings.token is None or _same(given, settings.token)


def cookie_name(port: int) -> str:
    """Return the name of the cookie: cookies are shared by all ports of a machine, tokens are not."""
    return f"hearken_{port}"


def cookie_value(token: str) -> str:
    """Return what the cookie holds: it proves that the token was known, and does not tell it."""
    return hashlib.sha256(b"hearken cookie " + token.encode("utf-8", "replace")).hexdigest()


def set_cookie(answer: Response, token: str, port: int) -> None:
    """Give the browser the cookie that stands for the token: no script can read it, and no other site's page can use it."""
    answer.set_cookie(cookie_name(port), cookie_value(token), max_age=_COOKIE_AGE_S, path="/", httponly=True, samesite="strict")
    answer.headers["Cache-Control"] = "no-store"


def _cookie(headers: HeaderView, name: str) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load("; ".join(headers.getlist("cookie")))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""
