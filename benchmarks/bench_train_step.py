"""A training step of Primus et al. (2023) against the same step written plainly, side by side in one run.

    python benchmarks/bench_train_step.py --code FOLDER [--clotho FILE] [--precision 32 bf16] [--lengths full clotho] [--rounds 3]

The step: 8 sounds of up to 30 s, PaSST-N with structured patchout (15 columns, 2 rows) on segments of 10 s, bert-base with dropout 0.2 on
captions of up to 32 tokens, projections to 1024 numbers, symmetric cross-entropy with a learnt temperature, Adam; in 32 bits, and in bfloat16 by torch.autocast on both sides (the authors train with
mixed precision as well).

*Ours* is `hearken.train.step.update`, what the training loop calls. *Plain* is the published way: hear21passt's spectrogram and network (its
attention multiplies, takes the softmax and multiplies), every sound padded to 30 s and all three segments computed, every caption padded
to 32 tokens, `transformers`' BERT with its eager attention, and `torch.optim.Adam` as it comes. Weights are random and the same; before anything is
timed, both compute the loss of the same batch with the same patches kept in 32 bits, and the script stops unless losses and all gradients agree.

Two cases: all sounds 30 s long; and sounds as long as Clotho's (--clotho names a file with the durations and captions of its clips, in the
layout of WavCaps' `train.json`; without it, evenly between 15 and 30 s). The two sides take turns; medians and their ratio are printed, by
the clock and in processor time, which other work on the machine disturbs less. Memory is kept between steps on our side, as `hearken train`
does, and as the C library comes on the other.
FOLDER holds the package hear21passt (a clone, or `pip install --no-deps --target FOLDER hear21passt`).
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import importlib
import io
import itertools
import json
import math
import statistics
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.mel_filters import mel_matrix
from hearken.audio.melspec import PASST_MEL
from hearken.losses.nt_xent import NtXent
from hearken.models.build import build_dual
from hearken.models.config import TemperatureConfig
from hearken.models.dual import DualEncoder
from hearken.train.batch import Batch
from hearken.train.memory import keep_memory
from hearken.train.optimizer import make_optimizer, training_mode
from hearken.train.recipe import OptimizerPart, TrainingPart
from hearken.train.step import Learner, autocast, compute_gradients, update

RATE_HZ, CLIPS, LONGEST_S, SEGMENT_S, TOKENS, DIM, TAU, LEARNING_RATE = 32_000, 8, 30, 10, 32, 1024, 0.02, 2e-5
CAPTIONS = (
    "rain falls on a tin roof while thunder rolls in the distance", "a dog barks twice and then a door is closed",
    "people are talking in a large room with an echo", "water drips slowly into a metal bucket again and again",
    "birds are singing in a forest as somebody walks through dry leaves", "an engine starts, idles for a while, and is switched off",
    "a train passes by at high speed while a bell rings", "waves roll onto a beach and draw back over the pebbles",
)  # fmt: skip


class Plain(nn.Module):
    """The step's network, as the public code has it."""

    def __init__(self, code: Path | None, text_architecture: dict[str, Any]) -> None:
        super().__init__()
        from transformers import BertConfig, BertModel

        passt, preprocess = import_passt(code)
        self.mel = preprocess.AugmentMelSTFT(
            n_mels=128, sr=RATE_HZ, win_length=800, hopsize=320, n_fft=1024, freqm=0, timem=0, fmax_aug_range=2000
        )
        self.passt = passt.get_model(
            arch="passt_s_p16_s16_128_ap468", pretrained=False, fstride=16, tstride=16, input_fdim=128, input_tdim=998, s_patchout_t=15,
            s_patchout_f=2,
        )  # fmt: skip
        settings = {key: value for key, value in text_architecture.items() if key != "model_type"}
        self.bert = BertModel(BertConfig(**settings, attn_implementation="eager"), add_pooling_layer=False)
        self.project_audio, self.project_text = nn.Linear(768, DIM), nn.Linear(768, DIM)
        self.tau = nn.Parameter(torch.tensor(TAU))

    def forward(self, wave: Tensor, num_samples: tuple[int, ...], input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the loss of sounds (B, 30 s), of which the first `num_samples` count, and captions of 32 tokens."""
        self.mel.eval()  # neither side moves the filters
        segments = torch.cat(torch.split(wave, SEGMENT_S * RATE_HZ, 1))  # (S * B, 10 s)
        with torch.no_grad():
            mel = self.mel(segments)
        embedded = self.passt(mel.unsqueeze(1))[1].unflatten(0, (-1, len(wave)))  # (S, B, 768)
        counts = [math.ceil(number / (SEGMENT_S * RATE_HZ)) for number in num_samples]
        sound = torch.stack([embedded[:count, row].mean(0) for row, count in enumerate(counts)])
        words = self.bert(input_ids=input_ids, attention_mask=attention_mask)[0][:, 0]
        audio = functional.normalize(self.project_audio(sound), dim=1)
        text = functional.normalize(self.project_text(words), dim=1)
        scores = audio @ text.T / self.tau.abs()
        return -(torch.log_softmax(scores, 0).diag().mean() + torch.log_softmax(scores, 1).diag().mean()) / 2


@dataclass
class Sides:
    """Both networks with their optimizers; `precision` is "32" or "bf16"."""

    learner: Learner
    plain: Plain
    adam: torch.optim.Optimizer
    precision: Literal["32", "bf16"] = "32"

    def ours(self, batch: Batch, step: int) -> None:
        """One update of ours."""
        training = replace(self.learner.training, precision=self.precision)
        update(replace(self.learner, training=training), batch, step)

    def theirs(self, batch: Batch) -> None:
        """One update, plainly."""
        self.adam.zero_grad()
        self.plain_loss(batch).backward()  # type: ignore[no-untyped-call]
        self.adam.step()

    def plain_loss(self, batch: Batch) -> Tensor:
        """The plain loss of a batch, with everything padded to its full length."""
        wave = functional.pad(batch.wave, (0, LONGEST_S * RATE_HZ - batch.wave.shape[1]))
        ids, mask = self.learner.dual.text.tokenize(batch.texts)
        ids, mask = (functional.pad(given, (0, TOKENS - given.shape[1])) for given in (ids, mask))
        with contextlib.redirect_stdout(io.StringIO()), autocast(batch.wave.device, self.precision):  # its first call prints
            loss: Tensor = self.plain(wave, batch.num_samples, ids, mask)
        return loss


def import_passt(code: Path | None) -> tuple[Any, Any]:
    """Return hear21passt's network and spectrogram modules, with something in the place of two packages that they import.

    timm's downloader is never called here. torchaudio's filter bank has binaries for few versions of torch; these are the same numbers.
    """

    def get_mel_banks(*_: object, **__: object) -> tuple[Tensor, None]:
        return torch.from_numpy(mel_matrix(PASST_MEL)[:, :-1]), None

    kaldi = types.SimpleNamespace(get_mel_banks=get_mel_banks)
    contents: dict[str, dict[str, object]] = {
        "timm": {}, "timm.models": {}, "timm.models._hub": {"download_cached_file": None},
        "torchaudio": {"compliance": types.SimpleNamespace(kaldi=kaldi)},
    }  # fmt: skip
    for name, values in contents.items():
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__dict__.update(values)
    if code is not None:
        sys.path.insert(0, str(code.resolve()))
    try:
        return tuple(importlib.import_module(f"hear21passt.models.{name}") for name in ("passt", "preprocess"))  # type: ignore[return-value]
    finally:
        for name in contents:
            del sys.modules[name]


def build(code: Path | None) -> Sides:
    """Return both sides with the same weights, in training mode."""
    torch.manual_seed(0)
    dual = build_dual("passt_n+bert-base", dropout=0.2, temperature=TemperatureConfig("abs", TAU))
    with contextlib.redirect_stdout(io.StringIO()):
        plain = Plain(code, dual.config.text.architecture)
    plain.passt.load_state_dict(dual.audio.encoder.state_dict())
    plain.bert.load_state_dict(dual.text.transformer.state_dict())  # type: ignore[union-attr, arg-type]
    plain.project_audio.load_state_dict(linear_of(dual.audio_projection))
    plain.project_text.load_state_dict(linear_of(dual.text_projection))
    loss, settings = NtXent("negative"), OptimizerPart("adam", LEARNING_RATE)
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    learner = Learner(dual, loss, make_optimizer(dual, loss, settings), TrainingPart(batch=CLIPS), scaler, torch.device("cpu"))
    training_mode(dual, loss, ())
    return Sides(learner, plain.train(), torch.optim.Adam(plain.parameters(), lr=LEARNING_RATE))


def linear_of(projection: nn.Module) -> dict[str, Tensor]:
    """The weights of the one linear layer of a projection, by torch's names."""
    return {name.rsplit(".", 1)[-1]: value for name, value in projection.state_dict().items()}


def shared_weights(dual: DualEncoder, plain: Plain) -> Iterator[tuple[str, Tensor, Tensor]]:
    """Every weight of both sides: its name, ours, theirs."""
    theirs = dict(plain.named_parameters())
    places = {
        "audio.encoder.": "passt.",
        "text.transformer.": "bert.",
        "audio_projection.": "project_audio.",
        "text_projection.": "project_text.",
    }
    for name, weight in dual.named_parameters():
        prefix = next((prefix for prefix in places if name.startswith(prefix)), None)
        rest = name if prefix is None else name.removeprefix(prefix)
        rest = rest.rsplit(".", 1)[-1] if prefix and prefix.endswith("projection.") else rest
        yield name, weight, theirs[(places[prefix] if prefix else "") + rest]


@contextlib.contextmanager
def no_dropout_and_equal_patches(sides: Sides) -> Iterator[None]:
    """Make both sides compute the same: no dropout, and torch's generator in one state when patches are drawn."""
    drops = [module for net in (sides.learner.dual, sides.plain) for module in net.modules() if isinstance(module, nn.Dropout)]
    attention = [
        m for net in (sides.learner.dual, sides.plain) for m in net.modules() if isinstance(getattr(m, "dropout_prob", None), float)
    ]
    rates, others = [drop.p for drop in drops], [module.dropout_prob for module in attention]
    for drop in drops:
        drop.p = 0.0
    hooks = [
        net.register_forward_pre_hook(lambda *_: torch.manual_seed(7) and None)
        for net in (sides.learner.dual.audio.encoder, sides.plain.passt)
    ]
    try:
        yield
    finally:
        for drop, rate in zip(drops, rates, strict=True):
            drop.p = rate
        for module, rate in zip(attention, others, strict=True):
            module.dropout_prob = rate
        for hook in hooks:
            hook.remove()


def check(sides: Sides, batch: Batch) -> None:
    """Print how far losses and gradients are apart for one batch; exit when they are not the same step."""
    with no_dropout_and_equal_patches(sides):
        ours = compute_gradients(sides.learner, batch, 0)
        there = sides.plain_loss(batch)
        there.backward()  # type: ignore[no-untyped-call]
    pairs = [(name, mine.grad, other.grad) for name, mine, other in shared_weights(sides.learner.dual, sides.plain)]
    lone = [name for name, mine, other in pairs if (mine is None) != (other is None)]
    learnt = [(name, mine, other) for name, mine, other in pairs if mine is not None and other is not None]
    total = math.sqrt(sum(float(other.square().sum()) for _, _, other in learnt))
    # a bias of keys has a gradient of nought, of which only rounding is seen
    worst, place = max((float((mine - other).norm() / other.norm().clamp_min(1e-4 * total)), name) for name, mine, other in learnt)
    sides.learner.optimizer.zero_grad(set_to_none=True), sides.adam.zero_grad()
    print(
        f"same weights, same patches: losses {ours:.6f} and {float(there):.6f}; of {len(learnt)} gradients the furthest apart is {place}, by {worst:.1e}"
    )
    if abs(ours - float(there)) > 1e-4 or worst > 1e-3 or lone:
        raise SystemExit(f"These are not the same step. {lone}")


def batches(clotho: Path | None, *, full: bool, seed: int, num_clips: int = CLIPS) -> Iterator[Batch]:
    """Batches of noise, as long and with captions as Clotho's clips; `full`: all of them 30 s."""
    generator = np.random.default_rng(seed)
    clips = json.loads(clotho.read_text(encoding="utf-8"))["data"] if clotho else None
    while True:
        if clips is None:
            seconds, texts = list(generator.uniform(15, 30, num_clips)), CAPTIONS[:num_clips]
        else:
            chosen = [clips[number] for number in generator.choice(len(clips), num_clips, replace=False)]
            seconds = [min(LONGEST_S, clip["duration"]) for clip in chosen]
            texts = tuple(clip[f"caption_{generator.integers(1, 6)}"] for clip in chosen)
        counts = tuple(LONGEST_S * RATE_HZ if full else int(each * RATE_HZ) for each in seconds)
        wave = torch.zeros(num_clips, max(counts))
        for row, count in enumerate(counts):
            wave[row, :count] = torch.from_numpy(generator.standard_normal(count, np.float32)) / 10
        numbers = tuple(range(num_clips))
        yield Batch(wave, counts, tuple(texts), torch.tensor(numbers), tuple(map(str, numbers)), numbers)


def as_it_comes() -> None:
    """Undo `keep_memory`: glibc's own limits, as they are after a program's first large tensors, and what is free goes back."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        for what, value in ((-4, 65_536), (-3, 32 << 20), (-1, 64 << 20)):  # M_MMAP_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD
            libc.mallopt(what, value)
        libc.malloc_trim(0)


def seconds_of(work: Callable[[], object]) -> tuple[float, float]:
    """How long a call takes, and how long processors worked for it."""
    began, worked = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - worked


def measure(sides: Sides, name: str, source: Iterator[Batch], rounds: int, *, is_warm: bool) -> None:
    """Print the medians of interleaved steps and their ratio."""
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for step in range(rounds + (not is_warm)):
        batch = next(source)
        keep_memory()
        ours.append(seconds_of(lambda: sides.ours(batch, step)))  # noqa: B023 - called at once
        as_it_comes()
        theirs.append(seconds_of(lambda: sides.theirs(batch)))  # noqa: B023
    for label, number in (("by the clock", 0), ("processor time", 1)):  # a first round warms, and makes Adam's means
        mine, plain = ([each[number] for each in side[-rounds:]] for side in (ours, theirs))
        pairs = sorted(there / here for here, there in zip(mine, plain, strict=True))
        here, there = statistics.median(mine), statistics.median(plain)
        print(
            f"{name}, {label}: ours {here:.2f} s, plain {there:.2f} s, ratio {there / here:.2f} (rounds: {pairs[0]:.2f} to {pairs[-1]:.2f})",
            flush=True,
        )


def profile(sides: Sides, batch: Batch) -> None:
    """Print what the time of each side goes to."""
    for name, work in (("ours", lambda: sides.ours(batch, 0)), ("plain", lambda: sides.theirs(batch))):
        work()
        with torch.profiler.profile() as found:
            work()
        print(name, found.key_averages().table(sort_by="self_cpu_time_total", row_limit=28, max_name_column_width=50), sep="\n")


def main() -> None:
    """Check that both sides do the same, and print how long each takes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--code", type=Path, metavar="FOLDER", help="where hear21passt can be imported from")
    parser.add_argument("--clotho", type=Path, metavar="FILE", help="JSON with Clotho's durations and captions")
    parser.add_argument("--precision", nargs="+", choices=("32", "bf16"), default=["32", "bf16"])
    parser.add_argument("--lengths", nargs="+", choices=("full", "clotho"), default=["full", "clotho"], help="full: all sounds 30 s long")
    parser.add_argument("--clips", type=int, choices=range(2, CLIPS + 1), default=CLIPS, metavar=f"2..{CLIPS}", help="sounds in a step")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--rounds", type=int, default=3, help="measured steps of each side and case, besides one to warm up for each precision"
    )
    parser.add_argument("--profile", action="store_true", help="print where the time goes, and stop")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.filterwarnings("ignore")
    sides = build(options.code)
    check(sides, next(batches(options.clotho, full=False, seed=1, num_clips=2)))
    named = {"full": f"{options.clips} x 30 s", "clotho": f"{options.clips} sounds as long as Clotho's"}
    for precision, length in itertools.product(options.precision, options.lengths):
        sides.precision = precision
        source = batches(options.clotho, full=length == "full", seed=2, num_clips=options.clips)
        if options.profile:
            profile(sides, next(source))
        else:
            is_warm = length != options.lengths[0]
            measure(sides, f"{named[length]}, {'32 bits' if precision == '32' else precision}", source, options.rounds, is_warm=is_warm)


if __name__ == "__main__":
    main()
