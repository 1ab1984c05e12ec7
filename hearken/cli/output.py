"""What the commands print: JSON objects, tables of hits, times and sizes for people.

Foreign text (file names, tags, messages) passes through `show` and goes to the terminal as plain text, never as markup.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hearken.errors import show

if TYPE_CHECKING:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from hearken.data.clip import Corpus
    from hearken.types import Failure, Hit

_BAR_CELLS = 10
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_PIPE_WIDTH = 4_096  # nobody watches a pipe: cut no name there
_GAP = 2
_MIN_NAME_CELLS = 20


def print_json(value: dict[str, Any]) -> None:
    """Print one JSON object on stdout. Names that are not Unicode come out as escaped lone surrogates, never as an error."""
    sys.stdout.write(json.dumps(value, ensure_ascii=True, allow_nan=False, indent=2) + "\n")


def hit_json(hit: Hit) -> dict[str, Any]:
    """Return a hit as the JSON that DESIGN fixes: path, start_s, end_s, score, duration_s; its duplicates, its machine-made caption (or null),
    its confidence (null where the model has no calibration), and whether that makes it weak.
    """
    return {
        "path": hit.path,
        "start_s": round(hit.start_s, 3),
        "end_s": round(hit.end_s, 3),
        "score": round(hit.score, 6),
        "duration_s": round(hit.duration_s, 3),
        "duplicates": list(hit.duplicates),
        "machine_caption": hit.machine_caption or None,
        "confidence": None if hit.confidence is None else round(hit.confidence, 4),
        "weak": hit.weak,
    }


def console(*, stderr: bool = False) -> Console:
    """Return the console to print tables on: as wide as the terminal, or without a limit in a pipe."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def note(text: str) -> None:
    """Print a line on stderr, beside the results."""
    sys.stderr.write(text + "\n")


