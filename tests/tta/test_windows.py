import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from hearken.convert.pocket import load_pocket  # noqa: E402
from hearken.errors import AudioEmptyError, InputError  # noqa: E402
from hearken.models.dual import DualEncoder  # noqa: E402
from hearken.tta.windows import View, WindowEnsemble, strongest, views  # noqa: E402
from hearken.types import FloatArray  # noqa: E402
from tests.train.small import model  # noqa: E402

RATE_HZ = 32_000


def sound(seconds: float = 1.7, seed: int = 0) -> FloatArray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def vectors(dual: DualEncoder, windows: list[FloatArray]) -> FloatArray:
    """Unit vectors of windows of one length, each by itself."""
    with torch.no_grad():
        rows = [dual.audio.encoder(dual.audio.front_end(torch.from_numpy(window)[None])) for window in windows]
        found: FloatArray = functional.normalize(dual.audio_projection(torch.cat(rows)), dim=-1).numpy()
    return found


def of_mean(dual: DualEncoder, windows: list[FloatArray]) -> FloatArray:
    with torch.no_grad():
        rows = [dual.audio.encoder(dual.audio.front_end(torch.from_numpy(window)[None])) for window in windows]
        found: FloatArray = functional.normalize(dual.audio_projection(torch.cat(rows).mean(0)), dim=-1).numpy()
    return found


def at(samples: FloatArray, *starts_s: float, length_s: float) -> list[FloatArray]:
    return [samples[round(start * RATE_HZ) : round((start + length_s) * RATE_HZ)] for start in starts_s]


@pytest.mark.parametrize("name", ["cnn10_tiny", "passt_tiny"])
def test_the_models_own_way_alone_is_the_model(name: str) -> None:
    dual, samples = model(name), sound()
    with torch.no_grad():
        plain = dual.encode_audio(torch.from_numpy(samples)[None])[0].numpy()
    np.testing.assert_array_equal(WindowEnsemble(dual, "own").encode(samples), plain)
    np.testing.assert_allclose(WindowEnsemble(dual, "0.5").encode(samples, "clip"), plain, rtol=0, atol=1e-6)  # its segments are 0.5 s


def test_views_by_hand() -> None:
    dual, samples = model("cnn10_tiny"), sound()
    hopped = at(samples, 0, 0.4, 0.7, length_s=1.0)  # the last one ends with the sound
    later = at(samples, 0.3, 0.9, 1.1, length_s=0.6)
    wanted = (of_mean(dual, hopped) + of_mean(dual, later)) / 2
    ensemble = WindowEnsemble(dual, "1/0.4,0.6/0.6@0.3")
    np.testing.assert_allclose(ensemble.encode(samples), wanted, rtol=0, atol=1e-6)
    assert np.linalg.norm(ensemble.encode(samples)) < 1
    every = WindowEnsemble(dual, [(1.0, 0.4), View(0.6, 0.6, offset_s=0.3)], how="max", max_batch=2).encode_windows(samples)
    np.testing.assert_allclose(every, np.concatenate([vectors(dual, hopped), vectors(dual, later)]), rtol=0, atol=1e-6)


def test_a_rule_of_its_own_and_short_sounds() -> None:
    dual = model("cnn10_tiny")
    samples = sound(0.7)
    padded = np.pad(samples, (0, RATE_HZ - len(samples)))
    for text in ("1", "1/0.5", "1:dcase2023", "1/0.5@0.7"):
        np.testing.assert_allclose(WindowEnsemble(dual, text).encode(samples), of_mean(dual, [padded]), rtol=0, atol=1e-6)
    np.testing.assert_allclose(WindowEnsemble(dual, "1:d25_windows").encode(samples), of_mean(dual, [samples]), rtol=0, atol=1e-6)


