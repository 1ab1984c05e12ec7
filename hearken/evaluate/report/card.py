"""The run card: what was evaluated, on what, how, with which versions and what was left out, so that somebody else can do it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hearken.errors import show
from hearken.evaluate.report.commands import evaluate_command

if TYPE_CHECKING:
    from pathlib import Path

    from hearken.evaluate.captioning.store import StoredCaptions
    from hearken.evaluate.report.training import Training
    from hearken.evaluate.store import Stored

_MOST_LINES = 60
_MOST_CHARS = 400
_WORDS = {
    "digest": "digest of the weights", "sha256": "SHA-256", "max_duration_s": "longest sound, s", "num_threads": "threads",
    "at": "date (UTC)",
    "t2a": "text to audio", "a2t": "audio to text", "tta": "test-time augmentation", "cli": "command line", "argv": "command line",
    "variations": "captions rephrased by", "gain_where_fitted": "gain where fitted, as a share of 1",
    "seconds_per_clip": "seconds per clip", "clips_failed": "clips that could not be read",
}  # fmt: skip
_SHORT = (
    "model", "digest", "max_duration_s", "runtime", "tta", "windows", "variations", "members", "weights", "fitted_on", "fitted_metric",
    "gain_where_fitted", "warning",
)  # fmt: skip
"""What a short card tells of the facts of an evaluation."""
_CODE = {"digest", "SHA-256", "command", "commit", "folder"}


@dataclass(frozen=True)
class Fact:
    """What `name` is, in one or more lines; `is_code` for what is typed or compared letter by letter."""

    name: str
    lines: tuple[str, ...]
    is_code: bool = False


@dataclass(frozen=True)
class Facts:
    """Facts under a heading."""

    title: str
    facts: tuple[Fact, ...]


def evaluation_card(stored: Stored, definition_summary: str = "", licence: str = "", title: str = "The evaluation") -> Facts:
    """Return what is known about an evaluation: system, task, definition, licence of the sounds, what was left out, versions."""
    task = stored.task
    own = [
        Fact("system", (stored.system,)),
        Fact("task", (f"{task.name}: {len(task.queries)} queries, {len(task.clips)} clips",)),
        Fact("digest of the task", (task.digest,), is_code=True),
        Fact("definition", (stored.definition + (f": {definition_summary}" if definition_summary else ""),)),
        *([Fact("licence of the sounds", (licence,))] if licence else []),
        Fact("folder", (show(stored.folder),), is_code=True),
        *_command(evaluate_command(stored)),
    ]
    left_out = _flat("", task.record)
    return Facts(title, (*own, *_flat("", stored.settings), *_flat("", stored.facts), *left_out))


def short_card(title: str, stored: Stored, training: Training | None) -> Facts:
    """Return in a few lines what was evaluated and how, and by which command; of a run also its recipe and seed."""
    task = stored.task
    facts = [
        Fact("task", (f"{task.name}: {len(task.queries)} queries, {len(task.clips)} clips",)),
        Fact("definition", (stored.definition,)),
        *([Fact("recipe", (training.name,)), Fact("seed", (str(training.seed),))] if training else []),
        *_chosen(stored.facts),
        *_command(evaluate_command(stored)),
    ]
    return Facts(title, tuple(facts))


def zero_shot_card(title: str, task: str, facts: Mapping[str, Any], command: str, folder: Path) -> Facts:
    """Return in a few lines what classified which clips."""
    return Facts(title, (Fact("task", (task,)), *_chosen(facts), Fact("folder", (show(folder),), is_code=True), *_command(command)))


def captions_card(title: str, stored: StoredCaptions, command: str) -> Facts:
    """Return what is known about an evaluation of captions."""
    found = stored.evaluation
    own = [
        Fact("system", (found.system,)),
        Fact("task", (f"{found.task.name}: {len(found.task.clips)} clips, {found.task.num_references} references",)),
        Fact("digest of the task", (found.task.digest,), is_code=True),
        Fact("folder", (show(stored.folder),), is_code=True),
        *_command(command),
    ]
    return Facts(
        title, (*own, *_flat("", {"interval": found.interval, "seed": found.seed}), *_flat("", found.facts), *_flat("", found.task.record))
    )


def _chosen(facts: object) -> list[Fact]:
    if not isinstance(facts, Mapping):  # another hand wrote it
        return []
    return _flat("", {name: facts[name] for name in _SHORT if name in facts})


def _command(command: str) -> list[Fact]:
    return [Fact("to evaluate again", (command,), is_code=True)] if command else []


def training_card(training: Training, title: str = "The training run") -> Facts:
    """Return what is known about a run: recipe, where it comes from, seed, data, versions, and when it was started and gone on with."""
    about = training.recipe.get("about")
    shown = {key: value for key, value in about.items() if value} if isinstance(about, Mapping) else {}
    settings = {key: value for key, value in training.recipe.items() if key not in ("name", "about")}
    starts = training.record.get("starts")
    facts = [
        Fact("recipe", (training.name,)),
        *_flat("", shown),
        Fact("digest of the recipe", (str(training.record.get("recipe_sha256", "")),), is_code=True),
        *_flat("", settings),
        *_flat("data", training.record.get("data")),
    ]
    for number, start in enumerate(starts if isinstance(starts, Sequence) else (), start=1):
        facts += _flat("start" if number == 1 else f"start {number}", start)
    return Facts(title, tuple(facts))


def _flat(prefix: str, value: object) -> list[Fact]:
    """Nested plain values as facts: `data / train / clips`. Empty ones are left out, long ones are cut."""
    if isinstance(value, Mapping):
        return [fact for key, inner in value.items() for fact in _flat(_joined(prefix, str(key)), inner)]
    if isinstance(value, Sequence) and not isinstance(value, str) and any(isinstance(each, Mapping) for each in value):
        named = [(prefix if len(value) == 1 else f"{prefix} {number}", each) for number, each in enumerate(value, start=1)]
        return [fact for name, each in named for fact in _flat(name, each)]
    lines = _lines(value)
    key = prefix.rpartition(" / ")[2]
    return [Fact(prefix, lines, is_code=bool(_CODE & set(key.split())))] if lines else []


def _joined(prefix: str, key: str) -> str:
    word = _WORDS.get(key, key.replace("_", " "))
    return f"{prefix} / {word}" if prefix else word


def _lines(value: Any) -> tuple[str, ...]:  # noqa: ANN401 - plain values of JSON
    if value is None or value == "":
        return ()
    if isinstance(value, bool):
        return ("yes" if value else "no",)
    if isinstance(value, float):
        return (f"{value:g}",)
    if isinstance(value, Sequence) and not isinstance(value, str):
        plain = [line for each in value for line in _lines(each)]
        short = sum(map(len, plain)) <= _MOST_CHARS
        return (_cut(", ".join(plain)),) if plain and short else tuple(_cut(line) for line in plain[:_MOST_LINES])
    return (_cut(str(value)),)


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARS else text[:_MOST_CHARS] + " …"
