"""Run an exported dual encoder with ONNX Runtime: sound and words to unit vectors in one space.

One thread, no randomness, texts one at a time and sound chunk by chunk: the same input gives the same bits, whatever
else is in the batch.

Legend: `B` batch, `T` samples, `L` spectrogram frames, `F` mel bands, `K` feature frames, `C` feature channels,
`N` windows, `D` embedding.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hearken.audio.decode import check_samples
from hearken.audio.length import LengthPolicy
from hearken.audio.melspec import FrontEnd, log_mel
from hearken.audio.pooling import Course, mean_and_slope, mean_of
from hearken.audio.worker import Worker
from hearken.errors import AudioEmptyError, InputError, ModelError, QueryError, show
from hearken.limits import WORKER_MEMORY_MB
from hearken.runtime.catalog import check_file, config_digest, files_bytes, find_model, read_checked, read_config
from hearken.runtime.network import start
from hearken.runtime.reply import read_reply
from hearken.text.normalize import TextPolicy
from hearken.types import Embedded, FloatArray

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

Sound = str | Path | np.ndarray
_HEAD_BATCH = 256  # windows per run of the head
_SMALL_MB = 100  # models up to this size fit into a worker's memory as it is


class Model:
    """A dual encoder in a folder (see `catalog`). Its parts are read, checked and started when first needed.

    `name`, `digest` (identity, hex), `dim` (embedding size D), `rate_hz` (sample rate it works at).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._config = read_config(folder)
        try:
            self.name: str = self._config["name"]
            self.dim: int = self._config["dim"]
            self.front_end = FrontEnd(**self._config["front_end"])
            self.policy = LengthPolicy(**self._config["length_policy"])
            self.text_policy = TextPolicy(**self._config.get("text_policy", {"max_tokens": self._config["max_query_tokens"]}))
        except (KeyError, TypeError, InputError) as error:
            raise ModelError(f"The configuration of the model in {show(folder)} misnames something: {error}.") from error
        self.digest = config_digest(self._config)
        self.rate_hz = self.front_end.rate_hz
        self._lock = threading.Lock()
        self._worker = embed_worker(folder, self.digest)

    def encode_audio(self, sounds: Sequence[Sound], sample_rate: int | None = None) -> FloatArray:
        """Return unit-length embeddings (B, D) of files (paths) or arrays.

        Arrays are (T,) or (channels, T), full scale = 1, at `sample_rate` Hz, which is required for them. Files are
        decoded in an isolated process. Raises AudioError subclasses for sound that cannot be used, InputError for
        arrays without `sample_rate`.
        """
        if isinstance(sounds, str | Path | np.ndarray):
            raise InputError("encode_audio takes a list of sounds.", "Put the one sound into a list: encode_audio([sound]).")
        rows = [self._clip(sound, sample_rate) for sound in sounds]
        return np.stack(rows) if rows else np.empty((0, self.dim), np.float32)

    def encode_text(self, texts: Sequence[str]) -> FloatArray:
        """Return unit-length embeddings (B, D) of `texts`. Raises QueryError for a text without a single word piece."""
        if isinstance(texts, str):
            raise InputError("encode_text takes a list of texts.", 'Put the one text into a list: encode_text(["a dog barks"]).')
        rows = [self._text.run(None, {"input_ids": self._pieces(text)})[0][0] for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.dim), np.float32)

    def embed(self, blocks: Iterable[FloatArray], on_progress: Callable[[float], None] | None = None) -> Embedded:
        """Return the vectors of one sound given as a stream of mono `blocks` (T,) at `rate_hz`, full scale = 1.

        `on_progress` is called with the seconds done after each chunk. Raises AudioEmptyError when no sample arrives.
        """
        course = Course(self._config["num_features"])
        num_samples = 0

        def features() -> Iterator[FloatArray]:
            nonlocal num_samples
            for chunk in self.policy.chunks(blocks):
                frames = self._chunk_features(chunk)
                course.add(frames)
                num_samples += len(chunk)
                if on_progress:
                    on_progress(num_samples / self.rate_hz)
                yield frames

        pool = mean_and_slope if self._hears_slope else mean_of
        windows = list(self._heads(self.policy.pooled(features(), pool)))
        if not windows:
            raise AudioEmptyError("The sound has no samples.")
        clip = course.value()[None, : None if self._hears_slope else self._config["num_features"]]
        return Embedded(clip=self._run_head(clip)[0], windows=np.concatenate(windows), spans=self.policy.spans(num_samples))

    def warm_audio(self) -> None:
        """Load and check the audio side now rather than at the first sound. Raises ModelError."""
        self._frames, self._head  # noqa: B018 - cached properties

    def _clip(self, sound: Sound, sample_rate: int | None) -> FloatArray:
        """Embedding (D,) of a file, however long, or of an array."""
        if not isinstance(sound, np.ndarray):
            with self._lock:
                reply = self._worker.request({"path": os.fsdecode(sound)})
            return read_reply(reply, self.dim).vectors.clip
        if sample_rate is None:
            raise InputError("An array does not say how fast it is.", "Give sample_rate= in Hz.")
        return self.embed([check_samples(sound, sample_rate, self.rate_hz).samples]).clip

    def _chunk_features(self, chunk: FloatArray) -> FloatArray:
        """Features (K, C) of one chunk (T,)."""
        wave = self.policy.pad(chunk)
        inputs = {"mel": log_mel(wave, self.front_end)[None]}
        if "wave" in self._config.get("inputs", ()):
            inputs["wave"] = wave[None]
        frames: FloatArray = self._frames.run(None, inputs)[0][0]
        return frames

    def _heads(self, pooled: Iterable[FloatArray]) -> Iterator[FloatArray]:
        """Embeddings (<= batch, D) of a stream of pooled features (C,)."""
        held: list[FloatArray] = []
        for row in pooled:
            held.append(row)
            if len(held) == _HEAD_BATCH:
                yield self._run_head(np.stack(held))
                held = []
        if held:
            yield self._run_head(np.stack(held))

    @property
    def _hears_slope(self) -> bool:
        return "slope" in self._config.get("head_inputs", ())

    def _run_head(self, rows: FloatArray) -> FloatArray:
        """Embeddings (B, D) of pooled features (B, C), with their slopes behind them (B, 2 C) where the model asks for these."""
        inputs = {"pooled": rows}
        if self._hears_slope:
            inputs = dict(zip(("pooled", "slope"), np.hsplit(rows, 2), strict=True))
        embeddings: FloatArray = self._head.run(None, inputs)[0]
        return embeddings

    def _pieces(self, text: str) -> np.ndarray:
        """Word piece numbers (1, W) of one text, with the tokenizer's end marks."""
        policy = self.text_policy
        encoding = self._tokenizer.encode(policy(text))
        words = replace(policy, suffix="")(text)
        if all(encoding.special_tokens_mask) or not any(char.isprintable() and not char.isspace() for char in words):
            raise QueryError("There is no word in the text.", "Describe a sound in a few words.")
        return np.array([encoding.ids[: policy.max_tokens]], np.int64)

    @cached_property
    def _frames(self) -> InferenceSession:
        return self._session("audio_frames.onnx")

    @cached_property
    def _head(self) -> InferenceSession:
        return self._session("audio_head.onnx")

    @cached_property
    def _text(self) -> InferenceSession:
        return self._session("text.onnx")

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_str(read_checked(self.folder, "tokenizer.json", self._config).decode())
        tokenizer.no_padding()
        tokenizer.no_truncation()
        if self.text_policy.cut == "keep_end":
            tokenizer.enable_truncation(self.text_policy.max_tokens)
        return tokenizer

    def _session(self, name: str) -> InferenceSession:
        weights = f"{name}.data"
        if weights not in self._config["files"]:
            graph: bytes | str = read_checked(self.folder, name, self._config)
        else:  # a large graph's weights lie beside it and are mapped rather than read, which needs a path and a third of the memory
            check_file(self.folder, weights, self._config)
            graph = _as_text(check_file(self.folder, name, self._config))
        return start(graph, show(self.folder / name))


def _as_text(path: Path) -> str:
    """Return `path` as ONNX Runtime takes it. Raises ModelError for a name that is not valid Unicode."""
    text = os.fspath(path)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ModelError(f"The name {show(path)} is no text, and a large model's files need one.", "Move the model.") from error
    return text


def embed_worker(folder: Path, digest: str) -> Worker:
    """Return the isolated process, not yet started, that embeds files with the model in `folder` as long as that has `digest`.

    Large weights are mapped into its address space, and copied once in the order that the processor likes; they come on
    top of what it may use for foreign files.
    """
    weights_mb = files_bytes(folder, read_config(folder), "audio_") / 1_000_000
    allowance = 0 if weights_mb < _SMALL_MB else math.ceil(2 * weights_mb)
    return Worker("hearken.runtime.embed_worker", [os.fspath(folder), digest], memory_mb=WORKER_MEMORY_MB + allowance)


def load_model(name_or_path: str | Path = "pocket") -> Model:
    """Return a model by name (see `hearken models`) or folder. Raises ModelNotFoundError or ModelError."""
    return Model(find_model(name_or_path))
