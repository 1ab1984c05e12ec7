"""What a training run is, as plain data: these dataclasses are a recipe's YAML and a run's `recipe.json`.

Every part has the defaults of Primus et al. (2023), section 2. A name is looked up in a closed table (`models/`, `losses/table.py`,
`train/augmentation.py`, ...): a recipe can name data, never code. Reading and checking is `read.py`'s affair.

Legend of units: `_s` seconds; an epoch is one pass over all pairs of a sound and a caption, a step is one update of the weights.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from hearken.models.config import TemperatureConfig

CaptionUse = Literal["all", "one"]
Leaks = Literal["drop", "refuse", "allow"]
Precision = Literal["32", "bf16", "fp16"]
Crop = Literal["random", "start"]
Positives = Literal["clip", "caption"]
VocabularyKind = Literal["words", "pieces"]


@dataclass(frozen=True)
class Row:
    """A row of a paper that a recipe stands for: `expected` holds its figures in percent, by `METRIC` or `CORPUS METRIC`.

    A metric is called as in validation, such as `t2a_mAP@10` or `a2t_R@1`; without a corpus it is of the only `data.test`. `besides` says
    what the row needs besides this training and its tests (a ground truth that nobody published); there are no figures of ours then. `tta` is
    the strategy of test-time augmentation that its figures are with: copies, and the sizes of groups at the encoder and at the output
    ("100:5x20", Kim et al. 2023).
    """

    table: str
    row: str
    expected: dict[str, float] = field(default_factory=dict)
    besides: str = ""
    tta: str = ""


@dataclass(frozen=True)
class About:
    """What a recipe is of: the `paper` (a key of `PAPERS`), its rows, and how it differs from what was published."""

    paper: str = ""
    summary: str = ""
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AudioPart:
    """The audio side: `name` of AUDIO_ENCODERS. `weights`: "pretrained" (the public file), "random", or a model folder.

    `options` (such as `patchout`), `segment_s`, `rule`, `padding` as `AudioConfig` has them. `jitter_hz` moves the mel filters' edges while
    training (PaSST's authors: [10, 2000]).
    """

    name: str = "passt_n"
    weights: str = "pretrained"
    options: dict[str, Any] = field(default_factory=dict)
    segment_s: float | None = None
    rule: str | None = None
    padding: str | None = None
    jitter_hz: tuple[int, int] | None = None


@dataclass(frozen=True)
class TextPart:
    """The text side: `name` of TEXT_ENCODERS, a hub id, or "word2vec" with `words`, a file of vectors. `weights` as for `AudioPart`."""

    name: str = "bert-base"
    weights: str = "pretrained"
    pooling: str | None = None
    policy: str | None = None
    dropout: float | None = None
    words: str = ""


@dataclass(frozen=True)
class DecoderPart:
    """What a captioner writes with: a decoder `kind` of DECODERS, its `width`, layers, heads, the hidden size of its blocks and its dropout.

    The `vocabulary` is learnt from the captions that are trained on: "words" that they hold at least `least_count` times, or "pieces" of words, at
    most `num_pieces` of them. Without weights of its own, those are random.
    """

    kind: str = "cross"
    width: int = 512
    num_layers: int = 4
    num_heads: int = 8
    hidden: int = 2048
    dropout: float = 0.2
    vocabulary: VocabularyKind = "words"
    least_count: int = 1
    num_pieces: int = 4000


@dataclass(frozen=True)
class ModelPart:
    """The dual encoder; with a `decoder` a captioner, which has no `text`, `projection`, `dim` nor `temperature`.

    With `start` (a run, another recipe's name, a model folder, or "pocket") all of it is what that one has, weights too, and the rest says
    nothing; a `decoder` then only says that it is a captioner.
    """

    start: str = ""
    audio: AudioPart = field(default_factory=AudioPart)
    text: TextPart = field(default_factory=TextPart)
    projection: str = "linear"
    dim: int = 1024
    temperature: TemperatureConfig = field(default_factory=TemperatureConfig)
    decoder: DecoderPart | None = None


@dataclass(frozen=True)
class Source:
    """A corpus to train on: its `corpus` as `hearken data list` names it, or a table, folder or pack.

    `splits` keeps some of its splits alone; `construction` names how captions are put together (WavText5K); `repeat` counts its
    pairs several times an epoch.
    """

    corpus: str
    splits: tuple[str, ...] = ()
    construction: str = ""
    repeat: int = 1


@dataclass(frozen=True)
class DataPart:
    """What is learnt from, and what is looked at.

    `captions`: "all" makes every caption of a clip a pair of its own, "one" draws one for each clip and epoch. Sounds longer than
    `max_duration_s` are cropped at random in each epoch (`crop`), and always from their start where nothing is trained.
    `variations` is a corpus or file of rephrased captions, of which one takes a caption's place with `swap_probability`.
    `positives` says which pairs of a batch are right for each other beside themselves: those of one "clip", or those of one "caption" in the
    same words, for captions that many clips share (`distinct_clips` then keeps two captions of one clip apart).
    `leaks` says what happens to training clips that are in `validation` or `test`; what was found is in the run's record either way;
    `blacklists` are lists of `hearken data check --blacklist` that are held against the training clips as well.
    """

    train: tuple[Source, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    captions: CaptionUse = "all"
    max_duration_s: float | None = 30.0
    crop: Crop = "random"
    positives: Positives = "clip"
    variations: str = ""
    swap_probability: float = 0.0
    leaks: Leaks = "drop"
    blacklists: tuple[str, ...] = ()


@dataclass(frozen=True)
class Named:
    """Something of a closed table, by `name`, with its `options`: in YAML the options stand beside the name."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OptimizerPart:
    """Which optimizer, and its learning rates.

    `name`: "adam" (weight decay as a part of the gradient) or "adamw" (apart from it). `rates` gives parts of the model other learning rates
    than `rate`: keys `audio`, `text`, `audio_projection`, `text_projection`, `temperature`, `loss`,
    or of a captioner `audio`, `decoder`. `layer_decay` multiplies the
    rate once for each block that lies below the last one. `frozen` parts (the same names) never change, their batch statistics included.
    """

    name: str = "adamw"
    rate: float = 2e-5
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    rates: dict[str, float] = field(default_factory=dict)
    layer_decay: float = 1.0
    frozen: tuple[str, ...] = ()


@dataclass(frozen=True)
class SchedulePart:
    """How the learning rate moves: linear `warmup_epochs` to its full value, and then by `name`.

    ``constant``; ``cosine`` to `final_rate` at `end_epoch` (None: the last), after which it stays; ``step``, times `factor` every
    `every_epochs`; ``plateau``, times `factor` when `monitor` has not been better by more than `threshold` for `patience`
    validations in a row. `min_rate` is the floor of all.
    """

    name: str = "cosine"
    warmup_epochs: float = 1.0
    final_rate: float = 1e-7
    end_epoch: float | None = None
    factor: float = 0.1
    every_epochs: int = 20
    patience: int = 5
    threshold: float = 0.0
    min_rate: float = 0.0


@dataclass(frozen=True)
class TrainingPart:
    """How long and how: `batch` pairs an update over all processes, in `accumulate` parts whose losses are averaged.

    `cache_batch` is how many pairs go through the network at a time with gradient caching (None: all; Gao et al. 2021), which
    changes the memory needed and not the result. `clip_norm` bounds the gradient's norm. `average` is the share that the running mean of
    the weights keeps at each step (None: no such mean); with it, that mean is what is validated and kept. With `distinct_clips` no batch has
    two captions of one clip; without, the loss says what they are to each other.
    `monitor` is the figure of validation that counts: `t2a_mAP@10`, `a2t_mAP@10`, `mean_mAP@10` (both) or `loss`, of a captioner
    `CIDEr-D` of its greedy captions, or `loss`. Training ends after
    `epochs`, or when the figure was not better for `patience` validations in a row (None: never).
    """

    epochs: int = 16
    batch: int = 64
    accumulate: int = 1
    cache_batch: int | None = None
    clip_norm: float | None = None
    precision: Precision = "32"
    average: float | None = None
    distinct_clips: bool = False
    seed: int = 0
    monitor: str = "t2a_mAP@10"
    patience: int | None = None
    validate_every_epochs: int = 1


@dataclass(frozen=True)
class Recipe:
    """A training run: what it is of (`about`), the model, the data, and how the one learns from the other.

    `augment` are the transforms of `train/augmentation.py`, in order; `teachers` are runs or recipes whose mean similarities the loss
    `distillation` learns from (salsa's second stage).
    """

    name: str = ""
    about: About = field(default_factory=About)
    model: ModelPart = field(default_factory=ModelPart)
    data: DataPart = field(default_factory=DataPart)
    augment: tuple[Named, ...] = ()
    loss: Named = field(default_factory=lambda: Named("nt_xent"))
    optimizer: OptimizerPart = field(default_factory=OptimizerPart)
    schedule: SchedulePart = field(default_factory=SchedulePart)
    training: TrainingPart = field(default_factory=TrainingPart)
    teachers: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the recipe as nested mappings of plain values, which `read.from_mapping` takes.

        Without a decoder there is no `model.decoder`: the record and the digest of a dual encoder's recipe are those that they were before there
        were captioners.
        """
        values = asdict(self)
        if self.model.decoder is None:
            del values["model"]["decoder"]
        return values
