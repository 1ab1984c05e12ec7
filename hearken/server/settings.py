"""What `hearken serve` was told, checked: which libraries it shows to whom, and the ceilings of one server."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from hearken.audio.crew import num_cores
from hearken.errors import InputError
from hearken.limits import MAX_EXCERPT_S

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8642
MIN_TOKEN_CHARS = 12
_MAX_PORT = 65_535
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True)
class Ceilings:
    """How much one server takes on. Sizes are of whole request bodies; what is above is refused before it is read."""

    max_body_bytes: int = 4_000_000
    max_upload_bytes: int = 50_000_000
    max_uploads: int = 4  # read or decoded side by side; together they bound the disk space and memory that uploads take
    max_upload_s: float = 600.0  # of sound
    body_timeout_s: float = 60.0
    max_requests: int = 128  # at work side by side, pages' event streams not counted
    max_streams: int = 128  # event streams
    max_items: int = 10_000  # of one export or list
    max_excerpt_s: float = float(MAX_EXCERPT_S)  # of sound cut out in one piece


@dataclass(frozen=True)
class Settings:
    """`libraries` are folders; `token` is what a caller must know, None where nobody needs one.

    `allowed_hosts` are names under which the server may be addressed besides those of this machine; `roots` are folders that
    the page may index into the first library; `model` is that of libraries that are still to be made.
    Raises InputError for what makes no sense, and for a server that is open to the network without a token.
    """

    libraries: tuple[Path, ...]
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    roots: tuple[Path, ...] = ()
    model: str | None = None
    num_searchers: int = field(default_factory=lambda: max(2, num_cores()))
    ceilings: Ceilings = Ceilings()

    def __post_init__(self) -> None:
        if not self.libraries:
            raise InputError("A server needs a library.", "Name one: `hearken serve --library PATH`.")
        if not 0 <= self.port <= _MAX_PORT:
            raise InputError(f"A port is a number from 0 to {_MAX_PORT}, not {self.port}.")
        if self.token is not None and len(self.token) < MIN_TOKEN_CHARS:
            raise InputError(
                f"The token is too easy to guess: it needs at least {MIN_TOKEN_CHARS} characters.", "Leave --token out to have one made."
            )
        if not self.is_local and self.token is None:
            raise InputError("A server that other machines can reach needs a token.", "Give --token, or have one made by `hearken serve`.")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @cached_property
    def names(self) -> dict[str, Path]:
        """The libraries by the names that they have in addresses, in the order given."""
        named: dict[str, Path] = {}
        for path in self.libraries:
            base = slug(path.name)
            name, number = base, 2
            while name in named:
                name, number = f"{base}-{number}", number + 1
            named[name] = path
        return named

    def allows_host(self, host: str) -> bool:
        """Say whether a request may address the server as `host` (without its port): a guard against DNS rebinding.

        A foreign page can make its own name stand for this machine, but never an address made of numbers, nor a local name.
        """
        name = host.lower().rstrip(".")
        allowed, own = {each.lower() for each in self.allowed_hosts}, self.host.lower().strip("[]")
        if name in _LOCAL_NAMES or name in allowed:
            return True
        return name == f"[{own}]" or name == own or (not self.is_local and _is_address(name))


def is_loopback(host: str) -> bool:
    """Say whether `host` is this machine as only it sees itself."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def slug(name: str) -> str:
    """Return `name` of a folder as it stands in an address: small letters, digits and hyphens, without our suffix."""
    plain = unicodedata.normalize("NFKD", name.removesuffix(".hearken")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "library"
