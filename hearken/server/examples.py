"""Queries to try: what the sounds of a library are about, as its machine-made captions say; else things that everybody knows."""

from __future__ import annotations

from hearken.library.store import SqliteStore

USUAL = ("rain on a tin roof", "a dog barks", "footsteps on gravel", "glass breaking", "birds in the morning", "a door slams")
_NUM = 6
_MAX_CHARS = 60
_LOOKED_AT = 60


def examples(store: SqliteStore) -> list[str]:
    """Return a few texts that find something: captions of sounds spread over the library, filled up with the usual. Raises StoreError."""
    versions = sorted(set(store.file_versions().values()))
    step = max(1, len(versions) // _LOOKED_AT)
    captions = store.captions_of(versions[step // 2 :: step][:_LOOKED_AT])
    fitting = sorted({_plain(text) for text in captions.values() if 0 < len(text) <= _MAX_CHARS}, key=lambda text: (len(text), text))
    return [*fitting[:: max(1, len(fitting) // _NUM)], *USUAL][:_NUM]


def _plain(caption: str) -> str:
    text = caption.strip().rstrip(".")
    return text[:1].lower() + text[1:]
