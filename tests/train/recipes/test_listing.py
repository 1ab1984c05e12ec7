"""The recipes against the papers' tables, which are written down here once more, by hand, from the papers."""

from __future__ import annotations

from collections import Counter

import pytest

from hearken.errors import RecipeError
from hearken.train.recipe import Row
from hearken.train.recipes.listing import (
    CAPTION_METRICS,
    METRICS,
    PAPERS,
    all_recipes,
    entries,
    expected_text,
    of_table,
    table_key,
    to_json,
)

BOTH, PAPER, CODE = ("paper", "code"), ("paper",), ("code",)
# (paper, table) -> row -> its forms, and the figures of its line in the order of the paper's columns
TABLES: dict[tuple[str, str], dict[str, tuple[tuple[str, ...], tuple[float, ...]]]] = {
    ("primus2023", "Table 3"): {
        "PaSST-N + bert-small": (BOTH, (32.98, 21.45, 48.71, 62.05)),
        "PaSST-N + bert-base": (BOTH, (35.22, 23.07, 51.48, 65.36)),
        "PaSST-N + bert-large": (BOTH, (35.78, 23.75, 52.27, 65.57)),
        "PaSST-N + roberta-base": (BOTH, (35.12, 23.02, 51.89, 65.26)),
        "PaSST-N + roberta-large": (BOTH, (36.65, 24.26, 53.89, 66.87)),
        "CNN10 + bert-base": (BOTH, (23.72, 14.18, 36.59, 49.21)),
        "CNN14 + bert-base": (BOTH, (28.06, 17.86, 40.82, 54.56)),
        "PaSST-L + bert-base": (BOTH, (33.47, 21.67, 49.24, 63.16)),
        "PaSST-S + bert-base": (BOTH, (32.83, 20.90, 48.82, 62.60)),
        "PaSST-N + roberta-large, finetune": (BOTH, (38.00, 25.51, 55.06, 68.56)),
        "PaSST-N + roberta-large, finetune, GPT-augment": (BOTH, (38.56, 26.07, 55.27, 69.30)),
    },
    ("primus2023", "Table 4"): {
        "AudioCaps": (BOTH, (21.01,)),
        "WavCaps": (BOTH, (27.62,)),
        "ClothoV2": (BOTH, (27.28,)),
        "AudioCaps + WavCaps": (BOTH, (27.13,)),
        "WavCaps + ClothoV2": (BOTH, (34.42,)),
        "AudioCaps + ClothoV2": (BOTH, (30.64,)),
        "AudioCaps + WavCaps + ClothoV2": (BOTH, (35.22,)),
    },
    ("primus2023", "Figure 1"): {"2 s": (BOTH, ()), "5 s": (BOTH, ()), "10 s": (BOTH, ()), "15 s": (BOTH, ())},
    ("wavtext5k", "Table 3"): {
        "A": (PAPER, (45.28, 33.07, 67.30, 80.30, 95.74, 25.65, 39.76, 73.72, 84.64, 97.04, 24.74, 15.79, 36.78, 49.93, 80.75, 12.41, 17.42, 40.57, 54.26, 82.68)),
        "B": (PAPER, (46.57, 33.42, 68.00, 79.95, 96.42, 26.30, 38.68, 70.35, 84.1, 97.44, 25.85, 16.48, 39.58, 52.46, 82.0, 12.87, 18.47, 44.02, 57.51, 86.03)),
        "C": (PAPER, (46.33, 34.07, 66.90, 79.81, 95.36, 26.71, 40.84, 72.77, 84.36, 97.3, 22.62, 14.24, 36.11, 49.29, 82.47, 10.15, 16.36, 38.37, 50.43, 81.15)),
        "D": (PAPER, (49.45, 34.69, 70.22, 82.0, 97.28, 30.81, 41.91, 73.18, 84.64, 97.71, 27.12, 16.75, 41.09, 54.07, 83.79, 13.65, 20.0, 44.88, 58.66, 87.65)),
    },
    ("wavtext5k", "Table 4"): {
        "Desc.": (PAPER, (49.54, 34.77, 30.48, 40.16, 26.15, 16.19, 12.77, 19.14)),
        "Desc. + Title": (PAPER, (49.45, 34.69, 30.81, 41.91, 27.12, 16.75, 13.65, 20.0)),
    },
    ("kim2023", "Table 1"): {
        "Baseline": (PAPER, (65.4, 47.5, 33.6, 23.4, 22.4, 47.1, 63.5, 16.8, 40.2)),
        "+ PairMix": (PAPER, (69.3, 52.9, 38.9, 28.3, 24.1, 49.9, 75.5, 17.7, 46.6)),
        "+ Multi-TTA": (PAPER, (70.0, 53.4, 39.5, 28.9, 24.2, 50.2, 76.9, 18.1, 47.5)),
    },
    ("kim2023", "Table 2"): {
        "Baseline": (BOTH, (33.0, 67.9, 81.3, 96.5, 10.0, 37.9, 71.0, 82.7, 97.4, 8.8)),
        "+ PairMix": (PAPER, (34.4, 69.6, 83.1, 97.5, 8.2, 40.0, 73.1, 86.8, 97.3, 6.6)),
        "+ Multi-TTA": (PAPER, (34.7, 70.3, 83.2, 97.5, 8.0, 40.2, 74.0, 87.2, 97.6, 6.3)),
    },
    ("kim2023", "Table 3"): {
        "-": (PAPER, (78.9, 81.9)),
        "Noise": (PAPER, (79.1, 81.1)),
        "Reverb": (PAPER, (80.4, 81.0)),
        "SpecAugment": (BOTH, (81.3, 82.7)),
        "EDA": (PAPER, (79.3, 81.3)),
        "PairMix": (PAPER, (82.2, 84.9)),
        "All": (PAPER, (83.1, 86.8)),
        "- (captioning)": (PAPER, (41.6,)),
        "Noise (captioning)": (PAPER, (40.9,)),
        "Reverb (captioning)": (PAPER, (41.1,)),
        "SpecAugment (captioning)": (PAPER, (40.2,)),
        "PairMix (captioning)": (PAPER, (43.0,)),
        "All (captioning)": (PAPER, (46.6,)),
    },
    ("kim2023", "Table 4"): {
        "concat": (PAPER, (81.9, 80.8)),
        "waveform-only": (PAPER, (80.5, 84.1)),
        "spectrogram-only": (PAPER, (82.3, 83.3)),
        "PairMix": (PAPER, (82.9, 84.7)),
        "concat (captioning)": (PAPER, (45.0,)),
        "waveform-only (captioning)": (PAPER, (43.7,)),
        "spectrogram-only (captioning)": (PAPER, (44.6,)),
        "PairMix (captioning)": (PAPER, (45.8,)),
    },
    ("dcase2022", "Table 2"): {"Baseline": (BOTH, (6.1, 2.6, 10.2, 17.6))},
    ("dcase2022", "Table 3"): {"Testing split": (BOTH, (6.8, 3.2, 10.9, 18.8)), "Evaluation": (BOTH, (6.1, 2.6, 10.2, 17.6))},
    ("dcase2023", "Table 3 of Primus et al. (2023)"): {"CNN14 + all-mpnet-base-v2": (CODE, (22.20, 13.00, 34.30, 48.00))},
    ("wavcaps", "Table 3 of Primus et al. (2023)"): {"CNN14 + bert-base, finetune": (CODE, (32.95, 21.41, 47.77, 62.10))},
    ("dcase2025", "README"): {
        "ClothoV2": (CODE, (32.82, 27.83, 16.95, 42.46, 55.80)),
        "ClothoV2, RTX 2080 Ti": (CODE, (34.59, 28.76, 16.05, 42.73, 58.04)),
        "Clotho, AudioCaps": (CODE, (35.21, 30.97, 19.56, 46.45, 59.48)),
        "Clotho, AudioCaps, WavCaps": (CODE, (40.59, 35.23, 23.29, 52.17, 64.78)),
    },
    ("salsa", "README"): {
        "Stage 1": (CODE, (28.20, 17.24, 42.31, 56.47)),
        "Stage 2": (CODE, (29.94, 18.48, 45.58, 60.40)),
        "Checkpoint": (CODE, (40.11, 27.69, 57.05, 70.50)),
    },
}  # fmt: skip
_DCASE = ("t2a_mAP@10", "t2a_R@1", "t2a_R@5", "t2a_R@10")
_BOTH_WAYS = tuple(f"{way}_{name}" for way in ("t2a", "a2t") for name in ("mAP@10", "R@1", "R@5", "R@10", "R@50"))
_MEAN_RANK = tuple(f"{way}_{name}" for way in ("t2a", "a2t") for name in ("R@1", "R@5", "R@10", "R@50", "meanR"))
_ON_BOTH = ("audiocaps-test", "clotho-evaluation")
# what the columns of the figures above are called in a recipe; a table that is not here has those of DCASE
COLUMNS: dict[tuple[str, str], tuple[str, ...]] = {
    ("primus2023", "Table 4"): ("t2a_mAP@10",),
    ("primus2023", "Figure 1"): (),
    ("wavtext5k", "Table 3"): tuple(f"{corpus} {name}" for corpus in _ON_BOTH for name in _BOTH_WAYS),
    ("wavtext5k", "Table 4"): tuple(
        f"{corpus} {way}_{name}" for corpus in _ON_BOTH for way in ("t2a", "a2t") for name in ("mAP@10", "R@1")
    ),
    ("kim2023", "Table 1"): CAPTION_METRICS,
    ("kim2023", "Table 2"): _MEAN_RANK,
    ("kim2023", "Table 3"): ("t2a_R@10", "a2t_R@10"),
    ("kim2023", "Table 4"): ("t2a_R@10", "a2t_R@10"),
    ("dcase2025", "README"): ("dcase2025 t2a_mAP@16", *(f"clotho-evaluation {name}" for name in _DCASE)),
}
FIRST_STAGES = {"wavcaps/cnn14-bert_pretrain-code", "salsa/all_stage1-code"}
# captioners that no paper has figures of: of ours, and of published settings
WITHOUT_ROW = FIRST_STAGES | {
    "act2021/audiocaps-code", "act2021/clotho-code", "captioning/act_all-clotho", "captioning/act_baseline-clotho",
    "captioning/htsat-prefix", "captioning/pocket-prefix", "captioning/pocket-prefix-clotho",
}  # fmt: skip
NUM_RECIPES = 89


