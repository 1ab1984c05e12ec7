"""`hearken train --list`."""

from __future__ import annotations

import json

from hearken.train.recipes.read import names


def test_the_list_for_people(cli) -> None:
    code, out, err = cli("train", "--list")
    assert (code, err) == (0, "")
    assert all(name in out for name in names())
    assert "Advancing natural-language based audio retrieval" in out
    line = next(line for line in out.splitlines() if line.startswith("primus2023/finetune-gpt_roberta-large-paper"))
    assert "t2a_mAP@10 38.56" in line
    assert "hearken train RECIPE --smoke" in out.splitlines()[-1]


def test_the_list_as_json(cli) -> None:
    code, out, err = cli("train", "--list", "--json")
    assert (code, err) == (0, "")
    recipes = json.loads(out)["recipes"]
    assert {each["recipe"] for each in recipes} == set(names())
    row = next(each for each in recipes if each["recipe"] == "dcase2022/baseline-paper" and each["row"] == "Testing split")
    assert row["expected_percent"] == {"t2a_mAP@10": 6.8, "t2a_R@1": 3.2, "t2a_R@5": 10.9, "t2a_R@10": 18.8}
    assert row["paper"] == "dcase2022"
