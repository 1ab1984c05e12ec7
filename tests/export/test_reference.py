"""The network behind the calls of an exported model: cut like it, one text at a time, never resampled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from hearken.audio.length import LengthPolicy  # noqa: E402
from hearken.errors import InputError  # noqa: E402
from hearken.export.check import probe_sounds  # noqa: E402
from hearken.export.folder import segment_policy  # noqa: E402
from hearken.export.reference import Reference  # noqa: E402
from hearken.models.config import AudioConfig  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from tests.export.tiny_dual import tiny_dual  # noqa: E402

RATE_HZ = 32_000


@pytest.fixture(scope="module")
def dual() -> DualEncoder:
    return tiny_dual()


def test_with_zeros_it_is_the_network(dual: DualEncoder) -> None:
    reference = Reference(dual, LengthPolicy.of_segments(RATE_HZ, 1.0))
    sounds = probe_sounds(RATE_HZ, 1.0)
    np.testing.assert_allclose(reference.encode_audio(sounds, RATE_HZ), dual.encode_arrays(sounds, RATE_HZ), atol=1e-5)
    with torch.no_grad():
        np.testing.assert_allclose(reference.encode_text(["a dog", "rain"]), dual.encode_text(["a dog", "rain"]).numpy(), atol=1e-5)


def test_the_rest_of_a_sound_is_padded_as_the_policy_says(dual: DualEncoder) -> None:
    sound = probe_sounds(RATE_HZ, 1.0)[-1]  # 2.3 segments
    repeating = Reference(dual, LengthPolicy.of_segments(RATE_HZ, 1.0, "repeat"))
    filled = np.concatenate([sound[: 2 * RATE_HZ], np.resize(sound[2 * RATE_HZ :], RATE_HZ)])
    np.testing.assert_allclose(repeating.encode_audio([sound], RATE_HZ), dual.encode_arrays([filled], RATE_HZ), atol=1e-5)
    assert np.abs(repeating.encode_audio([sound], RATE_HZ) - dual.encode_arrays([sound], RATE_HZ)).max() > 1e-3


def test_by_frames_it_is_the_network_whatever_the_windows(dual: DualEncoder) -> None:
    by_frames = DualEncoder(replace(dual.config, audio=AudioConfig("mn04", rule="frames", segment_s=0.96)), text=dual.text).eval()
    policy = segment_policy(by_frames)
    assert (policy.frame_num_samples, policy.chunk_num_samples, policy.window_num_frames) == (10_240, 30_720, 4)
    sounds = probe_sounds(RATE_HZ, policy.chunk_s)
    ours = Reference(by_frames, policy).encode_audio(sounds, RATE_HZ)
    np.testing.assert_allclose(ours, by_frames.encode_arrays(sounds, RATE_HZ), atol=1e-5)


def test_another_rate_is_refused(dual: DualEncoder) -> None:
    with pytest.raises(InputError, match="32000 Hz"):
        Reference(dual, LengthPolicy.of_segments(RATE_HZ, 1.0)).encode_audio([np.zeros(8, np.float32)], 8_000)
