"""Where clips lie: at their own path, or in other clothes; never another clip's sound."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from hearken.data.clip import Clip, Corpus
from hearken.data.load import load
from hearken.data.locate import audio_path, card_of, locate, way_to_sounds
from hearken.errors import DataError


def corpus(folder: Path, *audios: str, reference: str = "mine.csv", split: str = "all", origins: tuple[str, ...] = ()) -> Corpus:
    return Corpus(reference, folder, tuple(Clip(audio, split, audio, origins=origins) for audio in audios))


def lay(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def found(corpus: Corpus) -> dict[str, str]:
    return {clip: path.relative_to(corpus.folder).as_posix() for clip, path in locate(corpus).items()}


@pytest.mark.parametrize(
    ("audio", "on_disk"),
    [
        ("a/rain.wav", "a/rain.wav"),
        ("a/rain.wav", "a/rain.flac"),
        ("a/rain.wav", "a/rain.WAV"),
        ("a/rain.wav", "A/RAIN.mp3"),
        ("rain.wav", "deep/er/rain.opus"),
        ("a/rain.wav", "rain.ogg"),
        ("a/b/rain.wav", "x/a/b/rain.m4a"),
        ("Kitchen w: Faucet.wav", "Kitchen w_Faucet.wav"),
        ("Kitchen w: Faucet.wav", "Kitchen w_ Faucet.wav"),
        ("Kitchen w: Faucet.wav", "Kitchen w Faucet.wav"),
        ("Kitchen w: Faucet.wav", "Kitchen w- Faucet.flac"),
        ("Wet : Metro.wav", "Wet_Metro.wav"),
        ("what?.wav", "what_.wav"),
        ("caf\u00e9.wav", unicodedata.normalize("NFD", "caf\u00e9.wav")),
        (unicodedata.normalize("NFD", "caf\u00e9.wav"), "caf\u00e9.flac"),
        ("1.5 seconds.wav", "1.5 seconds.flac"),
    ],
)
def test_other_clothes(tmp_path: Path, audio: str, on_disk: str) -> None:
    lay(tmp_path, on_disk, "other.wav", "notes/rain.txt", ".hidden/rain.wav", ".rain.wav")
    assert found(corpus(tmp_path, audio)) == {audio: on_disk}
    assert audio_path(corpus(tmp_path, audio), corpus(tmp_path, audio).clips[0]) == tmp_path / on_disk


@pytest.mark.parametrize("on_disk", ["rains.wav", "rain.txt", ".rain.wav", "rain", "rai.wav"])
def test_what_is_no_such_sound_is_not_found(tmp_path: Path, on_disk: str) -> None:
    lay(tmp_path, on_disk)
    assert found(corpus(tmp_path, "rain.wav")) == {}
    assert audio_path(corpus(tmp_path, "rain.wav"), Clip("x", "all", "rain.wav")) is None


def test_an_exact_path_may_be_anything_and_beats_all(tmp_path: Path) -> None:
    lay(tmp_path, "a/rain.wav", "b/a/rain.wav", "a/rain.flac", "sound.xyz", ".hidden/x.wav")
    assert found(corpus(tmp_path, "a/rain.wav", "sound.xyz", ".hidden/x.wav")) == {
        "a/rain.wav": "a/rain.wav", "sound.xyz": "sound.xyz", ".hidden/x.wav": ".hidden/x.wav",
    }  # fmt: skip


def test_absolute_paths_and_odd_ones(tmp_path: Path) -> None:
    lay(tmp_path, "there/x.wav")
    absolute = str(tmp_path / "there" / "x.wav")
    (tmp_path / "here").mkdir()
    made = corpus(tmp_path / "here", absolute, "/no/such/x.wav", "../there/x.wav", "", "nul\0.wav")
    assert locate(made) == {absolute: Path(absolute), "../there/x.wav": tmp_path / "here" / "../there/x.wav"}


def test_the_nearest_folder_and_format_win(tmp_path: Path) -> None:
    lay(tmp_path, "x/train/rain.flac", "y/rain.wav", "x/train/dog.mp3", "x/train/dog.wav.bak.wav")
    assert found(corpus(tmp_path, "train/rain.wav", "train/dog.wav")) == {
        "train/rain.wav": "x/train/rain.flac", "train/dog.wav": "x/train/dog.mp3",
    }  # fmt: skip


def test_two_that_fit_equally_are_both_named(tmp_path: Path) -> None:
    lay(tmp_path, "x/rain.wav", "y/rain.wav")
    with pytest.raises(DataError, match=r"'rain\.wav' could be .*rain\.wav as well as .*rain\.wav"):
        locate(corpus(tmp_path, "rain.wav"))
    lay(tmp_path, "rain.wav")
    assert found(corpus(tmp_path, "rain.wav")) == {"rain.wav": "rain.wav"}


def test_one_file_for_two_clips_is_an_error(tmp_path: Path) -> None:
    lay(tmp_path, "x/rain.flac")
    with pytest.raises(DataError, match=r"could be the sound of 'a/rain\.wav' as well as of 'b/rain\.wav'"):
        locate(corpus(tmp_path, "a/rain.wav", "b/rain.wav"))
    made = Corpus("mine.csv", tmp_path, (Clip("1", "all", "a/rain.wav"), Clip("2", "all", "a/rain.wav")))
    assert set(locate(made)) == {"1", "2"}


def test_the_file_of_another_clip_is_not_taken(tmp_path: Path) -> None:
    lay(tmp_path, "a/rain.wav")
    assert found(corpus(tmp_path, "a/rain.wav", "b/rain.wav")) == {"a/rain.wav": "a/rain.wav"}


@pytest.mark.parametrize(("reference", "other"), [("mine.csv", "train"), ("clotho-evaluation", "development"), ("clotho", "dev")])
def test_the_folder_of_another_split_is_not_searched(tmp_path: Path, reference: str, other: str) -> None:
    lay(tmp_path, f"audio/{other}/rain.flac")
    assert found(corpus(tmp_path, "evaluation/rain.wav", reference=reference, split="evaluation")) == {}
    assert found(corpus(tmp_path, "development/rain.wav", reference=reference, split="development")) != {}


def test_sources_of_one_corpus_are_told_apart(tmp_path: Path) -> None:
    lay(tmp_path, "x/FreeSound_flac/2219.flac")
    assert found(corpus(tmp_path, "mnt/SoundBible_flac/2219.flac", reference="wavcaps-soundbible", split="soundbible")) == {}
    assert found(corpus(tmp_path, "mnt/FreeSound_flac/2219.flac", reference="wavcaps", split="freesound")) != {}


def test_splits_called_dev_and_train_are_different_where_both_are_there(tmp_path: Path) -> None:
    lay(tmp_path, "train/x.flac")
    clips = (Clip("d", "dev", "dev/x.wav"), Clip("t", "train", "elsewhere/y.wav"))
    assert locate(Corpus("mine.csv", tmp_path, clips)) == {}
    assert set(locate(Corpus("mine.csv", tmp_path, clips[:1]))) == {"d"}


TWICE = "FREEZER_DOOR_OPEN_CLOSE.wav"
CLOTHO = (
    Clip(f"development/{TWICE}", "development", f"development/{TWICE}"),
    Clip("rain.wav", "validation", "validation/rain.wav"),
    Clip(TWICE, "evaluation", f"evaluation/{TWICE}"),
)


@pytest.mark.parametrize(
    "places",
    [
        (
            "CLOTHO_v2.1/clotho_audio_files/development",
            "CLOTHO_v2.1/clotho_audio_files/validation",
            "CLOTHO_v2.1/clotho_audio_files/evaluation",
        ),
        ("waveforms/train", "waveforms/val", "waveforms/test"),
        ("development", ".", "evaluation"),
    ],
)
def test_layouts_of_clotho_that_others_made(tmp_path: Path, places: tuple[str, ...]) -> None:
    files = [Path(place, clip.audio.split("/")[1]).as_posix() for place, clip in zip(places, CLOTHO, strict=True)]
    lay(tmp_path, *files)
    assert list(found(Corpus("clotho", tmp_path, CLOTHO)).values()) == files
    assert list(found(Corpus("clotho-evaluation", tmp_path, CLOTHO[2:])).values()) == files[2:]


def test_the_captioning_test_of_clotho_is_not_its_evaluation(tmp_path: Path) -> None:
    lay(tmp_path, f"test/{TWICE}")
    assert found(Corpus("clotho-evaluation", tmp_path, CLOTHO[2:])) == {}
    lay(tmp_path, "train/x.wav", "development/y.wav")
    assert found(Corpus("clotho-evaluation", tmp_path, CLOTHO[2:])) == {}


@pytest.mark.parametrize(
    "on_disk", ["test/Wet : Metro.wav", "test_retrieval_audio/Wet_Metro.wav", "clotho_audio_files/test_retrieval_audio/Wet _ Metro.wav"]
)
def test_the_hidden_test_of_dcase(tmp_path: Path, on_disk: str) -> None:
    lay(tmp_path, on_disk)
    clips = (Clip("Wet : Metro.wav", "test", "test/Wet_Metro.wav"),)
    assert list(found(Corpus("dcase-retrieval", tmp_path, clips)).values()) == [on_disk]


def test_what_is_no_file_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "rain.wav").symlink_to(tmp_path / "absent.wav")  # as git-annex leaves it where the content was not fetched
    (tmp_path / "snow.flac").mkdir()
    assert found(corpus(tmp_path, "rain.wav", "a/rain.wav", "snow.wav")) == {}


VIDEO = "r1nicOVtvkQ"


@pytest.mark.parametrize(
    "on_disk", [f"audio_32000Hz/test/{VIDEO}_30.flac", f"waveforms/Y{VIDEO}.flac", f"audio/{VIDEO}.mp3", f"{VIDEO}.wav"]
)
def test_layouts_of_audiocaps_that_others_made(tmp_path: Path, on_disk: str) -> None:
    lay(tmp_path, on_disk, f"audio_32000Hz/test/{VIDEO.lower()}_30.flac")
    clip = Clip(VIDEO, "test", f"test/Y{VIDEO}.wav", start_s=30.0, origins=(f"youtube:{VIDEO}",))
    assert found(Corpus("audiocaps-test", tmp_path, (clip,))) == {VIDEO: on_disk}


@pytest.mark.parametrize(
    ("audio", "on_disk", "is_found"),
    [
        (f"train/{VIDEO}.wav", f"audio/train/Y{VIDEO}.wav", True),
        (f"train/Y{VIDEO}.wav", f"train/{VIDEO}.mp3", True),
        (f"train/{VIDEO}.wav", f"train/{VIDEO.lower()}.wav", False),
        (f"train/{VIDEO}.wav", f"train/Y{VIDEO.lower()}.wav", False),
    ],
)
def test_youtube_ids(tmp_path: Path, audio: str, on_disk: str, is_found: bool) -> None:
    lay(tmp_path, on_disk)
    assert bool(found(corpus(tmp_path, audio, split="train", origins=(f"youtube:{VIDEO}",)))) is is_found


@pytest.mark.parametrize("ending", ["_130", "_130_140", "_130.000_140.000", "_130000_140000", "_130000"])
@pytest.mark.parametrize("first", ["", "Y"])
def test_places_in_videos(tmp_path: Path, ending: str, first: str) -> None:
    clip = Clip("1", "train", f"train/Y{VIDEO}.wav", start_s=130.0, origins=(f"youtube:{VIDEO}",))
    lay(tmp_path, f"train/{first}{VIDEO}{ending}.flac", f"train/{VIDEO}_30.flac")
    assert audio_path(Corpus("audiocaps-train", tmp_path, (clip,)), clip) == tmp_path / "train" / f"{first}{VIDEO}{ending}.flac"


def test_folders_that_are_links_are_followed_once(tmp_path: Path) -> None:
    lay(tmp_path, "big/disk/rain.wav")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "audio").symlink_to(tmp_path / "big")
    (tmp_path / "big" / "loop").symlink_to(tmp_path / "home")
    assert found(corpus(tmp_path / "home", "train/rain.wav")) == {"train/rain.wav": "audio/disk/rain.wav"}


def test_no_folder_no_sound(tmp_path: Path) -> None:
    assert locate(corpus(tmp_path / "absent", "a.wav", "b/c.wav")) == {}


def test_only_known_names_have_a_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    card = card_of("audiocaps-v2-test")
    assert card is not None
    assert card.name == "audiocaps-v2"
    assert card_of("mine.csv") is None
    assert card_of("clothoid") is None
    assert card_of("clotho-mine.csv") is None
    lay(tmp_path, "clotho/rain.wav")  # as in the folder of all corpora: the name is meant, as by `load`
    assert card_of("clotho") is not None
    assert card_of(load(Path("clotho")).reference) is None


def test_the_way_to_sounds_depends_on_whose_they_are() -> None:
    assert way_to_sounds("clotho-evaluation") == way_to_sounds("hf:a/b") == "`hearken data prepare` brings them, or says how to."
    assert way_to_sounds("my/clips.csv") == "Paths in a table are relative to the table's folder, or whole."
