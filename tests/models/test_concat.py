"""Two encoders side by side: which sees what, and in which order the numbers come."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from hearken.audio.front_ends import FRONT_ENDS  # noqa: E402
from hearken.audio.melspec import FrontEnd  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.models.concat import ConcatEncoder  # noqa: E402
from hearken.models.encoder import AudioEncoder  # noqa: E402

WAVTEXT5K = FRONT_ENDS["wavtext5k_logmel_44k"]


class Recorder(AudioEncoder):
    """Gives the mean over time and bands, `dim` times, and remembers what it saw."""

    def __init__(self, dim: int, max_num_frames: int | None = None, front_end: FrontEnd = WAVTEXT5K) -> None:
        super().__init__()
        self.front_end, self.dim, self.segment_s, self.max_num_frames = front_end, dim, 10.0, max_num_frames
        self.seen: list[torch.Tensor] = []

    def forward(self, mel: torch.Tensor, wave: torch.Tensor | None = None) -> torch.Tensor:
        self.seen.append(mel)
        return mel.mean((1, 2))[:, None].repeat(1, self.dim)


@pytest.mark.parametrize(
    ("num_frames", "starts", "size"),
    [(1024, [0], 1024), (1025, [0, 513], 512), (2757, [0, 919, 1838], 919), (10, [0], 10), (2000, [0, 1000], 1000)],
)
def test_the_narrow_encoder_reads_all_of_it_in_equal_pieces(num_frames: int, starts: list[int], size: int) -> None:
    wide, narrow = Recorder(3), Recorder(2, 1024)
    mel = torch.arange(num_frames * 64.0).reshape(1, num_frames, 64).repeat(2, 1, 1)
    mel[1] += 0.5
    found = ConcatEncoder(wide, narrow)(mel)
    assert wide.seen[0] is mel
    assert torch.equal(narrow.seen[0], torch.cat([mel[:, start : start + size] for start in starts]))
    expected = torch.stack([mel[:, start : start + size].mean((1, 2)) for start in starts]).mean(0)
    assert found.shape == (2, 5)
    torch.testing.assert_close(found[:, :3], mel.mean((1, 2))[:, None].expand(-1, 3))
    torch.testing.assert_close(found[:, 3:], expected[:, None].expand(-1, 2))


def test_different_spectrograms_are_refused() -> None:
    with pytest.raises(InputError, match="one and the same spectrogram"):
        ConcatEncoder(Recorder(3), Recorder(2, 1024, FRONT_ENDS["panns_logmel_32k"]))


def test_the_paper_s_pair() -> None:
    from hearken.models.htsat import HTSAT
    from hearken.models.panns import Cnn14

    both = ConcatEncoder(Cnn14(WAVTEXT5K), HTSAT(front_end=WAVTEXT5K)).eval()
    assert (both.dim, both.segment_s, both.front_end) == (2816, 20.0, WAVTEXT5K)
    mel = torch.randn(1, 1100, 64, generator=torch.Generator().manual_seed(0)) * 10 - 40
    with torch.no_grad():
        assert both(mel).shape == (1, 2816)
        assert torch.equal(both(mel)[:, :2048], both.wide(mel))
