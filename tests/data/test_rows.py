"""The readers of tables: what they accept, and that every fault is named with its line."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from hearken.data import rows
from hearken.data.rows import Row, fail, parse_json, read_csv, read_json_records, read_jsonl, read_lines, read_text, read_yaml, unique
from hearken.errors import DataError, MissingDataError
from tests.data.mutants import assert_named_errors


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def row(**values: object) -> Row:
    return Row(Path("t.csv"), 7, values)


# --- one record -----------------------------------------------------------------------------------------------------------


def test_fail_names_file_line_and_way_out() -> None:
    with pytest.raises(DataError, match=r"^t\.csv, line 3: no\.$") as caught:
        fail(Path("t.csv"), 3, "no.")
    assert "line" in caught.value.hint
    with pytest.raises(DataError, match=r"^t\.csv: no\.$"):
        fail(Path("t.csv"), None, "no.")
    with pytest.raises(DataError, match=r"^t\.csv, line 7: no\.$"):
        row().fail("no.")


def test_text() -> None:
    assert row(a="  a b ").text("a") == "a b"
    assert row(a=12).text("a") == "12"
    assert row(a=1.5).text("a") == "1.5"
    assert row(a=" ").text("a", default="x") == "x"
    assert row().text("a", default="") == ""
    for value in ("", "  ", None):
        with pytest.raises(DataError, match="line 7: 'a' is empty"):
            row(a=value).text("a")
    for bad in (True, ["x"], {"x": 1}, float("nan"), float("inf"), 10**5000):
        with pytest.raises(DataError, match="'a' should be text"):
            row(a=bad).text("a")
    for bad in ("x\0y", "x\ud800y"):
        with pytest.raises(DataError, match="no text"):
            row(a=bad).text("a")


def test_exact_text_keeps_white_space() -> None:
    assert row(a=" a dog barks ").exact("a") == " a dog barks "
    for bad in ("", " ", None, 5, "\0"):
        with pytest.raises(DataError, match="'a'"):
            row(a=bad).exact("a")


def test_file_name_leads_nowhere_else() -> None:
    assert row(a=" a.b .wav").file_name("a") == " a.b .wav"
    for bad in ("../a.wav", "/a.wav", "a\\b.wav", "..", "."):
        with pytest.raises(DataError, match="'a' should be a file name"):
            row(a=bad).file_name("a")


def test_number() -> None:
    assert row(a="1.5").number("a") == 1.5
    assert row(a=3).number("a", minimum=3) == 3.0
    assert row(a="").number("a", default=2.0) == 2.0
    assert row().number("a", default=2.0) == 2.0
    for bad in ("", "x", "nan", "inf", "1e999", "1_0", None, True, [1], 10**400, float("nan")):
        with pytest.raises(DataError, match="line 7: 'a' should be a number, not"):
            row(a=bad).number("a")
    with pytest.raises(DataError, match="'a' should be a number"):
        row(a="-0.1").number("a", minimum=0.0)


def test_seconds() -> None:
    assert row(a="").seconds("a") is None
    assert row().seconds("a") is None
    assert row(a="0").seconds("a") == 0.0
    with pytest.raises(DataError, match="'a'"):
        row(a="-1").seconds("a")


def test_texts_are_lists_of_json_or_of_python() -> None:
    assert row(a=["x", "y"]).texts("a") == ("x", "y")
    assert row(a="['x', \"it's\"]").texts("a") == ("x", "it's")
    assert row(a="[]").texts("a") == ()
    assert row(a="").texts("a") == row().texts("a") == ()
    bad: tuple[object, ...] = ("x", "('x',)", "[1]", "[", "[{[]: 1}]", "{[]}", "-" * 100_000 + "1", "[" * 5000, "['\0']", 5, [1], {"x": 1})
    for value in bad:
        with pytest.raises(DataError, match="line 7: 'a' should be a list"):
            row(a=value).texts("a")
    with pytest.raises(DataError, match="no text"):
        row(a=r"['\ud800']").texts("a")


def test_an_odd_escape_in_a_list_is_no_warning() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert row(a=r"['\d']").texts("a") == (r"\d",)
    assert caught == []


def test_what_is_shown_of_a_value_is_short_and_printable() -> None:
    deep: object = "x"
    for _ in range(800):
        deep = [deep]
    for value in ("x" * 500, "\x1b[31m\u202e", deep, list(range(10**5)), 10**5000, ["\ud800"]):
        with pytest.raises(DataError) as caught:
            row(a=value).number("a")
        assert len(caught.value.message) < 600
        assert caught.value.message.isprintable()


def test_unique() -> None:
    records = [row(a="x"), row(a="y"), row(a="x ")]
    assert [record.text("a") for record in unique(records[:2], "a")] == ["x", "y"]
    with pytest.raises(DataError, match="'x' was there before, as record 1"):
        list(unique(records, "a"))


# --- CSV ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,4\n",
        "a,b\r\n1,2\r\n3,4\r\n",
        "\ufeffa,b\n1,2\n3,4",
        'a,b\n"1","2"\n\n3,4\n\n',
        "a , b\n1,2\n3,4\n",
        "a,b\r1,2\r3,4",
    ],
)
def test_csv(table: Path, content: str) -> None:
    assert [dict(record.values) for record in read_csv(write(table, content), ("a",))] == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_csv_of_other_kinds(table: Path) -> None:
    assert [record.text("a") for record in read_csv(write(table, "a;b\n1;2\n"), ("a",), delimiter=";")] == ["1"]
    assert [record.text("a") for record in read_csv(write(table, b"a\n\xe9\n"), ("a",), encoding="iso-8859-1")] == ["é"]
    assert [record.text("x") for record in read_csv(write(table, "1,2\n"), ("x",), header=("x", "y"))] == ["1"]
    assert list(read_csv(write(table, "a,b\n"), ("a",))) == []


def test_csv_lines_count_what_stands_in_quotes(table: Path) -> None:
    found = list(read_csv(write(table, 'a,b\n"one\r\ntwo",2\n\nx,y\n'), ("a",)))
    assert [(record.line, record.values["a"]) for record in found] == [(2, "one\r\ntwo"), (5, "x")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: there is no line with the names"),
        ("\n", "line 1: there is no line with the names"),
        ("b\n1\n", "line 1: the column 'a' is missing; there are 'b'"),
        ("a,a\n1,2\n", "line 1: the column 'a' is there twice"),
        ("a;b\n1;2\n", "line 1: the columns are separated by semicolons; commas are needed"),
        ("a;b\n1;2, 3\n", "line 1: the columns are separated by semicolons"),
        ("a,b\n1,2\n3\n", "line 3: there are 1 cells, not 2"),
        ("a,b\n1,2,3\n", "line 2: there are 3 cells, not 2"),
        ('a\n1\n"x\n', "line 3: this is no CSV: unexpected end of data"),
        ('a\n"x"y\n', "line 2: this is no CSV"),
        ("a\nx\0y\n", "line 2: there is a NUL"),
        (f"a\n{'x' * 140_000}\n", "line 2: this is no CSV: field larger"),
        (b"a\n1\n\xff\n", "line 3: this is not UTF-8 text"),
        (b"\xef\xbb\xbfa\n1\n\n\n\xff", "line 5: this is not UTF-8 text"),
        (b"\xef\xbb\xbf\n\n\xff", "line 3: this is not UTF-8 text"),
    ],
)
def test_csv_faults(table: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_csv(write(table, content), ("a",)))


def test_another_delimiter_is_named(table: Path) -> None:
    for content, delimiter, said in (("a\tb\n", ",", "tabs; commas"), ("a,b\n", "\t", "commas; tabs"), ("a|b\n", ";", "bars; semicolons")):
        with pytest.raises(DataError, match=f"line 1: the columns are separated by {said} are needed"):
            list(read_csv(write(table, content), (), delimiter=delimiter))
    assert [row.values for row in read_csv(write(table, "a;b,c\n1,2\n"), ())] == [{"a;b": "1", "c": "2"}]


def test_cells_have_a_limit_of_their_own(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_CELL_CHARS", 3)
    with pytest.raises(DataError, match="line 2: a cell has 4 characters, more than 3"):
        list(read_csv(write(table, "a\nxxxx\n"), ("a",)))


def test_text_of_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingDataError, match=r"no\.csv is not there") as caught:
        read_text(tmp_path / "no.csv")
    assert "prepare" in caught.value.hint
    for bad in (tmp_path, Path("a\0b"), Path("a" * 5000)):
        with pytest.raises(DataError, match="cannot be read"):
            read_text(bad)
    monkeypatch.setattr(rows, "MAX_TABLE_MB", 0)
    with pytest.raises(DataError, match="tables of more than 0 MB are not read"):
        read_text(write(tmp_path / "x.csv", "a"), max_mb=0)


def test_lines(table: Path) -> None:
    assert list(read_lines(write(table, "\ufeffa b \r\n\n  c\u2028d"))) == [(1, "a b"), (3, "c\u2028d")]


# --- JSON -----------------------------------------------------------------------------------------------------------------


def test_json_records(table: Path) -> None:
    assert [item.text("a") for item in read_json_records(write(table, '[{"a": 1}, {"a": "x"}]'), None, ("a",))] == ["1", "x"]
    assert [item.text("a") for item in read_json_records(write(table, '\ufeff{"n": 1, "data": [{"a": 2}]}'), "data")] == ["2"]
    assert list(read_json_records(write(table, '{"data": []}'), "data")) == []


@pytest.mark.parametrize(
    ("content", "key", "message"),
    [
        ("{}", "data", "there is no list under 'data'"),
        ("[]", "data", "there is no list under 'data'"),
        ('{"data": {}}', "data", "there is no list under 'data'"),
        ("{}", None, "this is no list"),
        ("", None, "line 1: this is no JSON"),
        ('[\n{"a": 1},\n]', None, "line 3: this is no JSON"),
        ('[\n{"a": 1},\n5]', None, "line 3: item 1 is no object"),
        ('[\n{"a": 1},\n\n{}]', None, "line 4: item 1 has no 'a'"),
        (f"[{'9' * 5000}]", None, "line 1: this JSON holds a value that cannot be read"),
        ("[" * 100_000, None, "line 1: this JSON is nested too deeply"),
    ],
)
def test_json_faults(table: Path, content: str, key: str | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(read_json_records(write(table, content), key, ("a",)))


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ('[{"a": 1},\n{"a": ""}]', None, 2),
        ('\n\n[\n{"a": "\\n"}\n,\n\n{"a": ""}\n]', None, 7),
        ('{"data":\n[{"a": 1}, {"a":\n""}]}', "data", 2),
        ('{"x": {"data": [1,\n2]}, "data": [\n{"a": 1},\n{"a": ""}], "y": 1}', "data", 4),
        ('{"data": [{"a": 1}, {"a": 2}],\n"data": [{"a": 1},\n{"a": ""}]}', "data", 3),
        ('{\n"da\\u0074a" : [ {"a": 1} ,\r\n {"a": ""} ] }', "data", 3),
    ],
)
def test_a_fault_in_an_item_names_its_line(table: Path, text: str, key: str | None, line: int) -> None:
    items = list(read_json_records(write(table, text), key, ("a",)))
    assert items[0].text("a", default="\\n")
    with pytest.raises(DataError, match=rf"line {line}: item 1: 'a' is empty"):
        items[1].text("a")


def test_lines_of_items_agree_with_a_count(table: Path) -> None:
    """Random lists, written with random white space: the line of each item is where its own number stands."""
    rng = np.random.default_rng(4)
    for _ in range(40):
        items = [{"a": f"#{number}", "b": [1, {"data": ["]", '\\"', "}"]}], "c": "x,\n"} for number in range(6)]
        seps = ("," + "\n" * int(rng.integers(0, 3)), ":" + "\n" * int(rng.integers(0, 2)))
        text = json.dumps({"z": items[:2], "data": items, "y": {}}, indent=int(rng.integers(0, 3)) or None, separators=seps)
        own = text.index('"data"', text.index('"z"') + len(json.dumps(items[:2], separators=(",", ":"))))
        for number, item in enumerate(read_json_records(write(table, text), "data", ("a",))):
            line = text.count("\n", 0, text.index(f'"#{number}"', own)) + 1
            with pytest.raises(DataError) as caught:
                item.fail("no.")
            said = int(caught.value.message.split(", line ")[1].split(":")[0])
            assert said in range(line - 2, line + 1)
            assert text.split("\n")[said - 1].find("{") >= 0


def test_a_deep_item_has_no_line_but_an_error(table: Path) -> None:
    """What could be read near the limit of recursion may be too deep to be walked again."""
    for depth in range(900, 1000, 3):
        text = '[{"a": 1, "b": %s}, {"a": ""}]' % ("[" * depth + "]" * depth)
        with pytest.raises(DataError):
            [item.text("a") for item in read_json_records(write(table, text), None, ("a",))]


def test_jsonl(table: Path) -> None:
    found = list(read_jsonl(write(table, '\ufeff{"a": 1}\r\n\n{"a": "\u2028"}'), ("a",)))
    assert [(record.line, record.values["a"]) for record in found] == [(1, 1), (3, "\u2028")]
    for content, message in (
        ("{}", "line 1: there is no 'a'"),
        ('{"a": 1}\n[]', "line 2: this is no object"),
        ('{"a": 1}\n\n{', "line 3: this is no"),
    ):
        with pytest.raises(DataError, match=message):
            list(read_jsonl(write(table, content), ("a",)))


def test_json_text_has_a_first_line() -> None:
    assert parse_json(Path("x"), "[1]") == [1]
    with pytest.raises(DataError, match="line 12: this is no JSON"):
        parse_json(Path("x"), "[\n1,\n]", 10)


# --- whatever the bytes are -----------------------------------------------------------------------------------------------

GOOD_CSV = '\ufeffname,tags,start,text\r\n"a, b.wav","[\'x\', \'y\']",1.5,"He said ""hi""\r\ntwice"\r\nc.wav,[],,é\r\n'.encode()
GOOD_JSON = b'{"n": 1, "data": [\n {"name": "a.wav", "tags": ["x"], "start": 1, "text": "b \\u00e9"},\n {"name": "c", "start": "2", "text": "d"}\n]}\n'
GOOD_JSONL = b'{"name": "a.wav", "tags": ["x"], "start": 1, "text": "b"}\r\n\n{"name": 7, "tags": "[\'y\']", "start": "2", "text": "d"}\n'
GOOD_YAML = b"name: a\ntags: [x, 'y']\nstart: 1.5\ntext: |\n  two\n  lines\nmore:\n- a: 2001-01-01\n  b: {c: d}\n"


def use(record: Row) -> object:
    text = record.exact("text") if isinstance(record.values.get("text"), str) else record.text("text")
    return record.text("name"), record.texts("tags"), record.seconds("start"), text


def test_damaged_csv(table: Path) -> None:
    write(table, GOOD_CSV)
    assert_named_errors(lambda: [use(record) for record in read_csv(table, ("name", "text"))], table, seed=1, count=400)


def test_damaged_json(table: Path) -> None:
    write(table, GOOD_JSON)
    assert_named_errors(lambda: [use(record) for record in read_json_records(table, "data", ("name", "text"))], table, seed=3, count=400)


def test_damaged_jsonl(table: Path) -> None:
    write(table, GOOD_JSONL)
    assert_named_errors(lambda: [use(record) for record in read_jsonl(table, ("name",))], table, seed=5, count=300)


def test_damaged_yaml(table: Path) -> None:
    def read() -> object:
        value = read_yaml(table)
        return use(Row(table, 1, value)) if isinstance(value, dict) else value

    write(table, GOOD_YAML)
    assert_named_errors(read, table, seed=6, count=300)