def test_pocket_in_two_views() -> None:
    dual, samples = load_pocket(), sound(2.0)
    with torch.no_grad():
        plain = dual.encode_audio(torch.from_numpy(samples)[None])[0].numpy()
    wanted = (plain + of_mean(dual, at(samples, 0, 1, length_s=1.0))) / 2
    np.testing.assert_allclose(WindowEnsemble(dual, [View(), (1.0, None)]).encode(samples), wanted, rtol=0, atol=1e-6)


def test_the_strongest_window_decides() -> None:
    queries = np.array([[1.0, 0.0], [0.6, 0.8]], np.float32)
    windows = [np.array([[0.0, 1.0], [0.8, 0.6]], np.float32), np.array([[-1.0, 0.0]], np.float32)]
    np.testing.assert_allclose(strongest(queries, windows), [[0.8, -1.0], [0.96, -0.6]], atol=1e-6)
    with pytest.raises(InputError, match="no windows"):
        strongest(queries, [np.zeros((0, 2), np.float32)])
    with pytest.raises(InputError, match="no one vector"):
        WindowEnsemble(model("cnn10_tiny"), "own", how="max").encode(sound())


def test_text_and_back() -> None:
    text = "own,5,5/2.5,2.5/2.5@1,10:d25,0.5"
    assert ",".join(map(str, views(text))) == text
    assert views("5") == (View(5.0),)
    assert views(" 10:d25 , own") == (View(10.0, rule="d25"), View())


@pytest.mark.parametrize(
    "text", ["", "5,", "own,own", "5,5.0", "0", "5/0", "-5", "5:whole", "5:no", "5/1:d25", "own@2", "five", "5/2.5@-1", "5s", "own/2", "1e3"]
)  # fmt: skip
def test_no_views(text: str) -> None:
    with pytest.raises(InputError):
        views(text)


def test_windows_that_no_memory_holds_are_refused() -> None:
    with pytest.raises(InputError, match="at most 600 s long, not 601"):
        views("601")
    with pytest.raises(InputError, match=r"every 0\.04 s are too many"):
        views("5/0.04")
    assert views("600,5/0.05") == (View(600.0), View(5.0, 0.05))


def test_windows_that_the_encoder_does_not_take() -> None:
    with pytest.raises(InputError, match="this encoder takes from 16 to "):
        WindowEnsemble(model("passt_tiny"), "30")
    with pytest.raises(InputError, match="this encoder takes from 16"):
        WindowEnsemble(model("cnn10_tiny"), "0.01")
    with pytest.raises(InputError, match="at least one view"):
        WindowEnsemble(model("cnn10_tiny"), [])
    with pytest.raises(InputError, match="mean or max"):
        WindowEnsemble(model("cnn10_tiny"), "own", how="median")  # type: ignore[arg-type]
    for windows in ("1", "own"):
        with pytest.raises(AudioEmptyError):
            WindowEnsemble(model("cnn10_tiny"), windows).encode(np.zeros(0, np.float32))


def test_cost_and_record() -> None:
    ensemble = WindowEnsemble(model("cnn10_tiny"), "own,1/0.4,0.5")
    ensemble.encode(sound())
    cost = ensemble.cost
    assert (cost["clips"], cost["windows"]) == (1, 1 + 3 + 4)
    assert cost["seconds_per_clip"] == cost["seconds"] > 0
    assert ensemble.to_json() == {"windows": ["own", "1/0.4", "0.5"], "how": "mean"}


def test_sounds_that_must_not_be_changed_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """They come read-only from whoever reads them, and torch warns of sharing the memory of such an array."""
    dual, samples = model("cnn10_tiny"), sound()
    samples.flags.writeable = False
    shared, from_numpy = [], torch.from_numpy
    monkeypatch.setattr(torch, "from_numpy", lambda array: (shared.append(not array.flags.writeable), from_numpy(array.copy()))[1])
    WindowEnsemble(dual, "own,0.5").encode(samples, "clip")
    assert shared
    assert not any(shared)
