"""The audio encoders against the public implementations, side by side in one run.

    python benchmarks/bench_encoders.py [--threads 1] [--rounds 7] [--only passt_n,htsat] [--code FOLDER]
    python benchmarks/bench_encoders.py --table

For each encoder: milliseconds for a clip of 10 s (its own segment length where that is shorter), the best of interleaved
rounds, since other work on the machine only ever adds. *wave* is the whole encoder, from the waveform to the embedding; *net*
starts from the log-mel; *train* is forward and backward from the waveform in training mode, with SpecAugment where the authors
apply it; for PaSST it is without patchout, and *patchout* is with. The ratio is theirs / ours: above 1 Hearken is faster. Weights are
random and the same on both sides; the largest difference of the embeddings is printed too, as a share of the largest value.

Peers are the packages hear21passt, panns_inference, laion_clap and msclap, and the authors' repositories where --code names a
folder that holds clones of them (audioset_tagging_cnn, EfficientAT, WavCaps, torchvggish, torch_audioset,
dcase2022-audio-retrieval). Without a peer only our times appear. --table prints our times alone, for every name.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib
import io
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from hearken.audio.front_ends import FRONT_ENDS
from hearken.frontend.log_mel import LogMel
from hearken.frontend.masks import PANNS_MASKS, SpecAugment
from hearken.models.audio_table import AUDIO_ENCODERS, build_audio
from hearken.models.encoder import AudioEncoder
from hearken.models.passt import PaSST
from hearken.models.patches import cut_patches
from hearken.models.patchout import Patchout

SECONDS = 10.0
MOST_S = 8.0  # of one row; three rounds are made all the same
T = TypeVar("T")
FRONT_END_KEYS = ("spectrogram_extractor.", "logmel_extractor.", "audio_feats_extractor.")
D25, PAPER = Patchout(15, 2), Patchout(50, 3)
CODE: list[Path] = []  # the folder of --code, if any


@dataclass
class Peer:
    """A public network: `net` takes what `from_mel` makes of our log-mel (B, L, F); `from_wave` (B, T) is the whole chain.

    `ours` is what our encoder gives in the same place, where that is not its embedding.
    """

    net: nn.Module
    from_mel: Callable[[Tensor], Tensor] | None
    from_wave: Callable[[Tensor], Tensor] | None
    ours: Callable[[Any, Tensor], Tensor] | None = None


@contextlib.contextmanager
def first_on_path(folder: str) -> Iterator[None]:
    """Import from a folder of --code, and forget its modules afterwards: several are called `models` or `utils`."""
    if not CODE:
        raise ImportError("no --code")
    before, place = set(sys.modules), str(CODE[0].resolve() / folder)
    sys.path.insert(0, place)
    try:
        with contextlib.chdir(place):  # some read files beside them
            yield
    finally:
        sys.path.pop(0)
        for name in [name for name in set(sys.modules) - before if name.partition(".")[0] in ("models", "utils", "pytorch_utils")]:
            del sys.modules[name]


def authors(folder: str, module: str) -> ModuleType:
    """A module of a clone in the folder of --code."""
    with first_on_path(folder):
        return importlib.import_module(module)


def passt_mel() -> nn.Module:
    """The front end of PaSST and EfficientAT, without its training jitter."""
    preprocess = importlib.import_module("hear21passt.models.preprocess")
    mel: nn.Module = preprocess.AugmentMelSTFT(
        n_mels=128, sr=32000, win_length=800, hopsize=320, n_fft=1024, freqm=0, timem=0, fmax_aug_range=2000
    )
    return mel.eval()


def passt_peer(arch: str, stride: int, patchout: Patchout, num_frames: int = 998) -> Peer:
    """PaSST of hear21passt."""
    get_model = importlib.import_module("hear21passt.models.passt").get_model
    mel = passt_mel()
    net = get_model(arch=arch, pretrained=False, fstride=stride, tstride=stride, input_fdim=128, input_tdim=num_frames, **vars(patchout))
    return Peer(net, lambda x: net(x.transpose(1, 2).unsqueeze(1))[1], lambda wave: net(mel(wave).unsqueeze(1))[1])


def mobilenet_peer(width: float) -> Peer:
    """MobileNetV3 of EfficientAT."""
    net, mel = authors("EfficientAT", "models.mn.model").get_model(width_mult=width), passt_mel()
    return Peer(
        net, lambda x: net(x.transpose(1, 2).unsqueeze(1))[1].reshape(len(x), -1),
        lambda wave: net(mel(wave).unsqueeze(1))[1].reshape(len(wave), -1),
    )  # fmt: skip


def dict_peer(net: nn.Module, call: Callable[[nn.Module, Tensor], dict[str, Tensor]] = lambda net, x: net(x), **more: Any) -> Peer:  # noqa: ANN401 - the fields of Peer
    """A network with torchlibrosa's extractors inside and a dictionary as output."""
    own = (net.spectrogram_extractor, net.logmel_extractor)

    def run(x: Tensor, extractors: tuple[nn.Module, nn.Module]) -> Tensor:
        net.spectrogram_extractor, net.logmel_extractor = extractors
        found = call(net, x)
        return next(found[name] for name in ("embedding", "latent_output", "clipwise_output") if name in found)

    free = (nn.Identity(), nn.Identity())
    return Peer(net, None if more.pop("only_wave", False) else lambda x: run(x.unsqueeze(1), free), lambda wave: run(wave, own), **more)


