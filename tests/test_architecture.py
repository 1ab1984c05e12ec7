"""The house rules that can be checked by looking: floors, no torch outside (t), mirrored tests, sizes, a light start."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "hearken"
FLOORS = {
    "errors": 0, "files": 0, "limits": 0, "types": 0, "audio": 1, "client": 1, "text": 1, "metrics": 1, "frontend": 2, "augment": 2, "models": 3, "losses": 3, "data": 3, "library": 3,
    "export": 4, "convert": 4, "runtime": 4, "zoo": 5, "caption": 5, "search": 6, "train": 7, "tta": 8, "evaluate": 9, "server": 10, "cli": 11, "__init__": 12, "__main__": 12,
}  # fmt: skip
TORCH_FOLDERS = {"frontend", "models", "losses", "convert", "export", "train", "tta"}
MAX_FILE_LINES = 350
MIN_MODULES = 60
# Brought along by test_architecture's own rules or without code of their own; every other module has a test of its name.
WITHOUT_OWN_TEST = {"__init__", "__main__"}


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package that holds code, by dotted name without `hearken.`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        if tree.body:
            found[".".join(path.relative_to(PACKAGE).with_suffix("").parts)] = tree
    return found


def floor_of(module: str) -> int:
    return FLOORS[module.split(".", maxsplit=1)[0]]


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports anywhere, also inside functions; `if TYPE_CHECKING:` counts too, as reading does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(module: str) -> set[str]:
    """The modules of the package that `module` imports."""
    names = set()
    for name in imports(modules()[module]):
        parts = name.split(".")
        if parts[0] != "hearken":
            continue
        inside = [".".join(parts[1:end]) for end in range(len(parts), 1, -1)]
        names.add(next((candidate for candidate in inside if candidate in modules()), inside[-1] if len(parts) > 2 else "__init__"))
    return names - {module}


def test_the_whole_package_was_seen() -> None:
    assert len(modules()) >= MIN_MODULES
    assert {module.split(".")[0] for module in modules()} <= set(FLOORS)


def test_no_module_imports_upwards_or_sideways() -> None:
    wrong = []
    for module in modules():
        for other in own_imports(module):
            same_folder = module.split(".")[0] == other.split(".")[0] and "." in module
            if other != "__init__" and not same_folder and floor_of(other) >= floor_of(module) and floor_of(module) > 0:
                wrong.append(f"{module} (floor {floor_of(module)}) imports {other} (floor {floor_of(other)})")
    assert wrong == []


def test_no_import_cycle() -> None:
    done: set[str] = set()

    def visit(module: str, above: tuple[str, ...]) -> None:
        assert module not in above, " -> ".join((*above[above.index(module) :], module))
        if module not in done and module in modules():
            for other in sorted(own_imports(module) - {"__init__"}):
                visit(other, (*above, module))
            done.add(module)

    for module in modules():
        visit(module, ())
    assert len(done) == len(modules())


def test_torch_is_imported_only_where_it_may_be() -> None:
    heavy = {"torch", "transformers", "torchaudio", "onnx"}
    users = {module for module, tree in modules().items() if heavy & {name.split(".")[0] for name in imports(tree)}}
    assert {module.split(".")[0] for module in users} <= TORCH_FOLDERS
    assert users, "the rule would be empty"


FORBIDDEN_IMPORTS = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "random"}
FORBIDDEN_NAMES = re.compile(r"(torch\.load|os\.system|os\.popen|(np|numpy)\.random\.(?!Generator$|default_rng$|SeedSequence$)\w+)")


def offences(tree: ast.Module) -> list[str]:
    """Pickle, global randomness and shells in a module: as imports, as names, as arguments."""
    found = [name for name in imports(tree) if name.split(".")[0] in FORBIDDEN_IMPORTS]
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.Attribute | ast.keyword) else ""
        if FORBIDDEN_NAMES.fullmatch(text) or (text.startswith(("shell=", "allow_pickle=")) and not text.endswith("=False")):
            found.append(text)
    return found


ALLOWED = {"convert.read": ["pickle.UnpicklingError", "torch.load"]}
"""Foreign checkpoints are read in one place, by PyTorch's restricted reader; the name is that of what it raises."""


def test_no_pickle_no_global_randomness_no_shell() -> None:
    found = {module: found for module, tree in modules().items() if (found := offences(tree))}
    assert found == {module: names for module, names in ALLOWED.items() if module in modules()}
    naive = "import pickle, random\nnp.random.rand(3)\nnp.load(p, allow_pickle=True)\nrun(c, shell=True)\nnp.random.default_rng(0)"
    assert offences(ast.parse(naive)) == ["pickle", "random", "np.random.rand", "allow_pickle=True", "shell=True"]


