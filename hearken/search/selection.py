"""Which files of a library a notebook picks out: those with a label, those in a collection. They belong to sounds, so to all copies."""

from __future__ import annotations

from collections.abc import Sequence

from hearken.library.notebook import Notebook, SoundKey
from hearken.library.store import SqliteStore
from hearken.library.whereabouts import all_files


def marked_files(store: SqliteStore, labels: Sequence[str] = (), collection: int | None = None) -> frozenset[int] | None:
    """Return the ids of the files that have any of `labels` and are in the `collection`; None where neither is asked for.

    A file that was edited in place is still meant. What is not there picks out nothing. Raises StoreError.
    """
    if isinstance(labels, str):
        labels = (labels,)
    if not labels and collection is None:
        return None
    with Notebook(store.folder) as notebook:
        asked: list[list[SoundKey]] = []
        if labels:
            asked.append([key for label in labels for key in notebook.labelled(label)])
        if collection is not None:
            asked.append(notebook.members(collection))
    return frozenset.intersection(*(all_files(store, keys) for keys in asked))
