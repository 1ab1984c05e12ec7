"""`hearken evaluate`: how well models retrieve, with intervals; of runs, models, score files, and submissions."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.compared import comparisons_json, of_evaluations, print_compared
from hearken.cli.evaluated import done_json, figure_rows, fitting, miss_rows, shown
from hearken.cli.evaluation_notes import notes_of
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.options import JobsOption, JsonOption, ready_model, seconds
from hearken.errors import EvaluationError, SubmissionError, show

if TYPE_CHECKING:
    from hearken.evaluate.evaluate import Done, Wish

_POCKET = "pocket"
_ALWAYS = {"data", "json"}
_MODEL = {"models", "max_duration", "tta", "tta_layer", "windows", "accelerator", "seed", "jobs", "out"}
_FIGURES = {"definition", "metrics", "interval", "seed", "misses"}
_GO_WITH = {
    "models": _MODEL | _FIGURES | {"rephrased", "ensemble", "fit_on"}, "scores": _FIGURES | {"out"}, "zero_shot": _MODEL | {"template"},
    "submission": {"definition", "challenge", "lenient"},
    "captions": {"models", "max_duration", "tta", "beam", "search", "accelerator", "seed", "jobs", "out", "metrics", "interval", "misses", "lenient"},
}  # fmt: skip
"""Which options go with what is evaluated; `--submission` keeps nothing, so that `--out` is refused there, too."""


def evaluate(
    context: typer.Context,
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL", help="Runs, models by name, hub id or folder, or folders of earlier evaluations. Default: pocket."),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="REF", help="The corpus: clotho-evaluation, a table, a folder, a pack; repeatable. Default: a run's own tests."),
    ] = None,
    definition: Annotated[
        str, typer.Option("--definition", metavar="NAME", help="dcase, any-of-n, fraction, dcase2025 or merged. Default: what fits the corpus.")
    ] = "",
    metrics: Annotated[
        list[str] | None, typer.Option("--metric", metavar="NAME", help="What to print, such as mAP@10, R@50, MRR; repeatable. Default: the usual ones, which are kept in any case.")
    ] = None,
    interval: Annotated[
        str, typer.Option("--interval", metavar="NAME", help="bootstrap (over clips) or jackknife (over queries, as DCASE).")
    ] = "bootstrap",
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Where to keep it. Default: in the run, or in evaluations/.")] = None,
    max_duration: Annotated[
        float | None, typer.Option("--max-duration", parser=seconds, metavar="S", help="Hear at most S seconds of each clip, or M:SS.")
    ] = None,
    tta: Annotated[str, typer.Option("--tta", metavar="STRATEGY", help="Test-time augmentation, such as 100:5x20 or conventional:25.")] = "",
    tta_layer: Annotated[str, typer.Option("--tta-layer", metavar="NAME", help="With --tta: the layer behind which copies are averaged.")] = "encoder",
    windows: Annotated[str, typer.Option("--windows", metavar="SPEC", help="Average over windows of several lengths, such as own,5/2.5.")] = "",
    rephrased: Annotated[
        str, typer.Option("--rephrased", metavar="REF", help="Average each caption with its variations: eda, a template with {}, or a corpus of such.")
    ] = "",
    ensemble: Annotated[
        str, typer.Option("--ensemble", metavar="NAME", help="Also all models together: mean of similarities, or weights fitted.")
    ] = "",
    fit_on: Annotated[
        list[str] | None, typer.Option("--fit-on", metavar="REF", help="With --ensemble fitted: the corpus to fit on, not the one in --data.")
    ] = None,
    zero_shot: Annotated[bool, typer.Option("--zero-shot", help="Classify the clips by their labels, in words.")] = False,
    template: Annotated[
        list[str] | None, typer.Option("--template", metavar="NAME", help="With --zero-shot: a set of prompts, or 'sound of {}'; several are one ensemble.")
    ] = None,
    scores: Annotated[
        Path | None, typer.Option("--scores", metavar="FILE", help="Evaluate scores instead of a model: an .npz, or a .csv as DCASE 2025 has it.")
    ] = None,
    submission: Annotated[
        Path | None, typer.Option("--submission", metavar="FILE", help="Evaluate a challenge's submission; --data is its ground truth.")
    ] = None,
    challenge: Annotated[
        str, typer.Option("--challenge", metavar="NAME", help="With --submission: dcase2022 to dcase2025. Default: what the file looks like.")
    ] = "",
    captions: Annotated[
        bool, typer.Option("--captions", help="How well machine-made captions fit: of a table, a captioner, or an earlier evaluation. Default: pocket-captions.")
    ] = False,
    beam: Annotated[int | None, typer.Option("--beam", min=1, max=100, metavar="N", help="Captions that the search keeps at a time. Default: the captioner's own.")] = None,
    search: Annotated[str, typer.Option("--search", metavar="NAME", help="With --captions: beam, or best_first, as ACT's own code searches.")] = "",
    lenient: Annotated[
        bool, typer.Option("--lenient", help="With --submission or --captions: what is missing counts nothing, instead of being an error.")
    ] = False,
    misses: Annotated[int, typer.Option("--misses", min=0, metavar="N", help="Show the N worst mistakes, and what came instead.")] = 0,
    accelerator: Annotated[str, typer.Option("--accelerator", metavar="NAME", help="auto, cpu or cuda, for what runs with torch.")] = "auto",
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="For what is drawn: intervals, augmentation.")] = 0,
    jobs: JobsOption = None,
    json: JsonOption = False,
) -> None:  # fmt: skip
    """Evaluate models: text to audio and audio to text, every figure with its 95 % interval.

    What is computed is kept in a folder, with the value of each query and clip; `hearken report` makes a page of it. Several models are
    compared with the first one, also with --zero-shot. With --captions, what is evaluated are machine-made captions.
    """
    from hearken.audio.crew import num_cores
    from hearken.evaluate.evaluate import Wish
    from hearken.evaluate.measure import METRICS

    _check(context)
    if captions:
        _captions(context, models or [], data or [], beam=beam or 0, search=search, jobs=jobs or num_cores())
        return
    wish = Wish(
        definition=definition, metrics=tuple(dict.fromkeys((*METRICS, *(metrics or ())))), interval=interval, seed=seed, max_duration_s=max_duration,
        tta=tta, tta_layer=tta_layer, windows=windows, variations=rephrased, accelerator=accelerator, jobs=jobs or num_cores(),
    )  # fmt: skip
    if zero_shot:
        from hearken.cli.zero_shot import classify

        classify(models or [_POCKET], data or [], template or [], wish, out, json=json)
        return
    if submission is not None:
        done = [_submission(submission, data or [], challenge, wish, lenient=lenient)]
    elif scores is not None:
        done = [_scores(scores, data or [], wish, out)]
    else:
        done = _models(models or [_POCKET], data or [], wish, out, ensemble=ensemble, fit_on=fit_on or [], quiet=json)
    if submission is None:
        done = [shown(each, tuple(dict.fromkeys(metrics or METRICS))) for each in done]
    _tell(done, misses, json=json)
    if any(each.failures for each in done):
        raise typer.Exit(EXIT_SOME_FAILED)


def _check(context: typer.Context) -> None:
    """Raise BadParameter for options that do not go together, before anything is read."""
    values = context.params
    sources = {name: context.get_parameter_source(name) for name, value in values.items() if value}
    given = {name for name, source in sources.items() if source and source.name != "DEFAULT"}
    way = next((name for name in ("submission", "scores", "zero_shot", "captions") if name in given), "models")
    for name in sorted(given - _ALWAYS - _GO_WITH[way] - {way}):
        owners = [_option(other) for other in _GO_WITH if name in _GO_WITH[other] and other != "models"]
        told = f"It does not go with {_option(way)}." if way != "models" else f"It goes with {' or '.join(owners)}."
        raise typer.BadParameter(told, param_hint="MODEL" if name == "models" else _option(name))
    if way not in ("models", "captions") and not values["data"]:
        raise typer.BadParameter("It needs --data, the corpus that says what is right.", param_hint=_option(way))
    if way in ("models", "captions") and not (values["models"] or values["data"]):
        besides = ", a table of captions" if way == "captions" else ""
        raise typer.BadParameter(f"Name a corpus with --data, or a run{besides} or an evaluation.")
    if values["ensemble"] not in ("", "mean", "fitted"):
        raise typer.BadParameter(f"{show(values['ensemble'])!r} is no ensemble: mean or fitted.", param_hint="--ensemble")
    if values["ensemble"] and len(values["models"] or []) < 2:
        raise typer.BadParameter("It needs two models at least.", param_hint="--ensemble")
    if (values["ensemble"] == "fitted") != bool(values["fit_on"]):
        raise typer.BadParameter("--ensemble fitted and --fit-on REF go together.")
    if "tta_layer" in given and not values["tta"]:
        raise typer.BadParameter("It goes with --tta.", param_hint="--tta-layer")


def _option(name: str) -> str:
    return f"--{'metric' if name == 'metrics' else name.replace('_', '-')}"


def _captions(context: typer.Context, names: list[str], data: list[str], *, beam: int, search: str, jobs: int) -> None:
    """Evaluate captions as the options say."""
    from hearken.cli.evaluate_captions import evaluate_captions
    from hearken.evaluate.captioning.evaluate import CaptionWish
    from hearken.evaluate.captioning.writers import WriterWish

    values = context.params
    writing = WriterWish(
        tta=values["tta"], beam=beam, search=search, max_duration_s=values["max_duration"], accelerator=values["accelerator"], jobs=jobs,
        seed=values["seed"],
    )  # fmt: skip
    wish = CaptionWish(
        metrics=tuple(values["metrics"] or ()), interval=values["interval"], seed=values["seed"], lenient=values["lenient"], writing=writing,
    )  # fmt: skip
    evaluate_captions(names, data, wish, values["out"], misses=values["misses"], json=values["json"])


def _models(
    names: list[str], data: list[str], wish: Wish, out: Path | None, *, ensemble: str, fit_on: list[str], quiet: bool
) -> list[Done]:
    """Evaluate all that are named. What can fail at once fails before the first sound is read."""
    from hearken.evaluate.evaluate import ask_to_fit, refuse_stored
    from hearken.evaluate.plan import ask_all, carry_out, plan

    _refuse_captions(names, data)
    if fit_on:
        refuse_stored(names)
    planned = plan(names, data, wish, out=out)
    tasks = ask_all(planned, wish)
    first = next((task for task in tasks if task is not None), None)  # all members are asked the same, or the ensemble says what differs
    if fit_on and first is not None:
        ask_to_fit(names, fit_on, first[0], first[1].task, wish)
    for each in planned:
        if not (each.is_stored or wish.tta or wish.windows or Path(each.name).exists()):
            ready_model(each.name)
    done: list[Done] = []
    try:
        for each, task in zip(planned, tasks, strict=True):
            with CountBar(f"evaluate {each.label}", "clips", quiet=quiet) as bar:
                done.append(carry_out(each, task, wish, on_progress=bar))
        if ensemble:
            done.append(_together(done, names, fit_on, wish, out, quiet=quiet))
    except (KeyboardInterrupt, EvaluationError):
        kept = [
            shlex.quote(os.path.relpath(it.folder))
            for it, each in zip(done, planned, strict=False)
            if it.folder and it.folder == each.place
        ]
        if kept:
            output.note(f"Done before that, and kept: {', '.join(kept)}")
        raise
    return done


def _refuse_captions(names: list[str], data: list[str]) -> None:
    """Raise EvaluationError, with the way, for what is evaluated by --captions alone: a table, a captioner."""
    from hearken.evaluate.captioning.writers import writes_captions

    for name in names:
        if Path(name).is_file():
            raise EvaluationError(f"{show(name)} is a file, and no model.", "--captions evaluates a table of captions.")
        if writes_captions(name):
            command = shlex.join(["hearken", "evaluate", name, "--captions", *(part for each in data for part in ("--data", each))])
            raise EvaluationError(f"{show(name)} writes captions, and does not retrieve.", f"`{show(command)}` evaluates its captions.")


def _submission(path: Path, data: list[str], challenge: str, wish: Wish, *, lenient: bool) -> Done:
    from hearken.evaluate.evaluate import Done
    from hearken.evaluate.submission.challenges import AUTO
    from hearken.evaluate.submission.score import score_submission

    if len(data) > 1:
        raise typer.BadParameter("A submission answers one corpus.", param_hint="--data")
    try:
        found = score_submission(path, data[0], challenge=challenge or AUTO, lenient=lenient, by=wish.definition)
    except SubmissionError as error:
        if "a lenient look" not in error.hint:
            raise
        hint = "Nothing else is wrong: --lenient counts 0 for queries without a row, and leaves out rows that nobody asked for."
        raise SubmissionError(error.message, hint) from error
    return Done(found, None, None, interval="jackknife")


def _scores(path: Path, data: list[str], wish: Wish, out: Path | None) -> Done:
    from hearken.evaluate.beforehand import check_task, check_wish
    from hearken.evaluate.evaluate import ask_corpora, score, versions
    from hearken.evaluate.score_files import read_scores
    from hearken.evaluate.store import check_place

    check_wish(wish)
    if out is not None:
        check_place(out)
    by, asked = ask_corpora(data, wish, need_sounds=False)
    check_task(asked.task, by, wish)
    return score(show(path.name), asked.task, read_scores(path, asked.task), by, wish, facts={"scores": show(path), **versions()}, out=out)


def _together(done: list[Done], names: list[str], fit_on: list[str], wish: Wish, out: Path | None, *, quiet: bool) -> Done:
    from hearken.evaluate.evaluate import together
    from hearken.evaluate.plan import place_of_ensemble

    place = place_of_ensemble(done, "weighted" if fit_on else "mean", out, wish)
    with CountBar("fit weights", "clips", quiet=quiet) as bar:
        found = together(done, names, wish, fit_on=fit_on, out=place, on_progress=bar)
    if warning := found.evaluation.facts.get("warning"):
        output.note(str(warning))
    return found


def _tell(done: list[Done], misses: int, *, json: bool) -> None:
    if json:
        output.print_json({"systems": done_json(done), "comparisons": comparisons_json(of_evaluations(done))})
        return
    screen = output.console()
    for title, rows in figure_rows(done):
        screen.print(title, style="bold")
        for part in fitting(rows, screen.width):
            screen.print(output.table(part[0], part[1:], folding=("system",)))
    print_compared(screen, done[0].evaluation.system, of_evaluations(done))
    for each in done if misses else ():
        if rows := miss_rows(each, misses):
            screen.print(f"{show(each.evaluation.system)}: worst mistakes, text to audio", style="bold")
            screen.print(output.table(rows[0], rows[1:], folding=("query", "its clip", "came instead")))
    for line in notes_of(done):
        output.note(line)