def form(name: str) -> str:
    return name.rpartition("-")[2]


def test_each_row_of_the_papers_has_each_of_its_recipes_once_and_there_are_no_others() -> None:
    found = Counter((entry.recipe.about.paper, entry.table, entry.row.row, form(entry.recipe.name)) for entry in entries() if entry.row)
    wanted = Counter((*table, row, each) for table, rows in TABLES.items() for row, (forms, _) in rows.items() for each in forms)
    assert found == wanted


def test_the_figures_are_those_of_the_papers() -> None:
    for entry in entries():
        if entry.row:
            table = entry.recipe.about.paper, entry.table
            assert tuple(entry.row.expected.values()) == TABLES[table][entry.row.row][1], entry.recipe.name
            of_captions = ("SPIDEr",) if "(captioning)" in entry.row.row else None
            assert tuple(entry.row.expected) == (of_captions or COLUMNS.get(table, _DCASE)), entry.recipe.name


def test_the_rows_with_test_time_augmentation_are_those_of_the_papers() -> None:
    """Kim et al. (2023), section 5.2: tau = 100, 5 at the encoder's last layer and 20 at the output; no other paper has any."""
    found = {(entry.recipe.about.paper, entry.table, entry.row.row): entry.row.tta for entry in entries() if entry.row and entry.row.tta}
    assert found == {("kim2023", table, "+ Multi-TTA"): "100:5x20" for table in ("Table 1", "Table 2")}


