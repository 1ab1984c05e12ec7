"""An error of the system says which file, and how to go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.shards.files import writing
from hearken.errors import ShardError


def test_an_error_of_the_system_names_the_file_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ShardError, match=r"a cannot be written: No space left on device\.") as failure, writing(tmp_path / "a"):
        raise OSError(28, "No space left on device")
    assert "run the same command again" in failure.value.hint
    with pytest.raises(ValueError, match="mine"), writing(tmp_path / "a"):
        raise ValueError("mine")