def laion_peer(size: str) -> Peer:
    """HTSAT of laion_clap."""
    create = importlib.import_module("laion_clap.clap_module.htsat").create_htsat_model
    cfg = SimpleNamespace(
        audio_length=1024, clip_samples=480000, mel_bins=64, sample_rate=48000, window_size=1024, hop_size=480, fmin=50, fmax=14000,
        class_num=527, model_type="HTSAT", model_name=size,
    )  # fmt: skip
    return dict_peer(create(cfg), lambda net, x: net({"waveform": x}, device="cpu"))


def msclap_htsat() -> Peer:
    """HTSAT of msclap 2023: its authors' own class with the constants of AudioSet, since the wrapper ignores every argument."""
    wrapper = importlib.import_module("msclap.models.htsat").HTSATWrapper(44100, 1024, 320, 64, 50, 8000, 527, 768)
    return dict_peer(wrapper.htsat)


def msclap_cnn14() -> Peer:
    """Cnn14 of msclap 2022."""
    return dict_peer(importlib.import_module("msclap.models.audio").Cnn14(44100, 1024, 320, 64, 50, 14000, 527, 2048))


def panns_module() -> ModuleType:
    """The authors' `models.py`, or the part of it that panns_inference carries."""
    return authors("audioset_tagging_cnn/pytorch", "models") if CODE else importlib.import_module("panns_inference.models")


def panns_peer(name: str, rate_hz: int = 32000, **more: Any) -> Peer:  # noqa: ANN401 - the fields of Peer
    """A network of PANNs."""
    n_fft, hop, high_hz = (512, 160, 8000) if rate_hz == 16000 else (1024, 320, 14000)
    return dict_peer(getattr(panns_module(), name)(rate_hz, n_fft, hop, 64, 50, high_hz, 527), **more)


def wavcaps_peer() -> Peer:
    """Cnn14 of WavCaps."""
    audio = {"sr": 32000, "n_fft": 1024, "hop_length": 320, "f_min": 50, "f_max": 14000, "n_mels": 64}
    net = authors("WavCaps/retrieval", "models.cnns").Cnn14({"audio_args": audio, "training": {"spec_augmentation": True}})
    own, free = net.audio_feats_extractor, nn.Identity()

    def run(x: Tensor, extractor: nn.Module) -> Tensor:
        net.audio_feats_extractor = extractor
        found: Tensor = net(x)
        return found

    return Peer(net, lambda x: run(x.unsqueeze(1), free), lambda wave: run(wave, own))


def vggish_peer() -> Peer:
    """VGGish of torchvggish, with the front end of its TensorFlow authors."""
    vggish, features = (authors("torchvggish", f"torchvggish.{name}") for name in ("vggish", "mel_features"))
    net = vggish.VGG(vggish.make_layers())

    def from_wave(wave: Tensor) -> Tensor:
        log_mel = features.log_mel_spectrogram(
            wave[0].numpy(), audio_sample_rate=16000, log_offset=0.01, window_length_secs=0.025, hop_length_secs=0.01, num_mel_bins=64,
            lower_edge_hertz=125, upper_edge_hertz=7500,
        )  # fmt: skip
        patches = features.frame(log_mel, window_length=96, hop_length=96)
        return net(torch.from_numpy(patches).float()[:, None]).mean(0, keepdim=True)

    def from_mel(mel: Tensor) -> Tensor:
        patches = cut_patches(mel, 96, 96, FRONT_ENDS["vggish_logmel_16k"], keep_tail=False)
        return net(patches[0][:, None]).mean(0, keepdim=True)

    return Peer(net, from_mel, from_wave)