def clock(seconds: float) -> str:
    """Return a time or length such as 0:03.5 or 1:02:03.0: [h:]m:ss.s."""
    tenths = round(max(0.0, seconds) * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    whole = f"{hours}:{minutes:02d}" if hours else str(minutes)
    return f"{whole}:{tenths // 10:02d}.{tenths % 10}"


def size(num_bytes: int) -> str:
    """Return a size such as 1.5 MB (powers of 1000)."""
    value = float(num_bytes)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000.0:
            return f"{num_bytes} bytes" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000.0
    return f"{value:.1f} TB"


def number(count: int) -> str:
    """Return such as '12 345', in groups of three digits."""
    return f"{count:,}".replace(",", " ")


def plural(count: int, noun: str) -> str:
    """Return such as '1 file' or '1 200 files'."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def bar(score: float, unicode: bool = True) -> str:
    """Return a bar of ten cells for a score from 0 to 1."""
    share = min(1.0, max(0.0, score))
    if not unicode:
        return ("#" * round(share * _BAR_CELLS)).ljust(_BAR_CELLS)
    eighths = round(share * _BAR_CELLS * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(_BAR_CELLS)


def shorten(text: str, cells: int) -> str:
    """Return `text` in at most `cells` terminal cells, with … in the middle where something had to go."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= cells:
        return text
    head_cells = max(0, (cells - 1) // 2)
    tail = text[::-1]
    tail = set_cell_size(tail, cells - 1 - head_cells).strip()[::-1]
    return set_cell_size(text, head_cells).rstrip() + "…" + tail


def path_text(path: str, cells: int) -> Text:
    """Return a path in at most `cells` cells: the folder dimmed, the name not; both shortened in the middle if they must."""
    from rich.cells import cell_len
    from rich.text import Text

    folder, name = os.path.split(_near(path))
    name = shorten(show(name), cells)
    folder = show(os.path.join(folder, "")) if folder else ""
    room = cells - cell_len(name)
    folder = shorten(folder, room) if room >= 4 else ""
    return Text.assemble((folder, "dim"), (name, "bold"))


def _near(path: str) -> str:
    """The path as seen from the working folder if it lies below, else from the home folder, else as it is."""
    for base, sign in ((_working_folder(), ""), (os.path.expanduser("~"), "~" + os.sep)):
        prefix = os.path.join(base, "")
        if len(prefix) > 1 and path.startswith(prefix):
            return sign + path[len(prefix) :]
    return path


def _working_folder() -> str:
    """The working folder, or "" where it has been removed, or may not be read, since the shell entered it."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def hits_table(hits: Sequence[Hit], screen: Console) -> Table:
    """Return the table of `hits` for `screen`: rank, score, how sure it is, file, time span, length, and how many alike were folded.

    File names take the room that the others leave; where that is too little, the bars go. Without any confidence, so does its column.
    """
    from rich.table import Table
    from rich.text import Text

    spans = [f"{clock(hit.start_s)}-{clock(hit.end_s)}" for hit in hits]
    lengths = [clock(hit.duration_s) for hit in hits]
    alike = [f"+{len(hit.duplicates)} alike" if hit.duplicates else "" for hit in hits]
    ranks = [str(rank) for rank in range(1, len(hits) + 1)]
    sure = [sure_text(hit) for hit in hits]
    titles = [("#", "right"), ("score", "left"), *([("sure", "right")] if any(sure) else []), ("file", "left"), ("at", "right")]
    room = (
        screen.width
        - _width(["#", *ranks])
        - _width(["score"])
        - (_width(["sure", *sure]) if any(sure) else 0)
        - _width(["at", *spans])
        - _width(["length", *lengths])
        - _width(alike)
        - _GAP
    )
    with_bar = room - _BAR_CELLS - 1 >= _MIN_NAME_CELLS
    cells = max(_MIN_NAME_CELLS, room - (_BAR_CELLS + 1 if with_bar else 0))
    unicode = screen.encoding.lower().startswith("utf")

    made = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    for title, justify in (*titles, ("length", "right"), ("", "left")):
        made.add_column(title, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for hit, told, *texts in zip(hits, sure, ranks, spans, lengths, alike, strict=True):
        score = Text.assemble((bar(hit.score, unicode) + " " if with_bar else "", "cyan"), f"{hit.score:.2f}")
        likely = [Text(told, style="dim" if hit.weak else "")] if any(sure) else []
        made.add_row(texts[0], score, *likely, path_text(hit.path, cells), texts[1], texts[2], Text(texts[3], style="dim"))
    return made


def sure_text(hit: Hit) -> str:
    """Return how likely a hit is what was asked for, such as "62 %"; "weak" for one that is not likely enough, "" where nobody knows."""
    if hit.confidence is None:
        return ""
    return "weak" if hit.weak else f"{100 * hit.confidence:.0f} %"


def print_hits(hits: Sequence[Hit], screen: Console) -> None:
    """Print the table of `hits`. On a terminal, what a machine heard in a file stands on a line of its own below the file's first hit,
    marked as machine-made; in a pipe a hit is one line, whatever is known of it.
    """
    from rich.segment import Segments

    made = hits_table(hits, screen)
    told = {hit.path: hit.machine_caption for hit in hits if hit.machine_caption and screen.is_terminal}
    if not told:
        screen.print(made)
        return
    header, *lines = screen.render_lines(made, pad=False, new_lines=True)
    screen.print(Segments(header), end="")
    for hit, line in zip(hits, lines, strict=True):  # no column wraps
        screen.print(Segments(line), end="")
        if caption := told.pop(hit.path, ""):
            screen.print(heard_text(caption, screen.width, len(str(len(hits))) + _GAP))


def heard_text(caption: str, cells: int, indent: int) -> Text:
    """Return a machine-made caption, marked as such, in at most `cells` cells, the first `indent` of which are empty."""
    from rich.text import Text

    head, mark = " " * indent + "heard: ", " (machine-made)"
    return Text(f"{head}{shorten(show(caption), max(1, cells - len(head) - len(mark)))}{mark}", style="dim")


def _width(column: Sequence[str]) -> int:
    """Cells that a column of ASCII texts takes, with the gap to the next; none if it is empty."""
    widest = max(map(len, column), default=0)
    return widest + _GAP if widest else 0


def reason(failure: Failure) -> str:
    """Return why a file failed, without its path where the message begins with it."""
    path = show(failure.path)
    message = show(failure.message)
    cut = message.removeprefix(path)
    return cut.lstrip(": ") if cut[:1] in (" ", ":") and cut != message else message


def failure_text(failure: Failure) -> str:
    """Return a file and why it failed as one text that names the path once."""
    message = show(failure.message)
    return f"{show(failure.path)}: {message}" if reason(failure) == message else message


def folder_hint(path: str | os.PathLike[str]) -> str:
    """Return what to do where a folder was given in the place of a sound file; "" if `path` is none."""
    return "Give a sound file; `hearken index` takes folders." if os.path.isdir(path) else ""


def indented(text: str, cells: int) -> Padding:
    """Return a foreign text, escaped, all of whose lines begin `cells` cells from the left."""
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(show(text)), (0, 0, 0, cells), expand=False)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, folding: Sequence[str] | None = None, drop_empty: bool = False) -> Table:
    """Return a plain table of foreign texts, escaped.

    Where it is too wide, columns with the titles `folding` give way (None: all do); the others, such as names and numbers, stay
    on one line. With `drop_empty` columns without any text are left out.
    """
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    kept = [at for at in range(len(titles)) if not drop_empty or any(row[at] for row in rows)]
    for at in kept:
        made.add_column(titles[at], overflow="fold", no_wrap=folding is not None and titles[at] not in folding)
    for row in rows:
        made.add_row(*(Text(show(row[at])) for at in kept))
    return made


def no_clips(corpus: Corpus) -> str:
    """Return what to say of a corpus that has queries or variations alone."""
    counts = ((len(corpus.queries), "query", "queries"), (len(corpus.variations), "variation", "variations"))
    holds = [f"{number(count)} {one if count == 1 else many}" for count, one, many in counts if count]
    return f"{show(corpus.reference)} has no clips of its own" + (f", but {' and '.join(holds)}." if holds else ".")


def facts_table(facts: Sequence[tuple[str, Sequence[str]]]) -> Table:
    """Return a table of two columns without borders: what, and how it is in one or more lines. Foreign texts are escaped."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, lines in facts:
        table.add_row(name, Text("\n".join(show(line) for line in lines)))
    return table
