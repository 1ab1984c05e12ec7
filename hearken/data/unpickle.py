"""Plain values out of a pickle, without running it: some corpora are published as `.pkl` files of dictionaries and lists.

A pickle is a program; the usual reader runs it and calls whatever the file names. This one knows the few instructions that
build plain values (None, booleans, numbers, text, lists, tuples, dictionaries) and refuses all others. `defaultdict`, which
such files are made of, becomes a dictionary; no name in a file is ever looked up. The instructions are decoded by
`pickletools`, which does not run them either.
"""

from __future__ import annotations

import pickletools
import re
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from hearken.data.rows import fail, read_text
from hearken.errors import show
from hearken.limits import MAX_PICKLE_DEPTH, MAX_PICKLE_MB

_MAX_PROTOCOL = 5
_MAX_INT_BITS = 64
_SHOWN_CHARS = 80
_UNPRINTABLE = re.compile(r"[\x00\ud800-\udfff]")
_HINT = "Get the file again from its publisher; a pickle of anything but plain values is not read."
_MODULES = ("builtins", "__builtin__", "collections")  # protocols 0 to 2 have the names of Python 2
_EMPTY: dict[str, Callable[[], Any]] = {"defaultdict": dict, "dict": dict, "list": list}
_TYPES = (*_EMPTY, "str", "int", "unicode", "long")


@dataclass(frozen=True)
class _Name:
    """A class that the file names; a marker, not the class."""

    name: str


