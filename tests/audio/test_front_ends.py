import json
from dataclasses import fields, replace

import pytest

from hearken.audio.front_ends import FRONT_ENDS, PASST_MEL, YAMNET_LOGMEL_16K, FrontEnd
from hearken.audio.length import LengthPolicy

NAMES = [
    "passt_mel", "panns_logmel_32k", "panns_logmel_16k", "wavtext5k_logmel_44k", "msclap2022_logmel_44k", "msclap2023_logmel_44k",
    "laion_htsat_logmel_48k", "laion_fusion_mel_48k", "act_logmel", "dcase2022_logmel_44k", "dcase2023_logmel_44k", "vggish_logmel_16k",
    "yamnet_logmel_16k",
]  # fmt: skip


def test_the_table_is_closed_and_named() -> None:
    assert list(FRONT_ENDS) == NAMES
    assert all(front_end.name == name for name, front_end in FRONT_ENDS.items())


@pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)
def test_the_constants_fit_together(front_end: FrontEnd) -> None:
    assert 0 <= front_end.fmin_hz < front_end.fmax_hz <= front_end.rate_hz / 2
    assert front_end.hop <= front_end.win_length <= front_end.n_fft


@pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)
def test_a_configuration_file_gives_the_same_front_end_again(front_end: FrontEnd) -> None:
    assert FrontEnd(**json.loads(json.dumps(front_end.to_config()))) == front_end


def test_what_is_optional_is_written_only_where_it_is_needed() -> None:
    assert set(PASST_MEL.to_config()) == {field.name for field in fields(FrontEnd)} - {
        "pad",
        "magnitude",
        "top_db",
        "filter_rate_hz",
        "double",
    }
    assert set(YAMNET_LOGMEL_16K.to_config()) - set(PASST_MEL.to_config()) == {"pad", "magnitude", "double"}


@pytest.mark.parametrize(
    ("name", "num_frames"),
    [("passt_mel", 1000), ("panns_logmel_32k", 1001), ("panns_logmel_16k", 1001), ("wavtext5k_logmel_44k", 1379), ("act_logmel", 501),
     ("laion_htsat_logmel_48k", 1001), ("dcase2022_logmel_44k", 501), ("vggish_logmel_16k", 998)],
)  # fmt: skip
def test_frames_of_ten_seconds(name: str, num_frames: int) -> None:
    front_end = FRONT_ENDS[name]
    assert front_end.num_frames(10 * front_end.rate_hz) == num_frames


def test_whiten_is_the_last_step_of_the_front_end() -> None:
    assert PASST_MEL.whiten(0.0) == 0.9
    assert PASST_MEL.whiten(-4.5) == 0.0
    assert replace(PASST_MEL, shift=0.0, divide=1.0).whiten(3.0) == 3.0


def test_no_published_system_sees_less_than_it_should() -> None:
    policy = LengthPolicy.of_segments(PASST_MEL.rate_hz, 10.0)
    assert PASST_MEL.num_frames(policy.frame_num_samples) == 1000
