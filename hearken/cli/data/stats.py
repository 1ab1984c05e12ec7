"""`hearken data stats`: the size of corpora in hours, clips, captions and words, and their most frequent words."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.options import JsonOption
from hearken.errors import DataError, show

if TYPE_CHECKING:
    from hearken.data.clip import Corpus
    from hearken.data.stats import Stats

_TITLES = (
    "corpus",
    "source",
    "hours",
    "clips",
    "captions",
    "max s",
    "avg s",
    "max words",
    "avg words",
    "titles",
    "descriptions",
    "tagged",
    "text",
)
_WIDE = 120


def stats(
    corpora: Annotated[
        list[str], typer.Argument(metavar="CORPUS...", help="Names such as clotho or clotho-evaluation, or your own tables and folders.")
    ],
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Where the published files are. Default: below $HEARKEN_DATA.")
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table to FILE as well.")] = None,
    descriptions: Annotated[
        bool, typer.Option("--descriptions", help="Count what the publishers wrote about the sounds in the place of captions.")
    ] = False,
    words: Annotated[int, typer.Option("--words", min=0, metavar="N", help="Show the N most frequent words.")] = 20,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE", help="Draw the most frequent words to FILE (.png, .svg, .pdf).")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Count what corpora hold: hours, clips, captions, lengths and words, beside what the papers say; and the words they use.

    Lengths are those that `hearken data check` measured, else those that the publisher tells.
    """
    from hearken.data.load import load
    from hearken.data.stats import frequent_words, of_descriptions, to_csv

    if folder and len(corpora) > 1:
        raise DataError("--folder is of one corpus; several were named.", "Ask for one after the other.")
    loaded = [load(reference, folder=folder) for reference in corpora]
    loaded = [of_descriptions(corpus) for corpus in loaded] if descriptions else loaded
    rows = [row for corpus in loaded for row in _rows(corpus)]
    common = frequent_words((caption for corpus in loaded for clip in corpus.clips for caption in clip.captions), words)
    if csv:
        csv.write_text(to_csv(rows), encoding="utf-8")
    if plot:
        from hearken.data.plots import plot_words

        plot_words(common, plot, f"Most frequent words of {', '.join(corpora)}")
    if json:
        output.print_json({"corpora": [asdict(row) for row in rows], "words": [{"word": word, "count": count} for word, count in common]})
        return
    screen = output.console()
    wide = screen.width >= _WIDE
    cells = [_cells(row, wide=wide) for row in rows + _published(corpora)]
    if cells:
        screen.print(output.table(_TITLES, cells, folding=("source", "max words", "avg words", "text"), drop_empty=True))
    for line in _partial(rows) + [output.no_clips(corpus) for corpus in loaded if not corpus.clips] + _untold(loaded):
        output.note(line)
    if common:
        screen.print()
        screen.print(output.table(("word", "occurrences"), [(show(word), output.number(count)) for word, count in common]))
    for written in filter(None, (csv, plot)):
        output.note(f"Written: {show(written)}")


def _rows(corpus: Corpus) -> list[Stats]:
    from hearken.data.ledger import measured_s
    from hearken.data.locate import card_of
    from hearken.data.stats import describe_corpus

    card, lengths = card_of(corpus.reference), measured_s(corpus)
    if card is None:
        return describe_corpus(corpus, durations_s=lengths)
    return describe_corpus(corpus, durations_s=lengths, language=card.language, text=card.text_source)


def _published(corpora: list[str]) -> list[Stats]:
    from dataclasses import replace

    from hearken.data.stats import PUBLISHED

    return [replace(PUBLISHED[name], name=f"{name} (paper)") for name in corpora if name in PUBLISHED]


def _partial(rows: list[Stats]) -> list[str]:
    """Return what to say of rows whose hours are not those of all clips: their hours and lengths are of fewer."""
    some = [row for row in rows if 0 < row.num_with_duration < row.num_clips]
    return [
        f"{show(row.name)}: lengths are known of {output.number(row.num_with_duration)} of {output.number(row.num_clips)} clips; "
        "hours and seconds are of those alone."
        for row in some
    ]


def _untold(corpora: list[Corpus]) -> list[str]:
    """Return what to say of users' own corpora that have clips and not one caption: perhaps a column has another name."""
    from hearken.data.locate import card_of
    from hearken.data.sets.tables import COLUMNS

    own = [corpus for corpus in corpora if corpus.clips and not corpus.num_captions and card_of(corpus.reference) is None]
    return [f"{show(corpus.reference)} has no captions; their column is one of {', '.join(COLUMNS['captions'])}." for corpus in own]


def _cells(row: Stats, *, wide: bool) -> tuple[str, ...]:
    return (
        show(row.name), row.source if wide else "", _number(row.hours, 2), output.number(row.num_clips), output.number(row.num_captions),
        _number(row.max_duration_s, 2), _number(row.mean_duration_s, 2), _number(row.max_words, 0), _number(row.mean_words, 2),
        *(output.number(count) if count and wide else "" for count in (row.num_titled, row.num_described, row.num_tagged)),
        row.text_source if wide else "",
    )  # fmt: skip


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