def yamnet_peer() -> Peer:
    """YAMNet of torch_audioset on patches as its TensorFlow authors cut them; it gives tags only."""
    net = authors("torch_audioset", "torch_audioset.yamnet.model").YAMNet()

    def from_mel(mel: Tensor) -> Tensor:
        return net(cut_patches(mel, 96, 48, FRONT_ENDS["yamnet_logmel_16k"], keep_tail=True)[0][:, None]).mean(0, keepdim=True)

    return Peer(net, from_mel, None, ours=lambda net, mel: net.tag_logits(net(mel)))


def crnn_peer() -> Peer:
    """The audio encoder of the DCASE 2022 baseline, whose spectrograms come from files."""
    net = authors("dcase2022-audio-retrieval", "models.audio_encoders").CRNNEncoder(in_dim=64, out_dim=300, up_sampling="linear")
    return Peer(net, net, None)


PEERS: dict[str, Callable[[], Peer]] = {
    "passt_n": lambda: passt_peer("passt_s_p16_s16_128_ap468", 16, D25),
    "passt_s": lambda: passt_peer("passt_s_kd_p16_128_ap486", 10, PAPER),
    "passt_l": lambda: passt_peer("passt_l_kd_p16_128_ap47", 10, PAPER),
    "htsat": msclap_htsat,
    "htsat_laion_tiny": lambda: laion_peer("tiny"),
    "htsat_laion_base": lambda: laion_peer("base"),
    "htsat_msclap2023": msclap_htsat,
    "cnn6": lambda: panns_peer("Cnn6"),
    "cnn10": lambda: panns_peer("Cnn10"),
    "cnn14": lambda: panns_peer("Cnn14"),
    "cnn14_16k": lambda: panns_peer("Cnn14_16k", 16000),
    "cnn14_dlmax": lambda: panns_peer("Cnn14_DecisionLevelMax", ours=lambda net, mel: net.clipwise_logits(mel).sigmoid()),
    "cnn14_msclap2022": msclap_cnn14,
    "cnn14_wavcaps": wavcaps_peer,
    "resnet22": lambda: panns_peer("ResNet22"),
    "resnet38": lambda: panns_peer("ResNet38"),
    "wavegram_logmel_cnn14": lambda: panns_peer("Wavegram_Logmel_Cnn14", only_wave=True),
    "panns_mobilenetv1": lambda: panns_peer("MobileNetV1"),
    "panns_mobilenetv2": lambda: panns_peer("MobileNetV2"),
    "mn04": lambda: mobilenet_peer(0.4),
    "mn10": lambda: mobilenet_peer(1.0),
    "vggish": vggish_peer,
    "yamnet": yamnet_peer,
    "crnn_dcase2022": crnn_peer,
}
PATCHOUTS = {"passt_n": D25, "passt_s": PAPER, "passt_l": PAPER}


