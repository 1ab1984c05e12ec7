"""`hearken serve`: the page and the HTTP API of one or more libraries, for this machine or, with a token, for its network."""

from __future__ import annotations

import os
import secrets
import socket
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import completing, output
from hearken.cli.options import ModelOption, library_folder
from hearken.errors import InputError, MissingExtraError, extra_hint, show

if TYPE_CHECKING:
    from hearken.server.settings import Settings

_GRACE_S = 10


def serve(
    library: Annotated[
        list[Path] | None,
        typer.Option(
            "--library",
            metavar="PATH",
            parser=library_folder,
            autocompletion=completing.library_names,
            help="A library's folder, or its name; may be given several times. Default: as of all commands.",
        ),
    ] = None,
    root: Annotated[
        list[Path] | None,
        typer.Option("--root", metavar="DIR", help="A folder that the page may index into the first library; may be given several times."),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where to listen. Other than this machine itself needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, metavar="N", help="The port; 0 takes a free one.")] = 8642,
    token: Annotated[
        str | None,
        typer.Option("--token", metavar="T", envvar="HEARKEN_TOKEN", help="What callers must know. Made and printed where one is needed."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="Another name by which the server is addressed; may be given several times."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = False,
    model: ModelOption = None,
) -> None:
    """Serve a page to search and listen, and an HTTP API: hearken serve."""
    try:
        from hearken.server.run import run
        from hearken.server.settings import Settings, is_loopback
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "hearken":
            raise
        raise MissingExtraError("The server needs packages that are not installed.", extra_hint("serve")) from error
    from hearken.search.library import default_path

    paths = [Path(os.path.abspath(path.expanduser())) for path in library or [default_path()]]
    roots = tuple(_folder(each) for each in root or ())
    known = token or (None if is_loopback(host) else secrets.token_urlsafe(24))
    with listen(host, port) as listening:
        taken = listening.getsockname()[1]
        settings = Settings(tuple(dict.fromkeys(paths)), host, taken, known, tuple(allow_host or ()), roots, model)
        address = page_address(settings)
        for line in greeting(settings, address):
            output.note(line)
        if open_browser:
            webbrowser.open(address)
        run(settings, listening, grace_s=_GRACE_S)


def _folder(root: Path) -> Path:
    place = Path(os.path.realpath(root.expanduser()))
    if not place.is_dir():
        raise InputError(f"{show(root)} is no folder.", "Name a folder of sounds with --root.")
    return place


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises InputError for an address that is not this machine's, or is in use."""
    try:
        kind, _, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        made = socket.socket(kind, socket.SOCK_STREAM, protocol)  # asyncio sends at once, and not 40 ms later, only if it is told: TCP
    except OSError as error:
        raise InputError(
            f"There is no address {show(host)} to listen on: {error.strerror}.", "Name one of this machine with --host."
        ) from error
    try:
        if os.name != "nt":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(512)
    except OSError as error:
        made.close()
        raise InputError(
            f"The server cannot listen on {show(host)}, port {port}: {error.strerror}.",
            "Another server may be using the port; name another with --port, or 0 for a free one.",
        ) from error
    return made


def page_address(settings: Settings) -> str:
    """Return the address of the page, with the token if one is needed."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, f"[{settings.host}]" if ":" in settings.host else settings.host)  # noqa: S104
    return f"http://{host}:{settings.port}/" + (f"?token={settings.token}" if settings.token else "")


def greeting(settings: Settings, address: str) -> list[str]:
    """Return what to tell when the server starts: where it is, what it shows, and who can reach it."""
    shown = ", ".join(show(path) for path in settings.libraries)
    lines = [f"Hearken is at {address}", f"It shows {shown}. Ctrl-C ends it."]
    if not settings.is_local:
        lines.append(f"Other machines reach it at port {settings.port} with the token {settings.token}; nothing that is sent is encrypted.")
    if not any((path / "library.sqlite").is_file() for path in settings.libraries):
        hint = "start indexing on the page" if settings.roots else "run `hearken index DIR`, or start again with --root DIR"
        lines.append(f"There is no library yet: {hint}.")
    return lines
