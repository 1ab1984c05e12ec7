"""`hearken train finetune`: a model made better at one's own sounds, ready to index and search with."""

from __future__ import annotations

import shlex
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearken.cli import output
from hearken.cli.exits import SIGNALLED
from hearken.cli.options import JobsOption, JsonOption
from hearken.cli.train.bar import TrainBar
from hearken.cli.train.run import need_extra
from hearken.errors import HearkenError, show
from hearken.train.runs.home import RUNS

if TYPE_CHECKING:
    from hearken.train.finetune import Tuned, Wish
    from hearken.train.runs.report import Outcome
    from hearken.zoo.publish import Published

FOLDER = RUNS / "finetune"
_ROWS = {
    "t2a": "a text finds its sounds",
    "a2t": "a sound finds its texts",
}
_FIGURES = ("mAP@10", "R@1", "R@10")


def finetune(
    data: Annotated[
        str | None, typer.Option("--data", metavar="REF", help="Your sounds and captions: a table, a folder, or the name of a corpus.")
    ] = None,
    start: Annotated[
        str,
        typer.Option("--from", metavar="MODEL", help="The model to begin with: pocket, a run's folder, or a folder of trained weights."),
    ] = "pocket",
    folder: Annotated[Path, typer.Option("--run", metavar="DIR", help="The run's folder.")] = FOLDER,
    validation: Annotated[
        str | None,
        typer.Option("--validation", metavar="REF", help="Other clips to see whether it helps. Default: some of --data, held out."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, metavar="N", help="Passes over the clips at most. Default: by how many there are.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="The same seed makes the same model.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in that folder; begin it if there is none.")] = False,
    int8: Annotated[bool, typer.Option("--int8", help="Export with matrices in 8 bits: a third of the size, a little less exact.")] = False,
    no_export: Annotated[bool, typer.Option("--no-export", help="Leave the model as it is trained; index needs it exported.")] = False,
    jobs: JobsOption = None,
    json: JsonOption = False,
) -> None:
    """Make a model better at your own sounds.

    Clips that are held out tell whether it helped; if it did not, the model stays as it was. Needs the extra
    train (in Hearken's folder: pip install ".[train]"), and no network.
    """
    need_extra()
    from hearken.train.finetune import Wish
    from hearken.train.runs.run import RECORD

    if data is None and not (resume and (folder / RECORD).exists()):
        raise typer.BadParameter("Name your sounds with --data, or a run to go on with: --run DIR --resume.")
    wish = Wish(data or "", start, validation or "", epochs, seed)
    tuned = _tune(wish, folder, resume=resume, jobs=jobs, quiet=json)
    failure = None
    try:
        made = None if no_export else _export(tuned, int8=int8, quiet=json)
    except HearkenError as error:  # what was learnt is kept, and told
        made, failure = None, error
    if json:
        output.print_json(tuned_json(tuned, made))
    else:
        screen = output.console()
        screen.print(output.table(("", *_FIGURES), figure_rows(tuned)))
        screen.print(output.facts_table(facts(tuned, made)))
    if failure:
        raise failure


def _tune(wish: Wish, folder: Path, *, resume: bool, jobs: int | None, quiet: bool) -> Tuned:
    """Train, and return what came of it. Exits when a signal ended it."""
    from hearken.audio.crew import num_cores
    from hearken.train.finetune import Tuned, finetune
    from hearken.train.loop import Watchers
    from hearken.train.runs.signals import stopping

    tuned: Tuned | Outcome | None = None
    with stopping(quiet=quiet) as stop, TrainBar(quiet=quiet) as bar, suppress(KeyboardInterrupt), stop.ending():
        watchers = Watchers(on_step=bar.on_step, on_validated=bar.on_validated, stop=stop, warn=output.note)
        tuned = finetune(wish, folder, resume=resume, jobs=jobs or num_cores(), watchers=watchers, tell=_teller(quiet=quiet))
    if isinstance(tuned, Tuned):
        return tuned
    again = f"`hearken train finetune --run {shlex.quote(show(folder))} --resume` goes on"
    done = "What the last checkpoint holds is kept" if tuned is None else f"All {output.number(tuned.steps)} steps are kept"
    output.note(f"Interrupted. {done}: {again}.")
    raise typer.Exit(SIGNALLED + (stop.signal or signal.SIGINT))


def _teller(*, quiet: bool) -> Any:  # noqa: ANN401 - a function of one line
    return (lambda _: None) if quiet else (lambda step: output.note(f"{step} ..."))


def _export(tuned: Tuned, *, int8: bool, quiet: bool) -> Published:
    from hearken.train.runs.export import export_run

    return export_run(tuned.run, int8=int8, tell=_teller(quiet=quiet))


def tuned_json(tuned: Tuned, made: Published | None) -> dict[str, Any]:
    """Return what came of it as JSON: `run`, `before`, `after` (figures of the held-out clips), `share`, counts, `model` (null without)."""
    return {
        "run": str(tuned.run), "better": tuned.share > 0.0, "share": tuned.share, "before": tuned.before, "after": tuned.after,
        "pairs": tuned.num_pairs, "held_out": tuned.num_held_out, "best_epoch": tuned.outcome.best_epoch, "steps": tuned.outcome.steps,
        "model": None if made is None else str(made.folder), "digest": None if made is None else made.digest,
    }  # fmt: skip


def figure_rows(tuned: Tuned) -> list[tuple[str, ...]]:
    """Return the rows of the table for people: both directions, each as "before -> after" in percent."""

    def cell(name: str) -> str:
        return f"{100 * tuned.before[name]:.1f} -> {100 * tuned.after[name]:.1f} %"

    return [(title, *(cell(f"{way}_{figure}") for figure in _FIGURES)) for way, title in _ROWS.items()]


def facts(tuned: Tuned, made: Published | None) -> list[tuple[str, list[str]]]:
    """Return the rest of what came of it, for people."""
    how = f", {tuned.how} held out of your clips" if tuned.how else ""
    lines = [("measured on", [f"{output.plural(tuned.num_held_out, 'clip')}{how}; learnt from {output.plural(tuned.num_pairs, 'pair')}"])]
    if tuned.share == 0.0:
        lines.append(("result", ["Nothing was better than the model that it began with, which was kept. More clips help most."]))
    elif tuned.share < 1.0:
        lines.append(("result", [f"{tuned.share:.0%} of the way from the old weights to the new ones was best."]))
    run = shlex.quote(show(tuned.run))
    if made is None:
        return [*lines, ("use it", [f"hearken export {run}"])]
    use = [f"hearken index DIR --library NEW --model {run}", "hearken search 'WORDS' --library NEW"]
    return [*lines, ("model", [f"{show(made.folder)}, {output.size(made.size_bytes)}"]), ("use it", use)]
