"""Libraries as tools for an assistant, by the Model Context Protocol (the official SDK `mcp`, extra `mcp`) over stdin and stdout.

What the tools do is in `desk.py`; here are their names, parameters and descriptions, which is all that an assistant sees. A failure that
was foreseen comes as a tool error with its hint; everything else as the SDK's own. Standard output belongs to the protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from hearken import __version__
from hearken.errors import HearkenError
from hearken.server.desk import MAX_LIMIT, Desk, Narrowing, Values

_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_WRITES = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

LibraryName = Annotated[str | None, Field(description="Name of the library; may be left out where there is only one.")]
SoundId = Annotated[int, Field(ge=1, description="The id of a sound, from a search.")]
Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="How many sounds at most.")]
Seconds = Annotated[float | None, Field(ge=0, description="Seconds.")]
Folder = Annotated[
    str | None, Field(description="Only sounds below a folder of this name, or whose path fits a pattern such as */field/*.")
]
Names = Annotated[list[str] | None, Field(description="Any of these will do.")]


def make_server(desk: Desk) -> MCPServer[Any]:
    """Return the server that answers for `desk`; the tool that writes excerpts is there only where a folder for them was allowed."""
    server: MCPServer[Any] = MCPServer(
        "hearken",
        title="Hearken: search in sound libraries",
        instructions=(
            "Finds sounds in the user's own sound libraries by describing them in plain English, offline. Hits have an id, a path and the time "
            "of the moment that fits. `confidence` says how likely a hit is what was asked for; hits marked `weak` are probably not. "
            f"Libraries: {', '.join(desk.names)}."
        ),
        version=__version__,
        log_level="WARNING",
    )
    _add_searching(server, desk)
    _add_reading(server, desk)
    if desk.out is not None:
        _add_cutting(server, desk)
    return server


def _add_searching(server: MCPServer[Any], desk: Desk) -> None:
    @server.tool(annotations=_READS)
    def search_sounds(
        text: Annotated[str, Field(description="The sound in plain words, such as 'rain on a tin roof'.", min_length=1, max_length=1000)],
        without: Annotated[str | None, Field(description="What it should not sound like.", max_length=1000)] = None,
        limit: Limit = 10,
        library: LibraryName = None,
        min_duration_s: Seconds = None,
        max_duration_s: Seconds = None,
        folder: Folder = None,
        formats: Names = None,
        labels: Names = None,
        collection: str | None = None,
    ) -> dict[str, Any]:
        """Find sounds by describing them. Each sound comes once, with the moment that fits best."""
        narrowing = Narrowing(min_duration_s, max_duration_s, folder, formats or (), labels or (), collection)
        return _answered(partial(desk.search, library, text, without, limit, narrowing))

    @server.tool(annotations=_READS)
    def similar_sounds(
        id: SoundId,  # noqa: A002  what the answers call it
        start_s: Seconds = None,
        end_s: Seconds = None,
        limit: Limit = 10,
        library: LibraryName = None,
        folder: Folder = None,
    ) -> dict[str, Any]:
        """Find sounds that sound like one of the library, or like the stretch of it from start_s to end_s."""
        return _answered(partial(desk.similar, library, id, (start_s, end_s), limit, Narrowing(folder=folder)))


def _add_reading(server: MCPServer[Any], desk: Desk) -> None:
    @server.tool(annotations=_READS)
    def describe_library(library: LibraryName = None) -> dict[str, Any]:
        """Tell what a library holds: how many sounds, how long, formats, folders, labels, collections and saved searches."""
        return _answered(partial(desk.describe, library))

    @server.tool(annotations=_READS)
    def sound_details(id: SoundId, library: LibraryName = None) -> dict[str, Any]:  # noqa: A002
        """Tell all that is known of one sound: format, length, tags, labels, the user's note, copies."""
        return _answered(partial(desk.details, library, id))

    @server.tool(annotations=_READS)
    def read_collection(name: str, limit: Limit = 20, library: LibraryName = None) -> dict[str, Any]:
        """List the sounds of one of the user's collections, newest first; describe_library names them."""
        return _answered(partial(desk.collection, library, name, limit))

    @server.resource("hearken://libraries", title="Libraries", mime_type="application/json")
    def libraries() -> dict[str, Any]:
        """What the libraries hold, by name."""
        return {name: _answered(partial(desk.describe, name)) for name in desk.names}


def _add_cutting(server: MCPServer[Any], desk: Desk) -> None:
    @server.tool(annotations=_WRITES)
    def cut_excerpt(
        id: SoundId,  # noqa: A002
        start_s: Annotated[float, Field(ge=0, description="Where it begins, in seconds.")],
        end_s: Annotated[float, Field(gt=0, description="Where it ends.")],
        library: LibraryName = None,
    ) -> dict[str, Any]:
        """Cut a stretch of a sound out, without loss, into a FLAC file in the folder that the user allowed, and tell where it is."""
        return _answered(partial(desk.excerpt, library, id, start_s, end_s))


def _answered(ask: Callable[[], Values]) -> Values:
    """Return an answer, or raise the tool error that tells an assistant what went wrong and what can be done."""
    try:
        return ask()
    except HearkenError as error:
        raise ToolError(f"{error.message} {error.hint}".strip()) from error