def test_foreign_files_are_read_by_the_restricted_reader_alone() -> None:
    calls = [node for node in ast.walk(modules()["convert.read"]) if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load"]
    assert len(calls) == 1
    assert "weights_only=True" in [ast.unparse(keyword) for keyword in calls[0].keywords]


def test_files_stay_small() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {name: size for name, size in sizes.items() if size > MAX_FILE_LINES} == {}


def test_every_module_has_a_test_of_its_name() -> None:
    missing = []
    for module in modules():
        *folders, name = module.split(".")
        if name not in WITHOUT_OWN_TEST and not (ROOT.joinpath("tests", *folders) / f"test_{name}.py").is_file():
            missing.append(module)
    assert missing == []


def test_each_command_is_a_file_of_its_name() -> None:
    from hearken.cli.main import app

    names = {command.name for command in app.registered_commands}
    assert names == {
        "index",
        "search",
        "similar",
        "info",
        "doctor",
        "forget",
        "embed",
        "caption",
        "models",
        "convert",
        "export",
        "evaluate",
        "submit",
        "report",
        "serve",
        "watch",
        "tag",
        "dedupe",
        "libraries",
        "mcp",
        "demo",
    }
    groups = [group.typer_instance for group in app.registered_groups if group.typer_instance is not None]
    below = {f"{group.info.name}/{command.name}" for group in groups for command in group.registered_commands}
    data = {f"data/{name}" for name in ("list", "prepare", "check", "stats", "collect", "rephrase", "pack", "compose")}
    assert below == data | {f"train/{name}" for name in ("run", "finetune", "sweep")}
    assert all((PACKAGE / "cli" / f"{name}.py").is_file() for name in names | below)


BLOCKED = ("torch", "transformers", "onnx", "librosa", "scipy", "sklearn")


@pytest.fixture(scope="module")
def blocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that, first on the path, makes importing BLOCKED fail: in a program and in the processes that it starts."""
    folder = tmp_path_factory.mktemp("blocked")
    for name in BLOCKED:
        (folder / f"{name}.py").write_text(f"raise ImportError('{name} is blocked by this test')\n")
    return folder


def python(blocked: Path, code: str, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": f"{blocked}{os.pathsep}{ROOT}"} | ({"HEARKEN_HOME": str(home)} if home else {})
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=blocked, env=environment, timeout=300)


def test_the_block_works(blocked: Path) -> None:
    for name in BLOCKED:
        assert f"{name} is blocked by this test" in python(blocked, f"import {name}").stderr


def test_import_and_help_are_light(blocked: Path) -> None:
    code = """
import sys, hearken
assert "numpy" not in sys.modules
from hearken.cli.main import run
try:
    run(["--help"])
except SystemExit as leaving:
    assert leaving.code == 0
heavy = {"av", "onnxruntime", "rich", "usearch", "soxr", "tokenizers", "sqlite3"} & set(sys.modules)
assert not heavy, heavy
"""
    done = python(blocked, code)
    assert done.returncode == 0, done.stderr
    assert "hearken" in done.stdout


def test_all_but_learning_imports_without_torch(blocked: Path) -> None:
    names = [module for module in modules() if module.split(".")[0] not in TORCH_FOLDERS and module != "__main__"]
    assert len(names) >= MIN_MODULES - 10
    done = python(blocked, "import sys, importlib\nfor name in sys.argv[1:]: importlib.import_module('hearken.' + name)", *names)
    assert done.returncode == 0, done.stderr


def test_index_and_search_run_without_torch(blocked: Path, tmp_path: Path) -> None:
    from hearken.audio.sounds import synthesise
    from hearken.audio.synth import save_wav

    sounds = tmp_path / "sounds"
    sounds.mkdir()
    for number, name in enumerate(("siren", "thunder", "dog_bark")):
        save_wav(sounds / f"{number}.wav", synthesise(name))
    command = "import sys\nfrom hearken.cli.main import run\nrun(sys.argv[1:])"
    indexed = python(blocked, command, "index", str(sounds), "--jobs", "1", "--json", home=tmp_path / "home")
    assert indexed.returncode == 0, indexed.stderr
    assert json.loads(indexed.stdout)["indexed"] == 3
    found = python(blocked, command, "search", "an emergency siren", "--json", home=tmp_path / "home")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["hits"][0]["path"] == str((sounds / "0.wav").resolve())
