import io
import json
import os
import struct
import threading
from io import FileIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearken.audio import wire
from hearken.limits import MAX_HEADER_MB, MAX_MESSAGE_MB


@pytest.fixture
def pipe():
    """Both ends of a pipe, as unbuffered files: (to read from, to write to)."""
    read, write = os.pipe()
    with os.fdopen(read, "rb", buffering=0) as reader, os.fdopen(write, "wb", buffering=0) as writer:
        yield reader, writer


def read_bytes(data: bytes):
    """What `receive` makes of `data` and then the end of the pipe."""
    read, write = os.pipe()

    def fill():
        with os.fdopen(write, "wb") as writer:
            try:
                writer.write(data)
            except BrokenPipeError:
                return

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        with os.fdopen(read, "rb", buffering=0) as reader:
            return wire.receive(reader)
    finally:
        thread.join()


def frame(header: object, payload: bytes = b""):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack(">I", len(header)) + header + payload


def test_bytes_on_the_wire_are_length_json_and_raw_little_endian_samples(pipe: tuple[FileIO, FileIO]):
    reader, writer = pipe
    wire.send(writer, {"a": "é"}, [np.array([[1, 2]], ">i2")])
    header = b'[{"a":"\\u00e9"},[["int16",1,2]]]'
    assert reader.read(1000) == b"\x00\x00\x00\x20" + header + b"\x01\x00\x02\x00"


@pytest.mark.parametrize("dtype", sorted(wire.DTYPES))
def test_arrays_come_back_equal_in_value_type_and_shape(pipe: tuple[FileIO, FileIO], dtype: str):
    reader, writer = pipe
    sent = [np.arange(24, dtype=dtype).reshape(2, 3, 4)[:, ::2].swapaxes(0, 1), np.zeros((0, 5), dtype), np.array(3, dtype)]
    wire.send(writer, {}, sent)
    _, received = wire.receive(reader)
    assert [array.dtype for array in received] == [wire.DTYPES[dtype]] * 3
    assert [array.shape for array in received] == [(2, 2, 4), (0, 5), ()]
    for before, after in zip(sent, received, strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_closed_table_of_types_holds_numbers_only():
    assert sorted(wire.DTYPES) == ["float16", "float32", "float64", "int16", "int32", "int64", "uint8"]


def test_an_array_larger_than_the_pipe_passes_whole(pipe: tuple[FileIO, FileIO]):
    reader, writer = pipe
    sent = np.arange(1_000_000, dtype=np.float32)
    thread = threading.Thread(target=wire.send, args=(writer, {"n": 1}, [sent]))
    thread.start()
    body, (received,) = wire.receive(reader)
    thread.join()
    assert body == {"n": 1}
    np.testing.assert_array_equal(sent, received)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=100).filter(lambda name: b"\0" not in name))
def test_file_names_of_any_bytes_survive(name: str):
    path = os.fsdecode(name)
    body, _ = read_bytes(frame([{"path": path}, []]))
    assert os.fsencode(body["path"]) == name


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.binary(max_size=60).map(frame))
def test_arbitrary_bytes_are_refused_by_name(data: bytes):
    with pytest.raises(wire.WireError):
        read_bytes(data)


HOSTILE = {
    "length above the limit": b"\xff\xff\xff\xff",
    "no JSON": frame(b"{"),
    "not ASCII": frame(b'[{"a":"\xff"},[]]'),
    "not a pair": frame([1, 2, 3]),
    "body is a list": frame([[], []]),
    "NaN": frame(b'[{"a":NaN},[]]'),
    "deep nesting": frame(b"[" * 100_000),
    "unknown type": frame([{}, [["object", 1]]], b"12345678"),
    "type is no text": frame([{}, [[["float32"], 1]]]),
    "no type": frame([{}, [[]]]),
    "negative size": frame([{}, [["float32", -1]]]),
    "size is a fraction": frame([{}, [["float32", 1.0]]]),
    "size is a truth value": frame([{}, [["uint8", True]]], b"1"),
    "a terabyte": frame([{}, [["float32", 250_000_000_000]]]),
    "a terabyte in thousand arrays": frame([{}, [["float32", 250_000_000]] * 1000]),
    "nothing of impossible shape": frame([{}, [["float32", 0, 2**70]]]),
    "too many dimensions": frame([{}, [["uint8"] + [1] * 9]], b"1"),
    "samples missing": frame([{}, [["float32", 2]]], b"1234567"),
    "header missing": struct.pack(">I", 10) + b"[{},[",
    "length cut": b"\x00\x00",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_are_refused(name: str):
    with pytest.raises(wire.WireError):
        read_bytes(HOSTILE[name])


def test_the_end_between_messages_is_told_apart():
    with pytest.raises(wire.ClosedError, match="closed"):
        read_bytes(b"")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", object()])
def test_what_json_cannot_hold_is_refused_before_anything_is_written(pipe: tuple[FileIO, FileIO], value: object):
    reader, writer = pipe
    with pytest.raises(wire.WireError, match="cannot be written as JSON"):
        wire.send(writer, {"value": value})
    os.set_blocking(reader.fileno(), False)
    assert reader.read(1) is None


@pytest.mark.parametrize("dtype", [object, np.complex64, bool, "datetime64[s]", "U3"])
def test_arrays_of_other_types_are_refused(pipe: tuple[FileIO, FileIO], dtype: str):
    with pytest.raises(wire.WireError, match="are not sent"):
        wire.send(pipe[1], {}, [np.zeros(1, dtype)])


def test_messages_above_the_limits_are_refused_by_the_sender(pipe: tuple[FileIO, FileIO]):
    with pytest.raises(wire.WireError, match=f"limit of {MAX_HEADER_MB} MB"):
        wire.send(pipe[1], {"text": "x" * (MAX_HEADER_MB * 1_000_000)})
    huge = np.broadcast_to(np.zeros(1, np.uint8), (100,))
    assert huge.nbytes < MAX_MESSAGE_MB * 1_000_000
    with pytest.raises(wire.WireError, match=f"limit of {MAX_MESSAGE_MB} MB"):
        wire._check_size(10, MAX_MESSAGE_MB * 1_000_000 + 1)


def test_a_writer_that_takes_little_at_a_time_gets_everything():
    class Slow(io.BytesIO):
        def write(self, data: bytes):
            return super().write(bytes(data[:3]))

    slow = Slow()
    wire.send(slow, {"key": "value"}, [np.arange(4, dtype=np.uint8)])
    slow.seek(0)
    body, (array,) = wire.receive(slow)
    assert body == {"key": "value"}
    assert array.tolist() == [0, 1, 2, 3]
