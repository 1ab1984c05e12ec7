"""Does every dual encoder of Primus et al. (2023), Tables 2 and 3, work from end to end?

    python benchmarks/check_duals.py [FOLDER] [--only PATTERN] [--keep DIR]

Each pair is built by name with random weights, runs forward and backward on 30 s of sound, is saved, loaded and exported,
and the export is held against the network. FOLDER has the sounds; without it they are made. One row for each pair, as it
gets ready; the exit code is 1 if a figure is out of bounds. With all pairs it takes about half an hour and 10 GB of memory.
"""

from __future__ import annotations

import argparse
import fnmatch
import gc
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from hearken.audio.isolated import decode_isolated
from hearken.audio.resample import resample
from hearken.audio.sounds import SOUNDS, synthesise
from hearken.audio.synth import RATE_HZ
from hearken.errors import AudioError
from hearken.export.check import MAX_DELTA
from hearken.export.folder import Card
from hearken.models.build import build_dual
from hearken.models.dual import DualEncoder
from hearken.runtime.model import Model
from hearken.zoo.publish import publish

PAIRS = [
    *(f"passt_n+{text}" for text in ("bert-small", "bert-base", "bert-large", "roberta-base", "roberta-large")),
    *(f"{audio}+bert-base" for audio in ("cnn10", "cnn14", "passt_l", "passt_s", "passt_s20")),
    "cnn14+all-mpnet-base-v2",
]
"""Text encoders of Table 3 beside PaSST-N, audio encoders of Table 2 beside bert-base, and the DCASE 2023 baseline's pair."""
LENGTH_S = 30.0
TEXTS = ["a dog barks in the rain", "a man speaks over an engine"]
SEED = 0
_COLUMNS = (
    "pair",
    "M weights",
    "saved MB",
    "run MB",
    "forward s",
    "backward s",
    "save+load s",
    "export s",
    "spread",
    "d reload",
    "d audio",
    "d text",
    "worker",
)


