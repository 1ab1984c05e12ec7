"""A run: which questions are still open, asking them side by side, and judging all answers that there are.

Asking only fills the cache; judging only reads it. So a run that was killed, aborted or stopped goes on where it was, another
policy needs no new answers, and equal questions are asked once.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Protocol

from hearken.data.rephrase.answers import Judgement, judge
from hearken.data.rephrase.cache import AnswerCache, Message, Record, key_of
from hearken.data.rephrase.client import Failed
from hearken.data.rephrase.endpoint import Endpoint
from hearken.data.rephrase.items import Item
from hearken.data.rephrase.prompts import Prompt
from hearken.errors import EndpointError, show
from hearken.types import Progress


class Answers(Protocol):
    """Where answers are looked up by key: the cache, or a dict."""

    def __contains__(self, key: object, /) -> bool:
        """Say whether there is an answer under `key`."""

    def get(self, key: str, /) -> Record | None:
        """Return the answer under `key`, None if there is none."""


Ask = Callable[[Sequence[Message], str], Record | Failed]
MAX_FAILURES = 20
_WAIT_S = 0.2


@dataclass(frozen=True)
class Question:
    """What is asked about one item: the text, and the key of its answer in the cache."""

    item: Item
    query: str
    key: str

    @property
    def messages(self) -> list[Message]:
        """The conversation that is sent: the text, said by the user."""
        return [{"role": "user", "content": self.query}]

    @property
    def source(self) -> str:
        """What an answer must not simply repeat."""
        return self.item.caption or self.item.description


@dataclass(frozen=True)
class Accepted:
    """An answer that is used: the question, and the texts out of the record that the cache has under its key."""

    question: Question
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Rejected:
    """A question without a usable answer: why, and the record, if an answer came at all."""

    question: Question
    reason: str
    detail: str
    record: Record | None = None


@dataclass
class Outcome:
    """All that a run came to: what is used, what is not, how often each fault was met, and what has not been asked yet.

    `tokens_in` and `tokens_out` are those of all answers, where the server counted them; equal questions count once.
    """

    accepted: list[Accepted] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    num_open: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def reasons(self) -> Counter[str]:
        """How many answers were rejected for which reason."""
        return Counter(rejected.reason for rejected in self.rejected)


def questions(items: Sequence[Item], prompt: Prompt, num: int, endpoint: Endpoint) -> list[Question]:
    """Return what is to be asked about each item."""
    found = []
    for item in items:
        query = prompt.render(item, num)
        found.append(Question(item, query, key_of(endpoint.model, endpoint.parameters, [{"role": "user", "content": query}])))
    return found


def still_open(asked: Sequence[Question], records: Answers, num: int, policy: str, *, retry_rejected: bool) -> list[Question]:
    """Return the questions to ask: those without an answer, each once; with `retry_rejected` those too whose answer is of no use."""
    found: dict[str, Question] = {}
    for question in asked:
        if question.key not in records or (retry_rejected and _is_rejected(question, records, num, policy)):
            found.setdefault(question.key, question)
    return list(found.values())


def _is_rejected(question: Question, records: Answers, num: int, policy: str) -> bool:
    record = records.get(question.key)
    return record is None or bool(_judged(question, record, num, policy).reason)


def ask_all(
    open_questions: Sequence[Question],
    ask: Ask,
    cache: AnswerCache,
    num: int,
    policy: str,
    *,
    failures: dict[str, Failed],
    jobs: int = 1,
    max_failures: int = MAX_FAILURES,
    stop: threading.Event | None = None,
    on_progress: Progress | None = None,
) -> None:
    """Put the answers to `open_questions` into `cache`, `jobs` at a time, and those that fail into `failures`, by key.

    Every answer is in the cache as soon as it has come, whatever happens then. Raises EndpointError where `ask` does, or
    after `max_failures` questions in a row without a usable answer; answers that are under way by then still come in. Then, and at
    its end, `stop` is set: whatever waits in `ask` may leave off.
    """
    stop = stop or threading.Event()

    def one(question: Question) -> Record | Failed | None:
        if stop.is_set():
            return None
        answer = ask(question.messages, question.key)
        if not isinstance(answer, Failed):
            cache.put(answer)
        return answer

    in_a_row = done = 0
    with _stopping(stop), ThreadPoolExecutor(jobs, thread_name_prefix="ask") as pool, _stopping(stop):
        for question, answer in _in_order_of_arrival(pool, open_questions, one, 2 * jobs):
            done += 1
            why = ""
            if isinstance(answer, Failed):
                failures[question.key] = answer
                why = f"{answer.reason}: {answer.detail}"
            elif answer is not None:
                why = _judged(question, answer, num, policy).reason
            in_a_row = in_a_row + 1 if why else 0
            if on_progress:
                on_progress(done, len(open_questions))
            if in_a_row >= max_failures:
                raise EndpointError(
                    f"{in_a_row} questions in a row had no usable answer; the last: {why}",
                    f"All answers are kept in {show(cache.path)}; the same command goes on. The rejects say more.",
                )


@contextlib.contextmanager
def _stopping(stop: threading.Event) -> Iterator[None]:
    """Tell the threads to begin nothing new when the block ends, in whatever way."""
    try:
        yield
    finally:
        stop.set()


def _in_order_of_arrival(
    pool: ThreadPoolExecutor, asked: Sequence[Question], one: Callable[[Question], Record | Failed | None], ahead: int
) -> Iterator[tuple[Question, Record | Failed | None]]:
    """Yield each question and its answer as they come in; no more than `ahead` wait in line."""
    waiting: dict[Future[Record | Failed | None], Question] = {}
    remaining = iter(asked)
    while True:
        while len(waiting) < ahead and (question := next(remaining, None)) is not None:
            waiting[pool.submit(one, question)] = question
        if not waiting:
            return
        done = wait(waiting, timeout=_WAIT_S, return_when=FIRST_COMPLETED).done  # a short wait: Ctrl-C gets through
        for future in [future for future in waiting if future in done]:
            yield waiting.pop(future), future.result()


def collect(asked: Sequence[Question], records: Answers, failures: Mapping[str, Failed], num: int, policy: str) -> Outcome:
    """Judge every answer that there is, in the order of the questions; the same for a run in one piece and one in many."""
    outcome = Outcome()
    counted: set[str] = set()
    for question in asked:
        record = records.get(question.key)
        failed = failures.get(question.key)
        if record is not None:
            if question.key not in counted:
                outcome.tokens_in += record.get("prompt_tokens") or 0
                outcome.tokens_out += record.get("completion_tokens") or 0
                counted.add(question.key)
            judgement = _judged(question, record, num, policy)
            outcome.faults.update(dict(judgement.faults))
            if judgement.reason:
                outcome.rejected.append(Rejected(question, judgement.reason, _numbers(judgement.faults), record))
            else:
                outcome.accepted.append(Accepted(question, judgement.texts))
        elif failed is not None:
            outcome.rejected.append(Rejected(question, failed.reason, f"{failed.detail} (after {failed.attempts} attempts)"))
        else:
            outcome.num_open += 1
    return outcome


def _numbers(faults: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in faults)


def _judged(question: Question, record: Record, num: int, policy: str) -> Judgement:
    return judge(record["text"], num, policy, source=question.source, finish_reason=record.get("finish_reason"))
