"""The program `hearken`: its start and end, and the one place where errors become words and exit codes.

Exit codes: 0 done; 1 an error of ours, one sentence and a hint on stderr; 2 wrong usage; 3 done, but some files failed;
130 interrupted. The commands (`program.py`) are imported when it runs, so that Ctrl-C is Ctrl-C from the first moment.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
from typing import TYPE_CHECKING

from hearken.cli.exits import EXIT_ERROR, EXIT_INTERRUPTED
from hearken.errors import HearkenError, show

if TYPE_CHECKING:
    from typer import Typer

app: Typer
"""The commands; not here before somebody asks."""


def __getattr__(name: str) -> object:
    """Return `app`, the commands, from the module where they are."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hearken.cli import program

    return program.app


def run(arguments: list[str] | None = None) -> None:
    """Run the program with `arguments` (default: those of the process) and exit with its code. Never shows a traceback."""
    try:
        _run(arguments)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    finally:
        if arguments is None:  # the process is this program, and ends now
            _end_at_next_interrupt()


def _run(arguments: list[str] | None) -> None:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character must not stop a search
    try:
        from hearken.cli import program

        program.app(args=arguments, prog_name="hearken")
    except HearkenError as error:
        _explain(error.message, error.hint)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader, say `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_ERROR)
    except Exception as error:  # the last boundary: users get a sentence, developers set HEARKEN_DEBUG
        if _was_interrupted(error):
            sys.exit(EXIT_INTERRUPTED)
        if os.environ.get("HEARKEN_DEBUG") == "1":
            raise
        _explain(*_unexpected(error))
        sys.exit(EXIT_ERROR)


def _end_at_next_interrupt() -> None:
    """From now on Ctrl-C ends the process at once and silently, where Python, which waits for threads, would answer with a traceback."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_INTERRUPTED))
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # no thread is left then, and Python gives up handlers


def _was_interrupted(error: BaseException | None) -> bool:
    """Say whether Ctrl-C is behind an error: one that comes while a compiled module is loaded becomes an ImportError."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _explain(message: str, hint: str) -> None:
    sys.stderr.write(f"Error: {message}\n" + (f"Hint: {hint}\n" if hint else ""))


def _unexpected(error: Exception) -> tuple[str, str]:
    """Message and hint for an error that is not in our tree: the system's own (no permission, disk full), or a defect."""
    if isinstance(error, OSError) and error.strerror:
        about = f" ({show(error.filename)})" if isinstance(error.filename, str | bytes) else ""
        return f"{error.strerror}{about}.", "Check the path, its permissions and the space left."
    return f"Something went wrong inside Hearken: {type(error).__name__}: {show(str(error))}", "Set HEARKEN_DEBUG=1 for the details."