def test_recipes_without_a_row_are_first_stages_of_others() -> None:
    assert {entry.recipe.name for entry in entries() if entry.row is None} == WITHOUT_ROW
    assert {recipe.model.start for recipe in all_recipes()} >= FIRST_STAGES
    assert len(all_recipes()) == NUM_RECIPES


def test_metrics_and_corpora_of_rows_are_known() -> None:
    for recipe in all_recipes():
        for row in recipe.about.rows:
            for key in row.expected:
                corpus, _, metric = key.rpartition(" ")
                assert metric in (METRICS if recipe.model.decoder is None else CAPTION_METRICS), key
                assert corpus in recipe.data.test if corpus else len(recipe.data.test) == 1, recipe.name


def test_each_recipe_lies_in_the_folder_of_its_paper_and_says_what_it_is() -> None:
    for recipe in all_recipes():
        assert recipe.about.paper in PAPERS
        assert recipe.name.startswith(f"{recipe.about.paper}/")
        assert recipe.name.endswith(("-paper", "-code")) or recipe.about.paper == "captioning"
        assert recipe.about.summary
        assert recipe.about.notes, recipe.name
    assert {recipe.about.paper for recipe in all_recipes()} == set(PAPERS)


def test_nobody_trains_on_what_is_tested() -> None:
    for recipe in all_recipes():
        for source in recipe.data.train:
            if source.corpus == "clotho":
                assert "evaluation" not in source.splits
                assert source.splits
        assert recipe.data.leaks != "allow" or recipe.name.startswith("primus2023/")


