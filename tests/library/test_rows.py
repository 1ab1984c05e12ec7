from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hearken.errors import DamagedError, InputError
from hearken.library import rows
from hearken.library.database import damaged
from hearken.limits import MAX_TAG_CHARS, MAX_TAGS
from hearken.types import Embedded, EmbeddedFile, Span
from tests.fakes import fake_result

RESULT = fake_result("/a/dog.wav", b"x" * 450)  # 4.5 s: windows of 2, 2 and 0.5 s


def fail(what: str) -> DamagedError:
    return damaged("/library", what)


def with_vectors(**changes: object) -> EmbeddedFile:
    return dataclasses.replace(RESULT, vectors=dataclasses.replace(RESULT.vectors, **changes))  # type: ignore[arg-type]


def test_vectors_survive_the_round_trip() -> None:
    clip, windows, spans, sealed = rows.vector_row(RESULT)
    assert (len(clip), len(windows), len(spans)) == (16 * 2, 3 * 16 * 2, 3 * 2 * 8)
    back = rows.read_vectors((7, clip, windows, spans, sealed), 16, fail)
    assert back.file_id == 7
    np.testing.assert_array_equal(back.clip, RESULT.vectors.clip.astype(np.float16))
    np.testing.assert_array_equal(back.windows, RESULT.vectors.windows.astype(np.float16))
    assert back.spans.tolist() == [[0.0, 2.0], [2.0, 4.0], [4.0, 4.5]]


def test_altered_vectors_are_refused() -> None:
    row = (7, *rows.vector_row(RESULT))
    rows.read_vectors(row, 16, fail)
    for column in (1, 2, 3, 4):
        bad = bytearray(row[column])
        bad[3] ^= 1
        with pytest.raises(DamagedError, match="vectors of file 7 were altered"):
            rows.read_vectors((*row[:column], bytes(bad), *row[column + 1 :]), 16, fail)
    with pytest.raises(DamagedError, match="were altered"):
        rows.read_vectors((*row[:2], "text", *row[3:]), 16, fail)
    for dim in (8, 5):
        with pytest.raises(DamagedError, match="wrong size"):
            rows.read_vectors(row, dim, fail)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (with_vectors(clip=np.zeros(15, np.float32)), "shape"),
        (with_vectors(windows=np.zeros((2, 16), np.float32)), "shape"),
        (with_vectors(windows=np.zeros((0, 16), np.float32), spans=()), "shape"),
        (with_vectors(clip=np.full(16, np.nan, np.float32)), "not finite"),
        (with_vectors(clip=np.full(16, 1e30, np.float32)), "not finite"),
        (dataclasses.replace(RESULT, duration_s=float("inf")), "not finite"),
        (with_vectors(spans=(Span(0.0, 1.0), Span(2.0, 1.0), Span(2.0, 3.0))), "end before they begin"),
        (with_vectors(spans=(Span(-1.0, 1.0), Span(1.0, 2.0), Span(2.0, 3.0))), "end before they begin"),
    ],
)
def test_check_vectors_refuses(result: EmbeddedFile, message: str) -> None:
    rows.check_vectors(RESULT, 16)
    with pytest.raises(InputError, match=message):
        rows.check_vectors(result, 16)


def test_tags_and_texts_are_bounded_and_storable() -> None:
    tags = rows.kept_tags({f"k{index}": "x" * 9_999 for index in range(100)} | {"odd": "\udce9"})
    assert len(tags) == MAX_TAGS
    assert {len(value) for value in tags.values()} == {MAX_TAG_CHARS}
    assert rows.plain("a\udce9\u00e9") == "a\\udce9\u00e9"
    assert isinstance(RESULT.vectors, Embedded)


def test_read_file_refuses_nonsense() -> None:
    row = (1, b"/a\xff", 2, 3, b"h" * 16, 1.5, 8000, 1, "wav", "pcm", "silent truncated", '{"title": "x"}', 3)
    record = rows.read_file(row, fail)
    assert (record.path, record.flags, record.tags) == ("/a\udcff", {"silent", "truncated"}, {"title": "x"})
    assert record.content_hash == "68" * 16
    for column, value in ((4, b"short"), (4, None), (5, "x"), (10, None), (11, "{"), (11, "[]"), (12, None)):
        with pytest.raises(DamagedError, match="file 1 has no proper facts"):
            rows.read_file((*row[:column], value, *row[column + 1 :]), fail)
