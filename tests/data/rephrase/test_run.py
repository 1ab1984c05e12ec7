"""Runs: what is asked and what is not, failures in a row, stopping, and the same result in one piece or many."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hearken.data.clip import Clip, Corpus
from hearken.data.rephrase.cache import AnswerCache
from hearken.data.rephrase.client import Failed
from hearken.data.rephrase.endpoint import Endpoint
from hearken.data.rephrase.items import items_of
from hearken.data.rephrase.prompts import PROMPTS
from hearken.data.rephrase.run import Question, ask_all, collect, questions, still_open
from hearken.errors import EndpointError
from tests.data.rephrase.standin import five

ENDPOINT = Endpoint("http://localhost/v1", "m")
GOOD = "paper"


def asked(*captions: str) -> list[Question]:
    corpus = Corpus("mine", Path("/x"), tuple(Clip(str(number), "all", f"{number}.wav", (text,)) for number, text in enumerate(captions)))
    return questions(list(items_of(corpus, per_caption=True)), PROMPTS["rephrase"], 5, ENDPOINT)


class Model:
    """Answers well but for captions that begin with a word of `bad`; `asked` are the captions, in order."""

    def __init__(self, **bad: object) -> None:
        self.bad, self.asked = bad, []
        self._guard = threading.Lock()

    def __call__(self, messages: object, key: str) -> object:
        query = messages[0]["content"]
        caption = query.split("'")[1]
        with self._guard:
            self.asked.append(caption)
        wrong = self.bad.get(caption.split()[0])
        if isinstance(wrong, Failed):
            return wrong
        if isinstance(wrong, BaseException):
            raise wrong
        return {"key": key, "text": wrong or five(query), "finish_reason": "stop", "response": {}}


def test_equal_questions_are_asked_once_and_all_get_the_answer(tmp_path: Path) -> None:
    made, model = asked("rain falls", "dogs bark", "rain falls"), Model()
    with AnswerCache(tmp_path / "a") as cache:
        ask_all(still_open(made, cache, 5, GOOD, retry_rejected=False), model, cache, 5, GOOD, failures={}, jobs=2)
        outcome = collect(made, cache, {}, 5, GOOD)
    assert sorted(model.asked) == ["dogs bark", "rain falls"]
    assert [accepted.question.item.index for accepted in outcome.accepted] == [0, 1, 2]
    assert outcome.accepted[0].texts == outcome.accepted[2].texts
    assert (outcome.rejected, outcome.num_open) == ([], 0)


def test_a_second_run_asks_for_what_failed_but_not_for_what_was_rejected(tmp_path: Path) -> None:
    made = asked("rain falls", "busy line", "dogs bark", "chatty cat")
    model = Model(busy=Failed("timeout", "late", 5), chatty="Sure! Here you go.")
    failures: dict[str, Failed] = {}
    with AnswerCache(tmp_path / "a") as cache:
        ask_all(still_open(made, cache, 5, GOOD, retry_rejected=False), model, cache, 5, GOOD, failures=failures)
        outcome = collect(made, cache, failures, 5, GOOD)
        assert [(reject.question.item.index, reject.reason) for reject in outcome.rejected] == [(1, "timeout"), (3, "unnumbered")]
        assert outcome.rejected[0].detail == "late (after 5 attempts)"
        assert dict(outcome.reasons) == {"timeout": 1, "unnumbered": 1}
    with AnswerCache(tmp_path / "a") as cache:
        assert [question.item.index for question in still_open(made, cache, 5, GOOD, retry_rejected=False)] == [1]
        assert [question.item.index for question in still_open(made, cache, 5, GOOD, retry_rejected=True)] == [1, 3]
        assert collect(made, cache, {}, 5, GOOD).num_open == 1


def test_many_failures_in_a_row_end_it_and_keep_all(tmp_path: Path) -> None:
    made, model = asked("rain a", "rain b", *(f"busy {number}" for number in range(9))), Model(busy=Failed("status_500", "broken", 5))
    failures: dict[str, Failed] = {}
    with AnswerCache(tmp_path / "a") as cache:
        with pytest.raises(EndpointError, match=r"3 questions in a row had no usable answer; the last: status_500: broken"):
            ask_all(made, model, cache, 5, GOOD, failures=failures, max_failures=3)
        assert len(cache) == 2
        assert 3 <= len(failures) <= 6
        assert len(model.asked) < len(made)


def test_useless_answers_count_as_failures_and_are_kept(tmp_path: Path) -> None:
    made = asked(*(f"chatty {number}" for number in range(9)))
    with AnswerCache(tmp_path / "a") as cache:
        with pytest.raises(EndpointError, match="the last: unnumbered"):
            ask_all(made, Model(chatty="no"), cache, 5, GOOD, failures={}, max_failures=4)
        assert len(cache) >= 4


def test_failures_that_do_not_follow_each_other_end_nothing(tmp_path: Path) -> None:
    made = asked(*(f"{word} {number}" for number in range(8) for word in ("busy", "rain")))
    failures: dict[str, Failed] = {}
    progress: list[tuple[int, int | None]] = []
    with AnswerCache(tmp_path / "a") as cache:
        model = Model(busy=Failed("timeout", "", 1))
        ask_all(made, model, cache, 5, GOOD, failures=failures, max_failures=2, on_progress=lambda *step: progress.append(step))
        assert (len(cache), len(failures)) == (8, 8)
    assert progress == [(done, 16) for done in range(1, 17)]


@pytest.mark.parametrize("error", [EndpointError("refused"), KeyboardInterrupt()])
def test_what_stops_a_run_leaves_the_answers(tmp_path: Path, error: BaseException) -> None:
    made = asked("rain a", "rain b", "stop here", *(f"rain {number}" for number in range(50)))
    model = Model(stop=error)
    with AnswerCache(tmp_path / "a") as cache, pytest.raises(type(error)):
        ask_all(made, model, cache, 5, GOOD, failures={}, jobs=1)
    with AnswerCache(tmp_path / "a") as cache:
        assert 2 <= len(cache) < len(made) - 1
        assert len(model.asked) == len(cache) + 1


def test_the_policy_may_change_afterwards(tmp_path: Path) -> None:
    made = asked("chatty cat")
    with AnswerCache(tmp_path / "a") as cache:
        ask_all(made, Model(chatty="Sure!\n1. A cat talks.\n2. Cats talk."), cache, 5, GOOD, failures={})
        assert collect(made, cache, {}, 5, "paper").rejected[0].reason == "introduction"
        assert collect(made, cache, {}, 5, "lenient").accepted[0].texts == ("A cat talks.", "Cats talk.")
        assert dict(collect(made, cache, {}, 5, "lenient").faults) == {"introduction": 1, "count": 1}
