"""One page of HTML that holds everything: figures, tables, charts, mistakes to listen to, and how it was done.

The page asks no network for anything and its policy (CSP) forbids it to; there is no script in it. Captions, file names and labels are foreign
text: all that comes out of a value is escaped by the template, after what could turn or hide text has become visible (`show`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hearken import __version__
from hearken.errors import MissingExtraError, show
from hearken.evaluate.report.card import Facts, evaluation_card, training_card
from hearken.evaluate.report.charts import MOST_LINES, Line, TtaPoint, training_chart
from hearken.evaluate.report.collect import Collected, System
from hearken.evaluate.report.claims import Claim
from hearken.evaluate.report.comparison import report_tables
from hearken.evaluate.report.parts import (
    Chart, Part, curves_part, labels_part, mistakes_part, shown_table, systems_part, tiles_of, tta_part,
)  # fmt: skip
from hearken.evaluate.report.published import heading_of, published_of
from hearken.evaluate.report.sounds import Sounds
from hearken.evaluate.report.words import definitions_of, summary
from hearken.metrics.definitions import DEFINITIONS

if TYPE_CHECKING:
    from hearken.evaluate.report.training import Training
    from hearken.evaluate.store import Stored

TEMPLATES = Path(__file__).parent / "templates"
_MAIN_METRIC = "t2a_mAP@10"
_MOST_LOOKS = 3

Tell = Callable[[str], None]
"""Called with what is done now."""


def _nobody(step: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class PageOptions:
    """How the page is made: `sounds` mistakes of each kind, with `audio` or without; `tta` points of a curve; `baseline` and `claims` to compare.

    `command` is what was typed, `made_on` the day (default: today).
    """

    title: str = ""
    sounds: int = 6
    audio: bool = True
    tta: tuple[TtaPoint, ...] = ()
    baseline: str = ""
    claims: tuple[Claim, ...] = ()
    command: str = ""
    made_on: str = field(default_factory=lambda: datetime.now(UTC).date().isoformat())


@dataclass(frozen=True, eq=False)
class Look:
    """An evaluation that is looked at closely, by its name in its system."""

    system: System
    name: str
    stored: Stored


def build(collected: Collected, options: PageOptions | None = None, *, tell: Tell = _nobody) -> str:
    """Return the page on all that was `collected`, as HTML. Raises MissingExtraError without jinja2 or matplotlib."""
    options = options or PageOptions()
    _check_extra()
    looks = looked_at(collected)
    sounds = Sounds(is_wanted=options.audio)
    parts = [_figures_part(collected, looks, options)]
    if (augmented := tta_part(options.tta)) is not None:
        parts.append(augmented)
    for number, look in enumerate(looks, start=1):
        tell(f"a closer look at {show(look.system.name)}")
        parts += _close_parts(look, number, sounds, options.sounds, alone=len(looks) == 1)
    parts += _training_parts([system.training for system in collected.systems if system.training])
    parts.append(_card_part(collected, looks, options))
    return _render({
        "title": options.title or _title(collected), "subtitle": _subtitle(collected), "summary": _summary(looks), "parts": parts,
        "version": __version__, "made_on": options.made_on,
    })  # fmt: skip


def looked_at(collected: Collected) -> list[Look]:
    """Return the evaluations to look at closely: of one system all (three at most), of several the best one by mAP@10 from text to audio."""
    all_of = [Look(system, name, stored) for system in collected.systems for name, stored in system.evaluations.items()]
    if len(collected.systems) == 1:
        return all_of[:_MOST_LOOKS]
    rated = [look for look in all_of if _MAIN_METRIC in look.stored.figures] or all_of
    return sorted(rated, key=lambda look: -_main_value(look.stored))[:1]


def _main_value(stored: Stored) -> float:
    figure = stored.figures.get(_MAIN_METRIC)
    return figure.value if figure else 0.0


def _check_extra() -> None:
    try:
        import jinja2  # noqa: F401
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("A report as a page needs jinja2 and matplotlib.", 'pip install "hearken[report]"') from error


def _figures_part(collected: Collected, looks: Sequence[Look], options: PageOptions) -> Part:
    part = Part("figures", "Figures")
    if len(collected.systems) == 1 and looks:
        look = looks[0]
        part.tiles = tiles_of(look.stored.figures, published_of(look.system, look.stored))
    if (chart := systems_part(collected.systems)) is not None:
        part.charts.append(chart)
    part.tables = [shown_table(table) for table in report_tables(collected, baseline=options.baseline, claims=options.claims)]
    part.notes = list(collected.skipped)
    if not looks:
        part.intro.append("Nothing was evaluated yet; `hearken evaluate` does that.")
    return part


def _close_parts(look: Look, number: int, sounds: Sounds, count: int, *, alone: bool) -> list[Part]:
    found = [curves_part(look.stored, number), mistakes_part(look.stored, number, sounds, count), labels_part(look.stored, number)]
    parts = [part for part in found if part is not None]
    for part in parts:
        if not alone:
            part.title = f"{part.title}: {look.name}"
    return parts


def _training_parts(trainings: Sequence[Training]) -> list[Part]:
    """The curves of training of one run, or of several over each other."""
    shown = [training for training in trainings if training.curves][:MOST_LINES]
    if not shown:
        return []
    part = Part("training", "Training")
    if len(shown) < len(trainings):
        part.intro.append(f"{len(shown)} of {len(trainings)} runs are drawn.")
    alone = shown[0] if len(shown) == 1 else None
    monitor = monitor_of(shown[0])
    best = best_step(alone, monitor) if alone else None
    wanted = (
        ("loss", "loss of a step", {"smooth": True}),
        (f"validation/{_metric_of(monitor)}", f"validation, {heading_of(_metric_of(monitor))} in %", {"percent": True}),
        ("validation/loss", "loss in validation", {}),
        ("rate", "learning rate", {}),
    )
    for number, (curve, title, how) in enumerate(wanted):
        lines = [Line(training.folder.name, each.steps.astype(float), each.values) for training in shown if (each := training.curves.get(curve)) is not None]
        if lines:
            svg = training_chart(lines, title=title, name=f"training{number}", best=best, **how)
            part.charts.append(Chart(svg, _training_words(curve, best)))
    return [part]


def _training_words(curve: str, best: float | None) -> str:
    words = {
        "loss": "Thin: every step; thick: the mean over its neighbours.", "rate": "The learning rate.", "validation/loss": "On clips that were not learnt from.",
    }.get(curve, "On clips that were not learnt from; what decides which epoch is kept.")  # fmt: skip
    return words + (" The dashed line is the epoch that was kept." if best is not None and curve.startswith("validation") else "")


def monitor_of(training: Training) -> str:
    """Return the figure that decides which epoch of a run is kept."""
    settings = training.recipe.get("training")
    found = settings.get("monitor") if isinstance(settings, dict) else None
    return found if isinstance(found, str) else _MAIN_METRIC


def best_step(training: Training, monitor: str) -> float | None:
    """Return the step whose validation was best by `monitor` (the first of equals); None without validation."""
    if monitor.startswith("mean_"):
        pair = [training.curves.get(f"validation/{way}_{monitor.removeprefix('mean_')}") for way in ("t2a", "a2t")]
        curves = [curve for curve in pair if curve is not None]
        if len(curves) < 2 or len(curves[0].steps) != len(curves[1].steps):
            return None
        return float(curves[0].steps[int((curves[0].values + curves[1].values).argmax())])
    curve = training.curves.get(f"validation/{monitor}")
    if curve is None or not len(curve.steps):
        return None
    return float(curve.steps[int(curve.values.argmin() if monitor == "loss" else curve.values.argmax())])


def _metric_of(monitor: str) -> str:
    return _MAIN_METRIC if monitor in ("loss", "") or monitor.startswith("mean_") else monitor


def _card_part(collected: Collected, looks: Sequence[Look], options: PageOptions) -> Part:
    part = Part("card", "How it was done")
    names = dict.fromkeys(stored.definition for system in collected.systems for stored in system.evaluations.values())
    known = [DEFINITIONS[name] for name in names if name in DEFINITIONS]
    part.intro = [f"{rule.name}: {rule.summary} So computed by: {'; '.join(rule.papers)}." for rule in known]
    figures = {name: figure for look in looks for name, figure in look.stored.figures.items()}
    part.intro += definitions_of(figures)
    part.facts = _cards(looks)
    if options.command:
        part.notes.append(f"This page: {options.command}")
    return part


def _cards(looks: Sequence[Look]) -> list[Facts]:
    cards: list[Facts] = []
    for look in looks:
        rule = DEFINITIONS.get(look.stored.definition)
        cards.append(evaluation_card(look.stored, rule.summary if rule else ""))
    trainings = {look.system.folder: look.system.training for look in looks if look.system.training}
    return cards + [training_card(training) for training in trainings.values()]


def _title(collected: Collected) -> str:
    names = [system.name for system in collected.systems]
    return names[0] if len(names) == 1 else f"{len(names)} systems compared"


def _subtitle(collected: Collected) -> str:
    tasks = dict.fromkeys(stored.task.name for system in collected.systems for stored in system.evaluations.values())
    return "Language-based audio retrieval" + (f" on {', '.join(tasks)}" if tasks else "")


def _summary(looks: Sequence[Look]) -> list[str]:
    if not looks:
        return []
    look = looks[0]
    return summary(look.system.name, look.stored.task, look.stored.figures, published_of(look.system, look.stored))


def _render(values: dict[str, Any]) -> str:
    import jinja2
    from markupsafe import Markup

    def visible(value: object) -> object:
        """Foreign text with its control characters made visible; what is markup is ours, and stays."""
        return show(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, finalize=visible, undefined=jinja2.StrictUndefined, trim_blocks=True,
    )  # fmt: skip
    environment.filters["drawn"] = Markup
    return environment.get_template("page.html").render(values)
