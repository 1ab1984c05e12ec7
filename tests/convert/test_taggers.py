"""PANNs, PaSST, HTSAT, EfficientAT, VGGish, YAMNet and the DCASE 2022 baseline: every variant is told from names and shapes alone."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from hearken.convert import taggers  # noqa: E402
from hearken.convert.convert import convert, convert_state  # noqa: E402
from hearken.convert.read import Checkpoint  # noqa: E402
from hearken.errors import CheckpointError  # noqa: E402
from hearken.models.build import load_audio  # noqa: E402
from tests.convert.making import audio_state, golden_panns, numbered, save  # noqa: E402
from tests.golden import filling  # noqa: E402

ALL = [
    *(("panns", name, "", "panns") for name in taggers.PANNS),
    *(("passt", name, "", None) for name in taggers.PASST),
    ("htsat", "htsat", "sed_model.", "panns"),
    *(("efficientat", name, "", None) for name in taggers.EFFICIENTAT),
    ("vggish", "vggish", "", None),
    ("yamnet", "yamnet", "", None),
]


@pytest.mark.parametrize(("format_name", "name", "prefix", "filters"), ALL)
def test_each_is_recognised_and_every_number_finds_its_place(format_name: str, name: str, prefix: str, filters: str | None) -> None:
    public = numbered(audio_state(name, filters=filters))
    file_name = "Cnn14_DecisionLevelMax.pth" if name == "cnn14_dlmax" else "x"
    done = convert_state(Checkpoint(Path(file_name), {prefix + key: tensor for key, tensor in public.items()}, ""))
    assert (done.format, done.config.name, done.made, done.applied.dropped) == (format_name, name, (), ())
    assert done.state.keys() == {key for key in public if not key.startswith(("spectrogram_extractor", "logmel_extractor"))}
    assert all(torch.equal(done.state[key], public[key]) for key in done.state)
    assert len(done.applied.used) == len(public)


def test_twenty_kinds() -> None:
    assert len(ALL) == 20


def test_what_other_ports_of_vggish_add_is_dropped() -> None:
    public = numbered(audio_state("vggish"))
    more = {"classifier.0.weight": torch.zeros(100, 128), "pproc.pca_means": torch.zeros(128, 1)}
    done = convert_state(Checkpoint(Path("vggish.pth"), public | more, ""))
    assert (done.config.name, done.plan.title) == ("vggish", "vggish")
    assert [dropped.names for dropped in done.applied.dropped] == [("classifier.0.weight",), ("pproc.pca_means",)]


def test_the_audio_side_of_dcase_2022() -> None:
    public = numbered(audio_state("crnn_dcase2022", "audio_enc."))
    words = {"text_enc.word_enc.embedding.weight": torch.zeros(5, 300)}
    done = convert_state(Checkpoint(Path("checkpoint"), public | words, ""))
    assert (done.format, done.config.name) == ("dcase2022", "crnn_dcase2022")
    assert [dropped.names for dropped in done.applied.dropped] == [tuple(words)]


def test_a_filled_file_gives_the_authors_numbers(tmp_path: Path) -> None:
    """Cnn10 as on Zenodo: wrapped in 'model', filters inside; converted, loaded, and heard."""
    import numpy as np

    from hearken.models.tower import AudioTower

    report = convert(save(tmp_path / "Cnn10.pth", {"iteration": 600_000, "model": golden_panns("panns_cnn10")}), tmp_path / "cnn10")
    assert (report.num_tensors, report.num_used, len(report.compared), report.dropped) == (60, 57, 3, ())
    assert report.num_parameters == 6_302_735 - 1_083_456
    tower = AudioTower(load_audio(tmp_path / "cnn10"), rule="whole").eval()
    golden = np.load(filling.HERE / "models" / "panns_cnn10.npz")
    with torch.no_grad():
        filling.assert_close(golden, "a.embedding", tower(torch.from_numpy(filling.waves(1000, 2, 64_000))), 1e-4)


def test_an_asked_for_architecture_is_held_to() -> None:
    public = numbered(audio_state("cnn14", filters="panns"))
    assert convert_state(Checkpoint(Path("x"), public, ""), "cnn14_dlmax").config.name == "cnn14_dlmax"
    with pytest.raises(CheckpointError, match="PANNs cnn10"):
        convert_state(Checkpoint(Path("x"), public, ""), "cnn10")


def test_notes_where_shapes_cannot_tell() -> None:
    note = convert_state(Checkpoint(Path("x"), numbered(audio_state("passt_s20")), "")).plan.notes
    assert len(note) == 1
    assert "stfthop160" in note[0]
    assert convert_state(Checkpoint(Path("x"), numbered(audio_state("passt_s20")), ""), "passt_s20").plan.notes == ()


def test_filters_of_another_rate_stop_it() -> None:
    """What tells CNN14 at 16 kHz from CNN14: a file with both would be heard wrongly."""
    wrong = numbered(audio_state("cnn14")) | {
        key: tensor for key, tensor in audio_state("cnn14_16k", filters="panns").items() if "extractor" in key
    }
    assert convert_state(Checkpoint(Path("x"), wrong, "")).config.name == "cnn14_16k"
    with pytest.raises(CheckpointError, match=r"is not panns_logmel_32k.*they look like panns_logmel_16k"):
        convert_state(Checkpoint(Path("x"), wrong, ""), "cnn14")
