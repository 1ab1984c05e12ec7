"""The audio encoders against the public implementations, side by side in one run.

    python benchmarks/bench_encoders.py [--threads 1] [--rounds 9] [--only passt_n,htsat]

For each encoder: milliseconds for a clip of 10 s (its own segment length where that is shorter), medians over interleaved
repetitions. *net* starts from the log-mel, *wave* includes the front end, *train* is forward and backward of the network,
*patchout* the same in training mode with half or so of the patches left out. The ratio is theirs / ours: above 1 Hearken is
faster. Weights are random and the same on both sides; the largest difference of the embeddings is printed too.

Peers that can be imported are run: hear21passt, panns_inference, laion_clap, msclap. Without them only our times appear.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from hearken.frontend.log_mel import LogMel
from hearken.models import htsat, panns, panns_resnet, passt
from hearken.models.encoder import AudioEncoder
from hearken.models.patchout import Patchout

SECONDS = 10.0
T = TypeVar("T")
FRONT_END_KEYS = ("spectrogram_extractor.", "logmel_extractor.")
D25, PAPER = Patchout(15, 2), Patchout(50, 3)


@dataclass
class Peer:
    """A public network: `net` takes what `from_mel` makes of our log-mel (B, L, F); `from_wave` is the whole chain."""

    net: nn.Module
    from_mel: Callable[[Tensor], Tensor]
    from_wave: Callable[[Tensor], Tensor]


def passt_peer(arch: str, stride: int, patchout: Patchout) -> Peer:
    """PaSST of hear21passt."""
    get_model = importlib.import_module("hear21passt.models.passt").get_model
    preprocess = importlib.import_module("hear21passt.models.preprocess")
    mel = preprocess.AugmentMelSTFT(n_mels=128, sr=32000, win_length=800, hopsize=320, n_fft=1024, freqm=0, timem=0, fmax_aug_range=2000)
    mel.eval()
    net = get_model(arch=arch, pretrained=False, fstride=stride, tstride=stride, input_fdim=128, input_tdim=998, **vars(patchout))
    return Peer(net, lambda x: net(x.transpose(1, 2).unsqueeze(1))[1], lambda wave: net(mel(wave).unsqueeze(1))[1])


def dict_peer(net: nn.Module, call: Callable[[nn.Module, Tensor], dict[str, Tensor]]) -> Peer:
    """A network with torchlibrosa's extractors inside and a dictionary as output."""
    own = (net.spectrogram_extractor, net.logmel_extractor)

    def run(x: Tensor, extractors: tuple[nn.Module, nn.Module]) -> Tensor:
        net.spectrogram_extractor, net.logmel_extractor = extractors
        found = call(net, x)
        return found["embedding" if "embedding" in found else "latent_output"]

    return Peer(net, lambda x: run(x.unsqueeze(1), (nn.Identity(), nn.Identity())), lambda wave: run(wave, own))


def laion_peer(size: str) -> Peer:
    """HTSAT of laion_clap."""
    create = importlib.import_module("laion_clap.clap_module.htsat").create_htsat_model
    cfg = SimpleNamespace(
        audio_length=1024, clip_samples=480000, mel_bins=64, sample_rate=48000, window_size=1024, hop_size=480, fmin=50, fmax=14000,
        class_num=527, model_type="HTSAT", model_name=size,
    )  # fmt: skip
    return dict_peer(create(cfg), lambda net, x: net({"waveform": x}, device="cpu"))


def msclap_peer() -> Peer:
    """HTSAT of msclap 2023, whose wrapper ignores every argument."""
    wrapper = importlib.import_module("msclap.models.htsat").HTSATWrapper(44100, 1024, 320, 64, 50, 8000, 527, 768)
    return dict_peer(wrapper.htsat, lambda net, x: net(x))


def panns_peer() -> Peer:
    """Cnn14 of panns_inference."""
    net = importlib.import_module("panns_inference.models").Cnn14(32000, 1024, 320, 64, 50, 14000, 527)
    return dict_peer(net, lambda net, x: net(x))


