"""The one shape of every error: `{"error": {"code", "message", "hint"}}`, whoever refuses and why.

Routes raise the errors of `hearken.errors`, or what `not_found` and `problem` return. Messages never tell where on the disk
something lies: folders above the roots of the libraries are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from hearken import errors
from hearken.errors import HearkenError, show

_CODES = {
    400: "bad_request", 401: "token_needed", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 408: "too_slow",
    409: "conflict", 411: "length_needed", 413: "too_large", 415: "wrong_type", 416: "no_such_range", 422: "invalid", 429: "too_many",
    431: "too_large", 500: "internal", 501: "not_installed", 503: "busy", 507: "disk_full",
}  # fmt: skip
_MESSAGES = {
    404: ("There is nothing here.", ""),
    405: ("This address does not take that method.", "The header Allow lists those it takes."),
    500: ("Something went wrong in the server.", "Its output tells more; `hearken doctor` examines the library."),
}
_STATUSES: tuple[tuple[type[HearkenError], int], ...] = (
    (errors.AudioReadError, 404),
    (errors.AudioLimitError, 413),
    (errors.InputError, 422),
    (errors.LibraryNotFoundError, 409),
    (errors.LockedError, 409),
    (errors.ModelMismatchError, 409),
    (errors.FormatVersionError, 409),
    (errors.DiskFullError, 507),
    (errors.MissingExtraError, 501),
)
_FOLDERS = re.compile(r"(?<![\w:/.…])/(?:[^/\s'\"`:]+/)+")


class Refusal(HTTPException):
    """An answer that is no success: `detail` says what is wrong, `hint` what to do, `code` is for programs."""

    def __init__(self, status: int, code: str, message: str, hint: str, headers: Mapping[str, str]) -> None:
        super().__init__(status, message, dict(headers))
        self.code, self.hint = code, hint


def problem(status: int, message: str = "", hint: str = "", headers: Mapping[str, str] | None = None, code: str = "") -> Refusal:
    """Return what a route raises to answer with this HTTP `status`; `code` is the status's own where none is given."""
    told, advice = _MESSAGES.get(status, (HTTPStatus(status).phrase + ".", ""))
    return Refusal(status, code or _CODES.get(status, "refused"), message or told, hint or ("" if message else advice), headers or {})


def not_found() -> Refusal:
    """Return the one answer to everything that is not there or may not be seen: always the same, so it tells nothing."""
    return problem(404)


def status_of(error: HearkenError) -> int:
    """Return the HTTP status that an error of our tree is answered with; 500 where the fault is on this side."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def code_of(error: HearkenError) -> str:
    """Return the code of an error: its class in snake case, such as `library_not_found`."""
    name = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def without_folders(text: str) -> str:
    """Return `text` with the folders of absolute paths left out: `/home/me/a.wav` becomes `…/a.wav`."""
    return _FOLDERS.sub("…/", text)


def body(code: str, message: str, hint: str = "") -> dict[str, Any]:
    """Return the JSON of an error."""
    return {"error": {"code": code, "message": show(message), "hint": show(hint)}}


def told(error: HearkenError) -> dict[str, Any]:
    """Return the JSON of an error of our tree."""
    return body(code_of(error), without_folders(error.message), without_folders(error.hint))


def respond(error: Exception) -> JSONResponse:
    """Return the answer to anything that was raised."""
    if isinstance(error, Refusal):
        return JSONResponse(body(error.code, error.detail, error.hint), error.status_code, dict(error.headers or {}))
    if isinstance(error, HTTPException):  # raised by the framework itself, which says well what is wrong with a form
        reason = error.detail if error.status_code == HTTPStatus.BAD_REQUEST else ""
        return respond(problem(error.status_code, reason, headers=error.headers))
    if isinstance(error, errors.AudioReadError):
        return respond(not_found())
    if isinstance(error, HearkenError):
        return JSONResponse(told(error), status_of(error))
    if isinstance(error, RequestValidationError):
        return respond(_invalid(error))
    return respond(problem(500))


def _invalid(error: RequestValidationError) -> Refusal:
    """Return what is wrong with the parameters of a request; in a path, they name something that is not there."""
    faults = error.errors()
    if any(fault["loc"][:1] == ("path",) for fault in faults):
        return not_found()
    told = [f"{'.'.join(str(part) for part in fault['loc'][1:]) or 'The body'}: {fault['msg']}" for fault in faults[:5]]
    return problem(422, f"The request is not understood. {'; '.join(told)}.", "The parameters are described in /api/v1/openapi.json.")


def install(app: FastAPI) -> None:
    """Make `app` answer all errors in the one shape."""

    async def answer(_: Request, error: Exception) -> JSONResponse:
        return respond(error)

    for kind in (HTTPException, RequestValidationError, HearkenError, Exception):
        app.add_exception_handler(kind, answer)
