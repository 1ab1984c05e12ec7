"""The curve of test-time augmentation in a file."""

from __future__ import annotations

import json

import pytest

from hearken.errors import InputError
from hearken.evaluate.report.charts import TtaPoint
from hearken.evaluate.report.tta_file import read_tta
from hearken.metrics.confidence import Interval

POINT = {"name": "Multi", "tau": 10, "metric": "t2a_R@10", "value": 0.3, "low": 0.2, "high": 0.4, "seconds_per_clip": 0.5}


def write(tmp_path, value: object):
    path = tmp_path / "curve.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def test_points_come_in_their_order(tmp_path) -> None:
    found = read_tta(write(tmp_path, [POINT, POINT | {"tau": 1, "seconds_per_clip": None}]))
    assert found[0] == TtaPoint("Multi", 10, "t2a_R@10", Interval(0.3, 0.2, 0.4, "bootstrap"), 0.5)
    assert (found[1].tau, found[1].seconds_per_clip) == (1, None)
    (rank,) = read_tta(write(tmp_path, [POINT | {"metric": "t2a_medR", "value": 7, "low": 6, "high": 8}]))
    assert rank.figure.value == 7.0


def test_what_the_benchmark_writes_is_read_as_it_is(tmp_path) -> None:
    found = read_tta(write(tmp_path, {"model": "pocket", "points": [POINT | {"name": "none", "tau": 1}, POINT | {"name": "mid:10"}]}))
    assert [(point.name, point.tau) for point in found] == [("none", 1), ("mid", 10)]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON|holds no curve"),
        ({}, "holds no curve"),
        ({"points": {}}, "holds no curve"),
        ([], "holds no curve"),
        ([3], "entry 1, is no object"),
        ([POINT, POINT | {"tau": "10"}], "entry 2, needs a name"),
        ([POINT | {"tau": True}], "entry 1, needs a name"),
        ([POINT | {"tau": 0}], "entry 1, needs a name"),
        ([POINT | {"value": 30, "high": 40}], "the value 30 is no share of 1"),
        ([POINT | {"value": None}], "entry 1: value must be a number"),
        ([POINT | {"low": float("nan")}], "low must be a number"),
        ([POINT | {"low": 0.35}], "0.3 is not between 0.35 and 0.4"),
        ([POINT | {"seconds_per_clip": "x"}], "seconds_per_clip must be a number"),
    ],
)
def test_what_is_wrong_is_named_with_its_entry(tmp_path, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        read_tta(write(tmp_path, value))
    assert "curve.json" in error.value.message


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_tta(tmp_path / "none.json")
