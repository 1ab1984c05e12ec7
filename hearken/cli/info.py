"""`hearken info`: what a library holds, and what could not be put into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.options import JsonOption, LibraryOption
from hearken.errors import show

if TYPE_CHECKING:
    from rich.console import Console

    from hearken.library.records import LibraryStats
    from hearken.search.library import LibraryInfo
    from hearken.types import Failure

_DIGEST_CHARS = 12
_HOUR_S = 3_600.0
_TABLE_CELLS = 100  # a terminal narrower than this breaks the three columns of the ledger too often to be read


def info(
    library: LibraryOption = None,
    json: JsonOption = False,
    failures: Annotated[bool, typer.Option("--failures", help="List the ledger: what failed or was skipped, and why.")] = False,
) -> None:
    """Show what the library holds.

    Files, hours, formats, size on disk, model, and failures by kind.
    """
    from hearken.search.library import Library

    with Library(library) as opened:
        about, ledger = opened.info(), opened.failures()
    if json:
        output.print_json(info_json(about, ledger, with_ledger=failures))
        return
    screen = output.console()
    screen.print(output.facts_table(facts(about, ledger)))
    if failures and ledger:
        screen.print()
        print_ledger(ledger, screen)


def print_ledger(ledger: Sequence[Failure], screen: Console) -> None:
    """Print the ledger: as a table, or where that would be cramped as a path and the reason below it for each file."""
    from rich.text import Text

    reasons = [f"{output.reason(failure)} {failure.hint}".strip() for failure in ledger]
    if screen.width >= _TABLE_CELLS:
        rows = [(failure.path, failure.error, why) for failure, why in zip(ledger, reasons, strict=True)]
        screen.print(output.table(("file", "error", "why"), rows))
        return
    for failure, why in zip(ledger, reasons, strict=True):
        screen.print(Text(show(failure.path), overflow="fold"))
        screen.print(output.indented(f"{failure.error}: {why}", 4))


def facts(about: LibraryInfo, ledger: Sequence[Failure]) -> list[tuple[str, Sequence[str]]]:
    """Return what is worth knowing about a library as (name, lines), for people."""
    stats, model = about.stats, about.model
    formats = ", ".join(f"{count} {name}" for name, count in sorted(stats.containers.items(), key=lambda item: (-item[1], item[0])))
    found: list[tuple[str, Sequence[str]]] = [
        ("library", (about.path,)),
        (
            "model",
            (f"{model.name}, {model.dim} dimensions, digest {model.digest[:_DIGEST_CHARS]}", *([model.folder] if model.folder else [])),
        ),
        ("folders", stats.roots or ("none",)),
        ("files", (f"{stats.num_files} ({stats.num_sounds} different sounds, {stats.num_windows} windows)",)),
        ("length", (duration(stats.duration_s),)),
        ("formats", (formats or "none",)),
        *_captions(stats),
        ("on disk", (f"{output.size(stats.size_bytes)}, and {output.size(about.cache_bytes)} of cache",)),
    ]
    kinds = ", ".join(f"{count} {kind}" for kind, count in _kinds(ledger).items())
    return [*found, ("ledger", (f"{kinds}; --failures lists them" if kinds else "empty",))]


def _captions(stats: LibraryStats) -> list[tuple[str, Sequence[str]]]:
    """Return how many sounds have a machine-made caption, and by which captioner; nothing where none has."""
    made = [
        f"{count.num_sounds} of {stats.num_sounds} sounds, machine-made by {count.name} (digest {count.digest[:_DIGEST_CHARS]})"
        for count in stats.captioners
    ]
    return [("captions", made)] if made else []


def duration(seconds: float) -> str:
    """Return a total in hours, or in minutes when it is less than one hour."""
    return f"{seconds / 3600:.1f} hours" if seconds >= _HOUR_S else f"{seconds / 60:.1f} minutes"


def info_json(about: LibraryInfo, ledger: Sequence[Failure], *, with_ledger: bool) -> dict[str, Any]:
    """Return the same as JSON: `library`, `model`, `stats`, `cache_bytes`, `failures_by_kind`; and `failures` if wanted."""
    value: dict[str, Any] = {
        "library": about.path,
        "model": asdict(about.model),
        "stats": {
            **asdict(about.stats),
            "containers": dict(about.stats.containers),
            "roots": list(about.stats.roots),
            "captioners": [asdict(count) for count in about.stats.captioners],
        },
        "cache_bytes": about.cache_bytes,
        "failures_by_kind": _kinds(ledger),
    }
    return value | ({"failures": [asdict(failure) for failure in ledger]} if with_ledger else {})


def _kinds(ledger: Sequence[Failure]) -> dict[str, int]:
    """How many lines of the ledger there are of each kind of error, the most frequent first."""
    return dict(Counter(failure.error for failure in ledger).most_common())
