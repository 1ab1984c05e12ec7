"""The exit codes of the program, each in one place; docs/cli.md explains them to users."""

from __future__ import annotations

EXIT_DONE = 0
EXIT_ERROR = 1
"""An error, explained in one sentence and a hint on stderr; or `hearken doctor` found something wrong."""
EXIT_USAGE = 2
"""Wrong usage: Typer's own code."""
EXIT_SOME_FAILED = 3
"""Done, but some files failed."""
EXIT_INTERRUPTED = 130
"""Ctrl-C: 128 + SIGINT, as shells have it."""
SIGNALLED = 128
"""Stopped by a signal whose number is added, as shells have it: 143 for SIGTERM."""
