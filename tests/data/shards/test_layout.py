"""The index: what is written is what is read, and nothing else is taken for one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hearken.data.shards.layout import INDEX, Entry, Index, read_index
from hearken.data.shards.pack import PackReport
from hearken.errors import ShardError

Harm = Callable[[str, Callable[[bytes], bytes]], Path]


def test_it_reads_as_it_was_written(report: PackReport) -> None:
    index = read_index(report.folder)
    assert index == report.index
    assert index.to_bytes() == (report.folder / INDEX).read_bytes()
    assert (index.num_samples, len(index.failed), index.source.num_clips, len(index.shards)) == (11, 1, 12, 4)
    told = json.loads((report.folder / INDEX).read_bytes())
    assert (told["format"], told["version"], told["num_samples"], told["num_failed"]) == ("hearken-shards", 1, 11, 1)
    assert told["total_s"] == pytest.approx(index.total_s) == sum(shard["total_s"] for shard in told["shards"])


def test_sizes_of_samples() -> None:
    assert Entry(0, 3, 600, 0).size == 512 + 512 + 512 + 1_024


def test_the_digest_is_of_the_content(report: PackReport) -> None:
    index = report.index
    same = Index(index.name, index.source, index.recipe, index.shards, {"av": "1"})
    other = Index(index.name, index.source, index.recipe, index.shards[::-1], index.made_with)
    assert index.digest == same.digest != other.digest


def test_no_index(tmp_path: Path) -> None:
    with pytest.raises(
        ShardError, match=r"There is no shards\.json in .*: nothing was packed there, or packing was not finished"
    ) as failure:
        read_index(tmp_path)
    assert "hearken data pack" in failure.value.hint
    (tmp_path / INDEX).mkdir()
    with pytest.raises(ShardError, match="cannot be read"):
        read_index(tmp_path)


def changed(change: Callable[[dict[str, Any]], object]) -> Callable[[bytes], bytes]:
    def apply(content: bytes) -> bytes:
        values = json.loads(content)
        change(values)
        return json.dumps(values).encode()

    return apply


WRONG: list[tuple[Callable[[bytes], bytes], str]] = [
    (lambda content: content[:-20], "is damaged"),
    (lambda content: b"\xff" + content, "is damaged"),
    (lambda content: b"[" * 100_000, "is damaged"),
    (lambda content: b"[]", "is damaged"),
    (changed(lambda values: values.update(format="tar")), "this is no index of shards"),
    (changed(lambda values: values.update(version=2)), "the format is 2, and this Hearken reads 1"),
    (changed(lambda values: values["shards"].pop()), "packed and failed clips must be all clips"),
    (changed(lambda values: values["shards"].__setitem__(1, values["shards"][0])), "is damaged"),
    (changed(lambda values: values["shards"][0]["samples"].pop()), "sizes must agree"),
    (changed(lambda values: values["shards"][0]["samples"][1].__setitem__(0, 0)), "samples must lie end to end"),
    (changed(lambda values: values["shards"][0]["samples"][0].__setitem__(1, -1)), "whole number"),
    (changed(lambda values: values["shards"][0]["samples"][0].__setitem__(1, True)), "whole number"),
    (changed(lambda values: values["shards"][0].update(file="../x.tar")), "a shard lies beside its index"),
    (changed(lambda values: values["shards"][0].update(bytes=3)), "sizes must agree"),
    (changed(lambda values: values["recipe"].update(codec="mp3")), "There is no codec"),
    (changed(lambda values: values["recipe"].update(gain=3)), "other words of the recipe"),
    (changed(lambda values: values["corpus"].update(what=3)), "is damaged"),
    (changed(lambda values: values.pop("made_with")), "KeyError"),
]


def test_anything_else_is_an_error(harmed: Harm, packed: Path) -> None:
    right = (packed / INDEX).read_bytes()
    for change, message in WRONG:
        folder = harmed(INDEX, change)
        with pytest.raises(ShardError, match=message) as failure:
            read_index(folder)
        assert INDEX in failure.value.message
        assert failure.value.hint
        harmed(INDEX, lambda content: right)
    assert len(WRONG) == 18
    assert read_index(packed).num_samples == 11
