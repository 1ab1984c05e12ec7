"""Data sets in the form of the Hugging Face library `datasets`: from its hub, its cache, or a folder that it saved.

Columns are called as in a table (`tables.COLUMNS`). Sound inside the data set is kept as files, once. Nothing of a data set is
run: those that bring a program are refused by the library itself.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hearken.data.clip import Corpus
from hearken.data.rows import Row
from hearken.data.sets.tables import WHOLE, read_clips
from hearken.errors import DataError, DownloadError, MissingExtraError, extra_hint, show

_REFERENCE = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)(?:/(?P<config>[\w.-]+))?(?::(?P<split>[\w.\[\]%:+-]+))?", re.ASCII)


def load_hub(reference: str) -> Corpus:
    """Return the clips of `owner/name`, `owner/name/config`, either with `:split`, or of a folder that `datasets` saved.

    Raises DataError for a reference or a column that is none, DownloadError when the hub cannot be reached, MissingExtraError.
    """
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("Hugging Face data sets need the library `datasets`.", extra_hint("data")) from error
    folder = Path(reference).expanduser()
    with _named_errors(reference):
        parts = _saved(folder) if folder.is_dir() else _fetched(reference)
        clips = tuple(read_clips(row for split, part in parts.items() for row in _rows(reference, split, part, datasets)))
    if not clips:
        raise DataError(f"The data set {show(reference)} is empty.", "Name another split: hf:owner/name:split.")
    return Corpus(reference=f"hf:{reference}", folder=folder if folder.is_dir() else Path(), clips=clips)


def _saved(folder: Path) -> dict[str, Any]:
    from datasets import DatasetDict, load_from_disk

    found = load_from_disk(str(folder))
    return dict(found) if isinstance(found, DatasetDict) else {str(found.split or WHOLE): found}


def _fetched(reference: str) -> dict[str, Any]:
    from datasets import DatasetDict, load_dataset
    from huggingface_hub import constants

    match = _REFERENCE.fullmatch(reference)
    if not match:
        raise DataError(f"{show(reference)!r} names no data set.", "Write hf:owner/name, hf:owner/name/config or hf:owner/name:split.")
    constants.HF_HUB_DISABLE_TELEMETRY = True
    found = load_dataset(match["name"], match["config"], split=match["split"])
    return dict(found) if isinstance(found, DatasetDict) else {match["split"] or WHOLE: found}


@contextlib.contextmanager
def _named_errors(reference: str) -> Iterator[None]:
    """Turn what `datasets` raises into our errors: the system's and the network's, and those about what was asked for."""
    try:
        yield
    except (ConnectionError, TimeoutError) as error:
        raise DownloadError(
            f"The hub cannot be reached for {show(reference)}: {_first_line(error)}.", "Save the data set to a folder elsewhere; give that."
        ) from error
    except (OSError, ValueError, LookupError, RuntimeError) as error:
        raise DataError(f"The data set {show(reference)} cannot be read: {_first_line(error)}.", "Check its name and split.") from error


def _rows(reference: str, split: str, part: Any, datasets: Any) -> Iterator[Row]:  # noqa: ANN401 - untyped library
    """Yield the rows of one split; `line` is the number of the row, from 1. Sounds stay encoded."""
    for name, feature in part.features.items():
        if isinstance(feature, datasets.Audio):
            part = part.cast_column(name, datasets.Audio(decode=False))
    for number, values in enumerate(part, start=1):
        named = {name: _label(part.features[name], value) for name, value in values.items()}
        yield Row(Path(f"hf:{reference}"), number, {"split": split} | named)


def _label(feature: Any, value: Any) -> Any:  # noqa: ANN401 - untyped library
    """Return the name of a class where a column holds its number."""
    return feature.int2str(value) if hasattr(feature, "int2str") and isinstance(value, int) and value >= 0 else value


def _first_line(error: Exception) -> str:
    return show(str(error).split("\n", 1)[0].rstrip(".")) or type(error).__name__
