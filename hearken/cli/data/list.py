"""`hearken data list`: the corpora that Hearken knows, and which of them are here."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.options import JsonOption
from hearken.errors import show

if TYPE_CHECKING:
    from hearken.data.card import Card, File, Split

_WIDE = 110


def list_corpora(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show the card of this corpus (of a split: that of its corpus).")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the corpora that have a card, or show the card of one."""
    from hearken.data.home import data_home
    from hearken.data.table import CORPORA, definition, parse_reference

    cards = [definition(each).card for each in ([parse_reference(name)[0]] if name else CORPORA)]
    here = {card.name: _here(data_home() / card.name) for card in cards}
    if json:
        output.print_json({"home": show(data_home()), "corpora": [asdict(card) | {"here": here[card.name]} for card in cards]})
        return
    screen = output.console()
    if name:
        screen.print(output.facts_table(facts(cards[0])))
        return
    wide = screen.width >= _WIDE
    rows = [
        (card.name, *_counts(card), here[card.name], card.licence if wide else "", card.summary)
        for card in cards
    ]  # fmt: skip
    titles = ("name", "clips", "captions", "queries", "here", "licence", "what it is")
    screen.print(output.table(titles, rows, folding=("licence", "what it is"), drop_empty=True))
    output.note(f"Corpora live in {show(data_home())} ($HEARKEN_DATA).")


def _here(folder: Path) -> str:
    """Return `yes` where `hearken data prepare` found everything, `partly` where there is a folder, nothing else."""
    from hearken.data.report import PREPARED
    from hearken.data.whole import read_json

    if not folder.is_dir():
        return ""
    return "yes" if read_json(folder / PREPARED).get("complete") is True else "partly"


def _counts(card: Card) -> tuple[str, ...]:
    """Return how many clips, captions and queries there are; nothing for none."""
    numbers = ((split.num_clips, split.num_captions, split.num_queries) for split in card.splits)
    return tuple(output.number(total) if (total := sum(column)) else "" for column in zip(*numbers, strict=True))


def facts(card: Card) -> list[tuple[str, list[str]]]:
    """Return a card as titled lines for people."""
    splits = [f"{split.name}: {_size(split)}" for split in card.splits]
    files = [f"{file.path} ({file.holds}; {_digest(file)})" for file in card.files]
    rows = [
        ("corpus", [f"{card.title}: {card.summary}"]),
        ("language", [card.language]),
        ("size", [card.size] if card.size else []),
        ("splits", splits),
        ("captions by", [card.text_source] if card.text_source else []),
        ("licence", [f"captions: {card.licence}", f"sound: {card.audio_licence}"]),
        ("home page", [card.homepage]),
        ("files", files),
        ("note", list(card.notes)),
        ("cite", [card.citation]),
    ]
    return [(title, lines) for title, lines in rows if lines]


def _size(split: Split) -> str:
    counts = [output.plural(split.num_clips, "clip"), output.plural(split.num_captions, "caption")] if split.num_clips else []
    counts += [f"{output.number(split.num_queries)} queries"] if split.num_queries else []
    return ", ".join(counts) or "variations of captions"


def _digest(file: File) -> str:
    """Return the published digest of a file, and how to get one that has no address."""
    if not (file.md5 or file.sha256):
        return "no published digest" if file.urls else f"by hand: {file.how}"
    return f"MD5 {file.md5}" if file.md5 else f"SHA-256 {file.sha256}"
