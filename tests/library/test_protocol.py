from __future__ import annotations

from hearken.library.protocol import Store
from hearken.library.store import SqliteStore


def test_the_sqlite_store_offers_the_whole_protocol(store: SqliteStore) -> None:
    promised: Store = store
    names = [name for name in vars(Store) if not name.startswith("_")]
    assert len(names) == 30
    assert [name for name in names if not hasattr(promised, name)] == []
