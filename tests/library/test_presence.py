from __future__ import annotations

import os
from pathlib import Path

from hearken.library.presence import Presence, emptied


def test_gone_and_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "root" / "sub").mkdir(parents=True)
    root, device = str(tmp_path / "root"), os.stat(tmp_path).st_dev
    presence = Presence([root, str(tmp_path / "away")], blocked=[f"{root}/locked"])
    assert not presence.out_of_reach(f"{root}/a.wav", device)
    assert not presence.out_of_reach(f"{root}/sub/x/y/a.wav", device)
    assert presence.out_of_reach(f"{tmp_path}/away/a.wav", device), "its root is away"
    assert presence.out_of_reach(f"{tmp_path}/a.wav", device), "no root of ours holds it"
    assert presence.out_of_reach(f"{root}/locked/x/a.wav", device), "a folder above could not be read"
    assert presence.out_of_reach(f"{root}/locked", device)
    assert not presence.out_of_reach(f"{root}/locked2/a.wav", device)


def test_another_device_means_unmounted(tmp_path: Path) -> None:
    device = os.stat(tmp_path).st_dev
    presence = Presence([str(tmp_path)])
    assert presence.out_of_reach(f"{tmp_path}/disk/a.wav", device + 1)
    presence.note_device(device + 1, device)  # the machine was restarted and counts its devices anew
    assert not presence.out_of_reach(f"{tmp_path}/disk/a.wav", device + 1)
    assert presence.out_of_reach(f"{tmp_path}/disk/a.wav", device + 2)


def test_a_file_system_that_does_not_answer(tmp_path: Path) -> None:
    presence = Presence(["/"])
    assert presence.out_of_reach(f"{tmp_path}/{'x' * 300}/a.wav", os.stat(tmp_path).st_dev)
    assert presence.out_of_reach("/nul\0/a.wav", os.stat("/").st_dev)


def test_emptied_folders_held_files(tmp_path: Path) -> None:
    for name in ("full/sub", "empty", "new"):
        (tmp_path / name).mkdir(parents=True)
    roots = [f"{tmp_path}/{name}" for name in ("full", "empty", "new", "away")]
    files = [f"{tmp_path}/{name}/x/a.wav" for name in ("full", "empty", "away")]
    assert emptied(roots, files) == {f"{tmp_path}/empty"}
    assert Presence(roots).is_away(f"{tmp_path}/away/x/a.wav")
    assert not Presence(roots).is_away(f"{tmp_path}/empty/x/a.wav")
