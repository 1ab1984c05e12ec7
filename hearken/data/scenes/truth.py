"""The truth about a scene: what sounds when, as JSON and in the formats of label editors and evaluation tools."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hearken.data.scenes.captions import Slot, Told, write_caption
from hearken.data.scenes.encode import OPUS_RATE_HZ, Format
from hearken.data.scenes.phrases import Phrases
from hearken.data.scenes.plan import Event, Plan, Settings, generator_of
from hearken.data.scenes.render import REFERENCE_DB
from hearken.data.scenes.sources import Material

_HIGH_HZ = 16_000  # upper edge of the boxes that Raven draws
_CAPTION_TRIES = 5


def scene_name(number: int) -> str:
    """Return the id of scene `number`."""
    return f"scene-{number:06d}"


def scene_record(
    plan: Plan, material: tuple[Material, ...], settings: Settings, gain_db: float, phrases: Phrases, kind: Format
) -> dict[str, Any]:
    """Return all that is known of a scene as one JSON object: a line of the manifest that `hearken.data.load` reads.

    `kind` is the format of the sound file. Times are in seconds, levels in dB of full scale, K-weighted (`loudness.py`).
    """
    events = [_event(event, material[event.index], gain_db) for event in plan.events]
    if plan.background:
        events.append(_background(plan, material[plan.background.index], gain_db))
    used = [material[index].source for index in _indices(plan)]
    splits = {source.split for source in used}
    return {
        "id": scene_name(plan.number),
        "file": f"audio/{scene_name(plan.number)}.{kind}",
        "captions": captions_of(plan, material, settings, phrases),
        "duration_s": plan.duration_s,
        "tags": list(dict.fromkeys(source.label for source in used)),
        "split": splits.pop() if len(splits) == 1 else "",
        "origins": sorted({origin for source in used for origin in source.origins}),
        "licence": "; ".join(sorted({source.licence or "unknown" for source in used})),
        "licences": sorted({source.licence or "unknown" for source in used}),
        "author": "; ".join(sorted({source.author for source in used if source.author})),
        "events": events,
        "reverb": {"rt60_s": round(plan.echo.rt60_s, 3), "wet_db": round(plan.echo.wet_db, 2)} if plan.echo else None,
        "gain_db": round(gain_db, 2),
        "rate_hz": OPUS_RATE_HZ if kind == "opus" else settings.rate_hz,
        "seed": settings.seed,
        "number": plan.number,
    }


def _indices(plan: Plan) -> list[int]:
    return [event.index for event in plan.events] + ([plan.background.index] if plan.background else [])


def _event(event: Event, material: Material, gain_db: float) -> dict[str, Any]:
    return _common(material) | {
        "background": False,
        "start_s": round(event.start_s, 3),
        "end_s": round(event.end_s, 3),
        "times": [[round(start, 3), round(start + event.sounding_s, 3)] for start in event.starts_s],
        "repeats": len(event.starts_s),
        "level_db": round(REFERENCE_DB + event.level_db + gain_db, 2),
    }


def _background(plan: Plan, material: Material, gain_db: float) -> dict[str, Any]:
    level_db = plan.background.level_db if plan.background else 0.0
    return _common(material) | {
        "background": True,
        "start_s": 0.0,
        "end_s": plan.duration_s,
        "times": [[0.0, plan.duration_s]],
        "repeats": 1,
        "level_db": round(REFERENCE_DB + level_db + gain_db, 2),
    }


def _common(material: Material) -> dict[str, Any]:
    source, clause = material.source, material.clause
    return {
        "label": source.label,
        "clause": clause.simple or clause.progressive or clause.text,
        "source": source.id,
        "origins": list(source.origins),
        "licence": source.licence,
        "author": source.author,
    }


def captions_of(plan: Plan, material: tuple[Material, ...], settings: Settings, phrases: Phrases) -> list[str]:
    """Return up to `num_captions` different ways to tell the scene."""
    generator = generator_of(settings.seed, plan.number, 2)
    slots = _slots(plan, material)
    background = Told(material[plan.background.index].clause) if plan.background else None
    found: dict[str, None] = {}
    for _ in range(settings.num_captions * _CAPTION_TRIES):
        if len(found) < settings.num_captions:
            found.setdefault(write_caption(generator, slots, background, phrases))
    return list(found)


def _slots(plan: Plan, material: tuple[Material, ...]) -> tuple[Slot, ...]:
    """Return the events as they are told: slots by time, in each the shorter event first."""
    slots: dict[int, list[Event]] = {}
    for event in plan.events:
        slots.setdefault(event.slot, []).append(event)
    ordered = sorted(slots.values(), key=lambda slot: min(event.start_s for event in slot))
    return tuple(tuple(_told(event, material) for event in sorted(slot, key=lambda event: event.end_s - event.start_s)) for slot in ordered)


def _told(event: Event, material: tuple[Material, ...]) -> Told:
    return Told(material[event.index].clause, len(event.starts_s), material[event.index].is_countable)


def _lines(record: dict[str, Any]) -> list[tuple[float, float, str]]:
    """Return start, end and label of every repetition of every event, by their start."""
    return sorted((start, end, event["label"]) for event in record["events"] for start, end in event["times"])


def audacity_labels(record: dict[str, Any]) -> str:
    """Return the events as a label track of Audacity: start, end and label in columns."""
    return "".join(f"{start:.3f}\t{end:.3f}\t{label}\n" for start, end, label in _lines(record))


def raven_table(record: dict[str, Any]) -> str:
    """Return the events as a selection table of Raven."""
    names = ("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)", "Label")
    high_hz = min(_HIGH_HZ, record["rate_hz"] // 2)
    rows = [
        (number, "Spectrogram 1", 1, f"{start:.3f}", f"{end:.3f}", 0, high_hz, label)
        for number, (start, end, label) in enumerate(_lines(record), start=1)
    ]
    return "".join("\t".join(map(str, row)) + "\n" for row in (names, *rows))


def dcase_table(records: Iterable[dict[str, Any]]) -> str:
    """Return the events of all scenes as DCASE's tasks on sound events have them: filename, onset, offset, event_label."""
    rows = ["filename\tonset\toffset\tevent_label\n"]
    for record in records:
        name = record["file"].rsplit("/", 1)[-1]
        rows += [f"{name}\t{start:.3f}\t{end:.3f}\t{label}\n" for start, end, label in _lines(record)]
    return "".join(rows)
