import pytest

torch = pytest.importorskip("torch")

from hearken.models.blend import Blend  # noqa: E402
from hearken.train.batch import Batch  # noqa: E402


def batch() -> Batch:
    """Four pairs of 3, 5, 2 and 4 samples; rows 0 and 3 get a second sound, of 6 and 1 samples."""
    wave = torch.arange(20.0).reshape(4, 5)
    blend = Blend((0, 3), torch.arange(12.0).reshape(2, 6), (6, 1), (0.25, 0.5), "linear")
    return Batch(wave, (3, 5, 2, 4), ("a", "b", "c", "d"), torch.tensor([7, 8, 7, 9]), ("0", "1", "2", "3"), (40, 41, 42, 43), blend)


def test_a_part_is_as_wide_as_its_longest_sound() -> None:
    part = batch().part(2, 4)
    assert len(part) == 2
    assert torch.equal(part.wave, batch().wave[2:, :4])
    assert (part.num_samples, part.texts, part.names, part.pairs) == ((2, 4), ("c", "d"), ("2", "3"), (42, 43))
    assert part.ids.tolist() == [7, 9]
    assert part.blend is not None
    assert (part.blend.rows, part.blend.num_samples, part.blend.shares, part.blend.domain) == ((1,), (1,), (0.5,), "linear")
    assert part.blend.wave.tolist() == [[6.0]]  # cut to its own longest, not to the part's


def test_a_part_may_have_nothing_to_blend() -> None:
    assert batch().part(1, 3).blend is None


def test_all_parts_together_are_the_batch() -> None:
    whole = batch().part(0, 4)
    assert torch.equal(whole.wave, batch().wave)
    assert whole.blend is not None
    assert torch.equal(whole.blend.wave, batch().blend.wave)  # type: ignore[union-attr]
    assert whole.texts == batch().texts


def test_to_another_device() -> None:
    moved = batch().to(torch.device("meta"))
    assert moved.blend is not None
    assert {moved.wave.device.type, moved.ids.device.type, moved.blend.wave.device.type} == {"meta"}
    assert moved.texts == batch().texts
