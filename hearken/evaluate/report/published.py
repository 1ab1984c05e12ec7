"""The papers' tables, filled in: our figures with their intervals beside those that were published, rows as the paper has them.

A recipe says of which rows it is (`about.rows` in `hearken/recipes`); a run of it, evaluated on the row's corpus, fills them in. The recipes are
read as the YAML that they are, because reading them as recipes would need torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, NoReturn

from hearken.caption.decoding import Decoding
from hearken.data.yaml_value import load_yaml
from hearken.errors import DataError, HearkenError, MissingExtraError, show
from hearken.evaluate.captioning.store import StoredCaptions
from hearken.evaluate.evaluation import Evaluation
from hearken.evaluate.measure import measure
from hearken.evaluate.report.captioning import scored_by
from hearken.evaluate.report.collect import Collected, System
from hearken.evaluate.report.table import Cell, ReportTable, Unit, words
from hearken.evaluate.report.training import Training
from hearken.evaluate.store import Stored
from hearken.metrics.captioning.table import CAPTION_METRICS
from hearken.metrics.confidence import Interval

WHO = {
    "primus2023": "Primus et al. 2023",
    "wavtext5k": "Deshmukh et al. 2022 (WavText5K)",
    "kim2023": "Kim et al. 2023",
    "act2021": "Mei et al. 2021 (ACT)",
    "dcase2022": "Xie et al. 2022 (DCASE 2022, task 6b)",
    "dcase2023": "DCASE 2023, baseline of task 6b",
    "wavcaps": "Mei et al. 2024 (WavCaps)",
    "dcase2025": "DCASE 2025, baseline of task 6",
    "salsa": "Primus et al. 2024",
}
"""The papers, as a heading names them."""
_ELSEWHERE = {"Table 3 of Primus et al. (2023)": ("primus2023", "Table 3")}
"""Tables that also have rows of other papers' recipes."""
_ORDER: dict[tuple[str, str], tuple[str, ...]] = {
    ("primus2023", "Table 3"): (
        "PaSST-N + bert-small", "PaSST-N + bert-base", "PaSST-N + bert-large", "PaSST-N + roberta-base", "PaSST-N + roberta-large",
        "CNN10 + bert-base", "CNN14 + bert-base", "PaSST-L + bert-base", "PaSST-S + bert-base", "PaSST-N + roberta-large, finetune",
        "PaSST-N + roberta-large, finetune, GPT-augment", "CNN14 + all-mpnet-base-v2", "CNN14 + bert-base, finetune",
    ),
    ("primus2023", "Table 4"): (
        "AudioCaps", "WavCaps", "ClothoV2", "AudioCaps + WavCaps", "WavCaps + ClothoV2", "AudioCaps + ClothoV2", "AudioCaps + WavCaps + ClothoV2",
    ),
    ("primus2023", "Figure 1"): ("2 s", "5 s", "10 s", "15 s"),
    ("wavtext5k", "Table 3"): ("A", "B", "C", "D"),
    ("wavtext5k", "Table 4"): ("Desc.", "Desc. + Title"),
    ("kim2023", "Table 1"): ("Baseline", "+ PairMix", "+ Multi-TTA"),
    ("kim2023", "Table 2"): ("Baseline", "+ PairMix", "+ Multi-TTA"),
    ("kim2023", "Table 3"): ("-", "Noise", "Reverb", "SpecAugment", "EDA", "PairMix", "All"),
    ("kim2023", "Table 3, captioning"): ("-", "Noise", "Reverb", "SpecAugment", "PairMix", "All"),
    ("kim2023", "Table 4"): ("concat", "waveform-only", "spectrogram-only", "PairMix"),
    ("kim2023", "Table 4, captioning"): ("concat", "waveform-only", "spectrogram-only", "PairMix"),
    ("dcase2022", "Table 3"): ("Testing split", "Evaluation"),
    ("dcase2025", "README"): ("ClothoV2", "ClothoV2, RTX 2080 Ti", "Clotho, AudioCaps", "Clotho, AudioCaps, WavCaps"),
    ("salsa", "README"): ("Stage 1", "Stage 2", "Checkpoint"),
}  # fmt: skip
"""The rows from top to bottom; a row that is not here comes last."""
_CAPTIONING = " (captioning)"
"""What the name of a row ends with whose paper prints retrieval in the same table: captioning is a table of its own here."""
_WAYS = ("t2a", "a2t")


