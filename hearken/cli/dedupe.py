"""`hearken dedupe`: which files a library holds more than once, and what could be saved. Nothing is deleted."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.options import JobsOption, JsonOption, LibraryOption
from hearken.cli.saving import check_table
from hearken.errors import InputError, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hearken.search.dedupe import Group
    from hearken.search.library import Library

_SHOWN = 20
_KINDS = {"copy": "same bytes", "link": "same file", "same": "same recording", "part": "part of it"}


def dedupe(
    library: LibraryOption = None,
    listen: Annotated[
        bool, typer.Option("--listen", help="Decode sounds that are near each other: finds re-encoded copies of other names, and parts.")
    ] = False,
    min_similarity: Annotated[
        float | None,
        typer.Option("--min-similarity", min=0.9, max=1.0, metavar="S", help="Cosine of clips asked of any two files. Default: 0.9999."),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE.csv", help="Write all groups as a table.")] = None,
    extras: Annotated[bool, typer.Option("--extras", help="Print only the paths of the files that could go, one a line.")] = False,
    null: Annotated[bool, typer.Option("--null", help="With --extras: end each path with a NUL, as xargs -0 wants it.")] = False,
    json: JsonOption = False,
    jobs: JobsOption = None,
) -> None:
    """Find files that are the same sound.

    Exact copies, the same recording in another format, and with --listen parts of a recording. Says which one to keep. Nothing is deleted.
    """
    from hearken.search.library import Library

    if (extras and json) or (null and not extras):
        raise InputError("--extras goes without --json, and --null only with --extras.")
    if out is not None:
        check_table(out)
    with Library(library) as opened:
        groups = _found(opened, min_similarity, listening=listen, jobs=jobs, quiet=json or extras)
        if out is not None:
            from hearken.search.dedupe_files import write_table

            write_table(out, groups)
            output.note(f"written to {show(out)}")
        if json:
            output.print_json(groups_json(opened, groups))
        elif extras:
            _print_extras(groups, b"\0" if null else b"\n")
        else:
            _tell(groups)


def groups_json(library: Library, groups: Sequence[Group]) -> dict[str, Any]:
    """Return the groups as JSON: `library`, `saved_bytes` (copies and same recordings), `part_bytes`, and `groups` of `kept` and `extras`."""
    return {
        "library": str(library.path),
        "saved_bytes": sum(group.bytes_of("copy", "same") for group in groups),
        "part_bytes": sum(group.bytes_of("part") for group in groups),
        "groups": [
            {
                "kept": group.kept.path,
                "extras": [
                    {"path": extra.record.path, "kind": extra.kind, "similarity": extra.similarity, "size_bytes": extra.record.size}
                    for extra in group.extras
                ],
            }
            for group in groups
        ],
    }


def _found(library: Library, min_similarity: float | None, *, listening: bool, jobs: int | None, quiet: bool) -> list[Group]:
    from hearken.audio.crew import num_cores
    from hearken.search import cuts, dedupe, dedupe_files

    parts = library.parts()
    places, others = dedupe_files.look(parts.store.known_files())
    if others:
        are, folders = ("is", "its folder") if len(others) == 1 else ("are", "their folders")
        output.note(f"{output.plural(len(others), 'file')} changed or gone since indexed {are} left out; `hearken index` {folders} first")
    sounds = dedupe.sounds_of(parts.store, parts.cache, left_out=others)
    heard = cuts.Heard({}, {})
    if listening:
        with CountBar("listen", "sounds", quiet=quiet) as bar:
            heard = cuts.listen(sounds, library.path / "cache" / "landmarks", jobs=jobs or num_cores(), on_progress=bar)
        for message in heard.unreadable[:3]:
            output.note(message)
    least = dedupe.MIN_SIMILARITY if min_similarity is None else min_similarity
    with CountBar("compare", "sounds", quiet=quiet) as bar:
        return dedupe.find_groups(sounds, places, min_similarity=least, same=heard.same, parts=heard.parts, on_progress=bar)


def _print_extras(groups: Sequence[Group], end: bytes) -> None:
    sys.stdout.flush()
    for group in groups:
        for extra in group.extras:
            sys.stdout.buffer.write(os.fsencode(extra.record.path) + end)
    sys.stdout.buffer.flush()


def _tell(groups: Sequence[Group]) -> None:
    screen = output.console()
    rows = []
    for group in groups[:_SHOWN]:
        rows.append(("keep", group.kept.path, _form(group), output.size(group.kept.size)))
        rows += [
            (_KINDS[extra.kind], extra.record.path, _alike(extra.similarity), output.size(extra.record.size)) for extra in group.extras
        ]
    if rows:
        screen.print(output.table(("what", "file", "how alike", "size"), rows, folding=("file",)))
    more = f" ({_SHOWN} shown; --out FILE.csv lists all)" if len(groups) > _SHOWN else ""
    saved, cut = (sum(group.bytes_of(*kinds) for group in groups) for kinds in (("copy", "same"), ("part",)))
    count = sum(len(group.extras) for group in groups)
    parts = f", {output.size(cut)} more in parts" if cut else ""
    output.note(
        f"{output.plural(len(groups), 'recording')} with {output.plural(count, 'extra file')}{more}: {output.size(saved)} could be saved{parts}"
    )


def _form(group: Group) -> str:
    return f"{group.kept.codec}, {group.kept.rate_hz} Hz, {output.clock(group.kept.duration_s)}"


def _alike(similarity: float | None) -> str:
    return "" if similarity is None else f"{similarity:.4f}"
