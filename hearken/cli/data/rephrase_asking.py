"""The part of `hearken data rephrase` that asks a language model: the estimate before, the run, the report after."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from hearken.cli import output
from hearken.cli.bars import CountBar
from hearken.errors import EndpointError, InputError, show

if TYPE_CHECKING:
    from hearken.data.clip import Corpus
    from hearken.data.rephrase.cost import Estimate
    from hearken.data.rephrase.endpoint import Endpoint
    from hearken.data.rephrase.prompts import Prompt
    from hearken.data.rephrase.run import Answers, Outcome, Question
    from hearken.data.rephrase.write import Variant

FORMATS = {".json": "variations", ".jsonl": "manifest"}


@dataclass(frozen=True)
class Wishes:
    """What the options of the command say, under their names."""

    endpoint: str | None = None
    model: str | None = None
    prompt: str = "keywords"
    num: int | None = None
    policy: str = "paper"
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    timeout: float = 60.0
    jobs: int = 4
    limit: int | None = None
    dry_run: bool = False
    price_in: float | None = None
    price_out: float | None = None
    tokenizer: Path | None = None
    cache: Path | None = None
    retry_rejected: bool = False
    max_failures: int = 20
    insecure_http: bool = False
    yes: bool = False
    overwrite: bool = False
    json: bool = False


@dataclass(frozen=True)
class Plan:
    """A run that is about to begin."""

    corpus: Corpus
    out: Path
    cache: Path
    endpoint: Endpoint
    prompt: Prompt
    num: int
    asked: tuple[Question, ...]
    wishes: Wishes

    @property
    def rejects(self) -> Path:
        """Where the rejects go."""
        return self.out.with_suffix(".rejects.jsonl")


def ask(corpus: Corpus, out: Path, wishes: Wishes) -> dict[str, Any]:
    """Ask about `corpus` as `wishes` say, write `out` and the rejects, and return the report. Raises EndpointError, DataError, InputError."""
    plan = _plan(corpus, out, wishes)
    if wishes.dry_run:
        return _dry(plan)
    if any(_same(plan.cache, other) for other in (out, plan.rejects, Path(corpus.reference))):
        raise InputError(f"{show(plan.cache)} cannot hold the answers as well.", "Give another --cache.")
    if out.exists() and not wishes.overwrite and not plan.cache.exists():
        raise InputError(f"{show(out)} is there already, and no answers beside it.", "Give another --out, or --overwrite.")
    return _run(plan)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve() or one.samefile(other)
    except (OSError, ValueError):
        return False


def _plan(corpus: Corpus, out: Path, wishes: Wishes) -> Plan:
    from hearken.data.rephrase.answers import policy_of
    from hearken.data.rephrase.endpoint import endpoint_of
    from hearken.data.rephrase.items import items_of
    from hearken.data.rephrase.prompts import prompt_of
    from hearken.data.rephrase.run import questions

    policy_of(wishes.policy)
    prompt = prompt_of(wishes.prompt)
    endpoint = endpoint_of(
        wishes.endpoint, wishes.model, insecure=wishes.insecure_http, temperature=wishes.temperature, seed=wishes.seed,
        max_tokens=wishes.max_tokens, timeout_s=wishes.timeout,
    )  # fmt: skip
    items = list(items_of(corpus, per_caption=prompt.per_caption, limit=wishes.limit))
    if not items:
        raise InputError(
            f"{show(corpus.reference)} has no text to ask about.", "Prompts with {caption} need captions; `metadata` takes titles."
        )
    num = wishes.num or prompt.default_num
    cache = wishes.cache or out.with_suffix(".answers.jsonl")
    return Plan(corpus, out, cache, endpoint, prompt, num, tuple(questions(items, prompt, num, endpoint)), wishes)


def _dry(plan: Plan) -> dict[str, Any]:
    from hearken.data.rephrase.cache import read_cache

    still = _open(plan, {record["key"]: {**record, "response": {}} for record in read_cache(plan.cache)})
    first = (still or plan.asked)[0]
    return {**_facts(plan, still), "first_question": first.query}


def _open(plan: Plan, records: Answers) -> list[Question]:
    from hearken.data.rephrase.run import still_open

    return still_open(plan.asked, records, plan.num, plan.wishes.policy, retry_rejected=plan.wishes.retry_rejected)


def _facts(plan: Plan, still: Sequence[Question]) -> dict[str, Any]:
    """What the run will do, and what that may take."""
    found = _estimate(plan, still)
    return {
        "endpoint": show(plan.endpoint.base),
        "model": show(plan.endpoint.model),
        "prompt": plan.prompt.name,
        "parameters": plan.endpoint.parameters,
        "licence": licence_of(plan.corpus),
        "items": len(plan.asked),
        "requests": found.num_requests,
        "tokens_in": found.tokens_in,
        "tokens_out": found.tokens_out,
        "price": None if found.price is None else round(found.price, 4),
        "estimate": found.method,
    }


def _estimate(plan: Plan, still: Sequence[Question]) -> Estimate:
    from hearken.data.rephrase.cost import by_characters, by_tokenizer, estimate

    count = by_tokenizer(plan.wishes.tokenizer) if plan.wishes.tokenizer else by_characters
    return estimate(
        still, plan.num, count=count, max_tokens=plan.wishes.max_tokens, price_in=plan.wishes.price_in, price_out=plan.wishes.price_out
    )


def licence_of(corpus: Corpus) -> str:
    """Return the licence of a known corpus' captions, "" for a user's own."""
    from hearken.data.locate import card_of

    card = card_of(corpus.reference)
    return card.licence if card else ""


def _run(plan: Plan) -> dict[str, Any]:
    from hearken.data.rephrase.cache import AnswerCache
    from hearken.data.rephrase.client import Client, Failed
    from hearken.data.rephrase.run import ask_all, collect

    stop = threading.Event()
    client = Client(plan.endpoint, jobs=plan.wishes.jobs, sleep=stop.wait)
    with AnswerCache(plan.cache) as cache:
        still = _open(plan, cache)
        _announce(plan, still)
        failures: dict[str, Failed] = {}
        try:
            with CountBar(f"asking {plan.endpoint.model}", "questions", quiet=plan.wishes.json) as bar:
                ask_all(
                    still, client.ask, cache, plan.num, plan.wishes.policy, failures=failures, jobs=plan.wishes.jobs,
                    max_failures=plan.wishes.max_failures, stop=stop, on_progress=bar,
                )  # fmt: skip
        except (EndpointError, KeyboardInterrupt):
            _write_rejects(plan, collect(plan.asked, cache, failures, plan.num, plan.wishes.policy))
            output.note(f"{output.plural(len(cache), 'answer')} kept in {show(plan.cache)}; the same command goes on from there.")
            raise
        return _finish(plan, cache, collect(plan.asked, cache, failures, plan.num, plan.wishes.policy), len(still))


def _announce(plan: Plan, still: Sequence[Question]) -> None:
    """Say on stderr what follows, and at a terminal ask whether it should."""
    facts = _facts(plan, still)
    price = "" if facts["price"] is None else f", about {facts['price']:g} by the prices given"
    output.note(
        f"{output.plural(facts['requests'], 'request')} to {facts['endpoint']} ({facts['model']}): about {output.number(facts['tokens_in'])} "
        f"tokens in, {output.number(facts['tokens_out'])} out{price} (estimate: {facts['estimate']})."
    )
    if facts["licence"]:
        output.note(f"Licence of the captions, and so of what is made of them: {facts['licence']}")
    if still and not plan.wishes.yes and sys.stdin.isatty() and sys.stderr.isatty():
        typer.confirm("Go on?", abort=True, err=True)


def _write_rejects(plan: Plan, outcome: Outcome) -> None:
    from hearken.data.rephrase.write import write_rejects

    write_rejects(plan.rejects, outcome.rejected)


def _finish(plan: Plan, records: Answers, outcome: Outcome, num_asked: int) -> dict[str, Any]:
    from hearken.data.rephrase.write import variants_of

    _write_rejects(plan, outcome)
    write(plan.out, plan.corpus, variants_of(outcome.accepted, records))
    report = {
        "endpoint": show(plan.endpoint.base),
        "model": show(plan.endpoint.model),
        "prompt": plan.prompt.name,
        "num": plan.num,
        "policy": plan.wishes.policy,
        "parameters": plan.endpoint.parameters,
        "licence": licence_of(plan.corpus),
        "items": len(plan.asked),
        "asked_now": num_asked,
        "accepted": len(outcome.accepted),
        "rejected": len(outcome.rejected),
        "reasons": dict(outcome.reasons.most_common()),
        "faults": dict(outcome.faults.most_common()),
        "texts": sum(len(answer.texts) for answer in outcome.accepted),
        "tokens_in": outcome.tokens_in,
        "tokens_out": outcome.tokens_out,
        "out": show(plan.out),
        "answers": show(plan.cache),
    }
    return report | ({"rejects": show(plan.rejects)} if outcome.rejected else {})


def write(out: Path, corpus: Corpus, variants: Iterable[Variant]) -> None:
    """Write `out` in the format that its name asks for. Raises DataError."""
    from hearken.data.rephrase.write import write_manifest, write_variations

    if FORMATS[out.suffix] == "manifest":
        write_manifest(out, corpus, variants)
    else:
        write_variations(out, variants)
