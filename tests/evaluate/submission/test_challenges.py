import pytest

from hearken.errors import SubmissionError
from hearken.evaluate.submission.challenges import CHALLENGES, LISTS_HEADER, OF_KIND, challenge
from hearken.metrics.definitions import DEFINITIONS, definition, statistic_of


def test_the_table_is_closed_and_every_entry_can_be_scored() -> None:
    assert list(CHALLENGES) == ["dcase2022", "dcase2023", "dcase2024", "dcase2025"]
    for each in CHALLENGES.values():
        assert each.definition in DEFINITIONS
        assert {statistic_of(metric) for metric in each.figures} == {"mean"}
        assert OF_KIND[each.kind].kind == each.kind
    assert CHALLENGES["dcase2025"].figures[0] == "mAP@16"
    assert definition(CHALLENGES["dcase2022"].definition).single


def test_the_header_is_that_of_the_baseline() -> None:
    assert ",".join(LISTS_HEADER) == (
        "caption,file_name_1,file_name_2,file_name_3,file_name_4,file_name_5,file_name_6,file_name_7,file_name_8,file_name_9,file_name_10"
    )


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    assert challenge("dcase2023").task == "task6b"
    with pytest.raises(SubmissionError, match="no challenge 'dcase2032'") as raised:
        challenge("dcase2032")
    assert "Did you mean dcase202" in raised.value.hint
    with pytest.raises(SubmissionError) as raised:
        challenge("\x1b[31m")
    assert "\x1b" not in raised.value.message