def test_the_paper_and_its_code_differ_where_they_do() -> None:
    by_name = {recipe.name: recipe for recipe in all_recipes()}
    paper, code = by_name["primus2023/passt-n_bert-base-paper"], by_name["primus2023/passt-n_bert-base-code"]
    assert (paper.model.temperature.kind, paper.model.temperature.value) == ("fixed", 0.05)
    assert (code.model.temperature.kind, code.model.temperature.value) == ("abs", 0.01)
    assert (paper.loss.options["same_clip"], code.loss.options["same_clip"]) == ("negative", "positive")
    assert (paper.model.audio.jitter_hz, code.model.audio.jitter_hz) == (None, (10, 2000))
    assert (paper.augment, code.augment[0].options) == ((), {"rule": "passt"})
    assert (paper.schedule.end_epoch, code.schedule.end_epoch) == (None, 15.0)
    assert (paper.model.text.dropout, code.model.text.dropout) == (None, 0.2)
    assert (paper.model.text.policy, code.model.text.policy) == ("dcase", "dcase2023")
    patchout = {
        name.partition("/")[2]: by_name[name].model.audio.options.get("patchout") for name in by_name if name.startswith("primus2023/pa")
    }
    assert patchout["passt-s_bert-base-paper"] == patchout["passt-l_bert-base-paper"] == [4, 50]
    assert patchout["passt-s_bert-base-code"] == patchout["passt-l_bert-base-code"] == [3, 50]
    assert [patchout[f"passt-s20_{s}s-code"] for s in (2, 5, 10, 15)] == [[3, 11], [3, 27], [3, 53], [3, 80]]
    assert [by_name[f"primus2023/passt-s20_{s}s-paper"].model.audio.segment_s for s in (2, 5, 10, 15)] == [2.0, 5.0, 10.0, 15.0]
    for successor in (
        "salsa/stage1-code",
        "salsa/stage2-code",
        "salsa/all_stage1-code",
        "dcase2025/clotho-code",
        "dcase2025/clotho-2080ti-code",
    ):
        assert by_name[successor].model.audio.jitter_hz == (10, 2000)  # AugmentMelSTFT in training; its stripes are off
        assert by_name[successor].augment == ()
    assert by_name["kim2023/baseline-code"].loss.name == "ranking"
    assert by_name["kim2023/all-paper"].augment[3].options == {"share": 0.25, "alpha": 0.1, "design": "pairmix"}


def test_the_sounds_of_wavtext5k_are_those_that_the_paper_took() -> None:
    for recipe in all_recipes():
        for source in recipe.data.train:
            if source.corpus == "wavtext5k":
                assert source.construction == ("description" if "description" in recipe.name else "title_and_description")


def test_a_table_by_name() -> None:
    assert {entry.table for entry in of_table("primus2023/table4")} == {"Table 4"}
    assert len(of_table("primus2023/Table 4")) == 14
    assert {entry.table for entry in of_table("salsa")} == {"README", ""}
    assert table_key("Figure 1") == "figure1"


@pytest.mark.parametrize(("name", "said"), [("primus", "nearest: primus2023"), ("kim2023/table9", "kim2023 has no table 'table9'")])
def test_a_table_that_is_not_there(name: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        of_table(name)


def test_what_the_list_says_of_an_entry() -> None:
    entry = next(entry for entry in entries() if entry.row and (entry.table, entry.row.row) == ("Table 2", "+ Multi-TTA"))
    said = to_json(entry)
    assert (said["recipe"], said["table"], said["expected_percent"]["a2t_meanR"]) == ("kim2023/all-paper", "Table 2", 6.3)
    assert (said["tta"], said["besides"]) == ("100:5x20", "")
    assert expected_text(entry.row, 2) == "t2a_R@1 34.7, t2a_R@5 70.3 and 8 more"
    assert expected_text(None) == expected_text(Row("T", "R")) == "-"
