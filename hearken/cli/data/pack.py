"""`hearken data pack`: a corpus as training reads it fastest: decoded, cut and encoded once, in shards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.options import JobsOption, JsonOption, seconds
from hearken.errors import InputError, show

if TYPE_CHECKING:
    from hearken.data.clip import Corpus
    from hearken.data.shards.pack import PackReport
    from hearken.data.shards.recipe import Recipe

_SHOWN = 5
_FLAGS = {
    "cut": "longer than --max-duration",
    "over_full_scale": "beyond full scale: stored at a lower level, and raised again when read",
    "truncated": "broken off: packed as far as it can be decoded",
    "silent": "silent",
    "antiphase": "channels cancel each other: one of them is in",
}


def pack(
    reference: Annotated[
        str, typer.Argument(metavar="REF", help="A corpus, such as clotho-development, or the path of a table or folder.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write the shards to.")],
    rate: Annotated[
        int | None, typer.Option("--rate", metavar="HZ", help="Samples a second. Default: 32000, or the front end's own.")
    ] = None,
    codec: Annotated[
        str | None, typer.Option("--codec", metavar="NAME", help="flac, flac24, opus or mel. Default: flac; mel with --front-end.")
    ] = None,
    bitrate: Annotated[int, typer.Option("--bitrate", metavar="KBPS", help="Of opus, in 1000 bits a second.")] = 64,
    front_end: Annotated[
        str, typer.Option("--front-end", metavar="NAME", help="Store the log-mel of this front end, such as passt_mel, in 16 bits.")
    ] = "",
    split: Annotated[list[str] | None, typer.Option("--split", metavar="NAME", help="Only this split; may be given several times.")] = None,
    max_duration: Annotated[
        float | None, typer.Option("--max-duration", parser=seconds, metavar="S", help="Keep at most S seconds, or M:SS, of a clip.")
    ] = None,
    keep: Annotated[
        str, typer.Option("--keep", metavar="WHERE", help="Which part of a longer clip: start, middle, or random (by --seed).")
    ] = "start",
    shard_clips: Annotated[int, typer.Option("--shard-clips", min=1, metavar="N", help="Clips in a shard.")] = 256,
    seed: Annotated[int, typer.Option("--seed", min=0, metavar="N", help="Of the order of the clips, and of --keep random.")] = 0,
    in_order: Annotated[bool, typer.Option("--in-order", help="Leave the clips in the order of the corpus.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Read the shards that are there, and make damaged ones anew.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Make shards anew whose clips did not all go in.")] = False,
    jobs: JobsOption = None,
    json: JsonOption = False,
) -> None:
    """Decode, resample, cut and encode a corpus once, into tar files as WebDataset has them; may be stopped and goes on.

    Each sample is KEY.json (all that is known of the clip) and KEY.flac, KEY.opus or KEY.npy. Clips that cannot be read are in
    failed.jsonl; shards.json, the index, is written last.
    """
    from hearken.audio.crew import num_cores
    from hearken.data.load import load
    from hearken.data.locate import locate
    from hearken.data.shards.pack import pack as run
    from hearken.data.shards.plan import make_plan

    recipe = make_recipe(rate, codec, bitrate, front_end, max_duration, keep, seed)
    corpus = chosen(load(reference), split)
    plan = make_plan(corpus, recipe, shard_clips=shard_clips, seed=None if in_order else seed)
    with CountBar(f"Packing {plan.name}", "clips", quiet=json) as bar:
        report = run(plan, locate(corpus), out, jobs=jobs or num_cores(), verify=verify, retry_failed=retry_failed, on_progress=bar)
    if json:
        output.print_json(report.to_json())
    else:
        output.console().print(output.facts_table(facts(report)))
    if report.index.failed:
        raise typer.Exit(EXIT_SOME_FAILED)


def make_recipe(
    rate: int | None, codec: str | None, bitrate_kbps: int, front_end: str, max_duration_s: float | None, keep: str, seed: int
) -> Recipe:
    """Return the recipe that the options ask for. Raises InputError where they contradict each other."""
    from hearken.audio.front_ends import FRONT_ENDS
    from hearken.data.shards.recipe import Cut, Recipe

    own_rate_hz = FRONT_ENDS[front_end].rate_hz if front_end in FRONT_ENDS else Recipe.rate_hz
    return Recipe(
        rate_hz=own_rate_hz if rate is None else rate,
        codec=codec or ("mel" if front_end else "flac"),  # type: ignore[arg-type]  # it looks itself
        bitrate=bitrate_kbps * 1_000,
        front_end=front_end,
        cut=Cut(max_duration_s, keep, seed if keep == "random" else 0),  # type: ignore[arg-type]  # so does this
    )


def chosen(corpus: Corpus, splits: list[str] | None) -> Corpus:
    """Return the clips of these splits; all, with queries and variations, if none is named. Raises InputError for one that is not there."""
    unknown = sorted(set(splits or ()) - set(corpus.splits))
    if unknown:
        raise InputError(f"{show(corpus.reference)} has no split {show(unknown[0])!r}.", f"Its splits are: {', '.join(corpus.splits)}.")
    return replace(corpus.only(splits), queries=(), variations=()) if splits else corpus


def facts(report: PackReport) -> list[tuple[str, list[str]]]:
    """Return what a run came to as titled lines for people."""
    index, told = report.index, report.to_json()
    rows = [
        ("packed", [f"{output.number(index.num_samples)} of {output.plural(index.source.num_clips, 'clip')}, {_clock(index.total_s)}"]),
        ("failed", [output.plural(len(index.failed), "clip"), *_failures(report)] if index.failed else []),
        ("note", [f"{output.plural(count, 'clip')} {_FLAGS.get(flag, flag)}" for flag, count in report.flags.items()]),
        ("shards", [f"{output.plural(len(index.shards), 'shard')}, {output.size(told['bytes'])}{_kept(report)}"]),
        ("written", [show(report.folder)]),
    ]
    return [(title, lines) for title, lines in rows if lines]


def _clock(total_s: float) -> str:
    return f"{total_s / 3600:.2f} hours" if total_s >= 3600 else f"{output.clock(total_s)} of sound"


def _kept(report: PackReport) -> str:
    return f"; {output.number(report.num_kept)} of them were there" if report.num_kept else ""


def _failures(report: PackReport) -> list[str]:
    failed = report.index.failed
    more = [f"and {output.number(len(failed) - _SHOWN)} more: see failed.jsonl"] if len(failed) > _SHOWN else []
    told = [(show(each.id), each.message) for each in failed[:_SHOWN]]
    return [message if name in message else f"{name}: {message}" for name, message in told] + more
