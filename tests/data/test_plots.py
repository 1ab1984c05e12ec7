"""The figure of frequent words: it is an image, as long as it has words, and the same every time."""

from __future__ import annotations

import pytest

from hearken.data.plots import plot_words
from hearken.errors import DataError

pytest.importorskip("matplotlib")
COUNTS = [("water", 120), ("$bird$", 80), ("wind", 5)]


def size_of_png(content: bytes) -> tuple[int, int]:
    assert content.startswith(b"\x89PNG")
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def test_more_words_are_a_taller_picture(tmp_path) -> None:
    plot_words(COUNTS, tmp_path / "a.png", "Most frequent words")
    plot_words(COUNTS * 10, tmp_path / "b.png", "Most frequent words")
    (width, short), (same, tall) = (size_of_png((tmp_path / name).read_bytes()) for name in ("a.png", "b.png"))
    assert width == same
    assert tall > 2 * short


def test_the_same_every_time(tmp_path) -> None:
    for name in ("a.png", "b.png"):
        plot_words(COUNTS, tmp_path / name, "x")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_words_are_text_in_an_svg(tmp_path) -> None:
    plot_words(COUNTS, tmp_path / "a.svg", "$x$")
    assert "<!-- water -->" in (tmp_path / "a.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["a.xyz", "a.gif", "none/a.png"])
def test_where_nothing_can_be_written(tmp_path, name) -> None:
    with pytest.raises(DataError, match="cannot be written"):
        plot_words(COUNTS, tmp_path / name, "x")
