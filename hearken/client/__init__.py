"""Python client of a Hearken server, over the standard library alone: `hearken.client.connect("http://127.0.0.1:8642")`."""

from __future__ import annotations

from hearken.client.client import Client, connect
from hearken.client.records import Found, LibraryStatus, Page, RemoteHit, RemoteSound

__all__ = ["Client", "Found", "LibraryStatus", "Page", "RemoteHit", "RemoteSound", "connect"]
