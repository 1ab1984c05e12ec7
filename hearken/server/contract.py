"""The API as its OpenAPI document tells it, and nothing else: what the document does not declare is refused.

The document is FastAPI's, completed here: every operation tells the errors that it may answer with, all in one shape. From it
come the methods that an address takes (also HEAD, wherever GET is) and the query parameters that it knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from hearken import __version__
from hearken.server.problems import not_found, problem, respond

PREFIX = "/api/v1"
DOCUMENT = f"{PREFIX}/openapi.json"
HEAD = "hearken.head"
"""Key of the scope of a request that came as HEAD, for handlers that can save themselves the work of a body."""

_ERRORS = {
    "400": "The request is malformed, or addressed to a name that is not the server's.",
    "401": "The token is missing or wrong; only of servers that have one.",
    "403": "Another site's page sent the request.",
    "404": "There is nothing here.",
    "409": "The library is not there yet, is being written by another process, or belongs to another model.",
    "413": "What was sent, or asked for, is too large.",
    "422": "The parameters make no sense, or there are some that nobody declared.",
    "503": "The server is busy; the header Retry-After says when to come again.",
}
_ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "additionalProperties": False,
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "hint"],
            "additionalProperties": False,
            "properties": {name: {"type": "string"} for name in ("code", "message", "hint")},
        }
    },
}
_ERROR_REF = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_METHODS = ("get", "put", "post", "delete", "patch")


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of `app`, with the errors of every operation."""
    made = get_openapi(
        title="Hearken",
        version=__version__,
        summary="Describe a sound, find it.",
        description="Search libraries of sounds in plain words, hear what was found, and look after it. Times are seconds, "
        "scores are cosines. Every error has one shape.",
        routes=app.routes,
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _ERROR_SCHEMA
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operation in (each[method] for each in made["paths"].values() for method in _METHODS if method in each):
        for status, text in {**_ERRORS, "default": "Any other error."}.items():
            known = operation["responses"].get(status, {})
            operation["responses"][status] = {
                "description": known.get("description", text) if status != "422" else text,
                "content": _ERROR_REF,
            }
    return made


class Operation(NamedTuple):
    """What one address of the API takes: for each method the names of its query parameters."""

    pattern: re.Pattern[str]
    methods: dict[str, frozenset[str]]


def operations(made: dict[str, Any]) -> list[Operation]:
    """Return what an OpenAPI document declares; GET brings HEAD along, but for streams of events, which never end."""
    found = []
    for path, item in made["paths"].items():
        methods = {method.upper(): _query_names(item[method]) for method in _METHODS if method in item}
        if "GET" in methods and not path.endswith("/events"):
            methods["HEAD"] = methods["GET"]
        found.append(Operation(compile_path(path)[0], methods))
    return found


def _query_names(operation: dict[str, Any]) -> frozenset[str]:
    parameters: Iterable[dict[str, Any]] = operation.get("parameters", ())
    return frozenset(parameter["name"] for parameter in parameters if parameter["in"] == "query")


class Contract:
    """Refuses requests to the API that its document does not declare, before anything is done for them."""

    def __init__(self, app: ASGIApp, *, of: FastAPI) -> None:
        self._app, self._of = app, of
        self._operations: list[Operation] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX) or scope["path"] == DOCUMENT:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            await respond(refusal)(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"  # handlers of GET answer it too: the web server leaves the body out
        await self._app({**scope, "method": "GET", HEAD: True} if is_head else scope, receive, send)

    def _refusal(self, scope: Scope) -> Exception | None:
        if self._operations is None:
            self._operations = operations(self._of.openapi())
        known: dict[str, frozenset[str]] = {}
        for operation in self._operations:
            if operation.pattern.match(scope["path"]):
                known |= operation.methods
        if not known:
            return not_found()
        if scope["method"] not in known:
            return problem(405, headers={"Allow": ", ".join(sorted(known))})
        given = {name for name, _ in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)}
        strange = sorted(given - known[scope["method"]])
        if strange:
            return problem(422, f"There is no parameter {strange[0][:40]!r} here.", "The parameters are described in /api/v1/openapi.json.")
        return None
