"""`hearken data collect`: a corpus from the web pages that it was once collected from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.cli.exits import EXIT_SOME_FAILED
from hearken.cli.options import JsonOption
from hearken.errors import DataError, show

if TYPE_CHECKING:
    from hearken.data.collect.collect import Report

NAMES = ("wavtext5k",)


def collect(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to collect: wavtext5k.")],
    folder: Annotated[
        Path | None, typer.Option("--folder", metavar="DIR", help="Where to. Default: NAME-collected among the corpora.")
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option("--site", metavar="SITE", help="Only bigsoundbank or soundbible; may be given several times.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="At most N sounds, the sites in turns.")] = None,
    delay: Annotated[
        float, typer.Option("--delay", metavar="S", help="Seconds between two requests to a site, 1 at least; its Crawl-delay counts too.")
    ] = 1.0,
    from_csv: Annotated[
        Path | None, typer.Option("--from-csv", metavar="FILE", help="Take the links of the public WavText5K.csv and read no pages.")
    ] = None,
    audio: Annotated[bool, typer.Option("--audio/--no-audio", help="Fetch the sounds, or only what is said of them.")] = True,
    keep_originals: Annotated[bool, typer.Option("--keep-originals", help="Keep the sites' own files beside the FLAC files.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask whether pages that were read before have changed.")] = False,
    retry_removed: Annotated[bool, typer.Option("--retry-removed", help="Look again at what an earlier run removed.")] = False,
    contact: Annotated[
        str, typer.Option("--contact", metavar="ADDRESS", help="A mail or web address for the sites' owners, told with each request.")
    ] = "",
    base_url: Annotated[
        list[str] | None, typer.Option("--base-url", metavar="SITE=URL", help="Ask this mirror of a site; it may be asked without pause.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Collect sounds and what is said of them from the web, by the rules of the paper; may be stopped and goes on.

    robots.txt is obeyed. The sounds are their authors': read the sites' terms before you share them. Needs the extra data (in
    Hearken's folder: pip install ".[data]").
    """
    if name not in NAMES:
        raise DataError(f"{show(name)!r} cannot be collected.", f"What can be: {', '.join(NAMES)}; `hearken data prepare` brings others.")
    from hearken.data.collect.collect import Wishes
    from hearken.data.collect.collect import collect as run
    from hearken.data.collect.polite import Manners, Visitor
    from hearken.data.collect.sites import SITES
    from hearken.data.home import data_home

    wishes = Wishes(
        tuple(dict.fromkeys(site)) if site else tuple(SITES), limit, from_csv, audio, keep_originals, refresh, retry_removed
    )  # fmt: skip
    hosts = {name: str(urlsplit(site.home).hostname) for name, site in SITES.items()}
    mirrors = _mirrors(base_url or [], hosts)
    pause_s = _delay(delay, allow_less=all(hosts.get(name) in mirrors for name in wishes.sites))
    manners = Manners(pause_s, contact=_contact(contact), mirrors=mirrors)
    if not json:
        for wanted in wishes.sites:
            if wanted in SITES:
                output.note(f"The sounds of {wanted} are their authors'; its terms: {SITES[wanted].terms}")
    with CountBar("Collecting", "sounds", quiet=json) as bar:
        report = run(folder or data_home() / f"{name}-collected", wishes, Visitor(manners), bar)
    if json:
        output.print_json(report.to_json())
    else:
        output.console().print(output.facts_table(facts(report)))
    if report.failed or report.left or report.troubles:
        raise typer.Exit(EXIT_SOME_FAILED)


def facts(report: Report) -> list[tuple[str, list[str]]]:
    """Return what a run came to as titled lines for people."""
    from hearken.data.collect.clean import REASONS

    removed, failed = report.removed.total(), report.failed.total()
    sound = f"{output.plural(report.captions, 'caption')}, {report.duration_s / 3600:.2f} h of sound"
    left = f" + {output.number(report.left)} left" if report.left else ""
    counts = f"{output.number(report.kept)} kept + {output.number(removed)} removed + {output.number(failed)} failed{left}"
    rows = [
        ("found", [f"{output.plural(report.found, 'sound')} = {counts}"]),
        ("kept", [f"{output.plural(report.kept, 'sound')}: {sound}"]),
        ("removed", [f"{output.number(count)} {reason}: {REASONS[reason]}" for reason, count in sorted(report.removed.items())]),
        ("failed", [_failed(reason, count, report.examples.get(reason)) for reason, count in sorted(report.failed.items())]),
        ("trouble", report.troubles),
        ("written", [f"{show(report.folder)}: {', '.join(report.files)}"]),
        ("next", ["Run the command again: what failed or was left is tried anew."] if failed or report.left or report.troubles else []),
    ]
    return [(title, lines) for title, lines in rows if lines]


def _failed(reason: str, count: int, example: str | None) -> str:
    """Return one reason of failures, with what happened to the first of them."""
    from hearken.data.collect.clean import REASONS

    such = f", such as {example}" if example else ""
    return f"{output.number(count)} {reason}: {REASONS[reason]}{such}"


def _delay(seconds: float, *, allow_less: bool) -> float:
    if not math.isfinite(seconds) or not (0 if allow_less else 1) <= seconds <= 3600:
        raise typer.BadParameter(f"{seconds:g} is no pause: give 1 to 3600 seconds.", param_hint="--delay")
    return seconds


def _contact(text: str) -> str:
    if len(text) > 200 or not text.isprintable() or not text.isascii():
        raise typer.BadParameter("give a mail or web address in plain characters.", param_hint="--contact")
    return text


def _mirrors(pairs: list[str], hosts: dict[str, str]) -> dict[str, str]:
    """Return host -> base address for texts such as `soundbible=http://localhost:8000`."""
    found = {}
    for pair in pairs:
        name, _, url = pair.partition("=")
        if name not in hosts or urlsplit(url).scheme not in ("http", "https"):
            raise typer.BadParameter(f"{show(pair)!r} is not SITE=URL with a site of {', '.join(hosts)}.", param_hint="--base-url")
        found[hosts[name]] = url
    return found
