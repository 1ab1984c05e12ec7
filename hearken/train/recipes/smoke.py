"""The smoke form of a recipe: everything it says is kept, but small, so that two real updates take seconds on one core.

Kept are the loss, augmentation, optimizer, temperature, projection, text policy, pooling, dropout, segment rule, front end,
distillation, what is frozen and how captions are made; warm-up and ramp shrink with the number of epochs. Small are the encoders (the
narrow ones of the same family, with random weights), the shared space, the batch, segments and clips, test-time augmentation, and the data. fp16 becomes bf16:
with fp16 the first updates are skipped until the scale of the loss fits, and there are only two.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

from hearken.errors import MissingDataError
from hearken.models import weights
from hearken.models.audio_table import audio_entry, resolve
from hearken.models.config import AudioConfig
from hearken.models.text_table import WORD2VEC
from hearken.train.augmentation import build_augmentation
from hearken.train.build import build_model, build_tower_of
from hearken.train.captioning.begun import BegunCaptioner
from hearken.train.recipe import AudioPart, DataPart, DecoderPart, ModelPart, Named, Recipe, SchedulePart, Source, TextPart, TrainingPart
from hearken.train.recipes.captioner import LEAST_PIECES
from hearken.train.recipes.smoke_data import Material, write_material
from hearken.train.step import Model

NUM_STEPS = 2
BATCH = 4
DIM = 64
SEGMENT_S, CLIP_S = 2.0, 3.0
TTA = "4:2x2"
TINY_TEXT = "bert-tiny"
TINY_AUDIO = {
    "act": "act_tiny",
    "passt": "passt_tiny",
    "htsat": "htsat_mini",
    "panns": "cnn10_tiny",
    "panns_resnet": "cnn10_tiny",
    "panns_wavegram": "cnn10_tiny",
}
"""Module of an encoder to the narrow one that stands for it; the encoders of other modules are small enough."""
TINY_PATCHOUT = (2, 3)
_SIDE_BY_SIDE = {"wide": "cnn10_tiny", "narrow": "htsat_mini"}
_WITHOUT_WORDNET = ["swap", "delete"]


def smoke(recipe: Recipe, corpus: str | None = None, folder: Path | None = None) -> Recipe:
    """Return the smoke form of `recipe` on a few clips of `corpus` (None: imitated sounds), with its files written below `folder`.

    The default folder is in the user's cache. The same recipe and corpus give the same form. Models to start from and teachers become a
    small model with random weights. Raises what `write_material` raises.
    """
    folder = folder or default_folder()
    material = write_material(folder, corpus)
    model = _model(recipe.model, material)
    start = _start(model, folder, material) if recipe.model.start or recipe.teachers else ""
    return replace(
        recipe,
        name=f"{recipe.name}-smoke",
        about=replace(recipe.about, rows=tuple(replace(row, tta=TTA) if row.tta else row for row in recipe.about.rows)),
        model=replace(model, start=start) if recipe.model.start else model,
        data=_data(recipe.data, material),
        augment=tuple(map(_without_wordnet, recipe.augment)),
        schedule=_schedule(recipe.schedule, recipe.training.epochs),
        training=_training(recipe.training, recipe.data),
        teachers=(start,) * len(recipe.teachers),
    )


def default_folder() -> Path:
    """Return where the files of smoke runs are."""
    import platformdirs

    return platformdirs.user_cache_path("hearken") / "smoke"


def _model(part: ModelPart, material: Material) -> ModelPart:
    if part.decoder is not None:
        return replace(part, start="", audio=_audio(part.audio), decoder=_decoder(part.decoder))
    text = _text(part.text, material)
    dim = part.dim if part.projection == "none" else min(part.dim, DIM)
    return replace(part, start="", audio=_audio(part.audio), text=text, dim=dim)


def _audio(part: AudioPart) -> AudioPart:
    entry = audio_entry(part.name)
    chosen = resolve(AudioConfig(part.name, dict(part.options), part.rule, part.segment_s))
    options = {key: value for key, value in part.options.items() if key == "front_end"}
    if part.name == "cnn14_htsat":
        return replace(part, weights="random", options={**options, **_SIDE_BY_SIDE}, segment_s=SEGMENT_S, rule=chosen.rule)
    if "patchout" in chosen.options:
        options["patchout"] = list(TINY_PATCHOUT)
    name = TINY_AUDIO.get(entry.module, part.name)
    if name == "htsat_mini":
        options["segment_s"] = SEGMENT_S
    elif name == part.name:
        options = dict(part.options)
    return replace(part, name=name, weights="random", options=options, segment_s=SEGMENT_S, rule=chosen.rule)


def _decoder(part: DecoderPart) -> DecoderPart:
    return replace(
        part, width=min(part.width, DIM), num_layers=min(part.num_layers, 2), num_heads=min(part.num_heads, 4), hidden=min(part.hidden, 2 * DIM),
        num_pieces=LEAST_PIECES,
    )  # fmt: skip


def _text(part: TextPart, material: Material) -> TextPart:
    if part.name == WORD2VEC:
        return replace(part, weights="random", words=str(material.words))
    return replace(part, name=TINY_TEXT, weights="random")


def _data(part: DataPart, material: Material) -> DataPart:
    table = str(material.table)
    construction = next((source.construction for source in part.train if source.construction), "")
    return replace(
        part,
        train=(Source(table, splits=("train",), construction=construction),),
        validation=(f"{table}:validation",) if part.validation else (),
        test=(f"{table}:test",) if part.test else (),
        max_duration_s=CLIP_S,
        variations=str(material.variations) if part.variations else "",
        blacklists=(),
    )


def _without_wordnet(step: Named) -> Named:
    """The step itself, but for EDA where its WordNet is not here: then only what needs none."""
    try:
        build_augmentation((step,))
    except MissingDataError:
        return replace(step, options={**step.options, "operations": _WITHOUT_WORDNET})
    return step


def _schedule(part: SchedulePart, epochs: int) -> SchedulePart:
    end = None if part.end_epoch is None else part.end_epoch / epochs
    return replace(part, warmup_epochs=part.warmup_epochs / epochs, end_epoch=end)


def _training(part: TrainingPart, data: DataPart) -> TrainingPart:
    """One epoch of two steps: eight pairs of six clips, or six where each clip counts once, or has one caption made of its title."""
    is_double = data.captions == "all" and not any(source.construction for source in data.train)
    batch = BATCH if is_double else BATCH - 1
    return replace(
        part,
        epochs=1,
        batch=batch,
        accumulate=min(part.accumulate, 2) if is_double else 1,
        cache_batch=None if part.cache_batch is None else 2,
        precision="bf16" if part.precision == "fp16" else part.precision,
        validate_every_epochs=1,
    )


def _start(part: ModelPart, folder: Path, material: Material) -> str:
    """Return the folder of a small model with random weights, made if it is not there."""
    name = hashlib.sha256(json.dumps(asdict(part), sort_keys=True).encode()).hexdigest()[:16]
    place = folder / "models" / name
    if not (place / weights.CONFIG).is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        _built(part, material).save_pretrained(place)
    return str(place)


def _built(part: ModelPart, material: Material) -> Model:
    """A small model with random weights; a captioner has the words of the clips."""
    if part.decoder is None:
        return build_model(part, seed=0)
    audio, config = build_tower_of(part.audio, seed=0)
    begun = BegunCaptioner(audio, config, part.decoder, seed=0)
    rows = [json.loads(line) for line in material.table.read_text(encoding="utf-8").splitlines()]
    captions = [str(caption) for row in rows for caption in row["captions"]]
    with tempfile.TemporaryDirectory() as folder_name:
        return begun.complete(lambda: captions, Path(folder_name) / "words.json", is_new=True, is_first=True, wait=lambda: None)
