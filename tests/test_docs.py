"""The documentation tells the truth: every command, option, error, flag and limit is in it, and what can run, runs."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer

from hearken import errors
from hearken.cli.main import app
from hearken.limits import TABLE
from hearken.runtime.catalog import find_model, model_info
from hearken.types import FLAGS
from tests.fakes import FakeEmbedder

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "CHANGELOG.md", "benchmarks/README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]


def commands(group: typer.core.TyperGroup, before: str = "") -> dict[str, typer.core.TyperCommand]:
    """Every command by the words that call it, such as `data list`."""
    found = {}
    for name, command in group.commands.items():
        found |= commands(command, f"{before}{name} ") if isinstance(command, typer.core.TyperGroup) else {f"{before}{name}": command}
    return found


COMMANDS = commands(typer.main.get_command(app))


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def section(command: str) -> str:
    match = re.search(rf"^## `hearken {command}`\n(.*?)(?=^## |\Z)", page("docs/cli.md"), re.MULTILINE | re.DOTALL)
    assert match, f"docs/cli.md has no heading for {command}"
    return match[1]


def test_all_pages_are_seen() -> None:
    assert PAGES[3:] == [
        f"docs/{name}.md"
        for name in (
            "benchmarks",
            "captions",
            "cli",
            "corpora",
            "data",
            "design",
            "encoders",
            "evaluation",
            "everyday",
            "faults",
            "finetune",
            "install",
            "library",
            "models",
            "python",
            "recipes",
            "reports",
            "scenes",
            "search",
            "serve",
            "training",
        )
    ]


def test_no_heading_without_a_command() -> None:
    assert set(re.findall(r"^## `hearken ([\w ]+)`", page("docs/cli.md"), re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_its_row_and_every_row_its_option(name: str) -> None:
    rows = re.findall(r"^\| `(--?[\w-]+)", section(name), re.MULTILINE)
    options = [parameter.opts[0] for parameter in COMMANDS[name].params if parameter.param_type_name == "option"]
    assert sorted(rows) == sorted(set(options))
    assert len(rows) >= 1


def test_options_of_the_program_itself() -> None:
    options = {opt for parameter in typer.main.get_command(app).params for opt in parameter.opts}
    text = page("docs/cli.md")
    assert {option for option in options if f"`{option}`" not in text} == set()
    assert {"--version", "--install-completion"} <= options


def test_every_error_has_its_row() -> None:
    names = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.HearkenError)}
    rows = set(re.findall(r"^\| `(\w+Error)` \|", page("docs/faults.md"), re.MULTILINE))
    assert rows == names - {"HearkenError"}
    assert len(rows) >= 26


def test_every_error_that_is_made_is_met_by_a_test() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "hearken").rglob("*.py"))
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py") if path.name != Path(__file__).name)
    made = {name for name in vars(errors) if name.endswith("Error") and re.search(rf"\b{name}\(\s*f?[\"']", sources)}
    assert len(made) >= 15
    assert {name for name in made if not re.search(rf"\b{name}\b", tests)} == set()


def test_every_flag_and_limit_has_its_row() -> None:
    text = page("docs/faults.md")
    assert re.findall(r"^\| `([a-z_]+)` \| [^|]*\| [^|]*\|$", text.split("## Errors")[0], re.MULTILINE) == list(FLAGS)
    rows = [f"| `{limit.name}` | {limit.value} {limit.unit} | {limit.help} |" for limit in TABLE]
    assert len(rows) >= 15
    assert [row for row in rows if row not in text] == []


def test_every_kind_of_skipping_has_its_row() -> None:
    made = set(re.findall(r"\bSkipped\(\w+, \"(\w+)\"", page("hearken/library/scan.py")))
    rows = re.findall(r"^\| `(\w+)` \|", page("docs/faults.md").split("## Skipped")[1].split("\n## ")[0], re.MULTILINE)
    assert len(rows) == 4
    assert set(rows) == made


def test_every_file_of_a_library_has_its_row(tmp_path: Path) -> None:
    """Everything that lies in the folder while it is being written, and the cache that a search makes."""
    from hearken.library.store import CACHE_NAME, open_store

    with open_store(tmp_path / "library", create=True, model=FakeEmbedder(), read_only=False):
        names = {*os.listdir(tmp_path / "library"), f"{CACHE_NAME}/"}
    text = page("docs/library.md").split("## What is stored")[0]
    assert {"library.sqlite", "library.sqlite-wal", "lock", "lock.pid", "cache/"} <= names
    assert {name for name in names if f"`{name.replace('library.sqlite-', '-')}`" not in text} == set()


def test_every_check_of_the_doctor_has_its_row(tmp_path: Path) -> None:
    from hearken.library.store import open_store
    from hearken.search.doctor import examine

    open_store(tmp_path, create=True, model=FakeEmbedder(), read_only=False).close()
    checks = examine(tmp_path, lambda name: FakeEmbedder(), repair=False).checks
    assert len(checks) >= 7
    assert re.findall(r"^\| `(\w+)` \|", section("doctor"), re.MULTILINE) == [check.name for check in checks]


def test_the_design_names_the_folders_that_there_are() -> None:
    package = ROOT / "hearken"
    there = {path.name for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"}
    there |= {path.name for path in ROOT.iterdir() if path.name in {"recipes", "benchmarks", "tests"}}
    floors = page("docs/design.md").split("## Floors")[1].split("\n## ")[0]
    assert set(re.findall(r"`(\w+)/`", floors)) == there
    assert {"audio", "library", "runtime", "assets", "recipes"} <= there


def test_every_dependency_is_in_the_row_of_its_extra() -> None:
    project = tomllib.loads(page("pyproject.toml"))["project"]
    wanted = {"(none)": project["dependencies"]} | {f"`{extra}`": lines for extra, lines in project["optional-dependencies"].items()}
    rows = dict(re.findall(r"^\| (\(none\)|`[\w-]+`) \| ([^|]+) \|", page("docs/install.md"), re.MULTILINE))
    assert {extra: re.split(", ", row) for extra, row in rows.items()} == {
        extra: [re.split(r"[<>=\[]", line)[0] for line in lines] for extra, lines in wanted.items()
    }
    assert len(rows) == 9


def test_every_benchmark_has_its_row() -> None:
    rows = re.findall(r"^\| `(\w+\.py)` \|", page("benchmarks/README.md"), re.MULTILINE)
    assert sorted(rows) == sorted(path.name for path in (ROOT / "benchmarks").glob("*.py"))
    assert len(rows) >= 7


def test_every_part_of_a_model_has_its_row() -> None:
    import onnxruntime

    folder = ROOT / "hearken" / "assets" / "pocket"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    files, keys = page("docs/models.md").split("| key of ")
    rows = {name: (takes, gives) for name, takes, gives in re.findall(r"^\| `([\w.]+)` \| (.*?) \| (.*?) \|$", files, re.MULTILINE)}
    assert set(rows) == {*config["files"], "config.json"}
    graphs = [name for name in rows if name.endswith(".onnx")]
    assert len(graphs) == 3
    for name in graphs:
        session = onnxruntime.InferenceSession(folder / name, providers=["CPUExecutionProvider"])
        for ports, text in zip((session.get_inputs(), session.get_outputs()), rows[name], strict=True):
            told = re.findall(r"`(\w+)` \(([^)]*)\)", text)
            assert [(port.name, len(port.shape)) for port in ports] == [(each, shape.count(",") + 1) for each, shape in told], name
    named = [key for row in re.findall(r"^\| (`.*?) \|", keys.split("\n\n")[0], re.MULTILINE) for key in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(config)


def table(text: str, title: str) -> dict[str, list[str]]:
    """The rows of the first table below a heading: name in backticks -> the other cells."""
    part = text.split(f"## {title}\n")[1].split("\n## ", maxsplit=1)[0]
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in re.findall(r"^\| `([\w-]+)` \|(.*)\|$", part, re.MULTILINE)}


def test_every_audio_encoder_has_its_row() -> None:
    pytest.importorskip("torch")
    from hearken.models.audio_table import AUDIO_ENCODERS

    rows = table(page("docs/encoders.md"), "Audio encoders")
    assert list(rows) == list(AUDIO_ENCODERS)
    for name, (paper, parameters, _, front_end, segment, checkpoint, licence, milliseconds) in rows.items():
        entry = AUDIO_ENCODERS[name]
        facts = (entry.paper, entry.num_parameters, f"`{entry.front_end}`", f"{entry.segment_s:g} s", entry.licence)
        assert (paper, int(parameters.replace(" ", "")), front_end, segment, licence) == facts
        assert (entry.checkpoint.rsplit("/", 1)[-1] or "none") in checkpoint
        assert int(milliseconds) > 0


def test_every_text_encoder_and_front_end_has_its_row() -> None:
    pytest.importorskip("torch")
    from hearken.audio.front_ends import FRONT_ENDS
    from hearken.models.text_table import TEXT_ENCODERS

    rows = table(page("docs/encoders.md"), "Text encoders")
    assert list(rows) == list(TEXT_ENCODERS)
    for name, (hub_id, parameters, _, pooling, policy, licence) in rows.items():
        entry = TEXT_ENCODERS[name]
        facts = (f"`{entry.hub_id}`", entry.num_parameters, entry.pooling, f"`{entry.policy}`", entry.licence)
        assert (hub_id, int(parameters.replace(" ", "")), pooling, policy, licence) == facts
    assert {name: int(cells[0]) for name, cells in table(page("docs/encoders.md"), "Front ends").items()} == {
        name: front_end.rate_hz for name, front_end in FRONT_ENDS.items()
    }


def test_every_definition_has_its_row() -> None:
    from hearken.metrics.definitions import DEFINITIONS

    text = page("docs/evaluation.md")
    rows = table("## x\n" + text[text.index("| name | R@k |") :].split("\n\n")[0], "x")
    assert list(rows) == list(DEFINITIONS)
    for name, cells in rows.items():
        assert ("share" in cells[0]) == (DEFINITIONS[name].recall == "fraction"), name
        assert ("one query" in cells[2]) == DEFINITIONS[name].merged, name
        assert f"`{name}`" in section("evaluate"), name


def test_every_caption_metric_has_its_row() -> None:
    from hearken.metrics.captioning.table import CAPTION_METRICS

    part = page("docs/captions.md").split("### The metrics\n")[1]
    rows = dict(re.findall(r"^\| `([\w ,-]+)` \| (.*) \|$", part, re.MULTILINE))
    assert list(rows) == list(CAPTION_METRICS)
    for name, metric in CAPTION_METRICS.items():
        says, needs, _ = rows[name].split(" | ")
        assert says.startswith(metric.summary), name
        assert metric.paper.replace("&", "and").partition(" et al.")[0].split()[-1] in says or name.startswith(
            ("BLEU", "CIDEr", "METEOR")
        ), name
        assert (needs == "as SPICE" or needs.startswith("Java")) == (metric.needs == "java"), name
        assert name.startswith(("sentence", "BLEU")) or name in section("evaluate"), name


def test_the_twenty_clips_of_the_page_are_those_of_the_card() -> None:
    """Label and caption; a score that is rounded may differ by a hundredth where sounds were heard in another batch."""

    def rows(name: str, heading: str) -> list[list[str]]:
        part = page(name).split(f"\n## {heading}\n")[1].split("\n## ")[0]
        return [line.strip("|").split("|")[:2] for line in part.splitlines() if line.startswith("| ")][1:]

    ours = rows("docs/captions.md", "Twenty clips")
    assert len(ours) == 20
    assert ours == rows("hearken/assets/captioner/MODEL_CARD.md", "Twenty dev sounds, not chosen")
    assert {label == caption for label, caption in ours} == {True, False}


def test_every_variable_of_the_environment_has_its_row() -> None:
    read = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "hearken").rglob("*.py"))
    names = set(re.findall(r"[\"'](HEARKEN_[A-Z_]+)[\"']", read))
    rows = "".join(line for line in page("docs/cli.md").split("## Environment")[1].splitlines() if line.startswith("| `"))
    assert {name for name in names if f"`{name}" not in rows} == set()
    assert {"HEARKEN_HOME", "HEARKEN_JAVA"} <= names


def test_the_worked_example_of_the_page_is_worked_right() -> None:
    """Captions at some ranks of 50: R@1 and AP@10 as the page says."""
    import numpy as np

    from hearken.metrics.definitions import definition, values_of
    from hearken.metrics.ranks import ranks_of
    from hearken.metrics.relevance import Relevance
    from hearken.metrics.scores import TableScores

    rows = re.findall(r"^\| ([\d, ]+) \| (\d) \| .*= ([\d.]+) \|$", page("docs/evaluation.md"), re.MULTILINE)
    assert len(rows) == 3
    for at, first, precision in rows:
        places = [int(place) - 1 for place in at.split(", ")]
        ranks = ranks_of(TableScores(np.linspace(1, 0, 50)[None]), Relevance.from_lists([places], 50))
        by = definition("any-of-n")
        assert values_of(ranks, "R@1", by)[0] == int(first)
        assert values_of(ranks, "mAP@10", by)[0] == pytest.approx(float(precision), abs=0.005)


def test_every_file_of_an_evaluation_has_its_row(tmp_path: Path) -> None:
    from hearken.evaluate.classify import classify
    from hearken.evaluate.evaluate import Wish, evaluate

    a_table(tmp_path, "my.csv")
    evaluate("pocket", [str(tmp_path / "my.csv")], out=tmp_path / "found")
    classify("pocket", [str(tmp_path / "my.csv")], ["laion"], Wish(), out=tmp_path / "classes")
    rows = re.findall(r"^\| (`\w+\.\w+`.*?) \|", page("docs/evaluation.md").split("## What lies in the folder")[1], re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([\w.]+)`", row)}
    there = {path.name for folder in ("found", "classes") for path in (tmp_path / folder).iterdir()}
    assert len(there) == 9
    assert there == named


def test_every_challenge_and_every_set_of_prompts_is_named() -> None:
    from hearken.evaluate.submission.challenges import CHALLENGES
    from hearken.evaluate.templates import TEMPLATES

    assert {name for name in CHALLENGES if f"`{name}`" not in section("submit")} == set()
    assert {name for name in TEMPLATES if f"`{name}`" not in section("evaluate")} == set()
    assert len(TEMPLATES) >= 5


def test_every_corpus_has_its_row() -> None:
    from hearken.data.table import CORPORA, definition

    rows = table("## x\n" + page("docs/corpora.md").split("\n## ")[0], "x")
    assert list(rows) == list(CORPORA)
    for name, (splits, *counts, summary) in rows.items():
        card = definition(name).card
        sums = [
            sum(column) for column in zip(*((split.num_clips, split.num_captions, split.num_queries) for split in card.splits), strict=True)
        ]
        assert (splits, summary) == (", ".join(split.name for split in card.splits), card.summary)
        assert [int(count.replace(" ", "")) for count in counts] == sums


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", page(name))
    assert [target for target in targets if not ((ROOT / name).parent / target).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_files_and_names_of_the_code_are_there(name: str) -> None:
    """Such as `hearken/types.py`, `benchmarks/kill_index.py` and `hearken.losses.table.build_loss`."""
    text = page(name)
    files = set(re.findall(r"`((?:hearken|tests|benchmarks|recipes|docs)/[\w./-]+\.\w+)", text))
    assert {file for file in files if not (ROOT / file).exists()} == set()
    for module, thing in set(re.findall(r"`(hearken(?:\.[a-z_]+)+)\.(\w+)", text)):
        path = ROOT / module.replace(".", "/")
        source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        inner = (path / thing).exists() or (path / f"{thing}.py").exists()
        assert inner or re.search(rf"\b{thing}\b", source.read_text(encoding="utf-8")), (name, module, thing)


def anchors(text: str) -> set[str]:
    """What headings of a page are linked by, as GitHub has it: small letters, hyphens for blanks, no other marks."""
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def test_links_lead_to_headings() -> None:
    links = [(name, *link) for name in PAGES for link in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", page(name))]
    assert len(links) >= 5
    for name, file, anchor in links:
        place = (ROOT / name).parent / file if file else ROOT / name
        assert anchor in anchors(place.read_text(encoding="utf-8")), (name, file, anchor)


@pytest.mark.parametrize("name", PAGES)
def test_python_blocks_are_python(name: str) -> None:
    for block in blocks(page(name), "python"):
        ast.parse(block)


def commands_in(name: str) -> list[list[str]]:
    """The `hearken` command lines in the console blocks of a page, without shell comments and output; also those that torchrun runs."""
    lines = [line.removeprefix("$ ") for block in blocks(page(name), "console") for line in block.splitlines()]
    lines = [re.sub(r"^torchrun .* -m -- hearken ", "hearken ", line) for line in lines]
    lines = [line for line in lines if line.startswith("hearken ") and "[" not in line and "..." not in line]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def parted(words: list[str]) -> tuple[str, list[str]]:
    """A command line as the command's name and what follows; `train RECIPE` is `train run RECIPE`."""
    if words[0] == "train" and " ".join(words[:2]) not in COMMANDS:
        words = ["train", "run", *words[1:]]
    length = 1 if words[0] in COMMANDS else 2
    return " ".join(words[:length]), words[length:]


