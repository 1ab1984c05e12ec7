"""The folder of all corpora."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearken.data.home import data_home


def test_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEARKEN_DATA", str(tmp_path / "x"))
    assert data_home() == tmp_path / "x"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("HEARKEN_DATA", "~/sounds")
    assert data_home() == tmp_path / "sounds"


def test_an_unknown_user_is_a_plain_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARKEN_DATA", "~nobody-has-this-name/x")
    assert data_home() == Path("~nobody-has-this-name/x")


@pytest.mark.parametrize("value", ["", None])
def test_by_the_platform(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is None:
        monkeypatch.delenv("HEARKEN_DATA", raising=False)
    else:
        monkeypatch.setenv("HEARKEN_DATA", value)
    assert data_home().name == "hearken-data"
    assert data_home().is_absolute()