def interleaved_ms(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """Return the least milliseconds of each work; they take turns, so that a busy machine slows all of them."""
    times: list[list[float]] = [[] for _ in works]
    start = time.perf_counter()
    for number in range(rounds + 1):
        for work, own in zip(works, times, strict=True):
            began = time.perf_counter()
            work()
            own.append(time.perf_counter() - began)
        if number >= 3 and time.perf_counter() - start > MOST_S:
            break
    return [min(own[1:]) * 1e3 for own in times]  # the first round warms


def training(net: nn.Module, run: Callable[[], Tensor]) -> Callable[[], None]:
    """Return one forward and backward pass as a function."""

    def step() -> None:
        net.zero_grad(set_to_none=True)
        with torch.enable_grad():
            run().sum().backward()

    return step


def quietly(build: Callable[[], T]) -> T | None:
    """Build or run a peer without the text that it prints; None where its package is missing or does not import."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return build()
        except (ImportError, OSError, RuntimeError, AttributeError, TypeError) as reason:
            warnings.warn(f"peer left out: {reason}", stacklevel=2)
            return None


def share_weights(ours: AudioEncoder, theirs: nn.Module) -> None:
    """Give our network the peer's weights, by name."""
    ours.load_state_dict({key: value for key, value in theirs.state_dict().items() if not key.startswith(FRONT_END_KEYS)})


def apart(ours: Tensor, theirs: Tensor) -> float:
    """The largest difference as a share of the largest value."""
    return float((ours - theirs).abs().max() / theirs.abs().max())


@torch.no_grad()
def compare(name: str, rounds: int) -> dict[str, float]:
    """Print all rows of one encoder and return the ratios."""
    net = build_audio(name, **({"patchout": PATCHOUTS[name]} if name in PATCHOUTS else {}))
    peer = quietly(PEERS[name]) if name in PEERS else None
    front_end, wave, run = chain(net)
    mel = front_end(wave)
    ours = functools.partial(peer.ours, net) if peer and peer.ours else run
    rows: dict[str, tuple[Callable[[], object], Callable[[], object] | None]] = {}
    if peer:
        peer.net.eval()
        share_weights(net, peer.net)
        gap = [f"{apart(ours(mel), there(given)):.1e}" if there else "-"
               for there, given in ((peer.from_mel, mel), (peer.from_wave, wave))]  # fmt: skip
        print(f"{name}: the embeddings differ by {gap[0]}, front ends included by {gap[1]}")
    their_mel, their_wave = (peer.from_mel, peer.from_wave) if peer else (None, None)
    rows["wave"] = (lambda: ours(front_end(wave)), their_wave and (lambda: their_wave(wave)))
    rows["net"] = (lambda: ours(mel), their_mel and (lambda: their_mel(mel)))
    whole = their_wave if their_wave and name != "vggish" else None
    there = (lambda: whole(wave)) if whole else their_mel and (lambda: their_mel(mel))
    here = (lambda: ours(front_end(wave))) if whole or not peer else (lambda: ours(mel))
    rows["train"] = training(net, here), there and training(peer.net, there)
    found = {}
    for label, (mine, other) in rows.items():
        if label == "train" and not isinstance(net, PaSST):
            prepare(net, peer)
        found[label] = report(name, label, mine, other, rounds)
    if isinstance(net, PaSST) and net.patchout != Patchout():
        prepare(net, peer)
        found["patchout"] = report(name, "patchout", *rows["train"], rounds)
    return found


def prepare(net: AudioEncoder, peer: Peer | None) -> None:
    """Put both into training mode, ours with the masks that the authors' networks draw there."""
    net.train()
    if hasattr(net, "augment"):
        net.augment = SpecAugment(PANNS_MASKS)
    if peer:
        peer.net.train()


def chain(net: AudioEncoder) -> tuple[LogMel, Tensor, Callable[[Tensor], Tensor]]:
    """Return the front end, one clip (1, T), and the network as a function of its log-mel alone."""
    num_samples = int(min(SECONDS, net.segment_s) * net.front_end.rate_hz)
    wave = torch.from_numpy(np.random.default_rng(0).standard_normal((1, num_samples)).astype(np.float32)) * 0.1
    return LogMel(net.front_end).eval(), wave, lambda mel: net(mel, wave)


def report(name: str, label: str, ours: Callable[[], object], theirs: Callable[[], object] | None, rounds: int) -> float:
    """Measure and print one row; return the ratio (nought without a peer)."""
    found = interleaved_ms([ours, theirs] if theirs else [ours], rounds)
    ratio = found[1] / found[0] if theirs else 0.0
    print(f"{name:22s} {label:8s} {found[0]:8.1f} ms" + (f", public {found[1]:8.1f}, ratio {ratio:.2f}" if theirs else ""), flush=True)
    return ratio


@torch.inference_mode()
def print_table(names: list[str], rounds: int) -> None:
    """Print milliseconds of our encoder per 10 s of sound, from the waveform, as rows of a table."""
    for name in names:
        front_end, wave, run = chain(build_audio(name))
        (spent,) = interleaved_ms([lambda: run(front_end(wave))], rounds)  # noqa: B023 - called at once
        print(f"| `{name}` | {spent * SECONDS * front_end.front_end.rate_hz / wave.shape[1]:.0f} |", flush=True)


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(AUDIO_ENCODERS), metavar="NAMES")
    parser.add_argument("--code", type=Path, metavar="FOLDER")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    CODE.extend([options.code] if options.code else [])
    warnings.filterwarnings("ignore", message="Input image size|the patches shape")
    if options.table:
        print_table(options.only, options.rounds)
        return
    ratios = {name: compare(name, options.rounds) for name in options.only}
    print("\n| encoder | from the waveform | network alone | forward and backward | with patchout |\n|---|---|---|---|---|")
    for name, found in ratios.items():
        print(
            f"| `{name}` | "
            + " | ".join(f"{found[row]:.2f}" if found.get(row) else "" for row in ("wave", "net", "train", "patchout"))
            + " |"
        )


if __name__ == "__main__":
    main()
