"""Train the pocket model: mn04 ears + MiniLM words, from the tag bridge to a jointly trained dual encoder.

    python recipes/pocket_texts.py --shared ../shared --out build/pocket-texts.json
    python recipes/train_pocket.py --shared ../shared --texts build/pocket-texts.json --out build/pocket          # half an hour on one core
    python recipes/train_pocket.py --shared ../shared --texts build/pocket-texts.json --out build/pocket --smoke  # a few real steps

Expected (dev split of `shared/audio`): see the model card. The tag bridge is the initialisation; all weights but those of
the lowest layers are trained contrastively on the train split: clips in several phrasings, mixtures, sequences in both
orders, and the best moment of each clip. Anchors keep what the pretrained halves know: whole clips near the mean bridge of
two taggers, moments near that of one, captions near MiniLM, AudioCaps captions near their AudioSet tags. Weights are averaged over steps,
and the dev split picks the epoch and how far to go from the initialisation.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pocket_data import Clip, epoch_batches, fold_of, load_clips, plain_captions
from pocket_export import export, record
from pocket_measure import measure_towers
from pocket_scenes import Phrases
from pocket_steps import Settings, Steps, Texts
from pocket_teachers import Teachers
from pocket_towers import MINILM, Words, between, initialise, student_of
from safetensors.torch import save_file
from torch import nn

from hearken.models.mobilenet import MobileNetV3
from hearken.models.pocket import PocketAudio
from hearken.runtime.model import load_model

SHARES = (0.6, 0.8, 1.0)
NUM_PLAIN = 12_000  # of plain captions: more than a training draws


def optimiser(
    audio: PocketAudio, words: Words, chosen: Settings, num_steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW with a rate for each part, linear warm-up over a tenth, cosine to zero; the lowest layers of the ears stay."""
    if isinstance(audio.tagger, MobileNetV3):
        audio.tagger.features[: chosen.frozen_layers].requires_grad_(False)
    head = [p for name, p in audio.named_parameters() if ".features." not in name]
    groups = [
        {"params": [p for p in audio.tagger.features.parameters() if p.requires_grad], "lr": chosen.rate_features},
        {"params": head, "lr": chosen.rate_head},
        *text_groups(words, chosen, chosen.rate_text),
    ]
    adam = torch.optim.AdamW(groups, weight_decay=chosen.weight_decay)
    warm = max(1, num_steps // 10)

    def rate(step: int) -> float:
        return min((step + 1) / warm, 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / num_steps)))))

    return adam, torch.optim.lr_scheduler.LambdaLR(adam, rate)


def text_groups(words: Words, chosen: Settings, rate: float) -> list[dict[str, Any]]:
    """Return the text tower's weights; what is new to it, the sense and the turn, learns `rate_sense` times as fast."""
    new = [*words.tower.sense.parameters(), *words.tower.turn.parameters()]
    known = [p for p in words.parameters() if not any(p is other for other in new)]
    return [{"params": known, "lr": rate}, {"params": new, "lr": rate * chosen.rate_sense}]


def teach_order(words: Words, steps: Steps, chosen: Settings, num_steps: int) -> None:
    """Train the text tower alone, in place, to tell order where the audio tower tells it."""
    adam = torch.optim.AdamW(text_groups(words, chosen, chosen.rate_text_alone), weight_decay=chosen.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: min(1.0, (step + 1) / 20) * (1 - step / num_steps))
    for step in range(num_steps):
        loss = steps.text_loss(np.random.default_rng([chosen.seed, 1_000_000 + step]))
        adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(words.parameters(), 1.0)
        adam.step()
        schedule.step()


def train(
    audio: PocketAudio, words: Words, clips: list[Clip], steps: Steps, chosen: Settings, max_steps: int | None
) -> Iterator[tuple[int, dict[str, float], PocketAudio, Words]]:
    """Train in place; yield (epoch, mean losses, averaged audio tower, averaged text tower) after each epoch.

    Batch-norm statistics and dropout stay as pretrained (eval mode): batches hold few lengths at a time, and their
    statistics would be noise.
    """
    num_steps = chosen.epochs * sum(1 for _ in epoch_batches(clips, chosen.batch, mix=0.0, seed=0, epoch=0))
    adam, schedule = optimiser(audio, words, chosen, num_steps)
    averages = [
        torch.optim.swa_utils.AveragedModel(m, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(chosen.average))
        for m in (audio, words)
    ]
    for epoch in range(chosen.epochs):
        losses: dict[str, list[float]] = {}
        for step, batches in enumerate(epoch_batches(clips, chosen.batch, mix=chosen.mix, seed=chosen.seed, epoch=epoch)):
            if step == max_steps:
                break
            parts = steps.loss(batches, np.random.default_rng([chosen.seed, epoch, step]))
            adam.zero_grad()
            torch.stack(list(parts.values())).sum().backward()
            nn.utils.clip_grad_norm_([*audio.parameters(), *words.parameters()], 1.0)
            adam.step()
            schedule.step()
            for average, model in zip(averages, (audio, words), strict=True):
                average.update_parameters(model)
            for name, part in parts.items():
                losses.setdefault(name, []).append(part.item())
        yield epoch, {name: float(np.mean(values)) for name, values in losses.items()}, averages[0].module, averages[1].module


