"""One model on one task, from its name to an evaluation in a folder.

done = evaluate("pocket", ["clotho-evaluation"], Wish())
done.evaluation.figures["t2a_mAP@10"]            # Interval(value=..., low=..., high=..., method="bootstrap")
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hearken import __version__
from hearken.errors import EvaluationError, show
from hearken.evaluate.beforehand import check_model, check_task, check_wish
from hearken.evaluate.ensemble import Member, check_members, ensemble
from hearken.evaluate.evaluation import WAYS, Evaluation, Way
from hearken.evaluate.fit_weights import check_apart, fit_weights
from hearken.evaluate.measure import measure
from hearken.evaluate.open import OpenTask, open_task
from hearken.evaluate.store import check_place, is_evaluation, load, metrics_of, save
from hearken.evaluate.systems import Encoded, SoundEncoder, encode, folder_of, open_system
from hearken.evaluate.task import Task
from hearken.evaluate.wish import Wish as Wish  # noqa: PLC0414 - who evaluates takes it from here
from hearken.metrics.definitions import definition
from hearken.metrics.scores import Scores
from hearken.runtime.catalog import RUN_RECORD
from hearken.types import Failure, Progress, silent

if TYPE_CHECKING:
    from hearken.models.dual import DualEncoder
    from hearken.train.augmentation import Augmentation

EVALUATIONS = "evaluations"
"""Where evaluations are: in a run's folder, or, of other models, in the current one."""
STANDARD = "any-of-n"
"""The definition unless another one is asked for: what the papers and the public code compute."""
SEVERAL = "dcase2025"
"""The definition for a corpus whose queries have several clips each, as people judged."""
_SIGNS = str.maketrans({",": "+", "/": "_", "@": "_at"})  # `5,2.5` are other windows than `5/2.5`
_DIGITS = 6
_LONGEST = 120  # of the 255 bytes that a folder's name may have
_ONE_WAY = {"dcase": ("t2a",), "dcase2025": ("t2a",)}


@dataclass(frozen=True, eq=False)
class Done:
    """An evaluation, what it was computed from (None: lists of a submission), and where it lies (None: it was not written).

    `is_kept` says whether what lies in `folder` are these figures: an earlier evaluation that was measured in another way stays as it was.
    """

    evaluation: Evaluation
    task: Task | None
    scores: Scores | None
    folder: Path | None = None
    failures: tuple[Failure, ...] = ()
    interval: str = "bootstrap"
    seed: int = 0
    is_kept: bool = True


def evaluate(
    name: str, references: Sequence[str], wish: Wish | None = None, *, out: Path | None = None, label: str = "", on_progress: Progress = silent,
) -> Done:  # fmt: skip
    """Evaluate the model `name` on the corpora `references` together, write it to `out` (None: nowhere), and return it.

    The folder of an earlier evaluation in the place of a model is taken as it is, and only measured again. `label` is what the system is
    called (default: `label_of`). What can be known to fail fails before a sound is read. Raises what opening the corpora and the model raises, and
    EvaluationError.
    """
    wish = wish or Wish()
    check_wish(wish)
    if out is not None:
        check_place(out)
    if is_evaluation(Path(name)):
        return again(Path(name), wish, out=out)
    check_model(name)
    by, asked = ask_corpora(references, wish)
    return listened(name, by, asked, wish, out=out, label=label, on_progress=on_progress)


def listened(
    name: str, by: str, asked: OpenTask, wish: Wish, *, out: Path | None = None, label: str = "", on_progress: Progress = silent
) -> Done:
    """Evaluate the model `name` on what is asked, by the definition `by`, as `evaluate` does once it has opened the corpora."""
    check_task(asked.task, by, wish)
    system = open_system(
        name, max_duration_s=wish.max_duration_s, accelerator=wish.accelerator, precision=wish.precision, make_encoder=encoder_of(wish)
    )
    encoded = encode(system, asked, jobs=wish.jobs, on_progress=on_progress)
    if wish.variations:
        from hearken.evaluate.rephrased import with_variations

        encoded = with_variations(encoded, wish.variations, system.encode_texts)
    return measured(label or label_of(name, wish), encoded, by, wish, out=out)


def together(
    done: Sequence[Done],
    names: Sequence[str],
    wish: Wish,
    *,
    fit_on: Sequence[str] = (),
    out: Path | None = None,
    on_progress: Progress = silent,
) -> Done:
    """Evaluate the systems of `done` together, on what they were all asked: by the mean of their scores, or by weights fitted on `fit_on`.

    The corpora of `fit_on` must have no clip in common with what is tested; the models `names` are tried on them first.
    Raises EvaluationError where the systems were not asked the same.
    """
    by = done[0].evaluation.definition
    members = [_member(each) for each in done]
    check_members(members)
    if not fit_on:
        label = f"mean of {len(done)}"
        return score(label, members[0].task, ensemble(members), by, wish, facts={**versions(), "members": _names(done)}, out=out)
    asked = ask_to_fit(names, fit_on, by, members[0].task, wish)
    tried = [listened(name, by, asked, wish, label=label, on_progress=on_progress) for name, label in zip(names, _names(done), strict=True)]
    fitted = fit_weights([_member(each) for each in tried], definition(by), test=members[0].task, seed=wish.seed)
    label = f"weighted mean ({', '.join(f'{weight:.2f}' for weight in fitted.weights)})"
    facts = {
        **versions(), "members": _names(done), "weights": list(fitted.weights), "fitted_on": list(fit_on), "fitted_metric": fitted.metric,
        "gain_where_fitted": fitted.gain.difference.value, "warning": fitted.warning,
    }  # fmt: skip
    failures = tuple(failure for each in tried for failure in each.failures)
    return score(label, members[0].task, ensemble(members, fitted.weights), by, wish, facts=facts, failures=failures, out=out)