@dataclass(frozen=True)
class Published:
    """A figure as it was printed (percent, or a rank; of captions times 100), `who` printed it, and `where`: the table and the row."""

    value: float
    who: str
    where: str


@dataclass(frozen=True)
class PaperRow:
    """A row of a paper's table for one `corpus` ("": the only one that the recipe is tested on), and the `recipe` that stands for it.

    `expected` are its figures as printed, by `t2a_mAP@10`, ..., or of captions by `SPIDEr`, ...; `tta` is the strategy of its test-time
    augmentation, `besides` says what it needs besides that and the recipe's training.
    """

    paper: str
    table: str
    row: str
    corpus: str
    recipe: str
    expected: dict[str, float] = field(default_factory=dict)
    besides: str = ""
    tta: str = ""

    @property
    def is_of_captions(self) -> bool:
        """Whether its figures are of machine-made captions, and not of retrieval."""
        return any(metric in CAPTION_METRICS for metric in self.expected)


def paper_tables(collected: Collected) -> tuple[ReportTable, ...]:
    """Return each table of a paper that the recipe of a run stands in, all of its rows, with "-" for what we have no figure of.

    Smoke runs stand in no table: their figures mean nothing.
    """
    systems = [system for system in collected.systems if system.training and not system.training.is_smoke]
    wanted = dict.fromkeys((row.paper, row.table) for system in systems for row in rows_of(system))
    rows: dict[tuple[str, ...], PaperRow] = {}
    for row in [*(row for system in systems for row in rows_of(system)), *package_rows()]:
        rows.setdefault(_key(row), row)
    return tuple(
        _table(paper, table, [row for row in rows.values() if (row.paper, row.table) == (paper, table)], systems)
        for paper, table in sorted(wanted, key=lambda key: (_place(key[0], tuple(WHO)), key[1]))
    )


def published_of(system: System, evaluation: Evaluation | Stored) -> dict[str, Published]:
    """Return by metric what was published for the recipe of `system` on the corpus of `evaluation`; nothing where nothing is known."""
    found: dict[str, Published] = {}
    if system.training is None or system.training.is_smoke:
        return found
    for row in rows_of(system):
        if not row.besides and _is_of(row, system, evaluation):
            for metric, value in row.expected.items():
                found.setdefault(metric, Published(value, WHO.get(row.paper, row.paper), f"{row.table}, {row.row}"))
    return found


def rows_of(system: System) -> tuple[PaperRow, ...]:
    """Return the rows that the recipe of a run stands for, as the run's own record has them."""
    if system.training is None:
        return ()
    return tuple(_rows(system.training.recipe.get("about"), system.training.name))


@cache
def package_rows() -> tuple[PaperRow, ...]:
    """Return the rows that the package's recipes stand for, in the order of their names; none where PyYAML is not installed."""
    root = resources.files("hearken") / "recipes"
    found: list[PaperRow] = []
    for folder in sorted((each for each in root.iterdir() if each.is_dir()), key=lambda each: each.name):
        for file in sorted((each for each in folder.iterdir() if each.name.endswith(".yaml")), key=lambda each: each.name):
            name = f"{folder.name}/{file.name.removesuffix('.yaml')}"
            try:
                recipe = load_yaml(file.read_text(encoding="utf-8"), _fail)
            except MissingExtraError:
                return ()
            if isinstance(recipe, dict):
                found += _rows(recipe.get("about"), name)
    return tuple(found)


