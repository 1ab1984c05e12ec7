"""The manifest of the search cache: which block files belong to it, for which state of which library.

It is written last, whole, by an atomic rename, and seals itself with a digest. One that is absent, damaged, of another
layout, library or model is no manifest: the cache is then built anew from the store.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.files import write_whole
from hearken.library.hashing import digest_of

MANIFEST_NAME = "manifest.json"
_LAYOUT = 1


@dataclass(frozen=True)
class BlockItem:
    """One block: its file `name`, and the packed bits of its dead files in base64 (empty when all are alive)."""

    name: str
    dead: str = ""


@dataclass(frozen=True)
class GraphItem:
    """The HNSW graph: names of its file and of the table of the files in it; both carry their digests in their names."""

    name: str
    table: str


@dataclass(frozen=True)
class Manifest:
    """What the cache holds: `generation` of the library `uid`, made by the model of digest `model`, embedding size `dim`."""

    uid: str
    model: str
    dim: int
    generation: int
    blocks: tuple[BlockItem, ...] = ()
    graph: GraphItem | None = None
    layout: int = field(default=_LAYOUT)

    @property
    def names(self) -> set[str]:
        """All files that belong to the cache."""
        graph = {self.graph.name, self.graph.table} if self.graph else set()
        return {MANIFEST_NAME, *(block.name for block in self.blocks), *graph}

    def save(self, folder: Path) -> None:
        """Write the manifest into `folder`. Raises OSError; then the old one is still there."""
        body = asdict(self)
        text = json.dumps({**body, "digest": _digest(body)}, indent=1)
        write_whole(folder / MANIFEST_NAME, [text.encode()])


def pack_mask(alive: NDArray[np.bool_]) -> str:
    """Return the dead among `alive` (F,) as text."""
    return "" if alive.all() else base64.b64encode(np.packbits(~alive).tobytes()).decode()


def unpack_mask(dead: str, num_files: int) -> NDArray[np.bool_]:
    """Return which of `num_files` files are alive (F,)."""
    bits = np.frombuffer(base64.b64decode(dead), np.uint8)
    return ~np.unpackbits(bits, count=num_files).astype(bool) if dead else np.ones(num_files, bool)


def load_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in `folder`, or None where there is none to be trusted."""
    try:
        body = json.loads((folder / MANIFEST_NAME).read_bytes())
        digest = body.pop("digest")
        if digest != _digest(body) or body.pop("layout") != _LAYOUT:
            return None
        graph, blocks = body.pop("graph"), tuple(BlockItem(**item) for item in body.pop("blocks"))
        return Manifest(**body, blocks=blocks, graph=GraphItem(**graph) if graph else None)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # whatever is wrong with it, it is not what `save` wrote


def _digest(body: Mapping[str, Any]) -> str:
    return digest_of([json.dumps(body, sort_keys=True).encode()])
