"""The guard at the door of training: no clip that is validated or tested on is trained on, unless somebody says so in the recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hearken.data.blacklists import read_blacklist
from hearken.data.clip import Clip, Corpus
from hearken.data.leakage import LeakReport, find_leaks, without_leaks
from hearken.data.overlaps import Leak
from hearken.errors import LeakError, show
from hearken.train.feed.corpora import Opened
from hearken.train.recipe import Leaks

_SHOWN = 3


def guard(training: Opened, held_out: Sequence[Opened], blacklists: Sequence[str], leaks: Leaks) -> tuple[Opened, list[dict[str, Any]]]:
    """Return `training` without what it shares with `held_out` or has on `blacklists`, and the record of what was found.

    Compared are origins, files byte for byte, captions (which are only told of), and ids where both are of one corpus (of packs: ids with
    captions). With `leaks`
    "allow" nothing is taken away, with "refuse" anything found is an error.

    Raises LeakError, which counts and names leaks; what `find_leaks` and `read_blacklist` raise.
    """
    reports = [_compare(training, other) for other in held_out if other.clips]
    for name in blacklists:
        nobody = Corpus(f"blacklist {name}", Path(), ())
        reports.append(find_leaks(training.corpus, nobody, captions=False, blacklist=read_blacklist(name)))
    corpus = training.corpus
    for report in reports:
        if leaks == "refuse" and report.leaked_ids:
            raise _refusal(report)
        if leaks == "drop":
            corpus = without_leaks(corpus, report)
    dropped = len(training.clips) - len(corpus.clips)
    records = [report.to_json(with_leaks=False) for report in reports]
    return replace(training, corpus=corpus), [*records, {"policy": leaks, "dropped_clips": dropped}]


def _compare(training: Opened, held_out: Opened) -> LeakReport:
    """Compare as `find_leaks` does, and by ids where both are of one corpus.

    A pack has no files to compare, and where it was made of a folder, that may be on another machine: then two clips are the same
    that have both their id and their captions in common.
    """
    report = find_leaks(training.corpus, held_out.corpus)
    is_one = training.identity == held_out.identity
    if not is_one and (training.pack or held_out.pack) is None:
        return report
    known = report.ids(["file"])
    theirs = {_name(clip, is_one) for clip in held_out.clips}
    detail = f"the same clip of {training.identity}" if is_one else "the same id and captions"
    same = [Leak("file", clip.id, clip.id, detail) for clip in training.clips if clip.id not in known and _name(clip, is_one) in theirs]
    checked = report.checked if "file" in report.checked else (*report.checked, "file")
    return replace(report, leaks=(*report.leaks, *same), checked=checked)


def _name(clip: Clip, is_one: bool) -> tuple[str, tuple[str, ...]]:
    return clip.id, () if is_one else clip.captions


def _refusal(report: LeakReport) -> LeakError:
    proofs = [leak for leak in report.leaks if leak.training in report.leaked_ids and leak.kind != "caption"]
    some = "; ".join(f"{show(leak.training)} ({leak.kind}: {show(leak.detail)})" for leak in proofs[:_SHOWN])
    more = f"; and {len(proofs) - _SHOWN} more" if len(proofs) > _SHOWN else ""
    return LeakError(
        f"{report.summary} Such as {some}{more}.",
        "`data.leaks: drop` trains without these clips, `allow` trains on them on purpose; the run's record says so either way.",
    )
