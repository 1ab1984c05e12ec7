"""Files of lone audio encoders: PANNs, PaSST, HTSAT, EfficientAT, VGGish, YAMNet, the audio side of the DCASE 2022 baseline.

Layouts are those of the authors' own releases; our networks keep their names, so that the rules only cut prefixes off and
set the frozen front end aside.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from hearken.convert.plan import Format, Plan, filter_rules, in_table, known_name, nearest
from hearken.convert.read import Checkpoint
from hearken.convert.rules import Drop, Rename, Rule, apply
from hearken.models.config import AudioConfig

PANNS = (
    "cnn14", "cnn14_16k", "cnn14_dlmax", "cnn10", "cnn6", "resnet38", "resnet22", "wavegram_logmel_cnn14", "panns_mobilenetv1",
    "panns_mobilenetv2",
)  # fmt: skip
PASST = ("passt_s", "passt_n", "passt_l", "passt_s20", "passt_s30")
HTSAT = ("htsat",)
EFFICIENTAT = ("mn04", "mn10")
VGGISH = ("vggish",)
YAMNET = ("yamnet",)
CRNN = ("crnn_dcase2022",)
MEL = Drop(r"(?:.*\.)?mel\.(?:window|preemphasis_coefficient|mel_basis)", "the front end makes it")
_SAME_SHAPE = {
    "passt_s20": "PaSST with a hop of 160 samples (stfthop160) has the same shapes; if the file is that, its vectors will be wrong.",
    "cnn14": "Cnn14_DecisionLevelMax has the same names and shapes; for that file, convert with --as cnn14_dlmax.",
}


def encoder_rules(prefix: str = "", to: str = "") -> tuple[Rule, ...]:
    """Return the rules for an audio encoder below `prefix`, a regular expression, that is to stand below `to`."""
    return (*filter_rules(prefix), MEL, Rename(prefix + "(.+)", to.replace("\\", r"\\") + r"\1"))


def is_panns(state: Mapping[str, Tensor]) -> bool:
    """Say whether bare encoder names are those of a network of PANNs."""
    return "fc_audioset.weight" in state and "bn0.weight" in state


def is_passt(state: Mapping[str, Tensor]) -> bool:
    """Say whether bare encoder names are those of a PaSST."""
    return "freq_new_pos_embed" in state and "time_new_pos_embed" in state


def is_efficientat(state: Mapping[str, Tensor]) -> bool:
    """Say whether bare encoder names are those of EfficientAT's MobileNetV3."""
    return "features.0.0.weight" in state and "classifier.5.weight" in state


def _is_htsat(state: Mapping[str, Tensor]) -> bool:
    return any(name.removeprefix("sed_model.") == "tscam_conv.weight" for name in state)


def _is_vggish(state: Mapping[str, Tensor]) -> bool:
    return "features.0.weight" in state and "embeddings.0.weight" in state


def _is_yamnet(state: Mapping[str, Tensor]) -> bool:
    return "layer1.fused.conv.weight" in state


def _is_crnn(state: Mapping[str, Tensor]) -> bool:
    return "audio_enc.gru.weight_ih_l0" in state or "gru.weight_ih_l0" in state


def choose(checkpoint: Checkpoint, rules: tuple[Rule, ...], names: tuple[str, ...], asked: str | None) -> str:
    """Return the architecture that was `asked` for, else that of `names` which the checkpoint is nearest to."""
    names = in_table(names)
    if asked is not None:
        return known_name(asked, names)
    return nearest(apply(rules, checkpoint.tensors, "any of " + ", ".join(names)).tensors, names, checkpoint.path.name)


def _plan(checkpoint: Checkpoint, asked: str | None, names: tuple[str, ...], title: str, rules: tuple[Rule, ...]) -> Plan:
    name = choose(checkpoint, rules, names, asked)
    note = _SAME_SHAPE.get(name)
    return Plan(f"{title} {name}".strip(), AudioConfig(name), rules, notes=(note,) if note and asked is None else ())


def _plan_panns(checkpoint: Checkpoint, asked: str | None) -> Plan:
    return _plan(checkpoint, asked, PANNS, "PANNs", encoder_rules())


def _plan_passt(checkpoint: Checkpoint, asked: str | None) -> Plan:
    return _plan(checkpoint, asked, PASST, "PaSST", encoder_rules())


def _plan_htsat(checkpoint: Checkpoint, asked: str | None) -> Plan:
    return _plan(checkpoint, asked, HTSAT, "HTSAT", encoder_rules(r"(?:sed_model\.)?"))


def _plan_efficientat(checkpoint: Checkpoint, asked: str | None) -> Plan:
    return _plan(checkpoint, asked, EFFICIENTAT, "EfficientAT", encoder_rules())


def _plan_vggish(checkpoint: Checkpoint, asked: str | None) -> Plan:
    head = Drop(r"classifier\..+", "the tag head of another port; the embedding does not pass it")
    after = Drop(r"pproc\..+", "the step after the embedding, which is no part of it (VggishPostprocessor)")
    return _plan(checkpoint, asked, VGGISH, "", (head, after, *encoder_rules()))


def _plan_yamnet(checkpoint: Checkpoint, asked: str | None) -> Plan:
    return _plan(checkpoint, asked, YAMNET, "", encoder_rules())


def _plan_crnn(checkpoint: Checkpoint, asked: str | None) -> Plan:
    words = Drop(r"text_enc\..+", "word vectors without their words, which are in no file; build the text side from the word2vec file")
    return _plan(checkpoint, asked, CRNN, "DCASE 2022 baseline,", (words, *encoder_rules(r"(?:audio_enc\.)?")))


FORMATS = (
    Format("panns", "PANNs .pth", is_panns, _plan_panns, PANNS),
    Format("passt", "PaSST .pt", is_passt, _plan_passt, PASST),
    Format("htsat", "HTSAT Lightning .ckpt", _is_htsat, _plan_htsat, HTSAT),
    Format("efficientat", "EfficientAT .pt", is_efficientat, _plan_efficientat, EFFICIENTAT),
    Format("vggish", "VGGish .pth (PyTorch)", _is_vggish, _plan_vggish, VGGISH),
    Format("yamnet", "YAMNet .pth (PyTorch)", _is_yamnet, _plan_yamnet, YAMNET),
    Format("dcase2022", "DCASE 2022 baseline checkpoint", _is_crnn, _plan_crnn, CRNN),
)
