"""The program `hearken`: its commands, and the one place where errors become words and exit codes.

Exit codes: 0 done; 1 an error of ours, one sentence and a hint on stderr; 2 wrong usage; 3 done, but some files failed;
130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from hearken import __version__
from hearken.cli import (
    caption,
    convert,
    demo,
    doctor,
    embed,
    evaluate,
    export,
    forget,
    index,
    info,
    models,
    report,
    search,
    similar,
    submit,
)
from hearken.cli.data import group as data
from hearken.cli.exits import EXIT_ERROR, EXIT_INTERRUPTED
from hearken.cli.train import group as train
from hearken.errors import HearkenError, show

app = typer.Typer(
    name="hearken",
    help="Describe a sound, find it: index folders of sounds and search them in plain words, offline.",
    epilog="Start with:  hearken index DIR   then   hearken search 'rain on a tin roof'.  The documentation is in docs/.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hearken {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    """Stand before every command; only `--version` lives here."""


app.command("index")(index.index)
app.command("search")(search.search)
app.command("similar")(similar.similar)
app.command("info")(info.info)
app.command("doctor")(doctor.doctor)
app.command("forget")(forget.forget)
app.command("embed")(embed.embed)
app.command("caption")(caption.caption)
app.command("models")(models.models)
app.command("convert")(convert.convert)
app.command("export")(export.export)
app.command("evaluate")(evaluate.evaluate)
app.command("submit")(submit.submit)
app.command("report")(report.report)
app.command("demo")(demo.demo)
app.add_typer(data.app)
app.add_typer(train.app)


def run(arguments: list[str] | None = None) -> None:
    """Run the program with `arguments` (default: those of the process) and exit with its code. Never shows a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character must not stop a search
    try:
        app(args=arguments, prog_name="hearken")
    except HearkenError as error:
        _explain(error.message, error.hint)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
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
