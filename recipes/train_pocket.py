"""Train the pocket model: mn04 ears + MiniLM words, from the tag bridge to a jointly trained dual encoder.

    python recipes/pocket_texts.py --shared ../shared --out build/pocket-texts.json
    python recipes/train_pocket.py --shared ../shared --texts build/pocket-texts.json --out build/pocket          # half an hour on one core
    python recipes/train_pocket.py --shared ../shared --texts build/pocket-texts.json --out build/pocket --smoke  # a few real steps

Expected (dev split of `shared/audio`): see the model card. The tag bridge is the initialisation; all weights are trained
contrastively on the train split. Anchors keep what the pretrained halves know: sounds near their teachers' bridges, captions near
MiniLM, AudioCaps captions near their AudioSet tags. Weights are averaged over steps, and the dev split picks the epoch and how far to
go from the initialisation. Then the text tower learns order (`pocket_order.py`).
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
from pocket_order import OrderSteps, teach_order
from pocket_scenes import Phrases
from pocket_steps import Settings, Steps, Texts
from pocket_teachers import Teachers
from pocket_towers import MINILM, Words, between, initialise, student_of
from safetensors.torch import save_file
from torch import nn

from hearken.models.pocket import PocketAudio
from hearken.runtime.model import load_model

SHARES = (0.6, 0.8, 1.0)
NUM_PLAIN = 12_000  # captions from everywhere that learning order draws from


def optimiser(
    audio: PocketAudio, words: Words, chosen: Settings, num_steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """AdamW with a rate for each part, linear warm-up over a tenth, cosine to zero. The audio tower's turn is not learned."""
    audio.turn.requires_grad_(False)
    features = list(audio.tagger.features.parameters())
    head = [p for p in audio.parameters() if p.requires_grad and not any(p is other for other in features)]
    groups = [
        {"params": features, "lr": chosen.rate_features},
        {"params": head, "lr": chosen.rate_head},
        {"params": list(words.parameters()), "lr": chosen.rate_text},
    ]
    adam = torch.optim.AdamW(groups, weight_decay=chosen.weight_decay)
    warm = max(1, num_steps // 10)

    def rate(step: int) -> float:
        return min((step + 1) / warm, 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / num_steps)))))

    return adam, torch.optim.lr_scheduler.LambdaLR(adam, rate)


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


def read_texts(shared: Path, path: Path, own_words: float) -> tuple[Phrases, Texts]:
    """Return the ways to say each caption, and the texts that teach without sound, out of what `pocket_texts.py` wrote to `path`.

    Ways to say less ("an animal") are left out: they are no less true of others.
    """
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    others = {caption: tuple(item["text"] for item in items if item["how"] != "broader") for caption, items in found["captions"].items()}
    tagged = [(item["text"], tuple(item["tags"])) for item in found["tagged"] if item["how"] == "audiocaps"]
    return Phrases(others, own_words), Texts(tagged, plain_captions(shared))


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
    """Train, keep the best on dev, teach it order, and write the model folder."""
    train_clips, dev_clips = (load_clips(options.shared, split, options.cache) for split in ("train", "dev"))
    if {clip.group for clip in train_clips} & {clip.group for clip in dev_clips}:
        raise SystemExit("train and dev share recordings; refusing to train")
    start, words = initialise(options.shared, chosen.turn)
    audio = student_of(start, chosen.design)
    first = copy.deepcopy(audio), copy.deepcopy(words)
    known = {clip.caption for clip in train_clips}
    teachers = Teachers(start, first[1], train_clips, options.shared, options.cache, chosen.teachers)
    learned = [place for place, clip in enumerate(train_clips) if fold_of(clip.group) != options.without]
    phrases, texts = read_texts(options.shared, options.texts, chosen.own_words)
    steps = Steps(audio, words, [train_clips[place] for place in learned], texts, phrases, teachers.only(learned), chosen)
    bridge = measure_towers(start, first[1].as_arrays, dev_clips, known, slope=False)
    print("bridge", json.dumps(bridge), flush=True)
    started = time.monotonic()
    best, best_figures, best_share = first, bridge, 0.0
    for epoch, losses, *average in train(audio, words, steps.clips, steps, chosen, 2 if options.smoke else None):
        print(f"epoch {epoch} {time.monotonic() - started:.0f} s {json.dumps({k: round(v, 4) for k, v in losses.items()})}", flush=True)
        for share in shares(chosen, epoch):
            mixed = between(first[0], average[0], share), between(first[1], average[1], share)
            figures = measure_towers(mixed[0], mixed[1].as_arrays, dev_clips, known, slope=False)
            print(f"epoch {epoch} share {share} {json.dumps(figures)} {time.monotonic() - started:.0f} s", flush=True)
            if merit(figures) > merit(best_figures):
                best, best_figures, best_share = copy.deepcopy(mixed), figures, share
                save_weights(best, options.out.with_name(f"{options.out.name}-joint"))
    hears_slope = chosen.design != "mean"
    found = {"bridge": bridge, "joint": best_figures}
    if hears_slope:
        order(best, texts, phrases, sorted(known), chosen, 2 if options.smoke else chosen.order_steps)
        save_weights(best, options.out)
    found["pocket"] = measure_towers(best[0], best[1].as_arrays, dev_clips, known, slope=hears_slope)
    print(f"order {json.dumps(found['pocket'])} {time.monotonic() - started:.0f} s", flush=True)
    ship(best, options.out, found, dev_clips, known, hears_slope=hears_slope)
    record(options.out, {**asdict(chosen), "share": best_share}, found, steps.clips)


def order(towers: tuple[PocketAudio, Words], texts: Texts, phrases: Phrases, own: Sequence[str], chosen: Settings, num_steps: int) -> None:
    """Teach the text tower order, in place, where the audio tower tells it; see `pocket_order`."""
    audio, words = towers
    drawn = np.random.default_rng(chosen.seed).choice(len(texts.plain), NUM_PLAIN, replace=False)
    steps = OrderSteps(words, audio.turn, [texts.plain[place] for place in np.sort(drawn)], own, phrases, chosen)
    teach_order(words, steps, chosen, num_steps)


def ship(
    towers: tuple[PocketAudio, Words], out: Path, found: dict[str, Any], clips: list[Clip], known: set[str], *, hears_slope: bool
) -> None:
    """Write the model folder, and add to `found` how good it is as written. Raises SystemExit where 8 bits cost more than 1 %."""
    export(towers[0], towers[1].tower, out, tokenizer=MINILM / "tokenizer.json", hears_slope=hears_slope)
    shipped = measure_towers(towers[0], load_model(out).encode_text, clips, known, slope=hears_slope)
    found["pocket as shipped"] = shipped
    if shipped["mAP"] < 0.99 * found["pocket"]["mAP"]:
        raise SystemExit(f"the int8 text tower costs more than 1 %: {shipped} instead of {found['pocket']}")


if __name__ == "__main__":
    main()
