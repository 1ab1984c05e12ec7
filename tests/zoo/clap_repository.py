"""The files of a hub repository with a small random `ClapModel`, as `transformers` writes them."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

AUDIO = {"patch_embeds_hidden_size": 96, "depths": [2, 2, 6, 2], "num_attention_heads": [4, 8, 16, 32], "hidden_size": 768}
TEXT = {"vocab_size": 300, "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 96}
SOUND = {
    "feature_size": 64,
    "sampling_rate": 48_000,
    "fft_window_size": 1024,
    "hop_length": 480,
    "frequency_min": 50,
    "frequency_max": 14_000,
}


def clap_files(folder: Path) -> dict[str, bytes]:
    """Write the repository into `folder` and return its files: weights, settings, tokenizer, and a page and a script that nobody wants."""
    model = transformers.ClapModel(transformers.ClapConfig(text_config=TEXT, audio_config=AUDIO, projection_dim=32))
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point() and tensor.ndim:
                spread = 1.5 / tensor[0].numel() ** 0.5 if tensor.ndim > 1 else 0.05
                tensor.copy_(torch.randn(tensor.shape, generator=draw) * spread + (tensor.ndim == 1 and name.endswith("weight")))
            if name.endswith("running_var"):
                tensor.fill_(400.0)
            if name.endswith("batch_norm.running_mean"):
                tensor.fill_(-40.0)
    model.save_pretrained(folder)
    words = ["<s>", "<pad>", "</s>", "<unk>", "a", "dog", "barks", "rain", "falls", "on", "water", "glass", "breaks"]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps(SOUND | {"padding": "repeatpad", "truncation": "rand_trunc"}))
    (folder / "README.md").write_text("# A model")
    (folder / "run_me.py").write_text("raise SystemExit('this was run')")
    return {path.name: path.read_bytes() for path in folder.iterdir()}
