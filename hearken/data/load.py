"""One way in: a corpus by its name, or a user's own table, folder or Hugging Face data set, as a `Corpus`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from hearken.data.clip import Corpus
from hearken.data.home import data_home
from hearken.data.table import CORPORA, definition, parse_reference, unknown
from hearken.errors import DataError, MissingDataError, show

HUB = "hf:"
"""What the reference of a Hugging Face data set begins with: `hf:owner/name`, `hf:owner/name:split`, `hf:FOLDER`."""


def load(reference: str | Path, *, folder: Path | None = None) -> Corpus:
    """Return the corpus that `reference` names.

    `reference` is a name of `hearken data list`, with a split such as `clotho-evaluation` or without; or the path of a table
    (.csv, .tsv, .jsonl, .parquet) or of a folder of sounds with texts beside them; or `hf:owner/name`. Where both are possible
    the name is meant; `./clotho` or a `Path` is the path.
    `folder` is where the published files are, if not below `data_home()`.

    Raises MissingDataError where files are not here, DataError (with file and line) where they are not what they should be.
    """
    name = str(reference)
    if isinstance(reference, str) and _is_known(name):
        return _load_known(name, folder)
    from hearken.data.sets import folder as folders
    from hearken.data.sets import hub, tables

    if name.startswith(HUB):
        return hub.load_hub(name.removeprefix(HUB))
    path = Path(reference)
    if name and os.path.isdir(path):  # unlike Path's own, it says False for a name that no system could hold
        return _as_path(folders.load_folder(path))
    if path.suffix.lower() in tables.SUFFIXES:
        return _as_path(_own_table(path))
    if os.path.isfile(path):
        raise DataError(f"{show(name)} is no table that can be read.", f"A table ends in {', '.join(sorted(tables.SUFFIXES))}.")
    raise unknown(name, or_path=True)


def _own_table(path: Path) -> Corpus:
    """Return a user's table; what is missing of it no command can bring."""
    from hearken.data.sets import tables

    try:
        return tables.load_table(path)
    except MissingDataError as error:
        raise MissingDataError(error.message, "Check the path.") from error


def _as_path(corpus: Corpus) -> Corpus:
    """Return the corpus under a reference that cannot be taken for a known name: the folder `clotho` is `./clotho`."""
    return replace(corpus, reference=os.path.join(os.curdir, corpus.reference)) if _is_known(corpus.reference) else corpus


def _is_known(reference: str) -> bool:
    """Say whether the reference names a corpus; `clotho-mine.csv` does not if there is such a file."""
    if not any(reference == name or reference.startswith(f"{name}-") for name in CORPORA):
        return False
    try:
        parse_reference(reference)
    except DataError:
        return not os.path.exists(reference)
    return True


def _load_known(reference: str, folder: Path | None) -> Corpus:
    name, splits = parse_reference(reference)
    known = definition(name)
    folder = folder or data_home() / name
    try:
        return Corpus(
            reference=reference,
            folder=folder,
            clips=tuple(known.read(folder, splits)) if known.read else (),
            queries=tuple(known.read_queries(folder, splits)) if known.read_queries else (),
            variations=tuple(known.read_variations(folder, splits)) if known.read_variations else (),
        )
    except MissingDataError as error:
        raise MissingDataError(error.message, error.hint.replace("prepare NAME", f"prepare {name}")) from error
