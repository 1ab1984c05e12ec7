"""One page of HTML that holds everything: figures, tables, charts, mistakes to listen to, and how it was done.

The page asks no network for anything and its policy (CSP) forbids it to; there is no script in it. Captions, file names and labels are
foreign text: all that comes out of a value is escaped by the template, after what could turn or hide text has become visible (`show`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hearken import __version__
from hearken.errors import HearkenError, MissingExtraError, extra_hint, show
from hearken.evaluate.report.captioning import caption_facts, caption_parts
from hearken.evaluate.report.card import Facts, evaluation_card, short_card, training_card
from hearken.evaluate.report.charts import TtaPoint
from hearken.evaluate.report.claims import Claim
from hearken.evaluate.report.collect import Collected, System
from hearken.evaluate.report.comparison import compare, decided, extras, groups, main_group, num_systems, report_tables
from hearken.evaluate.report.parts import (
    curves_part,
    labels_part,
    licence_of,
    mistakes_part,
    systems_part,
    tiles_of,
    tta_part,
    zero_shot_part,
)  # fmt: skip
from hearken.evaluate.report.published import published_of
from hearken.evaluate.report.shown import Part, shown_tables
from hearken.evaluate.report.sounds import Sounds
from hearken.evaluate.report.table import Cell, ReportTable, ours_text
from hearken.evaluate.report.training_part import training_part
from hearken.evaluate.report.words import alike_words, definitions_of, few_words, figure_text, summary
from hearken.evaluate.report.zero_shot import zero_shot_facts
from hearken.metrics.definitions import DEFINITIONS, definition

if TYPE_CHECKING:
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
    """How the page is made: `sounds` mistakes of each kind, with `audio` or without; `tta` points of a curve.

    `about` are paragraphs for the top, `baseline` and `claims` say what to compare, `command` what was typed,
    `made_on` the day (default: today).
    """

    title: str = ""
    sounds: int = 6
    audio: bool = True
    tta: tuple[TtaPoint, ...] = ()
    baseline: str = ""
    claims: tuple[Claim, ...] = ()
    about: tuple[str, ...] = ()
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
    looks, broken = _measured(looked_at(collected))
    sounds = Sounds(is_wanted=options.audio)
    tables = report_tables(collected, baseline=options.baseline, claims=options.claims, zero_shot=False)
    parts = [Part("claims", "Claims", tables=shown_tables(tables[0]))] if options.claims else []
    if not _captions_alone(collected):
        parts.append(_figures_part(collected, looks, tables[1:] if options.claims else tables, broken))
    parts += caption_parts(collected.captioned, count=options.sounds)
    if (classified := zero_shot_part(collected.classified)) is not None:
        parts.append(classified)
    if (augmented := tta_part(options.tta)) is not None:
        parts.append(augmented)
    for number, look in enumerate(looks, start=1):
        tell(f"a closer look at {show(look.system.name)}")
        name = look.system.name if len(collected.systems) > 1 else look.name if len(looks) > 1 else ""
        parts += _close_parts(look, number, sounds, options.sounds, name)
    if (training := training_part([system.training for system in collected.systems if system.training])) is not None:
        parts.append(training)
    parts.append(_card_part(collected, looks, options))
    return _render(
        title=options.title or _title(collected), subtitle=_subtitle(collected), summary=_summary(collected, looks), about=options.about,
        parts=parts, version=__version__, made_on=options.made_on,
    )  # fmt: skip


def looked_at(collected: Collected) -> list[Look]:
    """Return the evaluations to look at closely: of one system three at most, those with the most queries first (and of the same, the plainest);
    of several systems the best one by mAP@10 from text to audio, of the task that most of them did."""
    all_of = [Look(system, name, stored) for system in collected.systems for name, stored in system.evaluations.items()]
    if len(collected.systems) == 1:
        return sorted(all_of, key=lambda look: (-len(look.stored.task.queries), extras(look.stored)))[:_MOST_LOOKS]
    group = main_group(collected)
    rows = {id(row.stored) for row in group.rows} if group else set()
    return sorted((look for look in all_of if id(look.stored) in rows), key=lambda look: -_main_value(look.stored))[:1]


def _measured(looks: Sequence[Look]) -> tuple[list[Look], list[str]]:
    """Those whose figures can be computed again from their scores, and a sentence for each of the others."""
    good, told = [], []
    for look in looks:
        try:
            _ = look.stored.evaluation
        except (HearkenError, TypeError, ValueError) as error:  # damaged scores, or settings and facts of another hand
            reason = error.message if isinstance(error, HearkenError) else f"its record is damaged, {show(str(error))}."
            told.append(f"{show(look.stored.folder)} is not looked at closely: {reason}")
        else:
            good.append(look)
    return good, told


def _main_value(stored: Stored) -> float:
    figure = stored.figures.get(_MAIN_METRIC)
    return figure.value if figure else 0.0


def _check_extra() -> None:
    try:
        import jinja2  # noqa: F401
        import matplotlib as mpl  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("A report as a page needs jinja2 and matplotlib.", extra_hint("report")) from error


def _figures_part(collected: Collected, looks: Sequence[Look], tables: Sequence[ReportTable], broken: Sequence[str]) -> Part:
    part = Part("figures", "Figures")
    if len(collected.systems) == 1 and looks:
        look = looks[0]
        part.tiles = tiles_of(look.stored.figures, published_of(look.system, look.stored))
        if len(look.system.evaluations) > 1:
            task = look.stored.task
            part.intro.append(
                f"Of {look.name}, by {look.stored.definition}: {task.name}, {len(task.queries)} queries, {len(task.clips)} clips."
            )
    if (chart := systems_part(main_group(collected))) is not None:
        part.charts.append(chart)
    part.tables = [shown for table in tables for shown in shown_tables(table)]
    part.notes = [*collected.skipped, *broken]
    if not (collected.classified or collected.captioned) and not any(system.evaluations for system in collected.systems):
        part.intro.append("Nothing was evaluated yet; `hearken evaluate` does that.")
    return part


def _close_parts(look: Look, number: int, sounds: Sounds, count: int, name: str) -> list[Part]:
    """The parts on one evaluation; `name` says of which, "" where there is only one."""
    found = [curves_part(look.stored, number), mistakes_part(look.stored, number, sounds, count), labels_part(look.stored, number)]
    parts = [part for part in found if part is not None]
    for part in parts:
        if name:
            part.title = f"{part.title}: {name}"
    return parts


def _card_part(collected: Collected, looks: Sequence[Look], options: PageOptions) -> Part:
    part = Part("card", "How it was done")
    names = dict.fromkeys(stored.definition for system in collected.systems for stored in system.evaluations.values())
    known = [DEFINITIONS[name] for name in names if name in DEFINITIONS]
    part.intro = [f"{rule.name}: {rule.summary} So computed by: {'; '.join(rule.papers)}." for rule in known]
    figures = {name: figure for look in looks for name, figure in look.stored.figures.items()}
    part.intro += definitions_of(figures, [rule.recall for rule in known])
    part.facts = _cards(collected, looks)
    if options.command:
        part.notes.append(f"This page: {options.command}")
    if _captions_alone(collected):
        part.notes += collected.skipped
    return part


def _cards(collected: Collected, looks: Sequence[Look]) -> list[Facts]:
    """All that is known of what is looked at closely, and a few lines on each of the others."""
    all_of = [(system, name, stored) for system in collected.systems for name, stored in system.evaluations.items()]
    titles = {id(stored): f"{system.name}, {name}" if len(system.evaluations) > 1 else system.name for system, name, stored in all_of}
    close = {id(look.stored) for look in looks}
    cards: list[Facts] = []
    for look in looks:
        rule, title = DEFINITIONS.get(look.stored.definition), "The evaluation"
        title += f": {titles[id(look.stored)]}" if len(all_of) > 1 else ""
        cards.append(evaluation_card(look.stored, rule.summary if rule else "", licence_of(look.stored.task), title))
    alone = {system.folder for system in collected.systems} if len(collected.systems) == 1 else set()
    looked = {look.system.folder for look in looks}
    cards += [
        training_card(system.training, "The training run" + ("" if alone else f": {system.name}"))
        for system in collected.systems
        if system.training and system.folder in alone | looked
    ]
    cards += [short_card(titles[id(stored)], stored, system.training) for system, _, stored in all_of if id(stored) not in close]
    cards += [zero_shot_facts(each, f"Zero-shot classification: {each.title}") for each in collected.classified]
    return cards + caption_facts(collected.captioned)


def _captions_alone(collected: Collected) -> bool:
    """Whether there is nothing but evaluations of captions."""
    return bool(collected.captioned) and not (collected.systems or collected.classified)


def _title(collected: Collected) -> str:
    names = [system.name for system in collected.systems]
    if _captions_alone(collected):
        systems = list(dict.fromkeys(show(each.evaluation.system) for each in collected.captioned))
        return f"Captions of {systems[0]}" if len(systems) == 1 else f"Captions of {len(systems)} systems"
    if not names:
        return (
            f"Zero-shot classification: {collected.classified[0].title}" if len(collected.classified) == 1 else "Zero-shot classification"
        )
    return names[0] if len(names) == 1 else f"{len(names)} systems compared"


def _subtitle(collected: Collected) -> str:
    tasks = dict.fromkeys(stored.task.name for system in collected.systems for stored in system.evaluations.values())
    if not tasks and (not collected.systems or any(system.captioned for system in collected.systems)):
        return ""
    return "Language-based audio retrieval" + (f" on {', '.join(tasks)}" if tasks else "")


def _summary(collected: Collected, looks: Sequence[Look]) -> list[str]:
    if not looks:
        return []
    look = looks[0]
    printed = published_of(look.system, look.stored)
    said = summary(look.system.name, look.stored.task, look.stored.figures, printed, recall=definition(look.stored.definition).recall)
    lead = _lead(collected, look) if len(collected.systems) > 1 else ""
    rough = few_words(look.stored.task, list(look.stored.figures.items()))
    return [*([lead] if lead else []), *said, *rough, *alike_words(look.stored)]


def _lead(collected: Collected, look: Look) -> str:
    """On which task how many systems are compared, and how the best of them stands to the next."""
    group = main_group(collected)
    if group is None or _MAIN_METRIC not in look.stored.figures:
        return ""
    rows = sorted(group.rows, key=lambda row: -_main_value(row.stored))
    asked = f"{group.title}, by {group.definition}"
    others = len(groups(collected)) - 1
    elsewhere = f" What else was asked or measured ({others} more) has tables of its own." if others else ""
    count = f"{num_systems(group)} of the {len(collected.systems)} systems" if others else f"{len(collected.systems)} systems"
    if len(rows) < 2:
        return f"This is of {count} on {asked}.{elsewhere}"
    best, following = rows[:2]
    result = compare([best], [following], _MAIN_METRIC)
    figure = figure_text(_MAIN_METRIC, best.stored.figures[_MAIN_METRIC])
    rated = f"{len(rows)} evaluations (of {count})" if num_systems(group) < len(rows) else count
    opening = f"Compared are {rated} on {asked}.{elsewhere} {best.name} has the highest mAP@10 from text to audio, {figure} %"
    if result is None:
        return f"{opening}."
    lead = ours_text(Cell(figure=result.difference, is_signed=True))
    told = "more than chance in the choice of queries explains" if decided(result) > 0 else "which these queries cannot tell from nothing"
    return f"{opening}: {lead} against the next, {following.name}, {told}."


def _render(**values: Any) -> str:  # noqa: ANN401 - whatever the template shows
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
