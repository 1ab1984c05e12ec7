"""A long sound in pieces, one after the other: what a page that plays it asks for. The file stays open between two pieces.

Legend: `C` channels, `T` samples.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

import numpy as np

from hearken.audio.excerpt import open_spans
from hearken.audio.source import StrPath
from hearken.types import FloatArray


class Pieces:
    """Reads pieces of files. One that begins where the last one ended costs no seeking, wherever it lies and whatever the format."""

    def __init__(self) -> None:
        self._path: StrPath | None = None
        self._place = 0
        self._open = contextlib.ExitStack()
        self._blocks: Iterator[tuple[int, FloatArray]] = iter(())
        self._rest: FloatArray = np.zeros((1, 0), np.float32)

    def read(self, path: StrPath, start: int, stop: int, report: Callable[[float], None] = lambda _: None) -> FloatArray:
        """Return the samples `start` to `stop` (C, T) of the file at `path`, fewer at its end. Raises as `open_spans` does."""
        if (path, start) != (self._path, self._place):
            self.close()
            reader = self._open.enter_context(open_spans(path))
            self._path, self._place, self._blocks = path, start, reader.blocks(start, sys.maxsize, report)
            self._rest = np.zeros((reader.form.num_channels, 0), np.float32)
        parts, count = [self._rest], self._rest.shape[1]
        while count < stop - start and (block := next(self._blocks, None)) is not None:
            parts.append(block[1])
            count += block[1].shape[1]
        joined = np.concatenate(parts, axis=1)
        self._rest = joined[:, stop - start :].copy()
        self._place = stop
        return joined[:, : stop - start]

    def close(self) -> None:
        """Let go of the file."""
        self._open.close()
        self._path, self._blocks = None, iter(())