def ask_to_fit(names: Sequence[str], fit_on: Sequence[str], by: str, test: Task, wish: Wish) -> OpenTask:
    """Return what the corpora `fit_on` ask, on which weights are fitted. Raises EvaluationError where they share a clip with `test`, and
    where one of `names` is an earlier evaluation, which cannot be asked anew."""
    refuse_stored(names)
    _, asked = ask_corpora(fit_on, replace(wish, definition=by))
    check_task(asked.task, by, wish)
    check_apart(asked.task, test)
    return asked


def refuse_stored(names: Sequence[str]) -> None:
    """Raise EvaluationError where one of `names` is an earlier evaluation: weights cannot be fitted with it."""
    stored = [name for name in names if is_evaluation(Path(name))]
    if stored:
        raise EvaluationError(
            f"Weights are fitted with models, not with earlier evaluations, as {show(stored[0])} is one.", "Name the models themselves."
        )


def _member(done: Done) -> Member:
    if done.task is None or done.scores is None:
        raise EvaluationError(f"{show(done.evaluation.system)} has no scores to add.")
    return Member(done.evaluation.system, done.task, done.scores)


def _names(done: Sequence[Done]) -> list[str]:
    return [each.evaluation.system for each in done]


def measured(label: str, encoded: Encoded, by: str, wish: Wish, *, out: Path | None = None) -> Done:
    """Measure what was encoded, write it to `out` (None: nowhere), and return it."""
    facts = {**encoded.facts, **versions(), **besides(wish)}
    return score(label, encoded.task, encoded.scores, by, wish, facts=facts, failures=encoded.failures, out=out)


def score(
    label: str, task: Task, scores: Scores, by: str, wish: Wish, *, facts: dict[str, Any] | None = None,
    failures: tuple[Failure, ...] = (), out: Path | None = None,
) -> Done:  # fmt: skip
    """Measure `scores` on `task`, write it to `out` (None: nowhere), and return it.

    Metrics of an earlier evaluation in `out`, of the same task by the same definition, are computed besides: none of them is lost.
    """
    ways = wish.ways or ways_of(by)
    metrics = tuple(dict.fromkeys((*wish.metrics, *(metrics_of(out, task.digest, by) if out is not None else ()))))
    found = measure(label, task, scores, by=by, metrics=metrics, ways=ways, interval=wish.interval, seed=wish.seed, facts=facts)
    if out is not None:
        save(out, found, task, scores, interval=wish.interval, seed=wish.seed)
    return Done(found, task, scores, out, failures, wish.interval, wish.seed)


def again(folder: Path, wish: Wish, *, out: Path | None = None, label: str = "") -> Done:
    """Return the evaluation in `folder`, measured as `wish` says, and write it to `out` (None: nowhere).

    Raises EvaluationError for a definition that needs other queries, and for a wish that needs the model.
    """
    if any(besides(wish).values()) or wish.max_duration_s is not None:
        raise EvaluationError(
            f"{show(folder)} is an evaluation: its sounds and texts are not encoded anew.", "Evaluate the model itself that way."
        )
    stored = load(folder)
    by = wish.definition or stored.definition
    if definition(by).merged != definition(stored.definition).merged:
        raise EvaluationError(
            f"{show(folder)} was evaluated by {stored.definition}, whose queries are others than those of {by}.",
            "Evaluate the model again by that definition.",
        )
    check_task(stored.task, by, wish)
    done = score(label or stored.system, stored.task, stored.scores, by, wish, facts=stored.facts, out=out)
    is_kept = out is not None or all(stored.figures.get(name) == figure for name, figure in done.evaluation.figures.items())
    return replace(done, folder=out or folder, is_kept=is_kept)


def ask_corpora(references: Sequence[str], wish: Wish, *, need_sounds: bool = True) -> tuple[str, OpenTask]:
    """Return the definition that fits, and what the corpora ask by it."""
    if wish.definition:
        return wish.definition, open_task(references, merged=definition(wish.definition).merged, need_sounds=need_sounds)
    asked = open_task(references, merged=definition(STANDARD).merged, need_sounds=need_sounds)
    return (SEVERAL if (asked.task.relevance.counts > 1).any() else STANDARD), asked


