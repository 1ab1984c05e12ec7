"""`hearken data compose`: captioned scenes with known event times, made of isolated recordings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.options import JobsOption, JsonOption, seconds
from hearken.errors import show

if TYPE_CHECKING:
    from hearken.data.scenes.compose import Report

_TOLD = 3


class SoundFormat(StrEnum):
    """The format of the sound files."""

    flac = "flac"
    wav = "wav"
    opus = "opus"


class LabelFormat(StrEnum):
    """The format of event labels beside the JSON."""

    audacity = "audacity"
    raven = "raven"
    dcase = "dcase"


def compose(
    reference: Annotated[str, typer.Argument(metavar="REF", help="A corpus of isolated sounds: a name, or a table or folder of files.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write the scenes into.")],
    num: Annotated[int, typer.Option("--num", min=1, metavar="N", help="How many scenes.")] = 1_000,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="The same seed makes the same scenes.")] = 0,
    min_duration: Annotated[float, typer.Option("--min-duration", parser=seconds, metavar="S", help="The shortest scene.")] = 10.0,
    max_duration: Annotated[float, typer.Option("--max-duration", parser=seconds, metavar="S", help="The longest scene.")] = 30.0,
    rate: Annotated[int, typer.Option("--rate", min=8_000, max=192_000, metavar="HZ", help="Sample rate of the scenes.")] = 32_000,
    sound: Annotated[SoundFormat, typer.Option("--format", metavar="NAME", help="flac, wav or opus.")] = SoundFormat.flac,
    max_events: Annotated[int, typer.Option("--max-events", min=1, max=12, metavar="N", help="Most different events of a scene.")] = 4,
    captions: Annotated[int, typer.Option("--captions", min=1, max=20, metavar="N", help="Ways to tell each scene.")] = 3,
    split: Annotated[list[str] | None, typer.Option("--split", metavar="NAME", help="Only sounds of this split; repeatable.")] = None,
    licence: Annotated[
        list[str] | None, typer.Option("--licence", metavar="GLOB", help="Only sounds whose licence fits, such as 'CC0*'; repeatable.")
    ] = None,
    labels: Annotated[
        list[LabelFormat] | None, typer.Option("--labels", metavar="NAME", help="Also audacity, raven or dcase labels; repeatable.")
    ] = None,
    jobs: JobsOption = None,
    json: JsonOption = False,
) -> None:
    """Compose captioned scenes, with the times of their events, out of isolated sounds.

    Run it again to go on after an interruption, or with a larger --num for more scenes of the same kind.
    """
    from hearken.audio.crew import num_cores
    from hearken.cli.data.pack import chosen
    from hearken.data.load import load
    from hearken.data.scenes.compose import compose as run
    from hearken.data.scenes.plan import Settings

    corpus = chosen(load(reference), split)
    settings = Settings(
        seed=seed, min_duration_s=min_duration, max_duration_s=max_duration, rate_hz=rate, max_events=max_events, num_captions=captions
    )  # fmt: skip
    with CountBar("listening", "sounds", quiet=json) as first, CountBar("composing", "scenes", quiet=json) as second:
        report = run(
            corpus, out, settings, num, kind=sound.value, licences=licence or (), labels=[each.value for each in labels or ()],
            jobs=jobs or num_cores(), on_survey=first, on_scene=second,
        )  # fmt: skip
    if json:
        output.print_json(report.to_json())
    else:
        output.console().print(output.facts_table(facts(report)))
    if report.bad:
        raise typer.Exit(EXIT_SOME_FAILED)


def facts(report: Report) -> list[tuple[str, list[str]]]:
    """Return what was made, for people."""
    unused = [f"{output.plural(count, 'recording')}: {reason}" for reason, count in report.unused.items()]
    unused += [f"{output.plural(report.num_other_licence, 'recording')}: another licence"] if report.num_other_licence else []
    failed = [f"{show(bad.id)}: {show(bad.message)}" for bad in report.bad[:_TOLD]]
    more = len(report.bad) - _TOLD
    licences = list(report.licences[:_TOLD])
    more_licences = len(report.licences) - _TOLD
    rows = [
        ("scenes", [f"{output.number(report.num_scenes)} ({output.number(report.num_new)} new), {output.clock(report.duration_s)}"]),
        ("made of", [f"{output.plural(report.num_events, 'event')}, {output.plural(report.num_backgrounds, 'background')}"]),
        ("not used", unused),
        ("failed", failed + ([f"and {output.number(more)} more in failures.jsonl"] if more > 0 else [])),
        ("licences", licences + ([f"and {output.number(more_licences)} more; each scene has its own list"] if more_licences > 0 else [])),
        ("manifest", [show(report.manifest)]),
    ]
    return [(name, lines) for name, lines in rows if lines]
