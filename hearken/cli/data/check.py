"""`hearken data check`: decode everything, count it against the card, and look for what leaks into a test set."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar, DownloadBar
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.options import JobsOption, JsonOption
from hearken.errors import InputError, show

if TYPE_CHECKING:
    from hearken.data.blacklists import Blacklist
    from hearken.data.check import Checked, CheckedSplit
    from hearken.data.clip import Corpus
    from hearken.data.leakage import LeakReport

_SHOWN = 5
_MOST_IN_JSON = 1_000


def check(
    reference: Annotated[
        str,
        typer.Argument(metavar="REF", help="A corpus, one of its splits (clotho-evaluation), a table, a folder, a pack, or hf:OWNER/NAME."),
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
    from hearken.audio.crew import num_cores
    from hearken.data.blacklists import read_blacklist
    from hearken.data.check import check as run
    from hearken.data.load import load

    if not against and (fingerprints or blacklist):
        raise typer.BadParameter(
            "It needs --against, the test set to compare with.", param_hint="--fingerprints" if fingerprints else "--blacklist"
        )
    if is_pack(reference):
        _check_pack(Path(reference), against, json=json)
        return
    corpus = load(reference, folder=folder)
    others = [load(each, folder=folder_of(each, reference, folder)) for each in against or ()]  # what is wrong there is told now, not
    published = read_blacklist(blacklist) if blacklist else None  # when hours of decoding are over
    jobs = jobs or num_cores()
    with CountBar(f"check {reference}", "clips", quiet=json) as bar:
        report = run(corpus, jobs=jobs, decode=decode, ledger=ledger, again=again, on_progress=bar)
    leaks = [_leaks(corpus, other, fingerprints=fingerprints, blacklist=published, jobs=jobs, quiet=json) for other in others]
    if json:
        told = {"leaks": [each.to_json() for each in leaks]} if against else {}
        output.print_json(report.to_json(_MOST_IN_JSON) | told)
    else:
        if corpus.clips:
            _print(report)
        else:
            output.note(output.no_clips(corpus))
        for each in leaks:
            _print_leaks(each)
    if not report.is_clean or any(each.leaked_ids for each in leaks):
        raise typer.Exit(EXIT_SOME_FAILED)


def folder_of(other: str, reference: str, folder: Path | None) -> Path | None:
    """Return the folder of `other`: that of `reference` if both are splits of one corpus, else None for its own place."""
    from hearken.data.locate import card_of

    card = card_of(reference)
    return folder if card is not None and card == card_of(other) else None


def is_pack(reference: str) -> bool:
    """Say whether `hearken data pack` made the folder that is named; the name of a corpus is none."""
    from hearken.data.locate import card_of
    from hearken.data.shards.layout import INDEX

    return os.path.isfile(os.path.join(reference, INDEX)) and card_of(reference) is None


def _check_pack(folder: Path, against: list[str] | None, *, json: bool) -> None:
    """Read all of a pack and say which of its shards are not as they were written."""
    from hearken.data.shards.check import REPAIR, check_shards

    if against:
        raise InputError(f"{show(folder)} is a pack, and packs are not compared.", "Compare the corpus that it was made of.")
    with DownloadBar(f"check {folder.name}", quiet=json) as bar:
        wrong = check_shards(folder, on_progress=bar)
    if json:
        output.print_json({"folder": show(folder), "clean": not wrong, "damaged": [error.message for error in wrong]})
    else:
        output.console().print(
            f"{output.plural(len(wrong), 'shard')} of {show(folder)} damaged" if wrong else f"All is whole: {show(folder)}"
        )
        for line in [*(show(error.message) for error in wrong), *([REPAIR] if wrong else [])]:
            output.note(line)
    if wrong:
        raise typer.Exit(EXIT_SOME_FAILED)


def _leaks(corpus: Corpus, held_out: Corpus, *, fingerprints: bool, blacklist: Blacklist | None, jobs: int, quiet: bool) -> LeakReport:
    from hearken.data.leakage import find_leaks

    with CountBar(f"against {held_out.reference}", "files", quiet=quiet) as bar:
        return find_leaks(corpus, held_out, fingerprints=fingerprints, blacklist=blacklist, jobs=jobs, on_progress=bar)


def _print(report: Checked) -> None:
    screen = output.console()
    titles = ("split", "clips", "captions", "missing", "decoded", "broken", "sound", "other length", "remarkable")
    rows = [split_row(split) for split in report.splits]
    screen.print(output.table(titles, rows, folding=("split", "other length", "remarkable"), drop_empty=True))
    if report.num_formats:
        screen.print("formats: " + ", ".join(f"{show(name)}: {output.number(count)}" for name, count in report.num_formats.items()))
    if report.duplicates:
        screen.print(f"{output.plural(len(report.duplicates), 'group')} of equal sounds")
    for line in details(report):
        output.note(line)
    if report.ledger is not None:
        output.note(f"What was heard in each file: {show(report.ledger)}")


def split_row(split: CheckedSplit) -> tuple[str, ...]:
    """Return a split for the table: counts, with the card's where it has others; nothing of decoding where nothing was decoded."""
    flags = ", ".join(f"{output.number(len(names))} {flag}" for flag, names in split.flagged.items())
    clips, captions = _counted(split.clips, split.card_clips), _counted(split.captions, split.card_captions)
    heard: tuple[str, ...] = ("", "", "", "")
    if split.decoded or split.broken:
        heard = (
            output.number(split.decoded), output.number(len(split.broken)), f"{split.sound_s / 3600:.2f} h", output.number(len(split.lengths)),
        )  # fmt: skip
    return split.name, clips, captions, output.number(len(split.missing)), *heard, flags


def _counted(found: int, told: int | None) -> str:
    """Return a count, and the card's where that is another one."""
    return output.number(found) if told in (None, found) else f"{output.number(found)} of {output.number(told or 0)}"


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
    if report.caveat:
        output.note(report.caveat)
    for line in known_leaks(report) + unheard(report):
        output.note(line)
    for line in _some([f"{leak.kind}: {show(leak.training)} = {show(leak.held_out)} ({show(leak.detail)})" for leak in report.leaks]):
        output.note(line)


def known_leaks(report: LeakReport) -> list[str]:
    """Return what the card says about recordings that are in two splits of one corpus: a fault of the publisher, not of the user."""
    from hearken.data.locate import card_of

    card = card_of(report.training)
    if card is None or card != card_of(report.held_out):
        return []
    numbers = {leak.detail.rpartition(":")[2] for leak in report.leaks if leak.kind == "origin"}
    notes = [note for note in card.notes if numbers.intersection(re.findall(r"\d+", note))]
    return [f"So {card.title} was published: {note}" for note in notes]


def unheard(report: LeakReport) -> list[str]:
    """Return what fingerprints could not be made of, on either side: nothing is known about those clips."""
    lines: list[str] = []
    for name, one in zip((report.training, report.held_out), report.listening or (), strict=False):
        lines.append(f"{show(name)}: {output.plural(one.num_compared, 'clip')} compared by sound, {output.number(one.num_missing)} not here, "
                     f"{output.number(one.num_plain)} too short or plain, {output.number(len(one.unreadable))} unreadable.")  # fmt: skip
        lines += _some([f"unreadable: {show(message)}" for message in one.unreadable])
    return lines
