"""Which model made a library, and where it is now."""

from __future__ import annotations

from pathlib import Path

from hearken.errors import ModelError, ModelMismatchError, ModelNotFoundError, show
from hearken.library.records import ModelRecord


def find_origin(library: Path, record: ModelRecord) -> Path:
    """Return the folder of the model that made `library`: the one of its name, or the folder where it lay, by its digest.

    Raises ModelMismatchError where only another model is found there, ModelNotFoundError where none is.
    """
    from hearken.runtime.catalog import find_model, model_info

    others = []
    for place in filter(None, (record.name, record.folder)):
        try:
            info = model_info(find_model(place))
        except ModelError:
            continue
        if info.digest == record.digest:
            return Path(info.path)
        others.append(info)
    made = f"The library {show(library)} was made by the model {show(record.name)!r}"
    hint = "Name the folder of that model with --model, or make a library for today's: `hearken index DIR --library NEW`."
    if others:
        raise ModelMismatchError(f"{made} ({record.digest[:12]}), not by the one of today ({others[0].digest[:12]}).", hint)
    raise ModelNotFoundError(f"{made}, which is not here.", hint)
