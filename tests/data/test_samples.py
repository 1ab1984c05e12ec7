"""The small copies of the corpora: there is one of each, and it loads."""

from __future__ import annotations

import pytest

from hearken.data.load import load
from hearken.data.table import CORPORA
from tests.data.samples import FILES, write


def test_there_is_one_of_every_corpus() -> None:
    assert set(FILES) == set(CORPORA)


@pytest.mark.parametrize("name", CORPORA)
def test_it_loads(tmp_path, name) -> None:
    if name == "macs":
        pytest.importorskip("yaml")
    write(tmp_path, name)
    corpus = load(name, folder=tmp_path)
    assert corpus.clips or corpus.queries or corpus.variations