def read_pickle(path: Path) -> Any:  # noqa: ANN401 - like JSON
    """Return the plain value in a pickle of protocol 0 to 5.

    Raises MissingDataError; DataError, which names the file and the byte, for a damaged or truncated pickle, for any instruction
    or class that plain values do not need, for text that cannot be stored, and beyond `MAX_PICKLE_MB` or `MAX_PICKLE_DEPTH`.
    A list or dictionary that is used in two places is refused as well: a few bytes of such could be read as a huge value.
    """
    content = read_text(path, "latin-1", max_mb=MAX_PICKLE_MB).encode("latin-1")  # read_text names the fault of a file; bytes survive
    machine = _Machine(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of unknown escapes
            for code, argument, place in pickletools.genops(content):
                machine.place = place or 0
                machine.step(code.name, argument)
    except (ValueError, OverflowError, struct.error) as error:
        machine.fail(f"it is damaged: {show(str(error)[:_SHOWN_CHARS])}")
    if machine.place + 1 != len(content):
        machine.fail("there is something behind its end")
    return machine.result()


class _Machine:
    """The stack machine that a pickle is written for, with the harmless instructions alone. `place` is the byte that it is at."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = 0
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def fail(self, message: str) -> NoReturn:
        """Raise a DataError about the instruction at `place`."""
        fail(self.path, None, f"this pickle cannot be read: {message} (byte {self.place}).", _HINT)

    def step(self, name: str, argument: Any) -> None:  # noqa: ANN401 - whatever the instruction carries
        """Do one instruction."""
        if name in _VALUES:
            self._push(argument if name not in _CONSTANTS else _CONSTANTS[name]())
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        else:
            self.fail(f"{name} is no instruction of plain values")

    def result(self) -> Any:  # noqa: ANN401
        """Return the one value that is left, if all in it is plain and not nested too deeply."""
        if len(self._stack) != 1 or self._marks:
            self.fail("it ends without a value")
        inner: list[Any] = self._stack
        for _ in range(MAX_PICKLE_DEPTH + 1):
            inner = [item for value in inner for item in self._inside(value)]
        if inner:
            self.fail(f"its values are nested more than {MAX_PICKLE_DEPTH} deep")
        return self._stack[0]

    def _inside(self, value: Any) -> list[Any]:  # noqa: ANN401
        if isinstance(value, dict):
            return [*value.keys(), *value.values()]
        if isinstance(value, list | tuple):
            return list(value)
        if isinstance(value, _Name):
            self.fail(f"the class {value.name!r} is no plain value")
        return []

    def _push(self, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, str) and _UNPRINTABLE.search(value):
            self.fail("a text holds a character that is no text")
        if isinstance(value, int) and value.bit_length() > _MAX_INT_BITS:
            self.fail(f"a number has more than {_MAX_INT_BITS} bits")
        self._stack.append(value)

    def _pop(self) -> Any:  # noqa: ANN401
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            self.fail("an instruction has nothing to work on")
        return self._stack.pop()

    def _several(self) -> list[Any]:
        """Take what lies above the last mark, and the mark."""
        if not self._marks:
            self.fail("a mark is missing")
        start = self._marks.pop()
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _onto(self, kind: type) -> Any:  # noqa: ANN401
        """Return the value on top, which has to be a `kind` and stays."""
        value = self._pop()
        if not isinstance(value, kind):
            self.fail(f"a {kind.__name__} is missing")
        self._stack.append(value)
        return value

    def _mark(self, _: object) -> None:
        self._marks.append(len(self._stack))

    def _append(self, _: object) -> None:
        item = self._pop()
        self._onto(list).append(item)

    def _appends(self, _: object) -> None:
        items = self._several()
        self._onto(list).extend(items)

    def _set_item(self, _: object) -> None:
        value, key = self._pop(), self._pop()
        self._fill(self._onto(dict), [key, value])

    def _set_items(self, _: object) -> None:
        items = self._several()
        self._fill(self._onto(dict), items)

    def _fill(self, target: dict[Any, Any], items: list[Any]) -> None:
        if len(items) % 2 or not all(isinstance(key, str | int) for key in items[::2]):
            self.fail("a dictionary has a key that is neither text nor a whole number")
        target.update(zip(items[::2], items[1::2], strict=True))

    def _list(self, _: object) -> None:
        self._stack.append(self._several())

    def _dict(self, _: object) -> None:
        made: dict[Any, Any] = {}
        self._fill(made, self._several())
        self._stack.append(made)

    def _tuple(self, _: object) -> None:
        self._stack.append(tuple(self._several()))

    def _tuple_of(self, count: int) -> None:
        self._stack.append(tuple(reversed([self._pop() for _ in range(count)])))

    def _put(self, number: int | None) -> None:
        value = self._pop()
        self._stack.append(value)
        self._memo[len(self._memo) if number is None else number] = value

    def _get(self, number: int) -> None:
        if number not in self._memo:
            self.fail("it refers to a value that is not there")
        value = self._memo[number]
        if isinstance(value, list | dict | tuple):
            self.fail(f"a {type(value).__name__} is used in two places")
        self._stack.append(value)

    def _global(self, argument: str) -> None:
        self._class(*argument.split(" ", 1))

    def _stack_global(self, _: object) -> None:
        name, module = self._pop(), self._pop()
        self._class(module, name)

    def _class(self, module: object, name: object) -> None:
        if module not in _MODULES or name not in _TYPES or (name == "defaultdict") != (module == "collections"):
            self.fail(f"it asks for {show(f'{module}.{name}'[:_SHOWN_CHARS])!r}, which no plain value needs")
        self._stack.append(_Name(str(name)))

    def _reduce(self, _: object) -> None:
        """Make an empty container: `defaultdict(list)`, `defaultdict()`, `dict()`, `list()`. Nothing is called by the file's name."""
        arguments, kind = self._pop(), self._pop()
        plain = arguments == () or (isinstance(arguments, tuple) and len(arguments) == 1 and isinstance(arguments[0], _Name | None))
        if not isinstance(kind, _Name) or kind.name not in _EMPTY or not plain or (arguments and kind.name != "defaultdict"):
            self.fail("it calls something")
        self._stack.append(_EMPTY[kind.name]())

    def _protocol(self, number: int) -> None:
        if number > _MAX_PROTOCOL:
            self.fail(f"it is of protocol {number}")

    def _nothing(self, _: object) -> None:
        """Frames and the end do nothing by themselves."""


_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple,
}  # fmt: skip
_VALUES = {
    *_CONSTANTS, "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
}  # fmt: skip
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _Machine._protocol, "FRAME": _Machine._nothing, "STOP": _Machine._nothing, "MARK": _Machine._mark,
    "APPEND": _Machine._append, "APPENDS": _Machine._appends, "SETITEM": _Machine._set_item, "SETITEMS": _Machine._set_items,
    "LIST": _Machine._list, "DICT": _Machine._dict, "TUPLE": _Machine._tuple,
    "TUPLE1": lambda machine, _: machine._tuple_of(1), "TUPLE2": lambda machine, _: machine._tuple_of(2),
    "TUPLE3": lambda machine, _: machine._tuple_of(3),
    "PUT": _Machine._put, "BINPUT": _Machine._put, "LONG_BINPUT": _Machine._put, "MEMOIZE": _Machine._put,
    "GET": _Machine._get, "BINGET": _Machine._get, "LONG_BINGET": _Machine._get,
    "GLOBAL": _Machine._global, "STACK_GLOBAL": _Machine._stack_global, "REDUCE": _Machine._reduce,
}  # fmt: skip
