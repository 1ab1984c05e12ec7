"""A worker's module for tests: its handler does what the message says, however bad. ``python -m tests.audio.misbehaving``."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from hearken.audio.wire import Array, Message
from hearken.audio.worker import Report, serve
from hearken.errors import AudioFormatError

Result = tuple[Message, list[Array]]

NOTHING: Result = ({}, [])
held: list[object] = []


def echo(message: Message, report: Report) -> Result:
    body = {"message": message, "args": sys.argv[1:], "pid": os.getpid()}
    return body, [np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros((0, 4), np.int64)]


def say(message: Message, report: Report) -> Result:
    sys.stdout.write("printed by Python\n")
    sys.stdout.flush()
    os.write(1, b"printed by C\n")
    os.write(2, b"said on stderr\n")
    return {"stdin": os.read(0, 10).decode()}, []


def report_four(message: Message, report: Report) -> Result:
    for second in range(4):
        report(float(second))
        time.sleep(0.06)
    return NOTHING


def report_forever(message: Message, report: Report) -> Result:
    while True:
        report(0.0)
        time.sleep(0.06)


def spin_and_report(message: Message, report: Report) -> Result:
    end_s = time.process_time() + message["seconds"]
    while time.process_time() < end_s:
        report(0.0)
    return NOTHING


def spin(message: Message, report: Report) -> Result:
    while True:
        pass


def segfault(message: Message, report: Report) -> Result:
    ctypes.string_at(0)
    return NOTHING


def abort(message: Message, report: Report) -> Result:
    os.abort()


def kill(message: Message, report: Report) -> Result:
    os.kill(os.getpid(), signal.SIGKILL)
    return NOTHING


def sleep(message: Message, report: Report) -> Result:
    time.sleep(message["seconds"])
    return NOTHING


def sleep_holding_the_interpreter(message: Message, report: Report) -> Result:
    ctypes.PyDLL(None).usleep(60_000_000)
    return NOTHING


def allocate(message: Message, report: Report) -> Result:
    held.append(np.ones(message["mb"] * 125_000))
    return NOTHING


def allocate_bit_by_bit(message: Message, report: Report) -> Result:
    while True:
        held.append(np.ones(1_000_000))


def leave(message: Message, report: Report) -> Result:
    os.write(2, b"so long\n")
    os._exit(message["status"])


def bug(message: Message, report: Report) -> Result:
    raise KeyError("a bug\x1b[31m")


def our_error(message: Message, report: Report) -> Result:
    raise AudioFormatError("This is no sound.", "Try another.")


def answer_nan(message: Message, report: Report) -> Result:
    return {"value": float("nan")}, []


def answer_objects(message: Message, report: Report) -> Result:
    return {}, [np.array([object()])]


def write_file(message: Message, report: Report) -> Result:
    with open(message["path"], "wb") as file:
        file.write(b"x")
    return NOTHING


def open_many(message: Message, report: Report) -> Result:
    held.extend(os.dup(2) for _ in range(1000))
    return NOTHING


def flood_stderr(message: Message, report: Report) -> Result:
    for _ in range(300):
        os.write(2, b"x" * 4095 + b"\n")
    os.write(2, b"the last line\n")
    os._exit(3)


def look(message: Message, report: Report) -> Result:
    return {"threads": threading.active_count(), "searches_cwd": os.getcwd() in sys.path}, []


def write_raw(message: Message, report: Report) -> Result:
    """Write bytes that are no message on the pipe that `serve` keeps for itself."""
    os.write(message["fd"], bytes.fromhex(message["bytes"]))
    return NOTHING


DEEDS: dict[str, Callable[[Message, Report], Result]] = {
    deed.__name__: deed
    for deed in (
        echo, say, report_four, report_forever, spin_and_report, spin, segfault, abort, kill, sleep, sleep_holding_the_interpreter, allocate,
        allocate_bit_by_bit, leave, bug, our_error, answer_nan, answer_objects, write_file, open_many, flood_stderr, look, write_raw,
    )
}  # fmt: skip


def handler(message: dict[str, Any], report: Report) -> Result:
    return DEEDS[message["do"]](message, report)


def main() -> None:
    os.write(1, b"libraries talk while they are imported\n")
    if "never ready" in sys.argv:
        time.sleep(60)
    while "babble" in sys.argv:
        os.write(1, b"x" * 1000)
    if "die at once" in sys.argv:
        sys.exit("no such library")
    serve(handler)


if __name__ == "__main__":
    main()
