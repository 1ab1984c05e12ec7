"""What several models are to be asked, what each is called, and where its evaluation goes: two never share a name or a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hearken.errors import EvaluationError, show
from hearken.evaluate.beforehand import check_model, check_task, check_wish
from hearken.evaluate.evaluate import (
    EVALUATIONS,
    Done,
    Wish,
    again,
    ask_corpora,
    digest,
    label_of,
    listened,
    own_text,
    place_of,
    short_name,
    slug,
    split_of,
    way_name,
)
from hearken.evaluate.marks import recipe_of
from hearken.evaluate.open import OpenTask
from hearken.evaluate.store import RECORD, check_place, corpora_of, is_evaluation, load
from hearken.evaluate.systems import folder_of
from hearken.evaluate.templates import PLACE, STANDARD
from hearken.runtime.catalog import RUN_RECORD
from hearken.types import Progress, silent

_MOST_PARTS = 8
ZERO_SHOT_RECORD = "zero_shot.json"
"""What a classification goes by in its folder."""


@dataclass(frozen=True)
class Planned:
    """One model by `name`, what it is called in tables, the corpora it is asked, and where the evaluation goes (None: nowhere).

    `is_stored`: it is an earlier evaluation, and only measured again.
    """

    name: str
    label: str
    references: tuple[str, ...]
    place: Path | None
    is_stored: bool = False


def plan(
    names: Sequence[str], references: Sequence[str], wish: Wish, *, out: Path | None = None, zero_shot: bool = False,
    templates: Sequence[str] = (STANDARD,),
) -> tuple[Planned, ...]:  # fmt: skip
    """Return what to do for each of `names`; without `references`, each run is asked the tests of its recipe.

    `zero_shot`: clips are to be classified, with `templates`, so that an earlier evaluation is no model, and folders are others (their content is
    checked later). With `out`, one model's evaluation goes there, and those of several into folders of it. Raises EvaluationError for a model
    that comes twice, where no corpus is named or evaluations alone get one, and for a folder that holds something else; and what `check_wish`
    and `check_model` raise.
    """
    check_wish(wish)
    suffix = _zero_shot_name(templates) if zero_shot else ""
    labels = _labels(names, wish)
    planned = []
    for name, label in zip(names, labels, strict=True):
        stored = is_evaluation(Path(name))
        if stored and zero_shot:
            raise EvaluationError(f"{show(name)} is an evaluation: its clips cannot be classified.", "Name the model itself.")
        if not stored:
            check_model(name)
        elif references and all(is_evaluation(Path(each)) for each in names):
            raise EvaluationError(
                f"{show(name)} is an evaluation and has its own corpus, so it is not asked {show(references[0])}.",
                "Name the model, or leave out --data.",
            )
        asked = () if stored else tuple(references or tests_of(name))
        place = _place(name, label, asked, wish, out, several=len(names) > 1, suffix=suffix)
        planned.append(Planned(name, label, asked, place, stored))
    planned = _apart(planned)
    for each in planned:
        if each.place is not None and not zero_shot:
            check_place(each.place)
    return tuple(planned)


def ask_all(planned: Sequence[Planned], wish: Wish) -> list[tuple[str, OpenTask] | None]:
    """Return for each model the definition that fits, and what it is asked; None for an earlier evaluation. Each corpus is opened once."""
    opened: dict[tuple[str, ...], tuple[str, OpenTask]] = {}
    for each in planned:
        if not each.is_stored and each.references not in opened:
            by, asked = opened[each.references] = ask_corpora(each.references, wish)
            check_task(asked.task, by, wish)
    return [None if each.is_stored else opened[each.references] for each in planned]


def carry_out(planned: Planned, asked: tuple[str, OpenTask] | None, wish: Wish, *, on_progress: Progress = silent) -> Done:
    """Evaluate one model as planned."""
    if asked is None:
        return again(Path(planned.name), wish, out=planned.place, label=planned.label)
    return listened(planned.name, *asked, wish, out=planned.place, label=planned.label, on_progress=on_progress)


def place_of_ensemble(done: Sequence[Done], how: str, out: Path | None, wish: Wish | None = None) -> Path:
    """Return where the evaluation of an ensemble goes: below `out`, or below `evaluations/` here, where `wish` and the members make its name."""
    if out is not None:
        return out / how
    wish = wish or Wish()
    task = slug(Path(done[0].evaluation.task).stem) + way_name(wish) + _length_name(wish)
    place = Path(EVALUATIONS) / "ensembles" / slug(f"{task}-{how}-of-{'-and-'.join(each.evaluation.system for each in done)}")
    corpora = done[0].task.record.get("corpora") if done[0].task else None
    if corpora and corpora_of(place) not in (None, corpora):
        place = place.with_name(f"{place.name}-{digest(chr(0).join(corpora))}")
    return place


def tests_of(name: str) -> tuple[str, ...]:
    """Return the test sets of the recipe of the run `name`. Raises EvaluationError where there is no run, or none are named, and
    RunError where its record is damaged.
    """
    if not (folder_of(name) / RUN_RECORD).is_file():
        raise EvaluationError(f"{show(name)} is no run whose recipe names a test set.", "Name a corpus with --data.")
    found = tuple(map(str, recipe_of(folder_of(name))["data"].get("test") or ()))
    if not found:
        raise EvaluationError(f"The recipe of {show(name)} names no test set.", "Name a corpus with --data.")
    return found


def _labels(names: Sequence[str], wish: Wish) -> list[str]:
    """What each is called: as short as tells them apart. Raises EvaluationError for one that comes twice."""
    whole = [str(folder_of(name).resolve()) if folder_of(name).exists() else name for name in names]
    twice = [name for number, name in enumerate(names) if whole[number] in whole[:number]]
    if twice:
        raise EvaluationError(f"{show(twice[0])} is named twice.", "Name each model once.")
    paths = [str(folder_of(name)) if folder_of(name).exists() else name for name in names]
    for parts in range(2, _MOST_PARTS):
        labels = [_label(path, wish, parts) for path in paths]
        if len(set(labels)) == len(labels):
            return labels
    own = labels = [_label(path, wish, 2) for path in paths]
    for parts in range(2, _MOST_PARTS):  # earlier evaluations of one model
        alike = [own.count(label) > 1 and Path(path).exists() for label, path in zip(own, paths, strict=True)]
        labels = [f"{label} ({short_name(path, parts)})" if told else label for label, path, told in zip(own, paths, alike, strict=True)]
        if len(set(labels)) == len(labels):
            break
    return labels


def _label(path: str, wish: Wish, parts: int) -> str:
    return load(Path(path)).system if is_evaluation(Path(path)) else label_of(path, wish, parts=parts)


def _zero_shot_name(templates: Sequence[str]) -> str:
    """What distinguishes the folder of a classification: that it is one, and its templates where they are not the usual."""
    names = [own_text(each) if PLACE in each else slug(each) for each in dict.fromkeys(templates)]
    return "-zero-shot" if names == [STANDARD] else "-" + slug(f"zero-shot-{'+'.join(names)}")


def _length_name(wish: Wish) -> str:
    return "" if wish.max_duration_s is None else f"-first-{wish.max_duration_s:g}s"


def _place(
    name: str, label: str, references: Sequence[str], wish: Wish, out: Path | None, *, several: bool, suffix: str = ""
) -> Path | None:
    if out is not None:
        return out / slug(label) if several else out
    if is_evaluation(Path(name)):
        return None
    place = place_of(name, references, wish)
    place = place.with_name(place.name + _length_name(wish) + suffix)
    record = ZERO_SHOT_RECORD if suffix else RECORD
    if corpora_of(place, record) not in (None, [split_of(each)[0] for each in references]):
        place = place.with_name(f"{place.name}-{digest(chr(0).join(references))}")  # a table of the same name in another folder
    return place


def _apart(planned: Sequence[Planned]) -> list[Planned]:
    """Give those whose folders would be one a number, in the order in which they are named."""
    seen: dict[Path, int] = {}
    apart = []
    for each in planned:
        place = each.place
        if place is not None:
            seen[place] = seen.get(place, 0) + 1
            place = place.with_name(f"{place.name}-{seen[place]}") if seen[place] > 1 else place
        apart.append(replace(each, place=place))
    return apart