def ways_of(by: str) -> tuple[Way, ...]:
    """Return the directions in which a definition is at home."""
    return _ONE_WAY.get(by, WAYS)  # type: ignore[return-value]  # they are Ways


def encoder_of(wish: Wish) -> Callable[[DualEncoder, str], SoundEncoder] | None:
    """Return what makes the encoder that `wish` asks for, None for the model's own way (`check_wish` has seen that it is one)."""
    if wish.tta:
        return lambda dual, name: _tta(dual, name, wish)
    if wish.windows:
        return lambda dual, _: _windows(dual, wish)
    return None


def besides(wish: Wish) -> dict[str, str]:
    """Return what is done besides encoding sounds and texts as the model does, for the record."""
    return {"tta": wish.tta, "windows": wish.windows, "variations": wish.variations}


def label_of(name: str, wish: Wish, *, parts: int = 2) -> str:
    """Return what a system is called in tables: the model, and what was done besides; of a path, the last `parts` parts alone."""
    done = [
        f"TTA {wish.tta}" if wish.tta else "",
        f"windows {wish.windows}" if wish.windows else "",
        "rephrased" if wish.variations else "",
    ]
    return " + ".join([short_name(name, parts), *filter(None, done)])


def short_name(name: str, parts: int = 2) -> str:
    """Return the last `parts` parts of the path of a model; a name as it is."""
    if not Path(name).exists():
        return name
    whole = Path(os.path.abspath(name)).parts[1:]
    return "/".join(whole[-parts:]) or name


def place_of(name: str, references: Sequence[str], wish: Wish) -> Path:
    """Return where an evaluation goes unless somebody says: below the run, or below `evaluations/` here."""
    folder = slug("+".join(map(_corpus_name, references)) + way_name(wish))
    model = folder_of(name)
    if (model / RUN_RECORD).is_file():
        return model / EVALUATIONS / folder
    return Path(EVALUATIONS) / slug(short_name(name)) / folder


def way_name(wish: Wish) -> str:
    """Return what `wish` asks for besides the usual, as the end of a folder's name; "" for nothing. Lengths are for whoever plans."""
    tta = wish.tta and f"tta-{wish.tta}" + (f"-{wish.tta_layer}" if wish.tta_layer != "encoder" else "")
    windows = wish.windows and f"windows-{wish.windows.translate(_SIGNS)}"
    done = (wish.definition, tta, windows, wish.variations and f"rephrased-{_words_name(wish.variations)}")
    return "".join(f"-{each}" for each in done if each)


def _corpus_name(reference: str) -> str:
    """A corpus as a part of a folder's name: of a path the last part, without the ending, and the split."""
    path, split = split_of(reference)
    return (Path(path).stem if Path(path).suffix else path) + (f"-{split}" if split else "")


def _words_name(variations: str) -> str:
    """Variations as a part of a folder's name: `eda`, the name of a corpus; a template as `own_text`."""
    return own_text(variations) if "{}" in variations else _corpus_name(variations)


def own_text(text: str) -> str:
    """Return a text that somebody wrote as a part of a folder's name, with a digest: texts that differ by a full stop are two."""
    return f"{slug(text)[: _LONGEST // 4]}-{digest(text)}"


def digest(text: str) -> str:
    """Return a few digits that tell `text` from others, for the name of a folder."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


def split_of(reference: str) -> tuple[str, str]:
    """Return the path and the split of `PATH:SPLIT`, as `open_corpus` takes it apart; of another reference, itself and ""."""
    path, colon, split = reference.rpartition(":")
    return (path, split) if colon and split and os.path.exists(path) and not os.path.exists(reference) else (reference, "")


def slug(text: str) -> str:
    """Return `text` as the name of a folder: letters, digits, and - . + _ alone; what is too long ends in a digest."""
    name = re.sub(r"[^\w.+-]+", "-", text, flags=re.ASCII).strip("-.") or "evaluation"
    return (
        name if len(name) <= _LONGEST else f"{name[: _LONGEST - 9]}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    )


def _tta(dual: DualEncoder, name: str, wish: Wish) -> SoundEncoder:
    from hearken.tta.multi import MultiTTA

    return MultiTTA(dual, wish.tta, augmentation_of(folder_of(name)), seed=wish.seed, layer=wish.tta_layer)


def augmentation_of(folder: Path) -> Augmentation | None:
    """Return the augmentation that the run in `folder` was trained with; None where there is no run."""
    from hearken.train.augmentation import build_augmentation
    from hearken.train.recipes.read import from_mapping
    from hearken.train.runs.run import RunFolder

    if not (folder / RUN_RECORD).is_file():
        return None
    return build_augmentation(from_mapping(RunFolder.open(folder).recipe_json, folder / RUN_RECORD).augment)


def _windows(dual: DualEncoder, wish: Wish) -> SoundEncoder:
    from hearken.tta.windows import WindowEnsemble

    return WindowEnsemble(dual, wish.windows)


def versions() -> dict[str, Any]:
    """Return what computed it, and when, for the record."""
    return {"hearken": __version__, "python": platform.python_version(), "at": datetime.now(UTC).isoformat(timespec="seconds")}