ENCODERS: dict[str, tuple[Callable[[], AudioEncoder], Callable[[], Peer] | None]] = {
    "passt_n": (lambda: passt.passt_n(D25), lambda: passt_peer("passt_s_p16_s16_128_ap468", 16, D25)),
    "passt_s": (lambda: passt.passt_s(PAPER), lambda: passt_peer("passt_s_kd_p16_128_ap486", 10, PAPER)),
    "passt_l": (lambda: passt.passt_l(PAPER), lambda: passt_peer("passt_l_kd_p16_128_ap47", 10, PAPER)),
    "htsat_laion_tiny": (htsat.htsat_laion_tiny, lambda: laion_peer("tiny")),
    "htsat_laion_base": (htsat.htsat_laion_base, lambda: laion_peer("base")),
    "htsat_msclap2023": (htsat.htsat_msclap2023, msclap_peer),
    "cnn14": (panns.Cnn14, panns_peer),
    "cnn10": (panns.Cnn10, None),
    "resnet38": (panns_resnet.ResNet38, None),
}


def interleaved_ms(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """Return the median milliseconds of each work; they take turns, so that a busy machine slows all of them."""
    times: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for work, own in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            own.extend([time.perf_counter() - start] * bool(number))  # the first round warms
    return [statistics.median(own) * 1e3 for own in times]


def training(net: nn.Module, run: Callable[[Tensor], Tensor], x: Tensor) -> Callable[[], None]:
    """Return one forward and backward pass as a function."""

    def step() -> None:
        net.zero_grad(set_to_none=True)
        with torch.enable_grad():
            run(x).sum().backward()

    return step


def quietly(build: Callable[[], T]) -> T | None:
    """Build or run a peer without the text that it prints; None where its package is missing or does not import."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            return build()
        except (ImportError, OSError, RuntimeError, AttributeError) as reason:
            warnings.warn(f"peer left out: {reason}", stacklevel=2)
            return None


def share_weights(ours: AudioEncoder, theirs: nn.Module) -> None:
    """Give our network the peer's weights, by name."""
    ours.load_state_dict({key: value for key, value in theirs.state_dict().items() if not key.startswith(FRONT_END_KEYS)})


def report(label: str, ours: Callable[[], object], theirs: Callable[[], object] | None, rounds: int) -> str:
    """Measure one row and return it as text."""
    found = interleaved_ms([ours, theirs] if theirs else [ours], rounds)
    return f"{label} {found[0]:7.1f} ms" + (f", public {found[1]:7.1f}, ratio {found[1] / found[0]:.2f}" if theirs else "")


@torch.no_grad()
def compare(name: str, rounds: int) -> None:
    """Print all rows of one encoder."""
    build, build_peer = ENCODERS[name]
    net, peer = build().eval(), quietly(build_peer) if build_peer else None
    front_end = LogMel(net.front_end).eval()
    num_samples = int(min(SECONDS, net.segment_s) * net.front_end.rate_hz)
    wave = torch.from_numpy(np.random.default_rng(0).standard_normal((1, num_samples)).astype(np.float32)) * 0.1
    mel = front_end(wave)
    rows: list[tuple[str, Callable[[], object], Callable[[], object] | None]] = []
    if peer:
        peer.net.eval()
        share_weights(net, peer.net)
        apart = quietly(lambda: (net(mel) - peer.from_mel(mel)).abs().max().item())
        print(f"{name}: largest difference of the embeddings {apart:.1e}, front ends included "
              f"{quietly(lambda: (net(mel) - peer.from_wave(wave)).abs().max().item()):.1e}")  # fmt: skip
    rows.append(("net", lambda: net(mel), peer and (lambda: peer.from_mel(mel))))
    rows.append(("wave", lambda: net(front_end(wave)), peer and (lambda: peer.from_wave(wave))))
    rows.append(("train", training(net, net, mel), peer and training(peer.net, peer.from_mel, mel)))
    for label, ours, theirs in rows:
        print(f"{name:17s} {report(f'{label:8s}', ours, theirs, rounds)}", flush=True)
    if isinstance(net, passt.PaSST) and net.patchout != Patchout():
        net.train()
        theirs = peer and training(peer.net.train(), peer.from_mel, mel)
        print(f"{name:17s} {report('patchout', training(net, net, mel), theirs, rounds)}", flush=True)


def main() -> None:
    """Run the comparison and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(ENCODERS), metavar="NAMES")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore", message="Input image size|the patches shape")
    for name in options.only:
        compare(name, options.rounds)


if __name__ == "__main__":
    main()
