"""The shared options: each is spelt and explained alike wherever it appears."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from hearken.cli.main import app
from hearken.cli.options import hit_count, ready_model, seconds
from hearken.errors import DownloadError
from hearken.limits import MAX_HITS
from hearken.runtime.catalog import find_model
from hearken.zoo import install

COMMANDS = typer.main.get_command(app).commands


DIFFERENT = {
    ("evaluate", "--max-duration"), ("evaluate", "--challenge"), ("evaluate", "--windows"), ("report", "--format"),
    ("evaluate", "--captions"), ("index", "--captions"), ("search", "--label"), ("similar", "--label"), ("libraries", "--forget"),
    ("export", "--collection"), ("export", "--saved"), ("export", "-k"), ("export", "--search"), ("mcp", "--library"), ("serve", "--library"),
}  # fmt: skip
"""Options that share a name with another command's and mean something of their own."""


def test_same_option_same_words() -> None:
    helps: dict[str, set[str]] = {}
    for name, command in COMMANDS.items():
        for parameter in command.params:
            if parameter.param_type_name == "option" and not (
                parameter.name == "out"
                or (name in {"embed", "demo", "caption"} and parameter.name == "model")
                or (name, parameter.opts[0]) in DIFFERENT
            ):
                helps.setdefault(parameter.opts[0], set()).add(parameter.help or "")
    assert len(helps) >= 15
    assert {option for option, texts in helps.items() if len(texts) != 1 or texts == {""}} == set()


def test_library_and_json_are_where_design_puts_them() -> None:
    def having(option: str) -> set[str]:
        return {name for name, command in COMMANDS.items() if any(option in parameter.opts for parameter in command.params)}

    own = {"index", "search", "similar", "info", "doctor", "forget"}
    assert having("--library") == own | {"dedupe", "export", "mcp", "serve", "tag", "watch"}
    assert having("--json") == {
        "index",
        "search",
        "similar",
        "info",
        "doctor",
        "forget",
        "caption",
        "embed",
        "models",
        "export",
        "evaluate",
        "submit",
        "report",
        "tag",
        "dedupe",
        "libraries",
        "watch",
    } | (set(COMMANDS) & {"convert"})
    assert having("--model") == {"index", "search", "similar", "doctor", "caption", "embed", "serve", "tag", "watch"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0.0), ("1.5", 1.5), (".5", 0.5), (90.0, 90.0), ("1:00", 60.0), ("75:30", 4_530.0), ("0:03.5", 3.5), ("1:02:03", 3_723.0)],
)
def test_lengths(text, expected) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "-1", "abc", "1:5", "1:60", "1:99:00", "1:60:00", "1:", ":30", "nan", "inf", "1e9", "1:2:3:4", "1,5", "\u0661"]
)
def test_what_is_no_length_is_a_sentence(text) -> None:
    with pytest.raises(typer.BadParameter, match="is no length: give seconds such as 90, or M:SS"):
        seconds(text)


def test_hit_count() -> None:
    assert [hit_count("1"), hit_count(10), hit_count(str(MAX_HITS))] == [1, 10, MAX_HITS]
    for text in ("0", "-3", "abc", "2.5", "", str(MAX_HITS + 1), "1\x1b"):
        with pytest.raises(typer.BadParameter, match="is not a whole number from 1 to") as error:
            hit_count(text)
        assert "\x1b" not in error.value.message


def test_the_sentence_names_the_option(cli, answers) -> None:
    code, _, err = cli("search", "x", "-k", "abc")
    assert code == 2
    assert f"Invalid value for '-k': 'abc' is not a whole number from 1 to {MAX_HITS}." in err
    assert "'--max-duration': '1:5' is no length" in cli("similar", "x.wav", "--max-duration", "1:5").err
    assert cli("search", "x", "--min-duration", "1:00:01").code == 0
    assert answers.calls[-1][2]["min_duration_s"] == 3_601.0


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """An empty models home."""
    monkeypatch.setenv("HEARKEN_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def weights(tmp_path, monkeypatch) -> Path:
    """What the hub would give: a small dual encoder."""
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from tests.export.tiny_dual import tiny_dual

    tiny_dual(segment_s=0.5).save_pretrained(tmp_path / "pulled")
    monkeypatch.setattr("hearken.convert.obtain.pull", lambda hub_id: tmp_path / "pulled")
    return tmp_path / "pulled"


def left(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file() or path.name.startswith("."))


def test_a_hub_id_is_fetched_first_and_every_step_is_told(cli, answers, home, weights) -> None:
    code, _, err = cli("search", "rain", "--model", "someone/some-model")
    assert code == 0
    assert err.splitlines()[:3] == [
        "fetching someone/some-model ...",
        "writing the graphs ...",
        "checking them against the network ...",
    ]
    assert answers.calls[0] == ("Library", (None,), {"model": "someone/some-model"})
    assert find_model("someone/some-model") == home / "someone" / "some-model"


@pytest.mark.parametrize(
    "where",
    [
        "hearken.convert.obtain.pull",
        "hearken.models.dual.DualEncoder.from_pretrained",
        "hearken.export.folder.write_text",
        "hearken.export.check.compare",
        "hearken.zoo.publish.put_in_place",
    ],
)
def test_ctrl_c_leaves_nothing_half_installed(cli, answers, home, weights, monkeypatch, where) -> None:
    def interrupted(*args, **options) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    assert cli("index", "s", "--model", "someone/some-model").code == 130
    assert left(home) == []
    assert answers.calls == []


def test_a_hub_out_of_reach_is_an_error_of_ours(cli, answers, home, monkeypatch) -> None:
    pytest.importorskip("torch")

    def fails(hub_id: str) -> Path:
        raise DownloadError("The model cannot be had.", "Connect.")

    monkeypatch.setattr("hearken.convert.obtain.pull", fails)
    code, out, err = cli("index", "s", "--model", "someone/some-model")
    assert (code, out, err) == (1, "", "fetching someone/some-model ...\nError: The model cannot be had.\nHint: Connect.\n")
    assert answers.calls == []


def test_what_is_here_or_is_no_public_name_is_never_fetched(home, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(install, "export_model", None)  # would be called
    monkeypatch.chdir(tmp_path)
    (home / "someone" / "mine").mkdir(parents=True)
    (home / "someone" / "mine" / "config.json").touch()
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    for name in (None, "pocket", "someone/mine", "runs/mine", "bucket", "/no/such", "../x/y", "a/b/c", str(tmp_path)):
        assert ready_model(name) == name
    with pytest.raises(TypeError):
        ready_model("someone/other")