def main() -> int:
    """Run the pairs and print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="a folder of sounds")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="only pairs whose name fits, such as 'passt_n+*'")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the exported folders there")
    options = parser.parse_args()
    pairs = [pair for pair in PAIRS if fnmatch.fnmatch(pair, options.only)]
    print(" | ".join(_COLUMNS), flush=True)
    good = []
    for pair in pairs:
        with tempfile.TemporaryDirectory() as folder:
            row, is_good = check(pair, options.folder, Path(folder), (options.keep or Path(folder)) / pair)
        print(" | ".join((pair, *row)), flush=True)
        good.append(is_good)
        gc.collect()
    print(f"{sum(good)} of {len(pairs)} pairs are within {MAX_DELTA:.0e}")
    return 0 if good and all(good) else 1


def check(pair: str, sounds: Path | None, folder: Path, out: Path) -> tuple[list[str], bool]:
    """Return a row of figures for one pair, and whether they are as they should be."""
    torch.manual_seed(SEED)
    dual = build_dual(pair)
    clips = [torch.from_numpy(clip) for clip in two_clips(sounds, dual.rate_hz)]
    wave, lengths = torch.stack(clips), [len(clip) for clip in clips]
    forward_s, backward_s = train_step(dual, wave, lengths)
    spread = wake(dual, wave)
    with stopwatch() as saving:
        dual.save_pretrained(folder / "saved")
        loaded = DualEncoder.from_pretrained(folder / "saved")
    with torch.no_grad():
        before, after = ((model.encode_audio(wave[:1]), model.encode_text(TEXTS)) for model in (dual.eval(), loaded))
    reload_delta = max(float((one - other).abs().max()) for one, other in zip(before, after, strict=True))
    del dual
    with stopwatch() as exporting:
        made = publish(loaded, out, Card(pair, "random weights", "none"))
    in_worker = worker_delta(out, sounds, folder, after[0])
    num_weights = sum(weight.numel() for weight in loaded.parameters())
    saved_bytes = sum(path.stat().st_size for path in (folder / "saved").iterdir())
    row = [
        f"{num_weights / 1e6:.1f}", f"{saved_bytes / 1e6:.0f}", f"{made.size_bytes / 1e6:.0f}", f"{forward_s:.1f}", f"{backward_s:.1f}",
        f"{saving[0]:.1f}", f"{exporting[0]:.1f}", f"{spread:.2f}", f"{reload_delta:.1e}", f"{made.parity.audio:.1e}", f"{made.parity.text:.1e}", f"{in_worker:.1e}",
    ]  # fmt: skip
    return row, made.parity.ok and reload_delta <= 1e-6 and in_worker <= 10 * MAX_DELTA


def train_step(dual: DualEncoder, wave: torch.Tensor, lengths: list[int]) -> tuple[float, float]:
    """Run one contrastive step and return the seconds of both directions. Raises RuntimeError for a weight without a gradient."""
    dual.train()
    with stopwatch() as forward:
        logits = dual(wave, lengths, TEXTS)
        loss = torch.nn.functional.cross_entropy(logits, torch.arange(len(logits)))
    with stopwatch() as backward:
        loss.backward()
    without = [name for name, weight in dual.named_parameters() if weight.requires_grad and weight.grad is None and ".head" not in name]
    sides = ("audio.encoder.", "audio_projection.", "text.", "text_projection.")
    if not torch.isfinite(loss) or any(
        all(name in without for name, _ in dual.named_parameters() if name.startswith(side)) for side in sides
    ):
        raise RuntimeError(f"no gradient: {without[:5]}")
    dual.zero_grad(set_to_none=True)
    return forward[0], backward[0]


@torch.no_grad()
def wake(dual: DualEncoder, wave: torch.Tensor) -> float:
    """Make random weights tell sounds and texts apart, or every comparison would be one of constants; return how far apart they are.

    Random networks give nearly the same vector for everything; the projections' biases take that common part away.
    """
    dual.eval()
    sounds, words = dual.audio(wave[:, : wave.shape[1] // 3]), dual.text.encode(TEXTS)
    for projection, vectors in ((dual.audio_projection, sounds), (dual.text_projection, words)):
        projection.bias.copy_(-(projection.weight @ vectors.mean(0)))
    pairs = (dual.encode_audio(wave[:, : wave.shape[1] // 3]), dual.encode_text(TEXTS))
    return min(float((pair[0] - pair[1]).abs().max()) for pair in pairs)


def worker_delta(model: Path, sounds: Path | None, folder: Path, expected: torch.Tensor) -> float:
    """Return how far the vector of the first clip, as a file that the memory-limited process reads, is from the network's."""
    import soundfile

    runs = Model(model)
    soundfile.write(folder / "clip.wav", two_clips(sounds, runs.rate_hz)[0], runs.rate_hz, subtype="FLOAT")
    return float(np.abs(runs.encode_audio([folder / "clip.wav"])[0] - expected[0].numpy()).max())


def two_clips(sounds: Path | None, rate_hz: int) -> list[np.ndarray]:
    """Return two different clips (T,) of LENGTH_S seconds at `rate_hz`, pieced together from files or from made sounds."""
    wanted, clips, parts, size = round(LENGTH_S * rate_hz), [], [], 0
    for part in pieces(sounds, rate_hz):
        parts.append(part)
        size += len(part)
        if size >= wanted:
            clips.append(np.concatenate(parts)[:wanted].astype(np.float32))
            parts, size = [], 0
        if len(clips) == 2:
            return clips
    raise SystemExit(f"{sounds} holds less than {2 * LENGTH_S:.0f} s of sound")


def pieces(sounds: Path | None, rate_hz: int) -> Iterator[np.ndarray]:
    """Yield sounds (T,) at `rate_hz`: of the folder, or made."""
    if sounds is None:
        yield from (resample(synthesise(name).astype(np.float32), RATE_HZ, rate_hz) for name in [*SOUNDS, *SOUNDS])
        return
    for path in sorted(path for path in sounds.rglob("*") if path.is_file()):
        try:
            yield decode_isolated(str(path), rate_hz=rate_hz).samples
        except AudioError as error:
            print(f"left out {path.name}: {error.message}", file=sys.stderr)


@contextmanager
def stopwatch() -> Iterator[list[float]]:
    """Yield a list that holds the seconds of the block when it is over."""
    seconds: list[float] = []
    start_s = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - start_s)


if __name__ == "__main__":
    sys.exit(main())