def read_texts(shared: Path, words: Words, cache: Path, path: Path, own_words: float) -> tuple[Phrases, Texts]:
    """Return the ways to say each caption, and the texts that teach without sound, out of what `pocket_texts.py` wrote to `path`.

    Where MiniLM puts plain captions is kept in `cache`. Ways to say less ("an animal") are left out: they are no less true of others.
    """
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    others = {caption: tuple(item["text"] for item in items if item["how"] != "broader") for caption, items in found["captions"].items()}
    tagged = [(item["text"], tuple(item["tags"])) for item in found["tagged"]]
    alike = frozenset(frozenset(pair) for pair in found["alike"])
    everything = plain_captions(shared)
    plain = [everything[place] for place in np.sort(np.random.default_rng(0).choice(len(everything), NUM_PLAIN, replace=False))]
    stored = cache / "plain.npy"
    if not stored.exists():
        cache.mkdir(parents=True, exist_ok=True)
        order = sorted(range(len(plain)), key=lambda i: len(plain[i]))  # alike in length: little padding
        out = np.empty((len(plain), 384), np.float16)
        for start in range(0, len(order), 256):
            out[order[start : start + 256]] = words.in_parts([plain[i] for i in order[start : start + 256]]).numpy()
        np.save(stored, out)
    anchors = torch.from_numpy(np.load(stored))
    return Phrases(others, own_words), Texts(tagged, plain, anchors, [(one, two) for one, two in found["pairs"]], alike)


def save_weights(towers: Sequence[nn.Module], out: Path) -> None:
    """Keep two towers as safetensors beside the model folder `out`."""
    out.parent.mkdir(parents=True, exist_ok=True)
    for name, tower in zip(("audio", "text"), towers, strict=True):
        save_file({key: value.contiguous() for key, value in tower.state_dict().items()}, out.with_name(f"{out.name}-{name}.safetensors"))


def shares(chosen: Settings, epoch: int) -> tuple[float, ...]:
    """Return how far to go from the start at the end of `epoch`; random weights are no start to stay near to."""
    is_last = epoch == chosen.epochs - 1
    if chosen.design == "passt" or not is_last:
        return SHARES[-1:] if is_last or epoch % 2 else ()
    return SHARES


def merit(figures: dict[str, float]) -> float:
    """Return what the best epoch is chosen by: known and unknown words alike."""
    return figures["mAP"] + figures["mAP_unseen"]


def main() -> None:
    """Parse the command line and run the recipe."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("build/pocket-cache"))
    parser.add_argument("--texts", type=Path, required=True, help="what pocket_texts.py wrote")
    parser.add_argument(
        "--without", type=int, default=-1, metavar="FOLD", help="leave out one of five folds of recordings, for calibration"
    )
    parser.add_argument("--smoke", action="store_true", help="two steps only")
    for name, value in asdict(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    options = parser.parse_args()
    chosen = Settings(**{name: getattr(options, name) for name in asdict(Settings())})
    if options.smoke:
        chosen = replace(chosen, epochs=1)
    torch.manual_seed(chosen.seed)
    run(options, chosen)


def run(options: argparse.Namespace, chosen: Settings) -> None:
    """Train, keep the best on dev, and write the model folder."""
    train_clips, dev_clips = (load_clips(options.shared, split, options.cache) for split in ("train", "dev"))
    if {clip.group for clip in train_clips} & {clip.group for clip in dev_clips}:
        raise SystemExit("train and dev share recordings; refusing to train")
    start, words = initialise(options.shared)
    audio = student_of(start, chosen.design)
    first = copy.deepcopy(audio), copy.deepcopy(words)
    known, heeds_slope = {clip.caption for clip in train_clips}, chosen.design != "mean"
    teachers = Teachers(start, first[1], train_clips, options.shared, options.cache)
    learned = [place for place, clip in enumerate(train_clips) if fold_of(clip.group) != options.without]
    phrases, texts = read_texts(options.shared, first[1], options.cache, options.texts, chosen.own_words)
    steps = Steps(audio, words, [train_clips[place] for place in learned], texts, phrases, teachers.only(learned), chosen)
    bridge = measure_towers(start, first[1].as_arrays, dev_clips, known, slope=False)
    print("bridge", json.dumps(bridge), flush=True)
    started = time.monotonic()
    if heeds_slope:
        teach_order(words, steps, chosen, 2 if options.smoke else chosen.text_steps)
        first = first[0], copy.deepcopy(words)
    best, best_figures, best_share = first, measure_towers(first[0], first[1].as_arrays, dev_clips, known, slope=heeds_slope), 0.0
    print(f"start {json.dumps(best_figures)} {time.monotonic() - started:.0f} s", flush=True)
    for epoch, losses, *average in train(audio, words, steps.clips, steps, chosen, 2 if options.smoke else None):
        print(f"epoch {epoch} {time.monotonic() - started:.0f} s {json.dumps({k: round(v, 4) for k, v in losses.items()})}", flush=True)
        for share in shares(chosen, epoch):
            mixed = between(first[0], average[0], share), between(first[1], average[1], share)
            figures = measure_towers(mixed[0], mixed[1].as_arrays, dev_clips, known, slope=heeds_slope)
            print(f"epoch {epoch} share {share} {json.dumps(figures)} {time.monotonic() - started:.0f} s", flush=True)
            if merit(figures) > merit(best_figures):
                best, best_figures, best_share = copy.deepcopy(mixed), figures, share
                save_weights(best, options.out)
    export(best[0], best[1].tower, options.out, tokenizer=MINILM / "tokenizer.json", hears_slope=heeds_slope)
    texts_as_shipped = load_model(options.out).encode_text
    shipped = measure_towers(best[0], texts_as_shipped, dev_clips, known, slope=heeds_slope)
    if shipped["mAP"] < 0.99 * best_figures["mAP"]:
        raise SystemExit(f"the int8 text tower costs more than 1 %: {shipped} instead of {best_figures}")
    found = {"bridge": bridge, "pocket": best_figures, "pocket as shipped": shipped}
    record(options.out, {**asdict(chosen), "share": best_share}, found, steps.clips)


if __name__ == "__main__":
    main()