def figures_of(stored: Stored | StoredCaptions, metrics: Iterable[str]) -> dict[str, Interval]:
    """Return the figures of an evaluation, and those of `metrics` (`t2a_R@50`) that it was not asked for but its scores tell.

    Of captions there are those that it has: others may need what is not here, and `hearken evaluate` measures them.
    """
    if isinstance(stored, StoredCaptions):
        return stored.evaluation.figures
    missing = tuple(dict.fromkeys(metric.partition("_")[2] for metric in metrics if metric not in stored.figures))
    if not missing:
        return stored.figures
    try:
        how = stored.settings | {"metrics": missing}
        return measure(stored.system, stored.task, stored.scores, by=stored.definition, **how).figures | stored.figures
    except (HearkenError, TypeError, ValueError):  # a metric that the definition does not know, or damaged scores
        return stored.figures


def unit_of(metric: str) -> Unit:
    """Return in which unit a metric is printed: `t2a_medR` and `a2t_meanR` are ranks, all others percent (of captions times 100)."""
    return "rank" if metric.endswith(("medR", "meanR")) else "percent"


def heading_of(metric: str) -> str:
    """Return a metric as a heading of a column: `t2a_R@1` is `T2A R@1`; `CIDEr-D`, which has no direction, is itself."""
    way, _, name = metric.partition("_")
    return f"{way.upper()} {name}" if way in _WAYS and name else metric


def _rows(about: object, recipe: str) -> Iterator[PaperRow]:
    """The rows of an `about`, each once for each of its corpora; whatever is no row is passed over."""
    if not isinstance(about, dict) or not isinstance(about.get("rows"), list | tuple):
        return
    for row in about["rows"]:
        if not isinstance(row, dict) or not isinstance(row.get("table"), str):
            continue
        paper, table = _ELSEWHERE.get(row["table"], (str(about.get("paper") or ""), row["table"]))
        name = str(row.get("row", ""))
        if name.endswith(_CAPTIONING):
            name, table = name.removesuffix(_CAPTIONING), f"{table}, captioning"
        figures: dict[str, dict[str, float]] = {}
        expected = row.get("expected")
        for key, value in expected.items() if isinstance(expected, dict) else ():
            corpus, _, metric = str(key).rpartition(" ")
            if isinstance(value, int | float):
                figures.setdefault(corpus, {})[metric] = float(value)
        for corpus, each in (figures or {"": {}}).items():
            yield PaperRow(
                paper,
                show(table),
                show(name),
                show(corpus),
                recipe,
                each,
                show(str(row.get("besides") or "")),
                str(row.get("tta") or ""),
            )


def _table(paper: str, table: str, rows: list[PaperRow], systems: list[System]) -> ReportTable:
    order = _ORDER.get((paper, table), ())
    corpora = tuple(dict.fromkeys(row.corpus for row in rows))
    rows = sorted(rows, key=lambda row: (corpora.index(row.corpus), _place(row.row, order)))
    metrics = tuple(dict.fromkeys(metric for row in rows for metric in row.expected)) or ("t2a_mAP@10",)
    cells: list[tuple[Cell, ...]] = []
    used: list[Stored | StoredCaptions] = []
    shown: set[tuple[str, ...]] = set()
    for row in rows:
        ours = [(system, stored) for system in systems for stored in _evaluations(row, system)]
        used += [stored for _, stored in ours]
        same = (row.corpus, row.row)
        if not ours and (
            same in shown or any(_evaluations(each, system) for each in rows if (each.corpus, each.row) == same for system in systems)
        ):
            continue  # the paper's row is there already, by the recipe's other form
        shown.add(same)
        label = [words(row.row), *([words(row.corpus)] if len(corpora) > 1 else [])]
        cells += [(*label, words(system.name), *_cells(metrics, stored, row)) for system, stored in ours] or [
            (*label, words("-"), *_cells(metrics, None, row))
        ]
    columns = ("row", *(["corpus"] if len(corpora) > 1 else []), "our run", *map(heading_of, metrics))
    return ReportTable(", ".join(filter(None, (WHO.get(paper, show(paper)), table))), columns, tuple(cells), (*_notes(rows), *_how(used)))


def _cells(metrics: Iterable[str], stored: Stored | StoredCaptions | None, row: PaperRow) -> Iterator[Cell]:
    """The figures of a row; what an evaluation of captions says is not available reads so."""
    figures = figures_of(stored, row.expected) if stored else {}
    missing = stored.evaluation.not_available if isinstance(stored, StoredCaptions) else {}
    for metric in metrics:
        text = "not available" if metric in missing and metric not in figures else ""
        yield Cell(text, figures.get(metric), row.expected.get(metric), unit_of(metric))


