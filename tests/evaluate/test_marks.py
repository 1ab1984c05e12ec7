from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.errors import RunError
from hearken.evaluate.marks import digest_of, marks_of

RECIPE = {"name": "small", "about": {"paper": "x"}, "data": {}, "training": {"epochs": 2}}


def write_run(folder: Path, recipe: object = RECIPE, weights: bytes = b"w") -> Path:
    (folder / "best").mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps({"recipe": recipe}))
    (folder / "best" / "model.safetensors").write_bytes(weights)
    return folder


def test_recipe_and_weights_make_the_marks_and_words_about_it_do_not(tmp_path: Path) -> None:
    marks = marks_of(write_run(tmp_path))
    assert marks["recipe"] == "small"
    assert marks["weights_sha256"] == "50e721e49c013f00c62cf59f2163542a9d8df02464efeb615d31051b0fddc326"
    assert marks_of(write_run(tmp_path, RECIPE | {"about": {"paper": "y"}})) == marks
    assert marks_of(write_run(tmp_path, RECIPE | {"training": {"epochs": 3}}))["recipe_sha256"] != marks["recipe_sha256"]
    assert marks_of(write_run(tmp_path, weights=b"v"))["weights_sha256"] != marks["weights_sha256"]
    assert digest_of({"training": {"epochs": 2}, "data": {}, "name": "small"}) == marks["recipe_sha256"]


def test_what_is_no_run_or_has_no_model(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"run\.json cannot be read"):
        marks_of(tmp_path)
    run = write_run(tmp_path, recipe=["no", "recipe"])
    with pytest.raises(RunError, match=r"run\.json cannot be read"):
        marks_of(run)
    (write_run(tmp_path) / "best" / "model.safetensors").unlink()
    with pytest.raises(RunError, match="has no model to try"):
        marks_of(tmp_path)


def test_the_digest_of_a_dual_encoders_recipe_is_what_it_was_before_captioners() -> None:
    old = {"name": "small", "model": {"dim": 8}, "data": {}}
    assert digest_of(old) == "dcec1b5ba7c8a9abd12008a9b5f66e50efe5c0b09c5714d5dfaf5161a5197f58"
    assert digest_of(old | {"model": {"dim": 8, "decoder": None}}) == digest_of(old)
    assert digest_of(old | {"model": {"dim": 8, "decoder": {}}}) != digest_of(old)
