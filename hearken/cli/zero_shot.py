"""What `hearken evaluate --zero-shot` does: classify clips by their labels, in words."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.compared import comparisons_json, of_classified, print_compared
from hearken.cli.evaluated import figure_text, fitting
from hearken.cli.evaluation_notes import failures_told, few_told, interval_notes, missing_told
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.options import ready_model
from hearken.errors import show

if TYPE_CHECKING:
    from rich.console import Console

    from hearken.evaluate.classify import Classified
    from hearken.evaluate.evaluate import Wish

_SHOWN = 8


def classify(names: list[str], data: list[str], templates: list[str], wish: Wish, out: Path | None, *, json: bool) -> None:
    """Classify the clips of the corpora in `data` with each model, and print what came of it, and how each compares with the first.

    Exits with 3 where clips could not be read.
    """
    from hearken.evaluate.classify import check_folder, to_json
    from hearken.evaluate.classify import classify as run
    from hearken.evaluate.plan import plan
    from hearken.evaluate.templates import STANDARD, templates_of

    prompts = templates or [STANDARD]
    templates_of(prompts)  # a wrong name is told before anything is read
    planned = plan(names, data, wish, out=out, zero_shot=True, templates=prompts)
    for each in planned:
        if each.place:
            check_folder(each.place)
        if not (wish.tta or wish.windows or Path(each.name).exists()):
            ready_model(each.name)
    found = []
    for each in planned:
        with CountBar(f"classify {each.label}", "clips", quiet=json) as bar:
            found.append(run(each.name, data, prompts, wish, out=each.place, label=each.label, on_progress=bar))
    if json:
        compared = comparisons_json(of_classified(found, seed=wish.seed))
        output.print_json({"systems": [to_json(each) for each in found], "comparisons": compared})
    else:
        _tell(found, seed=wish.seed)
    if any(each.failures for each in found):
        raise typer.Exit(EXIT_SOME_FAILED)


def _tell(found: list[Classified], *, seed: int) -> None:
    screen = output.console()
    first = found[0].result
    screen.print(f"{show(found[0].task.name)}, zero-shot, {len(first.classes)} classes (percent, 95 % intervals)", style="bold")
    rows = [(each.system, *(figure_text(name, figure) for name, figure in each.result.figures.items())) for each in found]
    chance = ("chance", *(f"{100 * first.chance[name]:.1f}" for name in first.figures))
    for part in fitting([("system", *first.figures), *rows, chance], screen.width):
        screen.print(output.table(part[0], part[1:], folding=("system",)))
    print_compared(screen, found[0].system, of_classified(found, seed=seed))
    for each in found:
        _tell_one(each, screen)
    for line in _notes(found[0]):
        output.note(line)


def _tell_one(each: Classified, screen: Console) -> None:
    """Print what a system takes for what, what it finds least, what failed, and where it is kept."""
    from hearken.evaluate.confused import confusions, worst_classes

    confused = confusions(each.result, count=_SHOWN)
    if confused:
        screen.print(f"{show(each.system)}: what came instead", style="bold")
        lines = [(line.label, line.instead, f"{line.count} of {line.of}") for line in confused]
        screen.print(output.table(("label", "taken for", "clips"), lines))
    worst = [f"{line.name} ({figure_text('recall', line.recall)})" for line in worst_classes(each.result, count=3) if line.recall]
    output.note(f"{show(each.system)} finds least: {', '.join(map(show, worst))}")
    for line in (*failures_told(each.failures), *interval_notes(each.result.figures, each.result.values)):
        output.note(line)
    if each.folder:
        output.note(f"kept in {shlex.quote(os.path.relpath(each.folder))}")


def _notes(one: Classified) -> list[str]:
    """What is true of all that were classified alike."""
    result, recordings, record = one.result, int(one.facts["recordings"]), one.task.record
    grouped = recordings < len(one.task.clips)
    cut = f", cut from {output.plural(recordings, 'recording')}, which are left out one at a time" if grouped else ""
    lines = [
        f"{output.plural(len(result.clips), 'clip')}; prompts: {', '.join(map(show, result.templates))}",
        f"intervals: jackknife over clips{cut}",
    ]
    lines += few_told({"": recordings}, "recording") if grouped else few_told({"": len(result.clips)}, "clip")
    for count, what in ((result.without_label, "without a label"), (record.get("clips_without_sound", 0), "whose sound is not here")):
        lines += [f"left out: {output.plural(int(count), 'clip')} {what}"] if count else []
    return lines + missing_told(record)
