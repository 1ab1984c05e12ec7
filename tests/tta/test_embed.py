import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from hearken.errors import InputError  # noqa: E402
from hearken.models.audio_table import build_tower  # noqa: E402
from hearken.models.config import AudioConfig  # noqa: E402
from hearken.models.tower import AudioTower  # noqa: E402
from hearken.tta.embed import Passes, find_module  # noqa: E402
from hearken.tta.heard import Heard  # noqa: E402
from hearken.tta.strategy import Partition  # noqa: E402

PAIRS: Partition = ((0, 1), (2, 3), (4, 5))
UNEVEN: Partition = ((4, 0, 2), (1,), (5, 3))
BLOCK = "encoder.conv_block2"


def tower(name: str = "cnn10_tiny") -> AudioTower:
    torch.manual_seed(0)
    return build_tower(AudioConfig(name, {"patchout": [0, 0]} if name == "passt_tiny" else {}, segment_s=0.5)).eval()


def heard(made: AudioTower, count: int = 6, sizes: tuple[tuple[int, int], ...] = ((2, 16_000),)) -> list[Heard]:
    """Copies of noise, in blocks of (segments, samples)."""
    generator = torch.Generator().manual_seed(0)
    waves = [tuple(0.1 * torch.randn(*size, generator=generator) for size in sizes) for _ in range(count)]
    return [Heard(tuple(made.front_end(block) for block in blocks), blocks) for blocks in waves]


def in_order(copies: list[Heard], partition: Partition) -> list[tuple[int, Heard]]:
    return [(number, copies[number]) for group in partition for number in group]


def averaged_at_block(made: AudioTower, mels: list[Tensor], number: int) -> Tensor:
    """Copies averaged behind a block of CNN10, written out."""
    encoder = made.encoder
    maps = [encoder.normalised(mel) for mel in mels]
    for block in range(1, number + 1):
        maps = [encoder.get_submodule(f"conv_block{block}")(each) for each in maps]
    mean = torch.stack(maps).mean(0)
    for block in range(number + 1, encoder.num_blocks + 1):
        mean = encoder.get_submodule(f"conv_block{block}")(mean)
    mean = mean.mean(3)
    return encoder.layer(mean.amax(2) + mean.mean(2))


@torch.no_grad()
@pytest.mark.parametrize("partition", [PAIRS, UNEVEN, (tuple(range(6)),)])
@pytest.mark.parametrize("at_once", [1, 4, 6])
def test_meeting_inside_equals_averaging_there(partition: Partition, at_once: int) -> None:
    made = tower()
    copies = heard(made)
    found = dict(Passes(made).meeting(in_order(copies, partition), find_module(made, BLOCK), partition, at_once=at_once))
    assert list(found) == list(range(len(partition)))
    for number, members in enumerate(partition):
        wanted = averaged_at_block(made, [copies[member].mels[0] for member in members], 2)
        torch.testing.assert_close(found[number], wanted, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_meeting_between_transformer_blocks() -> None:
    made = tower("passt_tiny")
    copies = heard(made, sizes=((1, 16_000),))
    found = dict(Passes(made).meeting(enumerate(copies), find_module(made, "encoder.blocks.1"), PAIRS, at_once=4))
    for number, members in enumerate(PAIRS):
        tokens = [made.encoder.tokens_in(copies[member].mels[0]) for member in members]
        mean = torch.stack([made.encoder.blocks[1](made.encoder.blocks[0](each)) for each in tokens]).mean(0)
        wanted = made.encoder.norm(made.encoder.blocks[3](made.encoder.blocks[2](mean), 2)).mean(1)
        torch.testing.assert_close(found[number], wanted, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_blocks_of_different_length() -> None:
    made = tower()
    copies = heard(made, sizes=((2, 16_000), (1, 9_600)))
    found = dict(Passes(made).meeting(enumerate(copies), find_module(made, BLOCK), PAIRS, at_once=3))
    for number, members in enumerate(PAIRS):
        parts = [averaged_at_block(made, [copies[member].mels[block] for member in members], 2) for block in range(2)]
        torch.testing.assert_close(found[number], torch.cat(parts), rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_what_follows_sees_the_means_alone() -> None:
    made, rows = tower(), list[int]()
    passes = Passes(made)
    module = find_module(made, BLOCK)
    handle = made.encoder.conv_block3.register_forward_hook(lambda _module, inputs, _output: rows.append(len(inputs[0])))
    list(passes.meeting(enumerate(heard(made)), module, PAIRS, at_once=4))
    list(passes.meeting(enumerate(heard(made)), module, (tuple(range(6)),), at_once=4))
    handle.remove()
    assert rows == [2 * 2, 1 * 2, 1 * 2]  # means of two segments: two, one; and of the large group nothing until it was complete
    assert passes.rows == 2 * 6 * 2
    assert passes.resumed == (3 + 1) * 2


@torch.no_grad()
def test_each_for_itself() -> None:
    made = tower()
    copies, passes = heard(made, 3, sizes=((2, 16_000), (1, 9_600))), Passes(made)
    found = passes.each([copies[0], copies[1], copies[0], copies[2]])
    assert found[0] is found[2]
    assert (passes.rows, passes.calls) == (9, 2)
    for copy, rows in zip((copies[0], copies[1], copies[0], copies[2]), found, strict=True):
        torch.testing.assert_close(rows, torch.cat([made.encoder(mel) for mel in copy.mels]), rtol=1e-5, atol=1e-6)
    assert passes.each([]) == []


def test_no_hook_stays_behind() -> None:
    made = tower()
    module = find_module(made, BLOCK)
    with torch.no_grad():
        list(Passes(made).meeting(enumerate(heard(made)), module, PAIRS, at_once=1))
    assert not any(part._forward_hooks for part in made.modules())


def test_the_encoder_itself() -> None:
    assert find_module(tower(), "encoder") is None


@pytest.mark.parametrize("name", ["encoder.conv_block9", "front_end", "conv_block2", "", "encoder.", "encoder.bn0.weight"])
def test_layers_that_are_not_there(name: str) -> None:
    with pytest.raises(InputError, match="no layer") as error:
        find_module(tower(), name)
    assert "encoder.conv_block1" in str(error.value.hint)


@pytest.mark.parametrize(
    ("audio", "name"),
    [
        ("passt_tiny", "encoder.blocks.1.mlp"),  # beside a shortcut
        ("passt_tiny", "encoder.blocks.1.attn.qkv"),
        ("passt_tiny", "encoder.head"),  # not called
        ("cnn10_tiny", "encoder.fc_audioset"),
        ("crnn_dcase2022", "encoder.gru"),  # two outputs
    ],
)
def test_places_where_copies_cannot_meet(audio: str, name: str) -> None:
    made = tower(audio)
    with pytest.raises(InputError, match="cannot be averaged at"):
        find_module(made, name)
    assert not any(part._forward_hooks for part in made.modules())
