"""Messages over an unbuffered pipe between a process and a worker that it does not trust: JSON and raw arrays, never pickle.

A message is a 4-byte big-endian length, that many bytes of JSON (ASCII, so that any file name survives) and the bytes of
the announced arrays, one after the other. What is read is checked before anything is allocated for it: the length of the
JSON, the dtype against a closed table, the shape, and the size of all arrays together.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from io import FileIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearken.limits import MAX_HEADER_MB, MAX_MESSAGE_MB

Message = dict[str, Any]
Array = NDArray[Any]

DTYPES = {name: np.dtype(name).newbyteorder("<") for name in ("float16", "float32", "float64", "int16", "int32", "int64", "uint8")}
MAX_DIMENSIONS = 8

_LENGTH = struct.Struct(">I")


class WireError(Exception):
    """The other side sent bytes that are no message, or something that is no message was to be sent."""


class ClosedError(WireError):
    """The other side closed the pipe, between two messages or inside one."""


def send(pipe: FileIO, body: Message, arrays: Sequence[Array] = ()) -> None:
    """Write one message. Raises WireError when it cannot be expressed, OSError (BrokenPipeError) when nobody listens."""
    plain = [_little_endian(array) for array in arrays]
    shapes = [[array.dtype.name, *array.shape] for array in plain]
    try:
        header = json.dumps([body, shapes], allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError(f"The message cannot be written as JSON: {error}") from error
    _check_size(len(header), sum(array.nbytes for array in plain))
    _write_all(pipe, memoryview(_LENGTH.pack(len(header)) + header))
    for array in plain:
        if array.nbytes:
            _write_all(pipe, array.reshape(-1).view(np.uint8).data)


def receive(pipe: FileIO) -> tuple[Message, list[Array]]:
    """Read one message: its body and its arrays. Raises ClosedError when the pipe ends, WireError for anything odd."""
    (length,) = _LENGTH.unpack(_read_exactly(pipe, _LENGTH.size))
    _check_size(length, 0)
    body, layouts = _parse(_read_exactly(pipe, length))
    _check_size(length, sum(dtype.itemsize * math.prod(shape) for dtype, shape in layouts))
    return body, [_read_array(pipe, dtype, shape) for dtype, shape in layouts]


def _little_endian(array: Array) -> Array:
    if array.dtype.name not in DTYPES:
        raise WireError(f"Arrays of type {array.dtype} are not sent.")
    return np.ascontiguousarray(array, DTYPES[array.dtype.name]).reshape(array.shape)


def _check_size(header_num_bytes: int, arrays_num_bytes: int) -> None:
    if header_num_bytes > MAX_HEADER_MB * 1_000_000:
        raise WireError(f"A message header of {header_num_bytes} bytes is above the limit of {MAX_HEADER_MB} MB.")
    if arrays_num_bytes > MAX_MESSAGE_MB * 1_000_000:
        raise WireError(f"Arrays of {arrays_num_bytes} bytes are above the limit of {MAX_MESSAGE_MB} MB per message.")


def _parse(header: bytes) -> tuple[Message, list[tuple[np.dtype[Any], tuple[int, ...]]]]:
    try:
        body, layouts = json.loads(header, parse_constant=_refuse_constant)
        if not isinstance(body, dict):
            raise WireError("The body of a message is not a table.")
        return body, [_layout(*layout) for layout in layouts]
    except (ValueError, TypeError, RecursionError) as error:
        raise WireError(f"A message header cannot be read: {error}") from error


def _refuse_constant(name: str) -> None:
    raise WireError(f"A message header holds {name}, which is no JSON.")


def _layout(name: object, *shape: object) -> tuple[np.dtype[Any], tuple[int, ...]]:
    sizes = tuple(size for size in shape if type(size) is int and size >= 0)
    if not isinstance(name, str) or name not in DTYPES or len(sizes) != len(shape) or len(sizes) > MAX_DIMENSIONS:
        raise WireError("A message announces an array of unknown type or impossible shape.")
    return DTYPES[name], sizes


def _read_array(pipe: FileIO, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    try:
        array = np.empty(shape, dtype)
    except (ValueError, OverflowError) as error:  # such as (0, 2**70): no bytes, and yet impossible
        raise WireError(f"A message announces an array of impossible shape: {error}") from error
    if array.nbytes:
        _fill(pipe, array.reshape(-1).view(np.uint8).data)
    return array


def _read_exactly(pipe: FileIO, size: int) -> bytes:
    buffer = bytearray(size)
    _fill(pipe, memoryview(buffer))
    return bytes(buffer)


def _fill(pipe: FileIO, buffer: memoryview) -> None:
    while buffer:
        count = pipe.readinto(buffer)
        if not count:
            raise ClosedError("The pipe was closed.")
        buffer = buffer[count:]


def _write_all(pipe: FileIO, data: memoryview) -> None:
    while data:
        data = data[pipe.write(data) or 0 :]  # a pipe takes what it has room for
