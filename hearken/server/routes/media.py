"""The files themselves: original bytes, whole or in ranges."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from hearken.server.files import locate, open_file
from hearken.server.filters import SoundPath
from hearken.server.ranged import file_body
from hearken.server.state import LibraryDep

router = APIRouter(tags=["media"])


@router.get(
    "/libraries/{lib}/sounds/{id}/media",
    summary="The file as it is",
    response_class=Response,
    responses={
        200: {"description": "The file.", "content": {"audio/*": {}, "application/octet-stream": {}}},
        206: {"description": "The range that was asked for.", "content": {"audio/*": {}, "application/octet-stream": {}}},
        304: {"description": "The file is as the header If-None-Match says.", "content": None},
        416: {"description": "The file has no such range."},
    },
)
async def media(
    shelved: LibraryDep,
    id: SoundPath,  # noqa: A002  the name in the address
    request: Request,
    download: Annotated[bool, Query(description="as a file to keep")] = False,
) -> Response:
    """Return the bytes of a sound file; understands Range, If-Range, If-None-Match and HEAD."""
    located = await shelved.look(lambda library: locate(library, id))
    return file_body(open_file(located), request, located.record, download=download)
