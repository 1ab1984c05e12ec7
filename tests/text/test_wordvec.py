"""Word vectors: three formats give the same words; damaged, lying and huge files are named errors and cost no memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hearken.errors import InputError
from hearken.limits import MAX_VECTOR_DIM, MAX_WORDS
from hearken.text.wordvec import read_vectors

WORDS = ("rain", "dog", "überlaut", "new_york")
VECTORS = np.array([[1.5, -2.0], [0.25, 3.0], [0.0, 1e-3], [7.0, 8.0]], np.float32)


def binary(words: tuple[str, ...] = WORDS, vectors: np.ndarray = VECTORS, *, line_break: bool = True) -> bytes:
    rows = (
        word.encode() + b" " + row.astype("<f4").tobytes() + (b"\n" if line_break else b"")
        for word, row in zip(words, vectors, strict=True)
    )
    return f"{len(words)} {vectors.shape[1]}\n".encode() + b"".join(rows)


def text(words: tuple[str, ...] = WORDS, vectors: np.ndarray = VECTORS) -> bytes:
    lines = (f"{word} {' '.join(repr(float(number)) for number in row)}" for word, row in zip(words, vectors, strict=True))
    return f"{len(words)} {vectors.shape[1]}\n{chr(10).join(lines)}\n".encode()


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.fixture(params=["bin", "google.bin", "txt", "npz"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"vectors.{request.param}"
    if request.param == "npz":
        np.savez(path, words=np.array(WORDS), vectors=VECTORS)
        return path
    return written(path, text() if request.param == "txt" else binary(line_break=request.param == "bin"))


def test_every_format_gives_the_same(file: Path) -> None:
    found = read_vectors(file)
    assert found.words == WORDS
    assert found.vectors.dtype == np.float32
    np.testing.assert_array_equal(found.vectors, VECTORS)


def test_a_vocabulary_keeps_some_in_the_order_of_the_file(file: Path) -> None:
    found = read_vectors(file, ["new_york", "dog", "cat"])
    assert found.words == ("dog", "new_york")
    np.testing.assert_array_equal(found.vectors, VECTORS[[1, 3]])
    assert read_vectors(file, []).vectors.shape == (0, 2)


def test_the_first_of_equal_words_counts(tmp_path: Path) -> None:
    found = read_vectors(written(tmp_path / "v.bin", binary(("dog", "dog"), VECTORS[:2])))
    assert found.words == ("dog",)
    np.testing.assert_array_equal(found.vectors, VECTORS[:1])


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"", "no word2vec file"),
        (b"words and more\n", "no word2vec file"),
        (b"4\n", "no word2vec file"),
        (b"-4 2\n", "no word2vec file"),
        (b"4 2 7\n", "no word2vec file"),
        (b"0 2\n", "limits"),
        (b"4 0\n", "limits"),
        (f"{MAX_WORDS + 1} 2\n".encode(), "limits"),
        (f"4 {MAX_VECTOR_DIM + 1}\n".encode(), "limits"),
        (b"9" * 60 + b" 2\n", "limits"),
        (b"9" * 5_000 + b" 2\n", "no word2vec file"),
    ],
)
@pytest.mark.parametrize("suffix", ["bin", "txt"])
def test_headers_that_lie(tmp_path: Path, header: bytes, said: str, suffix: str) -> None:
    with pytest.raises(InputError, match=said):
        read_vectors(written(tmp_path / f"v.{suffix}", header + binary()[4:]))


@pytest.mark.parametrize("suffix", ["bin", "txt"])
def test_every_truncation_is_noticed(tmp_path: Path, suffix: str) -> None:
    data = binary(line_break=False) if suffix == "bin" else text()
    cuts = range(len(data)) if suffix == "bin" else range(len(data) - len(data.splitlines()[-1]) - 1)
    for cut in cuts:
        with pytest.raises(InputError):
            read_vectors(written(tmp_path / f"v.{suffix}", data[:cut]))


def test_a_huge_count_is_not_believed_beforehand(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cut off"):
        read_vectors(written(tmp_path / "v.bin", f"{MAX_WORDS} {MAX_VECTOR_DIM}\n".encode() + b"dog " + bytes(8)))


def test_an_endless_word_is_damage(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="longer than"):
        read_vectors(written(tmp_path / "v.bin", b"1 2\n" + b"x" * 5_000))


@pytest.mark.parametrize("number", ["nan", "inf", "1e99", "two"])
def test_numbers_must_be_finite_numbers(tmp_path: Path, number: str) -> None:
    with pytest.raises(InputError, match=r"not finite|no number"):
        read_vectors(written(tmp_path / "v.txt", f"1 2\ndog 1.0 {number}\n".encode()))


def test_an_npz_may_not_hold_objects_or_other_shapes(tmp_path: Path) -> None:
    cases = {
        "object": {"words": np.array(["a", None], object), "vectors": VECTORS[:2]},
        "missing": {"words": np.array(WORDS)},
        "lengths": {"words": np.array(WORDS), "vectors": VECTORS[:2]},
        "axes": {"words": np.array(WORDS), "vectors": VECTORS[:, 0]},
        "kind": {"words": np.array(WORDS), "vectors": VECTORS.astype(int)},
        "text": {"words": np.arange(4), "vectors": VECTORS},
        "width": {"words": np.array(WORDS), "vectors": np.zeros((4, 0), np.float32)},
    }
    for name, arrays in cases.items():
        np.savez(tmp_path / f"{name}.npz", **arrays)
        with pytest.raises(InputError):
            read_vectors(tmp_path / f"{name}.npz")
    with pytest.raises(InputError):
        read_vectors(written(tmp_path / "no.npz", b"PK\x03\x04 and nothing more"))


def test_a_missing_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_vectors(tmp_path / "none.bin")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 60), st.sampled_from(["bin", "txt", "npz"]))
def test_damage_gives_named_errors_only(tmp_path: Path, junk: bytes, place: int, suffix: str) -> None:
    data = binary() if suffix == "bin" else text()
    try:
        found = read_vectors(written(tmp_path / f"v.{suffix}", data[:place] + junk + data[place + len(junk) :]))
    except InputError:
        return
    assert len(found.words) == len(found.vectors)
    assert np.isfinite(found.vectors).all()


letters = st.text(st.characters(exclude_characters=" \n", exclude_categories=("Cs", "Z", "C")), min_size=1, max_size=8)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(letters, min_size=1, max_size=6, unique=True), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_what_is_written_is_read(tmp_path: Path, words: list[str], dim: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((len(words), dim)).astype(np.float32)
    for suffix, data in (("bin", binary(tuple(words), vectors)), ("txt", text(tuple(words), vectors))):
        found = read_vectors(written(tmp_path / f"v.{suffix}", data))
        assert found.words == tuple(words)
        np.testing.assert_array_equal(found.vectors, vectors)
