"""Lists for other programs: each format as its readers want it, and names that break none of them."""

from __future__ import annotations

import csv
import io
import json

import pytest

from hearken.errors import InputError
from hearken.search.listing import COLUMNS, MEDIA_TYPES, SUFFIXES, Line, format_of, line_of, num_sounds, text_of
from hearken.types import Hit

RAIN = Line("/s/rain, light.wav", 1.0, 3.5, 60.0, 0.5123, 0.8, ("Rain", "Water"), "Rain falls.", "nice", ("/s/b.mp3",))
HOSTILE = Line("/s/a\nb\udce9.wav", 0.0, 2.0, 2.0, 0.25)


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))


def test_a_hit_becomes_a_line() -> None:
    hit = Hit("/s/x.wav", 1.00049, 2.0, 0.12345678, 9.0, ("/s/y.wav",), "A bell rings.", 0.333333, weak=True)
    assert line_of(hit, labels=["Bell"], note="n") == Line(
        "/s/x.wav", 1.0, 2.0, 9.0, 0.123457, 0.3333, ("Bell",), "A bell rings.", "n", ("/s/y.wav",)
    )


def test_csv() -> None:
    header, rain, hostile = rows(text_of("csv", [RAIN, HOSTILE]))
    assert tuple(header) == COLUMNS
    assert rain == ["1", "/s/rain, light.wav", "1.0", "3.5", "60.0", "0.5123", "0.8", "Rain | Water", "Rain falls.", "nice", "/s/b.mp3"]
    assert hostile[1] == "/s/a\\nb\\udce9.wav"
    assert hostile[6:] == [""] * 5


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_cell_is_a_formula(text) -> None:
    line = Line("x.wav", 0, 1, 1, note=text, caption=text, labels=(text,))
    row = rows(text_of("csv", [line]))[1]
    assert [row[7], row[8], row[9]] == [f"'{text}"] * 3


def test_json_gives_paths_back_as_they_are() -> None:
    value = json.loads(text_of("json", [RAIN, HOSTILE], title="rain"))
    assert value["title"] == "rain"
    assert [each["path"] for each in value["sounds"]] == [RAIN.path, HOSTILE.path]
    assert value["sounds"][0]["labels"] == ["Rain", "Water"]


def test_m3u() -> None:
    lines = text_of("m3u", [RAIN, HOSTILE, Line("#odd.wav", 0, 1, 1)], title="a\nb").decode().splitlines()
    assert lines == [
        "#EXTM3U", "#PLAYLIST:a\\nb",
        "#EXTINF:2,rain, light", "#EXTVLCOPT:start-time=1", "#EXTVLCOPT:stop-time=3.5", "/s/rain, light.wav",
        "#EXTINF:2,a\\nb\\udce9", "file:///s/a%0Ab%E9.wav",
        "#EXTINF:1,#odd", "%23odd.wav",
    ]  # fmt: skip


def test_labels_name_the_file_where_there_are_several() -> None:
    assert text_of("labels", [RAIN]) == b"1.000000\t3.500000\tRain, Water\n"
    assert text_of("labels", [RAIN, HOSTILE]).decode().splitlines()[1] == "0.000000\t2.000000\ta\\nb\\udce9: 0.25"
    assert (num_sounds([RAIN, RAIN]), num_sounds([RAIN, HOSTILE])) == (1, 2)


def test_raven_counts_time_over_all_files() -> None:
    second = Line("/s/b.wav", 2.0, 3.0, 10.0, 0.5)
    found = [line.split("\t") for line in text_of("raven", [RAIN, second, RAIN]).decode().splitlines()]
    assert found[0][3:7] == ["Begin Time (s)", "End Time (s)", "Begin Path", "File Offset (s)"]
    assert [row[3:7] for row in found[1:]] == [
        ["1.000", "3.500", RAIN.path, "1.000"], ["62.000", "63.000", "/s/b.wav", "2.000"], ["1.000", "3.500", RAIN.path, "1.000"],
    ]  # fmt: skip


def test_formats_by_suffix() -> None:
    assert {suffix: format_of(f"x{suffix}") for suffix in (".CSV", ".m3u", ".m3u8", ".txt", ".tsv", ".zip", ".wav", "")} == {
        ".CSV": "csv", ".m3u": "m3u", ".m3u8": "m3u", ".txt": "labels", ".tsv": "raven", ".zip": "zip", ".wav": None, "": None,
    }  # fmt: skip
    assert SUFFIXES.keys() == MEDIA_TYPES.keys()


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InputError, match="no format 'xls'"):
        text_of("xls", [RAIN])
