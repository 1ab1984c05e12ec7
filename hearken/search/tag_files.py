"""Labels in files: one table for all sounds, or a small text beside each."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hearken.errors import show
from hearken.files import write_whole
from hearken.search.excerpts import unwritable
from hearken.search.listing import cell
from hearken.search.tagging import Tagged

SIDECAR = ".labels.txt"
"""What is added to the name of a sound: `rain.wav.labels.txt`. `hearken index` reads `rain.txt` as a caption, and must not take this for one."""


@dataclass(frozen=True)
class Written:
    """How many files were written, and the others with the reason."""

    num_written: int
    problems: tuple[tuple[str, str], ...] = ()


def write_table(out: Path, made: Sequence[Tagged]) -> None:
    """Write a CSV, whole or not at all: a line for each file and label, with `path`, `label`, `score`. Raises InputError, DiskFullError."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("path", "label", "score"))
    for each in made:
        writer.writerows((cell(show(path)), cell(label), score) for path in each.paths for label, score in each.labels)
    try:
        write_whole(out, text.getvalue().encode("utf-8"))
    except OSError as error:
        raise unwritable(out, error) from error


def write_sidecars(made: Sequence[Tagged]) -> Written:
    """Write the labels of each sound, one a line, beside every file of it that is there; what cannot be written is told."""
    count, problems = 0, list[tuple[str, str]]()
    for each in made:
        content = "".join(f"{label}\n" for label, _ in each.labels).encode("utf-8")
        for path in each.paths if content else ():
            try:
                os.stat(path)
                write_whole(Path(path + SIDECAR), content)
                count += 1
            except OSError as error:
                problems.append((path, f"{error.strerror or error}."))
    return Written(count, tuple(problems))
