"""`hearken export`: what arrives, what is printed, and the refusals that need no PyTorch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearken.errors import ModelError
from hearken.export.check import Parity
from hearken.zoo import install
from hearken.zoo.publish import Published


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple, dict]]:
    """Calls of `export_model`, which is replaced by one that makes nothing."""
    seen: list[tuple[tuple, dict]] = []

    def export_model(*args, tell, **options) -> Published:
        seen.append((args, options))
        tell("writing the graphs")
        loss = None
        if options["int8"]:
            quantize = pytest.importorskip("hearken.export.quantize")
            loss = quantize.Loss(0.98, 0.99, 0.95, 0.97, 0.9, 0.4, 26)
        return Published(
            "mine", Path("/m/mine"), "0123456789abcdef" * 4, 120_000_000, Parity(2e-6, 3e-7, 4, 5), ("text.onnx",) if loss else (), loss
        )

    monkeypatch.setattr(install, "export_model", export_model)
    return seen


def test_options_arrive(cli, calls) -> None:
    assert cli("export", "runs/a", "--out", "m", "--int8", "--segment-s", "5", "--name", "mine").code == 0
    assert calls == [(("runs/a",), {"out": Path("m"), "name": "mine", "segment_s": 5.0, "int8": True})]


def test_a_run_is_exported_into_itself(cli, calls, tmp_path, monkeypatch) -> None:
    runs = pytest.importorskip("hearken.train.runs.export")
    seen = []

    def export_run(run, **options) -> Published:
        seen.append((run, options.pop("tell") is not None, options))
        return Published("mine", run / "model", "0123456789abcdef" * 4, 1_000, Parity(2e-6, 3e-7, 4, 5))

    monkeypatch.setattr(runs, "export_run", export_run)
    (tmp_path / "run.json").write_text("{}")
    assert cli("export", str(tmp_path), "--int8").code == 0
    assert seen == [(tmp_path, True, {"out": None, "name": None, "segment_s": None, "int8": True})]
    assert calls == []


def test_the_report(cli, calls) -> None:
    code, out, err = cli("export", "runs/a")
    assert (code, err) == (0, "writing the graphs ...\n")
    assert out.splitlines() == [
        "mine in /m/mine: 120.0 MB, digest 0123456789ab",
        "largest difference from the network: 2.0e-06 (4 sounds), 3.0e-07 (5 texts)",
    ]


def test_the_loss_is_told(cli, calls) -> None:
    lines = cli("export", "runs/a", "--int8").out.splitlines()[2:]
    assert lines == [
        "8 bits in text.onnx: lowest (mean) cosine to the exact vectors: sound 0.9800 (0.9900), text 0.9500 (0.9700)",
        "best of 26 test sounds unchanged for 90% of texts; mean shift 0.40 places",
    ]


def test_json(cli, calls) -> None:
    plain, small = (json.loads(cli("export", "runs/a", "--json", *more).out) for more in ([], ["--int8"]))
    assert plain == {
        "model": "mine", "folder": "/m/mine", "digest": "0123456789abcdef" * 4, "size_bytes": 120_000_000,
        "max_delta": {"audio": 2e-6, "text": 3e-7},
    }  # fmt: skip
    assert small["int8"] == ["text.onnx"]
    assert small["loss"]["text_min"] == 0.95


def test_an_error_is_a_sentence(cli, calls, monkeypatch) -> None:
    def fails(*args, **options) -> None:
        raise ModelError("It differs.", "Report it.")

    monkeypatch.setattr(install, "export_model", fails)
    assert cli("export", "runs/a") == (1, "", "Error: It differs.\nHint: Report it.\n")


@pytest.mark.parametrize("length", ["0", "-1", "x", "1000"])
def test_a_segment_is_a_sensible_length(cli, calls, length) -> None:
    assert cli("export", "runs/a", "--segment-s", length).code == 2
    assert calls == []
