from __future__ import annotations

from hearken.library.notebook_records import SoundKey
from hearken.library.records import RemoveFile
from hearken.library.store import SqliteStore
from hearken.library.whereabouts import contents_here, find_files
from tests.fakes import put_sound


def keys_of(store: SqliteStore) -> dict[str, SoundKey]:
    return {record.path: SoundKey(record.content_hash, record.path) for record in store.files()}


def test_sounds_are_found_by_content_then_by_path(store: SqliteStore) -> None:
    store.apply([put_sound("/s/a.wav", b"a" * 300), put_sound("/s/b.wav", b"b" * 300), put_sound("/s/c.wav", b"c" * 300)])
    before = keys_of(store)
    store.apply([RemoveFile(1), put_sound("/moved/a.wav", b"a" * 300), put_sound("/s/b.wav", b"edited" * 60), RemoveFile(3)])
    found = {key.path: record.path for key, record in find_files(store, list(before.values())).items()}
    assert found == {"/s/a.wav": "/moved/a.wav", "/s/b.wav": "/s/b.wav"}


def test_of_copies_the_one_at_the_known_path_is_meant(store: SqliteStore) -> None:
    store.apply([put_sound("/s/a.wav", b"a" * 300), put_sound("/s/copy.wav", b"a" * 300)])
    content = store.files([1])[0].content_hash
    for path, expected in (("/s/copy.wav", "/s/copy.wav"), ("/elsewhere.wav", "/s/a.wav"), ("", "/s/a.wav")):
        key = SoundKey(content, path)
        assert find_files(store, [key])[key].path == expected


def test_contents_are_here_or_not(store: SqliteStore) -> None:
    store.apply([put_sound("/s/a.wav", b"a" * 300)])
    content = store.files([1])[0].content_hash
    assert contents_here(store, [content, "00" * 16]) == {content}