def test_console_lines_are_valid_usage() -> None:
    """Options that do not exist, or values that do not fit, would make parsing fail."""
    lines = [line for name in PAGES for line in commands_in(name)]
    assert len(lines) >= 25
    assert parted(["train", "--list"]) == ("train run", ["--list"])
    assert parted(["train", "sweep", "salsa"]) == ("train sweep", ["salsa"])
    for words in lines:
        command, rest = parted(words)
        COMMANDS[command].make_context(command, [word for word in rest if word != "--json"])


def test_readme_has_six_examples_and_two_commands() -> None:
    text = page("README.md")
    assert len(re.findall(r"^<!-- example: hearken .+ -->$", text, re.MULTILINE)) == 6
    assert [block.strip() for block in blocks(text, "console")[:2]] == ["python3 dev.py demo", "python3 dev.py test"]
    researchers = ["train", "train", "evaluate", "submit", "report"]
    assert [words[0] for words in commands_in("README.md")] == ["index", "search", "search", "similar", "caption", "search", *researchers]


def test_the_ci_command_is_the_readme_command() -> None:
    assert page(".ci/run").strip().endswith("exec python3 dev.py test")
    assert os.name == "nt" or os.access(ROOT / ".ci" / "run", os.X_OK)


def test_the_picture_is_there_and_asks_the_network_for_nothing() -> None:
    picture = page("docs/figures/search.svg")
    assert picture.startswith("<svg")
    assert re.findall(r"url\((?!#)", picture) == []


