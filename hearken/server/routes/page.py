"""The page: the built files in `hearken/server/static`, and a plain one where they are absent."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from hearken.server.problems import not_found

STATIC = Path(__file__).resolve().parent.parent / "static"
router = APIRouter(include_in_schema=False)
_ABSENT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hearken</title>
<body style="font:16px system-ui;max-width:34em;margin:10vh auto;padding:0 1em"><h1>Hearken</h1>
<p>The server runs, but its page was not built: run <code>npm ci &amp;&amp; npm run build</code> in the folder <code>web</code>.</p>
<p>The API is at <a href="/api/v1">/api/v1</a>, described in <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
"""
_FOREVER = "public, max-age=31536000, immutable"
_TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".json": "application/json",
    ".txt": "text/plain; charset=utf-8", ".map": "application/json", ".webmanifest": "application/manifest+json",
}  # fmt: skip
"""Not those that the system knows: on Windows any program may have made scripts plain text, and then no browser runs them."""


@router.api_route("/", methods=["GET", "HEAD"])
async def index() -> Response:
    """Return the page."""
    place = STATIC / "index.html"
    if not place.is_file():
        return HTMLResponse(_ABSENT, headers={"Cache-Control": "no-cache"})
    return FileResponse(place, headers={"Cache-Control": "no-cache"}, media_type="text/html; charset=utf-8")


@router.api_route("/{path:path}", methods=["GET", "HEAD"])
async def asset(path: str) -> Response:
    """Return one built file; those below `assets` have a digest in their names, so a browser may keep them for ever."""
    place = _files().get(path)
    if place is None:
        raise not_found()
    cache = _FOREVER if path.startswith("assets/") else "no-cache"
    kind = _TYPES.get(place.suffix, "application/octet-stream")
    return FileResponse(place, headers={"Cache-Control": cache}, media_type=kind)


def _files() -> dict[str, Path]:
    """Return the files of the page by their addresses: there is no other way to a file than to be listed here."""
    return {place.relative_to(STATIC).as_posix(): place for place in STATIC.rglob("*") if place.is_file()}
