"""PANNs' plain convolutional taggers: Cnn6, Cnn10, Cnn14, and Cnn14 with decisions for each moment.

Kong et al., "PANNs: Large-scale pretrained audio neural networks" (IEEE/ACM TASLP 2020); equal to the authors'
`pytorch/models.py` in names and numbers. A checkpoint file also holds the frozen filters of the front end
(`frontend/constants.py` makes them): with those 1 083 456 numbers, Cnn14 has 81 837 071 parameters.

Legend: `B` batch, `L` spectrogram frames, `F` mel bands, `C` channels, `K` feature frames (L / 32), `D` embedding, `M` tags.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from hearken.audio.front_ends import PANNS_LOGMEL_32K, FrontEnd
from hearken.models.conv_blocks import ConvBlock, ConvBlock5x5, initialise
from hearken.models.encoder import AudioEncoder

NUM_TAGS = 527


class PannsEncoder(AudioEncoder):
    """What PANNs' networks have in common: batch norm over mel bands, feature maps, pooling over time, two layers.

    A subclass makes `maps`. `augment`, where set, changes the normalised spectrogram (B, 1, L, F) while training: that is
    where the authors apply SpecAugment, so a masked cell holds the band's mean.
    """

    augment: Callable[[Tensor], Tensor] | None = None
    min_num_frames = 32
    channels_last = False
    """Keep the channels of a cell side by side: faster where the kernels, brought into that order at each call, are small."""

    def __init__(self, front_end: FrontEnd, num_channels: int, dim: int, num_tags: int, segment_s: float) -> None:
        super().__init__()
        self.front_end, self.dim, self.segment_s = front_end, dim, segment_s
        self.num_channels = num_channels
        self.bn0 = nn.BatchNorm2d(front_end.num_mels)
        self.fc1 = nn.Linear(num_channels, dim)
        self.fc_audioset = nn.Linear(dim, num_tags)

    def normalised(self, mel: Tensor) -> Tensor:
        """Return the spectrogram as maps (B, 1, L, F), each mel band normalised, of log-mel `mel` (B, L, F) in dB.

        Raises InputError for another shape and for fewer than `min_num_frames` frames.
        """
        self.check(mel)
        x: Tensor = self.bn0(mel.transpose(1, 2).unsqueeze(3)).transpose(1, 3)
        x = self.augment(x) if self.training and self.augment else x
        return x.clone(memory_format=torch.channels_last) if self.channels_last else x

    def maps(self, x: Tensor, wave: Tensor | None) -> Tensor:
        """Return feature maps (B, C, K, F') of a normalised spectrogram `x` (B, 1, L, F)."""
        raise NotImplementedError

    @property
    def token_dim(self) -> int:
        """The channels C of the last maps."""
        return self.num_channels

    def tokens(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return the last block's maps as frames (B, K, C), averaged over mel bands; their mean plus maximum is what `layer` reads."""
        return self._over_time(mel, wave).transpose(1, 2)

    def hidden(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return the layer (B, D) that the tag head reads: what `forward` gives, before its dropout."""
        x = self._over_time(mel, wave)
        return self.layer(x.amax(2) + x.mean(2))

    def _over_time(self, mel: Tensor, wave: Tensor | None) -> Tensor:
        """The last maps (B, C, K), averaged over mel bands."""
        return self.maps(self.normalised(mel), wave).mean(3)

    def layer(self, x: Tensor) -> Tensor:
        """Return the first dense layer (..., D) of features (..., C)."""
        return functional.relu_(self.fc1(functional.dropout(x, 0.5, self.training)))

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F)."""
        return functional.dropout(self.hidden(mel, wave), 0.5, self.training)

    def tag_logits(self, embedding: Tensor) -> Tensor:
        """Return AudioSet tag logits (..., M) of embeddings (..., D)."""
        logits: Tensor = self.fc_audioset(embedding)
        return logits


class _Stack(PannsEncoder):
    """`conv_block1`, `conv_block2`, ... one after the other, with dropout after each."""

    def __init__(self, blocks: Sequence[nn.Module], front_end: FrontEnd, channels: int, dim: int, num_tags: int, segment_s: float) -> None:
        super().__init__(front_end, channels, dim, num_tags, segment_s)
        self.num_blocks = len(blocks)
        for number, block in enumerate(blocks, start=1):
            self.add_module(f"conv_block{number}", block)
        initialise(self)

    def maps(self, x: Tensor, wave: Tensor | None) -> Tensor:
        """Return feature maps (B, C, K, F') of a normalised spectrogram `x` (B, 1, L, F)."""
        for number in range(1, self.num_blocks + 1):
            # From the fifth block on the kernels are larger than the maps, and the order of channels last loses time.
            x = x.contiguous() if number == 5 else x
            x = functional.dropout(self.get_submodule(f"conv_block{number}")(x), 0.2, self.training)
        return x


class Cnn6(_Stack):
    """Four 5 x 5 convolutions, each pooled by two; D = 512, 4 837 455 trainable parameters. At least 16 frames."""

    channels_last = True
    min_num_frames = 16

    def __init__(self, front_end: FrontEnd = PANNS_LOGMEL_32K, num_tags: int = NUM_TAGS, segment_s: float = 10.0) -> None:
        sizes = (1, 64, 128, 256, 512)
        super().__init__([ConvBlock5x5(*pair) for pair in pairwise(sizes)], front_end, 512, 512, num_tags, segment_s)


class Cnn10(_Stack):
    """Four blocks of two 3 x 3 convolutions, each pooled by two; D = 512, 5 219 279 trainable parameters. At least 16 frames.

    `width` is the channels of the first block, 64 in the public file; D is eight times that.
    """

    channels_last = True
    min_num_frames = 16

    def __init__(
        self, front_end: FrontEnd = PANNS_LOGMEL_32K, num_tags: int = NUM_TAGS, segment_s: float = 10.0, *, width: int = 64
    ) -> None:
        sizes = (1, width, 2 * width, 4 * width, 8 * width)
        super().__init__([ConvBlock(*pair) for pair in pairwise(sizes)], front_end, sizes[-1], sizes[-1], num_tags, segment_s)


def _six_blocks(last_pool: tuple[int, int] = (1, 1)) -> list[nn.Module]:
    """The blocks of Cnn14; the sixth is pooled by `last_pool`."""
    sizes = (1, 64, 128, 256, 512, 1024)
    return [*(ConvBlock(*pair) for pair in pairwise(sizes)), ConvBlock(1024, 2048, last_pool)]


class Cnn14(_Stack):
    """Six blocks of two 3 x 3 convolutions, the first five pooled by two; 80 753 615 trainable parameters. At least 32 frames.

    With the front end `panns_logmel_16k` this is Cnn14_16k; with `dim` and `segment_s` also the CNN14 of msclap 2022.
    """

    channels_last = True

    def __init__(self, front_end: FrontEnd = PANNS_LOGMEL_32K, num_tags: int = NUM_TAGS, dim: int = 2048, segment_s: float = 10.0) -> None:
        super().__init__(_six_blocks(), front_end, 2048, dim, num_tags, segment_s)


class Cnn14Wavcaps(_Stack):
    """Cnn14 as WavCaps trains it; D = 2048, 75 477 440 trainable parameters. At least 64 frames.

    Its sixth block is pooled too, and the pooled maps themselves are the embedding: there are no dense layers and no tags.
    Equal to `Cnn14` in XinhaoMei/WavCaps, `retrieval/models/cnns.py` (Mei et al., IEEE/ACM TASLP 2024).
    """

    channels_last = True
    min_num_frames = 64

    def __init__(self, front_end: FrontEnd = PANNS_LOGMEL_32K, segment_s: float = 30.0) -> None:
        super().__init__(_six_blocks((2, 2)), front_end, 2048, 2048, NUM_TAGS, segment_s)
        del self.fc1, self.fc_audioset

    def layer(self, x: Tensor) -> Tensor:
        """Return the features (..., D) as they are."""
        return x

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F)."""
        return self.hidden(mel)

    def tag_logits(self, embedding: Tensor) -> Tensor:
        """Raise NotImplementedError: this network has no tags."""
        raise NotImplementedError


class Cnn14DecisionLevelMax(Cnn14):
    """Cnn14 that tags every third of a second and takes the strongest moment: the clip's tags are a maximum over time.

    The authors define no embedding of a clip here. `forward` gives the mean of the moments' features, for use as an
    encoder; `clipwise_logits` and `framewise` are the authors' outputs.
    """

    def moments(self, mel: Tensor) -> Tensor:
        """Return features (B, K, D) of log-mel `mel` (B, L, F), one for 32 frames."""
        x = self._over_time(mel, None)
        x = functional.max_pool1d(x, 3, 1, 1) + functional.avg_pool1d(x, 3, 1, 1)
        return functional.dropout(self.layer(x.transpose(1, 2)), 0.5, self.training)

    @property
    def token_dim(self) -> int:
        """The size D of a moment."""
        return self.dim

    def tokens(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return the `moments` (B, K, D), whose mean is the embedding."""
        return self.moments(mel)

    def hidden(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return the moments' features, averaged over time (B, D)."""
        return self.moments(mel).mean(1)

    def forward(self, mel: Tensor, wave: Tensor | None = None) -> Tensor:
        """Return embeddings (B, D) of log-mel `mel` (B, L, F)."""
        return self.hidden(mel)

    def clipwise_logits(self, mel: Tensor) -> Tensor:
        """Return tag logits (B, M) of a whole clip: the largest over its moments."""
        return self.tag_logits(self.moments(mel)).amax(1)

    def framewise(self, mel: Tensor) -> Tensor:
        """Return tag probabilities (B, L, M) for each frame: each moment's repeated 32 times, the last one to the end."""
        chances = torch.sigmoid(self.tag_logits(self.moments(mel))).repeat_interleave(32, dim=1)
        left = mel.shape[1] - chances.shape[1]
        return torch.cat((chances, chances[:, -1:].expand(-1, left, -1)), dim=1)
