"""`hearken data check`: decode everything, count it against the card, and look for what leaks into a test set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.options import JobsOption, JsonOption
from hearken.errors import show

if TYPE_CHECKING:
    from hearken.data.check import Checked, CheckedSplit
    from hearken.data.clip import Corpus
    from hearken.data.leakage import LeakReport

_SHOWN = 5
_MOST_IN_JSON = 1_000


def check(
    reference: Annotated[
        str, typer.Argument(metavar="REF", help="A corpus, one of its splits (clotho-evaluation), a table, a folder, or hf:OWNER/NAME.")
    ],
    against: Annotated[
        list[str] | None,
        typer.Option("--against", metavar="REF", help="Look for clips that REF, a test set, holds as well; may be given several times."),
    ] = None,
    fingerprints: Annotated[
        bool, typer.Option("--fingerprints", help="With --against: listen to both, and compare the sound itself.")
    ] = False,
    blacklist: Annotated[
        str | None, typer.Option("--blacklist", metavar="NAME", help="With --against: hold clips against this published list, or a file.")
    ] = None,
    decode: Annotated[bool, typer.Option("--decode/--no-decode", help="Decode every clip, or only look whether it is there.")] = True,
    again: Annotated[bool, typer.Option("--again", help="Decode also what was decoded before and has not changed.")] = False,
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Where the corpus is. Default: NAME below $HEARKEN_DATA.")
    ] = None,
    ledger: Annotated[
        Path | None, typer.Option("--ledger", metavar="FILE", help="Where to keep what was heard, so that a check can be resumed.")
    ] = None,
    jobs: JobsOption = None,
    json: JsonOption = False,
) -> None:
    """Check a corpus: is every clip here, can it be decoded, is it as long as told, are there as many as the card says.

    It can be stopped at any time; run again, it goes on. With --against, what a test set shares with it is told as well.
    """
    from hearken.data.check import check as run
    from hearken.data.load import load

    corpus = load(reference, folder=folder)
    jobs = jobs or num_cores()
    with CountBar(f"check {reference}", "clips", quiet=json) as bar:
        report = run(corpus, jobs=jobs, decode=decode, ledger=ledger, again=again, on_progress=bar)
    leaks = [
        _leaks(corpus, load(each), fingerprints=fingerprints, blacklist=blacklist, jobs=jobs, quiet=json) for each in against or []
    ]  # fmt: skip
    if json:
        told = {"leaks": [each.to_json() for each in leaks]} if against else {}
        output.print_json(report.to_json(_MOST_IN_JSON) | told)
    else:
        _print(report)
        for each in leaks:
            _print_leaks(each)
    if not report.is_clean or any(each.leaked_ids for each in leaks):
        raise typer.Exit(EXIT_SOME_FAILED)


def num_cores() -> int:
    """Return how many cores this process may use."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _leaks(corpus: Corpus, held_out: Corpus, *, fingerprints: bool, blacklist: str | None, jobs: int, quiet: bool) -> LeakReport:
    from hearken.data.blacklists import read_blacklist
    from hearken.data.leakage import find_leaks

    published = read_blacklist(blacklist) if blacklist else None
    with CountBar(f"against {held_out.reference}", "files", quiet=quiet) as bar:
        return find_leaks(corpus, held_out, fingerprints=fingerprints, blacklist=published, jobs=jobs, on_progress=bar)


def _print(report: Checked) -> None:
    screen = output.console()
    titles = ("split", "clips", "card", "captions", "card", "missing", "decoded", "broken", "sound", "other length", "remarkable")
    screen.print(output.table(titles, [split_row(split) for split in report.splits]))
    if report.num_formats:
        screen.print("formats: " + ", ".join(f"{show(name)}: {output.number(count)}" for name, count in report.num_formats.items()))
    if report.duplicates:
        screen.print(f"{output.plural(len(report.duplicates), 'group')} of equal sounds")
    for line in details(report):
        output.note(line)
    if report.ledger is not None:
        output.note(f"What was heard in each file: {show(report.ledger)}")


def split_row(split: CheckedSplit) -> tuple[str, ...]:
    """Return a split for the table."""
    flags = ", ".join(f"{output.number(len(names))} {flag}" for flag, names in split.flagged.items())
    card = ["" if count is None else output.number(count) for count in (split.card_clips, split.card_captions)]
    return (
        split.name, output.number(split.clips), card[0], output.number(split.captions), card[1], output.number(len(split.missing)),
        output.number(split.decoded), output.number(len(split.broken)), f"{split.sound_s / 3600:.2f} h", output.number(len(split.lengths)), flags,
    )  # fmt: skip


def details(report: Checked) -> list[str]:
    """Return what is wrong, a line for each thing, some of each kind."""
    lines: list[str] = []
    for split in report.splits:
        if split.differs:
            lines.append(f"{split.name}: the card says {split.card_clips} clips and {split.card_captions} captions.")
        lines += _some([f"missing: {show(audio)}" for audio in split.missing])
        lines += _some([f"broken: {show(one.message)}" for one in split.broken])
        lines += _some([f"other length: {show(one.audio)} has {one.found_s:.2f} s, not {one.told_s:.2f} s" for one in split.lengths])
        for flag, names in split.flagged.items():
            lines += _some([f"{flag}: {show(name)}" for name in names])
    return lines + _some(["equal: " + ", ".join(map(show, group)) for group in report.duplicates])


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return lines[:_SHOWN] + ([f"... and {output.number(more)} more"] if more > 0 else [])


def _print_leaks(report: LeakReport) -> None:
    output.console().print(show(report.summary))
    for line in _some([f"{leak.kind}: {show(leak.training)} = {show(leak.held_out)} ({show(leak.detail)})" for leak in report.leaks]):
        output.note(line)