def test_the_picture_is_the_same_in_every_font() -> None:
    """Words have places of their own and no blanks within; a bar is a rectangle; nothing is cut off."""
    spec = importlib.util.spec_from_file_location("make_figures", ROOT / "docs" / "make_figures.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    output = "#  score       file\n1  \x1b[36m██████▌    \x1b[0m 0.65  \x1b[2ma/\x1b[0m<b>.wav   \n"
    for svg in (module.picture([("hearken search x", output)]), page("docs/figures/search.svg")):
        root = ET.fromstring(svg)
        space = "{http://www.w3.org/2000/svg}"
        places = root.findall(f".//{space}text[@textLength]")
        assert len(places) >= 10
        width = float(root.attrib["viewBox"].split()[2])
        for text in places:
            assert text.text
            assert not re.search(r"\s|[▏▎▍▌▋▊▉█]", text.text)
            assert float(text.attrib["textLength"]) == pytest.approx(module.CELL_WIDTH * len(text.text))
            assert float(text.attrib["x"]) + float(text.attrib["textLength"]) < width - 9
        assert root.findall(f".//{space}rect[@rx='2']")
    made = ET.fromstring(module.picture([("hearken search x", output)]))
    (bar,) = made.findall(f".//{space}rect[@rx='2']")
    assert (float(bar.attrib["x"]), float(bar.attrib["width"])) == pytest.approx((3 * 12.2, 6.5 * 12.2), rel=1e-3)
    words = {text.text: float(text.attrib["x"]) for text in made.findall(f".//{space}text[@textLength]")}
    assert words["<b>.wav"] == pytest.approx(words["a/"] + 2 * 12.2, rel=1e-3)


def run_python(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HEARKEN_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300)


def a_table(folder: Path, name: str) -> None:
    """Write a table of three imitated sounds with a caption and a label each."""
    from hearken.audio.sounds import synthesise
    from hearken.audio.synth import save_wav

    lines = ["file,caption,tags"]
    for sound in ("rain", "dog_bark", "telephone"):
        save_wav(folder / f"{sound}.wav", synthesise(sound))
        lines.append(f"{sound}.wav,This is {sound.replace('_', ' ')}.,{sound}")
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_the_python_page_runs(tmp_path: Path) -> None:
    """All but the first block, which searches a library that a reader would have, and does nothing that others do not."""
    snippets = blocks(page("docs/python.md"), "python")
    assert len(snippets) == 7
    a_table(tmp_path, "my.csv")
    for snippet in snippets[1:]:
        if "import torch" in snippet:
            pytest.importorskip("torch")
        done = run_python(snippet, tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout


def test_the_page_on_captions_runs(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    snippets = blocks(page("docs/captions.md"), "python")
    assert len(snippets) == 2
    small = [snippet.replace('build_captioner("act"', 'build_captioner("act_tiny"') for snippet in snippets]
    done = run_python("\n".join(small), tmp_path)
    assert done.returncode == 0, done.stderr
    caption, parameters = done.stdout.splitlines()
    assert ast.literal_eval(caption)[0].endswith(".")
    assert int(parameters) > 1_000_000


def test_the_readme_runs(tmp_path: Path) -> None:
    """The Python example, and the six commands, on a few of the demo's sounds."""
    from hearken.audio.sounds import synthesise
    from hearken.audio.synth import save_wav

    (tmp_path / "sounds").mkdir()
    for name in ("rain", "dog_bark", "telephone", "church_bell"):
        save_wav(tmp_path / "sounds" / f"{name}.wav", synthesise(name))
    snippet, _ = blocks(page("README.md"), "python")  # the second, for researchers, has a test of its own
    done = run_python(snippet, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "dog_bark.wav" in done.stdout.splitlines()[0]
    for line in commands_in("README.md")[:6]:
        done = run_python(f"from hearken.cli.main import run\nrun({line!r})", tmp_path)
        assert done.returncode == 0, (line, done.stderr)
        assert done.stdout


def test_the_snippets_for_researchers_run(tmp_path: Path) -> None:
    """README's and docs/encoders.md's, with the smallest encoders in place of the large ones."""
    pytest.importorskip("torch")
    _, readme = blocks(page("README.md"), "python")
    (encoders,) = blocks(page("docs/encoders.md"), "python")
    assert '"passt_n+roberta-large"' in readme
    assert '"passt_n+bert-base"' in encoders
    small = (
        readme.replace("passt_n+roberta-large", "mn04+all-minilm-l6-v2"),
        encoders.replace("passt_n+bert-base", "mn04+all-minilm-l6-v2"),
    )
    codes = [*small, 'from hearken.models.build import build_dual\nbuild_dual("passt_n+bert-small")']
    done = run_python(f"for code in {codes!r}:\n    exec(code, {{'__name__': '__main__'}})", tmp_path)  # PyTorch is loaded once for all
    assert done.returncode == 0, done.stderr


def test_the_model_card_is_about_the_model_that_ships() -> None:
    folder = find_model("pocket")
    card, training = (
        (folder / "MODEL_CARD.md").read_text(encoding="utf-8"),
        json.loads((folder / "training.json").read_text(encoding="utf-8")),
    )
    assert model_info(folder).digest in card
    assert sum(training["licences"].values()) == training["clips"]
    assert training["figures"]["pocket as shipped"]["mAP"] > training["figures"]["bridge"]["mAP"]
    assert f"{training['figures']['pocket as shipped']['mAP']:.3f}" in card
