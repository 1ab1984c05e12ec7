from pathlib import Path

import numpy as np
import pytest

from hearken.audio import pieces
from hearken.audio.pieces import Pieces
from tests.audio.making import noise, write
from tests.audio.test_excerpt import whole

RATE_HZ = 48_000


@pytest.mark.parametrize("kind", ["wav", "mp3", "wma"])
def test_pieces_are_what_lies_there_and_those_in_a_row_open_the_file_once(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(write(tmp_path, kind, noise(12 * RATE_HZ, 2), RATE_HZ))
    truth = whole(Path(path))
    opened: list[str] = []
    once = pieces.open_spans
    monkeypatch.setattr(pieces, "open_spans", lambda path: (opened.append(path), once(path))[1])
    reader = Pieces()
    end = truth.shape[1]
    for start, stop in (
        (5 * RATE_HZ, 5 * RATE_HZ + 10_000),
        (5 * RATE_HZ + 10_000, 9 * RATE_HZ),
        (9 * RATE_HZ, 9 * RATE_HZ + 1),
        (9 * RATE_HZ + 1, end + 500),
    ):
        np.testing.assert_array_equal(reader.read(path, start, stop), truth[:, start:stop])
    assert len(opened) == 1
    np.testing.assert_array_equal(reader.read(path, 100, 300), truth[:, 100:300])
    np.testing.assert_array_equal(reader.read(path, 4 * RATE_HZ, 4 * RATE_HZ + 5), truth[:, 4 * RATE_HZ : 4 * RATE_HZ + 5])
    assert len(opened) == 3
    reader.close()
    reader.read(path, 4 * RATE_HZ + 5, 4 * RATE_HZ + 9)
    assert len(opened) == 4
    assert reader.read(path, end + 100, end + 200).shape[1] == 0
    reader.close()