def _evaluations(row: PaperRow, system: System) -> Sequence[Stored | StoredCaptions]:
    """The evaluation of a run that the row is of: of its corpus, with test-time augmentation where the row has it; one at most."""
    if system.training is None or system.training.name != row.recipe or row.besides:
        return []
    if row.is_of_captions:
        captioned = [stored for stored in system.captioned if _is_of(row, system, stored)]
        return sorted(captioned, key=lambda stored: _is_special(stored.evaluation.facts, system.training))[:1]
    found = [stored for stored in system.evaluations.values() if _is_of(row, system, stored)]
    return sorted(found, key=lambda stored: stored.definition != "any-of-n")[:1]


def _is_special(facts: Mapping[str, Any], training: Training | None) -> bool:
    """Whether captions were searched, or sounds heard, in another way than a run does by itself."""
    data = training.recipe.get("data") if training else None
    heard = data.get("max_duration_s") if isinstance(data, dict) else None
    return facts.get("decoding") != Decoding().to_json() or facts.get("max_duration_s") != heard


def _corpus_of(row: PaperRow, system: System) -> str:
    """The corpus that a row is tested on."""
    data = system.training.recipe.get("data") if system.training else None
    tests = data.get("test") if isinstance(data, dict) else None
    return row.corpus or (str(tests[0]) if isinstance(tests, list | tuple) and tests else "")


def _is_of(row: PaperRow, system: System, evaluation: Evaluation | Stored | StoredCaptions) -> bool:
    """Whether an evaluation of `system` is what a row asks for: of its corpus, and with its test-time augmentation or without any.

    The corpus is what it was called when it was opened; a task has the name without a split.
    """
    found = evaluation.evaluation if isinstance(evaluation, StoredCaptions) else evaluation
    task = found.task if isinstance(found.task, str) else found.task.name
    facts = found.facts if isinstance(found.facts, dict) else {}
    return _corpus_of(row, system) == (facts.get("corpus") or task) and (facts.get("tta") or "") == row.tta


def _notes(rows: Iterable[PaperRow]) -> Iterator[str]:
    rows = list(rows)
    unit = "All times 100: ours" if any(row.is_of_captions for row in rows) else "Ours"
    yield f"{unit} with its 95 % interval, then the published figure; '-' where there is none."
    for row, besides in dict.fromkeys((row.row, row.besides) for row in rows if row.besides):
        yield f"{row}: {besides}."
    for row, tta in dict.fromkeys((row.row, row.tta) for row in rows if row.tta):
        yield f"{row}: the same training, tried with test-time augmentation {show(tta)}."


def _how(used: Sequence[Stored | StoredCaptions]) -> Iterator[str]:
    names = sorted({stored.definition for stored in used if isinstance(stored, Stored)})
    if names:
        yield f"Definition of the metrics: {', '.join(map(show, names))}."
    captioned = [stored.evaluation for stored in used if isinstance(stored, StoredCaptions)]
    told = [line for found in captioned for line in (*_searched(found.facts), *scored_by(found), *found.why_not)]
    yield from map(show, dict.fromkeys(told))


def _searched(facts: Mapping[str, Any]) -> Iterator[str]:
    """How captions were searched, which papers say of theirs."""
    decoding = facts.get("decoding")
    if isinstance(decoding, Mapping) and isinstance(beam := decoding.get("beam"), int):
        search = decoding.get("search")
        yield f"Captions were searched with a beam of {beam}{'' if search == Decoding().search else f' ({search})'}."


def _key(row: PaperRow) -> tuple[str, ...]:
    return row.paper, row.table, row.row, row.corpus, row.recipe


def _place(name: str, order: tuple[str, ...]) -> int:
    return order.index(name) if name in order else len(order)


def _fail(line: int | None, fault: str) -> NoReturn:
    raise DataError(f"A recipe of the package is damaged, line {line}: {fault}")
