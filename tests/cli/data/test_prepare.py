"""`hearken data prepare`: what people read, what programs read, and the exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.data.card import Card
from tests.data.site import EXTRA, Site, card, site, wav  # noqa: F401

pytestmark = pytest.mark.usefixtures("card")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearken.data.patience.FIRST_WAIT_S", 0.001)


def rows(out: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split() for line in out.splitlines() if line.split()}


def test_what_is_missing_is_told_and_the_code_is_3(cli, tmp_path: Path) -> None:
    code, out, err = cli("data", "prepare", "tiny")
    home = tmp_path / "data" / "tiny"
    assert code == 3
    assert rows(out)["train.7z"][1:3] == ["audio", "fetched"]
    assert rows(out)["train"] == ["train", "6", "6", "6", "6", "6", "0"]
    assert rows(out)["extra"][1:] == ["2", "2", "2", "2", "0", "2"]
    assert out.splitlines()[-1] == f"Not all is here: {home}"
    assert (
        f"by hand: 0 of 2 clips of extra are here; there is no public address. Ask the author for the clips. Its place is {home}/extra."
        in err
    )
    assert f"missing: extra/{EXTRA[0]}" in err


def test_all_is_here_and_the_code_is_0(cli, tmp_path: Path) -> None:
    for name in EXTRA:
        place = tmp_path / "here" / "extra" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(wav(5))
    code, out, err = cli("data", "prepare", "tiny", "--folder", str(tmp_path / "here"))
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"All is here: {tmp_path / 'here'}"
    code, out, _ = cli("data", "prepare", "tiny", "--folder", str(tmp_path / "here"))
    assert (code, rows(out)["train.7z"][2]) == (0, "unpacked")


def test_json(cli, tmp_path: Path) -> None:
    code, out, err = cli("data", "prepare", "tiny-test", "--json")
    report = json.loads(out)
    assert (code, err, report["complete"], report["corpus"]) == (0, "", True, "tiny")
    assert report["folder"] == str(tmp_path / "data" / "tiny")
    assert [split["name"] for split in report["splits"]] == ["test"]


def test_text_only_and_splits(cli, site: Site) -> None:  # noqa: F811
    code, out, _ = cli("data", "prepare", "tiny", "--text-only", "--split", "train", "--split", "test")
    assert code == 0
    assert rows(out)["train.7z"][2:4] == ["left", "out"]
    assert {path for path, _ in site.seen} == {"x/train.csv", "x/test.csv"}


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_mirror(cli, site: Site, monkeypatch: pytest.MonkeyPatch, how: str) -> None:  # noqa: F811
    for path in list(site.files):
        site.files[f"m/tiny/{path.removeprefix('x/')}"] = site.files.pop(path)
    if how == "variable":
        monkeypatch.setenv("HEARKEN_MIRROR", f"{site.address}/m")
    code, _, _ = cli("data", "prepare", "tiny-train", *(["--mirror", f"{site.address}/m"] if how == "option" else []))
    assert code == 0


def test_archives_can_go(cli, tmp_path: Path) -> None:
    assert cli("data", "prepare", "tiny-train", "--remove-archives").code == 0
    assert not (tmp_path / "data" / "tiny" / "train.7z").exists()


def test_what_failed_is_told(cli, site: Site) -> None:  # noqa: F811
    site.ills["x/train.csv"] = [(403, {})]
    code, _, err = cli("data", "prepare", "tiny-train", "--text-only")
    assert code == 3
    assert "failed: The server refused" in err
    assert "train: " in err
    assert cli("data", "prepare", "tiny-train", "--text-only").code == 0


def test_long_lists_are_cut_and_named(cli, site: Site, card: Card, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    from dataclasses import replace

    from hearken.data.card import File, Split
    from tests.data.site import know, table

    site.files["x/many.csv"] = table([f"{number}.wav" for number in range(30)])
    many = File("many.csv", (f"{site.address}/x/many.csv",))
    know(replace(card, splits=(Split("many", 31, 30),), files=(many,)), monkeypatch)
    code, _, err = cli("data", "prepare", "tiny")
    assert code == 3
    assert err.count("missing: ") == 5
    assert "and 25 more of many: all are in " in err
    assert "many: the files hold 30 clips and 30 captions; the card says 31 and 30." in err


def test_unknown_names(cli) -> None:
    code, out, err = cli("data", "prepare", "tinny")
    assert (code, out) == (1, "")
    assert "There is no corpus 'tinny'" in err
    assert "Did you mean tiny" in err
    assert "tiny has no split 'x'" in cli("data", "prepare", "tiny", "--split", "x").err
