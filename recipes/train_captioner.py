"""Train a small decoder on pocket's vectors: the rival of the bank of captions that Hearken ships.

    python recipes/train_captioner.py --shared ../shared --out build/decoder          # about half an hour on 2 cores
    python recipes/train_captioner.py --shared ../shared --out build/decoder --smoke  # two real steps, a minute

Words alone teach most of it: a caption's text vector, with noise, stands for the sound that it describes (Nukrai, Mokady and Globerson 2022,
CapDec; Deshmukh et al. 2024, "Training audio captioning models without audio"), moved by the mean difference of sounds and texts. Real
recordings and mixtures of two teach what such vectors lack. Half of the batches are of one kind, half of the other.

Expected, on the dev split of `shared/audio`: docs/captions.md. The folder that it writes is a captioner: `hearken caption --model build/decoder`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from captioner_data import Heard, mixtures, plain_captions, real_sounds, text_vectors
from torch import Tensor
from torch.nn import functional

from hearken.caption.captioner import OnnxCaptioner
from hearken.caption.decoding import Decoding
from hearken.caption.heard import MAX_WINDOWS
from hearken.export.captioner import export_decoder
from hearken.metrics.captioning.cider_d import cider_d
from hearken.models.config import DecoderConfig
from hearken.models.decoder import Heard as Read
from hearken.models.decoder import PrefixDecoder
from hearken.runtime.model import Model, load_model
from hearken.text.vocabulary import PieceVocabulary
from hearken.types import FloatArray

NOT_COUNTED = -100


@dataclass(frozen=True)
class Settings:
    """All numbers of the recipe; `training.json` records them."""

    seed: int = 0
    steps: int = 3600
    batch: int = 64
    vocabulary: int = 3000
    width: int = 192
    num_layers: int = 3
    dropout: float = 0.1
    rate: float = 1e-3
    weight_decay: float = 0.01
    smoothing: float = 0.1
    heard_share: float = 0.5
    mixed_share: float = 0.2
    own_share: float = 0.25
    text_noise: float = 0.03
    heard_noise: float = 0.02
    mixtures: int = 1000
    beam: int = 5


@dataclass(frozen=True)
class Lessons:
    """What batches are drawn from: sounds, mixtures, and texts with vectors (R, D), the first `num_own` of which are the recordings' captions."""

    sounds: list[Heard]
    mixed: list[Heard]
    texts: list[str]
    vectors: FloatArray
    num_own: int
    weights: np.ndarray

    def draw(self, settings: Settings, generator: np.random.Generator) -> list[tuple[FloatArray, str]]:
        """Return a batch of places (S, D) and captions, all of one kind, so that rows are of a length."""
        draw = self._sound if generator.random() < settings.heard_share else self._text
        return [draw(settings, generator) for _ in range(settings.batch)]

    def _sound(self, settings: Settings, generator: np.random.Generator) -> tuple[FloatArray, str]:
        if self.mixed and generator.random() < settings.mixed_share:
            sound = self.mixed[generator.integers(len(self.mixed))]
            places = sound.places
        else:
            sound = self.sounds[generator.choice(len(self.sounds), p=self.weights)]
            places = _fewer(sound.places, generator)
        return _noisy(places, settings.heard_noise, generator), sound.caption

    def _text(self, settings: Settings, generator: np.random.Generator) -> tuple[FloatArray, str]:
        own = generator.random() < settings.own_share
        number = int(generator.integers(self.num_own) if own else generator.integers(self.num_own, len(self.texts)))
        return _noisy(self.vectors[[number]], settings.text_noise, generator), self.texts[number]


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    settings = Settings(steps=2, mixtures=4) if options.smoke else Settings()
    model, generator = load_model("pocket"), np.random.default_rng(settings.seed)
    lessons = read(options.shared, model, settings, generator, options.out.parent / "captioner-cache", smoke=options.smoke)
    vocabulary = PieceVocabulary.learn(lessons.texts, size=settings.vocabulary)
    decoder = train(lessons, vocabulary, settings, generator, model.dim)
    write(options.out, decoder, vocabulary, model, settings)
    dev = real_sounds(options.shared, "dev")[:: 200 if options.smoke else 1]
    figures = measure(OnnxCaptioner(options.out), dev, model, lessons)
    record = {
        "settings": asdict(settings),
        "dev": figures,
        "licences": dict(Counter(sound.license for sound in lessons.sounds).most_common()),
    }
    (options.out / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


def read(shared: Path, model: Model, settings: Settings, generator: np.random.Generator, cache: Path, *, smoke: bool) -> Lessons:
    """Return all that is learnt from."""
    sounds = real_sounds(shared, "train")
    mixed = mixtures(shared, sounds, model, settings.mixtures, generator)
    own, others = sorted({sound.caption for sound in sounds}), plain_captions(shared)
    texts = [*own, *(others[:100] if smoke else others)]
    vectors = text_vectors(texts, model, cache)
    gap = np.mean([sound.places[0] for sound in sounds], axis=0) - vectors[: len(own)].mean(axis=0)
    counts = Counter(sound.caption for sound in sounds)
    weights = np.array([counts[sound.caption] ** -0.5 for sound in sounds])  # between one vote a recording and one a caption
    return Lessons(sounds, mixed, texts, (vectors + gap).astype(np.float32), len(own), weights / weights.sum())


def train(lessons: Lessons, vocabulary: PieceVocabulary, settings: Settings, generator: np.random.Generator, dim: int) -> PrefixDecoder:
    """Return the trained decoder, in evaluation mode."""
    torch.manual_seed(settings.seed)
    config = DecoderConfig("prefix", settings.width, settings.num_layers, 4, 4 * settings.width, settings.dropout)
    decoder = PrefixDecoder(config, len(vocabulary), dim)
    optimizer = torch.optim.AdamW(decoder.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, settings.steps, pct_start=min(0.5, 100 / settings.steps))
    start, total = time.monotonic(), 0.0
    for step in range(1, settings.steps + 1):
        heard, tokens, wanted = _tensors(lessons.draw(settings, generator), vocabulary)
        with torch.autocast("cpu", torch.bfloat16):
            logits = decoder(tokens, heard).float()
        loss = functional.cross_entropy(
            logits.flatten(0, 1), wanted.flatten(), ignore_index=NOT_COUNTED, label_smoothing=settings.smoothing
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        total += float(loss.detach())
        if step % 200 == 0:
            print(f"step {step}: loss {total / 200:.3f}, {time.monotonic() - start:.0f} s", flush=True)
            total = 0.0
    return decoder.eval()


def write(out: Path, decoder: PrefixDecoder, vocabulary: PieceVocabulary, model: Model, settings: Settings) -> None:
    """Write the captioner's folder."""
    out.mkdir(parents=True, exist_ok=True)
    export_decoder(decoder, out / "decoder.onnx", int8=True)
    (out / "vocabulary.json").write_text(json.dumps(vocabulary.to_json()), encoding="utf-8")
    config = {
        "format": 1,
        "kind": "captioner",
        "design": "decoder",
        "name": "pocket-decoder",
        "summary": "a small decoder on pocket's vectors",
        "licence": "Apache-2.0 (captions of AudioCaps, MIT, were learnt from)",
        "model_digest": model.digest,
        "dim": model.dim,
        "max_places": 1 + MAX_WINDOWS,
        "decoding": Decoding(settings.beam, 25).to_json(),
        "files": {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in ("decoder.onnx", "vocabulary.json")},
    }
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def measure(captioner: OnnxCaptioner, dev: Sequence[Heard], model: Model, lessons: Lessons) -> dict[str, float]:
    """Return CIDEr-D on dev: of greedy captions, of the beam's best, and of the one of the beam whose text vector is nearest to the sound."""
    references = [[sound.caption] for sound in dev]
    heard = [sound.places for sound in dev]
    greedy = [made.text for made in captioner.captions(heard, Decoding(1, 25))]
    lists = [captioner.candidates(places) for places in heard]
    centre = np.mean([sound.places[0] for sound in lessons.sounds], axis=0) / 2  # half of what all sounds share says nothing
    texts = sorted({made.text for candidates in lists for made in candidates if made.text})
    vectors = dict(zip(texts, model.encode_text(texts), strict=True))

    def fit(places: FloatArray, text: str, score: float) -> float:
        return float((places[0] - centre) @ vectors[text]) + 0.1 * score if text else -np.inf

    nearest = [
        max(candidates, key=lambda made: fit(places, made.text, made.score)).text for places, candidates in zip(heard, lists, strict=True)
    ]
    systems = {"greedy": greedy, "beam": [candidates[0].text for candidates in lists], "beam, nearest to the sound": nearest}
    return {name: cider_d(texts, references).value for name, texts in systems.items()}


def _tensors(batch: list[tuple[FloatArray, str]], vocabulary: PieceVocabulary) -> tuple[Read, Tensor, Tensor]:
    """Places with their padding, tokens from the start, and the tokens that are wanted after each."""
    numbers = [vocabulary.encode(caption) for _, caption in batch]
    num_places, num_tokens = max(len(places) for places, _ in batch), max(map(len, numbers)) + 1
    values = np.zeros((len(batch), num_places, batch[0][0].shape[1]), np.float32)
    padding = np.ones((len(batch), num_places), bool)
    tokens = np.full((len(batch), num_tokens), vocabulary.pad)
    wanted = np.full((len(batch), num_tokens), NOT_COUNTED)
    for row, ((places, _), caption) in enumerate(zip(batch, numbers, strict=True)):
        values[row, : len(places)], padding[row, : len(places)] = places, False
        tokens[row, : len(caption) + 1] = [vocabulary.start, *caption]
        wanted[row, : len(caption) + 1] = [*caption, vocabulary.end]
    return Read(torch.from_numpy(values), torch.from_numpy(padding)), torch.from_numpy(tokens), torch.from_numpy(wanted)


def _fewer(places: FloatArray, generator: np.random.Generator) -> FloatArray:
    """The clip's place with some neighbours of its windows, half of the time."""
    if len(places) < 3 or generator.random() < 0.5:
        return places
    count = int(generator.integers(1, len(places)))
    start = int(generator.integers(1, len(places) - count + 1))
    return np.concatenate([places[:1], places[start : start + count]])


def _noisy(places: FloatArray, deviation: float, generator: np.random.Generator) -> FloatArray:
    noisy = places + generator.normal(0.0, deviation, places.shape).astype(np.float32)
    return (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)


if __name__ == "__main__":
    main()
