"""Which files of a library a notebook picks out: those with a label, those in a collection. They belong to sounds, so to all copies."""

from __future__ import annotations

from collections.abc import Sequence

from hearken.library.notebook import Notebook
from hearken.library.store import SqliteStore


def marked_files(store: SqliteStore, labels: Sequence[str] = (), collection: int | None = None) -> frozenset[int] | None:
    """Return the ids of the files that have any of `labels` and are in the `collection`; None where neither is asked for.

    What is not there picks out nothing. Raises StoreError.
    """
    if isinstance(labels, str):
        labels = (labels,)
    if not labels and collection is None:
        return None
    with Notebook(store.folder) as notebook:
        wanted = {key.content_hash for label in labels for key in notebook.labelled(label)} if labels else None
        if collection is not None:
            members = {key.content_hash for key in notebook.members(collection)}
            wanted = members if wanted is None else wanted & members
    return frozenset(store.browser.with_content(wanted or ()))
