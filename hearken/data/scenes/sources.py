"""Recordings as material for scenes: which can be an event, which a background, and why the others are not used."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hearken.data.clip import Clip
from hearken.data.scenes.clause import Clause, parse_clause
from hearken.data.scenes.measure import Measure

MIN_EVENT_S, MAX_EVENT_S = 0.04, 8.0
MIN_BACKGROUND_S = 8.0
"""A recording that sounds at least this long can be a background of shorter scenes; a steady one may be repeated from `MIN_LOOP_S` on."""
MIN_LOOP_S = 4.0
MAX_SPREAD_DB, MAX_LOOP_SPREAD_DB = 18.0, 8.0
MIN_BACKGROUND_SHARE = 0.85
MIN_CLEAR_DB = 15.0  # an event in a noisy recording has to stand out by this much, or to be steady
MIN_PEAK_DB = -60.0
MAX_COUNTABLE_S = 2.0


@dataclass(frozen=True)
class Source:
    """A clip with its forms of speech and what was measured. `path` is that of its file; `label` is its first tag or its caption."""

    id: str
    path: str
    label: str
    caption: str
    measure: Measure
    split: str = ""
    origins: tuple[str, ...] = ()
    licence: str = ""
    author: str = ""

    @property
    def clause(self) -> Clause:
        """The caption, analysed."""
        return parse_clause(self.caption)


@dataclass(frozen=True)
class Material:
    """A source and the parts that it can play. A background that `is_loop` may be repeated, another may not."""

    source: Source
    clause: Clause
    is_event: bool
    is_background: bool
    is_loop: bool
    is_countable: bool


def label_of(clip: Clip) -> str:
    """Return the name of what is heard: the first tag, or else the caption."""
    return clip.tags[0] if clip.tags else caption_of(clip)


def caption_of(clip: Clip) -> str:
    """Return the sentence about the clip: its first caption, or else its title or first tag; "" if it has none of them."""
    return next((text for text in (*clip.captions[:1], clip.title, *clip.tags[:1]) if text.strip()), "")


def licence_allows(licence: str, patterns: Sequence[str]) -> bool:
    """Say whether `licence` fits one of the `patterns` (as file names do, in any case); no patterns allow all."""
    return not patterns or any(fnmatch.fnmatchcase(licence.lower(), pattern.lower()) for pattern in patterns)


def classify(source: Source) -> tuple[Material, str]:
    """Return what `source` can be, and, if that is nothing, why."""
    clause, found = source.clause, source.measure
    is_long = found.sounding_s >= MIN_BACKGROUND_S and found.spread_db <= MAX_SPREAD_DB
    is_loop = found.sounding_s >= MIN_LOOP_S and found.spread_db <= MAX_LOOP_SPREAD_DB and clause.is_durative
    lasts = not (clause.is_whole or clause.is_momentary or clause.tells_how_often)
    is_background = (is_long or is_loop) and found.active_share >= MIN_BACKGROUND_SHARE and lasts
    reason = _why_no_event(source, clause)
    is_countable = (
        found.num_bursts == 1 and found.sounding_s <= MAX_COUNTABLE_S and not clause.is_durative and not clause.has_several_actions
    )
    if found.peak_db < MIN_PEAK_DB:
        reason, is_background = "too quiet", False
    material = Material(source, clause, not reason, is_background, is_loop and is_background, is_countable)
    return material, "" if is_background else reason


def _why_no_event(source: Source, clause: Clause) -> str:
    found = source.measure
    if not source.caption:
        return "no caption"
    if found.sounding_s < MIN_EVENT_S:
        return "too short"
    if found.sounding_s > MAX_EVENT_S:
        return "too long for an event, too unsteady for a background"
    if found.active_share < 0.5 and clause.is_durative:
        return "a steady sound by its caption, but mostly silent"
    if found.peak_db - found.floor_db < MIN_CLEAR_DB and found.sounding_s < 0.9 * found.duration_s:
        return "does not stand out of its own noise"
    return ""


def to_json(source: Source) -> dict[str, Any]:
    """Return `source` as JSON, as `from_json` reads it."""
    return asdict(source)


def from_json(value: dict[str, Any]) -> Source:
    """Return the source that `to_json` wrote. Raises KeyError or TypeError for anything else."""
    return Source(**(value | {"measure": Measure(**value["measure"]), "origins": tuple(value["origins"])}))


def digest(values: Iterable[dict[str, Any]]) -> str:
    """Return the SHA-256 in hex of JSON objects in their order."""
    total = hashlib.sha256()
    for value in values:
        total.update(json.dumps(value, sort_keys=True, ensure_ascii=True).encode() + b"\n")
    return total.hexdigest()


def read_sources(path: Path) -> tuple[Source, ...]:
    """Return the sources in a file of JSON lines that a run of the composer wrote."""
    return tuple(from_json(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines())
