"""The papers' tables: rows in the papers' order, ours beside what was published, and which evaluation belongs to which row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from hearken.caption.decoding import Decoding
from hearken.evaluate.captioning.figures import CaptionEvaluation
from hearken.evaluate.captioning.store import save
from hearken.evaluate.report.collect import collect
from hearken.evaluate.report.published import WHO, figures_of, heading_of, package_rows, paper_tables, published_of, unit_of
from hearken.evaluate.report.table import ReportTable, cell_text
from tests.evaluate.captioning.captions_made import CANDIDATES
from tests.evaluate.captioning.captions_made import evaluated as evaluated_captions
from tests.evaluate.report.made import make_evaluation, make_run, make_task

KIM = {"table": "Table 3", "row": "PairMix", "expected": {"t2a_R@10": 82.2, "a2t_R@10": 84.9}, "besides": ""}
KIM_ALL = (
    {"table": "Table 2", "row": "+ PairMix", "expected": {"t2a_R@10": 83.1, "a2t_meanR": 6.6}, "besides": ""},
    {"table": "Table 2", "row": "+ Multi-TTA", "expected": {"t2a_R@10": 83.2, "a2t_meanR": 6.3}, "besides": "", "tta": "100:5x20"},
)  # fmt: skip
CAPTIONING_ALL = (
    {"table": "Table 1", "row": "+ PairMix", "expected": {"BLEU-1": 69.3, "METEOR": 24.1, "ROUGE-L": 49.9, "CIDEr-D": 75.5}, "besides": ""},
    {"table": "Table 1", "row": "+ Multi-TTA", "expected": {"BLEU-1": 70.0, "METEOR": 24.2}, "besides": "", "tta": "100:5x20"},
)  # fmt: skip
BOTH = {
    "table": "Table 4",
    "row": "Desc.",
    "expected": {"audiocaps-test t2a_R@1": 34.77, "clotho-evaluation t2a_R@1": 16.19},
    "besides": "",
}


def texts(table: ReportTable) -> list[list[str]]:
    return [[cell_text(cell) for cell in row] for row in table.rows]


def test_the_rows_of_the_package_are_those_of_its_recipes() -> None:
    from hearken.train.recipes.read import names, read_recipe

    for name in names()[::11]:
        about = read_recipe(name).about
        expected = {(key.rpartition(" ")[0], key.rpartition(" ")[2], value) for row in about.rows for key, value in row.expected.items()}
        rows = [row for row in package_rows() if row.recipe == name]
        assert {(row.corpus, metric, value) for row in rows for metric, value in row.expected.items()} == expected
    assert {row.recipe for row in package_rows()} <= set(names())
    assert sum(len(row.expected) for row in package_rows()) > 200


def test_a_papers_table_has_all_its_rows_in_its_order(tmp_path: Path) -> None:
    make_run(tmp_path / "run", "kim2023/pairmix-paper", paper="kim2023", rows=(KIM,))
    make_evaluation(tmp_path / "run" / "evaluations" / "toy")
    collected = collect([tmp_path])
    (table,) = paper_tables(collected)
    assert table.title == "Kim et al. 2023, Table 3"
    assert table.columns == ("row", "our run", "T2A R@10", "A2T R@10")
    assert [row[0].text for row in table.rows] == ["-", "Noise", "Reverb", "SpecAugment", "EDA", "PairMix", "All"]
    figures = collected.systems[0].evaluations["toy"].figures
    assert texts(table)[0] == ["-", "-", "- | 78.9", "- | 81.9"]
    assert texts(table)[5][1] == "run"
    assert table.rows[5][2].figure == figures["t2a_R@10"]
    assert table.rows[5][3].published == 84.9
    assert "Definition of the metrics: any-of-n." in table.notes


def test_test_time_augmentation_is_a_row_of_its_own(tmp_path: Path) -> None:
    make_run(tmp_path / "run", "kim2023/all-paper", paper="kim2023", rows=KIM_ALL)
    make_evaluation(tmp_path / "run" / "evaluations" / "toy", 1.0, facts={"tta": ""})
    make_evaluation(tmp_path / "run" / "evaluations" / "toy-tta", 5.0, facts={"tta": "100:5x20"})
    system = collect([tmp_path]).systems[0]
    table = paper_tables(collect([tmp_path]))[0]
    column = table.columns.index("T2A R@10")
    rows = {row[0].text: row for row in table.rows}
    assert list(rows) == ["Baseline", "+ PairMix", "+ Multi-TTA"]
    assert rows["+ PairMix"][column].figure == system.evaluations["toy"].figures["t2a_R@10"]
    assert rows["+ Multi-TTA"][column].figure == system.evaluations["toy-tta"].figures["t2a_R@10"]
    assert rows["Baseline"][column].figure is None
    assert rows["+ PairMix"][table.columns.index("A2T meanR")].unit == "rank"
    assert "+ Multi-TTA: the same training, tried with test-time augmentation 100:5x20." in table.notes


def test_figures_that_nobody_asked_for_come_from_the_scores(tmp_path: Path) -> None:
    row = {"table": "Mine", "row": "a", "expected": {"t2a_R@1": 3.0, "t2a_R@3": 90.0, "a2t_mAP@16": 50.0, "t2a_luck": 1.0}, "besides": ""}
    make_run(tmp_path / "run", "mine", rows=(row,))
    make_evaluation(tmp_path / "run" / "evaluations" / "toy", 0.5)
    collected = collect([tmp_path])
    stored = collected.systems[0].evaluations["toy"]
    found = figures_of(stored, ["t2a_R@3", "a2t_mAP@16"])
    ranks = stored.evaluation.directions["t2a"].ranks
    assert found["t2a_R@3"].value == (ranks.values <= 3).mean()
    assert found["t2a_R@3"].low < found["t2a_R@3"].value
    assert found["t2a_R@1"] is stored.figures["t2a_R@1"]
    assert "a2t_mAP@16" in found
    assert figures_of(stored, ["t2a_luck"]) is stored.figures
    del row["expected"]["t2a_luck"]  # type: ignore[attr-defined]
    make_run(tmp_path / "run", "mine", rows=(row,))
    (table,) = paper_tables(collect([tmp_path]))
    assert table.rows[0][3].figure == found["t2a_R@3"]


def test_a_row_of_each_corpus(tmp_path: Path) -> None:
    make_run(
        tmp_path / "run",
        "wavtext5k/d_cnn14-htsat_description-paper",
        paper="wavtext5k",
        rows=(BOTH,),
        test=("audiocaps-test", "clotho-evaluation"),
    )
    make_evaluation(tmp_path / "run" / "evaluations" / "clotho", task=make_task("clotho-evaluation"))
    (table,) = paper_tables(collect([tmp_path]))
    column = table.columns.index("T2A R@1")
    assert [[cell_text(cell) for cell in row[:3]] for row in table.rows] == [
        ["Desc.", "audiocaps-test", "-"], ["Desc. + Title", "audiocaps-test", "-"],
        ["Desc.", "clotho-evaluation", "run"], ["Desc. + Title", "clotho-evaluation", "-"],
    ]  # fmt: skip
    assert [row[column].published for row in table.rows] == [34.77, 34.69, 16.19, 16.75]
    assert [row[column].figure is None for row in table.rows] == [True, True, False, True]


def test_both_forms_of_a_recipe_stand_one_below_the_other_and_a_missing_one_is_not_told_twice(tmp_path: Path) -> None:
    row = {"table": "Table 4", "row": "WavCaps", "expected": {"t2a_mAP@10": 27.62}, "besides": ""}
    for form in ("paper", "code"):
        make_run(tmp_path / form, f"primus2023/data_wavcaps-{form}", paper="primus2023", rows=(row,))
        make_evaluation(tmp_path / form / "evaluations" / "toy")
    (table,) = paper_tables(collect([tmp_path]))
    assert [(line[0], line[1]) for line in texts(table)] == [
        ("AudioCaps", "-"), ("WavCaps", "code"), ("WavCaps", "paper"), ("ClothoV2", "-"), ("AudioCaps + WavCaps", "-"), ("WavCaps + ClothoV2", "-"),
        ("AudioCaps + ClothoV2", "-"), ("AudioCaps + WavCaps + ClothoV2", "-"),
    ]  # fmt: skip


def test_rows_that_other_papers_recipes_stand_for(tmp_path: Path) -> None:
    row = {"table": "Table 3 of Primus et al. (2023)", "row": "CNN14 + all-mpnet-base-v2", "expected": {"t2a_mAP@10": 22.2}, "besides": ""}
    make_run(tmp_path / "run", "dcase2023/baseline-code", paper="dcase2023", rows=(row,))
    (table,) = paper_tables(collect([tmp_path, evaluated(tmp_path)]))
    assert table.title == "Primus et al. 2023, Table 3"
    assert [line[0] for line in texts(table)][-2:] == ["CNN14 + all-mpnet-base-v2", "CNN14 + bert-base, finetune"]
    assert texts(table)[-2][2] == "- | 22.2"


def evaluated(folder: Path) -> Path:
    """Something else that was evaluated."""
    make_evaluation(folder / "pocket")
    return folder


def test_a_recipe_of_ones_own_has_its_own_table_and_other_needs_are_not_met(tmp_path: Path) -> None:
    rows = (
        {"table": "Mine", "row": "a_b", "expected": {"t2a_R@1": 3}, "besides": ""},
        {"table": "Mine", "row": "hidden", "expected": {"t2a_R@1": 4}, "besides": "a hidden set"},
        {"table": 3}, "nonsense",
    )  # fmt: skip
    make_run(tmp_path / "run", "mine", rows=rows)  # type: ignore[arg-type]
    make_evaluation(tmp_path / "run" / "evaluations" / "toy")
    (table,) = paper_tables(collect([tmp_path]))
    assert table.title == "Mine"
    assert [(line[0], line[1]) for line in texts(table)] == [("a_b", "run"), ("hidden", "-")]


def test_smoke_runs_stand_in_no_table(tmp_path: Path) -> None:
    make_run(tmp_path / "run", "kim2023/pairmix-paper", paper="kim2023", rows=(KIM,), smoke=True)
    make_evaluation(tmp_path / "run" / "evaluations" / "toy")
    collected = collect([tmp_path])
    assert paper_tables(collected) == ()
    assert published_of(collected.systems[0], collected.systems[0].evaluations["toy"]) == {}


def test_what_was_published_for_an_evaluation(tmp_path: Path) -> None:
    make_run(tmp_path / "run", "kim2023/all-paper", paper="kim2023", rows=KIM_ALL)
    make_evaluation(tmp_path / "run" / "evaluations" / "toy")
    make_evaluation(tmp_path / "run" / "evaluations" / "tta", facts={"tta": "100:5x20"})
    make_evaluation(tmp_path / "run" / "evaluations" / "other", task=make_task("other"))
    (system,) = collect([tmp_path]).systems
    found = {name: published_of(system, stored) for name, stored in system.evaluations.items()}
    plain = found["toy"]["t2a_R@10"]
    assert (plain.value, plain.who, plain.where) == (83.1, "Kim et al. 2023", "Table 2, + PairMix")
    assert found["tta"]["t2a_R@10"].value == 83.2
    assert found["other"] == {}
    assert published_of(system, system.evaluations["toy"].evaluation) == found["toy"]


def make_captions(
    folder: Path, *, candidates: Sequence[str] = CANDIDATES, beam: int = 3, search: str = "beam", **facts: object
) -> CaptionEvaluation:
    """Write captions of three clips to `folder`, asked for METEOR and SPIDEr too, which are not available."""
    found = evaluated_captions(candidates=candidates)
    told = {
        "corpus": "toy",
        "tta": "",
        "decoding": Decoding(beam=beam, search=search).to_json(),
        "max_duration_s": None,
        "scored_by": {"ROUGE-L": "a test"},
        **facts,
    }  # type: ignore[arg-type]
    missing = {"METEOR": "No Java.", "SPICE": "No Java.", "SPIDEr": "No Java."}
    found = replace(found, facts=told, not_available=missing, metrics=(*found.metrics, *missing))
    save(folder, found)
    return found


def test_captioning_has_tables_of_its_own(tmp_path: Path) -> None:
    row = {"table": "Table 3", "row": "PairMix (captioning)", "expected": {"SPIDEr": 43.0}, "besides": ""}
    make_run(tmp_path / "run", "kim2023/captioning_pairmix-paper", paper="kim2023", rows=(row,))
    make_run(tmp_path / "other", "kim2023/pairmix-paper", paper="kim2023", rows=(KIM,))
    retrieval, captions = paper_tables(collect([tmp_path]))
    assert (retrieval.title, captions.title) == ("Kim et al. 2023, Table 3", "Kim et al. 2023, Table 3, captioning")
    assert retrieval.columns == ("row", "our run", "T2A R@10", "A2T R@10")
    assert captions.columns == ("row", "our run", "SPIDEr")
    assert texts(captions) == [
        ["-", "-", "- | 41.6"], ["Noise", "-", "- | 40.9"], ["Reverb", "-", "- | 41.1"], ["SpecAugment", "-", "- | 40.2"],
        ["PairMix", "-", "- | 43"], ["All", "-", "- | 46.6"],
    ]  # fmt: skip
    assert captions.notes == ("All times 100: ours with its 95 % interval, then the published figure; '-' where there is none.",)
    row = {"table": "Table 4", "row": "concat (captioning)", "expected": {"SPIDEr": 45.0}, "besides": ""}
    make_run(tmp_path / "run", "kim2023/captioning_design_concat-paper", paper="kim2023", rows=(row,))
    table = paper_tables(collect([tmp_path / "run"]))[0]
    assert table.title == "Kim et al. 2023, Table 4, captioning"
    assert [line[0] for line in texts(table)] == ["concat", "waveform-only", "spectrogram-only", "PairMix"]
    assert [line[2] for line in texts(table)] == ["- | 45", "- | 43.7", "- | 44.6", "- | 45.8"]


def test_rows_of_captioners_are_filled_with_the_captions_of_their_runs(tmp_path: Path) -> None:
    make_run(tmp_path / "run", "kim2023/captioning_all-paper", paper="kim2023", rows=CAPTIONING_ALL)
    plain = make_captions(tmp_path / "run" / "evaluations" / "toy-captions")
    mixed = make_captions(tmp_path / "run" / "evaluations" / "toy-tta-captions", candidates=("a dog barks", "rain", "wind"), tta="100:5x20")
    make_captions(tmp_path / "run" / "evaluations" / "a-captions", candidates=("", "", "wind"), corpus="another")
    (table,) = paper_tables(collect([tmp_path]))
    assert table.title == "Kim et al. 2023, Table 1"
    assert table.columns[:2] == ("row", "our run")
    assert set(table.columns[2:]) == {"BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr-D", "SPICE", "SPIDEr"}
    rows = {row[0].text: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    assert list(rows) == ["Baseline", "+ PairMix", "+ Multi-TTA"]
    assert rows["+ PairMix"]["BLEU-1"].figure == plain.figures["BLEU-1"]
    assert rows["+ Multi-TTA"]["BLEU-1"].figure == mixed.figures["BLEU-1"] != plain.figures["BLEU-1"]
    assert cell_text(rows["+ PairMix"]["BLEU-1"]).startswith("36.8 [")
    assert cell_text(rows["+ PairMix"]["BLEU-1"]).endswith("] | 69.3")
    assert cell_text(rows["+ PairMix"]["METEOR"]) == "not available | 24.1"
    assert cell_text(rows["+ PairMix"]["SPICE"]) == "not available"  # nothing is published in this recipe of the test
    assert cell_text(rows["+ PairMix"]["BLEU-4"]) == "-"
    assert cell_text(rows["Baseline"]["BLEU-1"]) == "- | 65.4"
    assert "+ Multi-TTA: the same training, tried with test-time augmentation 100:5x20." in table.notes
    assert table.notes.count("Captions were searched with a beam of 3.") == 1
    assert table.notes.count("ROUGE-L, as computed here: a test.") == 1
    assert table.notes.count("METEOR is not available. No Java.") == 1
    assert not any(note.startswith("Definition") for note in table.notes)


def test_captions_searched_as_usual_come_before_others_and_may_lie_elsewhere(tmp_path: Path) -> None:
    make_run(tmp_path / "run", "mine", rows=({"table": "Mine", "row": "a", "expected": {"ROUGE-L": 40.0}, "besides": ""},))
    make_captions(tmp_path / "run" / "evaluations" / "a-captions", candidates=("", "", "wind"), beam=1, search="best_first")
    make_captions(tmp_path / "run" / "evaluations" / "b-captions", candidates=("", "rain", "wind"), max_duration_s=5.0)
    (table,) = paper_tables(collect([tmp_path]))
    assert "Captions were searched with a beam of 1 (best_first)." in table.notes
    usual = make_captions(tmp_path / "elsewhere", model=str(tmp_path / "run"))
    stranger = make_captions(tmp_path / "stranger", candidates=("", "", ""), model="pocket-captions")
    collected = collect([tmp_path])
    assert len(collected.captioned) == 4
    (system,) = collected.systems
    assert [each.folder.name for each in system.captioned] == ["a-captions", "b-captions", "elsewhere"]
    (table,) = paper_tables(collected)
    assert table.rows[0][2].figure == usual.figures["ROUGE-L"] != stranger.figures["ROUGE-L"]
    assert "Captions were searched with a beam of 3." in table.notes


def test_evaluations_of_captions_alone_stand_in_no_papers_table(tmp_path: Path) -> None:
    make_captions(tmp_path / "alone")
    assert paper_tables(collect([tmp_path])) == ()


def test_no_table_of_the_package_mixes_what_is_of_captions_with_retrieval() -> None:
    kinds: dict[tuple[str, str], set[bool]] = {}
    for row in package_rows():
        kinds.setdefault((row.paper, row.table), set()).add(row.is_of_captions)
    assert {key for key, found in kinds.items() if True in found} == {
        ("kim2023", "Table 1"), ("kim2023", "Table 3, captioning"), ("kim2023", "Table 4, captioning"),
    }  # fmt: skip
    assert all(len(found) == 1 for found in kinds.values())


def test_every_paper_with_recipes_has_a_name() -> None:
    from hearken.train.recipes.listing import PAPERS

    assert WHO["act2021"] == "Mei et al. 2021 (ACT)"
    assert set(PAPERS) - set(WHO) <= {"captioning"}  # recipes of our own, of which nothing is published


@pytest.mark.parametrize(
    ("metric", "unit", "heading"),
    [
        ("t2a_R@1", "percent", "T2A R@1"), ("a2t_medR", "rank", "A2T medR"), ("CIDEr-D", "percent", "CIDEr-D"), ("BLEU-1", "percent", "BLEU-1"),
        ("other_R@1", "percent", "other_R@1"),
    ],
)  # fmt: skip
def test_units_and_headings(metric: str, unit: str, heading: str) -> None:
    assert (unit_of(metric), heading_of(metric)) == (unit, heading)


def test_a_page_of_a_captioners_run_shows_them_and_speaks_of_no_retrieval(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("matplotlib")
    from hearken.evaluate.report.page import PageOptions, build

    make_run(tmp_path / "run", "kim2023/captioning_all-paper", paper="kim2023", rows=CAPTIONING_ALL)
    make_captions(tmp_path / "run" / "evaluations" / "toy-captions")
    page = build(collect([tmp_path / "run"]), PageOptions())
    assert "Kim et al. 2023, Table 1" in page
    assert "All times 100: ours with its 95 % interval" in page
    assert "CIDER-D " not in page
    assert "Language-based audio retrieval" not in page
    make_run(tmp_path / "other")
    assert "Language-based audio retrieval" in build(collect([tmp_path / "other"]), PageOptions())
