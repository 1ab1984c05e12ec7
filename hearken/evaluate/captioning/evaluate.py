"""Evaluate captions: a table of them, a captioner that writes them now, or an earlier evaluation, which is measured again. Writes a folder of it.

Legend: `N` clips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from hearken.data.locate import card_of
from hearken.errors import EvaluationError, show
from hearken.evaluate.captioning.answers import matched, own_task
from hearken.evaluate.captioning.figures import CaptionEvaluation, check_interval, measure
from hearken.evaluate.captioning.scores import chosen, quick, silent_step
from hearken.evaluate.captioning.store import check_place, is_caption_evaluation, kept_before, load, save
from hearken.evaluate.captioning.table import SUFFIXES, check_there, read_table
from hearken.evaluate.captioning.task import CaptionTask, open_captions
from hearken.evaluate.captioning.writers import Writer, WriterWish, check_writer, open_writer
from hearken.evaluate.evaluate import digest, place_of, short_name, slug, split_of, versions
from hearken.evaluate.open import OpenTask
from hearken.evaluate.plan import tests_of
from hearken.evaluate.store import corpora_of
from hearken.evaluate.wish import Wish
from hearken.metrics.captioning.score import CaptionScore
from hearken.types import Failure, Progress, silent

Kind = Literal["table", "captioner", "stored"]
_MOST_PARTS = 8
_PEOPLE = ("human", "people", "those", "the bbc", "labels")
"""How the cards of corpora begin to say who wrote their captions, where people did."""


@dataclass(frozen=True)
class CaptionWish:
    """How to evaluate: by which metrics (none: all that there are), with which intervals, whether clips without a caption are `lenient`ly taken as
    empty ones, and how captions are written."""

    metrics: tuple[str, ...] = ()
    interval: str = "bootstrap"
    seed: int = 0
    lenient: bool = False
    writing: WriterWish = field(default_factory=WriterWish)


@dataclass(frozen=True)
class Planned:
    """One that is evaluated, what it is called, the corpora that it is held against, and where the evaluation goes (None: nowhere)."""

    name: str
    kind: Kind
    label: str
    references: tuple[str, ...]
    place: Path | None


@dataclass(frozen=True, eq=False)
class DoneCaptions:
    """An evaluation, where it lies (None: it was not written), and whether what lies there are these figures; what failed."""

    evaluation: CaptionEvaluation
    folder: Path | None = None
    is_kept: bool = True
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, eq=False)
class Opened:
    """What a corpus asks, and the places of its sounds."""

    task: CaptionTask
    asked: OpenTask


def plan(names: Sequence[str], references: Sequence[str], wish: CaptionWish, *, out: Path | None = None) -> tuple[Planned, ...]:
    """Return what to do for each of `names`; what can be known to fail fails here, before a sound is read.

    A table without corpora in `references` brings its own; a run is asked the tests of its recipe. Raises EvaluationError for names that come
    twice, an unknown metric or interval, a wish that an evaluation or a table cannot fulfil, and what `check_writer` raises.
    """
    chosen(wish.metrics)
    check_interval(wish.interval)
    kinds = [kind_of(name) for name in names]
    _check(names, kinds, references, wish)
    planned = []
    for name, kind, label in zip(names, kinds, _labels(names, kinds, wish), strict=True):
        asked = () if kind == "stored" else tuple(references or (tests_of(name) if kind == "captioner" else ()))
        place = (
            (out / slug(label) if len(names) > 1 else out)
            if out is not None
            else _place(name, asked, wish)
            if kind == "captioner"
            else None
        )
        if place is not None:
            check_place(place)
        planned.append(Planned(name, kind, label, asked, place))
    return tuple(planned)


def kind_of(name: str) -> Kind:
    """Return what `name` is: an earlier evaluation, a table, or else a captioner."""
    if is_caption_evaluation(Path(name)):
        return "stored"
    return "table" if Path(name).is_file() or Path(name).suffix.lower() in SUFFIXES else "captioner"


def open_all(planned: Sequence[Planned]) -> dict[tuple[str, ...], Opened]:
    """Return what each of the planned is held against, by the names of the corpora; each is opened once, with sounds where one needs them."""
    opened: dict[tuple[str, ...], Opened] = {}
    for each in planned:
        if each.references and each.references not in opened:
            need = any(other.kind == "captioner" for other in planned if other.references == each.references)
            task, asked = open_captions(each.references, need_sounds=need)
            opened[each.references] = Opened(replace(task, record=task.record | _machine_made(each.references)), asked)
    return opened


def carry_out(
    planned: Planned, opened: Opened | None, wish: CaptionWish, *, writer: Writer | None = None, on_progress: Progress = silent,
    on_step: Callable[[str], None] = silent_step,
) -> DoneCaptions:  # fmt: skip
    """Evaluate one as planned: measure it, write it to its place, and return it. `opened` is what it is held against, where it brings nothing.

    What is written to a place are the metrics of the wish, the usual ones that are quick, and those that lie there of the same captions.
    `on_progress` is told of captions that are written, `on_step` which metrics come next.

    Raises EvaluationError where captions and clips do not fit, or none can be read, and what opening a captioner raises.
    """
    if planned.kind == "stored":
        return _again(planned, wish, on_step)
    if planned.kind == "table":
        table = read_table(Path(planned.name), with_references=opened is None)
        if opened is None:
            return _measured(planned, own_task(table), table.candidates, wish, {"captions": show(planned.name)}, on_step=on_step)
        candidates, record = matched(table, opened.task, lenient=wish.lenient)
        task = replace(opened.task, record=opened.task.record | record)
        return _measured(planned, task, candidates, wish, {"captions": show(planned.name)}, on_step=on_step)
    if opened is None:
        raise EvaluationError(f"{show(planned.name)} has no sounds to caption.", "Name a corpus with --data.")
    made = (writer or open_writer(planned.name, wish.writing)).write(opened.asked, on_progress=on_progress)
    numbers = sorted(made.captions)
    if not numbers:
        first = f" {made.failures[0].message}" if made.failures else ""
        raise EvaluationError(
            f"None of the {len(opened.task.clips)} clips of {show(opened.task.name)} can be read.{first}", "`hearken data check` says why."
        )
    task = opened.task.only(numbers, "clips_unreadable")
    facts = {**made.facts, "corpus": " + ".join(planned.references), "clips_failed": len(made.failures)}
    return _measured(planned, task, [made.captions[number] for number in numbers], wish, facts, made.failures, on_step=on_step)


def _measured(
    planned: Planned,
    task: CaptionTask,
    candidates: Sequence[str],
    wish: CaptionWish,
    facts: dict[str, object],
    failures: tuple[Failure, ...] = (),
    *,
    on_step: Callable[[str], None],
) -> DoneCaptions:
    metrics, known, by = _wanted(planned.place, task, candidates, chosen(wish.metrics))
    found = measure(
        planned.label, task, candidates, metrics=metrics, interval=wish.interval, seed=wish.seed,
        facts={**facts, **versions(), "scored_by": by}, known=known, on_step=on_step,
    )  # fmt: skip
    if planned.place is not None:
        save(planned.place, found)
    return DoneCaptions(found, planned.place, failures=failures)


def _wanted(
    place: Path | None, task: CaptionTask, candidates: Sequence[str], asked: tuple[str, ...]
) -> tuple[tuple[str, ...], dict[str, CaptionScore], dict[str, str]]:
    """The metrics that are measured, and of those that lie in `place` already the slow scores, and by what they were computed."""
    if place is None:
        return asked, {}, {}
    before = kept_before(place, task, candidates)
    own = tuple(dict.fromkeys((*asked, *quick())))
    if before is None:
        return own, {}, {}
    known, by = before.known(), before.evaluation.facts.get("scored_by", {})
    return tuple(dict.fromkeys((*own, *before.evaluation.figures))), known, {name: by[name] for name in known if name in by}


def _again(planned: Planned, wish: CaptionWish, on_step: Callable[[str], None]) -> DoneCaptions:
    """An earlier evaluation, measured as is wished now; it stays as it was unless it is written elsewhere."""
    stored = load(Path(planned.name))
    before = stored.evaluation
    metrics, known, by = _wanted(planned.place, before.task, before.candidates, chosen(wish.metrics or before.metrics))
    if planned.place is not None:
        metrics = tuple(dict.fromkeys((*metrics, *before.figures)))
    found = measure(
        planned.label,
        before.task,
        before.candidates,
        metrics=metrics,
        interval=wish.interval,
        seed=wish.seed,
        facts={**before.facts, "scored_by": {**by, **before.facts.get("scored_by", {})}},
        known={**known, **stored.known()},
        on_step=on_step,
    )
    if planned.place is not None:
        save(planned.place, found)
    same = all(before.figures.get(name) == figure for name, figure in found.figures.items())
    return DoneCaptions(found, planned.place or stored.folder, is_kept=planned.place is not None or same)


def _check(names: Sequence[str], kinds: Sequence[Kind], references: Sequence[str], wish: CaptionWish) -> None:
    whole = [str(Path(name).resolve()) if Path(name).exists() else name for name in names]
    twice = [name for number, name in enumerate(names) if whole[number] in whole[:number]]
    if twice:
        raise EvaluationError(f"{show(twice[0])} is named twice.", "Name each once.")
    if references and all(kind == "stored" for kind in kinds):
        raise EvaluationError(
            f"{show(names[0])} is an evaluation and has its own corpus, so it is not held against {show(references[0])}.",
            "Leave out --data.",
        )
    for name, kind in zip(names, kinds, strict=True):
        if kind == "table":
            check_there(Path(name))
    writing = wish.writing
    options = {
        "--tta": bool(writing.tta),
        "--beam": bool(writing.beam),
        "--search": bool(writing.search),
        "--max-duration": writing.max_duration_s is not None,
    }
    asked = next((option for option, is_given in options.items() if is_given), "")
    for name, kind in zip(names, kinds, strict=True):
        if kind == "captioner":
            check_writer(name, writing)
        elif asked:
            what = "an evaluation" if kind == "stored" else "a table"
            raise EvaluationError(
                f"{show(name)} is {what}: its captions are not written anew, as {asked} asks.", "Name the captioner itself."
            )
    if wish.lenient and not (references and "table" in kinds):
        raise EvaluationError("--lenient is for a table of captions that is held against a corpus.", "Name the corpus with --data.")


def _labels(names: Sequence[str], kinds: Sequence[Kind], wish: CaptionWish) -> list[str]:
    """What each is called: as short as tells them apart."""
    labels: list[str] = []
    for parts in range(1, _MOST_PARTS):
        labels = [_label(name, kind, wish, parts) for name, kind in zip(names, kinds, strict=True)]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{label} ({number})" if labels.count(label) > 1 else label for number, label in enumerate(labels, start=1)]


def _label(name: str, kind: Kind, wish: CaptionWish, parts: int) -> str:
    if kind == "stored":
        system = load(Path(name)).evaluation.system
        return system if parts == 1 else f"{system} ({short_name(name, parts)})"
    if kind == "table":
        return short_name(name, parts)
    return " + ".join([short_name(name, parts + 1), *_besides(wish.writing)])


def _besides(writing: WriterWish) -> list[str]:
    told = (("TTA", writing.tta), ("beam", writing.beam), ("search", writing.search))
    return [f"{name} {value}" for name, value in told if value]


def _place(name: str, references: Sequence[str], wish: CaptionWish) -> Path:
    """Where a captioner's evaluation goes unless somebody says: beside those of retrieval, by a name that says what it is."""
    place = place_of(name, references, Wish(tta=wish.writing.tta))
    first = "" if wish.writing.max_duration_s is None else f"-first-{wish.writing.max_duration_s:g}s"
    decoded = "".join(f"-{name}-{value}" for name, value in (("beam", wish.writing.beam), ("search", wish.writing.search)) if value)
    place = place.with_name(f"{place.name}{first}{decoded}-captions")
    if corpora_of(place) not in (None, [split_of(each)[0] for each in references]):
        place = place.with_name(f"{place.name}-{digest(chr(0).join(references))}")  # a table of the same name in another folder
    return place


def _machine_made(references: Sequence[str]) -> dict[str, list[str]]:
    """Which of the corpora have captions that no person wrote, and who did, for the record."""
    cards = {each: card_of(each) for each in references}
    told = [
        f"{each}: {card.text_source}"
        for each, card in cards.items()
        if card and card.text_source and not card.text_source.lower().startswith(_PEOPLE)
    ]
    return {"references_machine_made": told} if told else {}
