"""What `hearken evaluate --captions` does: how well machine-made captions fit, of tables, captioners, and earlier evaluations."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar, StepLine
from hearken.cli.compared import Compared, comparisons_json, print_compared
from hearken.cli.evaluated import Rows, figure_text, fitting
from hearken.cli.evaluation_notes import elsewhere_told, failures_told, few_told, interval_notes, missing_told
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.errors import show

if TYPE_CHECKING:
    from rich.console import Console

    from hearken.evaluate.captioning.evaluate import CaptionWish, DoneCaptions, Opened, Planned
    from hearken.evaluate.captioning.figures import CaptionEvaluation
    from hearken.evaluate.captioning.look import SeenClip

_NOT_AVAILABLE = "not available"
_COMPARED = ("CIDEr-D", "SPIDEr", "sentence similarity")
"""What systems are compared by unless metrics are asked for; what of these there is."""
_BLEU_WORDS = 4
_ABOVE_ONE = ("CIDEr", "SPIDEr")
_LEFT_OUT = {
    "clips_without_sound": "whose sound is not here",
    "clips_without_caption": "without a caption",
    "clips_unreadable": "that cannot be read: with fewer clips the task is another one",
}


def evaluate_captions(names: list[str], data: list[str], wish: CaptionWish, out: Path | None, *, misses: int, json: bool) -> None:
    """Evaluate the captions of all that are named, and print what came of it, and how each compares with the first.

    Exits with 3 where clips could not be read.
    """
    from hearken.evaluate.captioning.evaluate import open_all, plan
    from hearken.evaluate.captioning.writers import BUILT_IN

    planned = plan(names or [BUILT_IN], data, wish, out=out)
    opened = open_all(planned)
    done = [shown(_evaluated(each, opened.get(each.references), wish, quiet=json), wish.metrics) for each in planned]
    compared = comparisons(done, wish.metrics)
    if json:
        output.print_json({"systems": [_json(each, misses) for each in done], "comparisons": comparisons_json(compared)})
    else:
        _tell(done, compared, misses)
    if any(each.failures for each in done):
        raise typer.Exit(EXIT_SOME_FAILED)


def _evaluated(planned: Planned, opened: Opened | None, wish: CaptionWish, *, quiet: bool) -> DoneCaptions:
    """Evaluate one, and show meanwhile how far it is: clips that are captioned, then the metrics."""
    from hearken.evaluate.captioning.evaluate import carry_out

    with CountBar(f"caption {planned.label}", "clips", quiet=quiet) as bar, StepLine("Scoring", quiet=quiet) as line:

        def step(name: str) -> None:
            bar.close()
            line(name)

        return carry_out(planned, opened, wish, on_progress=bar, on_step=step)


def shown(done: DoneCaptions, metrics: Sequence[str]) -> DoneCaptions:
    """Return `done` with the metrics asked for alone, in this order: what is kept may be more. With none asked for, as it is."""
    from hearken.evaluate.captioning.scores import chosen

    if not metrics:
        return done
    found, names = done.evaluation, chosen(metrics)
    figures = {name: found.figures[name] for name in names if name in found.figures}
    values = {name: found.values[name] for name in figures}
    missing = {name: why for name, why in found.not_available.items() if name in names}
    return replace(done, evaluation=replace(found, figures=figures, values=values, not_available=missing, metrics=names))


def comparisons(done: Sequence[DoneCaptions], metrics: Sequence[str] = ()) -> list[Compared]:
    """Return how each further system compares with the first one, clip by clip; of the same clips and references alone.

    What is compared are the values of clips, also where the figure is not their mean.
    """
    from hearken.evaluate.captioning.scores import chosen, of_clips
    from hearken.metrics.compare import paired

    first = done[0].evaluation
    wanted = chosen(metrics) if metrics else _COMPARED
    names = [name for name in wanted if name in first.values] or list(first.values)[:1]
    found = []
    for other in (each.evaluation for each in done[1:]):
        if other.task.digest == first.task.digest:
            shared = [name for name in names if name in other.values]
            found += [
                Compared(other.system, of_clips(name), paired(other.values[name], first.values[name], seed=first.seed)) for name in shared
            ]
    return found


def figure_tables(done: Sequence[DoneCaptions]) -> list[tuple[str, Rows]]:
    """Return a table for each task: its title, and its lines, the column titles first; a line for each metric, a column for each system."""
    tables = []
    for digest in dict.fromkeys(each.evaluation.task.digest for each in done):
        of_task = [each.evaluation for each in done if each.evaluation.task.digest == digest]
        metrics = dict.fromkeys(name for each in of_task for name in each.metrics)
        rows: Rows = [("metric", *(show(each.system) for each in of_task))]
        for name in metrics:
            cells = (
                figure_text(name, each.figures[name]) if name in each.figures else _NOT_AVAILABLE if name in each.not_available else ""
                for each in of_task
            )
            rows.append((name, *cells))
        tables.append((f"{show(of_task[0].task.name)}, machine-made captions (times 100, 95 % intervals)", rows))
    return tables


def notes_of(done: Sequence[DoneCaptions]) -> list[str]:
    """Return the lines that stand below the tables."""
    lines: list[str] = []
    for each in done:
        lines += [line for line in (*_about(each), *failures_told(each.failures)) if line not in lines]
    first = done[0].evaluation
    lines += [
        f"{show(other.system)} is not compared with {show(first.system)}: it was held against other clips or references"
        for other in (each.evaluation for each in done[1:])
        if other.task.digest != first.task.digest
    ]
    return lines + _places(done)


def _about(done: DoneCaptions) -> list[str]:
    found = done.evaluation
    how = "clips drawn again" if found.interval == "bootstrap" else "jackknife over clips"
    clips = len(found.task.clips)
    lines = [f"{output.plural(clips, 'clip')}, {output.plural(found.task.num_references, 'reference')}; intervals: {how}"]
    lines += _how(tuple(found.figures))
    lines += [f"{name}, as computed here: {show(how)}" for name, how in found.facts.get("scored_by", {}).items() if name in found.figures]
    lines += found.why_not
    lines += few_told({"": clips}, "clip") + _tells_little(found)
    shares = {name: figure for name, figure in found.figures.items() if not name.startswith(_ABOVE_ONE)}
    lines += interval_notes(shares, found.values)
    return lines + _left_out(found.task.record, sum(not candidate for candidate in found.candidates))


def _tells_little(found: CaptionEvaluation) -> list[str]:
    """Which figures say little of captions like these."""
    from hearken.evaluate.captioning.look import median_words

    lines = []
    if "CIDEr-D" in found.figures and len(found.task.clips) == 1:
        lines.append("CIDEr-D of one clip is always 0: it weighs words by how few clips have them")
    if "BLEU-4" in found.figures:
        references = (text for own in found.task.references for text in own)
        if min(median_words(found.candidates), median_words(references)) < _BLEU_WORDS:
            lines.append("BLEU-4 tells little of captions under four words, as many are here")
    return lines


def _how(names: Sequence[str]) -> list[str]:
    """What to know of how intervals come about, of the metrics that are there."""
    from hearken.evaluate.captioning.scores import moved

    lines = []
    if any(name.startswith("BLEU") for name in names):
        lines.append("BLEU is of the whole corpus: counts of the drawn clips are summed before they are divided")
    if any(name.startswith("CIDEr") for name in names):
        lines.append(
            "CIDEr-D (0 to 1000 here): how rare words are is counted in the references of all clips, and stays so in every drawing"
        )
    if told := moved(names):
        verb, its = ("is", "its interval is that") if len(told) == 1 else ("are", "their intervals are those")
        lines.append(f"{' and '.join(told)} {verb} of the whole corpus: {its} of the mean over clips, moved to the figure")
    return lines


def _left_out(record: Mapping[str, Any], num_empty: int) -> list[str]:
    missing = int(record.get("captions_missing", 0))
    lines = []
    if missing:
        named = ", ".join(show(str(each)) for each in record.get("first_missing", ()))
        lines.append(
            f"{output.plural(missing, 'clip')} without a machine-made caption, taken as an empty one: {named}{', ...' if missing > 3 else ''}"
        )
    if num_empty > missing:
        lines.append(f"{output.plural(num_empty - missing, 'machine-made caption')} {'is' if num_empty - missing == 1 else 'are'} empty")
    if others := int(record.get("captions_of_others", 0)):
        named = ", ".join(show(str(each)) for each in record.get("first_of_others", ()))
        lines.append(
            f"left out: {output.plural(others, 'caption')} of clips that the corpus does not have: {named}{', ...' if others > 3 else ''}"
        )
    if stretches := int(record.get("captions_of_stretches", 0)):
        lines.append(f"left out: {output.plural(stretches, 'caption')} of stretches; those of whole sounds are evaluated")
    for key, what in _LEFT_OUT.items():
        if record.get(key):
            lines.append(f"left out: {output.plural(int(record[key]), 'clip')} {what}")
            lines += missing_told(record) if key == "clips_without_sound" else []
    lines += [f"references that no person wrote, of {show(str(each))}" for each in record.get("references_machine_made", ())]
    return lines + elsewhere_told(record)


def _places(done: Sequence[DoneCaptions]) -> list[str]:
    kept = list(dict.fromkeys(shlex.quote(os.path.relpath(each.folder)) for each in done if each.folder and each.is_kept))
    again = [shlex.quote(os.path.relpath(each.folder)) for each in done if each.folder and not each.is_kept]
    lines = (
        [f"measured again, and not kept: {', '.join(again)} {'are' if len(again) > 1 else 'is'} as before; --out DIR keeps it"]
        if again
        else []
    )
    if kept:
        return [*lines, f"kept in {', '.join(kept)}", f"a page of it: hearken report {' '.join(kept)} --out report.html"]
    return lines if again else ["kept nowhere; --out DIR keeps it, for `hearken report`"]


def _tell(done: Sequence[DoneCaptions], compared: Sequence[Compared], misses: int) -> None:
    screen = output.console()
    for title, rows in figure_tables(done):
        screen.print(title, style="bold")
        for part in fitting(rows, screen.width):
            screen.print(output.table(part[0], part[1:], folding=()))
    print_compared(screen, done[0].evaluation.system, compared)
    for each in done if misses else ():
        _tell_misses(each, misses, screen)
    for line in notes_of(done):
        output.note(line)


def _tell_misses(done: DoneCaptions, count: int, screen: Console) -> None:
    from hearken.evaluate.captioning.look import extremes

    worst = extremes(done.evaluation, count)
    if worst:
        screen.print(f"{show(done.evaluation.system)}: fits least, by {worst[0].metric}", style="bold")
    for each in worst:
        facts: list[tuple[str, list[str]]] = [
            ("clip", [each.clip]), (each.metric, [f"{100 * each.value:.2f}"]), ("machine-made", [each.candidate or "(empty)"]),
            ("references", list(each.references)),
        ]  # fmt: skip
        screen.print(output.facts_table(facts))
        screen.print()


def _json(done: DoneCaptions, misses: int) -> dict[str, Any]:
    from hearken.evaluate.captioning.look import extremes
    from hearken.evaluate.captioning.store import to_json

    found = {
        **to_json(done.evaluation), "interval": done.evaluation.interval,
        "folder": None if done.folder is None else os.path.abspath(done.folder), "kept": done.folder is not None and done.is_kept,
        "failures": [{"path": failure.path, "message": failure.message} for failure in done.failures],
    }  # fmt: skip
    return found | ({"misses": [_miss_json(each) for each in extremes(done.evaluation, misses)]} if misses else {})


def _miss_json(seen: SeenClip) -> dict[str, Any]:
    return {
        "clip": seen.clip, "machine_made": seen.candidate, "references": list(seen.references), "metric": seen.metric, "value": seen.value,
    }  # fmt: skip
